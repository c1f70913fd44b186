"""scripts/check_rows.py over a tiny project with two behaviours, `add` (A) and `negate` (N).

ctest-labels: rows-tool
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ.get("SLIPWAY_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.path.join(ROOT, "scripts", "check_rows.py")

CMAKE = """
cmake_minimum_required(VERSION 3.25)
project(tiny LANGUAGES C)
enable_testing()
add_custom_target(tests-row)
foreach(name add negate)
  add_executable(test_${name} test_${name}.c math.c)
  add_dependencies(tests-row test_${name})
  add_test(NAME ${name} COMMAND test_${name})
endforeach()
set_tests_properties(add PROPERTIES LABELS "row;A")
set_tests_properties(negate PROPERTIES LABELS "row;N")
add_test(NAME other COMMAND false)
"""
FILES = {
    "CMakeLists.txt": CMAKE,
    "math.c": "int add(int a, int b);\nint negate(int a);\n"
              "int add(int a, int b)\n{\n    return a + b;\n}\n"
              "int negate(int a)\n{\n    return -a;\n}\n",
    "test_add.c": "int add(int a, int b);\nint main(void)\n{\n    return add(1, 2) != 3;\n}\n",
    "test_negate.c": "int negate(int a);\nint main(void)\n{\n    return negate(1) != -1;\n}\n",
}
A_MUTANT = {"label": "A", "name": "subtracts", "file": "math.c", "find": "a + b",
            "replace": "a - b"}
N_MUTANT = {"label": "N", "name": "does not negate", "file": "math.c", "find": "return -a",
            "replace": "return a"}


class RowsCase(unittest.TestCase):
    """One project and one work folder for all cases: every call finds the copy as it was left."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.mkdtemp(prefix="slipway-rows-test-")
        cls.source = os.path.join(cls.scratch, "source")
        os.makedirs(cls.source)
        for name, text in FILES.items():
            with open(os.path.join(cls.source, name), "w", encoding="utf-8") as handle:
                handle.write(text)
        subprocess.run(["git", "-C", cls.source, "init", "-q"], check=True)
        subprocess.run(["git", "-C", cls.source, "add", "-A"], check=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.scratch)

    def check(self, mutants, *options):
        """Runs the tool over a list of mutants; returns its exit code, keeps its output."""
        path = os.path.join(self.scratch, "mutants.json")
        with open(path, "w", encoding="utf-8") as handle:
            json.dump(mutants, handle)
        result = subprocess.run([sys.executable, TOOL, "--mutants", path, "--source", self.source,
                                 "--work", os.path.join(self.scratch, "work"), *options],
                                capture_output=True, text=True, check=False)
        self.output = result.stdout + result.stderr
        return result.returncode

    def test_noticed(self):
        self.assertEqual(self.check([A_MUTANT, N_MUTANT], "--require", "A,N"), 0, self.output)
        self.assertIn("2 passed, 0 failed", self.output)

    def test_tree_is_left_alone(self):
        self.assertEqual(self.check([A_MUTANT]), 0, self.output)
        with open(os.path.join(self.source, "math.c"), encoding="utf-8") as handle:
            self.assertEqual(handle.read(), FILES["math.c"])

    def test_not_noticed(self):
        mutant = {**A_MUTANT, "replace": "b + a"}
        self.assertEqual(self.check([mutant, N_MUTANT]), 1, self.output)
        self.assertIn("not noticed by add", self.output)
        self.assertIn("1 passed, 1 failed", self.output)

    def test_noticed_by_another(self):
        self.assertEqual(self.check([{**A_MUTANT, "label": "N"}]), 1, self.output)
        self.assertIn("also failed add", self.output)

    def test_label_without_test(self):
        self.assertEqual(self.check([{**A_MUTANT, "label": "Z"}]), 1, self.output)
        self.assertIn("no test is labelled row and Z", self.output)

    def test_required_without_mutant(self):
        self.assertEqual(self.check([A_MUTANT], "--require", "A,N"), 1, self.output)
        self.assertIn("N: no mutant", self.output)

    def test_mutant_that_does_not_compile(self):
        self.assertEqual(self.check([{**A_MUTANT, "replace": "a +* b"}]), 1, self.output)
        self.assertIn("build failed", self.output)

    def test_text_occurs_not_once(self):
        self.assertEqual(self.check([{**A_MUTANT, "find": "return"}]), 2, self.output)
        self.assertIn("occurs 2 times", self.output)
        self.assertEqual(self.check([{**A_MUTANT, "find": "a * b"}]), 2, self.output)
        self.assertIn("occurs 0 times", self.output)

    def test_bad_lists(self):
        self.assertEqual(self.check({"label": "A"}), 2, self.output)
        self.assertEqual(self.check([{"label": "A"}]), 2, self.output)
        self.assertEqual(self.check([{**A_MUTANT, "file": "gone.c"}]), 2, self.output)

    def test_only(self):
        self.assertEqual(self.check([A_MUTANT, N_MUTANT], "--only", "N"), 0, self.output)
        self.assertIn("1 passed, 0 failed", self.output)


if __name__ == "__main__":
    unittest.main()
