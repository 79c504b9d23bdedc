"""Each way by which a program loads pickles, with a hostile file: covered, or said not to be.

For every door the hostile file is written by one process, without the guard, and opened by the
same unchanged lines in two others: one without the guard, where the file acts (a canary shows
it), and one with it, where it must not. The table in the README is made of these rows.
"""

from __future__ import annotations

import importlib.util
import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from conftest import Environment, Runner

COVERED, NOT_REACHABLE, OUT_OF_SCOPE = "covered", "not reachable", "out of scope"


class Door(NamedTuple):
    """One way to load.

    Attributes
    ----------
    name
        What the program calls.
    make
        Lines that write the hostile file, given ``evil`` (pickles into a command) and ``path``.
    load
        The honest program's lines.
    state
        ``covered``: acts without the guard and is refused with it. ``not reachable``: no pickle
        of Python's is loaded. ``out of scope``: acts in both, as the README says.
    needs
        Modules without which it is left out.
    """

    name: str
    make: str
    load: str
    state: str = COVERED
    needs: tuple[str, ...] = ()


PLAIN = "pickle.dump(evil, open(path, 'wb'))"

STANDARD = [
    Door("pickle.load", PLAIN, "pickle.load(open(path, 'rb'))"),
    Door("pickle.loads", PLAIN, "pickle.loads(open(path, 'rb').read())"),
    Door("pickle.Unpickler", PLAIN, "pickle.Unpickler(open(path, 'rb')).load()"),
    Door("a class of one's own", PLAIN,
         "type('U', (pickle.Unpickler,), {})(open(path, 'rb')).load()"),
    Door("pickle._Unpickler", PLAIN, "pickle._Unpickler(open(path, 'rb')).load()"),
    Door("pickle._load, _loads", PLAIN,
         "pickle._load(open(path, 'rb')); pickle._loads(open(path, 'rb').read())"),
    Door("_pickle", PLAIN, "import _pickle; _pickle.loads(open(path, 'rb').read())"),
    Door("gzip, bz2, lzma files",
         "import gzip; gzip.open(path, 'wb').write(pickle.dumps(evil))",
         "import gzip; pickle.load(gzip.open(path))"),
    Door("a member of a zip archive",
         "import zipfile; zipfile.ZipFile(path, 'w').writestr('m', pickle.dumps(evil))",
         "import zipfile; pickle.load(zipfile.ZipFile(path).open('m'))"),
    Door("a pipe",
         PLAIN,
         "import subprocess; pickle.load(subprocess.Popen(['cat', path], stdout=-1).stdout)"),
    Door("mmap", PLAIN,
         "import mmap; f = open(path, 'r+b'); pickle.loads(mmap.mmap(f.fileno(), 0))"),
    Door("shelve", "import shelve; s = shelve.open(path, 'n'); s['k'] = evil; s.close()",
         "import shelve; shelve.open(path)['k']"),
    Door("trace.CoverageResults", PLAIN, "import trace; trace.CoverageResults(infile=path)"),
    Door("tracemalloc.Snapshot.load", PLAIN,
         "import tracemalloc; tracemalloc.Snapshot.load(path)"),
    Door("lib2to3, a grammar", PLAIN,
         "from lib2to3.pgen2.grammar import Grammar; Grammar().load(path)", needs=("lib2to3",)),
    Door("python -m pickle", PLAIN,
         "import subprocess; subprocess.run([sys.executable, '-m', 'pickle', path])"),
    Door("a reducer that loads in turn", "pickle.dump(nested(evil), open(path, 'wb'))",
         "pickle.load(open(path, 'rb'))"),
    Door("many loads in threads", PLAIN,
         "from concurrent.futures import ThreadPoolExecutor as P\n"
         "with P(2) as p: [*p.map(lambda n: pickle.load(open(path, 'rb')), range(2))]"),
    Door("a loader that others have wrapped", PLAIN,
         "import functools; functools.partial(pickle.load)(open(path, 'rb'))"),
    Door("exec of marshal", "import marshal\nmarshal.dump(compile('os.mkdir(canary)', '', 'exec'),"
         " open(path, 'wb'))",
         "import marshal; exec(marshal.load(open(path, 'rb')))", OUT_OF_SCOPE),
]  # fmt: skip

