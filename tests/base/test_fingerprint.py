#!/usr/bin/env python3
# test_fingerprint.py - every field of every shared layout takes part in the layout fingerprint.
# ctest-labels: unit S2
"""Reads the structs of src/abi and looks for each size and offset in src/abi/fingerprint.c."""
import os
import pathlib
import re
import sys

ABI = pathlib.Path(os.environ.get("SLIPWAY_SOURCE_DIR", ".")) / "src" / "abi"
STRUCT = re.compile(r"(?:typedef )?struct (\w+) \{(.*?)\n\}\s*\w*;", re.S)
# arch.h is a table of this process, not a layout that crosses a boundary.
NOT_SHARED = {"arch.h"}
# Fields that say that they hold nothing.
EMPTY = re.compile(r"pad\d*$|reserved$")


def fields(body):
    """Names of the fields of a struct's body."""
    for declaration in body.split(";"):
        words = re.sub(r"\[.*?\]", "", declaration).split()
        if words and not EMPTY.match(words[-1]):
            yield words[-1].lstrip("*")


def missing(header, facts):
    """Facts about one header's structs that are not hashed, and the number of those that are."""
    text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
    found, lost = 0, []
    for match in STRUCT.finditer(text):
        name, body = match.groups()
        for spelling in (name, "struct " + name):
            if f"SIZE({spelling})" in facts or f"AT({spelling}," in facts:
                name = spelling
        wanted = [f"AT({name}, {field})" for field in fields(body)]
        lost += [fact for fact in wanted if fact not in facts]
        found += sum(fact in facts for fact in wanted)
    return found, lost


def main():
    """Checks all headers; exits with 1 if a fact is missing."""
    facts = (ABI / "fingerprint.c").read_text()
    total, failed = 0, 0
    for header in sorted(ABI.glob("*.h")):
        if header.name in NOT_SHARED:
            continue
        found, lost = missing(header, facts)
        total += found
        for fact in lost:
            print(f"FAILED {header.name}: fingerprint.c lacks {fact}")
        failed += len(lost)
    if total < 100:
        print(f"FAILED only {total} fields were recognised: the headers are written differently")
        failed += 1
    print(f"{total} fields\n{0 if failed else 1} passed, {1 if failed else 0} failed")
    return 1 if failed else 0


sys.exit(main())
