"""Invented values for sample berichten: nobody by these names and numbers exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from functools import lru_cache
from random import Random
from typing import Any

from istandaarden.model import Element, Logisch, Logischsoort, Samengesteld
from istandaarden.regels.niveau2_client import passes_elfproef

GEMEENTEN = ("0150", "0384", "0603")
"""Codes of gemeenten that exist (Deventer, Diemen, Rijswijk); nothing else in a sample is of theirs."""

AANBIEDERS = ("42420042", "42420117", "98989901")
"""AGB-codes in a row that is not handed out."""

ACHTERNAMEN = ("Voorbeeldsma", "Testerink", "Bedachtstra", "Verzonnenhuis", "Modelaar", "Proefkonijn", "Denkbeeld")
VOORVOEGSELS = ("van", "de", "van der", "ten")
VOORNAMEN = ("Alba", "Bodhi", "Cato", "Dries", "Evi", "Floris", "Guusje", "Hidde", "Isa", "Jurre")
STRATEN = ("Voorbeeldlaan", "Teststraat", "Proefplein", "Modelweg", "Bedachtpad")
PLAATSEN = ("Voorbeelddam", "Testerveen", "Modelhuizen")

_TESTREEKS = 999_900_000  # BSNs from here on are for tests
_KANDIDATEN = ("Voorbeeld", "VB", "12345", "1", "1.0.0", "0384", "42420042", "12345678", "Voorb")
_GOEDE_CODE = "0200"


@lru_cache(maxsize=1)
def bsns() -> tuple[str, ...]:
    """Give every BSN from 999900000 on, up to 999999999, that passes the elfproef."""
    return tuple(str(nummer) for nummer in range(_TESTREEKS, _TESTREEKS + 100_000) if passes_elfproef(str(nummer)))


def fit(soort: Samengesteld, inhoud: Mapping[str, Any], dobbel: Random, grootte: int = 1) -> dict[str, Any]:
    """Make data fit a type: leave out what it does not know, and add what it requires.

    Args:
        soort: the type of the element that the data is for.
        inhoud: data as for `istandaarden.opbouw.build`.
        dobbel: decides what is added.
        grootte: how often to add a klasse that may be repeated and holds no other that may.

    Returns:
        Data in the order of the model; a code that is not in the list of this release is replaced by one that is.
    """
    passend: dict[str, Any] = {}
    for element in soort.elementen:
        waarde = inhoud.get(element.naam)
        if waarde is None:
            if not element.verplicht or element.vast is not None:
                continue
            aantal = grootte if element.herhaalbaar and _is_innermost(element) else 1
            waarde = [None] * aantal
        delen = waarde if isinstance(waarde, list) else [waarde]
        delen = [_fit_one(element, deel, dobbel, grootte) for deel in delen]
        passend[element.naam] = delen if element.herhaalbaar else delen[0]
    return passend


def _fit_one(element: Element, waarde: Any, dobbel: Random, grootte: int) -> Any:
    if isinstance(element.type, Samengesteld):
        return fit(element.type, waarde or {}, dobbel, grootte)
    if waarde is None or (element.type.waarden and str(waarde) not in element.type.waarden):
        return _invent(element, element.type, dobbel)
    return waarde


def _is_innermost(element: Element) -> bool:
    return isinstance(element.type, Samengesteld) and not any(deel.herhaalbaar for deel in _all_elements(element.type))


def _all_elements(soort: Samengesteld) -> Iterator[Element]:
    for element in soort.elementen:
        if element.naam == "RetourCodes":
            continue
        yield element
        if isinstance(element.type, Samengesteld):
            yield from _all_elements(element.type)


def _invent(element: Element, soort: Logisch, dobbel: Random) -> Any:
    """Invent a value that the schema allows."""
    match soort.soort:
        case Logischsoort.CODE:
            return _GOEDE_CODE if _GOEDE_CODE in soort.waarden else dobbel.choice(sorted(soort.waarden))
        case Logischsoort.DATUM:
            return date(2025, 3, 1)
        case Logischsoort.TIJD:
            return time(12, 0)
        case Logischsoort.GEHEEL:
            return dobbel.randint(1, min(element.maximaal or soort.maximaal or 9, 99))
        case Logischsoort.TEKST:
            return _invent_text(element, soort, dobbel)


def _invent_text(element: Element, soort: Logisch, dobbel: Random) -> str:
    reeksen: dict[str, Sequence[str]] = {
        "BurgerServicenummer": bsns(),
        "Gemeente": GEMEENTEN,
        "AgbCode": AANBIEDERS,
    }
    vast = reeksen.get(soort.naam)
    if vast and element.patroon is None:
        return dobbel.choice(vast)
    patronen = [patroon.uitdrukking for patroon in (soort.patroon, element.patroon) if patroon]
    kandidaten: tuple[str, ...] = _KANDIDATEN
    if element.patroon is not None:  # such as 416|448, what a BerichtCode may be
        kandidaten = (*element.patroon.uitdrukking.split("|"), *kandidaten)
    for kandidaat in kandidaten:
        past = len(kandidaat) <= (soort.maximaal or len(kandidaat))
        if past and all(re.fullmatch(patroon, kandidaat) for patroon in patronen):
            return kandidaat
    raise ValueError(f"geen voorbeeld bekend voor {element.naam} ({soort.xsdnaam})")
