"""From indications to the answer that a gemeente gets: a pure function, the same for a live question and a copy.

The three answers and what they mean are those of the CIZ ("Wlz-registertoets", questions of gemeenten): `NEE` is also
the answer after an indication that ended, `ONBEKEND` stands for zorgprofielen with which somebody may still be helped
under the Wmo 2015. That the register did not answer is none of these: it is a fault (`routing.wlz.register`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from routing.wlz.indicatie import Indicatie

WMO_MOGELIJK: Final = ("750", "751", "752", "766", "768", "770", "772", "860", "862", "864")
"""Zorgprofielen (COD163) with which the Wmo is still possible, as long as nobody configures others: 1VV to 3VV and
1GGZ-B to 7GGZ-B."""


class Status(StrEnum):
    """Answers of the register; the value is what users read and programs get."""

    JA = "JA"
    NEE = "NEE"
    ONBEKEND = "ONBEKEND"


@dataclass(frozen=True, slots=True)
class Oordeel:
    """The answer; the dates are those of the indication, and there with `JA` only."""

    status: Status
    afgiftedatum: date | None = None
    ingangsdatum: date | None = None
    einddatum: date | None = None


def judge(indicaties: Iterable[Indicatie], dag: date, wmo_mogelijk: Collection[str]) -> Oordeel:
    """Answer whether somebody has a Wlz-indication on a day.

    An indication counts as `ONBEKEND` only when every zorgprofiel that holds on the day leaves the Wmo possible; with
    none that holds, the indication itself is what counts: `JA`. Of several that say `JA` the youngest is told.

    Args:
        indicaties: everything the register has about one person.
        dag: the day that is asked about.
        wmo_mogelijk: codes of zorgprofielen (COD163) with which the Wmo is still possible.
    """
    geldig = [indicatie for indicatie in indicaties if indicatie.holds_on(dag)]
    if not geldig:
        return Oordeel(Status.NEE)
    zeker = [indicatie for indicatie in geldig if not _leaves_wmo(indicatie, dag, wmo_mogelijk)]
    if not zeker:
        return Oordeel(Status.ONBEKEND)
    jongste = max(zeker, key=lambda i: (i.ingangsdatum, i.afgiftedatum, i.kenmerk))
    return Oordeel(Status.JA, jongste.afgiftedatum, jongste.ingangsdatum, jongste.einddatum)


def _leaves_wmo(indicatie: Indicatie, dag: date, wmo_mogelijk: Collection[str]) -> bool:
    codes = {profiel.code for profiel in indicatie.profielen if profiel.holds_on(dag)}
    return bool(codes) and codes <= set(wmo_mogelijk)
