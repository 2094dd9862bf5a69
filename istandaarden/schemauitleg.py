"""Explains a bericht by what libxml2 reports of its schema: for a schema of a package that no model can say."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Any

from lxml import etree

from istandaarden.bevinding import Bevinding
from istandaarden.veilig import printable

_MEER_DAN = 200
"""Findings that are written out; libxml2 stops at the first inside each element, so there are seldom many."""

_VERWACHT = re.compile(r"Expected is (?:one of )?\( (.*) \)", re.DOTALL)
_TAG = re.compile(r"\{[^}]*\}([^\s,*]+)")
_GRENS = re.compile(r"'(-?\d+)'\.?\s*$")


def explain_by_schema(wortel: etree._Element, schema: etree.XMLSchema) -> tuple[Bevinding, ...]:
    """Explain a bericht that its schema rejects.

    Args:
        wortel: root of a tree from `istandaarden.veilig.parse`.
        schema: a copy that nobody else uses, because its error log is read.

    Returns:
        At least one finding when the schema rejects the bericht, none when it accepts it.
    """
    if schema.validate(wortel):
        return ()
    log: Any = schema.error_log  # the stubs do not know that it can be iterated
    gezien: dict[tuple[str, str], Bevinding] = {}
    for regel in islice(log, _MEER_DAN):
        element = _find(wortel, regel.path or "")
        plaats = _place(element)
        maak = _ZINNEN.get(regel.type_name.removeprefix("SCHEMAV_"), _other)
        melding = maak(printable(_local(element), 60), regel.message)
        gezien.setdefault((plaats, melding), Bevinding("XSD", 1, plaats, regel.line, melding))
    return tuple(gezien.values())


def _find(wortel: etree._Element, pad: str) -> etree._Element:
    """Find what libxml2's path points at; the root when it cannot be read."""
    prefixen = {naam: uri for element in wortel.iter() for naam, uri in element.nsmap.items() if naam}
    try:
        gevonden: Any = wortel.getroottree().xpath(pad, namespaces=prefixen) if pad else []
    except etree.XPathError:
        gevonden = []
    element: etree._Element = gevonden[0] if gevonden else wortel
    return element


def _place(element: etree._Element) -> str:
    delen: list[str] = []
    plek: etree._Element | None = element
    while plek is not None:
        naam, ouder = _local(plek), plek.getparent()
        zelfde = [] if ouder is None else [kind for kind in ouder if _local(kind) == naam]
        nummer = f"[{zelfde.index(plek) + 1}]" if len(zelfde) > 1 else ""
        delen.append(f"{printable(naam, 60)}{nummer}")
        plek = ouder
    return "/" + "/".join(reversed(delen))


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _order(naam: str, tekst: str) -> str:
    verwacht = _VERWACHT.search(tekst)
    namen = " of ".join(dict.fromkeys(_TAG.findall(verwacht[1]))) if verwacht else ""
    if "Missing child" in tekst:
        return f"In {naam} ontbreekt een element{f': {namen}' if namen else ''}."
    return f"{naam} hoort hier niet{f'; verwacht wordt {namen}' if namen else ''}."


def _length(woord: str) -> Callable[[str, str], str]:
    def say(naam: str, tekst: str) -> str:
        grens = _GRENS.search(tekst)
        return f"{naam} is te {woord}{f'; de grens is {grens[1]}' if grens else ''}."

    return say


def _other(naam: str, _tekst: str) -> str:
    return f"{naam} voldoet niet aan het schema."


_ZINNEN: dict[str, Callable[[str, str], str]] = {
    "ELEMENT_CONTENT": _order,
    "CVC_ELT_1": lambda naam, _: f"{naam} is geen hoofdelement dat het schema kent.",
    "CVC_COMPLEX_TYPE_2_1": lambda naam, _: f"{naam} hoort leeg te zijn.",
    "CVC_COMPLEX_TYPE_2_2": lambda naam, _: f"{naam} hoort een waarde te bevatten, geen elementen.",
    "CVC_COMPLEX_TYPE_2_3": lambda naam, _: (
        f"In {naam} staat tekst buiten de elementen; daar mogen alleen elementen staan."
    ),
    "CVC_COMPLEX_TYPE_3_2_1": lambda naam, _: f"{naam} heeft een attribuut dat daar niet hoort.",
    "CVC_COMPLEX_TYPE_3_2_2": lambda naam, _: f"{naam} heeft een attribuut dat daar niet hoort.",
    "CVC_COMPLEX_TYPE_4": lambda naam, _: f"{naam} mist een attribuut dat verplicht is.",
    "CVC_TYPE_3_1_1": lambda naam, _: f"{naam} heeft een attribuut dat daar niet hoort.",
    "CVC_TYPE_3_1_2": lambda naam, _: f"{naam} hoort een waarde te bevatten, geen elementen.",
    "CVC_PATTERN_VALID": lambda naam, _: f"{naam} heeft een waarde die niet de juiste vorm heeft.",
    "CVC_ENUMERATION_VALID": lambda naam, _: f"{naam} bevat geen bekende code.",
    "CVC_DATATYPE_VALID_1_2_1": lambda naam, _: (
        f"{naam} heeft een waarde van een verkeerde soort, zoals tekst voor een getal of datum."
    ),
    "CVC_MAXLENGTH_VALID": _length("lang"),
    "CVC_MINLENGTH_VALID": _length("kort"),
    "CVC_LENGTH_VALID": _length("kort of te lang"),
    "CVC_MAXINCLUSIVE_VALID": _length("groot"),
    "CVC_MAXEXCLUSIVE_VALID": _length("groot"),
    "CVC_MININCLUSIVE_VALID": _length("klein"),
    "CVC_MINEXCLUSIVE_VALID": _length("klein"),
    "CVC_IDC": lambda naam, _: f"{naam} heeft een waarde die er uniek hoort te zijn, of die elders ontbreekt.",
}
"""A sentence per kind of error, from the name of the element and libxml2's own message; never with a value."""
