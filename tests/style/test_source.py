"""Rules that the text of the sources shows.

ctest-labels: style
"""

import re

from sources import code_only, files, functions, read, run

# Longest file and function.
FILE_LINES = 1000
FUNCTION_LINES = 70
LINE_CHARACTERS = 100
# Part of all functions that carries a comment.
COMMENTED = 0.80

# What a folder of src/ may include, besides itself and base; the order of the layers.
LOWER = ["abi", "arena", "task", "sched", "orch", "graph"]
ARROWS = {
    "base": set(),
    "abi": set(),
    "arena": {"abi"},
    "image": {"abi", "arena"},
    "task": set(LOWER[:2]),
    "sched": set(LOWER[:3]),
    "orch": set(LOWER[:4]),
    "graph": set(LOWER[:5]),
    "device": set(LOWER),
    "platform": {"abi"},
    "trace": {"abi"},
    # The companion library: public headers and hwloc, nothing of the core.
    "topology": set(),
    "runner": set(LOWER) | {"image", "device", "platform", "trace"},
}
# Folders whose code also runs on the device: they do not know the host library.
DEVICE_SIDE = {"arena", "task", "sched", "orch", "device"}

ATOMIC = re.compile(r"\b(_Atomic|stdatomic\.h|memory_order_\w+|atomic_\w+|__atomic_\w+|__sync_\w+)")
FENCE = re.compile(r"\b(atomic_thread_fence|atomic_signal_fence|__sync_synchronize|\w+_fence)\s*\(")
MERGE = re.compile(r"^(?:<{7}|>{7}) ", re.M)
# Spelled so that this file does not hold the words.
WORDS = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK|PLACE" r"HOLDER)\b")


def line_of(text, position):
    """Line number of a position."""
    return text.count("\n", 0, position) + 1


def c_files(*folders):
    """All C sources and headers, or those of some folders."""
    return files((".c", ".h"), folders) if folders else files((".c", ".h"))


def check_words(report):
    """Unfinished work is not committed; ordering is by name; nothing is allocated on the stack."""
    for rule, pattern in (("no words of unfinished work", WORDS),
                          ("no marks of a merge", MERGE)):
        report.rule(rule)
        for path in files((".c", ".h", ".py", ".sh", ".cmake", ".md", ".json"), (
                "include", "src", "tools", "examples", "bench", "tests", "bindings", "docs",
                "scripts", "cmake")):
            text = read(path)
            for match in pattern.finditer(text):
                report.add(rule, path, line_of(text, match.start()), match.group(0))
    for rule, pattern in (("no volatile", r"\bvolatile\b"), ("no alloca", r"\balloca\b")):
        report.rule(rule)
        for path in c_files():
            text = code_only(read(path))
            for match in re.finditer(pattern, text):
                report.add(rule, path, line_of(text, match.start()), match.group(0))


def check_atomics(report):
    """base/atomic.h alone touches C11 atomics; there is no stand-alone fence."""
    rule = "C11 atomics only in src/base/atomic.h"
    fence = "no stand-alone fence outside src/base/event"
    report.rule(rule)
    report.rule(fence)
    for path in c_files():
        text = code_only(read(path).replace("<stdatomic.h>", " stdatomic.h "))
        if path != "src/base/atomic.h":
            for match in ATOMIC.finditer(text):
                report.add(rule, path, line_of(text, match.start()), match.group(0))
        if not path.startswith("src/base/event."):
            for match in FENCE.finditer(text):
                report.add(fence, path, line_of(text, match.start()), match.group(0))


def check_assembly(report):
    """Inline assembly is for what C cannot say, in one folder; the vendor's core program is not C."""
    rule = "inline assembly only in src/base"
    report.rule(rule)
    for path in c_files():
        text = code_only(read(path))
        if not path.startswith("src/base/"):
            for match in re.finditer(r"\b(asm|__asm__)\b", text):
                report.add(rule, path, line_of(text, match.start()), match.group(0))


