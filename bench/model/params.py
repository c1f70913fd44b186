"""params.py - the parameters of the scaling model: from micro-benchmarks to one file, and back.

For model.py and tests/bench/test_model.py. Every parameter is one measurement or the difference of two
(or three, where two steps can only be seen together); none is fitted. `load` refuses a file in which
one is missing, negative or not a number, and names it. The rule by which tasks are shared is read from
the engine's sources, in `rule_of`, and nowhere else.
"""

import json
import math
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Scalars in ns: name -> how it is measured.
SCALARS = {
    "line_move": "lines: a line going back and forth between two cores, half a round trip",
    "line_stream": "lines: lines written by the other core, read in order, each",
    "rmw_own": "lines: read-modify-write of a line that stays",
    "rmw_contended": "lines: the same, two threads at once; a line, an operation",
    "relax": "lines: a pause of the waiting loop",
    "yield": "lines: a yield of the waiting loop",
    "clock": "lines: a look at the clock",
    "wake_call": "lines: waking a sleeper, what the caller pays",
    "wake_latency": "lines: waking a sleeper, until it runs",
    "register_write": "lines: a2a3sim, writing a dispatch register",
    "register_poll": "lines: a2a3sim, reading a status register",
    "view": "costs: cutting a view",
    "visit_write": "costs: (own 4 - none 4) / 4: a cell looked up for a write, nothing found",
    "visit_read": "costs: (own_read 4 - none 4 - visit_write) / 3",
    "known_write": "costs: (lane 4 - own 4 - edge 1) / 3: a producer found again through a writer",
    "known_read": "costs: (read 4 - own_read 5 - edge 4) / 4: found again through a reader",
}
# Tables in ns by a number: name -> how.
TABLES = {
    "submit_args": "costs: submit.none, a task by its untracked arguments",
    "inline_args": "costs: inline.none, whole task run at its submission, by arguments",
    "edges": "costs: submit.ring - submit.own, edges pushed by a submission, by their number",
    "exec_alone": "costs: exec.alone, take, run, complete, retire with one thread, by out-edges",
    "exec": "costs: exec, the same with two threads by the submitter",
    "remote": "costs: remote, the same by the other thread",
}
COUNTS = {"submit_args": (1, 2, 3, 4, 5, 6, 8, 17, 33), "inline_args": (1, 2, 3, 4, 5, 6, 8, 17, 33),
          "edges": (0, 1, 2, 3, 4, 6, 8), "exec_alone": (0, 1, 2, 3, 4, 6, 8),
          "exec": (0, 1, 2, 3, 4, 6, 8), "remote": (0, 1, 2, 3, 4, 6, 8)}
# Numbers of the engine's rule: name -> (source, what it looks like there).
RULE = {
    "long_ns": ("src/device/exec_self.h", r"#define SLIPI_LONG_KERNEL_NS (\d+)u"),
    "shared_ns": ("src/device/exec_self.h", r"#define SLIPI_SHARED_KERNEL_NS (\d+)u"),
    "wake_ns": ("src/device/exec_self.h", r"#define SLIPI_WAKE_NS (\d+)"),
    "sample_short": ("src/device/exec_self.c", r"enum \{ SHORT_MASK = (\d+),"),
    "sample_others": ("src/device/exec_self.c", r"LONG_MASK = (\d+),"),
    "sampled_below_ns": ("src/device/exec_self.c", r"SHORT_NS = (\d+) \}"),
    "worth": ("src/device/step.c", r"SLIP_DISPATCH_SHARED \? 2 : (\d+);"),
    "enough": ("src/device/step.c", r"enum \{ ENOUGH = (\d+) \}"),
    "spin_rounds": ("src/platform/cpu/pool.c", r"#define SPIN_ROUNDS (\d+)u"),
    "yield_rounds": ("src/platform/cpu/pool.c", r"#define YIELD_ROUNDS (\d+)u"),
    "batch": ("src/sched/ready.c", r"enum \{ BATCH = (\d+) \}"),
}


class Bad(Exception):
    """A parameter file, or a measurement, that cannot be used; says which parameter."""


def rule_of(root=ROOT):
    """The engine's rule of sharing, from its sources: the one place that the model takes it from."""
    rule = {}
    for name, (path, pattern) in RULE.items():
        with open(os.path.join(root, path), encoding="utf-8") as handle:
            match = re.search(pattern, handle.read())
        if match is None:
            raise Bad(f"rule '{name}': {path} has no {pattern}: the engine's rule has changed, and "
                      "rule_of and engine.py have to follow")
        rule[name] = int(match.group(1))
    for name in ("sample_short", "sample_others"):
        rule[name] += 1 # the source has a mask
    return rule


