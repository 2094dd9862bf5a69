"""Marks in a bericht what level 1 found wrong, so that no rule builds on it.

A value that is wrong or missing says nothing about any other. An element that is unknown or there too often leaves
uncertain which others were meant, so there rules about what is *not* there are silent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.uitleg import Foutplekken

_STAP = re.compile(r"(.+?)(?:\[([0-9]+)\])?")


def mark_faults(bericht: Bericht, plekken: Foutplekken) -> None:
    """Mark in a bericht the places where level 1 found a fault."""
    for plaats in plekken.opbouw | plekken.waarden:
        klasse, rest = _follow(bericht.wortel, plaats)
        bericht.mark(klasse, _split(rest[0])[0] if rest else None)
    for plaats, naam in plekken.ontbreekt:
        klasse, rest = _follow(bericht.wortel, plaats)
        bericht.mark(klasse, _split(rest[0])[0] if rest else naam)  # an empty one is not even a klasse
    for klasse, rest in [_follow(bericht.wortel, plaats) for plaats in plekken.weg]:
        if rest:
            bericht.mark(klasse, _split(rest[0])[0])
        else:
            bericht.forget(klasse)


def _follow(wortel: Klasse, plaats: str) -> tuple[Klasse, list[str]]:
    """Follow a path as far as there are klassen; give the last one, and the steps that are left."""
    klasse, stappen = wortel, plaats.split("/")[2:]
    while stappen:
        naam, nummer = _split(stappen[0])
        kind = _numbered(klasse.branches(naam) if len(stappen) > 1 or klasse.is_klasse(naam) else (), nummer)
        if kind is None:
            break
        klasse = kind
        stappen = stappen[1:]
    return klasse, stappen


def _numbered(kinderen: Iterable[Klasse], nummer: int) -> Klasse | None:
    return next((kind for kind in kinderen if kind.nummer == nummer), None)


def _split(stap: str) -> tuple[str, int]:
    delen = _STAP.fullmatch(stap)
    return (delen[1], int(delen[2] or 1)) if delen else (stap, 1)
