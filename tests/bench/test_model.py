"""The scaling model: graphs that can be worked out by hand, what every run must keep, the parameter
file. No timings.

ctest-labels: bench
ctest-timeout: 300
"""

import copy
import json
import os
import re
import shutil
import sys
import tempfile
import unittest

SOURCE = os.environ.get("SLIPWAY_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(SOURCE, "bench", "model")]

import engine  # noqa: E402
import params  # noqa: E402
import patterns  # noqa: E402

RULE = {"long_ns": 2000, "shared_ns": 250, "wake_ns": 8000, "sample_short": 64, "sample_others": 4,
        "sampled_below_ns": 1000, "worth": 8, "enough": 16, "spin_rounds": 64, "yield_rounds": 128,
        "batch": 16}


def document(**changes):
    """A good parameter file: a submission 100 ns, a step 10 ns, everything else free."""
    scalars = {name: {"ns": 0.0, "how": ""} for name in params.SCALARS}
    scalars["relax"]["ns"] = 10.0
    scalars["yield"]["ns"] = 10.0
    for name, value in changes.items():
        scalars[name]["ns"] = value
    flat = {"submit_args": 100.0, "inline_args": 110.0, "edges": 0.0, "exec_alone": 10.0,
            "exec": 10.0, "remote": 10.0}
    tables = {name: {"ns": {str(k): flat[name] for k in params.COUNTS[name]}} for name in flat}
    return {"machine": {}, "scalars": scalars, "tables": tables,
            "rule": dict(RULE)}


def cost(**changes):
    """Parameters of `document`."""
    return params.Parameters(document(**changes))


MACHINES = [("inline", 1, 0), ("deferred", 1, 0), ("auto", 1, 0), ("auto", 2, 0), ("auto", 5, 0),
            ("replay", 1, 0), ("replay", 3, 0), ("auto", 4, 72), ("replay", 7, 108)]


class ByHand(unittest.TestCase):
    """What can be worked out with pencil and paper."""

    def test_chain_is_a_sum(self):
        tasks = patterns.graph("chain", 1, 50)
        for mode, threads, each in (("inline", 1, 110), ("deferred", 1, 110)):
            total = engine.simulate(cost(), tasks, 0.0, threads, mode).total_ns
            self.assertAlmostEqual(total, 50 * each)
        self.assertAlmostEqual(engine.simulate(cost(), tasks, 500.0, 1, "inline").total_ns, 50 * 610)
        # Replayed, a chain of long kernels is kernel and step, whoever runs it.
        total = engine.simulate(cost(), tasks, 5000.0, 2, "replay").total_ns
        self.assertLess(abs(total - 50 * 5010), 20)

    def test_independent_is_the_larger_of_two(self):
        tasks = patterns.graph("independent", 64, 20)
        for cores, kernel in ((4, 4000.0), (8, 16000.0), (64, 4000.0), (108, 8000.0)):
            total = engine.simulate(cost(), tasks, kernel, 1, "auto", cores=cores).total_ns
            bound = max(len(tasks) * 100.0, len(tasks) * kernel / cores)
            self.assertGreaterEqual(total, bound)
            self.assertLess(total, 1.2 * bound + 2 * kernel)

    def test_the_orchestrator_limits(self):
        tasks = patterns.graph("independent", 64, 40)
        few, many = (engine.simulate(cost(), tasks, 1000.0, 4, "auto", cores=n).total_ns
                     for n in (40, 400))
        self.assertLess(few / many, 1.15)
        replayed = engine.simulate(cost(), tasks, 1000.0, 4, "replay", cores=400).total_ns
        self.assertLess(replayed, many / 2)

    def test_short_kernels_stay(self):
        tasks = patterns.graph("independent", 16, 60)
        alone = engine.simulate(cost(), tasks, 240.0, 4, "auto")
        self.assertEqual({0}, set(alone.owner))
        self.assertEqual(0, alone.pushed)
        self.assertEqual(len(tasks) * 350.0, alone.total_ns)

    def test_halves_from_the_threshold_on(self):
        """The older half is offered as one chain, once the last offer is taken."""
        tasks = patterns.graph("independent", 16, 60)
        alone = engine.simulate(cost(), tasks, 1000.0, 1, "auto")
        shared = engine.simulate(cost(), tasks, 1000.0, 2, "auto")
        self.assertEqual({0, 1}, set(shared.owner))
        self.assertLess(shared.total_ns, 0.62 * alone.total_ns)
        self.assertGreater(shared.total_ns, 0.5 * alone.total_ns)
        self.assertLess(shared.pushed, len(tasks) / 2)
        run = engine.Simulation(cost(), tasks, 1000.0, 2, "auto")
        first, other = run.threads
        other.idle_since, other.hungry = 0.0, True
        first.chain = [9, 8, 7, 6, 5]
        sum(run.offer_half(first))
        self.assertEqual([[7, 6, 5]], run.queue)
        self.assertEqual([9, 8], first.chain)
        sum(run.offer_half(first))
        self.assertEqual([[7, 6, 5]], run.queue) # not taken yet
        run.pop(other)
        sum(run.offer_half(first))
        self.assertEqual([[8]], run.queue)

    def test_a_call_is_worth_its_time(self):
        """Nobody is called before the kernel time missed and waiting reaches a wake-up's."""
        tasks = patterns.graph("independent", 16, 60)
        for waiting, missed, called in ((7, 0.0, False), (8, 0.0, True), (3, 4000.0, False),
                                        (3, 5000.0, True)):
            run = engine.Simulation(cost(wake_call=5.0), tasks, 1000.0, 3, "auto")
            for t in run.threads[1:]:
                t.idle_since = -1e9
            run.threads[0].chain = list(range(waiting))
            run.threads[0].missed_ns = missed
            price = sum(run.offer_half(run.threads[0]))
            self.assertEqual(5.0 if called else 0.0, price)
            self.assertEqual([called, False], [t.coming for t in run.threads[1:]])
            self.assertEqual([], run.queue) # nobody is in the run yet

    def test_long_kernels_are_offered_singly(self):
        tasks = patterns.graph("independent", 16, 60)
        for kernel, single in ((1990.0, False), (2010.0, True)):
            run = engine.simulate(cost(), tasks, kernel, 4, "auto")
            self.assertEqual(single, run.pushed == len(tasks))
            self.assertEqual(4, len(set(run.owner)))

    def test_the_oldest_runs_next(self):
        """Who becomes ready goes to the front, the oldest of one completion foremost."""
        tasks = patterns.graph("stencil_1d", 4, 3)
        run = engine.simulate(cost(), tasks, 0.0, 1, "deferred")
        order = sorted(range(len(tasks)), key=lambda t: (run.start_of[t], run.end_of[t]))
        self.assertEqual([0, 1, 4, 2, 5, 8, 3, 6, 9, 7, 10, 11], order)


class Kept(unittest.TestCase):
    """What every run keeps."""

    def test_once_and_in_order(self):
        for name in patterns.NAMES:
            tasks = patterns.graph(name, 16, 12)
            for kernel in (0.0, 3000.0):
                for mode, threads, cores in MACHINES:
                    run = engine.simulate(cost(line_move=30.0, rmw_own=5.0), tasks, kernel, threads,
                                          mode, cores=cores)
                    self.assertEqual([1] * len(tasks), run.ran, (name, mode))
                    self.assertAlmostEqual(run.busy_ns, kernel * len(tasks))
                    for task, before in enumerate(run.before):
                        for producer in before:
                            self.assertLessEqual(run.end_of[producer], run.start_of[task],
                                                 (name, mode, threads, cores))

    def test_conflicts_are_ordered(self):
        """Reachability of the recorded edges covers every RAW, WAR and WAW of the graph."""
        for name in patterns.NAMES:
            tasks = patterns.graph(name, 8, 6)
            run = engine.simulate(cost(), tasks, 3000.0, 1, "replay")
            above = []
            for task, (reads, cell, _) in enumerate(tasks):
                reach = set(run.before[task]).union(*(above[p] for p in run.before[task]))
                above.append(reach)
                for other in range(task):
                    theirs, mine = tasks[other], set(reads) | {cell}
                    if theirs[1] in mine or cell in theirs[0]:
                        self.assertIn(other, reach, (name, other, task))

    def test_same_again(self):
        tasks = patterns.graph("spread", 16, 20)
        for mode, threads, cores in MACHINES:
            runs = [engine.simulate(cost(line_move=20.0), tasks, 2500.0, threads, mode, cores=cores)
                    for _ in range(2)]
            self.assertEqual(runs[0].total_ns, runs[1].total_ns)
            self.assertEqual(runs[0].end_of, runs[1].end_of)

    def test_more_costs_more(self):
        for name in ("stencil_1d", "tree"):
            tasks = patterns.graph(name, 16, 20)
            for mode, threads, cores in MACHINES:
                times = [engine.simulate(cost(), tasks, k, threads, mode, cores=cores).total_ns
                         for k in (2500.0, 5000.0, 10000.0)]
                self.assertEqual(times, sorted(times), (name, mode))
            # More lines to move make no run shorter; more cores make none longer.
            self.assertLessEqual(
                engine.simulate(cost(), tasks, 5000.0, 4, "replay", cores=72).total_ns,
                engine.simulate(cost(line_move=200.0), tasks, 5000.0, 4, "replay", cores=72).total_ns)
            self.assertLessEqual(
                engine.simulate(cost(), tasks, 5000.0, 1, "replay", cores=16).total_ns,
                engine.simulate(cost(), tasks, 5000.0, 1, "replay", cores=2).total_ns)


class File(unittest.TestCase):
    """The parameter file."""

    def refused(self, bad, word):
        with self.assertRaisesRegex(params.Bad, word):
            params.Parameters(bad)

    def test_every_parameter_is_wanted(self):
        for name in params.SCALARS:
            bad = document()
            del bad["scalars"][name]
            self.refused(bad, f"'{name}' is missing")
            for wrong, word in ((-1.0, "negative"), ("3", "not a number"), (float("nan"), "not a"),
                                (True, "not a number")):
                self.refused(document(**{name: wrong}), f"'{name}' is .*{word}")
        for name, counts in params.COUNTS.items():
            bad = document()
            del bad["tables"][name]["ns"][str(counts[1])]
            self.refused(bad, f"'{name}' has no row {counts[1]}")
            bad = document()
            bad["tables"][name]["ns"][str(counts[1])] = -2
            self.refused(bad, f"'{name} {counts[1]}' is negative")
        for name in document()["rule"]:
            bad = copy.deepcopy(document())
            del bad["rule"][name]
            self.refused(bad, f"rule.{name}")

    def test_read_from_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "parameters.json")
            with open(path, "w", encoding="utf-8") as handle:
                json.dump(document(line_move=7.5), handle)
            self.assertEqual(7.5, params.load(path).line_move)
            with open(path, "w", encoding="utf-8") as handle:
                handle.write("{")
            with self.assertRaisesRegex(params.Bad, "no JSON"):
                params.load(path)

    def test_a_missing_measurement_is_named(self):
        with self.assertRaisesRegex(params.Bad, "'submit.none' 1 is missing"):
            params.derive({})

    def test_rule_is_the_engines(self):
        rule = params.rule_of(SOURCE)
        self.assertEqual(set(params.RULE), set(rule))
        self.assertTrue(all(isinstance(n, int) and n > 0 for n in rule.values()))
        self.assertLess(rule["shared_ns"], rule["long_ns"])
        with tempfile.TemporaryDirectory() as folder:
            for name, (path, _) in params.RULE.items():
                copied = os.path.join(folder, path)
                os.makedirs(os.path.dirname(copied), exist_ok=True)
                shutil.copy(os.path.join(SOURCE, path), copied)
            self.assertEqual(rule, params.rule_of(folder))
            for name, (path, pattern) in params.RULE.items():
                with open(os.path.join(SOURCE, path), encoding="utf-8") as handle:
                    text = handle.read()
                match = re.search(pattern, text)
                for new in ("", match.group(0).replace(match.group(1), "7")):
                    with open(os.path.join(folder, path), "w", encoding="utf-8") as handle:
                        handle.write(text.replace(match.group(0), new))
                    if new == "":
                        with self.assertRaisesRegex(params.Bad, f"rule '{name}'"):
                            params.rule_of(folder)
                    else:
                        self.assertIn(params.rule_of(folder)[name], (7, 8))
                shutil.copy(os.path.join(SOURCE, path), os.path.join(folder, path))

    def test_between_rows(self):
        self.assertEqual(5.0, params.interpolate({1: 4.0, 3: 6.0}, 2))
        self.assertEqual(8.0, params.interpolate({1: 4.0, 3: 6.0}, 5))


if __name__ == "__main__":
    unittest.main()
