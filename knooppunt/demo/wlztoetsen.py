"""Has a client an indication for the Wlz: yes, no, unknown, and the questions that do not reach the register."""

from __future__ import annotations

from typing import Any, Final

from knooppunt.demo.controle import Controles
from knooppunt.demo.omgeving import Omgeving
from knooppunt.demo.tafereel import Tafereel, day_in_words, refuse

TITEL: Final = "Wlz-registertoets (alleen voor de Wmo 2015)"
PAD: Final = "/wlz/toetsen"
DIENST: Final = "wlz-toets"
VRAGEN: Final = (
    ("WLZ-2026-1", "999990342", "JA", "er is een indicatie die vandaag geldt"),
    ("WLZ-2026-2", "999990366", "NEE", "de indicatie is voorbij"),
    ("WLZ-2026-3", "999990391", "ONBEKEND", "een zorgprofiel waarbij hulp uit de Wmo nog mogelijk is"),
)
"""Zaakkenmerk, BSN in the simulated register, and the answer that is right."""

_GEEN_BSN: Final = "999990343"


def question(bsn: str, zaak: str, wet: str = "wmo") -> dict[str, Any]:
    """Return the body of a question."""
    return {
        "bsn": bsn,
        "wet": wet,
        "doel": "aanvraag",
        "zaakkenmerk": zaak,
        "reden": "woont misschien in een instelling",
    }


async def ask(tafereel: Tafereel, omgeving: Omgeving, controles: Controles) -> None:
    """Ask about three clients, then about a BSN that is none, and under a law that does not allow it."""
    for zaak, bsn, status, uitleg in VRAGEN:
        antwoord = await omgeving.utrecht_zaken.ask(PAD, question(bsn, zaak))
        inhoud = antwoord.inhoud
        goed = controles.equal(f"Wlz-toets {zaak}: HTTP-status", antwoord.status, 200)
        goed &= controles.equal(f"Wlz-toets {zaak}: antwoord", inhoud.get("status"), status)
        met_datum = inhoud.get("ingangsdatum") is not None
        goed &= controles.equal(f"Wlz-toets {zaak}: ingangsdatum alleen bij JA", met_datum, status == "JA")
        vanaf = f", vanaf {day_in_words(inhoud['ingangsdatum'])}" if met_datum else ""
        tafereel.tell(f"Zaak {zaak}: {inhoud.get('status')} ({uitleg}{vanaf})", goed=goed)
    for naam, wat, vraag, http, woord in (
        ("Wlz-toets met een fout BSN", "Een BSN met een tikfout", question(_GEEN_BSN, "WLZ-2026-4"), 422, "elfproef"),
        (
            "Wlz-toets voor de Jeugdwet",
            "Voor de Jeugdwet",
            question(VRAGEN[0][1], "WLZ-2026-5", "jeugdwet"),
            403,
            "voor de wet jeugdwet niet",
        ),
    ):
        antwoord = await omgeving.utrecht_zaken.ask(PAD, vraag)
        refuse(tafereel, controles, naam, wat, antwoord, status=http, woord=woord)
    gevraagd = sum(1 for vraag in omgeving.ciz.vragen if vraag.versie == 1)
    controles.equal("Wlz-toets: aantal vragen dat het register kreeg", gevraagd, len(VRAGEN))
