"""The byte tables of docs/prebuilt-arena-cache.md against the compiler's offsets and sizes.

ctest-labels: style

A small program that prints offsetof and sizeof of every field named in a table is compiled and run;
a table must name every byte of its structure, in order and without a gap.
"""

import os
import re
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("SLIPWAY_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(SOURCE, "docs", "prebuilt-arena-cache.md")
ROW = re.compile(r"\| (\d+) \| (\d+) \| ([a-z_0-9]+)(\[\d+\])? \| .* \|$")

# Title of a table on the page -> structure.
TABLES = {
    "SM header": "slipi_sm",
    "Ring extent": "slipi_ring_extent",
    "Arena header": "slipi_runtime",
    "Map extent": "slipi_map_extent",
    "Ring state": "slipi_ring_state",
    "Slot": "slipi_slot",
    "Access cell": "slipi_cell",
    "Buffer": "slipi_buffer",
    "Lattice": "slipi_lattice",
    "Node": "slipi_node",
    "Launch block": "slipi_launch",
}


def read_tables(text):
    """The tables of the page: title -> list of (offset, bytes, field)."""
    found = {}
    title = None
    for line in text.split("\n"):
        if line.startswith("#"):
            title = line.lstrip("# ").strip()
        row = ROW.match(line)
        if row and title:
            found.setdefault(title, []).append((int(row[1]), int(row[2]), row[3]))
    return found


def program(tables):
    """A C program that prints what the compiler says, a line for each field and structure."""
    lines = ["#include <stddef.h>", "#include <stdio.h>", '#include "abi/launch.h"',
             "int main(void)", "{"]
    for title, struct in TABLES.items():
        for _, _, field in tables[title]:
            lines.append(f'    printf("{title}.{field} %zu %zu\\n", offsetof({struct}, {field}), '
                         f"sizeof((({struct} *)0)->{field}));")
        lines.append(f'    printf("{title} %zu\\n", sizeof({struct}));')
    return "\n".join(lines + ["    return 0;", "}", ""])


def ask_compiler(text):
    """Compiles and runs a program; what it printed: name -> numbers."""
    with tempfile.TemporaryDirectory(prefix="slipway-layout-") as folder:
        source = os.path.join(folder, "layout.c")
        binary = os.path.join(folder, "layout")
        with open(source, "w", encoding="utf-8") as handle:
            handle.write(text)
        built = subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE",
                                "-I" + os.path.join(SOURCE, "include"),
                                "-I" + os.path.join(SOURCE, "src"), source, "-o", binary],
                               capture_output=True, text=True, check=False)
        if built.returncode != 0:
            sys.exit("FAILED a table names a field that its structure does not have:\n" +
                     "\n".join(re.findall(r"error: .*", built.stderr)))
        printed = subprocess.run([binary], capture_output=True, text=True, check=True).stdout
    answers = {}
    for line in printed.strip().split("\n"):
        name, numbers = re.match(r"(.*?) ([\d ]+)$", line).groups()
        answers[name] = [int(number) for number in numbers.split()]
    return answers


def compare(tables, answers):
    """What differs, as sentences."""
    wrong = []
    for title, struct in TABLES.items():
        end = 0
        for offset, size, field in tables[title]:
            if [offset, size] != answers[f"{title}.{field}"]:
                wrong.append(f"{title}: {struct}.{field} is at {offset} with {size} bytes on the "
                             f"page, the compiler says {answers[f'{title}.{field}']}")
            if offset != end:
                wrong.append(f"{title}: {offset - end} bytes in front of {field} are not told")
            end = offset + size
        if [end] != answers[title]:
            wrong.append(f"{title}: ends at {end} on the page, {struct} has {answers[title]} bytes")
    return wrong


def main():
    """Compares; returns the exit code."""
    with open(PAGE, encoding="utf-8") as handle:
        text = handle.read()
    tables = read_tables(text)
    missing = [title for title in TABLES if not tables.get(title)]
    for title in missing:
        print(f"FAILED there is no table '{title}'")
    if missing:
        return 1
    wrong = compare(tables, ask_compiler(program(tables)))
    # A page that is wrong is noticed: the first size of a slot, changed.
    spoiled = dict(tables, Slot=[(0, 8, "fanout")] + tables["Slot"][1:])
    if not compare(spoiled, ask_compiler(program(spoiled))):
        wrong.append("a table with a wrong size was not noticed")
    for sentence in wrong:
        print("FAILED " + sentence)
    print(f"{sum(len(tables[title]) for title in TABLES)} fields, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
