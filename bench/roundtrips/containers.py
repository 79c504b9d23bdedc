"""Collections, dates, configurations and other small values of libraries that programs keep."""

from __future__ import annotations

from typing import Any

from worker import Case, installed

LIBRARIES = (
    *("bidict", "sortedcontainers", "frozendict", "immutables", "pyrsistent", "intervaltree"),
    *("bitarray", "treelib", "anytree", "python-box", "munch", "addict", "easydict", "pendulum"),
    *("arrow", "traitlets", "croniter", "diskcache", "dynaconf", "yacs", "ml-collections"),
    *("optree", "transitions", "pyparsing", "galois", "ruamel.yaml", "tomlkit", "aiohttp"),
    "portion",
)


def bidict_cases() -> list[Case]:
    import bidict

    return [
        ("bidict", lambda: bidict.bidict({"a": 1})),
        ("bidict frozen", lambda: bidict.frozenbidict({"a": 1})),
        ("bidict ordered", lambda: bidict.OrderedBidict({"a": 1, "b": 2})),
    ]


def sorted_cases() -> list[Case]:
    from operator import neg

    import sortedcontainers as s

    return [
        ("sorted list", lambda: s.SortedList([3, 1, 2])),
        ("sorted dict", lambda: s.SortedDict({"b": 1, "a": 2})),
        ("sorted set", lambda: s.SortedSet([3, 1, 2])),
        ("sorted key list", lambda: s.SortedKeyList([3, 1, 2], key=neg)),
    ]


def frozendict_cases() -> list[Case]:
    import frozendict as f

    return [
        ("frozendict", lambda: f.frozendict(a=1, b=(1, 2))),
        ("frozendict deep", lambda: f.deepfreeze({"a": [1, {"b": 2}]})),
        ("frozendict keys", lambda: {f.frozendict(a=1): "x"}),
    ]


def immutables_cases() -> list[Case]:
    import immutables

    return [
        ("immutables", lambda: immutables.Map(a=1)),
        ("immutables nested", lambda: immutables.Map({"a": immutables.Map(b=2)})),
    ]


def pyrsistent_cases() -> list[Case]:
    import pyrsistent as p

    return [
        ("pyrsistent map", lambda: p.pmap({"a": p.v(1, 2)})),
        ("pyrsistent vector", lambda: p.v(1, 2, 3)),
        ("pyrsistent set", lambda: p.s(1, 2)),
        ("pyrsistent deque", lambda: p.pdeque([1, 2])),
        ("pyrsistent list", lambda: p.plist([1, 2])),
        ("pyrsistent bag", lambda: p.pbag([1, 1])),
    ]


def intervaltree_cases() -> list[Case]:
    from intervaltree import Interval, IntervalTree

    return [
        ("intervaltree", lambda: IntervalTree([Interval(1, 4, "a"), Interval(2, 6, "b")])),
        ("interval", lambda: Interval(1, 2)),
        ("intervaltree empty", IntervalTree),
    ]


def bitarray_cases() -> list[Case]:
    import bitarray

    return [
        ("bitarray", lambda: bitarray.bitarray("0110")),
        ("bitarray frozen", lambda: bitarray.frozenbitarray("0110")),
        ("bitarray list", lambda: [bitarray.bitarray("1"), bitarray.bitarray(9)]),
    ]


def tree_cases() -> list[Case]:
    from treelib import Tree

    def tree() -> Any:
        found = Tree()
        found.create_node("root", "r")
        found.create_node("child", "c", parent="r", data={"a": 1})
        return found

    return [
        ("treelib", tree),
        ("treelib node", lambda: tree().get_node("c")),
        ("treelib subtree", lambda: tree().subtree("c")),
    ]


def anytree_cases() -> list[Case]:
    from anytree import AnyNode, Node
    from anytree.importer import DictImporter

    def tree() -> Any:
        root = Node("root")
        Node("child", parent=root, size=3)
        return root

    return [
        ("anytree", tree),
        ("anytree any", lambda: AnyNode(id=1, children=[AnyNode(id=2)])),
        ("anytree import", lambda: DictImporter().import_({"a": 1, "children": [{"a": 2}]})),
    ]


