"""What libraries of texts keep: sentences, tags, vocabularies, embeddings."""

from __future__ import annotations

from typing import Any

from worker import Case, installed

LIBRARIES = (
    *("flair", "stanza", "symspellpy", "pyspellchecker", "langdetect", "jiwer", "sacrebleu"),
    *("sentencepiece", "conllu", "pyarrow", "datasets", "bioc"),
)
FORMATS = ("pickle", "joblib", "torch")


def flair_cases() -> list[Case]:
    return [*_flair_data(), *_flair_embeddings(), *_flair_models()]


def _flair_data() -> list[Case]:
    from flair.data import Sentence, Span

    return [
        ("flair sentence", _sentence),
        ("flair sentences", lambda: [_sentence(), Sentence("plain")]),
        ("flair dictionary", _tags),
        ("flair label dictionary", lambda: _corpus().make_label_dictionary("ner")),
        ("flair corpus", _corpus),
        ("flair spans", lambda: _sentence().get_spans("ner")),
        ("flair labels", lambda: _sentence().get_labels()),
        ("flair span", lambda: Span(_sentence()[0:2].tokens)),
    ]


def _flair_embeddings() -> list[Case]:
    import torch
    from flair.embeddings import (
        DocumentPoolEmbeddings,
        DocumentRNNEmbeddings,
        DocumentTFIDFEmbeddings,
        StackedEmbeddings,
    )

    return [
        ("flair one hot", _one_hot),
        ("flair stacked", lambda: StackedEmbeddings([_one_hot()])),
        ("flair pooled", lambda: DocumentPoolEmbeddings([_one_hot()])),
        ("flair rnn", lambda: DocumentRNNEmbeddings([_one_hot()], hidden_size=4)),
        ("flair tfidf", lambda: DocumentTFIDFEmbeddings([_sentence(), _sentence()])),
        ("flair embedded", lambda: _embedded(_sentence(), _one_hot(), torch)),
    ]


def _flair_models() -> list[Case]:
    from flair.embeddings import DocumentPoolEmbeddings
    from flair.models import LanguageModel, SequenceTagger, TextClassifier

    def tagger() -> Any:
        dictionary = _corpus().make_label_dictionary("ner", add_unk=False)
        return SequenceTagger(_one_hot(), dictionary, "ner", hidden_size=4, use_crf=True)

    def classifier() -> Any:
        dictionary = _corpus().make_label_dictionary("topic", add_unk=False)
        return TextClassifier(
            DocumentPoolEmbeddings([_one_hot()]), label_dictionary=dictionary, label_type="topic"
        )

    return [
        ("flair tagger", tagger),
        ("flair tagger as saved", lambda: tagger()._get_state_dict()),
        ("flair classifier", classifier),
        ("flair classifier as saved", lambda: classifier()._get_state_dict()),
        ("flair language model", lambda: LanguageModel(_tags(), True, 4, 1, embedding_size=4)),
    ]


def _sentence() -> Any:
    from flair.data import Sentence

    found = Sentence("George went to Berlin .")
    found[0:1].add_label("ner", "PER")
    found[3:4].add_label("ner", "LOC", score=0.5)
    found[1].add_label("pos", "VBD")
    found.add_label("topic", "travel")
    return found


def _tags() -> Any:
    from flair.data import Dictionary

    found = Dictionary(add_unk=False)
    for name in ("O", "PER", "LOC"):
        found.add_item(name)
    return found


def _corpus() -> Any:
    from flair.data import Corpus
    from flair.datasets import FlairDatapointDataset

    data = FlairDatapointDataset([_sentence(), _sentence()])
    return Corpus(train=data, dev=data, test=data, sample_missing_splits=False)


def _one_hot() -> Any:
    from flair.embeddings import OneHotEmbeddings

    return OneHotEmbeddings.from_corpus(_corpus(), min_freq=1, embedding_length=4)


