"""What a refused load raises."""

from __future__ import annotations

from _pickle import UnpicklingError
from collections import namedtuple

TYPE_CHECKING = False  # importing ``typing`` costs more than this whole module
if TYPE_CHECKING:
    from typing import NamedTuple

    class Finding(NamedTuple):
        """One refusal: what was asked for, why it is not permitted, what can be done.

        Attributes
        ----------
        global_name : str
            ``module.qualname`` as the file names it.
        operation : str
            Opcode, or family of opcodes, that was refused.
        reason : str
            Evidence or chain of calls.
        remedy : str
            What the user can do.
        file : str
            Path of the file, ``""`` when it is not known.
        loader : str
            Function through which the load came.
        mode : str
            ``enforce`` or ``audit``.
        """

        global_name: str
        operation: str
        reason: str
        remedy: str
        file: str
        loader: str
        mode: str

else:
    Finding = namedtuple("Finding", "global_name operation reason remedy file loader mode")


class PolicyViolation(UnpicklingError):
    """A pickle asked for something that no policy permits.

    Nothing of the file is returned, and a library that catches the error and tries again meets
    the same guard.

    Attributes
    ----------
    finding : Finding
        What was refused, where and why.
    """

    def __init__(self, finding: Finding, *more: object) -> None:
        super().__init__(finding, *more)
        self.finding = finding

    def __str__(self) -> str:
        found = self.finding
        if not isinstance(found, Finding):  # raised anew by a library, as ``type(error)(text)``
            return super().__str__()
        where = f" in {found.file}" if found.file else ""
        return (
            f"refused {found.operation} of {found.global_name}{where}\n"
            f"  why: {found.reason}\n"
            f"  what to do: {found.remedy}"
        )
