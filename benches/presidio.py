"""Microsoft Presidio's pattern recognizers over the English text of the bench `texts`: MB/s of one core, as JSON.

Only what matches patterns and checksums is asked, as `pii` does: no language model, no context words. Wants presidio-analyzer,
which benches/run.sh installs into a folder of its own.
"""

import inspect
import json
import logging
import sys
import time
from pathlib import Path

logging.disable(logging.WARNING)

from presidio_analyzer import PatternRecognizer, predefined_recognizers  # noqa: E402

HERE = Path(__file__).resolve().parent
ROUNDS = 9
MESSAGE = 8 << 10


def recognizers():
    kinds = {kind for _, kind in inspect.getmembers(predefined_recognizers, inspect.isclass)}
    own = []
    for kind in sorted(kinds, key=lambda kind: kind.__name__):
        if issubclass(kind, PatternRecognizer):
            try:
                own.append(kind())
            except (TypeError, ValueError, ImportError):
                print(f"left out: {kind.__name__} wants more than a text", file=sys.stderr)
    return own


def main():
    own = recognizers()
    text = (HERE / "english.txt").read_text()
    text *= 1 + MESSAGE // len(text)
    text = text[:MESSAGE]
    rates = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for recognizer in own:
            recognizer.analyze(text, recognizer.supported_entities, None)
        rates.append(len(text) / (time.perf_counter() - begun) / 1e6)
    print(json.dumps({"recognizers": len(own), "rates": rates}))


main()
