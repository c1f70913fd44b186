"""An independent reader of the prebuilt image: the byte tables of docs/prebuilt-arena-cache.md
against the bytes of an image that a cpu runner built.

ctest-labels: image
"""

import ctypes
import os
import re
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("SLIPWAY_BUILD_DIR", ".")
WINDOWS = (64, 16, 4, 1024)
HEAPS = (65536, 4096, 1 << 20, 1024)
POOLS = (64, 4, 100, 2048)


class Ring(ctypes.Structure):
    """slip_ring_sizing"""
    _fields_ = [("window", ctypes.c_uint64), ("heap", ctypes.c_uint64), ("pool", ctypes.c_uint64)]


class Options(ctypes.Structure):
    """slip_runner_options"""
    _fields_ = [("struct_size", ctypes.c_uint32), ("device_id", ctypes.c_uint32),
                ("platform", ctypes.c_char_p), ("ops", ctypes.c_void_p),
                ("threads", ctypes.c_uint32), ("sim_threads", ctypes.c_uint32),
                ("cache_entries", ctypes.c_uint32), ("cache_off", ctypes.c_uint32),
                ("cache_bytes", ctypes.c_uint64), ("deadline", ctypes.c_uint64),
                ("trace_path", ctypes.c_char_p), ("placement", ctypes.c_char_p),
                ("places", ctypes.c_void_p)]


class Config(ctypes.Structure):
    """slip_run_config"""
    _fields_ = [(name, ctypes.c_uint32) for name in
                ("struct_size", "mode", "dispatch", "blocks", "control_threads", "trace_tasks",
                 "audit", "reserved")] + [("timeout_ns", ctypes.c_uint64), ("ring", Ring * 4)]


class Entry(ctypes.Structure):
    """slip_cache_entry_info"""
    _fields_ = [(name, ctypes.c_uint64) for name in
                ("key_hash", "fingerprint", "heap_base", "sm_base", "arena_base", "runtime_offset",
                 "sm_bytes", "arena_bytes", "hits")] + [
                     ("valid", ctypes.c_uint32), ("dirty", ctypes.c_uint32),
                     ("mode", ctypes.c_uint32), ("reserved", ctypes.c_uint32), ("ring", Ring * 4)]


def tables():
    """The byte tables of the page: title -> list of (offset, bytes, field, meaning)."""
    found = {}
    title = None
    with open(os.path.join(SOURCE, "docs", "prebuilt-arena-cache.md"), encoding="utf-8") as page:
        for line in page:
            if line.startswith("### "):
                title = line[4:].strip()
                found[title] = []
            row = re.match(r"\| (\d+) \| (\d+) \| ([a-z_0-9\[\]]+) \| (.*) \|$", line)
            if row and title:
                found[title].append((int(row[1]), int(row[2]), row[3].split("[")[0], row[4]))
    return found


def read(data, table, base=0):
    """The fields of one structure, as integers (or bytes beyond eight)."""
    fields = {}
    for offset, size, name, _ in table:
        raw = data[base + offset:base + offset + size]
        fields[name] = int.from_bytes(raw, "little") if size <= 8 else raw
    return fields


def build_image():
    """Prewarms a runner; returns its cache entry and the two header pages."""
    library = ctypes.CDLL(os.path.join(BUILD, "libslipway.so"))
    library.slip_runner_close.argtypes = [ctypes.c_void_p]
    runner = ctypes.c_void_p()
    options = Options(struct_size=ctypes.sizeof(Options), platform=b"cpu")
    config = Config(struct_size=ctypes.sizeof(Config))
    for i in range(4):
        config.ring[i] = Ring(WINDOWS[i], HEAPS[i], POOLS[i])
    assert library.slip_runner_open(ctypes.byref(options), ctypes.byref(runner)) == 0
    assert library.slip_prewarm(runner, ctypes.byref(config)) == 0
    entry = Entry()
    count = ctypes.c_uint32(1)
    assert library.slip_cache_info(runner, ctypes.byref(entry), ctypes.byref(count)) == 0
    sm = ctypes.string_at(entry.sm_base, 4096)
    arena = ctypes.string_at(entry.arena_base + entry.runtime_offset, 4096)
    library.slip_runner_close(runner)
    return entry, sm, arena