ARRAYS = [
    Door("numpy.load, .npy", "numpy.save(open(path, 'wb'), numpy.array([evil], dtype=object))",
         "numpy.load(path, allow_pickle=True)", needs=("numpy",)),
    Door("numpy.load, .npz", "numpy.savez(open(path, 'wb'), a=numpy.array([evil], dtype=object))",
         "numpy.load(path, allow_pickle=True)['a']", needs=("numpy",)),
    Door("numpy.load, a pickle", PLAIN, "numpy.load(path, allow_pickle=True)", needs=("numpy",)),
    Door("numpy.load, default", "numpy.save(open(path, 'wb'), numpy.array([evil], dtype=object))",
         "numpy.load(path)", NOT_REACHABLE, needs=("numpy",)),
    Door("numpy.lib.format.read_array",
         "numpy.save(open(path, 'wb'), numpy.array([evil], dtype=object))",
         "numpy.lib.format.read_array(open(path, 'rb'), allow_pickle=True)", needs=("numpy",)),
    Door("pandas.read_pickle", PLAIN, "import pandas; pandas.read_pickle(path)",
         needs=("pandas",)),
    Door("pandas.read_pickle, compressed",
         "import gzip; gzip.open(path, 'wb').write(pickle.dumps(evil))",
         "import pandas; pandas.read_pickle(path, compression='gzip')", needs=("pandas",)),
    Door("pandas.compat.pickle_compat", PLAIN,
         "import pandas.compat.pickle_compat as c\n"
         "c.Unpickler(open(path, 'rb')).load()", needs=("pandas",)),
    Door("its fallback after an error",
         "open(path, 'wb').write(b'(cno_such_module\\nx\\n' + pickle.dumps(evil, 0)[:-1] + b'l.')",
         "import pandas; pandas.read_pickle(path)", NOT_REACHABLE, needs=("pandas",)),
    Door("pandas.read_hdf", "import pandas, tables\n"
         "file = tables.open_file(path, 'w')\n"
         "array = file.create_vlarray('/', 'x', tables.ObjectAtom())\n"
         "array.append(evil); file.close()",
         "import tables; tables.open_file(path).root.x[0]", needs=("pandas", "tables")),
    Door("scipy.io.loadmat", "import scipy.io; scipy.io.savemat(path, {'a': [1, 2]})",
         "import scipy.io; scipy.io.loadmat(path)", NOT_REACHABLE, needs=("scipy",)),
]  # fmt: skip

JOBLIB = [
    Door("joblib.load", "joblib.dump(evil, path)", "joblib.load(path)"),
    Door("joblib.load, compressed", "joblib.dump(evil, path, compress=3)", "joblib.load(path)"),
    Door("joblib.load, lzma", "joblib.dump(evil, path, compress='lzma')", "joblib.load(path)"),
    Door("joblib.load, mapped", "joblib.dump([numpy.ones(9), evil], path)",
         "joblib.load(path, mmap_mode='r')"),
    Door("joblib.load, file object", "joblib.dump(evil, path)", "joblib.load(open(path, 'rb'))"),
    Door("joblib.load, object array", "joblib.dump(numpy.array([evil], dtype=object), path)",
         "joblib.load(path)"),
    Door("joblib.load, format of 0.9", "import zlib\n"
         "data = pickle.dumps(evil, 2)\n"
         "open(path, 'wb').write(b'ZF' + b'%-19s' % hex(len(data)).encode() + zlib.compress(data))",
         "joblib.load(path)"),
    Door("joblib.Memory",
         "import glob\n"
         "m = joblib.Memory(path, verbose=0)\n"
         "m.cache(len)([]); [joblib.dump(evil, p) for p in glob.glob(path + '/**/output.pkl',"
         " recursive=True)]",
         "m = joblib.Memory(path, verbose=0)\nm.cache(len)([])"),
]  # fmt: skip
JOBLIB = [door._replace(needs=("joblib", "numpy")) for door in JOBLIB]

