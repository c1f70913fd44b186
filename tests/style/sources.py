"""What the style tests read: the project's files, and the functions of a C file.

The functions are found by their form, which clang-format keeps: the brace that opens a function
stands alone in the first column, and so does the one that closes it.
"""

import os
import re
import sys

ROOT = os.environ.get("SLIPWAY_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

FOLDERS = ("include", "src", "tools", "examples", "bench", "tests", "bindings")
# This folder names what it looks for.
HERE = "tests/style"


def files(suffixes, folders=FOLDERS):
    """Paths relative to the root of all files in `folders` with one of the suffixes, sorted."""
    found = []
    for folder in folders:
        for path, names, leaves in os.walk(os.path.join(ROOT, folder)):
            names[:] = [n for n in names if not n.startswith((".", "build", "__pycache__"))]
            for leaf in leaves:
                if leaf.endswith(suffixes):
                    found.append(os.path.relpath(os.path.join(path, leaf), ROOT))
    return sorted(f for f in found if not f.startswith(HERE))


def read(path):
    """Text of a file of the project."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as handle:
        return handle.read()


def blank(match):
    """Replaces a match by spaces, keeping its line ends."""
    return re.sub(r"[^\n]", " ", match.group(0))


def code_only(text):
    """A C text without comments, strings and character constants; lines stay where they are."""
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, blank, text, flags=re.S)


class Function:
    """One function definition: name, head (one line), line numbers, body, comment above or not."""

    def __init__(self, name, head, first, last, body, commented):
        self.name = name
        self.head = head
        self.first = first
        self.last = last
        self.body = body
        self.commented = commented
        self.static = bool(re.search(r"\bstatic\b", head))

    @property
    def lines(self):
        """Length with its head and both braces."""
        return self.last - self.first + 1


def functions(text):
    """All function definitions of a C text."""
    lines = text.split("\n")
    plain = code_only(text).split("\n")
    found = []
    for number, line in enumerate(plain):
        if line.rstrip() != "{":
            continue
        first = number
        while first > 0 and plain[first - 1].strip() and not re.match(
                r"^(#|.*[;}]\s*$)", plain[first - 1]):
            first -= 1
        head = " ".join(part.strip() for part in plain[first:number])
        name = re.search(r"(\w+)\s*\(", re.sub(r"__attribute__\s*\(\(.*?\)\)", "", head))
        if name is None:
            continue
        last = next((n for n in range(number, len(plain)) if plain[n].startswith("}")), number)
        commented = first > 0 and lines[first - 1].rstrip().endswith("*/")
        body = "\n".join(plain[number:last + 1])
        found.append(Function(name.group(1), head, first + 1, last + 1, body, commented))
    return found


class Report:
    """Collects findings by rule and prints them."""

    def __init__(self):
        self.findings = {}

    def rule(self, name):
        """Starts a rule; without findings it has passed."""
        self.findings.setdefault(name, [])

    def add(self, name, path, line, text):
        """Records a finding."""
        self.findings.setdefault(name, []).append(f"{path}:{line}: {text}")

    def finish(self):
        """Prints all findings and "N passed, M failed"; returns main's value."""
        failed = 0
        for name, found in self.findings.items():
            print(f"{'FAILED' if found else 'ok    '} {name}")
            for finding in found[:50]:
                print(f"  {finding}")
            if len(found) > 50:
                print(f"  ... and {len(found) - 50} more")
            failed += bool(found)
        print(f"{len(self.findings) - failed} passed, {failed} failed")
        return 1 if failed else 0


def run(*checks):
    """Runs checks (functions of a report) and exits."""
    report = Report()
    for check in checks:
        check(report)
    sys.exit(report.finish())
