#!/usr/bin/env python3
"""Checks that every required behaviour has a test that notices when it is removed.

Usage: check_rows.py [--mutants FILE] [--source DIR] [--work DIR] [--require LABELS] [--only LABEL]
                     [--jobs N]

Called by `make check-rows`. The mutants are a JSON list of objects

    {"label": "S3", "name": "hit uploads the image", "file": "src/x.c",
     "find": "text that occurs once", "replace": "other text"}

The files of the checkout are copied once into the work folder, which also keeps a build folder.
Each mutant is applied to the copy, the tests labelled `row` are built and run, and the mutant is
taken back. It passes if exactly the tests labelled `row` and with its label fail. Without a mutant
all of them must pass. Labels of --require need a mutant and a test each.

Exit code: 0 all mutants were noticed, 1 some were not, 2 the check itself could not be done.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as tree

FIELDS = ("label", "name", "file", "find", "replace")
# A mutant may hang; its tests are ended after so many seconds.
TEST_SECONDS = 60


class RowsError(Exception):
    """The check cannot be done."""


def load_mutants(path):
    """Reads and checks the list of mutants."""
    try:
        with open(path, encoding="utf-8") as handle:
            mutants = json.load(handle)
    except (OSError, ValueError) as error:
        raise RowsError(f"{path}: {error}") from error
    if not isinstance(mutants, list):
        raise RowsError(f"{path}: wanted a list of mutants")
    for number, mutant in enumerate(mutants, 1):
        for field in FIELDS:
            if not isinstance(mutant, dict) or not isinstance(mutant.get(field), str):
                raise RowsError(f"{path}: mutant {number} has no text '{field}'")
        if mutant["find"] == mutant["replace"]:
            raise RowsError(f"{path}: mutant '{mutant['name']}' changes nothing")
    return mutants


def mutate(mutant, source):
    """The text of the mutant's file, before and after. The text to find must occur once."""
    path = os.path.join(source, mutant["file"])
    try:
        with open(path, encoding="utf-8") as handle:
            before = handle.read()
    except OSError as error:
        raise RowsError(f"mutant '{mutant['name']}': {error}") from error
    count = before.count(mutant["find"])
    if count != 1:
        raise RowsError(f"mutant '{mutant['name']}': its text to find occurs {count} times in "
                        f"{mutant['file']}; wanted once")
    return before, before.replace(mutant["find"], mutant["replace"])


def write_if_changed(path, data):
    """Writes a file unless it holds the data already, so that its time stays for the build."""
    if os.path.isfile(path):
        with open(path, "rb") as handle:
            if handle.read() == data:
                return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as handle:
        handle.write(data)


def copy_tree(source, copy):
    """Makes `copy` hold exactly the listed files of the checkout, as they are now."""
    listed = subprocess.run(["git", "-C", source, "ls-files", "-z", "--", "."], capture_output=True,
                            check=False)
    if listed.returncode != 0:
        raise RowsError(f"{source} is no git checkout")
    names = [n for n in listed.stdout.decode().split("\0")
             if n and os.path.isfile(os.path.join(source, n))]
    for name in names:
        target = os.path.join(copy, name)
        with open(os.path.join(source, name), "rb") as handle:
            write_if_changed(target, handle.read())
        shutil.copymode(os.path.join(source, name), target)
    wanted = {os.path.normpath(os.path.join(copy, n)) for n in names}
    for folder, _, leaves in os.walk(copy):
        for leaf in leaves:
            path = os.path.normpath(os.path.join(folder, leaf))
            if path not in wanted and not path.startswith(os.path.join(copy, ".git")):
                os.remove(path)
    # Tests may ask git for the files of the checkout.
    if not os.path.isdir(os.path.join(copy, ".git")):
        subprocess.run(["git", "-C", copy, "init", "-q"], check=False, capture_output=True)