TORCH_IMPORTS = "import torch\n"
LEGACY = "torch.save(evil, path, _use_new_zipfile_serialization=False)"
EXPORTED = (
    "import io, shutil, zipfile\n"
    "program = torch.export.export(torch.nn.Linear(1, 1), (torch.ones(1, 1),))\n"
    "torch.export.save(program, path)\n"
    "shutil.move(path, path + '.old')\n"
    "stream = io.BytesIO(); torch.save(evil, stream)\n"
    "with zipfile.ZipFile(path + '.old') as old, zipfile.ZipFile(path, 'w') as new:\n"
    "    for name in old.namelist():\n"
    "        new.writestr(name, stream.getvalue() if 'sample_inputs' in name else old.read(name))"
)
"""An exported program with a hostile part: torch reads the inputs without a restriction if it
cannot read them with one (torch 2.13, ``torch/_export/serde/serialize.py``)."""
TORCH = [
    Door("torch.load, zip", "torch.save(evil, path)", "torch.load(path, weights_only=False)"),
    Door("torch.load, legacy", LEGACY, "torch.load(path, weights_only=False)"),
    Door("torch.load, tar",
         "import tarfile, io\n"
         "data = pickle.dumps(evil, 2)\n"
         "with tarfile.open(path, 'w') as tar:\n"
         "    for name in ('storages', 'tensors', 'pickle'):\n"
         "        member = tarfile.TarInfo(name)\n"
         "        body = data if name == 'pickle' else pickle.dumps(0, 2) + pickle.dumps([], 2)\n"
         "        member.size = len(body)\n"
         "        tar.addfile(member, io.BytesIO(body))",
         "torch.load(path, weights_only=False, encoding='ascii')"),
    Door("torch.load, mapped", "torch.save(evil, path)",
         "torch.load(path, weights_only=False, mmap=True)"),
    Door("torch.load, mapped to", "torch.save(evil, path)",
         "torch.load(path, 'cpu', weights_only=False)"),
    Door("torch.load, file object", "torch.save(evil, path)",
         "torch.load(open(path, 'rb'), weights_only=False)"),
    Door("torch.load, pickle_module", "torch.save(evil, path)",
         "torch.load(path, pickle_module=pickle, weights_only=False)"),
    Door("torch.load, dill", "torch.save(evil, path)",
         "import dill; torch.load(path, pickle_module=dill, weights_only=False)"),
    Door("torch.load, default", "torch.save(evil, path)", "torch.load(path)", NOT_REACHABLE),
    Door("torch.load, weights_only", "torch.save(evil, path)",
         "torch.load(path, weights_only=True)", NOT_REACHABLE),
    Door("torch.storage._load_from_bytes", LEGACY,
         "import torch.storage; torch.storage._load_from_bytes(open(path, 'rb').read())"),
    Door("a storage within a pickle",
         "import io; b = io.BytesIO(); torch.save(evil, b); pickle.dump(stored(b.getvalue()),"
         " open(path, 'wb'))", "pickle.load(open(path, 'rb'))"),
    Door("torch.hub.load_state_dict_from_url",
         "torch.save(evil, path)",
         "import os; torch.hub.load_state_dict_from_url('file://' + os.path.abspath(path),"
         " model_dir='.', weights_only=False)"),
    Door("torch.distributed.checkpoint, metadata",
         "import os; os.makedirs(path); pickle.dump(evil, open(path + '/.metadata', 'wb'))",
         "import torch.distributed.checkpoint as c; c.FileSystemReader(path).read_metadata()"),
    Door("torch.distributed.checkpoint, data",
         "import torch.distributed.checkpoint as c, glob\n"
         "c.save({'x': 'text'}, checkpoint_id=path, no_dist=True)\n"
         "meta = pickle.load(open(path + '/.metadata', 'rb'))\n"
         "(info,) = meta.storage_data.values()\n"
         "torch.save(evil, path + '/' + info.relative_path)\n"
         "import os; size = os.path.getsize(path + '/' + info.relative_path)\n"
         "key = next(iter(meta.storage_data))\n"
         "meta.storage_data[key] = type(info)(info.relative_path, 0, size)\n"
         "pickle.dump(meta, open(path + '/.metadata', 'wb'))",
         "import torch.distributed.checkpoint as c\n"
         "c.load({'x': 'other'}, checkpoint_id=path, no_dist=True)"),
    Door("torch.jit.load", "torch.jit.script(torch.nn.Linear(1, 1)).save(path)\n"
         "import zipfile, shutil\n"
         "shutil.move(path, path + '.old')\n"
         "with zipfile.ZipFile(path + '.old') as old, zipfile.ZipFile(path, 'w') as new:\n"
         "    for name in old.namelist():\n"
         "        is_data = name.endswith('/data.pkl')\n"
         "        new.writestr(name, pickle.dumps(evil, 2) if is_data else old.read(name))",
         "torch.jit.load(path)", NOT_REACHABLE),
    Door("torch.package, pickles",
         "from torch.package import PackageExporter\n"
         "with PackageExporter(path) as package:\n"
         "    package.extern('**')\n"
         "    package.save_pickle('p', 'x.pkl', evil)",
         "from torch.package import PackageImporter\n"
         "PackageImporter(path).load_pickle('p', 'x.pkl')"),
    Door("torch.package, code",
         "from torch.package import PackageExporter\n"
         "with PackageExporter(path) as package:\n"
         "    package.save_source_string('m', f'import os\\nos.mkdir({canary!r})')",
         "from torch.package import PackageImporter\nPackageImporter(path).import_module('m')",
         OUT_OF_SCOPE),
    Door("torch.export.load, example inputs", EXPORTED,
         "torch.export.load(path)"),
    Door("torch.export.load, weights", EXPORTED.replace("sample_inputs", "weights/weight_0"),
         "torch.export.load(path)", NOT_REACHABLE),
    Door("torch.distributed.checkpoint, from a file of torch.save", "torch.save(evil, path)",
         "import torch.distributed.checkpoint.format_utils as f\n"
         "f.torch_save_to_dcp(path, path + '.dcp')"),
    Door("a data pipe's decoder", PLAIN,
         "from torch.utils.data.datapipes.utils.decoder import basichandlers\n"
         "basichandlers('pickle', open(path, 'rb').read())"),
    Door("torch.hub.load",
         "import os; os.makedirs(path)\n"
         "open(path + '/hubconf.py', 'w').write("
         "f'import os\\ndef model(): os.mkdir({canary!r})')",
         "torch.hub.load(path, 'model', source='local')", OUT_OF_SCOPE),
]  # fmt: skip
TORCH = [
    door._replace(
        needs=("torch", "dill") if "dill" in door.load else ("torch",),
        make=TORCH_IMPORTS + door.make,
        load=TORCH_IMPORTS + door.load,
    )
    for door in TORCH
]