def _embedded(sentence: Any, embeddings: Any, torch: Any) -> Any:
    torch.manual_seed(0)
    embeddings.embed(sentence)
    return sentence


def stanza_cases() -> list[Case]:
    from stanza.models.common.doc import Document

    words = [{"id": 1, "text": "Hello", "lemma": "hello", "upos": "INTJ", "head": 0}]
    return [
        ("stanza document", lambda: Document([words], text="Hello")),
        ("stanza sentence", lambda: Document([words], text="Hello").sentences[0]),
        ("stanza words", lambda: Document([words], text="Hello").sentences[0].words),
    ]


def spelling_cases() -> list[Case]:
    from symspellpy import SymSpell, Verbosity

    def dictionary() -> Any:
        found = SymSpell(2)
        found.create_dictionary_entry("hello", 3)
        return found

    return [
        ("symspell", dictionary),
        ("symspell found", lambda: dictionary().lookup("helo", Verbosity.CLOSEST)),
        ("symspell verbosity", lambda: Verbosity.TOP),
    ]


def spellchecker_cases() -> list[Case]:
    from spellchecker import SpellChecker

    return [
        ("spellchecker", lambda: SpellChecker(distance=1)),
        ("spellchecker words", lambda: SpellChecker(language=None)),
        ("spellchecker frequency", lambda: SpellChecker(language=None).word_frequency),
    ]


def langdetect_cases() -> list[Case]:
    from langdetect import DetectorFactory, detect_langs
    from langdetect.detector_factory import init_factory

    def factory() -> Any:
        init_factory()
        from langdetect import detector_factory

        return detector_factory._factory

    return [
        ("langdetect languages", lambda: detect_langs("this is a plain English sentence")),
        ("langdetect factory", factory),
        ("langdetect empty", DetectorFactory),
    ]


def jiwer_cases() -> list[Case]:
    import jiwer

    return [
        ("jiwer output", lambda: jiwer.process_words(["a b"], ["a c"])),
        ("jiwer transform", lambda: jiwer.Compose([jiwer.ToLowerCase(), jiwer.Strip()])),
        ("jiwer words", lambda: jiwer.ReduceToListOfListOfWords()),
    ]


def sacrebleu_cases() -> list[Case]:
    from sacrebleu.metrics import BLEU, CHRF, TER

    return [
        ("sacrebleu score", lambda: BLEU().corpus_score(["a b c d"], [["a b c d"]])),
        ("sacrebleu chrf", lambda: CHRF().corpus_score(["a b c d"], [["a b c d"]])),
        ("sacrebleu ter", lambda: TER().corpus_score(["a b c d"], [["a b c d"]])),
    ]


def conllu_cases() -> list[Case]:
    import conllu

    text = "# text = Hi\n1\tHi\thi\tINTJ\t_\t_\t0\troot\t_\t_\n\n"
    return [
        ("conllu", lambda: conllu.parse(text)),
        ("conllu tree", lambda: conllu.parse_tree(text)),
        ("conllu token", lambda: conllu.parse(text)[0][0]),
    ]


def datasets_cases() -> list[Case]:
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Sequence, Value

    def table() -> Any:
        return Dataset.from_dict({"text": ["a", "b"], "label": [0, 1]})

    return [
        ("datasets table", table),
        ("datasets splits", lambda: DatasetDict({"train": table()})),
        (
            "datasets features",
            lambda: Features({"a": Sequence(Value("int32")), "l": ClassLabel(names=["x", "y"])}),
        ),
        ("datasets formatted", lambda: table().with_format("numpy")),
        ("datasets selected", lambda: table().select([1])),
    ]


CASES = installed(
    {
        "flair": flair_cases,
        "stanza": stanza_cases,
        "symspellpy": spelling_cases,
        "spellchecker": spellchecker_cases,
        "langdetect": langdetect_cases,
        "jiwer": jiwer_cases,
        "sacrebleu": sacrebleu_cases,
        "conllu": conllu_cases,
        "datasets": datasets_cases,
    }
)
