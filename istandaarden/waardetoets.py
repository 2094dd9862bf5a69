"""Checks single values with libxml2 itself, so that an explanation can never disagree with the verdict."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from istandaarden.model import Berichtmodel, Element, Logisch, Logischsoort
from istandaarden.schema import compile_text
from istandaarden.woorden import describe_value
from istandaarden.xsd import write_values

_PARTIJ = 2000
_PLEK = re.compile(r"/\*/\*\[(\d+)\]$")
_WIT = " \t\r\n"
_DAG = re.compile(r"-?\d{4,}-\d\d-\d\d")
_KLOK = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?")
_GETAL = re.compile(r"[+-]?\d+")


class Waardetoets:
    """Judges the values of the simple elements of one berichtsoort; may be shared by threads."""

    def __init__(self, model: Berichtmodel) -> None:
        self._naamruimte = model.soort.naamruimte
        tekst, namen = write_values(model)
        self._namen = {sleutel: f"{{{self._naamruimte}}}{naam}" for sleutel, naam in namen.items()}
        self._schema = compile_text(model, tekst)
        self._slot = threading.Lock()

    def wrong(self, waarden: Sequence[tuple[Element, str]]) -> Mapping[int, frozenset[str]]:
        """Find the values that are not allowed.

        Args:
            waarden: elements of the model with the text that stands in them.

        Returns:
            Per index of a wrong value the facets it breaks, by libxml2's name (``SCHEMAV_CVC_PATTERN_VALID``).
        """
        fout: dict[int, set[str]] = {}
        for begin in range(0, len(waarden), _PARTIJ):
            for nummer, facet in self._judge(waarden[begin : begin + _PARTIJ]):
                fout.setdefault(begin + nummer, set()).add(facet)
        return {nummer: frozenset(facetten) for nummer, facetten in fout.items()}

    def _judge(self, waarden: Sequence[tuple[Element, str]]) -> list[tuple[int, str]]:
        nsmap: dict[Any, str] = {None: self._naamruimte}  # the stubs do not know the default namespace
        wortel = etree.Element(f"{{{self._naamruimte}}}Waarden", nsmap=nsmap)
        for element, waarde in waarden:
            etree.SubElement(wortel, self._namen[element.typesleutel]).text = waarde
        with self._slot:  # the error log belongs to the schema
            if self._schema.validate(wortel):
                return []
            log: Any = self._schema.error_log  # the stubs do not know that it can be iterated
            return [(_index(regel.path), regel.type_name) for regel in log]


def _index(pad: str) -> int:
    plek = _PLEK.search(pad)
    return int(plek[1]) - 1 if plek else 0


def complain(element: Element, waarde: str, facetten: frozenset[str]) -> str:
    """Say in one Dutch sentence, without the value, what is wrong with it and what was expected."""
    soort = element.type
    if not isinstance(soort, Logisch):
        raise TypeError(f"{element.naam} has no simple type")
    weg = "" if element.verplicht else "; laat het element weg als er geen waarde is"
    leeg = not waarde.strip(_WIT)
    wat = "is leeg" if leeg else _fault(element, soort, waarde, facetten)
    return f"{element.naam} {wat}; verwacht wordt {describe_value(element)}{weg if leeg else ''}."


def _fault(element: Element, soort: Logisch, waarde: str, facetten: frozenset[str]) -> str:
    kaal = waarde.strip(_WIT)
    if element.vast is not None:
        return "heeft een waarde die niet bij dit bericht hoort"
    match soort.soort:
        case Logischsoort.CODE:
            return "bevat spaties of regeleinden om de code" if kaal in soort.waarden else "bevat geen bekende code"
        case Logischsoort.DATUM:
            return _time_fault(kaal, _DAG, "datum", "een dag die niet bestaat")
        case Logischsoort.TIJD:
            return _time_fault(kaal, _KLOK, "tijd", "een tijdstip dat niet bestaat")
        case Logischsoort.GEHEEL:
            return _number_fault(kaal)
        case Logischsoort.TEKST:
            return _text_fault(len(waarde), facetten)


def _number_fault(kaal: str) -> str:
    if not _GETAL.fullmatch(kaal):
        return "is geen geheel getal"
    return "is kleiner dan 0" if kaal.startswith("-") else "is te groot"


def _text_fault(lengte: int, facetten: frozenset[str]) -> str:
    klachten = []
    if "SCHEMAV_CVC_MAXLENGTH_VALID" in facetten:
        klachten.append(f"is te lang ({lengte} tekens)")
    if "SCHEMAV_CVC_PATTERN_VALID" in facetten or not klachten:
        klachten.append("heeft niet de juiste vorm")
    return " en ".join(klachten)


def _time_fault(kaal: str, vorm: re.Pattern[str], naam: str, onbestaand: str) -> str:
    begin = vorm.match(kaal)
    if begin is None:
        return f"is geen {naam}"
    return f"bevat {onbestaand}" if begin.end() == len(kaal) else f"bevat iets na de {naam}, zoals een tijdzone"
