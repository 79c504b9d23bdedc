"""The effect guard on its own, with every refusal of the policy let pass; and what it must excuse.

The switch is a test's only: the child replaces the function that says whether the policy raises.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from tests.conftest import Runner
from tests.integration.test_startup import packages

COMMON = """
import json, os, pickle, sys
{switch}

class Reduced:
    def __init__(self, *parts): self.parts = parts
    def __reduce__(self): return self.parts

# What the C pickler of this very process has made is no file, and loads as in plain Python.
dumped = pickle._dumps

def told(function):
    try:
        return ["loaded", repr(function())]
    except pickle.UnpicklingError as error:
        return [type(error).__name__, str(error)]
    except BaseException as error:
        return ["error", repr(error)]
"""
POLICY_OFF = "from pickleball_hook.doors import checked\nchecked.enforcing = lambda: False"

# What is called with what: the text of each is evaluated in the child, where `canary` is a path.
HOSTILE = {
    "os.system": "os.system, (f'touch {canary}',)",
    "os.popen": "os.popen, (f'touch {canary}',)",
    "subprocess.Popen": "__import__('subprocess').call, (['touch', canary],)",
    "os.posix_spawn": "os.posix_spawn, ('/usr/bin/touch', ['touch', canary], {})",
    "open": "open, (canary, 'w')",
    "open for appending": "open, (canary, 'ab+')",
    "os.open": "os.open, (canary, os.O_CREAT | os.O_WRONLY)",
    "io.FileIO": "__import__('io').FileIO, (canary, 'x')",
    "pathlib": "__import__('pathlib').Path.touch, (__import__('pathlib').Path(canary),)",
    "os.mkdir": "os.mkdir, (canary,)",
    "os.symlink": "os.symlink, ('/nowhere', canary)",
    "shutil.copy": "__import__('shutil').copy, (__file__, canary)",
    "logging": "__import__('logging').FileHandler, (canary,)",
    "sqlite3.connect": "__import__('sqlite3').connect, (canary,)",
    "exec": "exec, (f'open({canary!r}, chr(119))',)",
    "eval": "eval, (f'open({canary!r}, chr(119))',)",
    "timeit": "__import__('timeit').timeit, (f'open({canary!r}, chr(119))',)",
    "runpy": "__import__('runpy').run_path, (write('acts.py', f'open({canary!r}, chr(119))'),)",
    "import of a script": "__import__('importlib').import_module, ('acting_module',)",
    "__import__ of a script": "__import__, ('acting_module2',)",
    "load_module": "__import__('importlib.machinery').machinery.SourceFileLoader('colorsys', "
    "write('loaded.py', f'open({canary!r}, chr(119))')).load_module, ()",
    "code of a function": "fill, (f'open({canary!r}, chr(119))',)",
    "finalizer of the stream's own": "Closing, (canary,)",
    "garbage of the stream's own, collected by an import": "Cyclic, (canary,)",
}

LIBRARY = """
import json

class Closing:
    def __init__(self, path): self.path = path
    def __del__(self): open(self.path, 'w').close()

class Cyclic(Closing):
    def __init__(self, path):
        self.path = path
        self.me = self

def fill(text):
    import types
    return types.FunctionType(compile(text, 'made', 'exec'), {})()

class Swallows:
    def __init__(self, path): self.path = path
    def __setstate__(self, state):
        try:
            open(state['path'], 'w').close()
        except Exception:
            pass
        try:
            open(state['path'] + '.2', 'w').close()
        except BaseException:
            pass

class Interrupted:
    def __init__(self, error): self.error = error
    def __setstate__(self, state):
        try:
            open('swallowed', 'w')
        except Exception:
            pass
        raise {'KeyboardInterrupt()': KeyboardInterrupt(), 'SystemExit(3)': SystemExit(3),
               'MemoryError()': MemoryError()}[state['error']]
