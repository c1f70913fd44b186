"""Every required behaviour has at least one test with its label, and one test for `make check-rows`.

ctest-labels: rows-tool
"""

import json
import os
import subprocess
import sys

BUILD = os.environ.get("SLIPWAY_BUILD_DIR", "build")
REQUIRED = [f"S{n}" for n in range(1, 12)] + ["RAW", "WAR", "WAW", "lifetime"]


def labels_of_tests():
    """The labels of every test that CTest knows, by its name."""
    text = subprocess.run(["ctest", "--test-dir", BUILD, "--show-only=json-v1"],
                          capture_output=True, text=True, check=True).stdout
    return {test["name"]: next((set(p["value"]) for p in test.get("properties", [])
                                if p["name"] == "LABELS"), set())
            for test in json.loads(text)["tests"]}


def main():
    """Prints what is missing; returns the exit code."""
    tests = labels_of_tests()
    failed = 0
    for label in REQUIRED:
        every = [name for name, labels in tests.items() if label in labels]
        rows = [name for name in every if "row" in tests[name]]
        problem = "no test at all" if not every else "no test labelled row" if not rows else ""
        print(f"{'FAILED' if problem else 'ok    '} {label}: {problem or ', '.join(every)}")
        failed += bool(problem)
    for name, labels in tests.items():
        if not labels:
            print(f"FAILED {name}: no labels")
            failed += 1
    print(f"{len(tests)} tests, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