def check_arrows(report):
    """Includes follow the table of layers."""
    rule = "include arrows point down"
    report.rule(rule)
    for path in c_files("src"):
        folder = path.split("/")[1]
        if folder not in ARROWS:
            report.add(rule, path, 1, f"folder src/{folder} is not in the table of layers")
            continue
        allowed = ARROWS[folder] | {folder, "base"}
        text = read(path)
        for match in re.finditer(r'^#\s*include\s+([<"])([^>"]+)[>"]', text, re.M):
            line = line_of(text, match.start())
            target = match.group(2)
            if match.group(1) == '"':
                other = target.split("/")[0]
                if "/" not in target:
                    report.add(rule, path, line, f'write "{target}" with its folder')
                elif other not in allowed:
                    report.add(rule, path, line, f"src/{folder} must not include {target}")
                elif target.endswith("_int.h") and other != folder:
                    report.add(rule, path, line, f"{target} is for its own folder only")
            elif target == "slipway/slipway.h" and folder in DEVICE_SIDE:
                report.add(rule, path, line, f"src/{folder} runs on the device: no {target}")
    for path in c_files("include"):
        text = read(path)
        for match in re.finditer(r'^#\s*include\s+"', text, re.M):
            report.add(rule, path, line_of(text, match.start()), "public headers include <...> only")
    for path in c_files("examples"):
        text = read(path)
        for match in re.finditer(r'^#\s*include\s+"(abi|arena|base|device|graph|image|orch|platform'
                                 r'|runner|sched|task|trace)/', text, re.M):
            report.add(rule, path, line_of(text, match.start()), "examples use public headers only")


def check_lengths(report):
    """Files, functions and lines have limits."""
    rules = (f"files of at most {FILE_LINES} lines", f"functions of at most {FUNCTION_LINES} lines",
             f"lines of at most {LINE_CHARACTERS} characters")
    for rule in rules:
        report.rule(rule)
    for path in c_files():
        text = read(path)
        count = text.count("\n")
        if count > FILE_LINES:
            report.add(rules[0], path, count, f"{count} lines")
        for function in functions(text):
            if function.lines > FUNCTION_LINES:
                report.add(rules[1], path, function.first,
                           f"{function.name} has {function.lines} lines")
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > LINE_CHARACTERS:
                report.add(rules[2], path, number, f"{len(line)} characters")


def check_names(report):
    """Prefixes tell who may use a function."""
    rule = "names: slip_ public, slipi_ across files, none in a file"
    report.rule(rule)
    for path in c_files("src", "include"):
        public = path.startswith("include/")
        header = path.endswith(".h")
        for function in functions(read(path)):
            if public or header:
                wanted = ("slip_",) if public else ("slipi_",)
            elif function.static:
                if function.name.startswith(("slip_", "slipi_")):
                    report.add(rule, path, function.first, f"static {function.name} has a prefix")
                continue
            else:
                # What the loader of a device looks for.
                program = path.startswith("src/device/program/")
                wanted = ("slipway_",) if program else ("slipi_", "slip_")
            if not function.name.startswith(wanted):
                report.add(rule, path, function.first, f"{function.name} lacks {wanted[0]}")


def check_heads(report):
    """Every file says what it is for, every function what it does."""
    heads = "every file starts with a comment"
    all_public = "every public function carries a comment"
    share = f"at least {COMMENTED:.0%} of all functions carry a comment"
    for rule in (heads, all_public, share):
        report.rule(rule)
    total = 0
    bare = []
    for path in c_files():
        text = read(path)
        if not text.startswith("/*"):
            report.add(heads, path, 1, "no comment")
        for function in functions(text):
            total += 1
            if not function.commented and not declared_with_comment(path, function):
                bare.append((path, function))
                if path.startswith("include/"):
                    report.add(all_public, path, function.first, function.name)
    for path in c_files("include"):
        lines = read(path).split("\n")
        for number, line in enumerate(lines):
            if line.startswith("SLIP_API ") and not lines[number - 1].endswith("*/"):
                report.add(all_public, path, number + 1, line)
    if total and len(bare) > (1 - COMMENTED) * total:
        for path, function in bare:
            report.add(share, path, function.first, function.name)


COMMENTED_DECLARATIONS = {}


def declared_with_comment(path, function):
    """True if a header of the project declares the function under a comment."""
    if function.static or function.name == "main":
        return False
    if not COMMENTED_DECLARATIONS:
        COMMENTED_DECLARATIONS["main"] = True
        for header in files((".h",)):
            for match in re.finditer(r"\*/\n(?:[A-Za-z_][^;{}/#]*?[\s*])(\w+)\([^;{}]*\)[^;{}]*;",
                                     read(header)):
                COMMENTED_DECLARATIONS[match.group(1)] = True
    return function.name in COMMENTED_DECLARATIONS


