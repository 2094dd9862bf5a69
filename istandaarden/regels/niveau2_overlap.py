"""Level 2: the same product twice for the same time (301, 315, 317)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from istandaarden.regels.bericht import Bericht, Klasse, leesbaar
from istandaarden.regels.boek import Overtreding, regel
from istandaarden.regels.niveau2_product import BEGIN, EINDE

_HULPMIDDELEN = frozenset({"11", "12", "13", "14"})
_VERWIJDERD = frozenset({"01", "13"})


@regel("TR302", advies="Laat de perioden op elkaar aansluiten, of neem één van beide toewijzingen niet op.")
def toegewezen(bericht: Bericht) -> Iterator[Overtreding]:
    """No product is assigned twice for the same time; what was deleted does not count."""
    return _overlaps(bericht, "ToegewezenProduct")


@regel("TR386", advies="Laat de perioden op elkaar aansluiten, of vraag het product één keer aan.")
def aangevraagd(bericht: Bericht) -> Iterator[Overtreding]:
    """No product is requested twice for the same time."""
    return _overlaps(bericht, "AangevraagdProduct")


@regel("TR410", advies="Laat de perioden op elkaar aansluiten, of vraag het product één keer.")
def nieuw(bericht: Bericht) -> Iterator[Overtreding]:
    """No new product is requested twice for the same time."""
    return _overlaps(bericht, "NieuwProduct")


class Perioden:
    """The days that a number of periods cover together; adding and asking cost little, however many there are."""

    def __init__(self) -> None:
        self._begin: list[date] = []
        self._einde: list[date] = []

    def meets(self, begin: date, einde: date) -> bool:
        """Tell whether a period has a day in common with those that were added."""
        plek = bisect_right(self._begin, einde)
        return plek > 0 and self._einde[plek - 1] >= begin

    def add(self, begin: date, einde: date) -> None:
        """Add a period, joining it with those it meets."""
        van, tot = bisect_left(self._einde, begin), bisect_right(self._begin, einde)
        if van < tot:
            begin, einde = min(begin, self._begin[van]), max(einde, self._einde[tot - 1])
        self._begin[van:tot] = [begin]
        self._einde[van:tot] = [einde]


def _overlaps(bericht: Bericht, naam: str) -> Iterator[Overtreding]:
    """Report each product that overlaps an earlier one, once.

    Equal are: the same categorie and code; the same categorie where one has no code; anything where one has no
    categorie. In iWmo a pair with a hulpmiddel is left out. A period that ends before it begins is for CS003.
    """

    def lees(product: Klasse) -> tuple[str | None, str | None, date, date, bool]:
        begin = product.datum(BEGIN[naam]) or date.min
        einde = product.datum(EINDE[naam]) or date.max
        categorie = product.tekst("Product/Categorie")
        hulpmiddel = bericht.standaard == "iwmo" and categorie in _HULPMIDDELEN
        telt = begin <= einde and not hulpmiddel and not (naam == "ToegewezenProduct" and _is_deleted(product))
        return categorie, product.tekst("Product/Code"), begin, einde, telt

    if not _may_overlap(bericht.klassen(naam)):
        return
    gezien: defaultdict[tuple[str | None, ...], Perioden] = defaultdict(Perioden)
    for product, (categorie, code, begin, einde, telt) in leesbaar(bericht.klassen(naam), lees):
        if not telt:
            continue
        if categorie is None:
            tegen: list[tuple[str | None, ...]] = [("alle",)]
        elif code is None:
            tegen = [("geen",), ("categorie", categorie)]
        else:
            tegen = [("geen",), ("categorie zonder code", categorie), ("code", categorie, code)]
        if any(gezien[sleutel].meets(begin, einde) for sleutel in tegen):
            yield Overtreding(product, BEGIN[naam], "Dit product overlapt met een eerder product in dit bericht.")
        for sleutel in _places(categorie, code):
            gezien[sleutel].add(begin, einde)


def _may_overlap(producten: Sequence[Klasse]) -> bool:
    """Say whether any two are equal at all: a quick look that settles it for most berichten."""
    if len(producten) < 2:
        return False
    categorieen = {
        categorie for _, categorie in leesbaar(producten, lambda product: product.tekst("Product/Categorie"))
    }
    return None in categorieen or len(categorieen) < len(producten)


def _places(categorie: str | None, code: str | None) -> list[tuple[str | None, ...]]:
    """Say where a product must be found by later ones."""
    if categorie is None:
        return [("alle",), ("geen",)]
    if code is None:
        return [("alle",), ("categorie", categorie), ("categorie zonder code", categorie)]
    return [("alle",), ("categorie", categorie), ("code", categorie, code)]


def _is_deleted(product: Klasse) -> bool:
    verwijderd = product.tekst("RedenWijziging") in _VERWIJDERD
    return verwijderd and product.datum("Einddatum") == product.datum("Ingangsdatum")
