#!/usr/bin/env python3
"""peers.py - runs the peer benchmark and combines its results.

Usage: peers.py [--build FOLDER] [--quick] [--json FILE] [--plots FOLDER] [--docs PAGE]
                [--peers NAMES] [--patterns NAMES] [--widths N,...] [--threads N,...]
                [--limit SECONDS] [--program-limit SECONDS] [--from-json FILE] [--note TEXT]
`make bench-peers` and `make bench-quick` call it after building the target `peers`. First every
peer runs in checked mode; one that loses a dependency is not measured. Then all peers run each
pattern in turn, so that a busy minute falls on all of them, in as many rounds as the limit allows.
A peer that is not on this machine is named with the reason. Exit code: 0; 1 if a peer failed, kept
a wrong order or printed something else than results; 2 for a mistake in the options.
"""

import argparse
import datetime
import json
import math
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import report  # noqa: E402
import results  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Kernel sizes of a sweep, in steps of the compute kernel (about 1 ns each), by a factor of 2.
SIZES = [32 * 2 ** k for k in range(14)]
PROGRAM_LIMIT_S = 120.0
FULL = {"widths": [2, 4, 8, 16, 32, 64], "metg_widths": [16], "tasks": 10000, "metg_tasks": 2000,
        "repetitions": 5, "budget_ms": 60, "metg_budget_ms": 10, "check_tasks": 4000, "limit": 500}
QUICK = {"widths": [16], "metg_widths": [16], "tasks": 4000, "metg_tasks": 1000,
         "repetitions": 3, "budget_ms": 20, "metg_budget_ms": 5, "check_tasks": 1000, "limit": 60,
         "metg_patterns": ["stencil_1d"]}


class Run:
    """One call of the benchmark: who takes part, what went wrong, the rows so far."""

    def __init__(self, program_limit_s=PROGRAM_LIMIT_S):
        self.programs = {}
        self.described = {}
        self.skipped = {}
        self.problems = []
        self.rows = []
        self.program_limit_s = program_limit_s
        self.end = math.inf

    def fail(self, name, what):
        """Records a problem and tells it."""
        self.problems.append(f"{name}: {what}")
        print(f"peers: {name}: {what}", file=sys.stderr)

    def drop(self, name, what):
        """A peer that cannot be measured takes part no longer."""
        self.fail(name, what)
        self.programs.pop(name, None)


def read_manifest(run, path, only):
    """Programs and reasons from the build's manifest; `only` are the peers that are wanted."""
    with open(path, encoding="utf-8") as handle:
        lines = [line.rstrip("\n").split("\t") for line in handle if line.strip()]
    names = [fields[0] for fields in lines]
    for name in set(only or ()) - set(names):
        sys.exit(f"peers: unknown peer '{name}'; there are {', '.join(names)}")
    for fields in lines:
        name = fields[0]
        if only and name not in only:
            continue
        if len(fields) == 3 and fields[1] == "-":
            run.skipped[name] = fields[2]
        elif len(fields) != 2:
            run.fail(name, f"unreadable line in {path}")
        elif not os.access(fields[1], os.X_OK):
            run.skipped[name] = f"{fields[1]} was not built"
        else:
            run.programs[name] = fields[1]
    for name, why in run.skipped.items():
        print(f"peers: {name} is skipped: {why}", file=sys.stderr)


