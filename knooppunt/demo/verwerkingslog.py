"""The processing log after the lookups: it names each one that was done, and each that was refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from typing import Any, Final

from sqlalchemy import Engine, select

from knooppunt.demo import wlzsignaal, wlztoetsen, woonplaatsvragen
from knooppunt.demo.controle import Controles
from knooppunt.demo.deelnemers import UTRECHT, ZWOLLE
from knooppunt.demo.omgeving import Omgeving
from knooppunt.demo.tafereel import Tafereel
from routing import schema
from routing.verwerkingen import TOEGESTAAN
from routing.wlz.vergelijking import DIENST as SIGNALEN

TITEL: Final = "Het verwerkingenlogboek: wie vroeg wat, en waarom"

_ZAAK: Final = "INZAGE-2026-1"


async def show(
    tafereel: Tafereel,
    omgeving: Omgeving,
    controles: Controles,
    *,
    woonplaats: Awaitable[object],
    rest: Awaitable[object],
) -> None:
    """Show to the boy of the woonplaats questions what was asked about him, and then what the log says of all.

    Args:
        tafereel: what is told.
        omgeving: where.
        controles: what is checked.
        woonplaats: is over when the questions about the boy were asked.
        rest: is over when all others were.
    """
    await woonplaats
    opdracht = ("verwerking", "toon", "--partij", UTRECHT.code, "--zaak", _ZAAK, "--json")
    uitvoer = await omgeving.hub.command(*opdracht, invoer=f"{woonplaatsvragen.BSN}\n")
    regels: list[dict[str, Any]] = json.loads(uitvoer.tekst or "[]")
    zaken = sorted({regel["zaakkenmerk"] for regel in regels})
    goed = controles.equal("Logboek: zaken waarin over de jongen is gevraagd", zaken, sorted(woonplaatsvragen.ZAKEN))
    doelen = sorted({(regel["partij"], regel["doel"]) for regel in regels})
    goed &= controles.equal("Logboek: wie over hem vroeg, en waarvoor", doelen, [(UTRECHT.code, "onderzoek")])
    gevonden = [f"{r['zaakkenmerk']}, doel {r['doel']}: {r['naam']}" for r in sorted(regels, key=_begin)]
    tafereel.tell(f"`knooppunt {' '.join(opdracht[:2])}` toont wat over hem is gevraagd", goed=goed, uitleg=gevonden)
    await rest
    await _account(tafereel, controles)


async def _account(tafereel: Tafereel, controles: Controles) -> None:
    verantwoord = await asyncio.to_thread(_read, controles.engine)
    gelukt = {zaak for dienst, _, zaak, besluit in verantwoord if dienst == wlztoetsen.DIENST and besluit == TOEGESTAAN}
    goed = controles.equal("Logboek: toetsen die het noemt", gelukt, {zaak for zaak, *_ in wlztoetsen.VRAGEN})
    tafereel.tell(f"De verantwoording noemt elke Wlz-toets: {', '.join(sorted(gelukt))}", goed=goed)
    gevolgd = {zaak for dienst, _, zaak, besluit in verantwoord if dienst == SIGNALEN and besluit == TOEGESTAAN}
    goed = controles.check("Logboek: het volgen van een cliënt staat erin", wlzsignaal.ZAAK in gevolgd, str(gevolgd))
    tafereel.tell(f"En het volgen van een cliënt, met elke vergelijking: {', '.join(sorted(gevolgd))}", goed=goed)
    geweigerd = sorted((partij, dienst, besluit) for dienst, partij, _, besluit in verantwoord if besluit != TOEGESTAAN)
    wie = {(partij, dienst) for partij, dienst, _ in geweigerd}
    verwacht = {
        (UTRECHT.code, "woonplaats"),
        (ZWOLLE.code, "woonplaats"),
        (UTRECHT.code, "wlz-toets"),
        (ZWOLLE.code, "wlz-signalen"),
    }
    goed = controles.equal("Logboek: weigeringen die het noemt", wie, verwacht)
    kaal = [zaak for _, _, zaak, besluit in verantwoord if besluit != TOEGESTAAN and zaak]
    goed &= controles.equal("Logboek: zaakkenmerken bij een weigering", kaal, [])
    tafereel.tell(
        "Ook wat geweigerd is staat erin, zonder zaakkenmerk en reden",
        goed=goed,
        uitleg=[f"{p} {d}: {b}" for p, d, b in geweigerd],
    )


def _begin(regel: dict[str, Any]) -> str:
    return str(regel["begin"])


def _read(engine: Engine) -> list[tuple[str, str, str, str]]:
    w = schema.verantwoording.c
    with engine.connect() as conn:
        vraag = select(w.dienst, w.partij, w.zaakkenmerk, w.besluit).order_by(w.id)
        return [(rij.dienst, rij.partij, rij.zaakkenmerk, rij.besluit) for rij in conn.execute(vraag)]
