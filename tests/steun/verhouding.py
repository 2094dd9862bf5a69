"""Two ways of doing something, measured in turns: how they compare, on a machine that does other things as well."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

_RONDES = 31


class Verhouding(NamedTuple):
    """The median of `a` over `b` in the same turn, and the median of each in microseconds per call."""

    verhouding: float
    a: float
    b: float


def ratio(a: Callable[[], object], b: Callable[[], object], per_ronde: int, rondes: int = _RONDES) -> Verhouding:
    """Do both in turns; the time of the processor counts, not that of the clock, and the first turn does not."""
    tijden: list[tuple[float, float]] = []
    for _ in range(rondes):
        paar = []
        for doe in (a, b):
            begin = time.process_time()
            for _ in range(per_ronde):
                doe()
            paar.append((time.process_time() - begin) / per_ronde * 1e6)
        tijden.append((paar[0], paar[1]))
    tijden.pop(0)
    return Verhouding(
        statistics.median(een / ander for een, ander in tijden),
        statistics.median(een for een, _ in tijden),
        statistics.median(ander for _, ander in tijden),
    )
