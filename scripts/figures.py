#!/usr/bin/env python3
"""figures.py - measures with `slipway bench` and writes the tables of README.md and
docs/performance.md, and the plot docs/bind.svg.

Usage: figures.py [--build FOLDER] [--sets N] [--note TEXT] [--only bind|graph]
For whoever refreshes the figures; nothing calls it. The tables stand between the lines
`<!-- figures: NAME -->` and `<!-- end -->`. A figure is the median over the sets, with the lowest
and the highest in brackets where there is room. Sets are measured in turn, so that a busy minute
does not fall on one row.
"""

import argparse
import datetime
import json
import os
import re
import statistics
import subprocess
import sys

import plot

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PLATFORMS = ("cpu", "a2a3sim", "a5sim")
THREADS = (1, 2)
MODES = ("inline", "deferred", "shared")
# The row that the README shows: the default window.
DEFAULT_WINDOW = 16384


def bench(build, *words):
    """The JSON of one `slipway bench`."""
    command = [os.path.join(build, "slipway"), "bench", *words, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(done.stdout)


def measure(build, sets, only):
    """All sets: lists of reports by platform, and by number of threads."""
    bind = {platform: [] for platform in PLATFORMS}
    graph = {threads: [] for threads in THREADS}
    for number in range(sets):
        for platform in PLATFORMS if only != "graph" else ():
            bind[platform].append(bench(build, "bind", "--platform", platform))
        for threads in THREADS if only != "bind" else ():
            graph[threads].append(bench(build, "graph", "--threads", str(threads)))
        print(f"set {number + 1} of {sets}", file=sys.stderr)
    return bind, graph


def first_line(*command):
    """First line that a command prints; empty if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.split("\n")[0].strip()


def machine(build, sets, note):
    """One paragraph: what was measured where and when."""
    with open("/proc/cpuinfo", encoding="utf-8") as handle:
        model = re.search(r"model name\s*:\s*(.*)", handle.read())
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as handle:
        kind = re.search(r"^CMAKE_BUILD_TYPE:\w+=(.*)$", handle.read(), re.M)
    words = (f"{model.group(1) if model else 'unknown processor'}, {os.cpu_count()} processors, "
             f"{first_line('gcc', '--version')}, build type "
             f"{kind.group(1) if kind else 'unknown'}, {datetime.date.today()}, commit "
             f"{first_line('git', 'describe', '--always', '--dirty')}. Medians of {sets} sets, "
             f"load average {os.getloadavg()[0]:.1f} at their end"
             f"{'; ' + note if note else ''}.")
    return words


def middle(values):
    """Median of some figures."""
    return statistics.median(values)


def time(ns):
    """A time with its unit."""
    return f"{ns / 1000:.1f} µs" if ns >= 1000 else f"{ns:.0f} ns"


def spread(values):
    """Median with the lowest and highest."""
    return f"{time(middle(values))} [{time(min(values))} .. {time(max(values))}]"


def bind_short(bind):
    """Miss, hit, two sizings in turn at the default window."""
    lines = ["| bind, p50 (p99) | miss | hit | two sizings in turn |", "|---|---|---|---|"]
    for platform, reports in bind.items():
        rows = [next(r for r in report["rows"] if r["task_window"] == DEFAULT_WINDOW)
                for report in reports]
        turn = [report["in_turn"]["run_bind_ns"] for report in reports]
        cells = [[row[name] for row in rows] for name in ("miss_ns", "hit_ns")] + [turn]
        texts = [f"{time(middle([c['p50'] for c in cell]))} "
                 f"({time(middle([c['p99'] for c in cell]))})" for cell in cells]
        lines.append(f"| `{platform}` | " + " | ".join(texts) + " |")
    return lines


def cell(reports, *path):
    """p50 with spread, and p99, of one figure of several reports."""
    figures = []
    for report in reports:
        for name in path:
            report = report[name]
        figures.append(report)
    return (f"{spread([f['p50'] for f in figures])} "
            f"({time(middle([f['p99'] for f in figures]))})")


def bind_long(bind):
    """Every window, with spread."""
    lines = ["| platform | window | miss | relaid | hit | image bytes, miss / hit |",
             "|---|---|---|---|---|---|"]
    for platform, reports in bind.items():
        for index, first in enumerate(reports[0]["rows"]):
            hit = max(report["rows"][index]["hit_image_bytes"] for report in reports)
            figures = [cell(reports, "rows", index, name)
                       for name in ("miss_ns", "relaid_ns", "hit_ns")]
            lines.append(f"| `{platform}` | {first['task_window']} | " + " | ".join(figures) +
                         f" | {first['miss_image_bytes']} / {hit} |")
    return lines


# Rows of the second table: what, and where it is in a report.
BIND_ROWS = (
    ("two sizings in turn, `slip_run`: bind", ("in_turn", "run_bind_ns")),
    ("two sizings in turn, a prepared call each: bind", ("in_turn", "call_bind_ns")),
    ("150 tensors, 2 change, `slip_run`: bind", ("arguments", "run_bind_ns")),
    ("150 tensors, 2 change, prepared call: bind", ("arguments", "call_bind_ns")),
    ("the same, changing and running an empty graph", ("arguments", "call_set_and_run_ns")),
    ("empty graph, whole run", ("runs", "empty_ns")),
    ("empty graph, untimed", ("runs", "empty_untimed_ns")),
    ("empty graph, untimed prepared call", ("runs", "empty_call_ns")),
    ("one empty task, whole run", ("runs", "one_task_ns")),
    ("one empty task, untimed", ("runs", "one_task_untimed_ns")),
    ("one empty task, untimed prepared call", ("runs", "one_task_call_ns")),
    ("hit of one runner alone", ("two_runners", "alone_hit_ns")),
    ("hit of two runners on two threads, the slower", ("two_runners", "together_hit_ns")),
)


def bind_rest(bind):
    """What does not depend on the window."""
    lines = ["| what | " + " | ".join(f"`{platform}`" for platform in bind) + " |",
             "|---|" + "---|" * len(bind)]
    for name, path in BIND_ROWS:
        lines.append(f"| {name} | " +
                     " | ".join(cell(reports, *path) for reports in bind.values()) + " |")
    return lines


def bind_first(bind):
    """First runs: medians."""
    lines = ["| platform | state | bind | first completion | whole run |", "|---|---|---|---|---|"]
    for platform, reports in bind.items():
        for state in ("cold", "prewarmed", "warm"):
            figures = [spread([r["first_run"][state][name]["p50"] for r in reports])
                       for name in ("bind_ns", "first_completion_ns", "run_ns")]
            lines.append(f"| `{platform}` | {state} | " + " | ".join(figures) + " |")
    return lines


def bind_plot(bind):
    """Missed, relaid and hit binds by window, as a picture."""
    lines = []
    for platform, reports in bind.items():
        for name, label in (("miss_ns", "miss"), ("relaid_ns", "relaid"), ("hit_ns", "hit")):
            points = [(row["task_window"],
                       middle([r["rows"][index][name]["p50"] for r in reports]))
                      for index, row in enumerate(reports[0]["rows"])]
            lines.append(plot.Line(f"{label}, {platform}", label, platform, points))
    return plot.draw("bind, p50", "task window", lines)


def graph_rows(reports, text):
    """Pattern by pattern, one cell a mode."""
    by_pattern = {}
    for report in reports:
        for row in report["rows"]:
            cell = by_pattern.setdefault(row["pattern"], {}).setdefault(row["mode"], [])
            cell.append(row["ns_per_task"])
    for pattern, cells in by_pattern.items():
        yield [pattern] + [text(cells[mode]) for mode in MODES]


def graph_short(graph):
    """Medians of all patterns and modes."""
    head = [f"{mode}, {threads}" for threads in THREADS for mode in MODES]
    lines = ["| ns a task (mode, threads) | " + " | ".join(head) + " |",
             "|---|" + "---|" * len(head)]
    tables = [list(graph_rows(graph[threads], lambda v: f"{middle(v):.0f}")) for threads in THREADS]
    for rows in zip(*tables):
        cells = [cell for row in rows for cell in row[1:]]
        lines.append(f"| {rows[0][0]} | " + " | ".join(cells) + " |")
    return lines


def graph_long(graph):
    """The same with spread, one line a pattern and number of threads."""
    lines = ["| threads | pattern | inline | deferred | shared |", "|---|---|---|---|---|"]
    for threads in THREADS:
        for row in graph_rows(graph[threads],
                              lambda v: f"{middle(v):.0f} [{min(v):.0f} .. {max(v):.0f}]"):
            lines.append(f"| {threads} | " + " | ".join(row) + " |")
    return lines


def replace(page, tables):
    """Puts the tables between their markers."""
    path = os.path.join(ROOT, page)
    with open(path, encoding="utf-8") as handle:
        text = handle.read()
    for name, lines in tables.items():
        block = f"<!-- figures: {name} -->\n" + "\n".join(lines) + "\n<!-- end -->"
        pattern = rf"<!-- figures: {name} -->\n.*?<!-- end -->"
        text = re.sub(pattern, lambda match, block=block: block, text, flags=re.S)
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text)


def main():
    """Measures and writes both pages."""
    parser = argparse.ArgumentParser(description="Refreshes the figures in the documents.")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--sets", type=int, default=3)
    parser.add_argument("--note", default="")
    parser.add_argument("--only", choices=("bind", "graph"))
    options = parser.parse_args()
    bind, graph = measure(options.build, options.sets, options.only)
    where = [machine(options.build, options.sets, options.note)]
    if options.only != "graph":
        replace("README.md", {"machine bind": where, "bind": bind_short(bind)})
        replace("docs/performance.md", {"machine bind": where, "bind": bind_long(bind),
                                        "bind rest": bind_rest(bind),
                                        "bind first": bind_first(bind)})
        with open(os.path.join(ROOT, "docs", "bind.svg"), "w", encoding="utf-8") as handle:
            handle.write(bind_plot(bind))
    if options.only != "bind":
        replace("README.md", {"machine": where, "graph": graph_short(graph)})
        replace("docs/performance.md", {"machine": where, "graph": graph_long(graph)})


if __name__ == "__main__":
    main()
