#!/usr/bin/env python3
"""model.py - measures the scaling model's parameters, validates it, predicts, writes page and plot.

Usage: model.py [--build FOLDER] [--rounds N] [--out FOLDER] [--docs PAGE] [--parameters FILE]
`make bench-model` calls it. Parameters and validation points are measured in turn, in one run; of each
the lowest sample counts, for other work on the machine can only add. With --parameters a file is read
and nothing is measured or validated: only predictions are made. Exit code: 0; 1 if something could not
be measured or a parameter is missing. A row that misses the target is told, and is no failure.
"""

import argparse
import datetime
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "bench", "peers")]

import engine  # noqa: E402
import params  # noqa: E402
import patterns  # noqa: E402
import peers  # noqa: E402
import results  # noqa: E402

# Chains and independent tasks resemble the graphs that the parameters come from.
VALIDATED = [p for p in patterns.NAMES if p not in ("independent", "chain")]
WIDTH, TASKS, SWEEP_TASKS = 16, 4000, 800 # short runs: some of them are undisturbed
SWEEP = [64, 128, 256, 512, 1024, 2048, 4096, 8192]
TARGET = 15.0
# name -> (threads, compute cores, what)
MACHINES = {"a2a3": (4, 72, "72 cores, 4 control threads"),
            "a5": (7, 108, "108 cores, 7 control threads"),
            "cpu128": (128, 0, "128 CPU cores")}
PREDICT_WIDTH, PREDICT_STEPS = 256, 16
KERNELS_NS = [500, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000]
FAR_NS = 100.0 # a line between cores that share no near cache: docs/performance.md, machine's range


def lines_of(program, *words):
    """Rows of JSON that a program prints."""
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=True,
                          timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


def measure(build, rounds):
    """({(name, count): ns}, {(pattern, mode, threads, iterations): row}), measured in turn."""
    seen, points, step_ns = {}, {}, float("inf")
    tool = os.path.join(build, "bench", "model")
    for turn in range(rounds):
        for row in lines_of(os.path.join(tool, "lines")) + lines_of(os.path.join(tool, "costs")):
            if row["samples"]:
                key = row["name"], row["count"]
                seen[key] = min([seen.get(key, float("inf"))] + row["samples"])
        for mode, threads, sizes, tasks in (("inline", 1, [0], TASKS), ("deferred", 1, [0], TASKS),
                                            ("auto", 1, SWEEP, SWEEP_TASKS),
                                            ("auto", 2, SWEEP, SWEEP_TASKS)):
            for row in lines_of(os.path.join(build, "bench", "peers", "slipway"), "--pattern",
                                ",".join(VALIDATED), "--mode", mode, "--threads", threads, "--tasks",
                                tasks, "--width", WIDTH, "--repetitions", 40, "--budget-ms", 25,
                                "--warm", 2000,
                                "--iterations", ",".join(map(str, sizes))):
                key = row["pattern"], mode, threads, row["iterations"]
                old = points.get(key, {"ns": float("inf"), "times": 0})
                points[key] = {"ns": min(row["ns"] + [old["ns"]]), "tasks": row["tasks"],
                               "times": old["times"] + 1}
                if row["iterations"]:
                    step_ns = min(step_ns, row["kernel_ns"] / row["iterations"])
        print(f"model: round {turn + 1} of {rounds} done", file=sys.stderr)
    # A sweep ends above one half: what only disturbed rounds went on to is no measurement.
    for key in [k for k, p in points.items() if 2 * p["times"] < rounds]:
        del points[key]
    for key, point in points.items():
        point["kernel_ns"] = step_ns * key[3]
    return seen, points


def metg(points):
    """METG(50 %) in ns of [(kernel, ns a task and thread)]; None if not reached."""
    return results.metg_of([(g, k / g) for k, g in sorted(points)])[0]