OTHERS = [
    Door("cloudpickle.load", PLAIN, "import cloudpickle; cloudpickle.load(open(path, 'rb'))",
         needs=("cloudpickle",)),
    Door("cloudpickle.loads", PLAIN,
         "import cloudpickle; cloudpickle.loads(open(path, 'rb').read())", needs=("cloudpickle",)),
    Door("dill.load", PLAIN, "import dill; dill.load(open(path, 'rb'))", needs=("dill",)),
    Door("dill.loads", PLAIN, "import dill; dill.loads(open(path, 'rb').read())",
         needs=("dill",)),
    Door("dill.load_module", "import dill, types\n"
         "m = types.ModuleType('m'); m.evil = evil; dill.dump_module(path, m)",
         "import dill; dill.load_module(path)", needs=("dill",)),
    Door("a by-value function", "import cloudpickle\n"
         "cloudpickle.dump(lambda c=canary: __import__('os').mkdir(c), open(path, 'wb'))",
         "pickle.load(open(path, 'rb'))()", needs=("cloudpickle",)),
    Door("mlflow.pyfunc, cloudpickle",
         "import os; os.makedirs(path); pickle.dump(evil, open(path + '/model.pkl', 'wb'))\n"
         "open(path + '/MLmodel', 'w').write('flavors:\\n  python_function:\\n"
         "    loader_module: mlflow.sklearn\\n    model_path: model.pkl\\n    env: {}\\n"
         "  sklearn:\\n    pickled_model: model.pkl\\n    serialization_format: cloudpickle\\n"
         "    sklearn_version: \"1\"\\n')",
         "import mlflow.sklearn; mlflow.sklearn.load_model(path)", needs=("mlflow", "sklearn")),
    Door("networkx, a pickled graph", "import networkx\n"
         "g = networkx.Graph(); g.add_node(1, x=evil); pickle.dump(g, open(path, 'wb'))",
         "pickle.load(open(path, 'rb'))", needs=("networkx",)),
    Door("diskcache", "import diskcache; diskcache.Cache(path)['k'] = evil",
         "import diskcache; diskcache.Cache(path)['k']", needs=("diskcache",)),
    Door("mlflow.pyfunc, a Python model",
         "import os; os.makedirs(path); pickle.dump(evil, open(path + '/python_model.pkl', 'wb'))\n"
         "open(path + '/MLmodel', 'w').write('flavors:\\n  python_function:\\n"
         "    loader_module: mlflow.pyfunc.model\\n    cloudpickle_version: \"3\"\\n"
         "    python_model: python_model.pkl\\n    env: {}\\n')",
         "import mlflow.pyfunc; mlflow.pyfunc.load_model(path)", needs=("mlflow", "pandas")),
    Door("scikit-learn, a data set that it keeps", "import codecs, os; os.makedirs(path)\n"
         "open(path + '/20news-bydate_py3.pkz', 'wb').write("
         "codecs.encode(pickle.dumps(evil), 'zlib_codec'))",
         "from sklearn.datasets import fetch_20newsgroups\n"
         "fetch_20newsgroups(data_home=path, download_if_missing=False)", needs=("sklearn",)),
    Door("pytorch_lightning, a checkpoint", "import torch; torch.save(evil, path)",
         "import pytorch_lightning as lightning\n"
         "lightning.LightningModule.load_from_checkpoint(path, weights_only=False)",
         needs=("pytorch_lightning",)),
    Door("transformers, pytorch_model.bin", "import os, torch; os.makedirs(path)\n"
         "from transformers import BertConfig\n"
         "BertConfig(hidden_size=4, num_attention_heads=1, num_hidden_layers=1, vocab_size=9,"
         " intermediate_size=4).save_pretrained(path)\n"
         "torch.save(evil, path + '/pytorch_model.bin')",
         "from transformers import BertModel; BertModel.from_pretrained(path)", NOT_REACHABLE,
         needs=("transformers", "torch")),
    Door("gensim", PLAIN, "from gensim.models import KeyedVectors; KeyedVectors.load(path)",
         needs=("gensim",)),
    Door("statsmodels", PLAIN,
         "import statsmodels.api; statsmodels.api.load(path)", needs=("statsmodels",)),
    Door("nltk.data.load", "import os; pickle.dump(evil, open(path + '.pickle', 'wb'))",
         "import nltk, os; nltk.data.load('file:' + os.path.abspath(path) + '.pickle')",
         NOT_REACHABLE, needs=("nltk",)),
    Door("skops.card, a file of joblib's", "import joblib; joblib.dump(evil, path)",
         "from skops.card import Card; Card(path, allow_pickle=True).get_model()",
         needs=("skops", "joblib")),
    Door("skops.io", "import skops.io; skops.io.dump({'a': 1}, path)",
         "import skops.io; skops.io.load(path)", NOT_REACHABLE, needs=("skops",)),
    Door("keras, a .keras file", "import os; os.environ['KERAS_BACKEND'] = 'torch'\n"
         "import keras; keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]).save("
         "path + '.keras')",
         "import os; os.environ['KERAS_BACKEND'] = 'torch'\n"
         "import keras; keras.models.load_model(path + '.keras')", NOT_REACHABLE,
         needs=("keras", "torch")),
    Door("keras, a function in a .keras file",
         "import os; os.environ['KERAS_BACKEND'] = 'torch'\n"
         "import keras\n"
         "text = f\"lambda x: (__import__('os').mkdir({canary!r}), x)[1]\"\n"
         "layer = keras.layers.Lambda(eval(text), output_shape=(1,))\n"
         "keras.Sequential([keras.Input((1,)), layer]).save(path + '.keras')",
         "import os; os.environ['KERAS_BACKEND'] = 'torch'\n"
         "import keras, numpy\n"
         "keras.models.load_model(path + '.keras', safe_mode=False)(numpy.ones((1, 1)))",
         OUT_OF_SCOPE, needs=("keras", "torch")),
    Door("NeMo, a .nemo archive's weights", "import torch; torch.save(evil, path)",
         "from nemo.core.connectors.save_restore_connector import SaveRestoreConnector\n"
         "SaveRestoreConnector()._load_state_dict_from_disk(path)", needs=("nemo",)),
    Door("zodbpickle, a copy of the C machine", "pickle.dump(evil, open(path, 'wb'), 2)",
         "import zodbpickle.pickle; zodbpickle.pickle.load(open(path, 'rb'))", OUT_OF_SCOPE,
         needs=("zodbpickle",)),
]  # fmt: skip

