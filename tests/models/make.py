"""Makes the tiny model folders that the tests load: real graphs and tokenizers, a few kilobytes each.

bert     WordPiece, token types, softmax over two labels, a second output `embedding`, a palisade.yaml with digests.
roberta  byte-level BPE, no token types, sigmoid over three labels, the graph under onnx/, no palisade.yaml.
ner      the same tokens as bert, a tag for each (BIO), no palisade.yaml.
both     labels of the text and tags of its tokens from one graph, named in palisade.yaml.
minilm   the same tokens, a vector for each (`last_hidden_state`), no labels, no palisade.yaml.

Needs the packages onnx and numpy. The folders are committed; run this only to change them: python tests/models/make.py
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

HERE = Path(__file__).resolve().parent


def tagger(vocabulary, tags, weights, labels=None):
    """Logits of each token's tags from a table; with labels, their logits from the mean of another."""
    def table(columns, rows, usual):
        table = np.tile(np.array(usual, np.float32), (len(vocabulary), 1))
        for token, row in rows.items():
            table[vocabulary[token]] = row
        assert table.shape[1] == columns
        return table

    constants = {"tag_table": table(tags, weights, [4.0] + [-4.0] * (tags - 1))}
    nodes = [helper.make_node("Gather", ["tag_table", "input_ids"], ["tag_logits" if labels else "logits"])]
    outputs = {"tag_logits" if labels else "logits": ["batch", "sequence", tags]}
    if labels:
        constants["table"] = table(2, labels, [2.0, -2.0])
        nodes += [
            helper.make_node("Gather", ["table", "input_ids"], ["words"]),
            helper.make_node("ReduceMean", ["words"], ["logits"], axes=[1], keepdims=0),
        ]
        outputs["logits"] = ["batch", 2]
    names = ["input_ids", "attention_mask"]
    nodes.append(helper.make_node("Identity", ["attention_mask"], ["unused"]))
    body = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"]) for name in names],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    return model


def graph(vocabulary, labels, weights, types, embedding):
    """Mean of the tokens' vectors over the mask, then a bias: bag of words with one score a label."""
    table = np.zeros((len(vocabulary), labels), np.float32)
    for token, row in weights.items():
        table[vocabulary[token]] = row
    constants = {"table": table, "bias": np.array([2.0] + [-2.0] * (labels - 1), np.float32), "axis": np.array([1]), "last": np.array([-1])}
    names = ["input_ids", "attention_mask"]
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["words"])]
    hidden = "words"
    if types:
        names.append("token_type_ids")
        constants["types"] = np.array([[0.0] * labels, [5.0] * labels], np.float32)
        nodes += [
            helper.make_node("Gather", ["types", "token_type_ids"], ["kinds"]),
            helper.make_node("Add", ["words", "kinds"], ["hidden"]),
        ]
        hidden = "hidden"
    nodes += [
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
        helper.make_node("Mul", [hidden, "column"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "axis"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "axis"], ["count"], keepdims=1),
        helper.make_node("Div", ["sum", "count"], ["embedding"]),
        helper.make_node("Add", ["embedding", "bias"], ["logits"]),
    ]
    outputs = ["logits", "embedding"] if embedding else ["logits"]
    body = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"]) for name in names],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", labels]) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    return model


def special(content, number):
    return {
        "id": number,
        "content": content,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }


def tokenizer(model, specials, post_processor, normalizer=None, pre_tokenizer=None):
    return {
        "version": "1.0",
        # Both are overridden: a text is neither cut nor padded by the file.
        "truncation": {"direction": "Right", "max_length": 64, "strategy": "LongestFirst", "stride": 0},
        "padding": {
            "strategy": {"Fixed": 64},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": specials[0],
        },
        "added_tokens": [special(token, model["vocab"][token]) for token in specials],
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": post_processor,
        "decoder": None,
        "model": model,
    }


def write(folder, name, value):
    path = HERE / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(value, str):
        path.write_text(value)
    elif isinstance(value, dict):
        path.write_text(json.dumps(value, ensure_ascii=False) + "\n")
    else:
        save(value, str(path))


def wordpiece(folder, words):
    """A tokenizer that knows these words, and spells the others; returns the vocabulary."""
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    tokens = specials + list(".,!?[]<>/") + list(letters) + [f"##{c}" for c in letters] + words
    vocabulary = {token: number for number, token in enumerate(tokens)}
    model = {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": vocabulary,
    }
    template = {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
            {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
        ],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {
            token: {"id": token, "ids": [vocabulary[token]], "tokens": [token]} for token in ("[CLS]", "[SEP]")
        },
    }
    normalizer = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}
    write(folder, "tokenizer.json", tokenizer(model, specials, template, normalizer, {"type": "BertPreTokenizer"}))
    return vocabulary


