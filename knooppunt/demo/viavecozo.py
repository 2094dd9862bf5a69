"""Berichten through VECOZO, both ways: pushed by the hub to who is not connected here, and collected from there."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Final

from istandaarden.opbouw import build
from knooppunt import inzicht
from knooppunt.demo.casus import variant, wmo_casus
from knooppunt.demo.controle import WACHT, Controles
from knooppunt.demo.draaiboek import VERHAAL
from knooppunt.demo.omgeving import Omgeving
from knooppunt.demo.tafereel import Tafereel, expecting
from knooppunt.demo.tegenslag import read_details
from knooppunt.demo.verhaal import play
from knooppunt.simulatie.grootboek import Boeking
from routing.partij import TUSSENPARTIJ

TITEL: Final = "VECOZO: een zorgaanbieder die hier niet is aangesloten"
NIEMAND: Final = "99999999"

_STAPPEN: Final = tuple(stap for stap in VERHAAL if stap.heen in {"301", "305"})


async def exchange(tafereel: Tafereel, omgeving: Omgeving, controles: Controles, vandaag: date) -> None:
    """Allocate care to a zorgaanbieder behind VECOZO and hear of its start; then write to a code nobody knows."""
    zwolle, es = omgeving.zwolle, omgeving.es
    casus = variant(wmo_casus(vandaag), 97, aanbieder=es.code)
    verloop = await play(casus, zwolle, es, controles, lambda _tekst: None, stappen=_STAPPEN)
    tafereel.boekingen += verloop.boekingen
    verwacht = [f"WMO{cijfers}" for stap in _STAPPEN for cijfers in (stap.heen, stap.terug)]
    functies = [boeking.functie for boeking in verloop.boekingen]
    goed = controles.equal("VECOZO: wat er heen en weer ging", functies, verwacht)
    tafereel.tell(
        f"{zwolle.naam} wijst de zorg toe: het knooppunt geeft WMO301 aan VECOZO, en haalt WMO302 daar op", goed=goed
    )
    tafereel.tell(f"{es.naam} meldt de start: het knooppunt haalt WMO305 op, en geeft WMO306 aan VECOZO", goed=goed)
    if verloop.boekingen:
        uitleg = await asyncio.to_thread(_explain, controles, verloop.boekingen[0])
        goed = controles.check("VECOZO: de uitleg van WMO301 zegt waarlangs", TUSSENPARTIJ in uitleg, uitleg)
        tafereel.tell(f"De uitleg van WMO301: {uitleg}", goed=goed)
    await _unknown(tafereel, omgeving, controles, vandaag)


def _explain(controles: Controles, boeking: Boeking) -> str:
    """Return what the hub says about the ontvanger of a bericht."""
    with controles.engine.connect() as conn:
        zender = boeking.envelop.stuurgegevens.zender.organisatie
        bericht = inzicht.find(conn, boeking.referentienummer, zender)
        stappen = inzicht.explain(inzicht.events(conn, bericht.id)).stappen
    return next((stap.uitleg for stap in stappen if stap.naam == "ontvanger"), "geen stap ontvanger")


async def _unknown(tafereel: Tafereel, omgeving: Omgeving, controles: Controles, vandaag: date) -> None:
    """Write to an AGB code that VECOZO does not know either: VECOZO refuses, and the zender hears it once."""
    zwolle = omgeving.zwolle
    casus = variant(wmo_casus(vandaag), 98, aanbieder=NIEMAND)
    verzending = await zwolle.send("WMO301", build(casus.berichtsoort("301"), casus.inhoud("301")), NIEMAND)
    nummer = verzending.referentienummer
    with expecting("een Fo01 over een AGB-code die niemand kent"):
        fo01 = await zwolle.grootboek.wait_for(lambda b: b.envelop.stuurgegevens.cross_ref == nummer, WACHT)
    fout = fo01.envelop.fout
    goed = controles.equal("VECOZO kent de AGB-code niet: foutcode", fout.code if fout else None, "IB010")
    melder = fo01.envelop.stuurgegevens.zender.organisatie
    goed &= controles.equal("VECOZO kent de AGB-code niet: de Fo01 komt van", melder, TUSSENPARTIJ)
    tekst, _ = read_details(fo01.payload)
    tafereel.boekingen.append(verzending.boeking)
    tafereel.tell(f"Een AGB-code die ook VECOZO niet kent: Fo01 van {melder}. {tekst}", goed=goed)
