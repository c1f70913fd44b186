#!/usr/bin/env python3
"""instructions.py - counts the instructions of submit, complete, replay and bind, and holds the
counts against the recorded ones.

Usage: instructions.py [--build FOLDER] [--record | --measured FILE] [--out FILE] [--against FILE]
For `make check-instructions` and tests/bench/test_instructions.py. valgrind's callgrind counts the
benchmark program build/bench/peers/slipway, one thread, with a fixed number of tasks; a count is the
difference of a process with one run more and one with fewer, so that start-up is not in it. It does
not depend on the machine's load. Counts depend on compiler and build type; the record
(bench/instructions.json) has a set for each. Exit code: 0; 1 if a count grew by more than the
record's tolerance, or is missing; 77 if it cannot be counted here.
"""

import argparse
import concurrent.futures
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RECORD = os.path.join(ROOT, "bench", "instructions.json")
TASKS = 2048
SKIPPED = 77
PATTERNS = ("independent", "chain", "stencil_1d", "nearest")
# name -> (function whose instructions count, with what it calls; null: the whole process), dispatch,
# pattern. Divided by the tasks, except for bind, which is once a run.
COUNTS = {
    **{f"submit.{p}": ("slipi_submit", "deferred", p) for p in PATTERNS},
    **{f"complete.{p}": ("slipi_complete", "deferred", p) for p in PATTERNS},
    **{f"task.inline.{p}": (None, "inline", p) for p in PATTERNS},
    **{f"replay.{p}": ("slipi_graph_execute", "relaunch", p) for p in PATTERNS},
    "bind.hit": ("slipi_bind", "deferred", "chain"),
}
# The C library's copies and comparisons are those of the oldest processor, on every processor.
SAME_LIBC = "glibc.cpu.hwcaps=" + ",".join(
    "-" + name for name in ("AVX512F", "AVX512VL", "AVX512BW", "AVX2", "AVX", "ERMS", "FSRM", "BMI2",
                            "SSE4_2", "SSE4_1", "SSSE3", "RTM", "Fast_Unaligned_Copy"))


class Unavailable(Exception):
    """Counting is not possible on this machine."""


def cache_entry(build, name):
    """A value of the build's cache."""
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as handle:
        match = re.search(rf"^{name}:\w+=(.*)$", handle.read(), re.M)
    return match.group(1) if match else ""


def build_name(build):
    """What counts depend on: compiler with its major version, build type, architecture."""
    compiler = cache_entry(build, "CMAKE_C_COMPILER")
    text = subprocess.run([compiler, "--version"], capture_output=True, text=True,
                          check=True).stdout
    version = subprocess.run([compiler, "-dumpversion"], capture_output=True, text=True,
                             check=True).stdout.strip().split(".")[0]
    kind = "clang" if "clang" in text else "gcc"
    return f"{kind} {version}, {cache_entry(build, 'CMAKE_BUILD_TYPE')}, {platform.machine()}"


def prefix():
    """The counting command; without randomized addresses where that is allowed."""
    if shutil.which("valgrind") is None:
        raise Unavailable("valgrind is missing (Debian: valgrind)")
    fixed = ["setarch", "-R"] if shutil.which("setarch") and subprocess.run(
        ["setarch", "-R", "true"], capture_output=True, check=False).returncode == 0 else []
    return fixed + ["valgrind", "--tool=callgrind"]


def total(command, function, program, words):
    """Instructions of one process, of the whole or of a function with what it calls."""
    with tempfile.TemporaryDirectory(prefix="slipway-instructions-") as folder:
        out = os.path.join(folder, "callgrind.out")
        count = [f"--callgrind-out-file={out}"]
        if function:
            count.append(f"--toggle-collect={function}")
        # Only what valgrind needs: the environment changes what a process does at its start.
        env = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        env["GLIBC_TUNABLES"] = SAME_LIBC
        done = subprocess.run(command + count + [program] + words, capture_output=True, text=True,
                              env=env, cwd=folder, check=False)
        if done.returncode != 0:
            sys.exit(f"instructions: {' '.join(words)}: exit code {done.returncode}: "
                     f"{done.stderr[-600:]}")
        with open(out, encoding="utf-8") as handle:
            match = re.search(r"^(?:summary|totals): (\d+)", handle.read(), re.M)
    return int(match.group(1)) if match else 0


