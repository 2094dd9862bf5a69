"""What is granted of a declaratie: the amount handed in, less that of the prestaties that are refused (TR342)."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from istandaarden.retourboom import Kopie, Samenstel, find, get_text, locate
from istandaarden.retourcodes import Afloop, Retourcodes

_DEBET, _CREDIT = "D", "C"


@dataclass(frozen=True, slots=True)
class _Vorm:
    """Where a declaratie has its total and its prestaties, and a prestatie its amount."""

    totaal: str
    prestaties: str
    bedrag: str


_VORMEN = (
    _Vorm("Declaratie/TotaalIngediendBedrag", "Declaratie/Clienten/Client/Prestaties/Prestatie", "IngediendBedrag"),
    _Vorm(  # 303, up to release 2.4
        "Header/DeclaratieFactuurBedragen/DeclaratieFactuurTotaalBedrag",
        "Clienten/Client/Prestaties/Prestatie",
        "IngediendeBedragPrestatie/DeclaratieFactuurBedrag",
    ),
)


@dataclass(frozen=True, slots=True)
class Bedragen:
    """The two totals of an answer to a declaratie."""

    ingediend: Kopie
    toegekend: Samenstel


def settle(wortel: etree._Element, codes: Retourcodes) -> Bedragen:
    """Work out what is granted.

    Args:
        wortel: root of a valid declaratie.
        codes: what is wrong in it.

    Returns:
        The total handed in, and the total granted: nothing when the declaratie is refused as a whole. An amount of
        zero is always a debet (CS325).

    Raises:
        LookupError: this is no declaratie.
        ValueError: an amount is missing.
    """
    vorm, totaal = _total(wortel)
    if codes.afloop is Afloop.AFGEKEURD:
        return Bedragen(Kopie(totaal), amount(0, "TotaalBedrag"))
    afgewezen = sum(
        _cents(prestatie.bron, vorm.bedrag, "Bedrag")
        for prestatie in locate(wortel, vorm.prestaties)
        if codes.is_refused(prestatie.plek)
    )
    return Bedragen(Kopie(totaal), amount(_cents(wortel, vorm.totaal, "TotaalBedrag") - afgewezen, "TotaalBedrag"))


def _total(wortel: etree._Element) -> tuple[_Vorm, etree._Element]:
    for vorm in _VORMEN:
        totaal = find(wortel, vorm.totaal)
        if totaal is not None:
            return vorm, totaal
    raise LookupError("no total")


def amount(cents: int, naam: str) -> Samenstel:
    """Write an amount in eurocents as its absolute value under `naam`, and debet or credit."""
    return {naam: str(abs(cents)), "DebetCredit": _CREDIT if cents < 0 else _DEBET}


def _cents(element: etree._Element, pad: str, naam: str) -> int:
    bedrag = int(get_text(element, f"{pad}/{naam}"))
    return -bedrag if get_text(element, f"{pad}/DebetCredit") == _CREDIT else bedrag
