"""The rules of test_source.py notice what they are for: a tree with one offence at a time.

ctest-labels: style
"""

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = "/* x.c - an offence. */\n"


def body(text, head="void slipi_f(void)"):
    """A file with one commented function."""
    return f"{HEAD}/* Does it. */\n{head}\n{{\n{text}\n}}\n"


# rule (its beginning): path and text of a file that breaks it
OFFENCES = {
    "no words of": ("src/base/x.c", HEAD + "/* TO" "DO: more */\n"),
    "no marks of": ("docs/x.md", "# X\n\n<<<<<<< HEAD\n"),
    "no volatile": ("src/base/x.c", HEAD + "static volatile int x;\n"),
    "no alloca": ("src/base/x.c", body("    use(alloca(8));")),
    "C11 atomics": ("src/base/x.c", HEAD + "static _Atomic int x;\n"),
    "no stand-alone fence": ("src/base/x.c", body("    slipi_fence();")),
    "inline assembly": ("src/task/x.c", body("    __asm__(\"nop\");")),
    "include arrows": ("src/base/x.c", HEAD + '#include "runner/run.h"\n'),
    "files of at most": ("src/base/x.c", HEAD + "\n" * 1000),
    "functions of at most": ("src/base/x.c", body("    x();\n" * 70)),
    "lines of at most": ("src/base/x.c", HEAD + "/*" + " " * 99 + "*/\n"),
    "names:": ("src/base/x.c", body("    x();", "static void slipi_f(void)")),
    "every file starts": ("src/base/x.c", "static int x;\n"),
    "every public function": ("include/slipway/x.h", HEAD + "\nSLIP_API void slip_x(void);\n"),
    "at least 80%": ("src/base/x.c", HEAD + "\nvoid slipi_f(void)\n{\n    x();\n}\n"),
    "public functions that return": ("include/slipway/x.h",
                                     HEAD + "/* X. */\nSLIP_API slip_status slip_x(void);\n"),
    "no recursion": ("src/base/x.c", body("    slipi_f();")),
    "shared layouts": ("src/abi/x.h", HEAD + "typedef struct slipi_x {\n    void *p;\n} slipi_x;\n"),
    "braces always": ("src/base/x.c", body("    if (x)\n        y();")),
    "public option structs": ("include/slipway/x.h", HEAD +
                              "typedef struct slip_x_options {\n    int x;\n} slip_x_options;\n"),
}
GOOD = ("src/base/x.c", body("    do {\n        x();\n    } while (y());\n    if (z) {\n    }"))


class Rules(unittest.TestCase):
    """Each offence fails its own rule and no other."""

    def check(self, path, text):
        """Runs the rules over a tree of one file; the names of those that failed."""
        with tempfile.TemporaryDirectory(prefix="slipway-style-test-") as root:
            os.makedirs(os.path.join(root, os.path.dirname(path)))
            with open(os.path.join(root, path), "w", encoding="utf-8") as handle:
                handle.write(text)
            result = subprocess.run([sys.executable, os.path.join(HERE, "test_source.py")],
                                    capture_output=True, text=True, check=False,
                                    env={**os.environ, "SLIPWAY_SOURCE_DIR": root})
        self.rules = {line[7:] for line in result.stdout.split("\n")
                      if line.startswith(("ok     ", "FAILED "))}
        failed = [line[7:] for line in result.stdout.split("\n") if line.startswith("FAILED ")]
        self.assertEqual(result.returncode, 1 if failed else 0, result.stdout + result.stderr)
        return failed

    def test_good(self):
        self.assertEqual(self.check(*GOOD), [])

    def test_offences(self):
        for rule, (path, text) in OFFENCES.items():
            with self.subTest(rule=rule):
                failed = self.check(path, text)
                self.assertEqual(len(failed), 1, failed)
                self.assertTrue(failed[0].startswith(rule), failed)

    def test_every_rule_has_an_offence(self):
        self.check(*GOOD)
        for rule in self.rules:
            self.assertTrue(any(rule.startswith(known) for known in OFFENCES), rule)


if __name__ == "__main__":
    unittest.main()
