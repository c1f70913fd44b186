#!/usr/bin/env python3
"""Writes examples/minilm/reference.json: embeddings of sentences.txt by another framework.

Usage: make_minilm_reference.py --model DIR [--sentences FILE] [--out FILE]

DIR holds model.safetensors and vocab.txt, as scripts/fetch-model.sh leaves them. The network and
the tokeniser are those of the transformers package, on JAX. It was run with Python 3.11 and

    pip install 'transformers==4.46.3' 'jax==0.4.35' 'jaxlib==0.4.35' 'flax==0.10.2' \\
                'numpy==2.1.3' safetensors

The file records these versions, the SHA-256 of the model and of the vocabulary, and for each line
its text, its token ids and its embedding.
"""

import argparse
import hashlib
import json
import os
import pathlib
import platform

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

MAX_TOKENS = 256
ROOT = pathlib.Path(__file__).resolve().parent.parent


def sha256(path):
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def encode(folder, lines):
    """[(token ids, embedding)] of every line: mean over the tokens, scaled to length 1."""
    import numpy
    from transformers import BertConfig, BertTokenizerFast, FlaxBertModel

    config = BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12,
                        intermediate_size=1536, layer_norm_eps=1e-12, hidden_act="gelu")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=True)
    model = FlaxBertModel.from_pretrained(str(folder), config=config, from_pt=True,
                                          local_files_only=True)
    out = []
    for line in lines:
        ids = tokenizer(line, truncation=True, max_length=MAX_TOKENS)["input_ids"]
        hidden = model(input_ids=numpy.array([ids], dtype="int32")).last_hidden_state
        mean = numpy.asarray(hidden, dtype="float64")[0].mean(axis=0)
        out.append((ids, mean / numpy.linalg.norm(mean)))
    return out


def versions():
    """Versions of what the embeddings were made with."""
    import flax
    import jax
    import numpy
    import transformers

    return {"python": platform.python_version(), "transformers": transformers.__version__,
            "jax": jax.__version__, "flax": flax.__version__, "numpy": numpy.__version__}


def main():
    """Reads the command line and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=pathlib.Path, required=True,
                        help="folder with model.safetensors and vocab.txt")
    parser.add_argument("--sentences", type=pathlib.Path,
                        default=ROOT / "examples/minilm/sentences.txt")
    parser.add_argument("--out", type=pathlib.Path,
                        default=ROOT / "examples/minilm/reference.json")
    args = parser.parse_args()
    lines = [line for line in args.sentences.read_text(encoding="utf-8").split("\n") if line]
    results = encode(args.model, lines)
    head = {"model": "all-MiniLM-L6-v2", "versions": versions(),
            "model_sha256": sha256(args.model / "model.safetensors"),
            "vocab_sha256": sha256(args.model / "vocab.txt")}
    rows = [json.dumps({"text": line, "ids": ids, "embedding": [float(f"{v:.7g}") for v in values]},
                       ensure_ascii=False)
            for line, (ids, values) in zip(lines, results)]
    text = json.dumps(head, indent=1)[:-2] + ',\n "lines": [\n' + ",\n".join(rows) + "\n]}\n"
    json.loads(text)
    args.out.write_text(text, encoding="utf-8")
    print(f"{args.out}: {len(rows)} lines, {[len(ids) for ids, _ in results]} tokens")


if __name__ == "__main__":
    main()
