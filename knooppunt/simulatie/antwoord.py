"""The answer that a heenbericht gets: a retour without RetourCodes (accepted), or for a declaratie its 325.

iStandaarden 3.2, IV028/IV032: a retour copies the header of the heenbericht, Afzender and Ontvanger included, and has
only a header when nothing is wrong. A 325 names the declaratie, grants the whole amount and says 8001.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from istandaarden.catalogus import Onbekend
from istandaarden.kop import Kop, read_kop
from istandaarden.opbouw import build
from istandaarden.standaardmap import in_gebruik
from istandaarden.veilig import parse
from knooppunt.simulatie.storing import Storing, Storingsoort, Verkeerd

_XSD_VERSIE = {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"}


@dataclass(frozen=True, slots=True)
class Antwoord:
    """What goes back: the functie of the answer and its payload."""

    functie: str
    payload: bytes


def answer(functie: str, payload: bytes, *, release: str = "3.2") -> Antwoord | None:
    """Return the accepting answer to a heenbericht, or None when `functie` gets none (retours, 325, Fo01).

    Raises:
        istandaarden.veilig.XmlGeweigerd: `payload` is not XML that may be read.
    """
    catalogus = in_gebruik()
    try:
        code = catalogus.find(functie, release).retour
        terug = catalogus.find(code, release) if code else None
    except Onbekend:
        return None
    if terug is None:
        return None
    kop = read_kop([payload])
    vandaag = datetime.now(tz=ZoneInfo("Europe/Amsterdam")).date()
    inhoud = _retour(kop, vandaag) if terug.is_retour else _declaratie_antwoord(kop, payload, vandaag)
    return Antwoord(terug.code, build(terug, inhoud))


def replies(antwoord: Antwoord, referentie: str, storing: Storing | None) -> list[tuple[Antwoord, str]]:
    """Return what is sent back for the bericht `referentie`: the answer, each with the bericht it says it answers.

    Without a fault of the kind ``verkeerd`` that is the answer itself, once.
    """
    goed = (antwoord, referentie)
    if storing is None or storing.soort is not Storingsoort.VERKEERD:
        return [goed]
    match storing.verkeerd:
        case Verkeerd.VERWIJZING:
            return [(antwoord, str(uuid.uuid4()))]
        case Verkeerd.INHOUD:
            return [(Antwoord(antwoord.functie, antwoord.payload[: len(antwoord.payload) // 2]), referentie)]
        case Verkeerd.DUBBEL:
            return [goed, goed]


def _retour(kop: Kop, vandaag: date) -> dict[str, object]:
    return {
        "Header": {
            "Afzender": kop.afzender,
            "Ontvanger": kop.ontvanger,
            "BerichtIdentificatie": {"Identificatie": kop.identificatie, "Dagtekening": kop.dagtekening},
            "XsdVersie": {"BasisschemaXsdVersie": kop.basis_xsd, "BerichtXsdVersie": kop.bericht_xsd},
            "IdentificatieRetour": _identification(),
            "DagtekeningRetour": vandaag.isoformat(),
            "XsdVersieRetour": _XSD_VERSIE,
        }
    }


def _declaratie_antwoord(kop: Kop, payload: bytes, vandaag: date) -> dict[str, object]:
    declaratie = parse(payload)
    totaal = {
        "TotaalBedrag": declaratie.findtext(".//{*}TotaalIngediendBedrag/{*}TotaalBedrag"),
        "DebetCredit": declaratie.findtext(".//{*}TotaalIngediendBedrag/{*}DebetCredit"),
    }
    return {
        "Header": {
            "Afzender": kop.ontvanger,
            "Ontvanger": kop.afzender,
            "BerichtIdentificatie": {"Identificatie": _identification(), "Dagtekening": vandaag.isoformat()},
            "XsdVersie": _XSD_VERSIE,
            "DeclaratieIdentificatie": {"Identificatie": kop.identificatie, "Dagtekening": kop.dagtekening},
            "XsdVersieDeclaratie": {"BasisschemaXsdVersie": kop.basis_xsd, "BerichtXsdVersie": kop.bericht_xsd},
            "RetourCodes": {"RetourCode": ["0200"]},
        },
        "DeclaratieAntwoord": {
            "DeclaratieNummer": declaratie.findtext(".//{*}DeclaratieNummer"),
            "TotaalIngediendBedrag": totaal,
            "TotaalToegekendBedrag": totaal,
            "RetourCodes": {"RetourCode": ["8001"]},
        },
    }


def _identification() -> str:
    return uuid.uuid4().hex[:12]  # an identificatie has at most 12 characters
