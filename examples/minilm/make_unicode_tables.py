#!/usr/bin/env python3
"""Writes unicode_tables.h, which wordpiece.c needs to clean, fold and split text.

Usage: make_unicode_tables.py > unicode_tables.h

The tables say, for every code point, what is left of it after canonical decomposition, removal of
non-spacing marks and lower-casing, and which code points are marks, control characters or
punctuation. They come from the character database of the Python that runs this script.
"""

import sys
import unicodedata

HANGUL = range(0xAC00, 0xD7A4)  # decomposed by arithmetic in wordpiece.c
DENSE = (range(0xF900, 0xFADA), range(0x2F800, 0x2FA1E))  # ideographs: nearly all become others


def fold(cp):
    """The code points that cp becomes."""
    text = unicodedata.normalize("NFD", chr(cp))
    text = "".join(c for c in text if unicodedata.category(c) != "Mn")
    return [ord(c) for part in text for c in part.lower()]


def code_points():
    """Every code point that text can hold."""
    for cp in range(0x110000):
        if not 0xD800 <= cp <= 0xDFFF:
            yield cp


def ranges(wanted):
    """Sorted [first, last] ranges of the code points for which wanted(cp) is true."""
    out = []
    for cp in code_points():
        if not wanted(cp):
            continue
        if out and out[-1][1] == cp - 1:
            out[-1][1] = cp
        else:
            out.append([cp, cp])
    return out


def fold_tables():
    """(runs of one-to-one foldings, list of one-to-many foldings)."""
    runs, many = [], []
    for cp in code_points():
        if cp in HANGUL or any(cp in dense for dense in DENSE):
            continue
        if unicodedata.category(chr(cp)) == "Mn":
            continue
        to = fold(cp)
        if to == [cp] or not to:
            continue
        if len(to) > 1:
            many.append((cp, to))
            continue
        delta = to[0] - cp
        last = runs[-1] if runs else None
        if last and last[3] == delta and cp - last[1] == (last[2] or cp - last[1]) <= 2:
            last[2] = cp - last[1]
            last[1] = cp
        else:
            runs.append([cp, cp, 0, delta])
    return [[lo, hi, step or 1, delta] for lo, hi, step, delta in runs], many


def emit(head, rows):
    """Prints one table, filled to 100 columns."""
    print(head)
    line = "   "
    for row in rows:
        if len(line) + 1 + len(row) + 1 > 100:
            print(line)
            line = "   "
        line += " " + row + ","
    print(line)
    print("};\n")


def emit_ranges(comment, name, rows):
    """Prints one table of ranges."""
    emit(f"/* {comment} */\nstatic const struct unicode_range {name}[] = {{",
         [f"{{0x{lo:X}, 0x{hi:X}}}" for lo, hi in rows])


def main():
    """Prints the header."""
    print(f"""/*
 * unicode_tables.h - properties of Unicode {unicodedata.unidata_version} that the tokeniser needs.
 *
 * Written by make_unicode_tables.py; included by wordpiece.c only. Constant data. All tables are
 * sorted by code point.
 */
#ifndef MINILM_UNICODE_TABLES_H
#define MINILM_UNICODE_TABLES_H

#include <stdint.h>

/* clang-format off */

/* A range of code points, both ends included. */
struct unicode_range {{
    uint32_t first;
    uint32_t last;
}};

/* Code points first, first + step, ... last become themselves plus delta. */
struct unicode_fold {{
    uint32_t first;
    uint32_t last;
    uint32_t step;
    int32_t delta;
}};

/* A code point that becomes two or three; unused places are 0. */
struct unicode_expand {{
    uint32_t from;
    uint32_t to[3];
}};
""")
    category = unicodedata.category
    emit_ranges("Non-spacing marks: removed.", "unicode_marks",
                ranges(lambda cp: category(chr(cp)) == "Mn"))
    emit_ranges("Control, format and private characters: removed.", "unicode_controls",
                ranges(lambda cp: category(chr(cp)) in ("Cc", "Cf", "Co")))
    emit_ranges("Punctuation: a word of its own. ASCII is decided in code.", "unicode_punctuation",
                ranges(lambda cp: cp > 127 and category(chr(cp)).startswith("P")))
    runs, many = fold_tables()
    emit("/* What is left after decomposition, removal of marks and lower-casing: one for one. */\n"
         "static const struct unicode_fold unicode_folds[] = {",
         [f"{{0x{lo:X}, 0x{hi:X}, {step}, {delta}}}" for lo, hi, step, delta in runs])
    if max(len(to) for _, to in many) > 3:
        sys.exit("a code point becomes more than three: widen struct unicode_expand")
    emit("/* The same, one for two or three. */\n"
         "static const struct unicode_expand unicode_expansions[] = {",
         ["{0x%X, {%s}}" % (cp, ", ".join(f"0x{t:X}" for t in to + [0] * (3 - len(to))))
          for cp, to in many])
    for dense in DENSE:
        emit(f"/* What 0x{dense[0]:X}, 0x{dense[0] + 1:X}, ... become. */\n"
             f"static const uint32_t unicode_ideographs_{dense[0]:x}[] = {{",
             [f"0x{fold(cp)[0]:X}" for cp in dense])
    print("/* clang-format on */\n\n#endif")


if __name__ == "__main__":
    main()