class Report:
    """Counts checks."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, what, found, wanted):
        """Notes one comparison."""
        if found == wanted:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}: wanted {wanted!r}, found {found!r}")


def check_table(report, title, table, size):
    """A table has no gap, and constants in it are what the bytes say."""
    at = 0
    for offset, count, name, _ in table:
        report.check(f"{title}: offset of {name}", offset, at)
        at += count
    report.check(f"{title}: bytes", at, size)


def check_constants(report, title, table, data):
    """Fields whose meaning starts with a number have that value (0: all bytes are zero)."""
    for offset, count, name, meaning in table:
        number = re.match(r"(0x[0-9A-F]+|\d+)(?=$|:)", meaning)
        if number:
            found = int.from_bytes(data[offset:offset + count], "little")
            report.check(f"{title}: {name}", found, int(number[1], 0))


def is_power(value):
    """True for a power of two."""
    return value > 0 and value & (value - 1) == 0


def check_sm(report, page, entry, sm):
    """The header of SM against the sizing."""
    head = read(sm, page["SM header"])
    check_constants(report, "SM header", page["SM header"], sm)
    report.check("SM bytes", head["sm_bytes"], entry.sm_bytes)
    report.check("fingerprint", head["fingerprint"], entry.fingerprint)
    report.check("queues hold all windows", head["queue_capacity"] >= sum(WINDOWS), True)
    report.check("queue capacity is a power", is_power(head["queue_capacity"]), True)
    heap = 0
    for i in range(4):
        ring = read(sm, page["Ring extent"], 128 + 64 * i)
        report.check(f"ring {i} window", ring["window"], WINDOWS[i])
        report.check(f"ring {i} edges", ring["edge_count"], POOLS[i])
        report.check(f"ring {i} heap", ring["heap_bytes"], HEAPS[i])
        report.check(f"ring {i} heap starts on a page", ring["heap_off"] % 4096, 0)
        report.check(f"ring {i} heap follows", ring["heap_off"] >= heap, True)
        report.check(f"ring {i} spill is a power", is_power(ring["spill_bytes"]), True)
        report.check(f"ring {i} spill ends inside",
                     ring["spill_off"] + ring["spill_bytes"] <= entry.sm_bytes, True)
        heap = ring["heap_off"] + ring["heap_bytes"]


def check_arena(report, page, entry, sm, arena):
    """The header of the arena against the sizing."""
    head = read(arena, page["Arena header"])
    check_constants(report, "Arena header", page["Arena header"], arena)
    report.check("arena bytes", head["arena_bytes"], entry.arena_bytes)
    report.check("SM bytes in the arena", head["sm_bytes"], entry.sm_bytes)
    report.check("fingerprints agree", arena[16:24], sm[16:24])
    report.check("nodes end inside",
                 head["nodes_off"] + 128 * head["node_count"] <= entry.arena_bytes, True)
    for i in range(5):
        part = read(arena, page["Map extent"], 64 + 32 * i)
        report.check(f"map {i} is powers",
                     is_power(part["buffer_count"]) and is_power(part["cell_count"]), True)
        report.check(f"map {i} ends inside",
                     part["cells_off"] + 64 * part["cell_count"] <= entry.arena_bytes, True)
    for i in range(4):
        state = arena[256 + 128 * i:384 + 128 * i]
        words = [int.from_bytes(state[k:k + 8], "little") for k in range(0, 128, 8)]
        report.check(f"ring {i} starts at its window", words, [WINDOWS[i]] * 3 + [0] * 13)


def main():
    """Runs the checks; returns the exit code."""
    try:
        entry, sm, arena = build_image()
    except OSError as why:
        print(f"skipped: the shared library cannot be loaded here: {why}")
        return 77
    report = Report()
    page = tables()
    sizes = {"SM header": 4096, "Ring extent": 64, "Arena header": 4096, "Map extent": 32}
    for title, size in sizes.items():
        check_table(report, title, page[title], size)
    check_sm(report, page, entry, sm)
    check_arena(report, page, entry, sm, arena)
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
