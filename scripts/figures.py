#!/usr/bin/env python3
"""figures.py - measures with `slipway bench` and writes the tables of README.md and
docs/performance.md.

Usage: figures.py [--build FOLDER] [--sets N] [--note TEXT]
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


def measure(build, sets):
    """All sets: lists of reports by platform, and by number of threads."""
    bind = {platform: [] for platform in PLATFORMS}
    graph = {threads: [] for threads in THREADS}
    for number in range(sets):
        for platform in PLATFORMS:
            bind[platform].append(bench(build, "bind", "--platform", platform))
        for threads in THREADS:
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
             f"{first_line('git', 'describe', '--always', '--dirty')}. Medians of {sets} sets"
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
        turn = [report["alternating_hit_ns"] for report in reports]
        cells = [[row[name] for row in rows] for name in ("miss_ns", "hit_ns")] + [turn]
        texts = [f"{time(middle([c['p50'] for c in cell]))} "
                 f"({time(middle([c['p99'] for c in cell]))})" for cell in cells]
        lines.append(f"| `{platform}` | " + " | ".join(texts) + " |")
    return lines


def bind_long(bind):
    """Every window, with spread."""
    lines = ["| platform | window | miss p50 | hit p50 | hit p99 | image bytes, miss / hit |",
             "|---|---|---|---|---|---|"]
    for platform, reports in bind.items():
        for index, first in enumerate(reports[0]["rows"]):
            rows = [report["rows"][index] for report in reports]
            hit = max(row["hit_image_bytes"] for row in rows)
            lines.append(f"| `{platform}` | {first['task_window']} | "
                         f"{spread([r['miss_ns']['p50'] for r in rows])} | "
                         f"{spread([r['hit_ns']['p50'] for r in rows])} | "
                         f"{time(middle([r['hit_ns']['p99'] for r in rows]))} | "
                         f"{first['miss_image_bytes']} / {hit} |")
        turn = [report["alternating_hit_ns"] for report in reports]
        lines.append(f"| `{platform}` | in turn | | {spread([t['p50'] for t in turn])} | "
                     f"{time(middle([t['p99'] for t in turn]))} | |")
    return lines


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
    options = parser.parse_args()
    bind, graph = measure(options.build, options.sets)
    where = [machine(options.build, options.sets, options.note)]
    replace("README.md", {"machine": where, "bind": bind_short(bind), "graph": graph_short(graph)})
    replace("docs/performance.md", {"machine": where, "bind": bind_long(bind),
                                    "graph": graph_long(graph)})


if __name__ == "__main__":
    main()
