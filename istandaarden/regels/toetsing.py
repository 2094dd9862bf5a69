"""Runs the rules of a level over a bericht and puts what they find into words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from istandaarden.bevinding import Bevinding
from istandaarden.model import ROOT, Berichtsoort
from istandaarden.regels.bericht import Bericht, Besmet
from istandaarden.regels.boek import Overtreding, Regel, Toets, rules_for

OVERTREDINGEN_MAX = 1000
"""Findings per level that are written out; of any others only the number is told."""

_WAARDE_MAX = 200


@dataclass(frozen=True, slots=True)
class _Plan:
    """The rules of one level for one berichtsoort: those per klasse, by its name, and those for the whole bericht."""

    per_klasse: tuple[tuple[str, tuple[tuple[Callable[..., Any], Regel, Toets], ...]], ...]
    geheel: tuple[tuple[Regel, Toets], ...]


def judge(bericht: Bericht, niveau: int, *bronnen: object) -> tuple[Bevinding, ...]:
    """Check the rules of one level.

    Args:
        bericht: from `istandaarden.regels.bericht.Berichtlezer`; what level 1 found wrong in it is marked, and rules
            that need that part give no verdict.
        niveau: 2, 3 or 4.
        bronnen: what the functions of that level take besides the bericht.

    Returns:
        The findings in the order of the bericht, none when every rule holds; at most `OVERTREDINGEN_MAX`, and then one
        that tells how many more there are.
    """
    gebroken = _broken(bericht, niveau, bronnen)
    gevonden = [_finding(bericht, *overtreding) for overtreding in islice(gebroken, OVERTREDINGEN_MAX)]
    gevonden.sort(key=lambda bevinding: bevinding.regel)
    for regel, _, _ in gebroken:
        meer = 1 + sum(1 for _ in gebroken)
        melding = (
            f"Er zijn nog {meer} overtredingen die niet apart zijn uitgeschreven, om te beginnen van {regel.code}."
        )
        gevonden.append(Bevinding(regel.code, niveau, f"/{ROOT}", 0, melding, regel.retourcode))
    return tuple(gevonden)


def _broken(bericht: Bericht, niveau: int, bronnen: tuple[object, ...]) -> Iterator[tuple[Regel, Toets, Overtreding]]:
    plan = _plan(bericht.soort, niveau)
    for naam, regels in plan.per_klasse:
        for klasse in bericht.klassen(naam):
            for functie, regel, toets in regels:
                try:
                    overtreding = functie(klasse, bericht, *bronnen)
                except Besmet:
                    continue
                if overtreding is not None:
                    yield regel, toets, overtreding
    for regel, toets in plan.geheel:
        try:
            for overtreding in toets.functie(bericht, *bronnen):
                yield regel, toets, overtreding
        except Besmet:
            continue


@lru_cache(maxsize=256)
def _plan(soort: Berichtsoort, niveau: int) -> _Plan:
    per_klasse: dict[str, list[tuple[Callable[..., Any], Regel, Toets]]] = {}
    geheel: list[tuple[Regel, Toets]] = []
    for regel in rules_for(soort):
        if regel.niveau != niveau or regel.toets is None:
            continue
        for naam in regel.toets.klassen:
            per_klasse.setdefault(naam, []).append((regel.toets.functie, regel, regel.toets))
        if not regel.toets.klassen:
            geheel.append((regel, regel.toets))
    return _Plan(tuple((naam, tuple(regels)) for naam, regels in per_klasse.items()), tuple(geheel))


def _finding(bericht: Bericht, regel: Regel, toets: Toets, overtreding: Overtreding) -> Bevinding:
    plaats, lijn, waarde = bericht.locate(overtreding.klasse, overtreding.pad)
    if waarde is not None and len(waarde) > _WAARDE_MAX:
        waarde = f"{waarde[:_WAARDE_MAX]}…"
    # the rule says how it should be, which alone would read as if it were so
    delen = (f"Regel overtreden: {regel.stelling}", overtreding.bijzonderheid, toets.advies)
    melding = " ".join(deel for deel in delen if deel)
    return Bevinding(regel.code, regel.niveau, plaats, lijn, melding, regel.retourcode, waarde or None)
