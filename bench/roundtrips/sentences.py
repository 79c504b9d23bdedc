"""sentence-transformers built from parts."""

from __future__ import annotations

import tempfile
from typing import Any

import torch
import transformers
from sentence_transformers import (
    CrossEncoder,
    InputExample,
    SentenceTransformer,
    evaluation,
    losses,
    models,
)
from worker import Case

LIBRARIES = ("sentence-transformers",)
FORMATS = ("pickle", "torch")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "dog", "the"]
SIZES = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "num_labels": 1}


def whole() -> Any:
    words = models.BoW(["cat", "dog"])
    return SentenceTransformer(
        modules=[words, models.Dense(2, 3), models.Normalize()], device="cpu"
    )


def saved(folder: str) -> str:
    """Save a small model of transformers, with the words it knows."""
    config = transformers.BertConfig(vocab_size=len(WORDS), intermediate_size=8, **SIZES)
    with open(f"{folder}/vocab.txt", "w", encoding="utf-8") as stream:
        stream.write("\n".join(WORDS))
    transformers.BertTokenizerFast(f"{folder}/vocab.txt").save_pretrained(folder)
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def transformer() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        words = models.Transformer(saved(folder), max_seq_length=16)
        pooling = models.Pooling(words.get_word_embedding_dimension(), "mean")
        return SentenceTransformer(modules=[words, pooling, models.Normalize()], device="cpu")


def cross_encoder() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return CrossEncoder(saved(folder), device="cpu")


def encoded() -> Any:
    return transformer().encode(["the cat", "the dog"], convert_to_tensor=True)


def examples() -> Any:
    return [InputExample(texts=["the cat", "the dog"], label=0.5)]


CASES: list[Case] = [
    ("model", whole),
    ("loss", lambda: losses.CosineSimilarityLoss(whole())),
    ("parts", lambda: [models.Pooling(4), models.Dense(2, 2, activation_function=torch.nn.Tanh())]),
    ("transformer", transformer),
    ("cross encoder", cross_encoder),
    ("embeddings", encoded),
    ("examples", examples),
    ("ranking loss", lambda: losses.MultipleNegativesRankingLoss(transformer())),
    ("more parts", lambda: [models.LSTM(4, 4), models.CNN(4), models.LayerNorm(4), models.Dropout(0.1)]),
    (
        "evaluator",
        lambda: evaluation.EmbeddingSimilarityEvaluator(["the cat"], ["the dog"], [0.5]),
    ),
]  # fmt: skip
