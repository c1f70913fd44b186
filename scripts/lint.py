#!/usr/bin/env python3
"""Runs clang-tidy on the C files that changed between two revisions.

Usage: lint.py [--from REV] [--to REV] [--build DIR] [--jobs N] [--root DIR]

Called by `make lint FROM= TO=`. Without --to, the working tree is compared. The compile database
of the build folder tells how each file is compiled; it may be older than the tree, or come from
another checkout of it:

  - an entry whose file is gone from this tree is warned about and skipped;
  - an entry whose file lies in another checkout is repaired: the file with the longest common path
    end in this tree takes its place. If there is none, it is warned about and skipped;
  - a repaired entry that still could not be compiled (no folder, no command, file not named in the
    command) is warned about and skipped;
  - flags that only the compiler knows are taken out of `command` and `arguments`.

Changed files with an entry are linted, and findings fail. A changed header is linted through a
source that includes it. Exit code: 0 clean, 1 findings, 2 could not lint (no usable database).
"""

import argparse
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

# Flags of gcc that clang does not know: alone, by their beginning, and with a value behind them.
ALONE = {
    "-fanalyzer", "-fconserve-stack", "-fno-allow-store-data-races", "-fprofile-abs-path",
    "-fno-var-tracking-assignments", "-fvar-tracking", "-fvar-tracking-assignments",
    "-fno-tree-loop-vectorize", "-fipa-pta", "-fno-ipa-icf", "-fno-ipa-cp", "-fno-ipa-sra",
    "-fno-semantic-interposition", "-fstack-clash-protection", "-fcf-protection=none",
    "-Wlogical-op", "-Wduplicated-cond", "-Wduplicated-branches", "-Wjump-misses-init",
    "-Wtrampolines", "-Wunsafe-loop-optimizations", "-Wsuggest-attribute=const",
    "-Wno-maybe-uninitialized", "-Wmaybe-uninitialized", "-Wno-stringop-overflow",
    "-Wno-stringop-truncation", "-Wno-format-truncation", "-Wformat-truncation",
    "-Wformat-overflow", "-fmodules-ts", "-fno-lto",
}
BEGINNINGS = ("-Wformat-overflow=", "-Wformat-truncation=", "-Wstringop-overflow=",
              "-Warray-bounds=", "-Wshift-overflow=", "-Wimplicit-fallthrough=", "-Walloc-size",
              "-fanalyzer-", "-fdump-", "-fopt-info", "-fsanitize=", "-fno-sanitize",
              "-fmodule-mapper=", "-fdeps-format=", "-flto", "-fuse-linker-plugin",
              "-mno-fp-ret-in-387", "-mpreferred-stack-boundary=", "-mindirect-branch",
              "-mfunction-return", "-mrecord-mcount", "-Wa,")
WITH_VALUE = {"--param", "-fplugin", "-aux-info"}
WITH_JOINED_VALUE = ("--param=", "-fplugin=", "-fplugin-arg-")

SOURCES = (".c",)
HEADERS = (".h",)


def warn(text):
    """Prints a warning; the lint goes on."""
    print(f"lint: warning: {text}", file=sys.stderr)


class LintError(Exception):
    """The lint cannot be done at all."""


def strip_flags(arguments):
    """The arguments of a compiler without those that only the compiler knows."""
    kept, skip = [], False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in WITH_VALUE:
            skip = True
        elif argument in ALONE or argument.startswith(BEGINNINGS + WITH_JOINED_VALUE):
            continue
        else:
            kept.append(argument)
    return kept


def entry_arguments(entry):
    """The command of an entry as a list, from either form; None if it has none that can be read."""
    arguments = entry.get("arguments")
    if arguments is None and isinstance(entry.get("command"), str):
        try:
            arguments = shlex.split(entry["command"])
        except ValueError:
            return None
    if not isinstance(arguments, list) or not arguments:
        return None
    return arguments if all(isinstance(a, str) for a in arguments) else None


def names_file(arguments, directory, path):
    """Index of the argument that names `path`, or None."""
    for index, argument in enumerate(arguments[1:], 1):
        if not argument.startswith("-") and os.path.realpath(
                os.path.join(directory, argument)) == os.path.realpath(path):
            return index
    return None