"""


def child(run: Runner, body: str, policy: bool = False, **options: Any) -> Any:
    """Run a script after the common part; return what its last line says."""
    run.folder.joinpath("effects_library.py").write_text(LIBRARY)
    text = COMMON.format(switch="" if policy else POLICY_OFF) + body
    done = run(text, **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


BATCH = """
from effects_library import *
def write(path, text):
    with open(path, 'w') as file: file.write(text)
    return path
sys.path.insert(0, os.getcwd())
found = {{}}
for number, (name, text) in enumerate(json.loads({cases!r}).items()):
    canary = os.path.abspath(f"canary{{number}}{{os.environ['PICKLEBALL_MODE']}}")
    for module in ('acting_module', 'acting_module2'):
        write(module + '.py', f'open({{canary!r}}, chr(119))')
        sys.modules.pop(module, None)
    parts = eval(text)
    data = dumped(Reduced(*parts), 0)
    if name.startswith('finalizer'):
        data = data.replace(b'p2\\n', b'').replace(b'p3\\n', b'')[:-1] + b'0N.'  # POP, None
    if name.startswith('garbage'):
        write('collecting.py', 'import gc\\ngc.collect()\\nclass Thing: pass')
        data = data.replace(b'p2\\n', b'').replace(b'p3\\n', b'')[:-1] + b'0ccollecting\\nThing\\n.'
    try:
        value = pickle.loads(data)
        outcome = ['loaded', '']
    except BaseException as error:
        outcome = [type(error).__name__, str(error)]
    value = error = None
    try:
        while True: os.waitpid(-1, 0)
    except ChildProcessError:
        pass
    found[name] = [*outcome, os.path.lexists(canary)]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def batches() -> dict[str, dict[str, list[object]]]:
    """Return what has been run already, by mode."""
    return {}


def outcome(
    batches: dict[str, dict[str, list[object]]], run: Runner, mode: str, name: str
) -> list[object]:
    if mode not in batches:
        body = BATCH.format(cases=json.dumps(HOSTILE))
        batches[mode] = child(run, body, policy=mode == "off", mode=mode)
    return batches[mode][name]


@pytest.mark.parametrize("name", HOSTILE)
def test_an_effect_is_refused_without_the_policy(
    batches: dict[str, dict[str, list[object]]], run: Runner, name: str
) -> None:
    plain = outcome(batches, run, "off", name)
    assert plain[2], f"it does not act in plain Python: {plain}"
    error, text, touched = outcome(batches, run, "enforce", name)
    assert not touched
    assert error == "PolicyViolation", text
    assert "an effect (" in str(text)


def test_a_swallowed_effect_refuses_at_the_end_and_so_does_all_that_follows(run: Runner) -> None:
    found = child(
        run,
        """
from effects_library import Swallows
data = dumped(Swallows(os.path.abspath('canary')))
print(json.dumps([told(lambda: pickle.loads(data)), os.path.exists('canary'),
                  os.path.exists('canary.2')]))
""",
    )
    (name, text), first, second = found
    assert (name, first, second) == ("PolicyViolation", False, False)
    assert "an effect (open)" in text and "effects_library.Swallows" in text


@pytest.mark.parametrize("error", ["KeyboardInterrupt()", "SystemExit(3)", "MemoryError()"])
def test_interrupts_pass_unchanged(run: Runner, error: str) -> None:
    found = child(
        run,
        f"""
from effects_library import Interrupted
data = dumped(Interrupted({error!r}))
print(json.dumps(told(lambda: pickle.loads(data))))
""",
    )
    if error == "MemoryError()":  # an Exception: the refusal that was swallowed before it wins
        assert found[0] == "PolicyViolation"
    else:
        assert found == ["error", error]


def test_audit_mode_records_an_effect_once_and_changes_nothing(run: Runner) -> None:
    found = child(
        run,
        """
from effects_library import Swallows
data = dumped(Swallows(os.path.abspath('canary')))
print(json.dumps([told(lambda: pickle.loads(data))[0], os.path.exists('canary.2')]))
""",
        mode="audit",
    )
    assert found == ["loaded", True]
    records = [
        json.loads(line)
        for path in run.state.rglob("*.jsonl")
        for line in path.read_text().splitlines()
    ]
    operations = [refusal["operation"] for record in records for refusal in record["refusals"]]
    assert operations.count("an effect (open)") == 1
    assert {record["mode"] for record in records} == {"audit"}


