"""Sending the outbox: in order per bestemming, again by the ladder, and never in the way of berichten."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from routing import notificatie
from routing.incident import Feiten, Incidentboek, compare
from routing.ladder import LANGSTE_WACHT_MS, Ladder
from routing.onderhoud import Beurt
from routing.opslag import Opslag
from routing.poorten import Melder, Uitkomst, Uitkomstsoort

_log = structlog.get_logger(__name__)
_BEURT_S: Final = 5.0
"""After so long no bestemming begins with another event: the next turn begins when the slowest one is done."""
_ONBEZORGBAAR: Final = "notificatie_onbezorgbaar"


class Notificatiebezorging:
    """A periodic task (`routing.onderhoud`) that sends what waits in the outbox.

    Args:
        opslag: the log.
        melders: who sends to which bestemming; closing them is up to their owner.
        boek: where it is written that events do not arrive.
        ladder: how long to wait after failures.
        klok: seconds, monotonic.
    """

    def __init__(
        self,
        opslag: Opslag,
        melders: Mapping[str, Melder],
        boek: Incidentboek,
        ladder: Ladder | None = None,
        klok: Callable[[], float] = time.monotonic,
    ) -> None:
        self._opslag = opslag
        self._melders = melders
        self._boek = boek
        self._ladder = ladder or Ladder()
        self._klok = klok

    async def turn(self, beurt: Beurt) -> None:
        """Send what is due; bestemmingen wait for each other no longer than one event and a few seconds."""
        for bestemming, aantal in (await beurt.write(notificatie.expire)).items():
            await self._tell(beurt, bestemming, {"opgegeven": aantal})
        await beurt.write(notificatie.prune)
        await asyncio.gather(*(self._empty(beurt, naam, melder) for naam, melder in self._melders.items()))

    async def _empty(self, beurt: Beurt, bestemming: str, melder: Melder) -> None:
        einde, bezorgd = self._klok() + _BEURT_S, False
        while self._klok() < einde and (kop := await self._opslag.read(notificatie.head, bestemming)) is not None:
            soort = await self._offer(beurt, kop, bestemming, melder) if kop.aan_de_beurt else Uitkomstsoort.TIJDELIJK
            bezorgd = soort is Uitkomstsoort.BEZORGD or (bezorgd and soort is Uitkomstsoort.TIJDELIJK)
            if soort is Uitkomstsoort.BLIJVEND:
                await self._tell(beurt, bestemming, {"opgegeven": 1})
            if soort is Uitkomstsoort.TIJDELIJK:
                if kop.oud_ms >= LANGSTE_WACHT_MS:  # the webhook has been failing for so long
                    bezorgd = False
                    await self._tell(beurt, bestemming, {"wacht_minuten": kop.oud_ms // 60_000})
                break
        if bezorgd:
            await self._tell(beurt, bestemming, None)

    async def _offer(
        self, beurt: Beurt, kop: notificatie.Notificatie, bestemming: str, melder: Melder
    ) -> Uitkomstsoort:
        uitkomst = await melder.send(kop.inhoud.encode())
        tijdelijk = uitkomst.soort is Uitkomstsoort.TIJDELIJK
        wachten = self._ladder.wait_ms(kop.pogingen + 1, uitkomst.opnieuw_na) if tijdelijk else None
        await beurt.write(notificatie.settle, kop, uitkomst.toelichting, wachten)
        self._report(kop, bestemming, uitkomst, wachten)
        return uitkomst.soort

    def _report(self, kop: notificatie.Notificatie, bestemming: str, uitkomst: Uitkomst, wachten: int | None) -> None:
        if uitkomst.soort is not Uitkomstsoort.BEZORGD:
            _log.warning(
                "notificatie niet bezorgd",
                bestemming=bestemming,
                kenmerk=kop.kenmerk,
                poging=kop.pogingen + 1,
                toelichting=uitkomst.toelichting,
                opnieuw_over_s=None if wachten is None else round(wachten / 1000),
            )

    async def _tell(self, beurt: Beurt, bestemming: str, feiten: Feiten | None) -> None:
        """Open the incident of a bestemming, or close it with None; one of before, of all together, ends too."""
        gevonden = {} if feiten is None else {(_ONBEZORGBAAR, bestemming): feiten}
        if verschil := await self._opslag.read(compare, [_ONBEZORGBAAR], gevonden, {bestemming, ""}):
            await beurt.write(self._boek.apply, verschil)
