"""Every status code is reached from outside by a test, and the reference says by which.

ctest-labels: errors style

The table of include/slipway/status.h, the table of docs/reference.md and the tests are compared: a
code without a row, a row without a code or with another value, a test that is named and does not
expect the code, and a code that no test of whole runs expects are failures.
"""

import os
import re
import sys

ROOT = os.environ.get("SLIPWAY_SOURCE_DIR") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", ".."))
# Folders whose tests go through the public interface: a runner, a platform table or the CLI.
AREAS = ("errors", "runner", "cli", "examples", "rows", "sim", "trace")


def read(*parts):
    """Text of a file of the project."""
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as file:
        return file.read()


def codes():
    """Symbol -> value, from the header."""
    found = re.findall(r"X\((E_[A-Z_]+),\s*(-\d+)", read("include", "slipway", "status.h"))
    return {"SLIP_" + symbol: int(value) for symbol, value in found}


def rows():
    """Symbol -> (value, test), from the reference."""
    found = {}
    for line in read("docs", "reference.md").splitlines():
        match = re.match(r"\| `(SLIP_E_[A-Z_]+)` \| (-\d+) \| (.+) \| (.+) \| `([^`]+)` \|$", line)
        if match:
            found[match.group(1)] = (int(match.group(2)), match.group(5))
    return found


def expectations(text, is_c):
    """Codes that a test expects: a checked status or a row of a table in C, a message elsewhere."""
    if not is_c:
        return set(re.findall(r"SLIP_E_[A-Z_]+", text))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    checked = re.findall(r"CHECK_(?:STATUS|EQ)\(\s*(SLIP_E_[A-Z_]+)", text)
    listed = re.findall(r"[{,(:]\s*(SLIP_E_[A-Z_]+)\s*[,;]", text)
    return set(checked) | set(listed)


def expected_by():
    """Test, named from tests/ -> codes that it expects."""
    found = {}
    for area in AREAS:
        folder = os.path.join(ROOT, "tests", area)
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if re.match(r"test_.*\.(c|sh|py)$", name) and name != os.path.basename(__file__):
                text = read("tests", area, name)
                found[f"{area}/{name}"] = expectations(text, name.endswith(".c"))
    return found


def main():
    """Compares the three; prints what differs."""
    header, table, tests = codes(), rows(), expected_by()
    problems = []
    reached = set().union(*tests.values())
    for symbol, value in header.items():
        if symbol not in reached:
            problems.append(f"{symbol}: no test expects it")
        if symbol not in table:
            problems.append(f"{symbol}: docs/reference.md has no row for it")
            continue
        written, test = table[symbol]
        if written != value:
            problems.append(f"{symbol}: it is {value}, docs/reference.md says {written}")
        if symbol not in tests.get(test, set()):
            problems.append(f"{symbol}: tests/{test}, which docs/reference.md names, does not "
                            "expect it")
    problems += [f"{symbol}: docs/reference.md has a row, the header no code"
                 for symbol in table if symbol not in header]
    for problem in problems:
        print(problem)
    print(f"{len(header)} codes, {len(reached & set(header))} reached, {len(problems)} problems")
    return 1 if problems or not header else 0


if __name__ == "__main__":
    sys.exit(main())
