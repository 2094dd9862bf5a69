"""The task that lets bulk resends go on, on whichever node has its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from routing.herzendtaak import advance, running
from routing.onderhoud import Beurt
from routing.opslag import Opslag
from routing.register import RegisterBron
from routing.vastlegging import Termijnen

_RUST_S: Final = 0.25


class Herzender:
    """A periodic task (`routing.onderhoud`) that lets jobs go on for as long as any of them runs.

    Args:
        opslag: the log.
        register_bron: who is connected.
        termijnen: how long delivery goes on.
        wake: is told which lanes have something new, after the commit.
    """

    def __init__(
        self, opslag: Opslag, register_bron: RegisterBron, termijnen: Termijnen, wake: Callable[[str], None]
    ) -> None:
        self._opslag = opslag
        self._register_bron = register_bron
        self._termijnen = termijnen
        self._wake = wake

    async def turn(self, beurt: Beurt) -> None:
        """Work on the jobs that run until none does."""
        while nummers := await self._opslag.read(running):
            for nummer in nummers:
                for lane in await beurt.write(advance, nummer, self._termijnen, self._register_bron.current()):
                    self._wake(lane)
            await asyncio.sleep(_RUST_S)
