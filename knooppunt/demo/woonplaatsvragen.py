"""Which gemeente is responsible for a youth: one boy, the definition until 2021 and the one since, and who may ask.

The boy is a public test person of the RvIG: he was registered in Tiel, and a pleegouder took him in before his mother
moved with him to Utrecht. By the old definition he follows the parent he was with, by the new one his address before
that stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from knooppunt.demo.controle import Controles
from knooppunt.demo.omgeving import Omgeving
from knooppunt.demo.tafereel import Tafereel, day_in_words, refuse

TITEL: Final = "Woonplaatsbeginsel: welke gemeente is verantwoordelijk?"
PAD: Final = "/woonplaatsbeginsel/bepalingen"
BSN: Final = "999996174"
ZAKEN: Final = ("WPB-2026-1", "WPB-2026-2", "WPB-2026-3")
"""Of the three questions that may be asked, in order; the processing log must name them."""

_PLEEGOUDER: Final = [{"soort": "pleegouder", "van": "2018-12-01"}]


@dataclass(frozen=True, slots=True)
class _Vraag:
    """A question about the boy, and the answer that is right; `opgave` is what Utrecht states beside his stay."""

    peildatum: str
    opgave: Mapping[str, str]
    antwoord: Mapping[str, object]


_VRAGEN: Final = (
    _Vraag(
        "2021-06-01",
        {},
        {"regime": "OUD", "gemeentenaam": None, "regel": "HANDMATIG", "ontbrekendeGegevens": ["gezag", "laatst_bij"]},
    ),
    _Vraag(
        "2021-06-01",
        {"laatstBij": "moeder"},
        {
            "regime": "OUD",
            "gemeentenaam": "Utrecht",
            "regel": "O1",
            "zekerheid": "voorlopig",  # the BRP gives the gezag of today
            "ontbrekendeGegevens": ["gezag"],
        },
    ),
    _Vraag(
        "2022-03-01",
        {},
        {"regime": "NIEUW", "gemeentenaam": "Tiel", "regel": "N2", "ontbrekendeGegevens": []},
    ),
)


def question(peildatum: str, zaak: str, **opgave: object) -> dict[str, Any]:
    """Return the body of a question about the boy."""
    vast = {"bsn": BSN, "peildatum": peildatum, "doel": "onderzoek", "zaakkenmerk": zaak, "verblijf": _PLEEGOUDER}
    return vast | opgave


async def ask(tafereel: Tafereel, omgeving: Omgeving, controles: Controles) -> None:
    """Ask what can be decided and what cannot, and then what may not be asked."""
    for zaak, vraag in zip(ZAKEN, _VRAGEN, strict=True):
        gevraagd = len(omgeving.brp.bevragingen)
        antwoord = await omgeving.utrecht_zaken.ask(PAD, question(vraag.peildatum, zaak, **vraag.opgave))
        naam = f"Woonplaats, zaak {zaak}"
        goed = controles.equal(f"{naam}: HTTP-status", antwoord.status, 200)
        for veld, waarde in vraag.antwoord.items():
            goed &= controles.equal(f"{naam}: {veld}", antwoord.inhoud.get(veld), waarde)
        goed &= controles.check(f"{naam}: met motivering", bool(antwoord.inhoud.get("motivering")), antwoord.uitleg)
        erbij = len(omgeving.brp.bevragingen) - gevraagd
        goed &= controles.check(f"{naam}: de BRP is gevraagd", erbij > 0, "geen bevraging")
        goed &= controles.check(f"{naam}: geen BSN in het antwoord", BSN not in antwoord.tekst, "het BSN staat erin")
        _tell(tafereel, f"Op {day_in_words(vraag.peildatum)}{_stated(vraag.opgave)}", antwoord.inhoud, goed=goed)
    await _refused(tafereel, omgeving, controles)


async def _refused(tafereel: Tafereel, omgeving: Omgeving, controles: Controles) -> None:
    gevraagd = len(omgeving.brp.bevragingen)
    zonder = question("2022-03-01", "WPB-2026-4")
    del zonder["doel"]
    ander = question("2022-03-01", "WPB-2026-5", doel="nieuwsgierigheid")
    for wat, antwoord, status, woord in (
        ("Zonder doel", await omgeving.utrecht_zaken.ask(PAD, zonder), 400, "doel"),
        ("Met een doel dat niet bestaat", await omgeving.utrecht_zaken.ask(PAD, ander), 422, "doel"),
        (
            "Zonder machtiging (Zwolle)",
            await omgeving.zwolle_zaken.ask(PAD, question("2022-03-01", "WPB-2026-6")),
            403,
            "niet gemachtigd",
        ),
    ):
        refuse(tafereel, controles, f"Woonplaats {wat[0].lower()}{wat[1:]}", wat, antwoord, status=status, woord=woord)
    erbij = len(omgeving.brp.bevragingen) - gevraagd
    controles.equal("Woonplaats: voor een geweigerde vraag is de BRP niet gevraagd, aantal bevragingen", erbij, 0)


def _tell(tafereel: Tafereel, vraag: str, inhoud: Mapping[str, Any], *, goed: bool) -> None:
    if inhoud.get("gemeente"):
        gemeente = f"{inhoud.get('gemeentenaam')} ({inhoud.get('gemeente')})"
        wat = f"{gemeente}, regel {inhoud.get('regel')}, {inhoud.get('zekerheid')}"
    else:
        wat = f"niet te beslissen; ontbreekt: {', '.join(inhoud.get('ontbrekendeGegevens', ()))}"
    tafereel.tell(f"{vraag}: {wat}", goed=goed, uitleg=[*inhoud.get("motivering", ()), *inhoud.get("opmerkingen", ())])


def _stated(opgave: Mapping[str, object]) -> str:
    return f", met de opgave dat hij het laatst bij de {opgave['laatstBij']} was" if opgave else ""