class Build:
    """The build folder of the copy."""

    def __init__(self, copy, folder, jobs):
        self.folder = folder
        self.jobs = str(jobs)
        # A mutant may leave something unused: that is no error here.
        self.call(["cmake", "-S", copy, "-B", folder, "-G", "Ninja", "-DSLIPWAY_WERROR=OFF",
                   "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DSLIPWAY_BUILD_BENCH=OFF",
                   f"-DSLIPWAY_TEST_TIMEOUT={TEST_SECONDS}"], "configure")

    @staticmethod
    def call(command, what):
        """Runs a step of the build."""
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, check=False)
        if result.returncode != 0:
            raise RowsError(f"{what} failed:\n{result.stdout[-3000:]}")

    def tests(self):
        """Labels of every row test, by name."""
        self.call(["cmake", "--build", self.folder, "--parallel", self.jobs, "--target",
                   "tests-row"], "build")
        text = subprocess.run(["ctest", "--test-dir", self.folder, "--show-only=json-v1", "-L",
                               "^row$"], capture_output=True, text=True, check=True).stdout
        found = {}
        for test in json.loads(text)["tests"]:
            for item in test.get("properties", []):
                if item["name"] == "LABELS":
                    found[test["name"]] = set(item["value"])
        return found

    def failing(self):
        """Builds and runs the row tests; names of those that did not pass."""
        self.call(["cmake", "--build", self.folder, "--parallel", self.jobs, "--target",
                   "tests-row"], "build")
        results = os.path.join(self.folder, "rows.xml")
        if os.path.exists(results):
            os.remove(results)
        subprocess.run(["ctest", "--test-dir", self.folder, "-L", "^row$", "--parallel", self.jobs,
                        "--output-junit", results], capture_output=True, check=False)
        cases = tree.parse(results).getroot().iter("testcase")
        return {case.get("name") for case in cases if case.get("status") != "run"}


def judge(mutant, tests, failing):
    """Compares the failing tests with the wanted ones; returns a sentence, empty if right."""
    wanted = {name for name, labels in tests.items() if mutant["label"] in labels}
    if not wanted:
        return f"no test is labelled row and {mutant['label']}"
    parts = []
    if wanted - failing:
        parts.append("not noticed by " + ", ".join(sorted(wanted - failing)))
    if failing - wanted:
        parts.append("also failed " + ", ".join(sorted(failing - wanted)))
    return "; ".join(parts)


def check_required(required, mutants, tests):
    """Sentences about required labels that lack a mutant or a test."""
    problems = []
    for label in required:
        if not any(m["label"] == label for m in mutants):
            problems.append(f"{label}: no mutant")
        if not any(label in labels for labels in tests.values()):
            problems.append(f"{label}: no test labelled row and {label}")
    return problems


def check(options):
    """Runs the whole check; returns the exit code."""
    source = os.path.realpath(options.source)
    work = os.path.realpath(options.work or os.path.join(source, "build-rows"))
    mutants = load_mutants(options.mutants or os.path.join(source, "tests/rows/mutants.json"))
    if options.only:
        mutants = [m for m in mutants if m["label"] == options.only]
    copy = os.path.join(work, "tree")
    copy_tree(source, copy)
    texts = [mutate(mutant, copy) for mutant in mutants]
    build = Build(copy, os.path.join(work, "build"), options.jobs)
    tests = build.tests()
    required = [l for l in options.require.split(",") if l and options.only in ("", l)]
    problems = check_required(required, mutants, tests)
    for problem in problems:
        print(f"FAILED {problem}")
    clean = build.failing()
    if clean:
        raise RowsError("row tests fail without any mutant: " + ", ".join(sorted(clean)))
    print(f"row tests: {len(tests)}, all pass; mutants: {len(mutants)}", flush=True)
    failed = len(problems)
    for mutant, (before, after) in zip(mutants, texts):
        path = os.path.join(copy, mutant["file"])
        try:
            write_if_changed(path, after.encode())
            problem = judge(mutant, tests, build.failing())
        except RowsError as error:
            problem = str(error)
        finally:
            write_if_changed(path, before.encode())
        failed += bool(problem)
        print(f"{'FAILED' if problem else 'ok    '} {mutant['label']}: {mutant['name']}"
              f"{': ' + problem if problem else ''}", flush=True)
    print(f"{len(mutants) + len(problems) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main():
    """Parses the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--mutants", default="", help="default: tests/rows/mutants.json")
    parser.add_argument("--source", default=".", help="the checkout")
    parser.add_argument("--work", default="", help="default: build-rows in the checkout")
    parser.add_argument("--require", default="", help="labels that need a mutant, with commas")
    parser.add_argument("--only", default="", help="mutants of one label only")
    parser.add_argument("--jobs", type=int, default=2)
    try:
        return check(parser.parse_args())
    except RowsError as error:
        print(f"check_rows: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
