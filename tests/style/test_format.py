"""Every C file is as clang-format leaves it.

ctest-labels: style
"""

import re
import shutil
import subprocess
import sys

from sources import ROOT, files, run

# Other versions lay out some constructs differently.
VERSION = "14"


def tool():
    """The formatter of the wanted version, or None."""
    for name in (f"clang-format-{VERSION}", "clang-format"):
        if shutil.which(name):
            text = subprocess.run([name, "--version"], capture_output=True, text=True, check=True)
            if re.search(rf"version {VERSION}\.", text.stdout):
                return name
    return None


def check_format(report):
    """Runs the formatter without writing and reports the files that it would change."""
    rule = f"clang-format {VERSION} changes nothing"
    report.rule(rule)
    result = subprocess.run([FORMATTER, "--dry-run"] + files((".c", ".h")), cwd=ROOT,
                            capture_output=True, text=True, check=False)
    first = {}
    for match in re.finditer(r"^(\S+?):(\d+):\d+: warning", result.stderr, re.M):
        first.setdefault(match.group(1), match.group(2))
    for path, line in first.items():
        report.add(rule, path, line, "run `make format`")
    if result.returncode != 0:
        report.add(rule, "clang-format", 0, result.stderr[-400:])


if __name__ == "__main__":
    FORMATTER = tool()
    if FORMATTER is None:
        print(f"skipped: clang-format {VERSION} is not on this machine")
        sys.exit(77)
    run(check_format)
