"""By what a bericht hangs together with the berichten it answers, and with those that answer it.

A schakel is a key that two berichten share: a retour copies the identificatie of its heenbericht, a 325 names its 323,
a 301 or 319 the reference of the request, and everything about one toewijzing its number (istandaarden.md §4). Both
partijen are part of every key, so a bericht of a third never fits. Keys hold no BSN, but they are of a person: who
keeps them, keeps them as HMAC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from lxml import etree

from istandaarden.kop import Kop
from istandaarden.model import ROOT, Berichtsoort
from istandaarden.regels.bericht import Bericht, Klasse, read_tree
from istandaarden.regels.keten import nummer_of

_STANDAARDEN = frozenset({"iwmo", "ijw"})
_GEMEENTE = "Gemeente"
_GOED = frozenset({"0200", "0233"})
_AL_GEBRUIKT = "9056"
_DECLARATIE, _DECLARATIE_ANTWOORD = "323", "325"
_ALLEEN_KOP = frozenset({"303", "304", _DECLARATIE, _DECLARATIE_ANTWOORD})
"""Berichten about many clients: a declaratie is a case of its own, so its prestaties lead nowhere."""
_MET_DAG = {"StartProduct": "Begindatum", "StopProduct": "Einddatum"}
_MET_NUMMER = ("ToegewezenProduct", "OngewijzigdProduct", "TeWijzigenProduct", *_MET_DAG)
_MET_SCHAKELS = (*_MET_NUMMER, "AangevraagdProduct", "Verzoek", "Antwoord", "RetourCodes")
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


@dataclass(frozen=True, slots=True)
class Schakel:
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


def read_parts(wortel: etree._Element, soort: Berichtsoort) -> Bericht:
    """Read from a tree only the klassen in which schakels stand: reading all of it costs half a verdict."""
    klassen: dict[str, list[Klasse]] = {}
    for element in wortel.iter(*(f"{{{soort.naamruimte}}}{naam}" for naam in _MET_SCHAKELS)):
        klasse = read_tree(element, soort).wortel
        klassen.setdefault(klasse.naam, []).append(klasse)
    return Bericht(soort, Klasse(ROOT, None), klassen)


def schakels_of(soort: Berichtsoort, kop: Kop, bericht: Bericht | None) -> tuple[Schakel, ...]:
    """Read the schakels of a bericht that satisfies its schema, each once.

    Args:
        soort: its berichtsoort; of one outside iWmo and iJw there are none.
        kop: its Header.
        bericht: all of it or `read_parts`, when `needs_klassen`.
    """
    if soort.standaard not in _STANDAARDEN:
        return ()
    gelezen = bericht if needs_klassen(soort) else None
    return tuple({(s.soort, s.sleutel, s.rol): s for s in _all(soort, kop, gelezen)}.values())


def _all(soort: Berichtsoort, kop: Kop, bericht: Bericht | None) -> Iterator[Schakel]:
    nummer = soort.code[-3:]
    van, naar = kop.afzender or "", kop.ontvanger or ""
    if nummer == _DECLARATIE_ANTWOORD:
        sleutel = (soort.standaard, naar, van, _DECLARATIE, kop.declaratie_identificatie or "")
        yield Schakel(Schakelsoort.UITWISSELING, sleutel, Rol.ANTWOORD)
        return
    heen = (soort.antwoord_op or "")[-3:] if soort.is_retour else nummer
    sleutel = (soort.standaard, van, naar, heen, kop.identificatie or "")
    rol = _verdict(bericht) if soort.is_retour else Rol.VRAAG
    yield Schakel(Schakelsoort.UITWISSELING, sleutel, rol)
    if bericht is not None and not soort.is_retour:
        relatie = (soort.standaard, *((van, naar) if soort.afzender_type == _GEMEENTE else (naar, van)))
        yield from _of_requests(bericht, relatie, _day(kop.dagtekening))
        yield from _of_care(bericht, relatie)


def _verdict(retour: Bericht | None) -> Rol:
    """Read whether a retour accepts; one of a declaratie judges per prestatie, and refuses nothing as a whole."""
    klassen = retour.klassen("RetourCodes") if retour else ()
    codes = {code for klasse in klassen for code in klasse.teksten("RetourCode")} - _GOED
    if _AL_GEBRUIKT in codes:
        return Rol.DUBBEL
    return Rol.AFKEURING if codes else Rol.RETOUR


def _of_requests(bericht: Bericht, relatie: tuple[str, ...], dag: date | None) -> Iterator[Schakel]:
    for naam in ("AangevraagdProduct", "Verzoek"):
        yield from _with_reference(bericht.klassen(naam), relatie, lambda _: Rol.VRAAG, dag)
    yield from _with_reference(bericht.klassen("ToegewezenProduct"), relatie, lambda _: Rol.TOEWIJZING)
    yield from _with_reference(bericht.klassen("Antwoord"), relatie, _answer)


def _with_reference(
    klassen: Iterable[Klasse],
    relatie: tuple[str, ...],
    rol: Callable[[Klasse], Rol],
    dag: date | None = None,
) -> Iterator[Schakel]:
    for klasse in klassen:
        if referentie := klasse.tekst("ReferentieAanbieder"):
            yield Schakel(Schakelsoort.VERZOEK, (*relatie, referentie), rol(klasse), dag)


def _answer(antwoord: Klasse) -> Rol:
    if antwoord.tekst("VerzoekAntwoord") == _IN_ONDERZOEK:
        return Rol.ONDERZOEK
    return Rol.WOONPLAATS if antwoord.heeft("Woonplaatsbeginsel") else Rol.AFWIJZING


def _of_care(bericht: Bericht, relatie: tuple[str, ...]) -> Iterator[Schakel]:
    for naam in _MET_NUMMER:
        datum = _MET_DAG.get(naam)
        for product in bericht.klassen(naam):
            nummer = nummer_of(product)
            if nummer is None:
                continue
            rol = Rol.TOEWIJZING if naam == "ToegewezenProduct" else Rol.DEEL
            weg = product.tekst("StatusAanlevering") == _VERWIJDEREN
            dag = product.datum(datum) if datum and not weg else None
            yield Schakel(Schakelsoort.TOEWIJZING, (*relatie, nummer), rol, dag)


def _day(tekst: str | None) -> date | None:
    try:
        return date.fromisoformat(tekst) if tekst else None
    except ValueError:  # a year that `date` cannot hold
        return None
