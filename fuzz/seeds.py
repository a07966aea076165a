"""Inputs that the fuzz targets have found worth keeping: one text file for each target, an input in base64 on each line.

    python3 fuzz/seeds.py unpack     # puts them where the targets look: corpus/TARGET/
    python3 fuzz/seeds.py pack       # the other way, once a run has found more: an even choice by size, about LIMIT bytes
"""

import base64
import hashlib
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
LIMIT = 40_000


def unpack():
    for seeds in sorted((HERE / "seeds").glob("*.txt")):
        folder = HERE / "corpus" / seeds.stem
        folder.mkdir(parents=True, exist_ok=True)
        for line in seeds.read_text().splitlines():
            data = base64.b64decode(line)
            (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def pack():
    (HERE / "seeds").mkdir(exist_ok=True)
    for folder in sorted((HERE / "corpus").iterdir()):
        inputs = sorted((file.read_bytes() for file in folder.iterdir()), key=lambda data: (len(data), data))
        lines = [base64.b64encode(data).decode() for data in inputs if data]
        size = sum(map(len, lines)) + len(lines)
        lines = lines[:: -(-size // LIMIT) or 1]
        (HERE / "seeds" / f"{folder.name}.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    commands = {"unpack": unpack, "pack": pack}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]]()
