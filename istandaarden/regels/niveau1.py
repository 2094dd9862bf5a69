"""Level 1: which rule a value breaks that its schema refuses.

The schema decides; a rule of level 1 is one facet of some types (iStandaarden IV028). A value can break more of them at
once, such as the length and the pattern of a BSN of ten digits, and is then named after the first in `_VOLGORDE`.
"""

from __future__ import annotations

from functools import lru_cache

from istandaarden.model import Berichtsoort, Element, Logisch, Logischsoort
from istandaarden.regels.boek import rules_for

XSD = "XSD"
"""Code of a finding that no rule describes."""

MIN, MAX = "SCHEMAV_CVC_MININCLUSIVE_VALID", "SCHEMAV_CVC_MAXINCLUSIVE_VALID"
KORT, LANG = "SCHEMAV_CVC_MINLENGTH_VALID", "SCHEMAV_CVC_MAXLENGTH_VALID"
PATROON = "SCHEMAV_CVC_PATTERN_VALID"
_VOLGORDE = (KORT, LANG, MIN, MAX, PATROON)

_PER_ELEMENT = {
    "BerichtCode": "RS047",
    "BerichtVersie": "CS025",
    "BerichtSubversie": "CS015",
    "DeclaratieNummer": "CS319",
}
"""Pattern of one element, narrower than that of its type."""

_PER_PATROON = {
    "Commentaar": "RS031",
    "Datum": "RS032",
    "Tijd": "RS034",
    "Gemeente": "RS035",
    "AgbCode": "RS036",
    "BurgerServicenummer": "RS037",
    "Voorletters": "RS045",
    "Telefoonnummer": "RS046",
    "Versie": "RS048",
}
"""Pattern of a type; that of any other text is RS033."""

_NIET_LEEG, _GEVULD, _NIET_NEGATIEF = "RS007", "RS033", "RS001"


def rule_of(soort: Berichtsoort, element: Element, facetten: frozenset[str]) -> str:
    """Name the rule that a value breaks.

    Args:
        soort: the berichtsoort; where `regels.csv` has no rules for its release there is nothing to name.
        element: where the value stands.
        facetten: from `istandaarden.waardetoets.Waardetoets.wrong`.

    Returns:
        The code of a rule, or `XSD` when there is none for what is wrong.
    """
    bekend = _lengths(soort)
    for facet in _VOLGORDE:
        if facet in facetten:
            code = _name(element, facet, bekend)
            return code if code in bekend else XSD
    return XSD


def breakable(soort: Berichtsoort, element: Element) -> dict[str, str]:
    """Give the rules that a value of an element can break, with the facet it breaks then."""
    bekend = _lengths(soort)
    per_code = {_name(element, facet, bekend): facet for facet in _facets(element)}
    return {code: facet for code, facet in per_code.items() if code in bekend}


def _name(element: Element, facet: str, bekend: dict[str, frozenset[str]]) -> str:
    naam = element.type.naam
    if facet == PATROON:
        if element.patroon is not None:
            return _PER_ELEMENT.get(element.naam, XSD)
        return _PER_PATROON.get(naam, _GEVULD)
    if facet == MIN:
        return _NIET_NEGATIEF
    if facet == KORT:
        return _NIET_LEEG
    vast = {_NIET_LEEG, _GEVULD, _NIET_NEGATIEF, *_PER_PATROON.values(), *_PER_ELEMENT.values()}
    return next((code for code, typen in bekend.items() if naam in typen and code not in vast), XSD)


def _facets(element: Element) -> tuple[str, ...]:
    soort = element.type
    if not isinstance(soort, Logisch):
        return ()
    patroon = (PATROON,) if element.patroon is not None or soort.patroon is not None else ()
    match soort.soort:
        case Logischsoort.GEHEEL:
            return (MIN, *((MAX,) if soort.maximaal is not None else ()), *patroon)
        case Logischsoort.TEKST:
            return (KORT, *((LANG,) if soort.maximaal is not None else ()), *patroon)
        case Logischsoort.CODE:
            return (LANG,) if soort.maximaal is not None else ()
        case _:
            return patroon


@lru_cache(maxsize=256)
def _lengths(soort: Berichtsoort) -> dict[str, frozenset[str]]:
    """Give the level 1 rules about a berichtsoort, each with the logical types that `regels.csv` names for it."""
    return {
        regel.code: frozenset(deel.removeprefix("LDT_") for deel in regel.elementen.split(","))
        for regel in rules_for(soort)
        if regel.niveau == 1 and regel.mechanisch
    }
