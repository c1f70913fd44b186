"""results.py - reading what the peers' programs print, and combining it.

For peers.py and the tests; no input or output of its own. A row is one case of one peer: the same
pattern, width, threads, mode and kernel size; its samples come from several rounds.
"""

import json
import math
import statistics

PATTERNS = ("independent", "chain", "stencil_1d", "stencil_1d_periodic", "nearest", "fft", "tree",
            "dom", "spread", "random_nearest", "all_to_all")
KEY = ("peer", "mode", "pattern", "width", "threads", "iterations")
ERRORS = ("not_once", "inputs", "outputs", "last")
# Efficiency at which the granularity is read off.
METG_EFFICIENCY = 0.5
# The peer and mode that others are compared with: what a user gets without choosing.
OWN, OWN_MODE = "slipway", "auto"


class Malformed(Exception):
    """A line that is not what a peer's program prints."""


def is_count(value, least=0):
    """True for a whole number of at least `least`; JSON's true is none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def check_row(row, checked):
    """Raises Malformed unless every field is there and makes sense."""
    if not isinstance(row, dict):
        raise Malformed("is no object")
    for name in ("peer", "mode", "pattern"):
        if not isinstance(row.get(name), str):
            raise Malformed(f"has no '{name}'")
    if row["pattern"] not in PATTERNS:
        raise Malformed(f"has an unknown pattern '{row['pattern']}'")
    for name, least in (("width", 1), ("threads", 1), ("tasks", 1), ("inputs", 0),
                        ("iterations", 0)):
        if not is_count(row.get(name), least):
            raise Malformed(f"has no whole number '{name}' of at least {least}")
    kernel = row.get("kernel_ns")
    if isinstance(kernel, bool) or not isinstance(kernel, (int, float)) \
            or not 0 <= kernel < math.inf or (kernel == 0) != (row["iterations"] == 0):
        raise Malformed("has a 'kernel_ns' that does not go with its iterations")
    ns = row.get("ns")
    if not isinstance(ns, list) or not ns or not all(is_count(value, 1) for value in ns):
        raise Malformed("has no list 'ns' of times")
    errors = row.get("errors")
    if checked != (errors is not None):
        raise Malformed("is checked" if errors is not None else "has no 'errors'")
    if checked and (not isinstance(errors, dict) or set(errors) != set(ERRORS) or
                    not all(is_count(value) for value in errors.values())):
        raise Malformed("has 'errors' of another form")


def parse(text, peer, wanted, checked=False):
    """The rows that one program printed; `wanted` are the (pattern, width) pairs it was asked for.
    Raises Malformed if a line is not a row, belongs to another case, or a case is missing."""
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            row = json.loads(line)
        except ValueError as why:
            raise Malformed(f"line {number} is no JSON ({why})") from None
        try:
            check_row(row, checked)
        except Malformed as why:
            raise Malformed(f"line {number} {why}") from None
        if row["peer"] != peer or (row["pattern"], row["width"]) not in wanted:
            raise Malformed(f"line {number} is of {row['peer']}, {row['pattern']}, width "
                            f"{row['width']}, which was not asked for")
        rows.append(row)
    missing = set(wanted) - {(row["pattern"], row["width"]) for row in rows}
    if missing:
        raise Malformed("there is no line for " +
                        ", ".join(f"{p} width {w}" for p, w in sorted(missing)))
    return rows


def combine(rows):
    """One row a case: samples of all rounds as ns a task, their median, lowest and highest."""
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in KEY), []).append(row)
    combined = []
    for group in groups.values():
        first = group[0]
        samples = sorted(ns / row["tasks"] for row in group for ns in row["ns"])
        median = statistics.median(samples)
        combined.append({**{name: first[name] for name in KEY}, "tasks": first["tasks"],
                         "inputs": first["inputs"],
                         "kernel_ns": statistics.median(row["kernel_ns"] for row in group),
                         "samples": [round(s, 2) for s in samples],
                         "ns_per_task": round(median, 2), "lowest": round(samples[0], 2),
                         "highest": round(samples[-1], 2),
                         "tasks_per_second": round(1e9 / median)})
    return combined


def metg_of(points):
    """(granularity, bound) from (granularity in ns, efficiency) by ascending kernel: where the
    efficiency first reaches one half. `bound` is "<=" if even the smallest kernel does, and
    granularity None if none does."""
    before = None
    for granularity, efficiency in points:
        if efficiency >= METG_EFFICIENCY:
            if before is None:
                return granularity, "<="
            part = (METG_EFFICIENCY - before[1]) / (efficiency - before[1])
            logs = math.log(before[0]), math.log(granularity)
            return math.exp(logs[0] + part * (logs[1] - logs[0])), ""
        before = (granularity, efficiency)
    return None, ""


def metg(rows):
    """METG(50 %) of every sweep among combined rows. Granularity is time x threads / tasks."""
    sweeps = {}
    for row in rows:
        if row["iterations"] > 0:
            key = (row["peer"], row["mode"], row["pattern"], row["width"], row["threads"])
            sweeps.setdefault(key, []).append(row)
    found = []
    for key, sweep in sweeps.items():
        sweep.sort(key=lambda row: row["iterations"])
        points = [(row["ns_per_task"] * row["threads"],
                   row["kernel_ns"] / (row["ns_per_task"] * row["threads"])) for row in sweep]
        granularity, bound = metg_of(points)
        found.append({**dict(zip(KEY, key)), "bound": bound,
                      "metg_ns": None if granularity is None else round(granularity, 1),
                      "points": [[round(g, 1), round(e, 4)] for g, e in points]})
    return found


def own(rows, value):
    """(pattern, width, threads) -> value of this project's rows in the mode of comparison."""
    return {(row["pattern"], row["width"], row["threads"]): row[value] for row in rows
            if row["peer"] == OWN and row["mode"] == OWN_MODE and row[value] is not None}


def ratios(rows, value):
    """Adds `ratio` to every row of a peer: its value divided by this project's. Above 1: slower."""
    mine = own(rows, value)
    for row in rows:
        reference = mine.get((row["pattern"], row["width"], row["threads"]))
        if reference and row[value] is not None:
            row["ratio"] = round(row[value] / reference, 3)


def losses(rows, value):
    """The rows of peers that beat this project, the worst first."""
    lost = [row for row in rows if row["peer"] not in (OWN, "serial") and row[value] is not None
            and row.get("ratio", math.inf) < 1]
    return sorted(lost, key=lambda row: row["ratio"])
