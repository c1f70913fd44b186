"""docs/requirements.md names every row, and only functions and tests that exist.

ctest-labels: rows-tool
"""

import json
import os
import re
import subprocess
import sys

ROOT = os.environ.get("SLIPWAY_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("SLIPWAY_BUILD_DIR", "build")
PAGE = "docs/requirements.md"
ROWS = ([f"S{n}" for n in range(1, 12)] + [f"R{n}" for n in range(1, 5)] +
        ["RAW", "WAR", "WAW", "lifetime"])


def read(path):
    """Text of a file of the project."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as handle:
        return handle.read()


def known_tests():
    """Names of CTest's tests without the suffix of a single run."""
    text = subprocess.run(["ctest", "--test-dir", BUILD, "--show-only=json-v1"],
                          capture_output=True, text=True, check=True).stdout
    return {".".join(test["name"].split(".")[:2]) for test in json.loads(text)["tests"]}


def problems_of(cells, tests):
    """What is wrong with one row of a table: row, behaviour, functions, tests."""
    if len(cells) != 4:
        return [f"{len(cells)} cells; wanted 4"]
    found = []
    for group in cells[2].split(";"):
        where = re.search(r"\(`([^`]+)`\)", group)
        if where is None or not os.path.isfile(os.path.join(ROOT, where.group(1))):
            found.append(f"no such file: {group.strip()}")
            continue
        text = read(where.group(1))
        for name in re.findall(r"`([^`]+)`", group[:where.start()]):
            if name not in text:
                found.append(f"{where.group(1)} has no {name}")
    named = re.findall(r"`([^`]+)`", cells[3])
    found += [f"there is no test {name}" for name in named if name not in tests]
    return found if named else found + ["no test is named"]


def main():
    """Checks every row of the page; returns the exit code."""
    tests = known_tests()
    seen = {}
    for line in read(PAGE).split("\n"):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and cells[0] in ROWS:
            seen.setdefault(cells[0], []).extend(problems_of(cells, tests))
    failed = 0
    for row in ROWS:
        problems = seen.get(row, [f"{PAGE} has no such row"])
        print(f"{'FAILED' if problems else 'ok    '} {row}{': ' if problems else ''}"
              f"{'; '.join(problems)}")
        failed += bool(problems)
    print(f"{len(ROWS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
