"""Stays that follow each other without a break: one chain, whose first day decides (Jeugdwet art. 1.1, 2°)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from routing.woonplaats.feiten import Verblijf, Verblijfsoort

NACHTEN_THUIS: Final = 1
"""So many days between two stays do not break a chain, a real return home does. Our reading: no source has a number."""

WLZ_VANAF: Final = date(2026, 1, 1)
"""From here on a Wlz-instelling counts: the text of 2026 names it, that of 2022 does not; when it began is unknown."""

MEETELLEND: Final = frozenset(
    {
        Verblijfsoort.PLEEGOUDER,
        Verblijfsoort.GEZINSHUIS,
        Verblijfsoort.JEUGDHULPAANBIEDER,
        Verblijfsoort.WMO_OPVANG,
        Verblijfsoort.BESCHERMD_WONEN,
        Verblijfsoort.JUSTITIELE_INRICHTING,
        Verblijfsoort.JJI_NAZORG,
    }
)
"""Stays that the law names, at all times."""

ONDERBREKING: Final = frozenset({Verblijfsoort.ZIEKENHUIS, Verblijfsoort.VAKANTIE})
"""What does not break a chain and does not begin one."""


@dataclass(frozen=True, slots=True)
class Keten:
    """An unbroken chain of stays, from `van` up to and including `tot`; `van` is None when its first day is unknown."""

    van: date | None
    tot: date | None
    verblijven: tuple[Verblijf, ...]

    def covers(self, dag: date) -> bool:
        """Say whether a day falls within the chain."""
        return (self.van is None or self.van <= dag) and (self.tot is None or dag <= self.tot)


def counts(verblijf: Verblijf, peildatum: date) -> bool:
    """Say whether a stay is one that the law names, asked on `peildatum`."""
    if verblijf.deeltijd:
        return False
    wlz = verblijf.soort is Verblijfsoort.WLZ_INSTELLING and peildatum >= WLZ_VANAF
    return wlz or verblijf.soort in MEETELLEND


def find_chain(verblijven: Iterable[Verblijf], peildatum: date) -> Keten | None:
    """Find the chain of stays that covers `peildatum`, None when the youth does not stay anywhere then."""
    return next((keten for keten in _chains(verblijven, peildatum) if keten.covers(peildatum)), None)


def _chains(verblijven: Iterable[Verblijf], peildatum: date) -> list[Keten]:
    mee = [
        v
        for v in set(verblijven)
        if not v.impossible and (counts(v, peildatum) or (v.soort in ONDERBREKING and not v.deeltijd))
    ]
    ketens: list[Keten] = []
    for verblijf in sorted(mee, key=lambda v: (v.van or date.min, v.tot or date.max, v.soort)):
        laatste = ketens[-1] if ketens else None
        if laatste is not None and _adjoins(laatste, verblijf):
            ketens[-1] = Keten(laatste.van, _later(laatste.tot, verblijf.tot), (*laatste.verblijven, verblijf))
        elif verblijf.soort not in ONDERBREKING:
            ketens.append(Keten(verblijf.van, verblijf.tot, (verblijf,)))
    return ketens


def _adjoins(keten: Keten, verblijf: Verblijf) -> bool:
    if keten.tot is None or verblijf.van is None:
        return True
    return verblijf.van - keten.tot <= timedelta(days=NACHTEN_THUIS + 1)


def _later(een: date | None, ander: date | None) -> date | None:
    return None if een is None or ander is None else max(een, ander)
