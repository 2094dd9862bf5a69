"""Compares the children of an element with what the model wants there, and names every difference."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from istandaarden.model import Element, Samengesteld


class Verschil(StrEnum):
    """What can be wrong with the children of an element."""

    ONTBREEKT = "ontbreekt"
    ONBEKEND = "onbekend"
    NAAMRUIMTE = "naamruimte"
    VOLGORDE = "volgorde"
    TE_VAAK = "te vaak"


@dataclass(frozen=True, slots=True)
class Afwijking:
    """One difference: `kind` is the index of the child, -1 for a missing element; `element` is None for an unknown."""

    verschil: Verschil
    kind: int
    element: Element | None


def compare(soort: Samengesteld, tags: Sequence[str]) -> tuple[list[Element | None], list[Afwijking]]:
    """Match children with the elements of a complex type.

    Args:
        soort: type of the parent: a sequence of elements with different names.
        tags: the children in order, as ``{namespace}local``.

    Returns:
        Per child the element it stands for (also when it is misplaced, repeated or in the wrong namespace), and every
        difference. There are none exactly when an XML Schema validator accepts these children in this place.
    """
    plekken = _order(soort)
    gepaard: list[Element | None] = []
    afwijkingen: list[Afwijking] = []
    geteld = [0] * len(soort.elementen)
    rij: list[tuple[int, int]] = []  # (place in the model, index of the child), without repeats
    for kind, tag in enumerate(tags):
        naamruimte, _, naam = tag.rpartition("}")
        plek = plekken.get(naam)
        if plek is None:
            gepaard.append(None)
            afwijkingen.append(Afwijking(Verschil.ONBEKEND, kind, None))
            continue
        element = soort.elementen[plek]
        gepaard.append(element)
        if naamruimte != f"{{{soort.naamruimte}":
            afwijkingen.append(Afwijking(Verschil.NAAMRUIMTE, kind, element))
        geteld[plek] += 1
        if geteld[plek] > 1 and not element.herhaalbaar:
            afwijkingen.append(Afwijking(Verschil.TE_VAAK, kind, element))
        else:
            rij.append((plek, kind))
    afwijkingen += [Afwijking(Verschil.VOLGORDE, kind, soort.elementen[plek]) for plek, kind in _out_of_order(rij)]
    afwijkingen += [
        Afwijking(Verschil.ONTBREEKT, -1, element)
        for element, aantal in zip(soort.elementen, geteld, strict=True)
        if element.verplicht and not aantal
    ]
    return gepaard, afwijkingen


@lru_cache(maxsize=4096)
def _order(soort: Samengesteld) -> Mapping[str, int]:
    return {element.naam: nummer for nummer, element in enumerate(soort.elementen)}


def _out_of_order(rij: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give the fewest children that must move to put the rest in order: all but a longest rising subsequence."""
    if all(a[0] <= b[0] for a, b in pairwise(rij)):
        return []
    toppen: list[int] = []  # smallest last place of a rising run of each length
    einden: list[int] = []  # index in `rij` of that last place
    vorige = [-1] * len(rij)
    for nummer, (plek, _) in enumerate(rij):
        lengte = bisect_right(toppen, plek)
        vorige[nummer] = einden[lengte - 1] if lengte else -1
        if lengte == len(toppen):
            toppen.append(plek)
            einden.append(nummer)
        else:
            toppen[lengte], einden[lengte] = plek, nummer
    blijft = set()
    nummer = einden[-1]
    while nummer >= 0:
        blijft.add(nummer)
        nummer = vorige[nummer]
    return [paar for nummer, paar in enumerate(rij) if nummer not in blijft]
