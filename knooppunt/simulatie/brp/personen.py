"""Test persons from a CSV: who they are, who their parents are, and where they were registered.

One row is one person; parents without a row of their own are made up from what the rows of their children say. Only
numbers from the test range are taken, so that no file with people in it can be served.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Final

from istandaarden.regels.niveau2_client import passes_elfproef

_VERPLICHT: Final = ("bsn", "geboortedatum", "gemeente", "inschrijving")
_DATUMS: Final = ("geboortedatum", "inschrijving", "aanvang", "gemeente_tot", "inOnderzoekVanaf")
_CODE: Final = ("([0-9]{4})?", "is geen code van vier cijfers")
_GESLACHT: Final = ("[MVO]?", "is geen M, V of O")
_VORMEN: Final = {
    "gemeente": ("[0-9]{4}", "is geen code van vier cijfers"),
    "vorige_gemeente": _CODE,
    "moeder_gemeente_bij_geboorte": _CODE,
    "landVertrek": _CODE,
    "functieAdres": ("[WB]?", "is geen W of B"),
    "postcode": ("([1-9][0-9]{3}[A-Z]{2})?", "is geen postcode als 1234AB"),
    "huisnummer": ("([1-9][0-9]{0,4})?", "is geen getal van 1 tot en met 99999"),
    "inOnderzoek": ("(08[0-9]{4})?", "is geen aanduiding als 089999"),
    "opschorting": ("[EFMORW]?", "is geen E, F, M, O, R of W"),
    "geheim": ("[0-7]?", "is geen cijfer van 0 tot en met 7"),
    "ouder1Geslacht": _GESLACHT,
    "ouder2Geslacht": _GESLACHT,
    "voornamen": (r"[\w .'-]{0,200}", "is geen naam"),
    "voorvoegsel": ("[a-zA-Z ']{0,10}", "is geen voorvoegsel"),
    "geslachtsnaam": (r"[\w .'-]{0,200}", "is geen naam"),
}
_GROOTST: Final = 16 * 1024 * 1024
_ONBEKEND: Final = "00000000"


class Personenfout(ValueError):
    """A file with test persons cannot be used; `fouten` are Dutch sentences that name line and column, no value."""

    def __init__(self, *fouten: str) -> None:
        self.fouten = fouten
        super().__init__("\n".join(fouten))


@dataclass(frozen=True, slots=True)
class Ouderrij:
    """A parent of a test person; without `bsn` the BRP does not know who it is."""

    aanduiding: str
    bsn: str
    geslacht: str


@dataclass(frozen=True, slots=True)
class Plek:
    """Where somebody was registered; dates as JJJJMMDD with zeros for what is unknown, `tot` not included.

    `onderzoek` is the LO3 code of what is looked into: 089999 says that the person does not live there.
    """

    gemeente: str
    van: str
    tot: str = ""
    functie: str = "W"
    postcode: str = ""
    huisnummer: str = ""
    land: str = ""
    onderzoek: str = ""
    onderzoek_vanaf: str = ""


@dataclass(frozen=True, slots=True)
class Testpersoon:
    """One test person; `plekken` has the oldest place first and the present one last."""

    bsn: str = field(repr=False)
    geboortedatum: str
    inschrijving: str
    plekken: tuple[Plek, ...]
    voornamen: str = ""
    voorvoegsel: str = ""
    geslachtsnaam: str = ""
    ouders: tuple[Ouderrij, ...] = ()
    gezag: str = ""
    opschorting: str = ""
    geheim: bool = False


def builtin_persons() -> dict[str, Testpersoon]:
    """Give the public RvIG test persons born since 2004, by BSN, with their parents."""
    bron = files("knooppunt.simulatie.brp").joinpath("personen.csv").read_bytes()
    return parse_persons(bron)


def read_persons(bestand: Path) -> dict[str, Testpersoon]:
    """Read a file of test persons, by BSN.

    Raises:
        Personenfout: with every fault.
    """
    try:
        with bestand.open("rb") as stroom:
            ruw = stroom.read(_GROOTST + 1)
    except OSError as fout:
        raise Personenfout(f"{bestand} is niet te lezen ({fout.strerror}).") from None
    return parse_persons(ruw)


def parse_persons(ruw: bytes) -> dict[str, Testpersoon]:
    """Read test persons from a CSV in UTF-8 with a heading.

    Raises:
        Personenfout: with every fault.
    """
    if len(ruw) > _GROOTST:
        raise Personenfout("Het bestand met testpersonen is groter dan 16 MiB.")
    try:
        lezer = csv.DictReader(io.StringIO(ruw.decode("utf-8-sig"), newline=""), restval="", strict=True)
        rijen = [(lezer.line_num, rij) for rij in lezer]
    except UnicodeDecodeError:
        raise Personenfout("Het bestand met testpersonen is niet in UTF-8 geschreven.") from None
    except csv.Error:
        raise Personenfout("Het bestand met testpersonen is geen leesbare CSV.") from None
    ontbreekt = [naam for naam in _VERPLICHT if naam not in (lezer.fieldnames or ())]
    if ontbreekt:
        raise Personenfout(f"In de kopregel ontbreekt: {', '.join(ontbreekt)}.")
    fouten = [f"regel {nummer}: {wat}" for nummer, rij in rijen for wat in _faults(rij)]
    nummers = [rij["bsn"] for _, rij in rijen]
    if len(set(nummers)) < len(nummers):
        fouten.append("Een BSN komt tweemaal voor.")
    if not rijen:
        fouten.append("Er staat niemand in het bestand met testpersonen.")
    if fouten:
        raise Personenfout(*fouten)
    personen = {rij["bsn"]: _person(rij) for _, rij in rijen}
    return _parents([rij for _, rij in rijen], personen) | personen


def _faults(rij: Mapping[str, str]) -> Iterator[str]:
    if None in rij:
        yield "er zijn meer kolommen dan in de kopregel"
        return
    for naam in ("bsn", "ouder1", "ouder2"):
        if (rij.get(naam) or naam == "bsn") and not _is_test_bsn(rij[naam]):
            yield f"{naam} is geen BSN uit de testreeks 9999"
    for naam in _DATUMS:
        waarde = rij.get(naam, "")
        if not _is_date(waarde) and (waarde or naam in _VERPLICHT):
            yield f"{naam} is geen datum als 20220131, met nullen voor wat onbekend is"
    for naam, (vorm, wat) in _VORMEN.items():
        if not re.fullmatch(vorm, rij.get(naam, "")):
            yield f"{naam} {wat}"


def _is_test_bsn(waarde: str) -> bool:
    return bool(re.fullmatch("9999[0-9]{5}", waarde)) and passes_elfproef(waarde)


def _is_date(waarde: str) -> bool:
    if not re.fullmatch("[0-9]{8}", waarde):
        return False
    jaar, maand, dag = waarde[:4], waarde[4:6], waarde[6:]
    try:
        date(int(jaar) or 2000, int(maand) or 1, int(dag) or 1)
    except ValueError:
        return False
    return (jaar != "0000" or waarde == _ONBEKEND) and (maand != "00" or dag == "00")


def _person(rij: Mapping[str, str]) -> Testpersoon:
    ouders = tuple(
        Ouderrij(nummer, rij.get(f"ouder{nummer}", ""), rij.get(f"ouder{nummer}Geslacht", ""))
        for nummer in "12"
        if rij.get(f"ouder{nummer}") or rij.get(f"ouder{nummer}Geslacht")
    )
    return Testpersoon(
        rij["bsn"],
        rij["geboortedatum"],
        rij["inschrijving"],
        tuple(_places(rij)),
        voornamen=rij.get("voornamen", ""),
        voorvoegsel=rij.get("voorvoegsel", ""),
        geslachtsnaam=rij.get("geslachtsnaam", ""),
        ouders=ouders,
        gezag=rij.get("gezag", ""),
        opschorting=rij.get("opschorting", ""),
        geheim=rij.get("geheim", "") not in {"", "0"},
    )


def _places(rij: Mapping[str, str]) -> Iterator[Plek]:
    """Give the previous gemeente, an earlier address in this one, and the present place."""
    aanvang = rij.get("aanvang") or rij["inschrijving"]
    if rij.get("vorige_gemeente"):
        yield Plek(rij["vorige_gemeente"], rij["geboortedatum"], rij.get("gemeente_tot") or rij["inschrijving"])
    if rij["inschrijving"] < aanvang:
        yield Plek(rij["gemeente"], rij["inschrijving"], aanvang)
    yield Plek(
        rij["gemeente"],
        aanvang,
        functie=rij.get("functieAdres") or "W",
        postcode=rij.get("postcode", ""),
        huisnummer=rij.get("huisnummer", ""),
        land=rij.get("landVertrek", ""),
        onderzoek=rij.get("inOnderzoek", ""),
        onderzoek_vanaf=rij.get("inOnderzoekVanaf", ""),
    )


def _parents(rijen: list[Mapping[str, str]], eigen: Mapping[str, Testpersoon]) -> dict[str, Testpersoon]:
    """Make up who is named as a parent only: registered, at each birth, where the child's row says or was itself."""
    punten: dict[str, dict[str, str]] = {}
    for rij in rijen:
        for nummer in "12":
            bsn = rij.get(f"ouder{nummer}", "")
            if bsn and bsn not in eigen:
                moeder = rij.get(f"ouder{nummer}Geslacht") == "V"
                gemeente = rij.get("moeder_gemeente_bij_geboorte") if moeder else ""
                punten.setdefault(bsn, {})[rij["geboortedatum"]] = gemeente or eigen[rij["bsn"]].plekken[0].gemeente
    return {bsn: _parent(bsn, sorted(bij_geboorte.items())) for bsn, bij_geboorte in punten.items()}


def _parent(bsn: str, punten: list[tuple[str, str]]) -> Testpersoon:
    eerste = int(punten[0][0][:4]) or 2000
    stappen = [(f"{eerste - 10}0101", punten[0][1])]
    for dag, gemeente in punten[1:]:
        if gemeente != stappen[-1][1]:
            stappen.append((dag, gemeente))
    einden = [dag for dag, _ in stappen[1:]] + [""]
    plekken = tuple(Plek(gemeente, dag, tot) for (dag, gemeente), tot in zip(stappen, einden, strict=True))
    return Testpersoon(bsn, f"{eerste - 30}0101", stappen[-1][0], plekken)