def count(build, name):
    """One count: what a run adds, a task or (bind) a run."""
    function, mode, pattern = COUNTS[name]
    program = os.path.abspath(os.path.join(build, "bench", "peers", "slipway"))
    if not os.access(program, os.X_OK):
        raise Unavailable(f"{program} was not built")
    words = ["--mode", mode, "--pattern", pattern, "--width", "16", "--tasks", str(TASKS),
             "--warm", "0", "--repetitions"]
    low, high = (total(prefix(), function, program, words + [str(n)]) for n in (2, 3))
    if high <= low:
        sys.exit(f"instructions: {name}: a run more does not count more ({low}, {high}); is "
                 f"{function} still a function of its own?")
    return round((high - low) / (1 if name.startswith("bind") else TASKS), 2)


def measure(build, names=tuple(COUNTS)):
    """All counts, two at a time: nothing in them depends on what else runs."""
    prefix()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(lambda name: count(build, name), names)))


def load(path):
    """A JSON file."""
    with open(path, encoding="utf-8") as handle:
        return json.load(handle)


def compare(measured, recorded, tolerance):
    """(lines to print, names of counts that fail)."""
    lines, failed = [], []
    for name in sorted(set(measured) | set(recorded)):
        new, old = measured.get(name), recorded.get(name)
        if new is None or old is None:
            lines.append(f"{name:26} {new if old is None else old:>10} is "
                         f"{'not in the record' if old is None else 'recorded and not counted'}")
            failed.append(name)
            continue
        change = (new / old - 1) * 100 if old > 0 else float("inf")
        verdict = ""
        if change > tolerance:
            verdict = f"  GREW by more than {tolerance} %"
            failed.append(name)
        elif change < -tolerance:
            verdict = "  (record it: make record-instructions)"
        lines.append(f"{name:26} {old:10.2f} -> {new:10.2f} {change:+7.2f} %{verdict}")
    return lines, failed


def write_record(path, key, measured):
    """Enters the counts of this build into the record."""
    record = load(path) if os.path.exists(path) else {"tolerance_percent": 5, "builds": {}}
    record["builds"][key] = measured
    with open(path, "w", encoding="utf-8") as handle:
        json.dump(record, handle, indent=2, sort_keys=True)
        handle.write("\n")


def check(key, measured, path):
    """Holds counts against a record; returns the exit code."""
    record = load(path)
    if key not in record["builds"]:
        print(f"instructions: the record has no counts of '{key}', only of "
              f"{', '.join(sorted(record['builds']))}; make record-instructions enters them")
        return SKIPPED
    lines, failed = compare(measured, record["builds"][key], record["tolerance_percent"])
    print(f"instructions ({key}): recorded -> counted")
    print("\n".join(lines))
    if failed:
        print(f"FAILED: {', '.join(failed)}. If the growth is meant, say why in the commit and run "
              "make record-instructions")
    return 1 if failed else 0


def main():
    """Counts or reads counts, then records or checks; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--record", action="store_true", help="enter the counts into the record")
    parser.add_argument("--against", default=RECORD, help="the record")
    parser.add_argument("--measured", help="counts from a file instead of counting")
    parser.add_argument("--out", help="file for the counts")
    o = parser.parse_args()
    try:
        key = build_name(o.build)
        measured = load(o.measured) if o.measured else measure(o.build)
    except Unavailable as why:
        print(f"skipped: {why}")
        return SKIPPED
    if o.out:
        with open(o.out, "w", encoding="utf-8") as handle:
            json.dump(measured, handle)
    if o.record:
        write_record(o.against, key, measured)
        return 0
    return check(key, measured, o.against)


if __name__ == "__main__":
    sys.exit(main())
