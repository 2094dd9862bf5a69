"""How it stands with the releases: moments, what is open, what is held; presentation-free, as `knooppunt.inzicht`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from istandaarden.releases import Kalender, Moment, Momenten, Stand, Stroom
from routing import aanhouding
from routing.releasekalender import to_uitgave


@dataclass(frozen=True, slots=True)
class Releasestand:
    """One release of one standaard, for everybody or for a `partij` with moments of its own.

    `momenten` are in UTC: one that is absent is not set, None means that it never comes. `aangehouden` counts the
    berichten that wait for this release: all of them, or those for the partij.
    """

    standaard: str
    titel: str
    release: str
    partij: str | None
    momenten: Mapping[Moment, datetime | None]
    patroon: frozenset[Moment]
    standen: Mapping[Stroom, Stand]
    aangehouden: int


def describe(
    kalender: Kalender, aangehouden: Mapping[tuple[str, str, str], int], moment: datetime, partij: str | None = None
) -> list[Releasestand]:
    """Say how it stands with every release.

    Args:
        kalender: which calendar.
        aangehouden: how many wait, by partij, standaard and release.
        moment: with a time zone.
        partij: as it is for this partij; without, for everybody, each release followed by the partijen that have
            moments of their own.
    """
    uitgaven = dict.fromkeys((*kalender.algemeen, *((standaard, release) for _, standaard, release in kalender.eigen)))
    standen = []
    for standaard, release in uitgaven:
        wie: list[str | None] = [partij]
        if partij is None:
            wie += sorted(code for code, *uitgave in kalender.eigen if uitgave == [standaard, release])
        for code in wie:
            momenten = kalender.moments(standaard, release, code) or Momenten()
            wachtend = sum(
                aantal
                for (op, *wat), aantal in aangehouden.items()
                if wat == [standaard, release] and code in {None, op}
            )
            standen.append(
                Releasestand(
                    standaard=standaard,
                    titel=to_uitgave(standaard, release, Stroom.HEEN).titel,
                    release=release,
                    partij=code,
                    momenten=momenten.tijden,
                    patroon=momenten.patroon,
                    standen={stroom: momenten.state(stroom, moment) for stroom in Stroom},
                    aangehouden=wachtend,
                )
            )
    return standen


def count_held(conn: Connection) -> dict[tuple[str, str, str], int]:
    """Count what is held by the partij and the release it waits for."""
    telling: Counter[tuple[str, str, str]] = Counter()
    for groep in aanhouding.waiting(conn):
        telling[groep.partij, groep.uitgave.standaard, groep.uitgave.release] += groep.aantal
    return dict(telling)