def box_cases() -> list[Case]:
    from box import Box, BoxList, ConfigBox

    return [
        ("box", lambda: Box({"a": {"b": [1, {"c": 2}]}})),
        ("box list", lambda: BoxList([{"a": 1}])),
        ("box config", lambda: ConfigBox({"on": "yes"})),
        ("box frozen", lambda: Box({"a": 1}, frozen_box=True)),
        ("box default", lambda: Box({"a": 1}, default_box=True)),
    ]


def munch_cases() -> list[Case]:
    from munch import DefaultMunch, Munch, munchify

    return [
        ("munch", lambda: munchify({"a": {"b": 1}})),
        ("munch plain", lambda: Munch(a=1)),
        ("munch default", lambda: DefaultMunch("x", {"a": 1})),
    ]


def addict_cases() -> list[Case]:
    from addict import Dict

    return [
        ("addict", lambda: Dict({"a": {"b": [1]}})),
        ("addict empty", Dict),
        ("addict nested", lambda: Dict(model=Dict(lr=0.1))),
    ]


def easydict_cases() -> list[Case]:
    from easydict import EasyDict

    return [
        ("easydict", lambda: EasyDict({"a": {"b": 1}})),
        ("easydict list", lambda: EasyDict(a=[{"b": 2}])),
        ("easydict empty", EasyDict),
    ]


def pendulum_cases() -> list[Case]:
    import pendulum

    return [
        ("pendulum", lambda: pendulum.datetime(2024, 1, 2, tz="Europe/Paris")),
        ("pendulum date", lambda: pendulum.date(2024, 1, 2)),
        ("pendulum duration", lambda: pendulum.duration(days=2, hours=3)),
        ("pendulum interval", lambda: pendulum.date(2024, 1, 5) - pendulum.date(2024, 1, 2)),
        ("pendulum zone", lambda: pendulum.timezone("UTC")),
    ]


def arrow_cases() -> list[Case]:
    import arrow

    return [
        ("arrow", lambda: arrow.get("2024-01-02T03:04:05+01:00")),
        ("arrow zone", lambda: arrow.get(2024, 1, 2, tzinfo="Europe/Paris")),
        ("arrow span", lambda: arrow.get(2024, 1, 2).span("month")),
    ]


def traitlets_cases() -> list[Case]:
    import traitlets
    from traitlets.config import Config

    return [
        ("traitlets config", lambda: Config({"A": {"b": 1}})),
        ("traitlets bunch", lambda: traitlets.Bunch(a=1)),
        ("traitlets undefined", lambda: traitlets.Undefined),
    ]


def croniter_cases() -> list[Case]:
    import datetime

    from croniter import croniter

    start = datetime.datetime(2024, 1, 1)
    return [
        ("croniter", lambda: croniter("*/5 * * * *", start)),
        ("croniter list", lambda: [croniter("0 0 * * 1", start)]),
        ("croniter next", lambda: croniter("0 0 1 * *", start).get_next(datetime.datetime)),
    ]


def diskcache_cases() -> list[Case]:
    import tempfile

    import diskcache

    return [
        ("diskcache constants", lambda: [diskcache.core.ENOVAL, diskcache.UNKNOWN]),
        ("diskcache disk", lambda: diskcache.Disk(tempfile.gettempdir())),
    ]


def dynaconf_cases() -> list[Case]:
    from dynaconf.utils.boxing import DynaBox

    return [
        ("dynaconf box", lambda: DynaBox({"a": {"b": 1}})),
    ]


def yacs_cases() -> list[Case]:
    from yacs.config import CfgNode

    return [
        ("yacs", lambda: CfgNode({"MODEL": {"LR": 0.1, "DIMS": [1, 2]}})),
        ("yacs empty", CfgNode),
        ("yacs in a checkpoint", lambda: {"cfg": CfgNode({"A": 1}), "epoch": 3}),
    ]


def ml_collections_cases() -> list[Case]:
    from ml_collections import ConfigDict, FrozenConfigDict

    return [
        ("ml_collections", lambda: ConfigDict({"lr": 0.1, "model": {"dim": 3}})),
        ("ml_collections frozen", lambda: FrozenConfigDict({"lr": 0.1, "dims": (1, 2)})),
        ("ml_collections list", lambda: [ConfigDict({"a": [1, 2]})]),
    ]