PROGRAM = {
    "file object that opens another file when it is read": """
import io
class Remote(io.RawIOBase):
    def __init__(self, data): self.inner = io.BytesIO(data)
    def readable(self): return True
    def readinto(self, target):
        open('fetched', 'w').close()
        return self.inner.readinto(target)
value = pickle.load(io.BufferedReader(Remote(data)))
done = os.path.exists('fetched')
""",
    "read of a file object in joblib's way": """
class Remote:
    def __init__(self, data): import io; self.inner = io.BytesIO(data)
    def read(self, size=-1):
        open('fetched', 'w').close()
        return self.inner.read(size)
    def readline(self): return self.inner.readline()
class Reader(pickle._Unpickler):
    def __init__(self, file): super().__init__(file); self.handle = file
    dispatch = dict(pickle._Unpickler.dispatch)
    def load_build(self):
        self.handle.read(0)
        super().load_build()
    dispatch[pickle.BUILD[0]] = load_build
value = Reader(Remote(data)).load()
done = os.path.exists('fetched')
""",
    "persistent_load": """
import io
class Loader(pickle.Unpickler):
    def persistent_load(self, pid):
        open('fetched', 'w').close()
        return pid
class Saver(pickle.Pickler):
    def persistent_id(self, value): return 'id' if isinstance(value, bytes) else None
stream = io.BytesIO()
Saver(stream).dump([Thing(1), b'x'])
stream.seek(0)
value = Loader(stream).load()[0]
done = os.path.exists('fetched')
""",
    "find_class": """
import io
class Loader(pickle.Unpickler):
    def find_class(self, module, name):
        open('fetched', 'w').close()
        os.system('true')
        return super().find_class(module, name)
value = Loader(io.BytesIO(data)).load()
done = os.path.exists('fetched')
""",
    "buffers": """
class Bulk:
    def __init__(self, data): self.data = data
    def __reduce_ex__(self, protocol): return bytearray, (pickle.PickleBuffer(self.data),)
def fetched():
    for buffer in found:
        open('fetched', 'w').close()
        yield buffer
found = []
mixed = dumped([Thing(1), Bulk(bytearray(b'12'))], 5, buffer_callback=found.append)
value = pickle.loads(mixed, buffers=fetched())[0]
done = os.path.exists('fetched')
""",
    "signal handler": """
import signal
signal.signal(signal.SIGUSR1, lambda number, frame: open('fetched', 'w').close())
value = pickle.loads(dumped(Signals(1)))
done = os.path.exists('fetched')
""",
    "finalizer of another object": """
import gc
class Temporary:
    def __init__(self): self.me = self
    def __del__(self): open('fetched', 'w').close()
gc.disable()
Temporary()
value = pickle.loads(dumped(Collects(1)))
done = os.path.exists('fetched')
""",
    "weakref.finalize": """
import gc, weakref
gc.disable()
class Temporary:
    def __init__(self):
        self.me = self
        weakref.finalize(self, open, 'fetched', 'w')
Temporary()
value = pickle.loads(dumped(Collects(1)))
done = os.path.exists('fetched')
""",
    "log handler": """
import logging
logging.getLogger('things').addHandler(logging.FileHandler('fetched', delay=True))
value = pickle.loads(dumped(Logs(1)))
done = os.path.exists('fetched')
""",
    "import in a library's own code": """
open('lazy_part.py', 'w').write("open('fetched', 'w').close()")
sys.path.insert(0, os.getcwd())
value = pickle.loads(dumped(Imports(1)))
done = os.path.exists('fetched')
""",
    "another thread": """
import threading
halt, ready = threading.Event(), threading.Event()
def work():
    while not halt.is_set():
        open('fetched', 'w').close(); os.system('true'); ready.set()
thread = threading.Thread(target=work)
thread.start()
value = pickle.loads(dumped([Waits(0.3), Thing(1)]))[1]
halt.set(); thread.join()
done = os.path.exists('fetched')
""",
    "a callback that copied the context": """
import contextvars, atexit
value = pickle.loads(dumped(Copies(1)))
Copies.context.run(lambda: open('fetched', 'w').close())
done = os.path.exists('fetched')
""",
    "null device": """
value = pickle.loads(dumped(Silent(1)))
done = True
""",
    "namedtuple made while loading": """
value = pickle.loads(dumped(Tuples(1)))
done = True
""",
    "a forked child": """
value = pickle.loads(data)
pid = os.fork()
if pid == 0:
    assert pickle.loads(data) == value
    open('fetched', 'w').close()
    os._exit(0)
os.waitpid(pid, 0)
done = os.path.exists('fetched')
""",
    "after the load": """
value = pickle.loads(data)
open('fetched', 'w').close(); os.system('true')
done = os.path.exists('fetched')
""",
    "after uninstall": """
import pickleball_hook
from pickleball_hook.net import events
value = pickle.loads(data)
assert not events.listening()  # a plain class: nothing runs
pickle.loads(dumped(Silent(1)))
assert events.listening()
pickleball_hook.uninstall()
assert not events.listening()
pickle.loads(dumped(Reduced(open, ('fetched', 'w'))))
done = os.path.exists('fetched')
pickleball_hook.install()
pickle.loads(dumped(Silent(1)))
assert events.listening()
""",
}

