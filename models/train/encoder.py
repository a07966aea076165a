"""The network: a MiniLM (BERT) encoder in plain PyTorch, and the guard's head.

Parameter names follow the roles, not the checkpoint's; `load_base` maps them.
"""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F


class Layer(nn.Module):
    """One transformer block, post-norm, as in BERT."""

    def __init__(self, width, heads, inner, eps):
        super().__init__()
        self.heads, self.scale = heads, 1 / math.sqrt(width // heads)
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.norm_attention = nn.LayerNorm(width, eps)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm_output = nn.LayerNorm(width, eps)

    def forward(self, x, bias):
        batch, length, width = x.shape

        def split(t):
            return t.view(batch, length, self.heads, width // self.heads).transpose(1, 2)

        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        weights = (q @ k.transpose(-1, -2) * self.scale + bias).softmax(-1)
        mixed = (weights @ v).transpose(1, 2).reshape(batch, length, width)
        x = self.norm_attention(x + self.output(mixed))
        return self.norm_output(x + self.down(F.gelu(self.up(x))))


class Encoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, eps = config["hidden_size"], config["layer_norm_eps"]
        self.words = nn.Embedding(config["vocab_size"], width)
        self.positions = nn.Embedding(config["max_position_embeddings"], width)
        self.types = nn.Embedding(config["type_vocab_size"], width)
        self.norm = nn.LayerNorm(width, eps)
        self.layers = nn.ModuleList(
            Layer(width, config["num_attention_heads"], config["intermediate_size"], eps)
            for _ in range(config["num_hidden_layers"])
        )

    def embed(self, ids, types):
        positions = torch.arange(ids.shape[1], device=ids.device)
        return self.norm(self.words(ids) + self.types(types) + self.positions(positions))


def attention_bias(mask):
    """0 for a token, a very negative number for padding, shaped to add to attention scores."""
    return (1.0 - mask[:, None, None, :].float()) * -1e4


def run(layers, x, mask):
    bias = attention_bias(mask)
    for layer in layers:
        x = layer(x, bias)
    return x


def pool(x, mask):
    """Mean over the tokens, scaled to length 1: the sentence vector."""
    weight = mask.unsqueeze(-1).float()
    mean = (x * weight).sum(1) / weight.sum(1)
    return mean / mean.norm(dim=-1, keepdim=True).clamp_min(1e-9)


class Head(nn.Module):
    """Reads the first token beside the sentence vector.

    The sentence vector alone is kept close to the base model's, so that it stays useful for topics; the first
    token, which the base model never trained, is free to carry what the guard needs.
    """

    def __init__(self, width, classes, dropout=0.1, inner=256):
        super().__init__()
        self.inner, self.outer = nn.Linear(2 * width, inner), nn.Linear(inner, classes)
        self.dropout = nn.Dropout(dropout)
        self.scale = math.sqrt(width)  # brings the vector of length 1 to the scale of a layer-normed token

    def forward(self, x, vector):
        both = torch.cat([x[:, 0], vector * self.scale], -1)
        return self.outer(self.dropout(F.gelu(self.inner(self.dropout(both)))))


class Guard(nn.Module):
    """The exported graph: both verdict and sentence vector from one pass."""

    def __init__(self, encoder, head):
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(self, input_ids, attention_mask, token_type_ids):
        x = run(self.encoder.layers, self.encoder.embed(input_ids, token_type_ids), attention_mask)
        vector = pool(x, attention_mask)
        return self.head(x, vector), vector


def load_base(folder):
    """The base encoder and its configuration, from a Hugging Face folder (config.json, model.safetensors)."""
    folder = Path(folder)
    config = json.loads((folder / "config.json").read_text())
    weights = load_file(folder / "model.safetensors")
    prefix = "bert." if any(name.startswith("bert.") for name in weights) else ""
    encoder = Encoder(config)

    def source(name):
        for ours, theirs in (
            ("words.", "embeddings.word_embeddings."),
            ("positions.", "embeddings.position_embeddings."),
            ("types.", "embeddings.token_type_embeddings."),
            ("norm.", "embeddings.LayerNorm."),
        ):
            if name.startswith(ours):
                return theirs + name[len(ours) :]
        _, number, part, kind = name.split(".")
        place = {
            "query": "attention.self.query",
            "key": "attention.self.key",
            "value": "attention.self.value",
            "output": "attention.output.dense",
            "norm_attention": "attention.output.LayerNorm",
            "up": "intermediate.dense",
            "down": "output.dense",
            "norm_output": "output.LayerNorm",
        }[part]
        return f"encoder.layer.{number}.{place}.{kind}"

    encoder.load_state_dict({name: weights[prefix + source(name)].float() for name in encoder.state_dict()})
    return encoder, config
