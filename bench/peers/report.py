"""report.py - tables of a result of peers.py: as text, and between the marks of a page.

For peers.py and the tests. Figures of the page stand between `<!-- peers: NAME -->` and
`<!-- end -->`.
"""

import re

import results

# Width of the tables of the page; the text has all.
PAGE_WIDTH = 16


def label(row):
    """Name of a column."""
    return f"{row['peer']} {row['mode']}"


def columns(rows):
    """Columns in the order of their first row."""
    return list(dict.fromkeys(label(row) for row in rows))


def figure(value):
    """A figure with as many digits as it is worth."""
    return "-" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def spread(row):
    """Median, lowest and highest."""
    return (f"{figure(row['ns_per_task'])} [{figure(row['lowest'])} .. "
            f"{figure(row['highest'])}]")


def micro(row):
    """METG in microseconds."""
    value = row["metg_ns"]
    return "> sweep" if value is None else f"{row['bound']}{value / 1000:.2f}"


def table(rows, cell):
    """(head, lines) of all rows of one number of threads: pattern and width down, peers across."""
    heads = columns(rows)
    cells = {}
    for row in rows:
        cells.setdefault((row["pattern"], row["width"]), {})[label(row)] = cell(row)
    order = sorted(cells, key=lambda key: (results.PATTERNS.index(key[0]), key[1]))
    return ["pattern", "width"] + heads, [
        [pattern, str(width)] + [cells[pattern, width].get(head, "") for head in heads]
        for pattern, width in order]


def plain(head, lines):
    """A table for the terminal; long heads are broken at their space."""
    parts = [word.split(" ") if " " in word else ["", word] for word in head]
    rows = [[part[0] for part in parts], [part[1] for part in parts]] + lines
    sizes = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return [" ".join(text.ljust(size) if i == 0 else text.rjust(size)
                     for i, (text, size) in enumerate(zip(row, sizes))) for row in rows]


def markdown(head, lines):
    """A table for a page."""
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + [
        "| " + " | ".join(line) + " |" for line in lines]


def by_threads(rows):
    """Rows by their number of threads."""
    found = {}
    for row in rows:
        found.setdefault(row["threads"], []).append(row)
    return sorted(found.items())


def loss_lines(result):
    """How often and by how much this project loses, a line a peer, mode and number of threads."""
    lines = []
    for kind, rows, value in (("empty tasks", result["empty"], "ns_per_task"),
                              ("METG", result["metg"], "metg_ns")):
        lost = results.losses(rows, value)
        for name in columns(lost):
            for threads, group in by_threads([row for row in lost if label(row) == name]):
                cases = [row for row in rows
                         if label(row) == name and row["threads"] == threads and "ratio" in row]
                worst = group[0]
                lines.append([kind, name, str(threads), f"{len(group)} of {len(cases)}",
                              f"{worst['ratio']:.2f} ({worst['pattern']}, width "
                              f"{worst['width']})"])
    return ["what", "faster than slipway auto", "threads", "cases", "lowest ratio (worst)"], lines


def machine_line(result):
    """One sentence: what was measured where and when."""
    m = result["machine"]
    versions = ", ".join(f"{name} ({entry['version']})" for name, entry in result["peers"].items()
                         if entry.get("version"))
    skipped = "".join(f" Skipped: {name} ({why})." for name, why in result["skipped"].items())
    note = f" {m['note']}." if m.get("note") else ""
    return (f"{m['processor']}, {m['processors']} processors, {m['compiler']}, {m['date']}, commit "
            f"{m['commit']}; {result['rounds']} rounds; load {m['load'][0]} at the start, "
            f"{m['load_end'][0]} at the end.{note} Peers: {versions}.{skipped}")


def text(result):
    """Everything, for the terminal."""
    lines = ["machine: " + machine_line(result)]
    for threads, rows in by_threads(result["empty"]):
        lines += ["", f"empty tasks, {threads} thread(s), ns a task, median [lowest .. highest]"]
        lines += plain(*table(rows, spread))
        lines += ["", f"the same, ratio to {results.OWN} {results.OWN_MODE} (above 1: slower)"]
        lines += plain(*table(rows, lambda row: f"{row['ratio']:.2f}" if "ratio" in row else "-"))
        lines += ["", "the same, millions of tasks a second"]
        lines += plain(*table(rows, lambda row: f"{row['tasks_per_second'] / 1e6:.2f}"))
    for threads, rows in by_threads(result["metg"]):
        lines += ["", f"METG(50 %), {threads} thread(s), us"]
        lines += plain(*table(rows, micro))
    head, lost = loss_lines(result)
    lines += ["", "where slipway auto loses"] + (plain(head, lost) if lost else ["nowhere"])
    lines += [f"problem: {problem}" for problem in result["problems"]]
    return "\n".join(lines)


def sections(result):
    """Name -> lines of every part of the page."""
    found = {"machine": [machine_line(result)]}
    for threads, rows in by_threads(result["empty"]):
        rows = [row for row in rows if row["width"] == PAGE_WIDTH]
        found[f"empty-{threads}"] = markdown(*table(rows, spread))
    for threads, rows in by_threads(result["metg"]):
        found[f"metg-{threads}"] = markdown(*table(rows, micro))
    head, lost = loss_lines(result)
    found["losses"] = markdown(head, lost) if lost else ["Nowhere in this run."]
    return found


def write_docs(result, path):
    """Rewrites the parts of a page that the result has."""
    with open(path, encoding="utf-8") as handle:
        page = handle.read()
    for name, lines in sections(result).items():
        block = "\n".join(lines)
        page = re.sub(rf"(<!-- peers: {re.escape(name)} -->\n).*?(<!-- end -->)",
                      lambda match, block=block: match.group(1) + block + "\n" + match.group(2),
                      page, flags=re.S)
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(page)