THINGS = """
class Thing:
    def __init__(self, value): self.value = value
    def __eq__(self, other): return self.value == other.value
class Signals(Thing):
    def __setstate__(self, state):
        import signal
        signal.raise_signal(signal.SIGUSR1)
        self.__dict__.update(state)
class Collects(Thing):
    def __setstate__(self, state):
        import gc
        gc.collect()
        self.__dict__.update(state)
class Logs(Thing):
    def __setstate__(self, state):
        import logging
        logging.getLogger('things').warning('old version')
        self.__dict__.update(state)
class Imports(Thing):
    def __setstate__(self, state):
        import lazy_part
        self.__dict__.update(state)
class Waits(Thing):
    def __setstate__(self, state):
        import time
        time.sleep(state['value'])
        self.__dict__.update(state)
class Copies(Thing):
    def __setstate__(self, state):
        import contextvars
        Copies.context = contextvars.copy_context()
        self.__dict__.update(state)
class Silent(Thing):
    def __setstate__(self, state):
        import os
        with open(os.devnull, 'w') as file: file.write('x')
        with open(__file__) as file: file.read()
        self.__dict__.update(state)
class Tuples(Thing):
    def __setstate__(self, state):
        import collections
        collections.namedtuple('Pair', 'a b')(1, 2)
        self.__dict__.update(state)
"""


@pytest.mark.parametrize("name", PROGRAM)
def test_what_is_not_the_stream_s_doing_goes_on(run: Runner, name: str) -> None:
    """HONEST: effects of the program's own objects, handlers, threads and imports."""
    run.folder.joinpath("things_library.py").write_text(THINGS)
    found = child(
        run,
        f"""
from things_library import *
data = dumped(Thing(1))
{PROGRAM[name]}
assert value == Thing(1)
print(json.dumps(done))
""",
    )
    assert found is True


THREAD = """
from things_library import *
class Starts(Thing):
    def __setstate__(self, state):
        import threading
        threading.Thread(target=print).start()
print(json.dumps(told(lambda: pickle.loads(dumped(Starts(1))))))
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="raises no event before 3.12")
def test_a_thread_that_no_guard_would_follow_is_not_started(run: Runner) -> None:
    run.folder.joinpath("things_library.py").write_text(THINGS)
    name, text = child(run, THREAD)
    assert name == "PolicyViolation" and "starts a thread" in text


EARLY = """
from pickle import load, loads, Unpickler
import functools, io, pickle, _pickle, os, sys, json, collections, shelve
held = [loads]  # no search looks in here
class Own(Unpickler): pass
class Holder:
    loads = loads