def check_must_use(report):
    """A status that is returned must be looked at."""
    rule = "public functions that return slip_status are SLIP_MUST_USE"
    report.rule(rule)
    for path in c_files("include"):
        text = code_only(read(path))
        for match in re.finditer(r"^SLIP_API\s+(?!SLIP_MUST_USE)slip_status\s+(\w+)", text, re.M):
            report.add(rule, path, line_of(text, match.start()), match.group(1))


def check_recursion(report):
    """No function of the library reaches itself through functions of its file."""
    rule = "no recursion"
    report.rule(rule)
    for path in c_files("src"):
        found = {f.name: f for f in functions(read(path))}
        calls = {name: {c for c in re.findall(r"(?<![>.\w])(\w+)\s*\(", f.body) if c in found}
                 for name, f in found.items()}
        for name, function in found.items():
            seen, open_calls = set(), list(calls[name])
            while open_calls:
                callee = open_calls.pop()
                if callee not in seen:
                    seen.add(callee)
                    open_calls.extend(calls[callee])
            if name in seen:
                report.add(rule, path, function.first, f"{name} can call itself")


def check_layouts(report):
    """What crosses a boundary has fixed-width fields and an asserted size."""
    rule = "shared layouts: fixed-width fields, asserted sizes"
    report.rule(rule)
    for path in c_files("src/abi"):
        text = code_only(read(path))
        for match in re.finditer(r"^typedef struct (\w+) \{\n(.*?)^\} (\w+);", text, re.M | re.S):
            name = match.group(3)
            first = line_of(text, match.start())
            bad = re.search(r"\*(?=\s*\w+\s*[;,\[])|\bbool\b|\bsize_t\b|\benum\b|\bint\b|\blong\b|\bchar\b(?!\s*\w+\[)",
                            match.group(2))
            if bad:
                report.add(rule, path, first + match.group(2).count("\n", 0, bad.start()) + 1,
                           f"{name} has a field of type '{bad.group(0)}'")
            if not re.search(rf"_Static_assert\(\s*sizeof\({name}\)|_Static_assert\(\s*offsetof\("
                             rf"{name},", text):
                report.add(rule, path, first, f"{name}: size or offsets are not asserted")


def closing(text, start):
    """Position behind the parenthesis that closes the one at `start`."""
    depth = 0
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return position + 1
    return len(text)


def check_braces(report):
    """Every branch and loop has braces."""
    rule = "braces always"
    report.rule(rule)
    for path in c_files():
        text = re.sub(r"^[ \t]*#([^\n]*\\\n)*[^\n]*", "", code_only(read(path)), flags=re.M)
        for match in re.finditer(r"\b(if|for|while)\s*(?=\()", text):
            behind = text[closing(text, match.end()):].lstrip()
            end_of_do = match.group(1) == "while" and behind.startswith(";") and text[
                :match.start()].rstrip().endswith("}")
            if not behind.startswith("{") and not end_of_do:
                report.add(rule, path, line_of(text, match.start()), match.group(1))
        for match in re.finditer(r"\b(else|do)\b(?!\s*(\{|if\b))", text):
            report.add(rule, path, line_of(text, match.start()), match.group(1))


def check_option_structs(report):
    """What a caller fills in says its own size first."""
    rule = "public option structs start with uint32_t struct_size"
    report.rule(rule)
    for path in c_files("include"):
        text = code_only(read(path))
        for match in re.finditer(r"^typedef struct (\w+) \{\s*(.*?)^\} ", text, re.M | re.S):
            name, fields = match.groups()
            wanted = "struct_size" in fields or name.endswith(("_options", "_config", "_ops"))
            if wanted and not fields.startswith("uint32_t struct_size;"):
                # A program's descriptor is found by its magic, before its size can be trusted.
                if name != "slip_program":
                    report.add(rule, path, line_of(text, match.start()), name)


if __name__ == "__main__":
    run(check_words, check_atomics, check_assembly, check_arrows, check_lengths, check_names, check_heads,
        check_must_use, check_recursion, check_layouts, check_braces, check_option_structs)
