"""The reference machine and the proof with its replay, side by side on one stream."""

from __future__ import annotations

import contextlib
import io
import pickle
import random
import sys
from collections.abc import Callable, Iterator

from pickleball_hook.doors import entry
from pickleball_hook.engines import replay, shadow
from tests.pickleball_hook.engines import samples

BEFORE, AFTER = b"before", b"after"


@contextlib.contextmanager
def engine(proving: bool, steps: bool | None = None) -> Iterator[None]:
    """Have streams proven and replayed, or not; all of them step by step, or none."""
    known = replay.switches["on"], shadow.switches["steps"]
    replay.switches["on"], shadow.switches["steps"] = proving, steps
    try:
        yield
    finally:
        replay.switches["on"], shadow.switches["steps"] = known


def outcome(
    load: Callable[[], object], proving: bool, steps: bool | None = None
) -> tuple[object, ...]:
    """Return what came of a load: the object as a pickle of it, or the exception."""
    with engine(proving, steps):
        try:
            value = load()
        except Exception as error:
            return (type(error).__name__, str(error))
        try:
            return ("loaded", c_dumps(value))
        except Exception as error:  # it cannot be pickled again: its type must do
            return ("loaded", type(value), str(error))


def c_dumps(value: object) -> bytes:
    """Pickle with a pickler of CPython's own, which no hook has a part in."""
    file = io.BytesIO()
    pickle.Pickler(file, 4).dump(value)
    return file.getvalue()


class Once:
    """A file that can be read only once, and shows nothing of what comes next."""

    def __init__(self, data: bytes) -> None:
        inner = io.BytesIO(data)
        self.read, self.readline, self.readinto = inner.read, inner.readline, inner.readinto


def differs(stream: bytes, steps: bool | None = None) -> str:
    """Return what the two engines make of a stream if it is not the same, ``""`` if it is.

    With `steps`, every replay is step by step. Whether there is memory for what a damaged stream asks for is not theirs to say.
    """
    found = []
    for proving in (False, True):
        file = io.BytesIO(BEFORE + stream + AFTER)
        file.seek(len(BEFORE))
        whole = outcome(lambda: entry.loads(stream), proving, steps)
        streamed = outcome(lambda file=file: entry.load(file), proving, steps)
        end = file.tell() if streamed[0] == "loaded" else 0
        once = Once(stream + AFTER)
        read = outcome(lambda once=once: entry.load(once), proving, steps)
        left = once.read() if read[0] == "loaded" else b""
        found.append((whole, streamed, read, end, left))
    short = any(one[0] == "MemoryError" for engines in found for one in engines[:3])
    same = short or found[0] == found[1]
    return "" if same else f"{stream!r}\n{found[0]}\n{found[1]}"


def proven(stream: bytes, steps: bool = False) -> bool:
    """Tell whether a stream is loaded by proof and replay, at once or step by step."""
    from pickleball_hook import context

    with engine(True, steps), context.entering() as load:
        proof = shadow.prove(load, replay.Source(None, stream, 0), {})
        if proof is not None:
            proof.prover.close()
    return proof is not None


_OPCODES = bytes(
    ord(getattr(pickle, name))
    for name in pickle.__all__
    if len(name) > 1
    and isinstance(getattr(pickle, name), bytes)
    and len(getattr(pickle, name)) == 1
)


def mutated(stream: bytes, rng: random.Random) -> bytes:
    """Return a stream with a few bytes changed, dropped, doubled or moved."""
    data = bytearray(stream)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data))
        kind = rng.randrange(5)
        if kind == 0:
            data[at] = rng.choice(_OPCODES)
        elif kind == 1:
            data[at] = rng.randrange(64)
        elif kind == 2:
            del data[at : at + rng.randint(1, 4)]
        elif kind == 3:
            data[at:at] = data[at : at + rng.randint(1, 12)]
        else:
            data[at:at] = bytes([rng.choice(_OPCODES)])
        if not data:
            return b"."
    return bytes(data)


def main(seed: int, count: int) -> None:
    """Print every mutated stream on which the engines differ."""
    rng = random.Random(seed)
    values = samples.values()
    streams = [c_pickled(value, protocol) for value in values for protocol in range(6)]
    streams = [stream for stream in streams if stream]
    for index in range(count):
        difference = differs(mutated(rng.choice(streams), rng), True if index % 2 else None)
        if difference:
            print(difference, flush=True)


def c_pickled(value: object, protocol: int) -> bytes:
    """Pickle at a protocol, ``b""`` if it cannot be."""
    file = io.BytesIO()
    try:
        pickle.Pickler(file, protocol).dump(value)
    except Exception:
        return b""
    return file.getvalue()


if __name__ == "__main__":
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    main(int(sys.argv[1]), int(sys.argv[2]))
