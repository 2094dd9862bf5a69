"""A zorgaanbieder behind the simulated VECOZO, as the story sees any partij."""

from __future__ import annotations

from knooppunt.demo.casus import AANBIEDER_VECOZO
from knooppunt.simulatie.grootboek import Richting
from knooppunt.simulatie.vecozo import VecozoSimulatie
from knooppunt.simulatie.verzending import Verzending
from routing.poorten import Uitkomst, Uitkomstsoort


class AchterVecozo:
    """The zorgaanbieder: what he sends lies ready at VECOZO for the hub, what he gets the hub pushed to VECOZO."""

    code = AANBIEDER_VECOZO
    naam = "Zorgboerderij De Es"

    def __init__(self, vecozo: VecozoSimulatie) -> None:
        self.grootboek = vecozo.grootboeken[self.code]
        self.mislukt = vecozo.mislukt
        self._vecozo = vecozo

    async def send(self, functie: str, payload: bytes, naar: str) -> Verzending:
        """Hand in one heenbericht at VECOZO; the outcome is that of VECOZO, the hub has yet to collect it."""
        ontvangst = await self._vecozo.send(self.code, functie, payload, naar)
        boeking = next(b for b in reversed(self.grootboek.of(Richting.VERZONDEN)) if b.payload is payload)
        if ontvangst.fout is None:
            return Verzending(boeking, Uitkomst(Uitkomstsoort.BEZORGD, "VECOZO nam het aan."))
        return Verzending(boeking, Uitkomst(Uitkomstsoort.BLIJVEND, ontvangst.fout.omschrijving))