class Tree:
    """The files of the checkout that is linted."""

    def __init__(self, root):
        self.root = os.path.realpath(root)
        listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
                                capture_output=True, text=True, check=False)
        if listed.returncode != 0:
            raise LintError(f"{root} is no git checkout: {listed.stderr.strip()}")
        self.files = {f for f in listed.stdout.split("\n")
                      if f and os.path.isfile(os.path.join(root, f))}

    def holds(self, path):
        """True if a path lies in this checkout, whether it exists or not."""
        return os.path.realpath(path).startswith(self.root + os.sep)

    def find(self, path):
        """The file whose path has the longest end in common with `path`; None if none or two."""
        parts = os.path.normpath(path).split(os.sep)
        for first in range(len(parts)):
            if parts[first] and "/".join(parts[first:]) in self.files:
                return os.path.join(self.root, *parts[first:])
        return None


def moved_root(old, new):
    """The beginnings of two paths before their longest common end."""
    a, b = old.split(os.sep), new.split(os.sep)
    while a and b and a[-1] == b[-1]:
        a.pop()
        b.pop()
    return os.sep.join(a), os.sep.join(b)


def repair(entry, tree, build, path, found):
    """An entry of another checkout, made to name this one; None if it is still invalid."""
    old_root, new_root = moved_root(os.path.normpath(path), found)
    directory = entry["directory"]
    if not os.path.isdir(directory):
        moved = directory.replace(old_root, new_root, 1) if old_root else directory
        directory = moved if os.path.isdir(moved) and tree.holds(moved) else build
    arguments = entry_arguments(entry)
    if arguments is None or not os.path.isdir(directory):
        return None
    if old_root:
        arguments = [arguments[0]] + [a.replace(old_root + os.sep, new_root + os.sep)
                                      for a in arguments[1:]]
    if names_file(arguments, directory, found) is None:
        # The file may have been named relative to the old folder.
        same = [i for i, a in enumerate(arguments[1:], 1) if not a.startswith("-") and
                os.path.normpath(os.path.join(entry["directory"], a)) == os.path.normpath(path)]
        if len(same) != 1:
            return None
        arguments[same[0]] = found
    return {"directory": directory, "file": found, "arguments": arguments}


def usable_entry(entry, tree, build):
    """The entry as it can be linted, or None after a warning."""
    if not isinstance(entry, dict) or not isinstance(entry.get("file"), str) or not isinstance(
            entry.get("directory"), str):
        warn("skipped: an entry of the database has no file or no directory")
        return None
    path = os.path.normpath(os.path.join(entry["directory"], entry["file"]))
    if os.path.isfile(path) and tree.holds(path):
        arguments = entry_arguments(entry)
        if arguments is None or not os.path.isdir(entry["directory"]):
            warn(f"skipped: the entry of {path} has no command or no folder")
            return None
        usable = {"directory": entry["directory"], "file": path, "arguments": arguments}
    elif tree.holds(path):
        warn(f"skipped: {path} is in the database but no longer in the tree")
        return None
    else:
        found = tree.find(path)
        if found is None:
            warn(f"skipped: {path} lies outside this tree and no file in it has the same name")
            return None
        usable = repair(entry, tree, build, path, found)
        if usable is None:
            warn(f"skipped: the entry of {path}, repaired to {found}, is still invalid")
            return None
    usable["arguments"] = strip_flags(usable["arguments"])
    return usable


def load_database(tree, build):
    """The usable entries by real path. LintError if there is none."""
    path = os.path.join(build, "compile_commands.json")
    try:
        with open(path, encoding="utf-8") as handle:
            entries = json.load(handle)
    except OSError as error:
        raise LintError(f"no compile database: {error}; configure the build first") from error
    except ValueError as error:
        raise LintError(f"{path} is not JSON: {error}; configure the build again") from error
    if not isinstance(entries, list):
        raise LintError(f"{path} holds no list of entries; configure the build again")
    usable = {}
    for entry in entries:
        good = usable_entry(entry, tree, build)
        if good is not None:
            usable.setdefault(os.path.realpath(good["file"]), good)
    if not usable:
        raise LintError(f"{path} has {len(entries)} entries and none is usable; "
                        "configure the build again")
    return usable


