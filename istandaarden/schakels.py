"""By what a bericht hangs together with the berichten it answers, and with those that answer it.

A schakel is a key that two berichten share: a retour copies the identificatie of its heenbericht, a 325 names its 323,
a 301 or 319 the reference of the request, and everything about one toewijzing its number (istandaarden.md §4). Both
partijen are part of every key, so a bericht of a third never fits. Keys hold no BSN, but they are of a person: who
keeps them, keeps them as HMAC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from lxml import etree

from istandaarden.kop import Kop
from istandaarden.model import Berichtsoort
from istandaarden.regels.bericht import DAGEN, NAMEN, Bericht

_STANDAARDEN = frozenset({"iwmo", "ijw"})
_GEMEENTE = "Gemeente"
_GOED = frozenset({"0200", "0233"})
_AL_GEBRUIKT = "9056"
_DECLARATIE, _DECLARATIE_ANTWOORD = "323", "325"
_ALLEEN_KOP = frozenset({"303", "304", _DECLARATIE, _DECLARATIE_ANTWOORD})
"""Berichten about many clients: a declaratie is a case of its own, so its prestaties lead nowhere."""
_MET_DAG = {"StartProduct": "Begindatum", "StopProduct": "Einddatum"}
_MET_NUMMER = ("ToegewezenProduct", "OngewijzigdProduct", "TeWijzigenProduct", *_MET_DAG)
_MET_SCHAKELS = frozenset({*_MET_NUMMER, "AangevraagdProduct", "Verzoek", "Antwoord"})
_WAARDEN = (
    "ToewijzingNummer",
    "ReferentieAanbieder",
    "VerzoekAntwoord",
    "Woonplaatsbeginsel",
    "StatusAanlevering",
    *_MET_DAG.values(),
)
_CODES, _CODE = "RetourCodes", "RetourCode"
_KLASSEN = _MET_SCHAKELS | {_CODES}
_WIT = " \t\r\n"
_IN_ONDERZOEK = "2"
_VERWIJDEREN = "3"


class Schakelsoort(StrEnum):
    """What a key identifies."""

    UITWISSELING = "uitwisseling"  # a heenbericht with its retour, or a 323 with its 325
    VERZOEK = "verzoek"
    TOEWIJZING = "toewijzing"


class Rol(StrEnum):
    """What a bericht is to the others that share the key."""

    VRAAG = "vraag"  # asks, and waits
    RETOUR = "retour"
    AFKEURING = "afkeuring"  # a retour that names a fault: its heenbericht counts as not sent
    DUBBEL = "dubbel"  # a retour that says the identificatie was used before: about a second bericht, not the first
    ANTWOORD = "antwoord"  # a 325
    TOEWIJZING = "toewijzing"
    AFWIJZING = "afwijzing"
    WOONPLAATS = "woonplaats"  # refused because another gemeente is responsible
    ONDERZOEK = "onderzoek"  # answered for now: in onderzoek
    DEEL = "deel"  # belongs to it, and neither asks nor answers


# Looking a member up in its class costs as much as making a schakel.
_UITWISSELING, _VERZOEK, _TOEWIJZING = Schakelsoort.UITWISSELING, Schakelsoort.VERZOEK, Schakelsoort.TOEWIJZING
_VRAAG, _TOEGEWEZEN, _DEEL = Rol.VRAAG, Rol.TOEWIJZING, Rol.DEEL


class Schakel(NamedTuple):
    """One key of a bericht, as text parts, and what the bericht is to those that share it.

    `dag` is the Dagtekening of a request, for its verzoek; and of a start or stop the day that it reports, for its
    toewijzing, unless it takes back an earlier one.
    """

    soort: Schakelsoort
    sleutel: tuple[str, ...]
    rol: Rol
    dag: date | None = None


def accepting(vraag: Schakel) -> Schakel:
    """Give the schakel of the retour, or of the 325, that accepts a heenbericht."""
    *_, nummer, _identificatie = vraag.sleutel
    return Schakel(vraag.soort, vraag.sleutel, Rol.ANTWOORD if nummer == _DECLARATIE else Rol.RETOUR)


def needs_klassen(soort: Berichtsoort) -> bool:
    """Say whether the schakels of a berichtsoort stand below its Header."""
    return soort.standaard in _STANDAARDEN and soort.code[-3:] not in _ALLEEN_KOP


Waarden = Mapping[str, str]
"""Values of one klasse by name, without surrounding white space; of a value that is a klasse itself nothing but that
it is there."""


@dataclass(slots=True)
class Delen:
    """The part of a bericht that its schakels rest on: values per name of a klasse, and the retourcodes."""

    klassen: dict[str, list[Waarden]] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)


def read_parts(wortel: etree._Element, soort: Berichtsoort) -> Delen:
    """Read from a tree what schakels rest on; reading it as rules do costs half a verdict."""
    delen = Delen()
    klassen: dict[Any, dict[str, str]] = {}
    for element in wortel.iter(*_tags(soort.naamruimte, retour=soort.is_retour)):
        naam = NAMEN[element.tag]
        if naam in _KLASSEN:
            waarden = klassen[element] = dict[str, str]()
            delen.klassen.setdefault(naam, []).append(waarden)
        elif (ouder := klassen.get(element.getparent())) is not None:
            waarde = "" if len(element) else (element.text or "").strip(_WIT)
            if naam != _CODE:
                ouder.setdefault(naam, waarde)
            elif not len(element):
                delen.codes.add(waarde)
    return delen


def parts_of(bericht: Bericht) -> Delen:
    """Give what schakels rest on of a bericht that satisfies its schema and was read already."""
    klassen: dict[str, list[Waarden]] = {
        naam: [{veld: k.tekst(veld) or "" for veld in _WAARDEN if k.heeft(veld)} for k in bericht.klassen(naam)]
        for naam in _MET_SCHAKELS
    }
    return Delen(klassen, {code for klasse in bericht.klassen(_CODES) for code in klasse.teksten(_CODE)})


@lru_cache(maxsize=256)
def _tags(naamruimte: str, *, retour: bool) -> tuple[str, ...]:
    """Give the elements to look at: klassen by their full names, and what stands in them in any namespace."""
    klassen, waarden = ((_CODES,), (_CODE,)) if retour else (_MET_SCHAKELS, _WAARDEN)
    return (*(f"{{{naamruimte}}}{naam}" for naam in klassen), *(f"{{*}}{naam}" for naam in waarden))


def schakels_of(soort: Berichtsoort, kop: Kop, delen: Delen | None) -> tuple[Schakel, ...]:
    """Read the schakels of a bericht that satisfies its schema, each once.

    Args:
        soort: its berichtsoort; of one outside iWmo and iJw there are none.
        kop: its Header.
        delen: what `read_parts` or `parts_of` found, when `needs_klassen`.
    """
    if soort.standaard not in _STANDAARDEN:
        return ()
    nummer = soort.code[-3:]
    van, naar = kop.afzender or "", kop.ontvanger or ""
    if nummer == _DECLARATIE_ANTWOORD:
        sleutel = (soort.standaard, naar, van, _DECLARATIE, kop.declaratie_identificatie or "")
        return (Schakel(_UITWISSELING, sleutel, Rol.ANTWOORD),)
    gelezen = delen if needs_klassen(soort) else None
    heen = (soort.antwoord_op or "")[-3:] if soort.is_retour else nummer
    sleutel = (soort.standaard, van, naar, heen, kop.identificatie or "")
    rol = _verdict(gelezen) if soort.is_retour else _VRAAG
    eigen = Schakel(_UITWISSELING, sleutel, rol)
    if gelezen is None or soort.is_retour:
        return (eigen,)
    relatie = (soort.standaard, *((van, naar) if soort.afzender_type == _GEMEENTE else (naar, van)))
    alle = [eigen, *_of_requests(gelezen.klassen, relatie, kop), *_of_care(gelezen.klassen, relatie)]
    return tuple({schakel[:3]: schakel for schakel in alle}.values())


def _verdict(retour: Delen | None) -> Rol:
    """Read whether a retour accepts; one of a declaratie judges per prestatie, and refuses nothing as a whole."""
    codes = retour.codes - _GOED if retour else set()
    if _AL_GEBRUIKT in codes:
        return Rol.DUBBEL
    return Rol.AFKEURING if codes else Rol.RETOUR


def _answer(antwoord: Waarden) -> Rol:
    if antwoord.get("VerzoekAntwoord") == _IN_ONDERZOEK:
        return Rol.ONDERZOEK
    return Rol.WOONPLAATS if "Woonplaatsbeginsel" in antwoord else Rol.AFWIJZING


_MET_REFERENTIE: Mapping[str, Callable[[Waarden], Rol]] = {
    "AangevraagdProduct": lambda _: _VRAAG,
    "Verzoek": lambda _: _VRAAG,
    "ToegewezenProduct": lambda _: _TOEGEWEZEN,
    "Antwoord": _answer,
}


def _of_requests(klassen: Mapping[str, Sequence[Waarden]], relatie: tuple[str, ...], kop: Kop) -> Iterator[Schakel]:
    for naam, lees in _MET_REFERENTIE.items():
        for klasse in klassen.get(naam, ()):
            if referentie := klasse.get("ReferentieAanbieder"):
                rol = lees(klasse)
                dag = _day(kop.dagtekening) if rol is _VRAAG else None
                yield Schakel(_VERZOEK, (*relatie, referentie), rol, dag)


def _of_care(klassen: Mapping[str, Sequence[Waarden]], relatie: tuple[str, ...]) -> Iterator[Schakel]:
    for naam in _MET_NUMMER:
        datum = _MET_DAG.get(naam)
        for product in klassen.get(naam, ()):
            tekst = product.get("ToewijzingNummer")
            if not tekst:
                continue
            nummer = str(int(tekst))  # as `regels.keten.nummer_of`: 007 is 7
            rol = _TOEGEWEZEN if naam == "ToegewezenProduct" else _DEEL
            gemeld = product.get(datum) if datum and product.get("StatusAanlevering") != _VERWIJDEREN else None
            yield Schakel(_TOEWIJZING, (*relatie, nummer), rol, DAGEN[gemeld] if gemeld else None)


def _day(tekst: str | None) -> date | None:
    try:
        return date.fromisoformat(tekst) if tekst else None
    except ValueError:  # a year that `date` cannot hold
        return None