def validate(cost, points):
    """Rows (pattern, what, threads, measured, predicted, error in percent)."""
    rows, sweeps = [], {}
    for (pattern, mode, threads, size), point in sorted(points.items()):
        tasks = patterns.sized(pattern, WIDTH, TASKS if size == 0 else SWEEP_TASKS)
        if len(tasks) != point["tasks"]:
            raise params.Bad(f"{pattern}: {len(tasks)} tasks here, {point['tasks']} there")
        kernel = point["kernel_ns"]
        predicted = engine.simulate(cost, tasks, kernel, threads, mode).total_ns / len(tasks)
        measured = point["ns"] / len(tasks)
        what = f"{mode}, empty" if size == 0 else f"{mode}, kernel {size}"
        rows.append((pattern, what, threads, measured, predicted))
        if size:
            sweep = sweeps.setdefault((pattern, threads), ([], []))
            sweep[0].append((kernel, measured * threads))
            sweep[1].append((kernel, predicted * threads))
    for (pattern, threads), (real, model) in sorted(sweeps.items()):
        pair = metg(real), metg(model)
        if None not in pair:
            rows.append((pattern, "METG(50 %)", threads, *pair))
    return [(*row, 100.0 * (row[4] / row[3] - 1.0)) for row in rows]


def predict_one(cost, pattern, machine, mode, far):
    """{metg_ns, points: [(kernel, tasks/s, efficiency)]} of one graph on one machine."""
    threads, cores, _ = MACHINES[machine]
    heavy = 16 if pattern == "all_to_all" else 1
    tasks = patterns.graph(pattern, PREDICT_WIDTH // heavy if heavy > 1 else PREDICT_WIDTH,
                           PREDICT_STEPS)
    extra = max(0.0, FAR_NS - cost.line_move) if far else 0.0
    found = []
    for kernel in KERNELS_NS:
        run = engine.simulate(cost, tasks, kernel, threads, mode, cores=cores, line_extra=extra)
        workers = cores or threads
        found.append((kernel, 1e9 * len(tasks) / run.total_ns,
                      len(tasks) * kernel / (run.total_ns * workers)))
        if found[-1][2] > 0.6:
            break
    gran = [(k / e, e) for k, _, e in found]
    return {"metg_ns": results.metg_of(gran)[0], "points": found}


def predict(cost):
    """{(machine, pattern, mode): prediction}."""
    found = {}
    for machine in MACHINES:
        for pattern in patterns.NAMES:
            for mode in ("auto", "replay"):
                found[machine, pattern, mode] = predict_one(cost, pattern, machine, mode, True)
        print(f"model: {machine} predicted", file=sys.stderr)
    return found


def orchestrator_ns(cost, pattern):
    """What one submission costs thread 0, from a run whose window is filled first."""
    tasks = patterns.graph(pattern, 64 if pattern != "all_to_all" else 16, 32)
    run = engine.Simulation(cost, tasks, 0.0, 1, "deferred")
    thread, total = run.threads[0], 0.0
    for delay in run.orchestrate(thread):
        run.now += delay
        total += delay
    return total / len(tasks)


def table(head, rows):
    """A table in Markdown."""
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] +
                     ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def micro(value):
    """ns as µs."""
    return "not reached" if value is None else f"{value / 1000:.2f}"


def sections(document, cost, rows, found):
    """Name -> text of the tables of the page."""
    m = document["machine"]
    text = {"machine": f"{m['processor']}, {m['processors']} processors, {m['compiler']}, {m['date']}, "
            f"commit {m['commit']}; {m['rounds']} rounds, the lowest of each; load {m['load'][0]} at "
            f"the start, {m['load_end'][0]} at the end."}
    scalars = [(f"`{n}`", f"{cost.scalars[n]:.1f}", params.SCALARS[n]) for n in params.SCALARS]
    tables = [(f"`{n}`", " ".join(f"{k}: {v:.0f}" for k, v in sorted(cost.tables[n].items())),
               params.TABLES[n]) for n in params.TABLES]
    rule = [(f"`rule.{n}`", v, "engine's source") for n, v in cost.rule.items()]
    text["parameters"] = table(("parameter", "ns", "measured by"), scalars + tables + rule)
    if rows:
        within = sum(1 for r in rows if abs(r[5]) <= TARGET)
        text["summary"] = f"{within} of {len(rows)} rows are within {TARGET:.0f} %. " + " ".join(
            f"{name}: {sum(1 for r in part if abs(r[5]) <= TARGET)} of {len(part)}."
            for name, part in (
                ("Empty, 1 thread", [r for r in rows if "empty" in r[1]]),
                ("Kernels, 1 thread", [r for r in rows if "kernel" in r[1] and r[2] == 1]),
                ("Kernels, 2 threads", [r for r in rows if "kernel" in r[1] and r[2] == 2]),
                ("METG, 1 thread", [r for r in rows if "METG" in r[1] and r[2] == 1]),
                ("METG, 2 threads", [r for r in rows if "METG" in r[1] and r[2] == 2])))
        text["validation"] = table(
            ("pattern", "what", "threads", "measured ns", "predicted ns", "error"),
            [(r[0], r[1], r[2], f"{r[3]:.0f}", f"{r[4]:.0f}",
              f"{r[5]:+.0f} %" + ("" if abs(r[5]) <= TARGET else " (misses)")) for r in rows])
    text["predictions"] = table(
        ("pattern", *(f"{m}, {w}" for m in MACHINES for w in (
            "METG µs", "replayed", "tasks/s M", "replayed"))),
        [(p, *(value for m in MACHINES for value in (
            micro(found[m, p, "auto"]["metg_ns"]), micro(found[m, p, "replay"]["metg_ns"]),
            *(f"{max(x[1] for x in found[m, p, mode]['points']) / 1e6:.1f}"
              for mode in ("auto", "replay"))))) for p in patterns.NAMES])
    text["limit"] = table(
        ("pattern", "ns a submission, nothing run elsewhere", *(f"{m}: kernel µs below which it limits"
                                               for m in MACHINES)),
        [(p, f"{o:.0f}", *(f"{(c or t) / max(x[1] for x in found[m, p, 'auto']['points']) * 1e6:.1f}"
                           for m, (t, c, _) in MACHINES.items()))
         for p, o in ((p, orchestrator_ns(cost, p)) for p in patterns.NAMES)])
    return text


