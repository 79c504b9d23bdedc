"""A stream that can be read only once: what the proof has read of it is kept for the replay.

A pipe cannot be moved back, and files of other kinds than plain ones need not give the same again.
Each piece is taken from the file when the shadow asks for it, as plain Python's C machine would at
that place, and never again: the replay, or the reference machine where there is no proof, gets
those very bytes. So the file stands where plain Python leaves it.
"""

from __future__ import annotations

from collections import deque
from operator import index

from pickleball_hook.engines.prover import Unsure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MOST_KEPT = 1 << 25
"""Bytes that are kept. With more to come the reference machine goes on, which keeps none."""


class Recording:
    """A stream in a file, and what has been read of it.

    Parameters
    ----------
    file : object
        The caller's: with ``read`` and ``readline``, maybe ``readinto`` and ``peek``.
    """

    def __init__(self, file: Any) -> None:
        self.file = file
        self.pieces: list[bytes] = []
        """All that was taken from the file, in order."""
        self.answers: list[bytes | None] = []
        """What the last shadow was given for each question, in order; None where the file said
        that it shows nothing."""
        self.kept = 0
        self.ended = False
        """Whether the file has given less than it was asked for: plain Python asks no more."""
        self.error: Exception | None = None
        """What reading it has raised."""

    def skimmed(self) -> Shown:
        """Return what the shadow reads."""
        self.answers = []
        return Peeked(self) if hasattr(self.file, "peek") else Shown(self)

    def replayed(self, last: bool = False) -> Given:
        """Return what the replay reads; what it is given is let go of if it is the `last`."""
        if last:
            self.pieces.clear()
        return (Peeking if hasattr(self.file, "peek") else Given)(self.answers)

    def rest(self) -> Any:
        """Return what the reference machine reads: what is kept, then the file."""
        return Shown(self, keeping=False) if self.pieces or self.error else self.file

    def go_back(self) -> None:
        """Do nothing: what has been read is kept."""

    def leave(self, position: int) -> None:
        """Do nothing: the file stands where the shadow has come to the end of the stream."""


class Given:
    """Gives the C machine what it was given the first time: it asks the same questions."""

    def __init__(self, answers: list[bytes | None]) -> None:
        self.position = 0
        self._answers = deque(answers)
        answers.clear()

    def read(self, size: int) -> bytes:
        """Return and consume `size` bytes, or as many as there are."""
        found = self._answers.popleft() or b""
        self.position += len(found)
        return found

    def readinto(self, target: Any) -> int:
        """Fill `target`; return how many bytes there were."""
        found = self.read(len(target))
        target[: len(found)] = found
        return len(found)

    def readline(self) -> bytes:
        """Return and consume a line, its end included if it has one."""
        return self.read(0)


class Peeking(Given):
    """The same for a file that shows what comes next."""

    def peek(self, size: int) -> bytes:
        """Return some of what comes next."""
        found = self._answers.popleft()
        if found is None:
            raise NotImplementedError
        return found


