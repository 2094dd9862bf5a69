"""Which address in the BRP held on a day, and whether that can be said at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum

from istandaarden.gemeenten import is_gemeente, succeed
from routing.woonplaats.feiten import Adresperiode


class Geen(StrEnum):
    """Why there is no address to name."""

    NIET_BEKEND = "niet bekend"  # the history of addresses was not given
    NIET_INGESCHREVEN = "niet ingeschreven"  # the BRP knows no address at all
    TEGENSTRIJDIG = "tegenstrijdig"  # two different addresses on one day


def address_on(
    perioden: Sequence[Adresperiode] | None, dag: date, peildatum: date | None = None
) -> Adresperiode | Geen:
    """Find the address on a day.

    An old and a new code of one gemeente say the same: what counts is the gemeente they stand for on `peildatum`, which
    is the day itself when it is not given. A day before the first period or after the last one means that the history
    is not complete, unless there is no period at all: then there is no registration.
    """
    if perioden is None:
        return Geen.NIET_BEKEND
    if not perioden:
        return Geen.NIET_INGESCHREVEN
    op_de_dag = [p for p in _closed(perioden) if (p.van or date.min) <= dag < (p.tot or date.max)]
    if not op_de_dag:
        return Geen.NIET_BEKEND
    # Several registrations that say the same are one; one that was read in the BRP makes it so.
    uitspraken = {(p.soort, p.aantekening_226, p.in_onderzoek) for p in op_de_dag}
    codes = {p.gemeente: _stands_for(p.gemeente, peildatum or dag) for p in op_de_dag}
    if len(uitspraken) > 1 or not frozenset.intersection(*codes.values()):
        return Geen.TEGENSTRIJDIG
    code = min(codes, key=lambda c: (len(codes[c]), c is None or not is_gemeente(c, dag), c or ""))
    return replace(
        min(op_de_dag, key=lambda p: (p.gemeente != code, p.van or date.min, p.tot or date.max)),
        opgegeven=all(p.opgegeven for p in op_de_dag),
    )


def _stands_for(code: str | None, dag: date) -> frozenset[str | None]:
    opvolging = succeed(code, dag) if code is not None else None
    return frozenset({code}) if opvolging is None else frozenset(opvolging.codes)


def _closed(perioden: Iterable[Adresperiode]) -> list[Adresperiode]:
    """End each open period where the next one begins: a new address in the BRP ends the one before."""
    beginnen = sorted({p.van or date.min for p in perioden})
    volgende = dict(zip(beginnen, [*beginnen[1:], None], strict=True))
    return [p if p.tot is not None else replace(p, tot=volgende[p.van or date.min]) for p in perioden]