def interpolate(table, count):
    """Value of a table at a number between or beyond its rows (the last two go on)."""
    if count in table:
        return table[count]
    keys = sorted(table)
    upper = next((k for k in keys if k > count), keys[-1])
    at = max(1, keys.index(upper))
    low, high = keys[at - 1], keys[at]
    return table[low] + (table[high] - table[low]) * (count - low) / (high - low)


def derive(seen):
    """(scalars, tables) from {(name, count): ns}."""
    def get(name, count=0):
        if (name, count) not in seen:
            raise Bad(f"measurement '{name}' {count} is missing")
        return seen[name, count]

    none = {k: get("submit.none", k) for k in COUNTS["submit_args"]}
    write = (get("submit.own", 4) - none[4]) / 4
    read = (get("submit.own_read", 4) - none[4] - write) / 3
    edges = {0: 0.0, **{p: get("submit.ring", p) - get("submit.own", p) for p in (1, 2, 3, 4, 6, 8)}}
    tables = {"submit_args": none,
              "inline_args": {k: get("inline.none", k) for k in COUNTS["inline_args"]},
              "edges": edges}
    for name, phase in (("exec_alone", "exec.alone"), ("exec", "exec"), ("remote", "remote")):
        rows = {p: get(f"{phase}.ring", p) for p in (1, 2, 3, 4, 6, 8)}
        # Without edges it cannot be gated: less by what one edge costs a task that stays here.
        rows[0] = get(f"{phase}.none", 1) if name != "remote" else max(
            rows[1] - (tables["exec"][1] - tables["exec"][0]), 0.0)
        tables[name] = rows
    scalars = {name: get(key) for name, key in (
        ("line_move", "line.move"), ("line_stream", "line.stream"), ("rmw_own", "rmw.own"),
        ("rmw_contended", "rmw.contended"), ("relax", "wait.relax"), ("yield", "wait.yield"),
        ("clock", "clock"), ("wake_call", "wake.call"), ("wake_latency", "wake.latency"),
        ("register_write", "register.write"), ("register_poll", "register.poll"), ("view", "view"))}
    scalars["visit_write"], scalars["visit_read"] = write, read
    scalars["known_write"] = (get("submit.lane", 4) - get("submit.own", 4) - edges[1]) / 3
    scalars["known_read"] = (get("submit.read", 4) - interpolate(none, 5) - 4 * read - write -
                             edges[4]) / 4
    return scalars, tables


def check_number(name, value):
    """Refuses what is no cost."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Bad(f"parameter '{name}' is {value!r}, not a number of ns")
    if value < 0:
        raise Bad(f"parameter '{name}' is negative: {value}")


class Parameters:
    """Costs and rule; `cost.line_move`, `cost.at("edges", 3)`."""

    def __init__(self, document):
        self.machine = document.get("machine", {})
        for kind in ("scalars", "tables", "rule"):
            if not isinstance(document.get(kind), dict):
                raise Bad(f"parameter file without '{kind}'")
        self.scalars = {}
        for name in SCALARS:
            entry = document["scalars"].get(name)
            if not isinstance(entry, dict) or "ns" not in entry:
                raise Bad(f"parameter '{name}' is missing")
            check_number(name, entry["ns"])
            self.scalars[name] = float(entry["ns"])
        self.tables = {}
        for name in TABLES:
            rows = document["tables"].get(name, {}).get("ns")
            if not isinstance(rows, dict):
                raise Bad(f"parameter '{name}' is missing")
            for count in COUNTS[name]:
                if str(count) not in rows:
                    raise Bad(f"parameter '{name}' has no row {count}")
                check_number(f"{name} {count}", rows[str(count)])
            self.tables[name] = {int(k): float(v) for k, v in rows.items()}
        self.rule = {}
        for name in RULE:
            if name not in document["rule"]:
                raise Bad(f"parameter 'rule.{name}' is missing")
            check_number(f"rule.{name}", document["rule"][name])
            self.rule[name] = document["rule"][name]
        self.known = {name: {} for name in TABLES}

    def __getattr__(self, name):
        try:
            return self.__dict__["scalars"][name]
        except KeyError:
            raise AttributeError(name) from None

    def at(self, name, count):
        """A table's value."""
        known = self.known[name]
        if count not in known:
            known[count] = interpolate(self.tables[name], count)
        return known[count]


def document(seen, machine, root=ROOT):
    """The parameter file's content."""
    scalars, tables = derive(seen)
    return {"machine": machine, "rule": rule_of(root),
            "scalars": {n: {"ns": round(max(v, 0.0), 3), "how": SCALARS[n]}
                        for n, v in scalars.items()},
            "tables": {n: {"ns": {str(k): round(max(v, 0.0), 3) for k, v in sorted(t.items())},
                           "how": TABLES[n]} for n, t in tables.items()}}


def load(path):
    """Parameters of a file."""
    try:
        with open(path, encoding="utf-8") as handle:
            return Parameters(json.load(handle))
    except ValueError as why:
        raise Bad(f"{path} is no JSON: {why}") from None