class Shown:
    """A file interface over a recording, from its beginning, that goes on in the file.

    Parameters
    ----------
    recording : Recording
    keeping : bool
        Whether what it takes from the file is kept, or what is kept is let go of.
    """

    end = 0
    """Nobody knows how much is to come."""

    def __init__(self, recording: Recording, keeping: bool = True) -> None:
        self.position = 0
        self._recording = recording
        self._keeping = keeping
        self._next = 0
        self._piece: Any = memoryview(b"")
        """What is left of the piece that was begun."""
        self._window = b""
        """What the file has shown of what comes next."""

    def read(self, size: int) -> bytes:
        """Return and consume `size` bytes, or as many as there are."""
        found = self._kept(size)
        if len(found) < size and self._goes_on():
            file = self._recording.file
            found += self._fresh(lambda: file.read(size - len(found)), size - len(found))
        return self._answered(found)

    def readinto(self, target: Any) -> int:
        """Fill `target`; return how many bytes there were."""
        found = self._kept(len(target))
        count = len(found)
        target[:count] = found
        if count < len(target) and self._goes_on():
            rest = memoryview(target)[count:]
            found += self._fresh(lambda: self._filled(rest), len(rest))
        return len(self._answered(found))

    def readline(self) -> bytes:
        """Return and consume a line, its end included if it has one."""
        line = b""
        while not line.endswith(b"\n") and self._begun():
            piece = bytes(self._piece)
            line += self._kept(piece.find(b"\n") + 1 or len(piece))
        if not line.endswith(b"\n") and self._goes_on():
            line += self._fresh(self._recording.file.readline, 0)
            self._recording.ended = not line.endswith(b"\n")
        return self._answered(line)

    def _answered(self, found: bytes) -> bytes:
        self.position += len(found)
        if self._keeping:
            self._recording.answers.append(found)
        return found

    def _begun(self) -> bool:
        """Begin the next piece that is kept, if the last one is at its end."""
        pieces = self._recording.pieces
        while not self._piece and self._next < len(pieces):
            self._piece = memoryview(pieces[self._next])
            if not self._keeping:
                pieces[self._next] = b""
            self._next += 1
        return bool(self._piece)

    def _kept(self, size: int) -> bytes:
        """Return and consume `size` bytes of what is kept, or as many as there are."""
        parts = []
        while size and self._begun():
            parts.append(self._piece[:size])
            size -= len(parts[-1])
            self._piece = self._piece[len(parts[-1]) :]
        return b"".join(parts)

    def _goes_on(self) -> bool:
        """Tell whether the file is to be asked; raise what it has raised."""
        if self._recording.error is not None:
            raise self._recording.error
        return not self._recording.ended

    def _filled(self, target: Any) -> bytes:
        """Fill `target` from the file, and return what there was."""
        file = self._recording.file
        if hasattr(file, "readinto"):
            return bytes(target[: index(file.readinto(target))])
        piece = _as_bytes(file.read(len(target)))
        target[: len(piece)] = piece
        return piece

    def _fresh(self, take: Callable[[], Any], size: int) -> bytes:
        """Take the next piece from the file, and keep it.

        Raises
        ------
        Unsure
            If there would be too much to keep, before it is taken; if the file has shown something
            else than it gives.
        """
        recording = self._recording
        if self._keeping and recording.kept + size > _MOST_KEPT:
            raise Unsure
        try:
            piece = _as_bytes(take())
        except Exception as error:
            recording.error = error  # whoever asks for the same piece is told the same
            raise
        recording.ended = len(piece) < size
        if self._keeping:
            shown, self._window = self._window, b""
            piece = shown if piece == shown else piece  # the same bytes are kept once
            recording.pieces.append(piece)
            recording.kept += len(piece)
            self._next += 1
            if piece[: len(shown)] != shown[: len(piece)]:
                raise Unsure
        return piece


class Peeked(Shown):
    """The same for the shadow, of a file that shows what comes next without giving it."""

    def peek(self, size: int) -> bytes:
        """Return some of what comes next."""
        if self._begun():
            found = bytes(self._piece)
        elif self._recording.ended or self._recording.error is not None:
            found = b""
        else:
            try:
                found = self._window = _as_bytes(self._recording.file.peek(size))
            except NotImplementedError:  # the C machine then asks it no more (Modules/_pickle.c)
                self._recording.answers.append(None)
                raise
        self._recording.answers.append(found)
        return found


def _as_bytes(piece: Any) -> bytes:
    """Return what a file has given as bytes.

    Raises
    ------
    TypeError
        If it is none: CPython's own words.
    """
    if type(piece) is bytes:
        return piece
    try:
        return bytes(memoryview(piece))
    except TypeError:
        kind = type(piece).__name__
        raise TypeError(f"a bytes-like object is required, not '{kind}'") from None