def call(run, name, *words):
    """(output, None) of a program, or (output, what went wrong)."""
    program = run.programs[name]
    try:
        done = subprocess.run([program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=run.program_limit_s, check=False, errors="replace")
    except subprocess.TimeoutExpired:
        return "", f"did not end within {run.program_limit_s:g} s ({' '.join(words)})"
    except OSError as why:
        return "", str(why)
    if done.returncode != 0:
        last = done.stderr.strip().split("\n")[-1]
        return done.stdout, f"exit code {done.returncode} ({' '.join(words)}) {last}".strip()
    return done.stdout, None


def describe(run):
    """Asks every program who it is."""
    for name in list(run.programs):
        text, wrong = call(run, name, "--describe")
        try:
            entry = json.loads(text) if wrong is None else {}
            wrong = wrong or (None if entry["peer"] == name and entry["modes"] else "another name")
            run.described[name] = {k: entry[k] for k in ("version", "note", "modes")} \
                if wrong is None else {}
        except (ValueError, KeyError, TypeError):
            wrong = "does not describe itself"
        if wrong is not None:
            run.drop(name, wrong)


def words_of(patterns, widths, threads, more):
    """The options of one call."""
    return ["--pattern", ",".join(patterns), "--width", ",".join(map(str, widths)), "--threads",
            str(threads)] + [str(word) for word in more]


def cases(run, name, words, wanted, checked=False):
    """Rows of one call; a failure is recorded and gives none."""
    text, wrong = call(run, name, *words)
    try:
        rows = results.parse(text, name, wanted, checked)
    except results.Malformed as why:
        rows, wrong = [], wrong or f"malformed result: {why}"
    if wrong is not None and not checked:
        run.fail(name, wrong)
        return []
    return rows if wrong is None or checked else []


def check(run, scale, patterns, threads):
    """Every peer in checked mode; what keeps a wrong order or fails is dropped."""
    widths = [w for w in (2, 16, 64) if w <= max(scale["widths"])]
    wanted = {(p, w) for p in patterns for w in widths}
    tasks = 0
    for name in list(run.programs):
        mode = ["--mode", "calls"] if name == "serial" else []
        words = words_of(patterns, widths, max(threads), mode + [
            "--checked", "--tasks", scale["check_tasks"], "--repetitions", 2, "--budget-ms", 1])
        text, wrong = call(run, name, *words)
        try:
            rows = results.parse(text, name, wanted, checked=True)
        except results.Malformed as why:
            run.drop(name, wrong or f"malformed result: {why}")
            continue
        bad = [row for row in rows if any(row["errors"].values())]
        if bad:
            run.drop(name, f"kept a wrong order in {bad[0]['pattern']}, width {bad[0]['width']}, "
                     f"mode {bad[0]['mode']}: {bad[0]['errors']}")
        elif wrong:
            run.drop(name, wrong)
        tasks += sum(row["tasks"] * len(row["ns"]) for row in rows)
    print(f"peers: {tasks} tasks checked", file=sys.stderr)


def round_of(run, scale, patterns, threads, sizes):
    """All peers over all patterns once: empty kernels, or a sweep of sizes."""
    widths = scale["metg_widths"] if sizes else scale["widths"]
    prefix = "metg_" if sizes else ""
    more = ["--tasks", scale[prefix + "tasks"], "--repetitions", scale["repetitions"],
            "--budget-ms", scale[prefix + "budget_ms"]]
    if sizes:
        more += ["--iterations", ",".join(map(str, SIZES))]
    missing = set()
    for pattern in patterns:
        print(f"peers: {'METG' if sizes else 'empty tasks'}, {pattern}", file=sys.stderr)
        for count in threads:
            for name in list(run.programs):
                if name == "serial" and (count > 1 or sizes):
                    continue
                if time.monotonic() > run.end:
                    missing.add(f"{pattern} ({'METG, ' if sizes else ''}{count})")
                    continue
                mode = ["--mode", "calls"] if name == "serial" else []
                words = words_of([pattern], widths, count, more + mode)
                run.rows += cases(run, name, words, {(pattern, w) for w in widths})
    if missing:
        run.fail("all", "no time left for all of pattern (threads): " + ", ".join(sorted(missing)))


def measure(run, scale, patterns, threads):
    """One round of everything, then more while the limit allows; the first one ends soon after the
    limit even on a machine that is slow or busy. Returns the rounds."""
    start = time.monotonic()
    rounds = 0
    run.end = start + 1.3 * scale["limit"] if scale["limit"] else math.inf
    while True:
        before = time.monotonic()
        round_of(run, scale, patterns, threads, sizes=False)
        round_of(run, scale, [p for p in scale.get("metg_patterns", patterns) if p in patterns],
                 threads, sizes=True)
        rounds += 1
        now = time.monotonic()
        print(f"peers: round {rounds} took {now - before:.0f} s", file=sys.stderr)
        if now + (now - before) > start + scale["limit"] or not run.programs:
            return rounds


def first_line(*command):
    """First line that a command prints; empty if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.split("\n")[0].strip()


def machine():
    """What was measured where and when."""
    with open("/proc/cpuinfo", encoding="utf-8") as handle:
        model = re.search(r"model name\s*:\s*(.*)", handle.read())
    return {"processor": model.group(1) if model else "unknown", "processors": os.cpu_count(),
            "compiler": first_line("gcc", "--version"), "date": str(datetime.date.today()),
            "commit": first_line("git", "describe", "--always", "--dirty") or "unknown",
            "load": [round(x, 2) for x in os.getloadavg()]}


def collect(run, rounds, start):
    """The whole result as one value."""
    rows = results.combine(run.rows)
    empty = [row for row in rows if row["iterations"] == 0]
    sweeps = results.metg(rows)
    results.ratios(empty, "ns_per_task")
    results.ratios(sweeps, "metg_ns")
    return {"machine": {**start, "load_end": machine()["load"]}, "rounds": rounds,
            "peers": run.described, "skipped": run.skipped, "problems": run.problems,
            "empty": empty, "metg": sweeps}


def names(text, known, what):
    """A list of names, or of numbers if `known` is null."""
    parts = text.split(",")
    if known is None:
        if not all(part.isdigit() and int(part) > 0 for part in parts):
            sys.exit(f"peers: --{what} wants numbers separated by commas")
        return [int(part) for part in parts]
    for part in parts:
        if part not in known:
            sys.exit(f"peers: --{what}: unknown '{part}'; there are {', '.join(known)}")
    return parts


def options():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--quick", action="store_true", help="one width, one sweep, under 2 minutes")
    parser.add_argument("--json", help="file for the whole result; - is standard output")
    parser.add_argument("--plots", help="folder for SVG plots")
    parser.add_argument("--docs", help="page whose tables are rewritten")
    parser.add_argument("--from-json", help="read a result instead of measuring")
    parser.add_argument("--peers", type=lambda t: t.split(","))
    parser.add_argument("--patterns", default=",".join(results.PATTERNS))
    parser.add_argument("--widths")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--limit", type=float, help="seconds after which no round is begun")
    parser.add_argument("--program-limit", type=float, default=PROGRAM_LIMIT_S,
                        help="seconds that one call of a program may take")
    parser.add_argument("--note", default="")
    return parser.parse_args()


def run_all(o):
    """Measures and returns the result."""
    scale = dict(QUICK if o.quick else FULL)
    if o.widths:
        scale["widths"] = names(o.widths, None, "widths")
        scale["metg_widths"] = [w for w in scale["metg_widths"] if w in scale["widths"]] or [
            scale["widths"][-1]]
    scale["limit"] = scale["limit"] if o.limit is None else o.limit
    patterns = names(o.patterns, results.PATTERNS, "patterns")
    threads = names(o.threads, None, "threads")
    start = {**machine(), "note": o.note}
    run = Run(o.program_limit)
    read_manifest(run, os.path.join(o.build, "bench", "peers", "manifest.tsv"), o.peers)
    describe(run)
    check(run, scale, patterns, threads)
    rounds = measure(run, scale, patterns, threads)
    return collect(run, rounds, start)


def main():
    """Measures, prints, writes; returns the exit code."""
    o = options()
    if o.from_json:
        with open(o.from_json, encoding="utf-8") as handle:
            result = json.load(handle)
    else:
        result = run_all(o)
    if o.json and o.json != "-":
        with open(o.json, "w", encoding="utf-8") as handle:
            json.dump(result, handle, indent=1)
    print(json.dumps(result, indent=1) if o.json == "-" else report.text(result))
    if o.docs:
        report.write_docs(result, o.docs)
    if o.plots:
        import plots
        print(plots.draw(result, o.plots), file=sys.stderr)
    return 1 if result["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
