"""Types of the model in Dutch words: what a value should look like."""

from __future__ import annotations

from collections.abc import Sequence

from istandaarden.model import Element, Logisch, Logischsoort, Patroon, Samengesteld

_CODES_VOLUIT = 10
_CODES_KAAL = 30
_VOORBEELDEN = 3


def describe_value(element: Element) -> str:
    """Say what value an element takes: ``een datum als 2025-04-30, zonder tijdzone``.

    A code list is given in full with its descriptions when it is short, as bare codes when it is longer, and by name
    with a few examples when it is very long.
    """
    soort = element.type
    if isinstance(soort, Samengesteld):
        return f"de elementen {sum_up(soort.elementen)}"
    if element.vast is not None:
        return f"de vaste waarde {element.vast}"
    if element.patroon is not None and soort.soort is not Logischsoort.GEHEEL:
        return _describe_text(soort.maximaal, element.patroon)
    if soort.soort is Logischsoort.GEHEEL and element.maximaal is not None:
        return f"een geheel getal van 0 tot en met {element.maximaal}"
    return describe_type(soort)


def describe_type(soort: Logisch) -> str:
    """Say what a logical type holds."""
    patroon = f", {soort.patroon.woorden}" if soort.patroon else ""
    match soort.soort:
        case Logischsoort.DATUM:
            return f"een datum als 2025-04-30{patroon}"
        case Logischsoort.TIJD:
            return f"een tijd als 13:45:00{patroon}"
        case Logischsoort.GEHEEL:
            return f"een geheel getal van 0 tot en met {soort.maximaal}"
        case Logischsoort.CODE:
            return _describe_codes(soort)
        case Logischsoort.TEKST:
            return _describe_text(soort.maximaal, soort.patroon, 0 if soort.mag_leeg else 1)


def _describe_text(maximaal: int | None, patroon: Patroon | None, minimaal: int = 1) -> str:
    if patroon and patroon.woorden.startswith("precies"):
        return patroon.woorden
    lengte = "tekst"
    if maximaal is not None:
        lengte = "precies 1 teken" if maximaal == minimaal else f"tekst van {minimaal} tot en met {maximaal} tekens"
    return f"{lengte}, {patroon.woorden}" if patroon else lengte


def _describe_codes(soort: Logisch) -> str:
    voluit = [f"{code} ({betekenis})" for code, betekenis in soort.waarden.items()]
    if len(voluit) <= _CODES_VOLUIT:
        return f"een van de codes {', '.join(voluit)}"
    if len(voluit) <= _CODES_KAAL:
        return f"een van de codes {', '.join(soort.waarden)} (lijst {soort.lijst})"
    return f"een van de {len(voluit)} codes van lijst {soort.lijst}, zoals {', '.join(voluit[:_VOORBEELDEN])}"


def sum_up(elementen: Sequence[Element]) -> str:
    """Name elements in order, saying which may be absent or repeated."""
    return ", ".join(_mention(element) for element in elementen)


def _mention(element: Element) -> str:
    if element.herhaalbaar:
        return f"{element.naam} (een of meer)"
    return element.naam if element.verplicht else f"{element.naam} (mag ontbreken)"