GROUPS = {
    "standard": STANDARD,
    "arrays": ARRAYS,
    "joblib": JOBLIB,
    "torch": TORCH,
    "others": OTHERS,
}

CHILD = """
import glob, json, os, pickle, sys

def refusals():
    paths = glob.glob(os.environ["XDG_STATE_HOME"] + "/*/refusals.jsonl")
    return sum(len(open(path).readlines()) for path in paths)

try:
    import numpy, joblib
except ImportError:
    pass

class Evil:
    def __reduce__(self):
        return os.mkdir, (canary,)

class Nested:
    def __init__(self, inner):
        self.inner = inner
    def __reduce__(self):
        return pickle.loads, (pickle.dumps(self.inner),)

class Stored:
    def __init__(self, data):
        self.data = data
    def __reduce__(self):
        import torch.storage
        return torch.storage._load_from_bytes, (self.data,)

nested, stored, evil = Nested, Stored, Evil()
phase, names = sys.argv[1], json.loads(open("doors.json").read())
for number, (name, make, load) in enumerate(names):
    canary, path, error = f"canary-{number}", f"file-{number}", ""
    if os.path.isdir(canary):
        os.rmdir(canary)
    before = refusals()
    try:
        exec(make if phase == "make" else load, globals())
    except BaseException as problem:
        while problem is not None:
            error += f"{type(problem).__name__}: {problem}; "
            problem = problem.__cause__ or problem.__context__
    print("=", json.dumps([name, os.path.isdir(canary), error[:1500], refusals() - before]), flush=True)
"""


