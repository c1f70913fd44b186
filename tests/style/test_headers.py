"""Every public header compiles alone, as C11 and as C++17; internal headers as C11.

ctest-labels: style
"""

import os
import shutil
import subprocess

from sources import ROOT, files, run

WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wundef", "-Werror", "-fsyntax-only"]
C11 = [os.environ.get("CC") or "cc", "-std=c11", "-pedantic", "-Wstrict-prototypes", "-Wvla", "-xc"]
INTERNAL = [os.environ.get("CC") or "cc", "-std=c11", "-D_GNU_SOURCE", "-xc"]
CXX17 = [shutil.which("c++") or shutil.which("g++") or shutil.which("clang++") or "c++",
         "-std=c++17", "-pedantic", "-xc++"]


def compile_alone(report, rule, compiler, headers, roots):
    """Compiles one source per header, all in one go, and reports what the compiler says."""
    report.rule(rule)
    include = [f"-I{os.path.join(ROOT, root)}" for root in roots]
    jobs = []
    for header in headers:
        name = header.split("/", 1)[1]
        # Twice: a header must bear its second inclusion.
        text = f"#include <{name}>\n#include <{name}>\n"
        job = subprocess.Popen(compiler + WARNINGS + include + ["-"], stdin=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        job.stdin.write(text)
        job.stdin.close()
        jobs.append((header, job))
    for header, job in jobs:
        errors = job.stderr.read()
        if job.wait() != 0:
            report.add(rule, header, 1, errors[:600])


def check_public(report):
    """Public headers, on their own."""
    headers = files((".h",), ("include",))
    compile_alone(report, "public headers compile alone as C11", C11, headers, ["include"])
    compile_alone(report, "public headers compile alone as C++17", CXX17, headers, ["include"])


def check_internal(report):
    """Headers of the library, on their own."""
    headers = files((".h",), ("src",))
    for first in range(0, len(headers), 8):
        compile_alone(report, "internal headers compile alone as C11", INTERNAL,
                      headers[first:first + 8], ["include", "src"])


if __name__ == "__main__":
    run(check_public, check_internal)