def changed_files(root, start, end):
    """Paths of the files changed between two revisions, or to the working tree."""
    command = ["git", "-C", root, "diff", "--name-only", "--diff-filter=ACMR", start]
    result = subprocess.run(command + ([end] if end else []) + ["--"], capture_output=True,
                            text=True, check=False)
    if result.returncode != 0:
        raise LintError(f"git diff failed: {result.stderr.strip()}")
    names = set(result.stdout.split("\n"))
    if not end:
        new = subprocess.run(["git", "-C", root, "ls-files", "-o", "--exclude-standard"],
                             capture_output=True, text=True, check=True)
        names |= set(new.stdout.split("\n"))
    return sorted(n for n in names if n.endswith(SOURCES + HEADERS))


def includer(tree, database, header):
    """A source with an entry that includes a header directly, or None."""
    name = re.escape(header.split("/", 1)[-1])
    pattern = re.compile(rf'^#\s*include\s+[<"](?:\S*/)?(?:{name}|'
                         rf'{re.escape(os.path.basename(header))})[>"]', re.M)
    for path in sorted(database):
        if path.startswith(tree.root + os.sep):
            with open(path, encoding="utf-8", errors="replace") as handle:
                if pattern.search(handle.read()):
                    return path
    return None


def select(tree, database, changed):
    """Real paths of the sources to lint for a list of changed files."""
    selected = set()
    for name in changed:
        path = os.path.realpath(os.path.join(tree.root, name))
        if not os.path.isfile(path):
            warn(f"skipped: {name} changed but is not in the working tree")
        elif path in database:
            selected.add(path)
        elif name.endswith(HEADERS):
            source = includer(tree, database, name)
            if source is None:
                warn(f"skipped: no source in the database includes {name}")
            else:
                selected.add(source)
        else:
            warn(f"skipped: {name} is not in the database")
    return sorted(selected)


def lint_file(tool, folder, path):
    """Runs clang-tidy on one file; (path, failed, output)."""
    result = subprocess.run([tool, "-p", folder, "--quiet", "--warnings-as-errors=*", path],
                            capture_output=True, text=True, check=False)
    findings = re.search(r": (warning|error): ", result.stdout) is not None
    failed = result.returncode != 0 or findings
    return path, failed, result.stdout + (result.stderr if result.returncode != 0 else "")


def lint(tool, database, selected, jobs):
    """Lints the selected files over a cleaned database; returns how many have findings."""
    failures = 0
    with tempfile.TemporaryDirectory(prefix="slipway-lint-") as folder:
        with open(os.path.join(folder, "compile_commands.json"), "w", encoding="utf-8") as handle:
            json.dump(list(database.values()), handle)
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for path, failed, output in pool.map(lambda p: lint_file(tool, folder, p), selected):
                print(f"lint: {path}: {'findings' if failed else 'clean'}")
                if failed:
                    failures += 1
                    print(output.rstrip())
    return failures


def main():
    """Parses the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--from", dest="start", default="HEAD~1", help="older revision")
    parser.add_argument("--to", dest="end", default="", help="newer revision; empty: working tree")
    parser.add_argument("--build", default="build", help="folder with compile_commands.json")
    parser.add_argument("--root", default=".", help="the checkout")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    try:
        tree = Tree(options.root)
        changed = changed_files(options.root, options.start, options.end)
        if not changed:
            print("lint: no C files changed")
            return 0
        database = load_database(tree, os.path.realpath(options.build))
        tool = os.environ.get("CLANG_TIDY") or "clang-tidy"
        if shutil.which(tool) is None:
            raise LintError(f"{tool} is not on this machine; install clang-tidy")
        selected = select(tree, database, changed)
        failures = lint(tool, database, selected, max(1, options.jobs))
    except LintError as error:
        print(f"lint: {error}", file=sys.stderr)
        return 2
    print(f"lint: {len(changed)} files changed, {len(selected)} linted, {failures} with findings")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
