"""A gemeente follows a client, his indication starts in the Wlz-register, and the gemeente hears of it."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import Final

from knooppunt.demo.controle import WACHT, Controles
from knooppunt.demo.deelnemers import UTRECHT, ZWOLLE
from knooppunt.demo.omgeving import Omgeving
from knooppunt.demo.tafereel import Tafereel, day_in_words, expecting, refuse

TITEL: Final = "Wlz-signaal: een indicatie begint"
BSN: Final = "999990457"
REFERENTIE: Final = "CLIENT-17"
ZAAK: Final = "ABONNEMENT-2026"
SOORT: Final = "nl.knooppunt.wlz-signaal"

_INDICATIE: Final = """
[[indicatie]] # added while the register runs
kenmerk = "5f0c1f5e-8d6b-4c55-9f0a-000000000017"
bsn = "{bsn}"
afgifte = {dag}
begin = {dag}
zorgkantoor = "5521"
profielen = [{{ code = "754", begin = {dag} }}]
"""


async def follow(tafereel: Tafereel, omgeving: Omgeving, controles: Controles, vandaag: date) -> None:
    """Follow a client, let his indication start, and wait until the webhook of the gemeente is told."""
    vraag = {
        "bewerking": "toevoegen",
        "clienten": [{"referentie": REFERENTIE, "bsn": BSN}],
        "doel": "afstemming",
        "zaakkenmerk": ZAAK,
    }
    eerder = _copies(omgeving)
    antwoord = await omgeving.utrecht_zaken.ask("/wlz/clientwijzigingen", vraag)
    goed = controles.equal("Wlz-signaal: cliënten die nu worden gevolgd", antwoord.inhoud.get("toegevoegd"), 1)
    tafereel.tell(f"{UTRECHT.naam} volgt een cliënt, onder het eigen kenmerk {REFERENTIE}", goed=goed)
    with expecting("dat het knooppunt het Wlz-register leest"):
        await _until_read(omgeving, eerder)
    await asyncio.to_thread(_start_indication, omgeving.paden.indicaties, vandaag)
    tafereel.tell("In het register van het CIZ begint vandaag een indicatie van deze cliënt")

    with expecting(f"een melding van {SOORT} bij de webhook van de gemeente"):
        melding = await omgeving.meldpunt.wait_for(lambda m: m.get("type") == SOORT, WACHT)
    wie = melding.get("data", {}).get("referentie")
    goed = controles.equal("Wlz-signaal: de melding aan de gemeente noemt", wie, REFERENTIE)
    goed &= controles.equal("Wlz-signaal: de melding is een CloudEvent, versie", melding.get("specversion"), "1.0")
    zonder = BSN not in json.dumps(melding) and "begin" not in json.dumps(melding.get("data"))
    goed &= controles.check("Wlz-signaal: in de melding staat geen BSN en geen inhoud", zonder, "er staat meer in")
    tafereel.tell(f"De webhook van {UTRECHT.naam} krijgt een melding: {SOORT} over {wie}", goed=goed)
    await _read(tafereel, omgeving, controles, vandaag)


async def _read(tafereel: Tafereel, omgeving: Omgeving, controles: Controles, vandaag: date) -> None:
    """Read the signal over the API, and try to read it as another gemeente."""
    vraag = {"doel": "afstemming", "zaakkenmerk": ZAAK}
    antwoord = await omgeving.utrecht_zaken.read("/wlz/signalen", **vraag)
    wat = [(s["soort"], s["referentie"], s["ingangsdatum"]) for s in antwoord.inhoud.get("signalen", ())]
    goed = controles.equal("Wlz-signaal: wat de gemeente leest", wat, [("begin", REFERENTIE, vandaag.isoformat())])
    gelezen = [f"{soort} van een indicatie van {wie}, {day_in_words(dag)}" for soort, wie, dag in wat]
    tafereel.tell(f"{UTRECHT.naam} leest daarop het signaal: {', '.join(gelezen) or antwoord.uitleg}", goed=goed)
    ander = await omgeving.zwolle_zaken.read("/wlz/signalen", **vraag)
    refuse(
        tafereel,
        controles,
        "Wlz-signaal gelezen door Zwolle",
        f"{ZWOLLE.naam} leest mee",
        ander,
        status=403,
        woord="niet gemachtigd",
    )
    aantal = sum(1 for melding in omgeving.meldpunt.meldingen if melding.get("type") == SOORT)
    controles.equal("Wlz-signaal: aantal meldingen", aantal, 1)


def _copies(omgeving: Omgeving) -> int:
    return sum(1 for vraag in omgeving.ciz.vragen if vraag.versie != 1)


async def _until_read(omgeving: Omgeving, eerder: int) -> None:
    """Wait until the hub began to read the register for this client: what starts after that is a signal, no stand."""
    async with asyncio.timeout(WACHT):
        while _copies(omgeving) < eerder + len(omgeving.configuratie.wlz.zorgkantoren):  # noqa: ASYNC110 - it is a ledger
            await asyncio.sleep(0.05)


def _start_indication(bestand: Path, dag: date) -> None:
    nieuw = bestand.with_suffix(".nieuw")
    nieuw.write_text(bestand.read_text("utf-8") + _INDICATIE.format(bsn=BSN, dag=dag.isoformat()), "utf-8")
    nieuw.replace(bestand)  # the register reads it at any moment