def optree_cases() -> list[Case]:
    import optree

    return [
        ("optree spec", lambda: optree.tree_structure({"a": [1, (2, 3)], "b": None})),
        ("optree leaf", lambda: optree.tree_structure(1)),
        ("optree path", lambda: optree.tree_paths({"a": [1]})),
    ]


def transitions_cases() -> list[Case]:
    from transitions import Machine, State

    return [
        ("transitions", lambda: Machine(states=["a", "b"], initial="a")),
        ("transitions state", lambda: State("a")),
        (
            "transitions named",
            lambda: Machine(states=["a", "b"], transitions=[["go", "a", "b"]], initial="a"),
        ),
    ]


def parser_cases() -> list[Case]:
    import pyparsing as pp

    return [
        ("pyparsing results", lambda: pp.Word(pp.alphas)("w").parse_string("abc")),
        ("pyparsing word", lambda: pp.Word(pp.alphas)),
        ("pyparsing nested", lambda: pp.Group(pp.Word(pp.nums))("n").parse_string("12")),
    ]


def galois_cases() -> list[Case]:
    import galois

    return [
        ("galois array", lambda: galois.GF(7)([1, 2, 3])),
        ("galois poly", lambda: galois.Poly([1, 0, 1], field=galois.GF(7))),
        ("galois field", lambda: galois.GF(2)([1, 0])),
    ]


def yaml_cases() -> list[Case]:
    from ruamel.yaml import YAML

    return [
        ("ruamel map", lambda: YAML().load("a: 1\nb: [1, 2]  # c\n")),
        ("ruamel seq", lambda: YAML().load("- 1\n- a: 2\n")),
        ("ruamel text", lambda: YAML().load("a: |\n  text\n")),
    ]


def tomlkit_cases() -> list[Case]:
    import tomlkit

    return [
        ("tomlkit", lambda: tomlkit.parse('a = 1\n[b]\nc = "x"\n')),
        ("tomlkit item", lambda: tomlkit.item({"a": 1})),
        ("tomlkit list", lambda: tomlkit.parse("a = [1, 2]")["a"]),
    ]


def aiohttp_cases() -> list[Case]:
    import aiohttp
    from aiohttp import HttpVersion11

    return [
        ("aiohttp version", lambda: HttpVersion11),
        ("aiohttp timeout", lambda: aiohttp.ClientTimeout(total=3)),
        ("aiohttp error", lambda: aiohttp.ClientPayloadError("x")),
    ]


def portion_cases() -> list[Case]:
    import portion

    return [
        ("portion", lambda: portion.closed(1, 2)),
        ("portion union", lambda: portion.closed(1, 2) | portion.open(4, portion.inf)),
        ("portion dict", lambda: portion.IntervalDict({portion.closed(1, 2): "a"})),
    ]


CASES = installed(
    {
        "bidict": bidict_cases,
        "sortedcontainers": sorted_cases,
        "frozendict": frozendict_cases,
        "immutables": immutables_cases,
        "pyrsistent": pyrsistent_cases,
        "intervaltree": intervaltree_cases,
        "bitarray": bitarray_cases,
        "treelib": tree_cases,
        "anytree": anytree_cases,
        "box": box_cases,
        "munch": munch_cases,
        "addict": addict_cases,
        "easydict": easydict_cases,
        "pendulum": pendulum_cases,
        "arrow": arrow_cases,
        "traitlets": traitlets_cases,
        "croniter": croniter_cases,
        "diskcache": diskcache_cases,
        "dynaconf": dynaconf_cases,
        "yacs": yacs_cases,
        "ml_collections": ml_collections_cases,
        "optree": optree_cases,
        "transitions": transitions_cases,
        "pyparsing": parser_cases,
        "galois": galois_cases,
        "ruamel.yaml": yaml_cases,
        "tomlkit": tomlkit_cases,
        "aiohttp": aiohttp_cases,
        "portion": portion_cases,
    }
)
