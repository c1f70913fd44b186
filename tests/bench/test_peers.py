"""The peer benchmark's driver: made-up peers that are missing, crash, do not end, print
something else or keep a wrong order; combining of results; the real programs that need no other runtime, checked.

ctest-labels: bench
ctest-timeout: 300
"""

import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ.get("SLIPWAY_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("SLIPWAY_BUILD_DIR", "build"))
FOLDER = os.path.join(SOURCE, "bench", "peers")
sys.path.insert(0, FOLDER)

import plots  # noqa: E402
import results  # noqa: E402

# A peer in Python: answers --describe, and prints a good line for every case but as BAD says.
FAKE = '''#!{python}
import json, sys, time
name, bad, ns = {name!r}, {bad!r}, {ns}
words = sys.argv[1:]
if words == ["--describe"]:
    print("nonsense" if bad == "describe" else json.dumps(
        {{"peer": name, "version": "1", "note": "", "modes": ["auto"]}}))
    sys.exit(0)
options = dict(zip(words[::2], words[1::2])) if "--checked" not in words else dict(
    zip([w for w in words if w != "--checked"][::2], [w for w in words if w != "--checked"][1::2]))
checked = "--checked" in words
if bad == "endless":
    time.sleep(100)
if bad == "crash" and not checked:
    sys.stderr.write("out of luck\\n")
    sys.exit(3)
for pattern in options["--pattern"].split(","):
    for width in options["--width"].split(","):
        if bad == "short" and not checked and pattern == "fft":
            continue
        for size in options.get("--iterations", "0").split(","):
            row = {{"peer": name, "mode": "auto", "pattern": pattern, "width": int(width),
                   "threads": int(options["--threads"]), "tasks": 100, "inputs": 7,
                   "iterations": int(size), "kernel_ns": 1.25 * int(size),
                   "ns": [int(100 * (ns + 1.25 * int(size)))] * 3}}
            if checked:
                row["errors"] = {{"not_once": 0, "inputs": 1 if bad == "order" else 0,
                                 "outputs": 0, "last": 0}}
            if bad == "negative" and not checked:
                row["ns"] = [-5]
            print("{{" if bad == "text" and not checked else json.dumps(row))
sys.exit(1 if bad == "order" else 0)
'''


def row(**changes):
    """A good row."""
    good = {"peer": "a", "mode": "m", "pattern": "fft", "width": 4, "threads": 1, "tasks": 10,
            "inputs": 3, "iterations": 0, "kernel_ns": 0, "ns": [100, 200, 300]}
    return {**good, **changes}


def lines(*rows):
    """What a program prints."""
    return "".join(json.dumps(r) + "\n" for r in rows)


class Parse(unittest.TestCase):
    """What is a row and what is not."""

    WANTED = {("fft", 4)}

    def test_good(self):
        self.assertEqual(len(results.parse(lines(row()), "a", self.WANTED)), 1)

    def test_malformed(self):
        spoiled = [row(ns=[]), row(ns="1"), row(ns=[0]), row(ns=[1.5]), row(ns=[True]),
                   row(tasks=0), row(tasks="9"), row(width=-1), row(pattern="knit"), row(mode=3),
                   row(kernel_ns=5), row(iterations=7), row(kernel_ns="x"), row(peer="b"),
                   row(width=8), row(errors={}), [], 3, None]
        without = [{k: v for k, v in row().items() if k != name} for name in row()]
        for bad in spoiled + without:
            with self.subTest(bad=bad), self.assertRaises(results.Malformed):
                results.parse(lines(bad), "a", self.WANTED)
        for text in ("", "{", "hello\n" + lines(row()), lines(row()) + "\n\n",
                     lines(row()).replace("[100", "[NaN")):
            with self.subTest(text=text), self.assertRaises(results.Malformed):
                results.parse(text, "a", self.WANTED)

    def test_checked(self):
        errors = dict.fromkeys(results.ERRORS, 0)
        self.assertTrue(results.parse(lines(row(errors=errors)), "a", self.WANTED, checked=True))
        for bad in (None, {}, {**errors, "last": -1}, {**errors, "more": 1}, 5):
            with self.subTest(bad=bad), self.assertRaises(results.Malformed):
                results.parse(lines(row(errors=bad)), "a", self.WANTED, checked=True)


class Combine(unittest.TestCase):
    """Medians, METG, ratios, losses."""

    def test_rounds_are_one_row(self):
        found = results.combine([row(ns=[100, 500]), row(ns=[300]), row(mode="n")])
        self.assertEqual([(r["ns_per_task"], r["lowest"], r["highest"]) for r in found],
                         [(30, 10, 50), (20, 10, 30)])
        self.assertEqual(found[0]["tasks_per_second"], round(1e9 / 30))

    def test_metg(self):
        self.assertEqual(results.metg_of([(100, 0.25), (400, 0.75)])[0].__round__(6), 200)
        self.assertEqual(results.metg_of([(100, 0.6), (400, 0.75)]), (100, "<="))
        self.assertEqual(results.metg_of([(100, 0.1), (400, 0.4)]), (None, ""))
        # An overhead of 300 ns a task on one thread: half of the time at a task of 600 ns.
        sweep = [row(iterations=n, kernel_ns=n, ns=[10 * (n + 300)]) for n in (400, 100, 200)]
        found = results.metg(results.combine(sweep))
        self.assertEqual(len(found), 1)
        self.assertLess(abs(found[0]["metg_ns"] - 600), 10)

    def test_ratio_and_losses(self):
        rows = results.combine([row(peer="slipway", mode="auto", ns=[200]), row(ns=[100]),
                                row(peer="b", ns=[400]), row(peer="serial", ns=[1])])
        results.ratios(rows, "ns_per_task")
        self.assertEqual([r["ratio"] for r in rows], [1, 0.5, 2, 0.005])
        self.assertEqual([r["peer"] for r in results.losses(rows, "ns_per_task")], ["a"])


class Driver(unittest.TestCase):
    """The whole driver with made-up peers."""

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="slipway-peers-test-")
        self.folder = os.path.join(self.scratch.name, "bench", "peers")
        os.makedirs(self.folder)
        self.manifest = []

    def tearDown(self):
        self.scratch.cleanup()

    def fake(self, name, ns=50, bad=""):
        """Makes a peer."""
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(FAKE.format(python=sys.executable, name=name, bad=bad, ns=ns))
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        self.manifest.append(f"{name}\t{path}")

    def drive(self, *words):
        """(exit code, result, what was said) of the driver."""
        with open(os.path.join(self.folder, "manifest.tsv"), "w", encoding="utf-8") as handle:
            handle.write("\n".join(self.manifest) + "\n")
        out = os.path.join(self.scratch.name, "out.json")
        done = subprocess.run([sys.executable, os.path.join(FOLDER, "peers.py"), "--build",
                               self.scratch.name, "--quick", "--limit", "0", "--threads", "1",
                               "--patterns", "fft,stencil_1d", "--json", out, *words],
                              capture_output=True, text=True, check=False)
        result = None
        if os.path.exists(out):
            with open(out, encoding="utf-8") as handle:
                result = json.load(handle)
        return done.returncode, result, done.stdout + done.stderr

    def test_good_and_missing(self):
        self.fake("slipway")
        self.fake("quick", ns=25)
        self.manifest.append("absent\t-\tits library was not found (Debian: libabsent-dev)")
        self.manifest.append(f"unbuilt\t{self.folder}/unbuilt")
        code, result, said = self.drive()
        self.assertEqual((code, result["problems"]), (0, []), said)
        self.assertEqual(set(result["skipped"]), {"absent", "unbuilt"})
        self.assertIn("absent is skipped: its library was not found (Debian: libabsent-dev)", said)
        self.assertIn("Skipped: absent", said)
        ratio = {(r["peer"], r["pattern"]): r["ratio"] for r in result["empty"]}
        self.assertEqual(ratio, {("slipway", "fft"): 1, ("slipway", "stencil_1d"): 1,
                                 ("quick", "fft"): 0.5, ("quick", "stencil_1d"): 0.5})
        metg = {r["peer"]: r["metg_ns"] for r in result["metg"]}
        self.assertEqual(set(metg), {"slipway", "quick"})
        self.assertIn("quick auto", said[said.index("where slipway auto loses"):])

    def test_bad_peers_are_named_and_the_rest_goes_on(self):
        self.fake("slipway")
        for bad in ("crash", "short", "text", "negative", "order", "describe"):
            self.fake("bad_" + bad, bad=bad)
        code, result, said = self.drive()
        self.assertEqual(code, 1, said)
        for bad, words in (("crash", "exit code 3"), ("crash", "out of luck"),
                           ("short", "no line for fft width 16"), ("text", "is no JSON"),
                           ("negative", "no list 'ns'"), ("order", "kept a wrong order in fft"),
                           ("describe", "does not describe itself")):
            self.assertTrue(any(p.startswith(f"bad_{bad}: ") and words in p
                                for p in result["problems"]), (bad, words, result["problems"]))
        self.assertEqual({r["pattern"] for r in result["empty"] if r["peer"] == "slipway"},
                         {"fft", "stencil_1d"})
        # What kept a wrong order, or printed something else, has no figures at all.
        shown = {(r["peer"], r["pattern"]) for r in result["empty"]}
        self.assertEqual(shown - {("slipway", "fft"), ("slipway", "stencil_1d")},
                         {("bad_short", "stencil_1d")})

    def test_endless(self):
        self.fake("slipway")
        self.fake("bad", bad="endless")
        code, result, said = self.drive("--program-limit", "3")
        self.assertEqual((code, len(result["problems"])), (1, 1), said)
        self.assertIn("did not end within 3 s", result["problems"][0])

    def test_wrong_options(self):
        self.fake("slipway")
        for words in (("--peers", "nobody"), ("--patterns", "knit"), ("--threads", "x")):
            self.assertNotEqual(self.drive(*words)[0], 0, words)

    def test_page(self):
        self.fake("slipway")
        page = os.path.join(self.scratch.name, "page.md")
        with open(page, "w", encoding="utf-8") as handle:
            handle.write("a\n<!-- peers: empty-1 -->\nold\n<!-- end -->\nb\n"
                         "<!-- peers: losses -->\n<!-- end -->\n")
        self.assertEqual(self.drive("--docs", page)[0], 0)
        with open(page, encoding="utf-8") as handle:
            text = handle.read()
        self.assertNotIn("old", text)
        self.assertIn("| fft | 16 | 50.0 [50.0 .. 50.0] |", text)
        self.assertIn("<!-- end -->\nb\n", text)
        self.assertIn("Nowhere in this run.", text)


