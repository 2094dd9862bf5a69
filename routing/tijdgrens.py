"""A bound on the time that something may take, for many things at once that nearly always end in time.

A timer of the event loop per attempt costs more than everything else around it. Here one timer watches over all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

_T = TypeVar("_T")


class Tijdgrens:
    """Breaks off what takes too long; to be used on one event loop."""

    def __init__(self) -> None:
        self._lopend: dict[asyncio.Timeout, float] = {}
        self._wekker: asyncio.TimerHandle | None = None

    async def keep(self, werk: Awaitable[_T], seconden: float) -> _T:
        """Await `werk` for at most so long, as `asyncio.timeout` does.

        Raises:
            TimeoutError: it took longer and was cancelled.
            Exception: what `werk` raises.
        """
        loop = asyncio.get_running_loop()
        uiterste = loop.time() + seconden
        async with asyncio.timeout(None) as grens:
            self._lopend[grens] = uiterste
            if self._wekker is None or uiterste < self._wekker.when():
                self._set(loop, uiterste)
            try:
                return await werk
            finally:
                del self._lopend[grens]

    def _set(self, loop: asyncio.AbstractEventLoop, moment: float) -> None:
        if self._wekker is not None:
            self._wekker.cancel()
        self._wekker = loop.call_at(moment, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Break off what is over its time, and look again when the next one may be."""
        self._wekker = None
        nu = loop.time()
        for grens, uiterste in self._lopend.items():
            if uiterste <= nu and not grens.expired():
                grens.reschedule(nu)
        if over := [uiterste for uiterste in self._lopend.values() if uiterste > nu]:
            self._set(loop, min(over))
