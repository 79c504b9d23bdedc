"""Trust in a file is trust in its bytes: not in a path, a name, a size or a time."""

from __future__ import annotations

import pytest

from tests.attacks.assembler import call, name, stream
from tests.attacks.harness import Arenas, Attack, check, claims

PROGRAM = """
import hashlib, os, tempfile
folder = tempfile.mkdtemp()
path = os.path.join(folder, 'model.pkl')
harmless = data.replace(b'canary', b'kanary')  # refused, but for the trust in it
assert harmless != data
with open(path, 'wb') as file:
    file.write(harmless)
before = os.stat(path)
digest = hashlib.sha256(harmless).hexdigest()

def exchange():
    with open(path, 'wb') as file:
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

{prepare}
if mode == 'enforce':
    from pickleball_hook.user import trust
    trust.SMALL = {small}
    with trust.also(path):
        {between}
        with open({opened}, 'rb') as file:
            value = pickle.load(file)
else:  # the naive design: trust a path whose content has been hashed once
    with open(path, 'rb') as file:
        assert hashlib.sha256(file.read()).hexdigest() == digest
    exchange()
    with open({opened}, 'rb') as file:
        value = pickle.load(file)
"""
RACING = """
def racing(*data, real=hashlib.sha256, hashlib=hashlib, exchange=exchange):
    if hashlib.sha256 is not real:
        hashlib.sha256 = real
        exchange()
    return real(*data)
"""


def program(
    between: str = "exchange()", prepare: str = "", small: int = 1 << 26, opened: str = "path"
) -> str:
    """Return what an honest program does that trusts a file which is exchanged."""
    return PROGRAM.format(between=between, prepare=prepare, small=small, opened=opened)


ATTACKS = [
    Attack(claim, lambda canary: stream(call(name("os", "mkdir"), canary)), load=text, error=error)
    for claim, text, error in [
        ("a trusted file is exchanged", program(), "PolicyViolation"),
        ("a trusted big file is exchanged", program(small=0), "PolicyViolation"),
        (
            "a trusted big file is exchanged after it has been loaded once",
            program("pickle.load(open(path, 'rb')); exchange()", small=0),
            "PolicyViolation",
        ),
        (
            "a trusted file is exchanged while it is hashed",
            program("hashlib.sha256 = racing", RACING),
            "",
        ),
        (
            "a trusted path becomes a link",
            program("exchange(); os.rename(path, path + 'x'); os.symlink(path + 'x', path)"),
            "PolicyViolation",
        ),
        (
            "the name of a trusted file in another folder",
            program(
                prepare="other = os.path.join(tempfile.mkdtemp(), 'model.pkl')\n"
                "with open(other, 'wb') as file: file.write(data)",
                opened="other",
            ),
            "PolicyViolation",
        ),
    ]
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)
