"""make_npy.py - good and hostile .npy files for the tests of the command line.

Usage: make_npy.py make FOLDER         writes the files
       make_npy.py check FILE DESCR SHAPE RULE
The files are made byte by byte, so this is also an independent reader of what is written.
"""
import struct
import sys

MAGIC = b"\x93NUMPY"


def header(text, version=1):
    """Preamble and padded header."""
    size = 2 if version == 1 else 4
    raw = text.encode("latin-1")
    pad = -(len(MAGIC) + 2 + size + len(raw) + 1) % 64
    raw += b" " * pad + b"\n"
    return MAGIC + bytes([version, 0]) + len(raw).to_bytes(size, "little") + raw


def descr(kind="<f4", order="False", shape="(4, 8)"):
    """The dictionary of a header."""
    return "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (kind, order, shape)


def write(folder, name, data):
    """One file."""
    with open("%s/%s.npy" % (folder, name), "wb") as file:
        file.write(data)


def make(folder):
    """All files."""
    values = struct.pack("<32f", *range(32))
    good = header(descr()) + values
    write(folder, "good", good)
    write(folder, "good2", header(descr(), 2) + values)
    write(folder, "spaces", header("  {\"shape\":(4,8),'fortran_order' : False,'descr':'<f4'}") + values)
    write(folder, "double", header(descr("<f8")) + struct.pack("<32d", *range(32)))
    write(folder, "other_shape", header(descr(shape="(8, 4)")) + values)
    write(folder, "empty", b"")
    write(folder, "short_preamble", good[:9])
    write(folder, "text", b"this is not an array at all\n")
    write(folder, "version3", MAGIC + b"\x03\x00" + good[8:])
    write(folder, "short_header", good[:40])
    write(folder, "short_data", good[:-1])
    write(folder, "long_data", good + b"\0")
    write(folder, "huge_header1", MAGIC + b"\x01\x00\xff\xff{")
    write(folder, "huge_header2", MAGIC + b"\x02\x00\xff\xff\xff\xff{'descr'")
    write(folder, "fortran", header(descr(order="True")) + values)
    write(folder, "big_endian", header(descr(">f4")) + values)
    write(folder, "objects", header(descr("|O")) + values)
    write(folder, "huge_shape", header(descr(shape="(4294967295, 4294967295, 4294967295)")) + values)
    write(folder, "wide_shape", header(descr(shape="(99999999999999999999999, 1)")) + values)
    write(folder, "negative", header(descr(shape="(-4, 8)")) + values)
    write(folder, "zero_dims", header(descr(shape="()")) + values)
    write(folder, "six_dims", header(descr(shape="(1, 1, 1, 1, 4, 8)")) + values)
    write(folder, "zero_size", header(descr(shape="(0, 8)")))
    write(folder, "not_a_tuple", header(descr(shape="(32)")) + values)
    write(folder, "missing_key", header("{'descr': '<f4', 'shape': (4, 8), }") + values)
    write(folder, "twice", header("{'descr': '<f4', 'descr': '<f4', 'shape': (4, 8), }") + values)
    write(folder, "other_key", header("{'descr': '<f4', 'colour': 1, }") + values)
    write(folder, "after", header(descr() + "{") + values)
    write(folder, "unquoted", header("{descr: '<f4'}") + values)
    write(folder, "no_end", header("{'descr': '<f4', 'shape': (4, 8)") + values)
    write(folder, "nul", header("{'descr': '\0f4', }") + values)


def check(path, kind, shape, rule):
    """Whether a file holds a range times 2.5, or its sum."""
    with open(path, "rb") as file:
        raw = file.read()
    size = int.from_bytes(raw[8:10], "little")
    fields = eval(raw[10:10 + size].decode("latin-1"))
    wanted = {"descr": kind, "fortran_order": False, "shape": tuple(int(s) for s in shape.split(","))}
    if raw[:8] != MAGIC + b"\x01\x00" or (10 + size) % 64 != 0 or fields != wanted:
        print("header is", fields, "wanted", wanted)
        return 1
    code = {"<f4": "f", "<f8": "d"}[kind]
    values = [v[0] for v in struct.iter_unpack("<" + code, raw[10 + size:])]
    expected = [sum(2.5 * i for i in range(32))] if rule == "sum" else [2.5 * i for i in range(32)]
    if values != expected:
        print("values are", values, "wanted", expected)
        return 1
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    else:
        sys.exit(check(*sys.argv[2:6]))
