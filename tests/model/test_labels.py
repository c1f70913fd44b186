#!/usr/bin/env python3
"""Every label of an ordering in the source is in a model of weak memory and in the documents.

ctest-labels: model style

A label is a letter and a digit in brackets, [F1], also as [H1/H2] or [G1..G4]. That a model's
operation is where it says is held by the model itself.
"""
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(os.environ.get("SLIPWAY_SOURCE_DIR", "."))
LABEL = re.compile(r"\[([A-Z][0-9](?:(?:/|\.\.)[A-Z][0-9])*)\]")

# They order nothing but themselves; see docs/memory-model.md.
NOT_MODELLED = {"T3", "T4"}


def labels_of_source():
    """Label -> a file in which it stands."""
    found = {}
    for path in sorted((ROOT / "src").rglob("*.[ch]")):
        for match in LABEL.finditer(path.read_text()):
            for label in re.split(r"/|\.\.", match.group(1)):
                found.setdefault(label, path.relative_to(ROOT))
    return found


def labels_of_models():
    """Labels that stand in a table of a model."""
    text = "".join(path.read_text() for path in (ROOT / "tests/model").glob("test_weak_*.c"))
    return set(re.findall(r'\{\s*"([A-Z][0-9])",', text))


def labels_of_documents():
    """Labels that the page names, alone or as the ends of `X1 to X4`."""
    text = "".join((ROOT / "docs" / page).read_text()
                   for page in ("memory-model.md", "register-protocol.md"))
    found = set(re.findall(r"\b([A-Z][0-9])\b", text))
    for letter, first, last in re.findall(r"\b([A-Z])([0-9]) to \1([0-9])\b", text):
        found |= {letter + str(n) for n in range(int(first), int(last) + 1)}
    return found


def main():
    """Prints what is missing and where."""
    source = labels_of_source()
    modelled = labels_of_models()
    documented = labels_of_documents()
    errors = []
    if len(source) < 30:
        errors.append(f"only {len(source)} labels were found in the source")
    for label, path in sorted(source.items()):
        if label not in modelled | NOT_MODELLED:
            errors.append(f"{path}: [{label}] is in no model of tests/model/test_weak_*.c")
        if label not in documented:
            errors.append(f"{path}: [{label}] is not described in docs/memory-model.md")
    for label in sorted((modelled | NOT_MODELLED) - set(source)):
        errors.append(f"[{label}] is in no source")
    print("\n".join(errors) if errors else f"{len(source)} labels")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
