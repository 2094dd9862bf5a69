"""How long a sender may take to send a body: a base, and more for every byte, so that who drips is cut off soon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leestijd:
    """Seconds that a whole body may take: `basis`, and one more for every `tempo` bytes received."""

    basis: float = 30.0
    tempo: int = 32 * 1024

    @asynccontextmanager
    async def bound(self) -> AsyncIterator[Callable[[int], None]]:
        """Bound the ``async with`` block; it is given what must be told how many bytes were received so far.

        Raises:
            TimeoutError: the block took longer.
        """
        begin = asyncio.get_running_loop().time() + self.basis
        async with asyncio.timeout(self.basis) as wekker:
            yield lambda ontvangen: wekker.reschedule(begin + ontvangen / self.tempo)
