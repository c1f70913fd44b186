"""scripts/lint.py over a small repository and a fake clang-tidy.

The fake writes down what it was called with and the database entry of the file, and reports a
finding if the file holds the word WRONG.

ctest-labels: lint row S10
"""

import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ.get("SLIPWAY_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LINT = os.path.join(ROOT, "scripts", "lint.py")

FAKE = f"""#!{sys.executable}
import json, os, sys
folder = sys.argv[sys.argv.index("-p") + 1]
path = sys.argv[-1]
with open(os.path.join(folder, "compile_commands.json")) as handle:
    entries = [e for e in json.load(handle) if os.path.realpath(e["file"]) == path]
with open(os.environ["FAKE_LOG"], "a") as log:
    log.write(json.dumps({{"path": path, "entries": entries}}) + "\\n")
if "WRONG" in open(path).read():
    print(path + ":1:1: error: wrong word [fake-check,-warnings-as-errors]")
    sys.exit(1)
"""


class LintCase(unittest.TestCase):
    """A repository with one committed file a.c, and changes on top."""

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="slipway-lint-test-")
        base = os.path.realpath(self.scratch.name)
        self.repo = os.path.join(base, "repo")
        self.build = os.path.join(base, "build")
        self.log = os.path.join(base, "log")
        self.tool = os.path.join(base, "fake-clang-tidy")
        os.makedirs(os.path.join(self.repo, "src"))
        os.makedirs(self.build)
        with open(self.tool, "w", encoding="utf-8") as handle:
            handle.write(FAKE)
        os.chmod(self.tool, os.stat(self.tool).st_mode | stat.S_IXUSR)
        self.git("init", "-q")
        self.write("README", "a repository\n")
        self.commit()
        self.write("src/a.c", "int a;\n")

    def tearDown(self):
        self.scratch.cleanup()

    def git(self, *arguments):
        """Runs git in the repository, independent of the user's configuration."""
        subprocess.run(["git", "-C", self.repo, "-c", "user.name=t", "-c", "user.email=t@t.invalid",
                        "-c", "commit.gpgsign=false", *arguments], check=True, capture_output=True)

    def commit(self):
        """Commits everything."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "change")

    def write(self, name, text):
        """Writes a file of the repository; returns its path."""
        path = os.path.join(self.repo, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)
        return path

    def path(self, name):
        """Path of a file of the repository."""
        return os.path.join(self.repo, name)

    def entry(self, path, flags=(), **changes):
        """A database entry with `arguments` for a file."""
        entry = {"directory": self.build, "file": path,
                 "arguments": ["cc", *flags, "-c", path, "-o", "x.o"]}
        entry.update(changes)
        return {key: value for key, value in entry.items() if value is not None}

    def database(self, *entries):
        """Writes the compile database."""
        with open(os.path.join(self.build, "compile_commands.json"), "w",
                  encoding="utf-8") as handle:
            json.dump(list(entries), handle)

    def lint(self, start="HEAD", end=""):
        """Runs the lint; returns its exit code. Output and calls are kept."""
        if os.path.exists(self.log):
            os.remove(self.log)
        result = subprocess.run(
            [sys.executable, LINT, "--from", start, "--to", end, "--build", self.build, "--root",
             self.repo], capture_output=True, text=True, check=False,
            env={**os.environ, "CLANG_TIDY": self.tool, "FAKE_LOG": self.log})
        self.output = result.stdout + result.stderr
        self.calls = []
        if os.path.exists(self.log):
            with open(self.log, encoding="utf-8") as handle:
                self.calls = [json.loads(line) for line in handle]
        return result.returncode

    def linted(self):
        """Names of the linted files."""
        return sorted(os.path.relpath(call["path"], self.repo) for call in self.calls)

    def arguments(self, name):
        """The arguments in the database entry that the tool saw for a file."""
        (call,) = [c for c in self.calls if c["path"] == self.path(name)]
        (entry,) = call["entries"]
        self.assertNotIn("command", entry)
        return entry["arguments"]

    def assert_skipped(self, word):
        """A warning names what was skipped, and a.c was linted all the same."""
        self.assertIn("warning: skipped", self.output)
        self.assertIn(word, self.output)
        self.assertEqual(self.linted(), ["src/a.c"])


class Selection(LintCase):
    """Which files are linted."""

    def test_clean_file(self):
        self.database(self.entry(self.path("src/a.c")))
        self.assertEqual(self.lint(), 0, self.output)
        self.assertEqual(self.linted(), ["src/a.c"])

    def test_finding_fails(self):
        self.write("src/a.c", "int WRONG;\n")
        self.database(self.entry(self.path("src/a.c")))
        self.assertEqual(self.lint(), 1, self.output)
        self.assertIn("fake-check", self.output)

    def test_only_changed_files(self):
        self.commit()
        wrong = self.write("src/old.c", "int WRONG;\n")
        self.commit()
        self.write("src/b.c", "int b;\n")
        self.commit()
        self.database(self.entry(self.path("src/a.c")), self.entry(wrong),
                      self.entry(self.path("src/b.c")))
        self.assertEqual(self.lint("HEAD~1", "HEAD"), 0, self.output)
        self.assertEqual(self.linted(), ["src/b.c"])
        self.assertEqual(self.lint("HEAD~2", "HEAD"), 1, self.output)
        self.assertEqual(self.linted(), ["src/b.c", "src/old.c"])

    def test_header_through_a_source(self):
        self.write("src/a.h", "extern int a;\n")
        self.write("src/a.c", '#include "a.h"\nint a;\n')
        self.commit()
        self.write("src/a.h", "extern int a; /* changed */\n")
        self.database(self.entry(self.path("src/a.c")))
        self.assertEqual(self.lint(), 0, self.output)
        self.assertEqual(self.linted(), ["src/a.c"])

    def test_nothing_changed(self):
        self.commit()
        self.assertEqual(self.lint(), 0, self.output)
        self.assertEqual(self.linted(), [])

    def test_changed_file_without_entry(self):
        self.write("src/new.c", "int WRONG;\n")
        self.database(self.entry(self.path("src/a.c")))
        self.assertEqual(self.lint(), 0, self.output)
        self.assertIn("src/new.c is not in the database", self.output)
        self.assertEqual(self.linted(), ["src/a.c"])

    def test_unknown_revision(self):
        self.database(self.entry(self.path("src/a.c")))
        self.assertEqual(self.lint("no-such-revision"), 2, self.output)


class Entries(LintCase):
    """Entries that are not as they should be."""

    def test_vanished_entry(self):
        self.database(self.entry(self.path("src/gone.c")), self.entry(self.path("src/a.c")))
        self.assertEqual(self.lint(), 0, self.output)
        self.assert_skipped("src/gone.c")

    def test_vanished_entry_does_not_hide_findings(self):
        self.write("src/a.c", "int WRONG;\n")
        self.database(self.entry(self.path("src/gone.c")), self.entry(self.path("src/a.c")))
        self.assertEqual(self.lint(), 1, self.output)

    def test_repair_finds_no_file(self):
        self.database(self.entry("/elsewhere/checkout/src/unknown.c"),
                      self.entry(self.path("src/a.c")))
        self.assertEqual(self.lint(), 0, self.output)
        self.assert_skipped("/elsewhere/checkout/src/unknown.c")

    def test_repaired_entry(self):
        self.write("src/a.c", "int WRONG;\n")
        self.database(self.entry("/elsewhere/checkout/src/a.c", ["-I/elsewhere/checkout/include"],
                                 directory="/elsewhere/checkout/build"))
        self.assertEqual(self.lint(), 1, self.output)
        self.assertEqual(self.linted(), ["src/a.c"])
        arguments = self.arguments("src/a.c")
        self.assertIn(self.path("src/a.c"), arguments)
        self.assertIn("-I" + self.path("include"), arguments)

    def test_repaired_relative_entry(self):
        self.database({"directory": "/elsewhere/checkout/build", "file": "../src/a.c",
                       "command": "cc -c ../src/a.c -o a.o"})
        self.assertEqual(self.lint(), 0, self.output)
        self.assertIn(self.path("src/a.c"), self.arguments("src/a.c"))

    def test_repaired_entry_without_command(self):
        self.write("src/b.c", "int b;\n")
        self.database(self.entry("/elsewhere/src/b.c", arguments=None),
                      self.entry(self.path("src/a.c")))
        self.assertEqual(self.lint(), 0, self.output)
        self.assert_skipped("still invalid")

    def test_repaired_entry_that_compiles_something_else(self):
        self.write("src/b.c", "int b;\n")
        self.database(self.entry("/elsewhere/src/b.c", arguments=["cc", "-c", "/other/c.c"]),
                      self.entry(self.path("src/a.c")))
        self.assertEqual(self.lint(), 0, self.output)
        self.assert_skipped("still invalid")

    def test_repaired_entry_with_unreadable_command(self):
        self.write("src/b.c", "int b;\n")
        self.database(self.entry("/elsewhere/src/b.c", arguments=None, command="cc 'open quote"),
                      self.entry(self.path("src/a.c")))
        self.assertEqual(self.lint(), 0, self.output)
        self.assert_skipped("still invalid")

    def test_malformed_entries(self):
        self.database(17, {"file": "x.c"}, {"directory": self.build},
                      self.entry(self.path("src/a.c")))
        self.assertEqual(self.lint(), 0, self.output)
        self.assertEqual(self.linted(), ["src/a.c"])


class Flags(LintCase):
    """Flags that only the compiler knows."""

    FOREIGN = ["-fanalyzer", "--param", "max-inline-insns-single=500", "-Wlogical-op",
               "-Wformat-truncation=2", "-fmodules-ts", "-fsanitize=thread", "-flto=auto",
               "--param=ggc-min-expand=1", "-fplugin=x.so"]
    KEPT = ["-std=c11", "-DNAME=\"a b\"", "-Wall", "-O2", "-Iinclude"]

    def assert_stripped(self):
        arguments = self.arguments("src/a.c")
        for flag in self.FOREIGN:
            self.assertNotIn(flag, arguments)
        for flag in self.KEPT:
            self.assertIn(flag, arguments)
        self.assertIn(self.path("src/a.c"), arguments)

    def test_arguments(self):
        self.database(self.entry(self.path("src/a.c"), self.KEPT + self.FOREIGN))
        self.assertEqual(self.lint(), 0, self.output)
        self.assert_stripped()

    def test_command(self):
        words = ["cc", *self.KEPT, *self.FOREIGN, "-c", self.path("src/a.c")]
        command = " ".join("'" + word + "'" for word in words)
        self.database(self.entry(self.path("src/a.c"), arguments=None, command=command))
        self.assertEqual(self.lint(), 0, self.output)
        self.assert_stripped()

    def test_repaired(self):
        self.database(self.entry("/elsewhere/src/a.c", self.KEPT + self.FOREIGN))
        self.assertEqual(self.lint(), 0, self.output)
        self.assert_stripped()


class NoDatabase(LintCase):
    """Nothing can be linted: that is a failure, not a pass."""

    def test_missing(self):
        self.assertEqual(self.lint(), 2, self.output)
        self.assertIn("no compile database", self.output)

    def test_not_json(self):
        with open(os.path.join(self.build, "compile_commands.json"), "w",
                  encoding="utf-8") as handle:
            handle.write("[{")
        self.assertEqual(self.lint(), 2, self.output)

    def test_no_list(self):
        with open(os.path.join(self.build, "compile_commands.json"), "w",
                  encoding="utf-8") as handle:
            handle.write("{}")
        self.assertEqual(self.lint(), 2, self.output)

    def test_empty(self):
        self.database()
        self.assertEqual(self.lint(), 2, self.output)

    def test_no_entry_is_usable(self):
        self.database(self.entry(self.path("src/gone.c")), self.entry("/elsewhere/unknown.c"))
        self.assertEqual(self.lint(), 2, self.output)
        self.assertIn("none is usable", self.output)


if __name__ == "__main__":
    unittest.main()
