"""How long each of many may take, with one timer for all: they all get equally long, so they end in order of beginning.

`asyncio.timeout` sets and takes down a timer of the event loop every time, which costs as much as a tenth of receiving
a bericht; here nearly every time costs an entry in a dict.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Termijnen:
    """Gives out terms of `seconden` each, in one event loop."""

    def __init__(self, seconden: float) -> None:
        self._seconden = seconden
        self._lopend: dict[Termijn, None] = {}  # in order of `einde`
        self._wekker: asyncio.TimerHandle | None = None

    def begin(self) -> Termijn:
        """Give the term of what the running task does in a ``with`` block; it counts from now."""
        return Termijn(self._lopend, self._start())

    def _start(self) -> float:
        """Return when a term ends that begins now, and see to it that somebody looks by then."""
        lus = asyncio.get_running_loop()
        einde = lus.time() + self._seconden
        if self._wekker is None:
            self._wekker = lus.call_at(einde, self._look)
        return einde

    def _look(self) -> None:
        """End the terms that are over, and look again when the first of the others ends."""
        lus = asyncio.get_running_loop()
        nu, self._wekker = lus.time(), None
        for termijn in list(self._lopend):
            if termijn.einde > nu:
                self._wekker = lus.call_at(termijn.einde, self._look)
                return
            termijn.expire()

    def close(self) -> None:
        """Stop looking; what still runs has no term any more."""
        if self._wekker is not None:
            self._wekker.cancel()


class Termijn:
    """One term: what does not leave the ``with`` block by `einde` is cancelled, and the block raises TimeoutError.

    `verlopen` says whether that happened; a TimeoutError of another cause passes through with `verlopen` False.
    """

    __slots__ = ("_annuleringen", "_lopend", "_taak", "einde", "verlopen")

    def __init__(self, lopend: dict[Termijn, None], einde: float) -> None:
        taak = asyncio.current_task()
        if taak is None:
            raise RuntimeError("a term needs a task that can be cancelled")
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