def write_page(path, text):
    """Replaces the marked sections of a page."""
    with open(path, encoding="utf-8") as handle:
        page = handle.read()
    for name, body in text.items():
        page = re.sub(rf"(<!-- model: {name} -->\n).*?(<!-- end -->)",
                      lambda m, body=body: m.group(1) + body + "\n" + m.group(2), page, flags=re.S)
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(page)


def draw(found, path):
    """Efficiency over kernel time, one panel a machine; a line a pattern, replayed dashed."""
    try:
        import matplotlib
    except ImportError:
        return "model: no plot: matplotlib is missing (Debian: python3-matplotlib)"
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "slipway"
    from matplotlib import pyplot
    figure, panels = pyplot.subplots(1, len(MACHINES), figsize=(13, 4.2), sharey=True)
    for panel, machine in zip(panels, MACHINES):
        for i, pattern in enumerate(("independent", "stencil_1d", "nearest", "fft")):
            for mode, dash in (("auto", "-"), ("replay", "--")):
                points = found[machine, pattern, mode]["points"]
                panel.plot([k / 1000 for k, _, _ in points], [e for _, _, e in points], dash,
                           color=f"C{i}", label=pattern + (" replayed" if dash == "--" else ""))
        panel.axhline(0.5, color="grey", linewidth=0.5)
        panel.set(title=f"{machine}: {MACHINES[machine][2]}", xscale="log", ylim=(0, 1),
                  xlabel="kernel, µs")
    panels[0].set_ylabel("efficiency (predicted)")
    panels[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    return f"model: wrote {path}"


def options():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out")
    parser.add_argument("--docs")
    parser.add_argument("--parameters")
    return parser.parse_args()


def main():
    """Measures, validates, predicts, writes."""
    o = options()
    out = o.out or os.path.join(o.build, "bench", "model")
    rows = []
    try:
        if o.parameters:
            cost = params.load(o.parameters)
            document = {"machine": {"processor": "?", "processors": "?", "compiler": "?", "rounds": 0,
                                    "date": str(datetime.date.today()), "commit": "?", "load": [0],
                                    "load_end": [0], **cost.machine}}
        else:
            machine = {**peers.machine(), "rounds": o.rounds}
            seen, points = measure(o.build, o.rounds)
            machine["load_end"] = peers.machine()["load"]
            document = params.document(seen, machine)
            path = os.path.join(out, "parameters.json")
            with open(path, "w", encoding="utf-8") as handle:
                json.dump(document, handle, indent=1)
            cost = params.load(path)
            rows = validate(cost, points)
    except (params.Bad, OSError, subprocess.SubprocessError) as why:
        print(f"model: {why}", file=sys.stderr)
        return 1
    found = predict(cost)
    text = sections(document, cost, rows, found)
    for name, body in text.items():
        print(f"\n{name}\n{body}")
    if o.docs:
        write_page(o.docs, text)
        print(draw(found, os.path.join(os.path.dirname(o.docs), "scaling-model.svg")), file=sys.stderr)
    else:
        print(draw(found, os.path.join(out, "scaling-model.svg")), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
