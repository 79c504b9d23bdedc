"""transformers, tokenizers, sentence-transformers: what is built without any download."""

from __future__ import annotations

from typing import Any

import tokenizers
import torch
import transformers
from tokenizers import models, normalizers, pre_tokenizers, processors
from worker import Case

LIBRARIES = ("transformers", "tokenizers", "safetensors", "torch")
FORMATS = ("pickle", "joblib", "torch")
SMALL = {"vocab_size": 40, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
TEXT = ["the cat sat on the mat", "a dog ran"]


def words() -> Any:
    made = tokenizers.Tokenizer(
        models.WordLevel({"[UNK]": 0, "the": 1, "cat": 2}, unk_token="[UNK]")
    )
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase()])
    made.post_processor = processors.TemplateProcessing(single="$A", special_tokens=[])
    return made


def trained() -> Any:
    made = tokenizers.ByteLevelBPETokenizer()
    made.train_from_iterator(TEXT, vocab_size=300, show_progress=False)
    return made._tokenizer


def fast() -> Any:
    return transformers.PreTrainedTokenizerFast(tokenizer_object=words(), unk_token="[UNK]")


def bert() -> Any:
    return transformers.BertModel(transformers.BertConfig(**SMALL, intermediate_size=16))


def classifier() -> Any:
    config = transformers.DistilBertConfig(
        vocab_size=40, dim=8, n_layers=1, n_heads=2, hidden_dim=16
    )
    return transformers.DistilBertForSequenceClassification(config)


def gpt2() -> Any:
    return transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=40, n_embd=8, n_layer=1, n_head=2)
    )


def llama() -> Any:
    config = transformers.LlamaConfig(**SMALL, intermediate_size=16, num_key_value_heads=2)
    return transformers.LlamaForCausalLM(config)


def t5() -> Any:
    config = transformers.T5Config(
        vocab_size=40, d_model=8, d_kv=4, d_ff=16, num_layers=1, num_heads=2
    )
    return transformers.T5ForConditionalGeneration(config)


def vit() -> Any:
    config = transformers.ViTConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=8,
        patch_size=4,
    )  # fmt: skip
    return transformers.ViTForImageClassification(config)


def clip() -> Any:
    part = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    config = transformers.CLIPConfig(
        text_config={**part, "vocab_size": 40},
        vision_config={**part, "image_size": 8, "patch_size": 4},
    )
    return transformers.CLIPModel(config)


def output() -> Any:
    return bert().eval()(torch.tensor([[1, 2, 3]]))


CASES: list[Case] = [
    *((f"config {name}", lambda name=name: getattr(transformers, f"{name}Config")())
      for name in ("Bert", "GPT2", "T5", "Llama", "CLIP", "ViT", "Whisper", "Roberta", "Mistral", "Qwen2",
                   "DistilBert", "Bart", "Gemma", "Wav2Vec2")),
    ("GenerationConfig", lambda: transformers.GenerationConfig()),
    ("TrainingArguments", lambda: transformers.TrainingArguments("/nowhere", report_to=[], use_cpu=True)),
    ("Bert", bert), ("DistilBert classifier", classifier), ("GPT2", gpt2), ("Llama", llama), ("T5", t5),
    ("ViT", vit), ("CLIP", clip),
    ("Bert state dict", lambda: bert().state_dict()),
    ("model output", output),
    ("tokenizer", words), ("trained tokenizer", trained), ("fast tokenizer", fast),
    ("BatchEncoding", lambda: fast()(TEXT)),
    ("BatchEncoding of tensors", lambda: fast()(TEXT[0], return_tensors="pt")),
    ("Encoding", lambda: words().encode(TEXT[0])),
    ("AddedToken", lambda: tokenizers.AddedToken("[X]")),
    ("tokenizer parts", lambda: [models.BPE(), models.WordPiece({"a": 0}, unk_token="a"), models.Unigram(),
                                 pre_tokenizers.ByteLevel(), normalizers.BertNormalizer(),
                                 tokenizers.decoders.ByteLevel(), processors.ByteLevel()]),
    ("collator", lambda: transformers.DataCollatorWithPadding(fast())),
    ("cache", lambda: transformers.DynamicCache()),
    ("image processor", lambda: transformers.ViTImageProcessor()),
    ("feature extractor", lambda: transformers.Wav2Vec2FeatureExtractor()),
    ("pipeline of parts", lambda: {"model": classifier(), "tokenizer": fast(), "labels": {0: "a", 1: "b"}}),
    ("TrainerState", lambda: transformers.TrainerState(epoch=1.0)),
    ("EvalPrediction", lambda: transformers.EvalPrediction(torch.ones(2).numpy(), torch.ones(2).numpy())),
]  # fmt: skip