class Plots(unittest.TestCase):
    """SVG plots, where matplotlib is there."""

    def test_plots(self):
        rows = results.combine([row(peer="slipway", mode="auto", width=w) for w in (2, 4)])
        sweep = results.metg(results.combine(
            [row(iterations=n, kernel_ns=n, ns=[10 * (n + 300)]) for n in (100, 400)]))
        with tempfile.TemporaryDirectory() as folder:
            said = plots.draw({"empty": rows, "metg": sweep}, folder)
            if "matplotlib is missing" in said:
                self.skipTest(said)
            for name in ("empty-1.svg", "efficiency-1.svg"):
                with open(os.path.join(folder, name), encoding="utf-8") as handle:
                    self.assertIn("</svg>", handle.read())


class Programs(unittest.TestCase):
    """The real programs that need no other runtime."""

    @classmethod
    def setUpClass(cls):
        if not os.path.exists(os.path.join(BUILD, "bench", "peers", "serial")):
            raise unittest.SkipTest("the benchmarks are not built")

    def checked(self, name, *words):
        """Exit code and rows of a checked run over all patterns."""
        widths = (2, 16, 64)
        done = subprocess.run(
            [os.path.join(BUILD, "bench", "peers", name), "--checked", "--tasks", "3000",
             "--width", ",".join(map(str, widths)), "--repetitions", "2", *words],
            capture_output=True, text=True, check=False)
        wanted = {(p, w) for p in results.PATTERNS for w in widths}
        return done.returncode, results.parse(done.stdout, name, wanted, checked=True)

    def test_slipway_keeps_every_order(self):
        for threads in ("1", "2", "4"):
            code, rows = self.checked("slipway", "--threads", threads)
            self.assertEqual(code, 0)
            self.assertEqual({r["mode"] for r in rows}, {"inline", "deferred", "shared", "auto",
                                                       "relaunch", "relaunch_shared"})
            self.assertTrue(all(not any(r["errors"].values()) for r in rows))

    def test_wrong_orders_are_caught(self):
        self.assertEqual(self.checked("serial", "--mode", "calls")[0], 0)
        code, rows = self.checked("serial", "--mode", "reversed")
        self.assertEqual(code, 1)
        for r in rows:
            self.assertEqual(any(r["errors"].values()), r["pattern"] != "independent", r)
        code, rows = self.checked("serial", "--mode", "lossy")
        self.assertEqual(code, 1)
        self.assertTrue(all(r["errors"]["not_once"] > 0 for r in rows))

    def test_options(self):
        program = os.path.join(BUILD, "bench", "peers", "serial")
        for words in (["--width", "3"], ["--width", "128"], ["--pattern", "knit"], ["--tasks", "0"],
                      ["--threads"], ["--mode", "none"], ["--iterations", "1,,2"], ["--what", "1"]):
            done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)


if __name__ == "__main__":
    unittest.main()
