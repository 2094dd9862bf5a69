"""The schema's verdict on an envelope as bevindingen: Dutch, with a place and a line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lxml import etree

from adapters.stufggk.koppelvlak import schema
from adapters.stufggk.namen import lokaal
from istandaarden.bevinding import Bevinding
from istandaarden.weigering import printable

_VERWACHT = re.compile(r"Expected is (?:one of )?\( (.*) \)", re.DOTALL)
_TAG = re.compile(r"\{[^}]*\}([^\s,]+)")
_LENGTE = re.compile(r"length of '(\d+)'.*length of '(\d+)'", re.DOTALL)
_ATTRIBUUT = re.compile(r"attribute '([^']+)'")
_WAARDE = re.compile(r"'([^']*)'")

_PATRONEN = {
    "referentienummer": "een UUID versie 4 in kleine letters",
    "crossRefnummer": "een UUID versie 4 in kleine letters",
    "tijdstipBericht": "een tijdstip van 8 tot 17 cijfers: JJJJMMDD[UU[MM[SS[mmm]]]]",
    "tekstBestand": "een bestandsnaam van 4 tot 255 tekens uit A-Z, a-z, 0-9, streepje, punt en laag streepje",
}
_VERSIE = "precies vier cijfers"


def check_schema(element: etree._Element) -> tuple[Bevinding, ...]:
    """Judge a body element against the schema of the koppelvlak.

    Returns:
        All findings in document order; none when the element is valid. `plaats` counts from the body element.
    """
    oordeel = schema()
    if oordeel.validate(element):
        return ()
    gezien: dict[tuple[str, str], Bevinding] = {}
    log: Any = oordeel.error_log  # the stubs do not know what is in it
    for fout in log:
        plek = _find(element, fout.path or "")
        plaats = place_of(plek, element)
        melding = _sentence(fout, printable(lokaal(plek.tag), 60))
        gezien.setdefault((plaats, melding), Bevinding("XSD", 1, plaats, line_of(plek), melding))
    return tuple(gezien.values())


def place_of(plek: etree._Element, wortel: etree._Element) -> str:
    """Return the path of an element from `wortel`, local names only, with a position where there are several."""
    delen: list[str] = []
    while plek is not wortel and (ouder := plek.getparent()) is not None:
        zelfde = [kind for kind in ouder if kind.tag == plek.tag]
        nummer = f"[{zelfde.index(plek) + 1}]" if len(zelfde) > 1 else ""
        delen.append(printable(lokaal(plek.tag), 60) + nummer)
        plek = ouder
    return "/".join(["", lokaal(wortel.tag), *reversed(delen)])


def line_of(plek: etree._Element) -> int:
    """Return the line on which an element stands, 0 when unknown."""
    regel: Any = plek.sourceline
    return regel or 0


def _find(wortel: etree._Element, pad: str) -> etree._Element:
    """Find what libxml2's path (``/GGK:a/*[2]``, from `wortel`) points at; `wortel` itself when it cannot be read."""
    rest = pad.lstrip("/").partition("/")[2]
    if not rest:
        return wortel
    voorvoegsels = {naam: uri for el in wortel.iter() for naam, uri in el.nsmap.items() if naam}
    try:
        gevonden: Any = wortel.xpath(rest, namespaces=voorvoegsels)
    except etree.XPathError:
        return wortel
    plek: etree._Element = gevonden[0] if gevonden else wortel
    return plek


def _sentence(fout: etree._LogEntry, naam: str) -> str:
    maak = _ZINNEN.get(fout.type_name.removeprefix("SCHEMAV_"))
    return maak(naam, fout.message) if maak else f"Element {naam} voldoet niet aan het schema van StUF-GGk 2.1."


def _wrong_place(naam: str, tekst: str) -> str:
    verwacht = _VERWACHT.search(tekst)
    namen = " of ".join(_TAG.findall(verwacht[1])) if verwacht else ""
    if "Missing child" in tekst:
        return f"In {naam} ontbreekt een element: {namen}."
    ander = f"verwacht is {namen}" if namen else "hier mag geen element meer volgen"
    return f"Element {naam} hoort niet op deze plaats; {ander}."


def _length(naam: str, tekst: str) -> str:
    grens = "minstens" if "underruns" in tekst else "hoogstens"
    if (lengte := _LENGTE.search(tekst)) is None:
        return f"De waarde van {naam} heeft niet de toegestane lengte."
    wat = f"Het attribuut {printable(deel[1], 60)} van {naam}" if (deel := _ATTRIBUUT.search(tekst)) else naam
    return f"{wat} is {lengte[1]} tekens lang; toegestaan is {grens} {lengte[2]}."


def _pattern(naam: str, _tekst: str) -> str:
    return f"De waarde van {naam} klopt niet; verwacht is {_PATRONEN.get(naam, _VERSIE)}."


def _enumeration(naam: str, tekst: str) -> str:
    mogelijk = " of ".join(_WAARDE.findall(tekst.rpartition("set {")[2]))
    return f"De waarde van {naam} klopt niet; verwacht is {mogelijk}."


def _attribute(naam: str, tekst: str) -> str:
    attribuut = _ATTRIBUUT.search(tekst)
    welk = printable(attribuut[1], 60) if attribuut else ""
    if "required" in tekst:
        return f"Bij {naam} ontbreekt het verplichte attribuut {welk}."
    return f"{naam} mag het attribuut {welk} niet hebben."


def _only_text(naam: str, _tekst: str) -> str:
    return f"In {naam} mag alleen tekst staan, geen element."


def _only_elements(naam: str, _tekst: str) -> str:
    return f"In {naam} mogen alleen elementen staan, geen losse tekst."


_ZINNEN: dict[str, Callable[[str, str], str]] = {
    "ELEMENT_CONTENT": _wrong_place,
    "CVC_MAXLENGTH_VALID": _length,
    "CVC_MINLENGTH_VALID": _length,
    "CVC_PATTERN_VALID": _pattern,
    "CVC_ENUMERATION_VALID": _enumeration,
    "CVC_COMPLEX_TYPE_3_2_1": _attribute,
    "CVC_COMPLEX_TYPE_3_2_2": _attribute,
    "CVC_COMPLEX_TYPE_4": _attribute,
    "CVC_TYPE_3_1_1": _attribute,
    "CVC_TYPE_3_1_2": _only_text,
    "CVC_COMPLEX_TYPE_2_2": _only_text,
    "CVC_COMPLEX_TYPE_2_3": _only_elements,
}
"""libxml2's `xmlParserErrors` for schemas, see its xmlerror.h."""