import pickleball_hook
{install}
class Reduced:
    def __init__(self, *parts): self.parts = parts
    def __reduce__(self): return self.parts
class Mine:
    pass
dumped = pickle._dumps
canary = os.path.abspath('canary')
bad = dumped(Reduced(os.system, (f'touch {{canary}}',)))
found = {{}}
def told(name, function):
    try:
        outcome = ['loaded', repr(function())]
    except Exception as error:
        outcome = [type(error).__name__, str(error)]
    found[name] = [*outcome, os.path.exists(canary)]
    if os.path.exists(canary): os.remove(canary)
told('by name', lambda: loads(bad))
told('file, by name', lambda: load(io.BytesIO(bad)))
told('class by name', lambda: Unpickler(io.BytesIO(bad)).load())
told('class attribute', lambda: Holder.loads(bad))
told('shelve', lambda: shelve.Unpickler(io.BytesIO(bad)).load())
told('held in a list', lambda: held[0](bad))
told('held, Python 2 name', lambda: held[0](b'c__builtin__\\neval\\n(S"open(%r, chr(119))"\\ntR.' % canary))
told('held, called from C', lambda: list(map(held[0], [bad])))
told('derived before', lambda: Own(io.BytesIO(bad)).load())
told('honest, by name', lambda: loads(dumped(collections.OrderedDict(a=1))))
told('honest, held', lambda: held[0](dumped([1, collections.OrderedDict(a=1), {{2}}])))
told('honest, counter', lambda: held[0](dumped(collections.Counter('aa'), 2)))
told('honest, derived', lambda: Own(io.BytesIO(dumped(collections.OrderedDict(a=1)))).load())
told('honest, date', lambda: held[0](dumped(__import__('datetime').date(2020, 1, 2))))
told('numpy dtype by name', lambda: held[0](b'cnumpy\\ndtype\\n(S"O"\\ntR.'))
told('absent', lambda: held[0](b'cno_such_module\\nno_name\\n.'))
pickleball_hook.uninstall()
found['restored'] = loads is held[0] and Holder.loads is held[0] and pickle.loads is held[0]
found['plain again'] = held[0](dumped(Reduced(os.getpid, ()))) == os.getpid()
print(json.dumps(found))
"""


def test_loaders_that_were_bound_before_the_hook(run: Runner) -> None:
    """Patched where they are found; what is held elsewhere meets the names' backstop."""
    text = EARLY.format(install="pickleball_hook.install()")
    done = run(text, python_flags=["-S"], env=packages(run))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("restored") and found.pop("plain again")
    for name, (error, text, touched) in found.items():
        assert not touched, name
        if name == "absent":
            assert error == "ModuleNotFoundError"
        elif name.startswith("honest"):
            assert error == "loaded", (name, text)
        else:
            assert error == "PolicyViolation", (name, text)
    plain = run(EARLY.format(install=""), mode="off", python_flags=["-S"], env=packages(run))
    acted = {
        name
        for name, row in json.loads(plain.stdout).items()
        if row is True or row is not False and row[2]
    }
    assert {"by name", "held in a list", "held, Python 2 name", "derived before"} <= acted


def test_messages_through_an_early_bound_loader_pass(run: Runner) -> None:
    """ForkingPickler keeps ``pickle.loads`` as an attribute of its class: a trusted channel."""
    script = """
import multiprocessing.pool, multiprocessing.connection, pickleball_hook
pickleball_hook.install()
import os
here, there = multiprocessing.Pipe()
there.send((os.system, {1: max}))
print(here.recv() == (os.system, {1: max}))
"""
    done = run(script, python_flags=["-S"], env=packages(run))
    assert done.stdout.strip() == "True", done.stderr
