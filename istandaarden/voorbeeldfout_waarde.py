"""Breaks rules of level 1 in a sample: one value that its schema refuses for the reason that the rule gives."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from random import Random
from typing import Any

from istandaarden.model import Berichtmodel, Element, Logisch, Logischsoort, Samengesteld
from istandaarden.regels.niveau1 import KORT, LANG, MAX, MIN, breakable

_PER_TYPE = {
    "AgbCode": "4242004A",
    "BurgerServicenummer": "99990000",
    "Gemeente": "38",
    "Telefoonnummer": "020-0000000",
    "Versie": "1.0",
    "Voorletters": "A.B.",
}
_PER_ELEMENT = {"BerichtCode": "999", "BerichtVersie": 9, "BerichtSubversie": 9, "DeclaratieNummer": "D-1"}


def break_value(model: Berichtmodel, inhoud: dict[str, Any], code: str, dobbel: Random) -> None:
    """Change one value in the data of a sample so that it breaks a rule.

    Args:
        model: of the sample.
        inhoud: data as for `istandaarden.opbouw.build`, that fits the model.
        code: one of `breakable_values`.
        dobbel: chooses where.
    """
    kansen = [
        (plek, naam, element, breakable(model.soort, element)[code])
        for plek, naam, element in _values(model.wortel, inhoud)
        if code in breakable(model.soort, element)
    ]
    plek, naam, element, facet = dobbel.choice(kansen)
    plek[naam] = _wrong(element, facet, plek.get(naam))


@lru_cache(maxsize=256)
def breakable_values(model: Berichtmodel) -> frozenset[str]:
    """Give the codes of level 1 that a value somewhere in a bericht can break."""
    typen = (*model.classes(), *_composites(model.wortel))
    return frozenset(code for soort in typen for element in soort.elementen for code in breakable(model.soort, element))


def _composites(soort: Samengesteld) -> Iterator[Samengesteld]:
    for element in soort.elementen:
        if isinstance(element.type, Samengesteld):
            yield element.type
            yield from _composites(element.type)


def _values(soort: Samengesteld, inhoud: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, Element]]:
    """Yield every value of a bericht, also those that the model fills in, with the place where it can be changed."""
    for element in soort.elementen:
        waarde = inhoud.get(element.naam)
        if isinstance(element.type, Logisch):
            if waarde is not None or element.vast is not None:
                yield inhoud, element.naam, element
        else:
            for deel in waarde if isinstance(waarde, list) else [waarde]:
                if deel is not None:
                    yield from _values(element.type, deel)


def _wrong(element: Element, facet: str, waarde: Any) -> Any:
    soort = element.type
    if not isinstance(soort, Logisch):
        raise TypeError(f"{element.naam} has no value")
    match facet:
        case _ if facet == KORT:
            return ""
        case _ if facet == MIN:
            return -1
        case _ if facet == MAX:
            return (soort.maximaal or 0) + 1
        case _ if facet == LANG:
            teken = "A" if soort.naam == "Voorletters" else "1"
            return teken * ((soort.maximaal or 0) + 1)
    if element.naam in _PER_ELEMENT and element.patroon is not None:
        return _PER_ELEMENT[element.naam]
    if soort.soort in {Logischsoort.DATUM, Logischsoort.TIJD}:
        return f"{waarde}Z"
    return _PER_TYPE.get(soort.naam, " ")
