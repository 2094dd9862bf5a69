"""Which retourcode goes where: findings sorted by the klasse of the heenbericht that they are about.

iStandaarden IV032 and IV088: a fault of level 1 gets no retour, one of level 2 a header with 0001, one of level 3 or 4
a code of its own at the header or at the klasse that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from istandaarden.bevinding import Bevinding
from istandaarden.model import ROOT, Berichtmodel, Samengesteld, Vorm

TECHNISCH = "0001"
"""The bericht is technically refused: it counts as never sent (OP286)."""
IN_ORDE = "0200"
"""Nothing to remark about this klasse."""
NIET_BEOORDEELD = "0233"
"""This klasse was not examined."""
TOEGEKEND = "8001"
"""The declaratie is granted as a whole (IV087)."""

Plek = tuple[tuple[str, int], ...]
"""Where a klasse stands: names from below the root, each with its number among siblings of that name, from 1."""

_PRESTATIE = "Prestatie"
_STAP = re.compile(r"([^\[\]]+)(?:\[([0-9]+)\])?")


class Retourfout(ValueError):
    """No correct retour can be made of this; the text is Dutch and says why."""


class Afloop(StrEnum):
    """What the findings mean for the heenbericht."""

    AKKOORD = "akkoord"
    DEELS = "deels"  # a declaratie of which some prestaties are refused
    AFGEKEURD = "afgekeurd"
    FOUTBERICHT = "foutbericht"  # refused as well, but with a fault message: there is no retour


@dataclass(frozen=True)
class Retourcodes:
    """The codes of one retour, each once and in the order in which they were found.

    `header` are those of the Header, `klassen` those of every klasse with a fault; both without 0200 and 0233. `xslt`
    says that a rule of level 2 is broken, which the official chain checks with an XSLT (IV033). `per_prestatie` says
    that the heenbericht is a declaratie: what is not wrong in it is granted, instead of all of it being refused.
    """

    header: tuple[str, ...]
    klassen: Mapping[Plek, tuple[str, ...]]
    xslt: bool
    per_prestatie: bool

    @property
    def afloop(self) -> Afloop:
        """What this means for the heenbericht."""
        if not self.header and not self.klassen:
            return Afloop.AKKOORD
        if self.per_prestatie and not self.header and not self.geheel:
            return Afloop.DEELS
        return Afloop.AFGEKEURD

    @property
    def geheel(self) -> tuple[str, ...]:
        """The codes of what follows the Header as a whole, such as the Declaratie; none when that is fine."""
        return tuple(code for plek, codes in self.klassen.items() if len(plek) == 1 for code in codes)

    @cached_property
    def betrokken(self) -> frozenset[Plek]:
        """Every place at which, or below which, something is wrong."""
        return frozenset(plek[:diepte] for plek in self.klassen for diepte in range(1, len(plek) + 1))

    def is_refused(self, plek: Plek) -> bool:
        """Tell of a part of a declaratie whether it, or a klasse around it, is wrong."""
        return any(plek[:diepte] in self.klassen for diepte in range(1, len(plek) + 1))

    def takes_along(self, plek: Plek) -> bool:
        """Tell whether a klasse stands in the retour: of a declaratie only what is refused (OP303, OP304)."""
        return not self.per_prestatie or plek in self.betrokken or self.is_refused(plek)

    def at(self, plek: Plek) -> tuple[str, ...]:
        """Give the codes that a klasse gets."""
        if self.per_prestatie and self.is_refused(plek[:-1]):
            return (NIET_BEOORDEELD,)
        return self.klassen.get(plek, (IN_ORDE,))


def sort_out(bevindingen: Iterable[Bevinding], heen: Berichtmodel) -> Retourcodes:
    """Decide which codes a retour carries, and where.

    Args:
        bevindingen: all that was found in the heenbericht, none of level 1. One without a retourcode counts as 0001.
        heen: model of the heenbericht.

    Raises:
        Retourfout: a declaratie is not refused as a whole, and there were more findings than are written out: it is not
            known then which prestaties are refused.
    """
    per_prestatie = any(klasse.naam == _PRESTATIE for klasse in heen.classes())
    header: dict[str, None] = {}
    klassen: dict[Plek, dict[str, None]] = {}
    xslt = False
    for bevinding in bevindingen:
        xslt = xslt or bevinding.niveau == 2
        code = bevinding.retourcode or TECHNISCH
        plek = () if code == TECHNISCH else find_klasse(bevinding.plaats, heen)
        if per_prestatie and not plek and code != TECHNISCH and bevinding.plaats == f"/{ROOT}":
            raise Retourfout("Er zijn meer fouten dan er zijn uitgeschreven, zodat niet vaststaat wat er is afgewezen.")
        (klassen.setdefault(plek, {}) if plek else header)[code] = None
    if TECHNISCH in header:  # then the bericht counts as never sent, whatever else is wrong
        return Retourcodes((TECHNISCH,), {}, xslt, per_prestatie)
    return Retourcodes(tuple(header), {plek: tuple(codes) for plek, codes in klassen.items()}, xslt, per_prestatie)


def find_klasse(plaats: str, model: Berichtmodel) -> Plek:
    """Find the smallest klasse around a place, as far as the model knows it.

    Args:
        plaats: as in `Bevinding`: ``/Bericht/Client/StartProducten/StartProduct[2]/Begindatum``.
        model: of that bericht.

    Returns:
        Where the klasse stands; nothing when the place is in the Header, or in no klasse.
    """
    soort, plek, klasse = model.wortel, (), ()  # type: Samengesteld, Plek, Plek
    for deel in plaats.split("/")[2:]:
        stap = _STAP.fullmatch(deel)
        gevonden = next((e.type for e in soort.elementen if stap and e.naam == stap[1]), None)
        if stap is None or not isinstance(gevonden, Samengesteld) or gevonden.vorm not in {Vorm.KLASSE, Vorm.LIJST}:
            break
        soort = gevonden
        plek = (*plek, (stap[1], int(stap[2] or 1)))
        if soort.vorm is Vorm.KLASSE:
            klasse = plek
    return klasse
