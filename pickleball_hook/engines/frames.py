"""Frames as CPython's C unpickler reads them: a promise of bytes, not a boundary.

``pickle._Unframer`` takes an item that crosses the end of a frame, or a frame that starts within
another, for an error; the C unpickler only makes sure that a frame's bytes are there (CPython
Modules/_pickle.c, ``load_frame``) and reads on. A stream that says so must not end in an error
here that it does not end in there: it is to be judged.
"""

from __future__ import annotations

import io
import pickle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Frames:
    """Takes the place of ``pickle._Unframer``.

    Parameters
    ----------
    file_read, file_readline : callable
        The file's.
    """

    def __init__(self, file_read: Callable[[int], Any], file_readline: Callable[[], Any]) -> None:
        self.file_read = file_read
        self.file_readline = file_readline
        self.current_frame: io.BytesIO | None = None

    def read(self, size: int) -> Any:
        """Return `size` bytes, or as many as there are."""
        if self.current_frame is None:
            return self.file_read(size)
        data = self.current_frame.read(size)
        if len(data) == size:
            return data
        self.current_frame = None
        rest = self.file_read(size - len(data))
        return data + rest if data else rest

    def readinto(self, target: Any) -> int:
        """Fill `target`; return how many bytes there were."""
        data = self.read(len(target))
        target[: len(data)] = data
        return len(data)

    def readline(self) -> Any:
        """Return a line, its end included if it has one."""
        if self.current_frame is None:
            return self.file_readline()
        data = self.current_frame.readline()
        if data.endswith(b"\n"):
            return data
        self.current_frame = None
        return data + bytes(self.file_readline())

    def load_frame(self, size: int) -> None:
        """Make sure that the bytes of a frame are there.

        Raises
        ------
        pickle.UnpicklingError
            If the file ends before the frame.
        """
        held = self.current_frame.read() if self.current_frame is not None else b""
        if len(held) < size:
            held = held + bytes(self.file_read(size - len(held)))
        if len(held) < size:
            raise pickle.UnpicklingError("pickle data was truncated")
        self.current_frame = io.BytesIO(held)
