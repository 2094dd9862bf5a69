"""A bound on the time that something may take, for many things at once that nearly always end in time.

`asyncio.timeout` sets and takes down a timer of the event loop every time, as much work as a tenth of receiving a
bericht. Here one timer watches over all, and nearly every time costs an entry in a dict.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Tijdgrenzen:
    """Watches over the bounds it gives out, in one event loop."""

    def __init__(self) -> None:
        self._lopend: dict[Tijdgrens, None] = {}
        self._wekker: asyncio.TimerHandle | None = None

    def begin(self, seconden: float) -> Tijdgrens:
        """Give the bound of what the running task does in a ``with`` block; it counts from now."""
        lus = asyncio.get_running_loop()
        einde = lus.time() + seconden
        if self._wekker is None or einde < self._wekker.when():
            self._set(lus, einde)
        return Tijdgrens(self._lopend, einde)

    def _set(self, lus: asyncio.AbstractEventLoop, moment: float) -> None:
        self.close()
        self._wekker = lus.call_at(moment, self._look, lus)

    def _look(self, lus: asyncio.AbstractEventLoop) -> None:
        """Break off what is over its time, and look again when the next one may be."""
        self._wekker = None
        nu = lus.time()
        for grens in [grens for grens in self._lopend if grens.einde <= nu]:
            grens.expire()
        if self._lopend:
            self._set(lus, min(grens.einde for grens in self._lopend))

    def close(self) -> None:
        """Stop watching; what still runs has no bound any more, until the next one begins."""
        if self._wekker is not None:
            self._wekker.cancel()
            self._wekker = None


class Tijdgrens:
    """One bound: what does not leave the ``with`` block by `einde` is cancelled, and the block raises TimeoutError.

    `verlopen` says whether that happened; a TimeoutError of another cause passes through with `verlopen` False.
    """

    __slots__ = ("_annuleringen", "_lopend", "_taak", "einde", "verlopen")

    def __init__(self, lopend: dict[Tijdgrens, None], einde: float) -> None:
        taak = asyncio.current_task()
        if taak is None:
            raise RuntimeError("a bound needs a task that can be cancelled")
        self._taak, self._annuleringen = taak, taak.cancelling()
        self._lopend = lopend
        self.einde = einde
        self.verlopen = False

    def __enter__(self) -> Self:
        self._lopend[self] = None
        return self

    def __exit__(
        self, soort: type[BaseException] | None, fout: BaseException | None, _spoor: TracebackType | None
    ) -> None:
        self._lopend.pop(self, None)
        # As asyncio.timeout: who was cancelled by somebody else as well stays cancelled.
        if self.verlopen and self._taak.uncancel() <= self._annuleringen and soort is asyncio.CancelledError:
            raise TimeoutError from fout

    def expire(self) -> None:
        """Cancel what runs."""
        self.verlopen = True
        self._lopend.pop(self, None)
        self._taak.cancel()
