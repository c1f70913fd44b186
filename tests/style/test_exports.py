"""What the shared library exports: the public functions, as listed in cmake/exports.txt.

ctest-labels: style
"""

import os
import re
import subprocess

from sources import code_only, files, read, run

BUILD = os.environ.get("SLIPWAY_BUILD_DIR", "build")
LIST = "cmake/exports.txt"


def listed():
    """The names in cmake/exports.txt."""
    lines = (line.strip() for line in read(LIST).split("\n"))
    return {line for line in lines if line and not line.startswith("#")}


def declared():
    """The functions that public headers mark with SLIP_API."""
    names = set()
    for path in files((".h",), ("include",)):
        text = re.sub(r"^#.*(\\\n.*)*", "", code_only(read(path)), flags=re.M)
        for match in re.finditer(r"^SLIP_API\b[^;{]*?(\w+)\s*\([^;{]*;", text, re.M):
            names.add(match.group(1))
    return names


def exported(name="libslipway.so"):
    """The symbols of a shared library, without the sanitizers' own."""
    library = os.path.join(BUILD, name)
    text = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True,
                          check=True).stdout
    names = {line.split()[-1].split("@")[0] for line in text.split("\n") if line}
    return {n for n in names if not n.startswith(("__asan", "__odr_asan", "__tsan", "__ubsan"))}


def companion():
    """The functions of the companion library: declared in its header, and exported by it."""
    text = code_only(read("include/slipway/topology.h"))
    names = set(re.findall(r"^SLIP_TOPOLOGY_(?:API|CALL)\b[^;{]*?(\w+)\s*\([^;{]*;", text, re.M))
    library = os.path.join(BUILD, "libslipway_topology.so")
    return names, exported("libslipway_topology.so") if os.path.exists(library) else None


def compare(report, rule, wanted, found, what):
    """Reports the difference of two sets of names."""
    report.rule(rule)
    for name in sorted(found - wanted):
        report.add(rule, LIST, 0, f"{name} is {what} but not listed")
    for name in sorted(wanted - found):
        report.add(rule, LIST, 0, f"{name} is listed but not {what}")


def check_exports(report):
    """Header, list and library agree, and every name starts with slip_."""
    names = listed()
    compare(report, "declared = listed", names, declared(), "declared in a public header")
    compare(report, "exported = listed", names, exported(), "exported")
    rule = "exports start with slip_"
    report.rule(rule)
    for name in sorted(exported() | names):
        if not name.startswith("slip_"):
            report.add(rule, LIST, 0, name)


def check_companion(report):
    """The companion library exports what its header declares, and none of it is in the core."""
    rule = "companion: declared = exported"
    report.rule(rule)
    names, found = companion()
    if found is not None and found != names:
        report.add(rule, "include/slipway/topology.h", 0, f"declared {names}, exported {found}")
    if not names or names & exported():
        report.add(rule, LIST, 0, f"of {names} the core exports {names & exported()}")
    if found is not None:
        needed = subprocess.run(["readelf", "-d", os.path.join(BUILD, "libslipway.so")],
                                capture_output=True, text=True, check=True).stdout
        if "hwloc" in needed or "topology" in needed:
            report.add(rule, LIST, 0, "the core needs the companion or hwloc")


if __name__ == "__main__":
    run(check_exports, check_companion)
