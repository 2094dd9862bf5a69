"""How long a lane waits after failures: 1, 2, 4, 8, 16, 32 and then 60 minutes, as an upper bound.

The wait is drawn between nothing and the bound (full jitter), so that lanes which failed together do not return
together. The bounds are the default of the facts on GGk (§3.3); the term of a bericht, not the ladder, ends the trying.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

LANGSTE_WACHT_MS: Final = 3_600_000
"""No lane waits longer than this after a failure, whatever is configured, in ms."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Bounds in seconds: `eerste_s` after the first failure, doubling up to `langste_s`, which is an hour at most."""

    eerste_s: float = 60.0
    langste_s: float = LANGSTE_WACHT_MS / 1000

    def bound_s(self, mislukt: int) -> float:
        """Return the longest wait after `mislukt` failures in a row (1 or more), in seconds."""
        return float(min(self.eerste_s * 2.0 ** min(mislukt - 1, 60), self.langste_s))

    def wait_ms(self, mislukt: int, opnieuw_na: float | None = None) -> int:
        """Draw the wait after `mislukt` failures in a row, in ms.

        Args:
            mislukt: failures in a row, 1 or more.
            opnieuw_na: seconds the other side asked for (Retry-After); honoured up to the longest wait.
        """
        wachten = random.uniform(0, self.bound_s(mislukt))  # noqa: S311 - spreads load, guards nothing
        if opnieuw_na is not None and opnieuw_na > wachten:
            wachten = min(opnieuw_na, self.langste_s)
        return int(wachten * 1000)