class Outcome(NamedTuple):
    """Whether the file acted, the errors that its load ended with, and how often it was refused.

    A library may catch the refusal and do without the file.
    """

    acted: bool
    errors: str
    refused: int


class Doors:
    """The outcomes of a group of doors, run when they are first asked for."""

    def __init__(self, environment: Environment, folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self._known: dict[str, tuple[dict[str, Outcome], dict[str, Outcome]]] = {}

    def of(self, group: str, runner: type[Runner]) -> tuple[dict[str, Outcome], dict[str, Outcome]]:
        """Return the outcomes without and with the guard, by door."""
        if group not in self._known:
            folder = self.folder / group
            folder.mkdir()
            run = runner(self.environment.python, folder)
            rows = [(d.name, d.make, d.load) for d in GROUPS[group] if installed(d)]
            (run.folder / "doors.json").write_text(json.dumps(rows))
            made = self._outcomes(run, "make", "off")
            broken = {name: row.errors for name, row in made.items() if row.errors}
            assert not broken, broken
            self._known[group] = (
                self._outcomes(run, "load", "off"),
                self._outcomes(run, "load", None),
            )
        return self._known[group]

    def _outcomes(self, run: Runner, phase: str, mode: str | None) -> dict[str, Outcome]:
        done = run(textwrap.dedent(CHILD), phase, mode=mode, timeout=300)
        lines = [line[2:] for line in done.stdout.splitlines() if line.startswith("= ")]
        assert done.returncode == 0, done.stderr[-3000:]
        return {name: Outcome(*rest) for name, *rest in map(json.loads, lines)}


def installed(door: Door) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in door.needs)


@pytest.fixture(scope="module")
def doors(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Doors:
    """Return the outcomes, run group by group when they are asked for."""
    return Doors(environment, tmp_path_factory.mktemp("doors"))


ROWS = [(group, door) for group, rows in GROUPS.items() for door in rows]


@pytest.mark.parametrize(("group", "door"), ROWS, ids=[door.name for _, door in ROWS])
def test_door(doors: Doors, run: Runner, group: str, door: Door) -> None:
    if not installed(door):
        pytest.skip(f"needs {door.needs}")
    plain, guarded = (outcomes[door.name] for outcomes in doors.of(group, type(run)))
    if door.state == COVERED:
        assert plain.acted, f"does not act without the guard: {plain.errors}"
        assert not guarded.acted, guarded.errors
        assert guarded.refused, guarded.errors
    elif door.state == NOT_REACHABLE:
        assert not plain.acted
        assert not guarded.acted
    else:
        assert plain.acted, plain.errors
        assert guarded.acted, f"covered after all: {guarded.errors}"
