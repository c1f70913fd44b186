"""Instructions of submit, complete, replay and bind are not more than recorded; counts repeat exactly
enough; a record that was changed, or a count that grew, fails.

ctest-labels: instructions
ctest-timeout: 300
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ.get("SLIPWAY_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("SLIPWAY_BUILD_DIR", "build"))
TOOL = os.path.join(SOURCE, "scripts", "instructions.py")
RECORD = os.path.join(SOURCE, "bench", "instructions.json")
sys.path.insert(0, os.path.join(SOURCE, "scripts"))

import instructions  # noqa: E402


def tool(*words):
    """(exit code, output) of the tool."""
    done = subprocess.run([sys.executable, TOOL, "--build", BUILD, *words], capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout + done.stderr


class Tool(unittest.TestCase):
    """What the tool says of counts that are given to it."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="slipway-instructions-test-")
        self.key = instructions.build_name(BUILD)
        self.counts = {name: 100.0 + i for i, name in enumerate(instructions.COUNTS)}

    def tearDown(self):
        self.folder.cleanup()

    def path(self, name, value):
        """Writes a JSON file."""
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as handle:
            json.dump(value, handle)
        return path

    def verdict(self, recorded, key=None):
        """The tool's verdict of self.counts against a record."""
        record = {"tolerance_percent": 5, "builds": {key or self.key: recorded}}
        return tool("--measured", self.path("counts", self.counts), "--against",
                    self.path("record", record))

    def test_equal_passes(self):
        self.assertEqual(self.verdict(self.counts)[0], 0)

    def test_each_growth_fails_and_is_named(self):
        for name, value in self.counts.items():
            code, text = self.verdict({**self.counts, name: value / 1.051})
            self.assertEqual((code, f"FAILED: {name}." in text), (1, True), text)
            self.assertEqual(self.verdict({**self.counts, name: value / 1.049})[0], 0)

    def test_less_passes_and_says_so(self):
        code, text = self.verdict({**self.counts, "bind.hit": 1e6})
        self.assertEqual((code, "record it" in text), (0, True), text)

    def test_missing_fails(self):
        fewer = dict(self.counts)
        del fewer["bind.hit"]
        self.assertEqual(self.verdict(fewer)[0], 1)
        self.assertEqual(self.verdict({**self.counts, "submit.gone": 5.0})[0], 1)

    def test_other_compiler_skips(self):
        self.assertEqual(self.verdict(self.counts, "cc 1, Debug, pdp11")[0], 77)

    def test_record_enters_counts(self):
        counts, record = self.path("counts", self.counts), self.path("record", {
            "tolerance_percent": 5, "builds": {}})
        self.assertEqual(tool("--measured", counts, "--against", record, "--record")[0], 0)
        self.assertEqual(tool("--measured", counts, "--against", record)[0], 0)


class Counted(unittest.TestCase):
    """The real counts of this build."""

    @classmethod
    def setUpClass(cls):
        cls.measured = instructions.measure(BUILD)
        cls.folder = tempfile.TemporaryDirectory(prefix="slipway-instructions-test-")
        cls.path = os.path.join(cls.folder.name, "counts")
        with open(cls.path, "w", encoding="utf-8") as handle:
            json.dump(cls.measured, handle)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_not_more_than_recorded(self):
        code, text = tool("--measured", self.path)
        print(text)
        if code == 77:
            self.skipTest(text)
        self.assertEqual(code, 0, text)

    def test_tampered_record_fails(self):
        key = instructions.build_name(BUILD)
        record = instructions.load(RECORD)
        if key not in record["builds"]:
            self.skipTest("no record of this compiler")
        for name in ("submit.chain", "complete.stencil_1d", "replay.nearest", "bind.hit"):
            spoiled = json.loads(json.dumps(record))
            spoiled["builds"][key][name] *= 0.9
            path = os.path.join(self.folder.name, "spoiled")
            with open(path, "w", encoding="utf-8") as handle:
                json.dump(spoiled, handle)
            code, text = tool("--measured", self.path, "--against", path)
            self.assertEqual(code, 1, text)
            self.assertIn(name, text)

    def test_counts_repeat(self):
        names = ("submit.stencil_1d", "complete.stencil_1d", "task.inline.chain", "replay.chain",
                 "bind.hit")
        for name, value in instructions.measure(BUILD, names).items():
            # Kernels are timed now and then, so a busy machine adds a little to whole tasks.
            most = 0.02 if name.startswith(("task.", "replay.")) else 0.001
            self.assertLess(abs(value / self.measured[name] - 1), most, name)


if __name__ == "__main__":
    if os.environ.get("SLIPWAY_SANITIZE"):
        print("skipped: a sanitizer's instructions are not the library's")
        sys.exit(77)
    try:
        instructions.prefix()
        if not os.path.exists(os.path.join(BUILD, "bench", "peers", "slipway")):
            raise instructions.Unavailable("the benchmarks are not built")
    except instructions.Unavailable as why:
        print(f"skipped: {why}")
        sys.exit(77)
    unittest.main()
