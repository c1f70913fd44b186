"""What the documents promise: the program in the README compiles and runs, listings of the
programming guide compile and its error is the real one, links lead to files.

ctest-labels: style
"""

import os
import re
import shlex
import subprocess
import tempfile

from sources import ROOT, read, run

BUILD = os.path.abspath(os.environ.get("SLIPWAY_BUILD_DIR", "build"))
SANITIZE = os.environ.get("SLIPWAY_SANITIZE", "")
COMPILER = [os.environ.get("CC") or "cc", "-std=c11", "-Wall", "-Wextra", "-Wshadow",
            "-Wconversion", "-Wstrict-prototypes", "-Werror", f"-I{os.path.join(ROOT, 'include')}"]
PROGRAM = "examples/minimal/minimal.c"
EXPECTED = "success: 4 8 12\n"
# Longest program that still counts as short: lines that are neither blank, comment nor lone brace.
PROGRAM_LINES = 30
GUIDE = "docs/programming.md"


def pages():
    """The Markdown files of the root, of docs and of the examples, relative to the root."""
    found = [name for name in os.listdir(ROOT) if name.endswith(".md")]
    for folder in ("docs", "examples"):
        for path, _, leaves in os.walk(os.path.join(ROOT, folder)):
            found += [os.path.relpath(os.path.join(path, leaf), ROOT) for leaf in leaves
                      if leaf.endswith(".md")]
    return sorted(found)


def listings(page, language):
    """(line, text) of every listing of a language on a page."""
    text = read(page)
    return [(text.count("\n", 0, match.start()) + 1, match.group(1))
            for match in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)]


def check_commands(report):
    """The README names the two commands."""
    rule = "README names make demo and make test"
    report.rule(rule)
    text = read("README.md")
    for command in ("make demo", "make test"):
        if command not in text:
            report.add(rule, "README.md", 1, f"'{command}' is not in the text")


def check_listing(report):
    """The README's program is the minimal example, and short."""
    rule = "the program in the README is the minimal example"
    report.rule(rule)
    found = [(line, text) for line, text in listings("README.md", "c") if "main(" in text]
    if len(found) != 1:
        report.add(rule, "README.md", 1, f"wanted one C listing with main, found {len(found)}")
        return
    line, text = found[0]
    if text != read(PROGRAM):
        report.add(rule, "README.md", line, f"the listing differs from {PROGRAM}")
    lines = [part for part in text.split("\n")
             if part.strip() and not re.match(r"\s*(/\*.*\*/|[{}])\s*$", part)]
    if len(lines) > PROGRAM_LINES:
        report.add(rule, "README.md", line, f"{len(lines)} lines of code; at most {PROGRAM_LINES}")


def check_program(report):
    """The README's program compiles, links and prints what the README says."""
    rule = "the program in the README compiles and runs"
    report.rule(rule)
    flags = [f"-fsanitize={SANITIZE}"] if SANITIZE else []
    for line, text in listings("README.md", "c"):
        with tempfile.TemporaryDirectory() as scratch:
            source, program = (os.path.join(scratch, leaf) for leaf in ("listing.c", "listing"))
            with open(source, "w", encoding="utf-8") as handle:
                handle.write(text)
            library = os.path.join(BUILD, "libslipway.a")
            command = COMPILER + flags + [source, library, "-lm", "-ldl", "-lpthread", "-o", program]
            built = subprocess.run(command, capture_output=True, text=True, check=False)
            if built.returncode != 0:
                report.add(rule, "README.md", line, built.stderr[:600])
                continue
            ran = subprocess.run([program], capture_output=True, text=True, check=False)
            if ran.returncode != 0 or ran.stdout != EXPECTED:
                report.add(rule, "README.md", line, f"exit {ran.returncode}: {ran.stdout!r} "
                           f"{ran.stderr[:300]!r}; wanted {EXPECTED!r}")


def check_guide(report):
    """Every C listing of the programming guide compiles after slipway.h."""
    rule = "the listings of the programming guide compile"
    report.rule(rule)
    for line, text in listings(GUIDE, "c"):
        source = f"#include <slipway/slipway.h>\n#line {line + 1} \"{GUIDE}\"\n{text}"
        done = subprocess.run(COMPILER + ["-Wno-unused-function", "-Wno-unused-const-variable",
                                          "-fsyntax-only", "-xc", "-"],
                              input=source, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            report.add(rule, GUIDE, line, done.stderr[:600])


def check_error(report):
    """The error that the programming guide shows is what the command prints."""
    rule = "the error in the programming guide is what the command prints"
    if not os.path.exists(os.path.join(BUILD, "examples", "vector.so")):
        print(f"skipped {rule}: the vector example is not built")
        return
    report.rule(rule)
    for line, text in listings(GUIDE, "console"):
        command, expected = re.match(r"\$ ((?:[^\n]*\\\n)*[^\n]*)\n(.*)", text, re.S).groups()
        words = shlex.split(command.replace("\\\n", " ").replace("build/", BUILD + "/"))
        done = subprocess.run(words, capture_output=True, text=True, check=False,
                              env={**os.environ, "SLIPWAY_LOG": "off"})
        if done.returncode != 1 or done.stdout + done.stderr != expected:
            report.add(rule, GUIDE, line, f"exit {done.returncode}: {done.stdout + done.stderr}")


def check_links(report):
    """Links without a scheme lead to files of the project."""
    rule = "links lead to files"
    report.rule(rule)
    for page in pages():
        text = re.sub(r"^```.*?^```$", lambda m: re.sub(r"[^\n]", " ", m.group(0)), read(page),
                      flags=re.M | re.S)
        for match in re.finditer(r"\]\(([^)\s]+)\)", text):
            target = match.group(1).split("#")[0]
            if not target or "://" in target or target.startswith("mailto:"):
                continue
            if not os.path.exists(os.path.join(ROOT, os.path.dirname(page), target)):
                report.add(rule, page, text.count("\n", 0, match.start()) + 1, match.group(1))


if __name__ == "__main__":
    run(check_commands, check_listing, check_program, check_guide, check_error, check_links)
