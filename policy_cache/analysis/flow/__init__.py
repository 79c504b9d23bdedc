"""What a function can reach with data from its arguments.

An interprocedural, flow-insensitive walk over syntax trees, with abstract values (`values`). It
starts from parameters that a file controls and follows the calls that can be resolved, across
modules and distributions. Reported are sinks reached with such data (a reason to refuse),
parameters that are called or constructed (the argument then undergoes that operation and is judged
for it), and what could not be followed (the outcome is unproven).
"""

from __future__ import annotations

from policy_cache.analysis.flow.definitions import opens_for_writing, parameters
from policy_cache.analysis.flow.summarize import callables, forget, instances, reach
from policy_cache.analysis.flow.summary import OPERAND_HITS, Hit, Summary
from policy_cache.analysis.flow.tables import (
    BY_CODE,
    BY_MACHINE,
    BY_NAME,
    CALLED_OFTEN,
    IMPLICIT,
    OPENERS,
    STATE,
    TEXTS,
)

__all__ = [
    "BY_CODE",
    "BY_MACHINE",
    "BY_NAME",
    "CALLED_OFTEN",
    "IMPLICIT",
    "OPENERS",
    "OPERAND_HITS",
    "STATE",
    "TEXTS",
    "Hit",
    "Summary",
    "callables",
    "forget",
    "instances",
    "opens_for_writing",
    "parameters",
    "reach",
]
