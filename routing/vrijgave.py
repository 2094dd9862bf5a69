"""Letting held berichten go when the calendar says so: into the lane when their release opens, back when it never will.

Every node does this; `routing.aanhouding` sees to it that each bericht goes once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Final

import structlog
from sqlalchemy import Connection

from istandaarden.releases import Openstelling, Stand
from routing import aanhouding
from routing.aanhouding import Groep
from routing.foutbericht import Foutmelder
from routing.fouten import Fout, make_fout
from routing.klok import now
from routing.opslag import Opslag
from routing.partij import Kanaal
from routing.route import generation_for

_log = structlog.get_logger(__name__)

PER_KEER: Final = 200
"""Berichten that leave in one transaction."""


class Vrijgave:
    """Looks what is held, and lets go what may go or must go back.

    Args:
        opslag: the log.
        foutmelder: makes the Fo01; it also knows the register and the terms of delivery.
        wake: is told which lanes have something new, after the commit.
        standaardgeneratie: generation of fault codes for a zender that is not connected (any more).
    """

    def __init__(
        self, opslag: Opslag, foutmelder: Foutmelder, wake: Callable[[str], None], standaardgeneratie: str = "B"
    ) -> None:
        self._opslag = opslag
        self._foutmelder = foutmelder
        self._wake = wake
        self._standaardgeneratie = standaardgeneratie

    async def perform(self) -> None:
        """Look once, by the clock of the database and the register as it is now."""
        moment, groepen = await self._opslag.read(_look)
        kalender = self._foutmelder.register_bron.current().kalender
        for lane, in_lane in groupby(groepen, key=attrgetter("lane")):
            standen = [(groep, kalender.state(groep.uitgave, groep.partij, moment)) for groep in in_lane]
            if open_ := [groep for groep, stand in standen if stand.stand is Stand.OPEN]:
                await self._release(lane, open_)
            for groep, stand in standen:
                if stand.stand is Stand.GESLOTEN:
                    await self._refuse(groep, stand)

    async def _release(self, lane: str, groepen: list[Groep]) -> None:
        aansluiting = self._foutmelder.register_bron.current().aansluiting(lane)
        kanaal = aansluiting.kanaal if aansluiting else groepen[0].kanaal
        termijnen = self._foutmelder.termijnen
        termijn = termijnen.push if kanaal is Kanaal.PUSH else termijnen.pull
        aantal = PER_KEER
        while aantal == PER_KEER:
            aantal = await self._opslag.write(aanhouding.release, groepen, kanaal, termijn, PER_KEER)
            if aantal:
                _log.info("aangehouden berichten vrijgegeven", lane=lane, aantal=aantal)
                self._wake(lane)

    async def _refuse(self, groep: Groep, stand: Openstelling) -> None:
        def fault_for(zender: str) -> Fout:
            generatie = generation_for(self._foutmelder.register_bron.current(), zender, self._standaardgeneratie)
            return make_fout("functie_niet_actief", generatie, stand.uitleg)

        aantal = PER_KEER
        while aantal == PER_KEER:
            aantal = await self._opslag.write(
                aanhouding.refuse, [groep], fault_for, self._foutmelder.report_failure, PER_KEER
            )
            if aantal:
                _log.warning("aangehouden berichten geweigerd", lane=groep.lane, aantal=aantal)
                self._wake(groep.lane)


def _look(conn: Connection) -> tuple[datetime, list[Groep]]:
    return now(conn), aanhouding.waiting(conn)