def bert():
    words = ["ignore", "all", "previous", "instructions", "hello", "the", "weather", "is", "nice", "today"]
    vocabulary = wordpiece("bert", words)
    write("bert", "model.onnx", graph(vocabulary, 2, {"ignore": [-40, 40], "hello": [4, -4], "[SEP]": [-1, 1]}, True, True))
    config = {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "max_position_embeddings": 512,
        "problem_type": "single_label_classification",
        "id2label": {"0": "benign", "1": "injection"},
    }
    write("bert", "config.json", config)
    lines = [
        "version: 1",
        "license: MIT OR Apache-2.0",
        "max_length: 16",
        "stride: 4",
        "embedding: embedding",
        "labels:",
        "  injection: { threshold: 0.5, low: 0.9, medium: 0.5, high: 0.2 }",
        "sha256:",
    ]
    for name in ("model.onnx", "tokenizer.json", "config.json"):
        lines.append(f"  {name}: {hashlib.sha256((HERE / 'bert' / name).read_bytes()).hexdigest()}")
    write("bert", "palisade.yaml", "\n".join(lines) + "\n")


NAMES = ["jane", "doe", "paris", "new", "york", "acme", "ignore"]
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
TAGGED = {
    "jane": [-4, 4, -4, -4, -4],
    "doe": [-4, -4, 4, -4, -4],
    "paris": [-4, -4, -4, 4, -4],
    "new": [-4, -4, -4, 4, -4],
    "york": [-4, -4, -4, -4, 4],
    # Likelier a name than not, but neither for sure.
    "acme": [0.2, 0, -0.2, -8, -8],
}


def ner():
    vocabulary = wordpiece("ner", NAMES)
    write("ner", "model.onnx", tagger(vocabulary, len(TAGS), TAGGED))
    config = {
        "architectures": ["BertForTokenClassification"],
        "model_type": "bert",
        "max_position_embeddings": 16,
        "id2label": {str(number): tag for number, tag in enumerate(TAGS)},
    }
    write("ner", "config.json", config)


def both():
    vocabulary = wordpiece("both", NAMES)
    write("both", "model.onnx", tagger(vocabulary, len(TAGS), TAGGED, {"ignore": [-40, 40]}))
    config = {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "max_position_embeddings": 512,
        "id2label": {"0": "benign", "1": "injection"},
    }
    write("both", "config.json", config)
    tags = ", ".join(f"{number}: {tag}" for number, tag in enumerate(TAGS))
    lines = ["version: 1", "max_length: 32", "stride: 8", "entities:", "  output: tag_logits", f"  tags: {{ {tags} }}"]
    write("both", "palisade.yaml", "\n".join(lines) + "\n")


DIRECTIONS = {"doctor": [1, 0, 0, 0], "rash": [3, 0, 1, 0], "bank": [0, 1, 0, 0], "loan": [0, 3, 1, 0], "void": [0, 0, 0, 0]}


def minilm():
    """A vector of each token from a table: words that are about a thing point its way, all others point elsewhere."""
    vocabulary = wordpiece("minilm", list(DIRECTIONS))
    table = np.tile(np.array([0, 0, 0, 0.1], np.float32), (len(vocabulary), 1))
    for token, row in DIRECTIONS.items():
        table[vocabulary[token]] = row
    # So that the first token's vector tells nothing of the others.
    table[vocabulary["[CLS]"]] = [0, 0, 0, 0.2]
    names = ["input_ids", "attention_mask"]
    body = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"]),
            helper.make_node("Identity", ["attention_mask"], ["unused"]),
        ],
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"]) for name in names],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "sequence", 4])],
        [numpy_helper.from_array(table, "table")],
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    write("minilm", "model.onnx", model)
    write("minilm", "config.json", {"architectures": ["BertModel"], "model_type": "bert", "max_position_embeddings": 16})


def byte_characters():
    """The printable stand-ins that byte-level BPE uses, in byte order."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = (chr(256 + n) for n in range(256))
    return [chr(b) if b in plain else next(others) for b in range(256)]


def roberta():
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    merges = ["h a", "ha t", "hat e", "Ġ hate", "k i", "ki l", "kil l", "Ġ kill"]
    tokens = specials + byte_characters() + [merge.replace(" ", "") for merge in merges]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    weights = {"hate": [-20, 60, 0], "Ġhate": [-20, 60, 0], "kill": [-20, 0, 60], "Ġkill": [-20, 0, 60]}
    write("roberta", "onnx/model.onnx", graph(vocabulary, 3, weights, False, False))
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": "",
        "end_of_word_suffix": "",
        "fuse_unk": False,
        "byte_fallback": False,
        "vocab": vocabulary,
        "merges": merges,
    }
    pre = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    post = {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": True, "add_prefix_space": False}
    write("roberta", "tokenizer.json", tokenizer(model, specials, post, None, pre))
    config = {
        "architectures": ["RobertaForSequenceClassification"],
        "model_type": "roberta",
        "max_position_embeddings": 34,
        "pad_token_id": 1,
        "problem_type": "multi_label_classification",
        "id2label": {"0": "neutral", "1": "hate", "2": "violence"},
    }
    write("roberta", "config.json", config)


bert()
roberta()
ner()
both()
minilm()
