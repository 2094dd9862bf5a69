"""Incidents: what is wrong with the hub, opened once and closed once per cause and subject.

The one open row per cause and subject is decided by a unique index: whoever inserts it opened the incident, whoever
fills in its end closed it, on however many nodes. Both write the notification for the outside world in that same
transaction. Closed incidents are kept as history.
"""

from __future__ import annotations

import json
import tomllib
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from routing import notificatie, schema
from routing.klok import now_ms

OORZAAK_WEG: Final = "de oorzaak is weg"
KNOOPPUNT_WEG: Final = "het knooppunt liet een dag niets van zich horen"
_STIL_MS: Final = 24 * 3600 * 1000
"""So long without a word of a node, its incidents are closed; they open again when it is back and still wrong."""
BESTEMMING: Final = "beheer"
"""Whom incidents are told to."""

_i = schema.incident.c
_OPEN = text("incident.gesloten_op IS NULL")  # literal, as in the partial index
_OPENEN = {
    dialect: insert(schema.incident)
    .on_conflict_do_nothing(index_elements=[_i.oorzaak, _i.onderwerp], index_where=text("gesloten_op IS NULL"))
    .returning(*schema.incident.c)
    for dialect, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}

Feiten = Mapping[str, object]
"""JSON values that say how bad it is; never personal data."""

Sleutel = tuple[str, str]
"""Cause and subject."""


@dataclass(frozen=True, slots=True)
class Oorzaak:
    """One row of `incidenten.toml`; `titel` and `actie` are Dutch and name the subject as ``{onderwerp}``."""

    naam: str
    soort: str
    niveau: str
    titel: str
    actie: str


@cache
def oorzaken() -> Mapping[str, Oorzaak]:
    """Return all causes by name."""
    ruw = tomllib.loads(files("routing").joinpath("incidenten.toml").read_text(encoding="utf-8"))
    return {naam: Oorzaak(naam=naam, **rij) for naam, rij in ruw.items()}


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident; moments in ms since 1970 UTC, `gesloten_op` None while it is open."""

    nummer: int
    kenmerk: str
    oorzaak: str
    onderwerp: str
    feiten: Mapping[str, Any]
    geopend_op: int
    gesloten_op: int | None
    gesloten_omdat: str | None

    @property
    def niveau(self) -> str:
        """``storing`` or ``waarschuwing``."""
        return oorzaken()[self.oorzaak].niveau

    @property
    def titel(self) -> str:
        """What is wrong, in Dutch."""
        return oorzaken()[self.oorzaak].titel.format(onderwerp=self.onderwerp)

    @property
    def actie(self) -> str:
        """What to do about it, in Dutch."""
        return oorzaken()[self.oorzaak].actie.format(onderwerp=self.onderwerp)


@dataclass(frozen=True, slots=True)
class Verschil:
    """What has to be opened and closed."""

    nieuw: Mapping[Sleutel, Feiten]
    weg: tuple[int, ...]

    def __bool__(self) -> bool:
        return bool(self.nieuw or self.weg)


class Incidentboek:
    """Opens and closes incidents.

    Args:
        bron: the URN of this hub in notifications; None when nobody is to be told.
    """

    def __init__(self, bron: str | None = None) -> None:
        self._bron = bron

    def open(self, conn: Connection, oorzaak: str, onderwerp: str, feiten: Feiten, sinds: int | None = None) -> bool:
        """Open an incident, unless it is open already; return whether it was opened now.

        Args:
            conn: connection inside a transaction.
            oorzaak: name of the cause.
            onderwerp: code of the ontvanger, name of the node, bestemming of notifications, or empty.
            feiten: how bad it is.
            sinds: when it began, when that is not now.
        """
        rij = {
            "kenmerk": str(uuid.uuid4()),
            "oorzaak": oorzaken()[oorzaak].naam,
            "onderwerp": onderwerp,
            "feiten": json.dumps(dict(feiten), ensure_ascii=False, sort_keys=True),
            "geopend_op": sinds if sinds is not None else now_ms(conn),
        }
        nieuw = conn.execute(_OPENEN[conn.dialect.name], rij).first()
        if nieuw is None:
            return False
        self._tell(conn, _incident(nieuw), "geopend")
        return True

    def close(self, conn: Connection, nummer: int, omdat: str, door: str | None = None) -> bool:
        """Close an incident; False when it was closed before, or never was.

        Args:
            conn: connection inside a transaction.
            nummer: of the incident.
            omdat: why, or with `door` what was done, in Dutch.
            door: which person did it; that stands in the row, and no event names him.
        """
        gesloten = (
            update(schema.incident)
            .where(_i.id == nummer, _OPEN)
            .values(gesloten_op=now_ms(conn), gesloten_omdat=omdat if door is None else f"{omdat} door {door}")
            .returning(*schema.incident.c)
        )
        rij = conn.execute(gesloten).first()
        if rij is None:
            return False
        reden = omdat if door is None else f"{omdat} door een beheerder"
        self._tell(conn, replace(_incident(rij), gesloten_omdat=reden), "gesloten")
        return True

    def apply(self, conn: Connection, verschil: Verschil) -> None:
        """Open and close what `compare` found; what another node did meanwhile is left as it is."""
        for (oorzaak, onderwerp), feiten in sorted(verschil.nieuw.items()):
            self.open(conn, oorzaak, onderwerp, feiten)
        for nummer in sorted(verschil.weg):
            self.close(conn, nummer, OORZAAK_WEG)

    def _tell(self, conn: Connection, incident: Incident, wat: str) -> None:
        if self._bron is None:
            return
        moment = incident.geopend_op if incident.gesloten_op is None else incident.gesloten_op
        event = notificatie.make_event(
            bron=self._bron,
            soort=f"nl.knooppunt.incident-{wat}",
            kenmerk=f"{incident.kenmerk}-{wat}",
            onderwerp=f"incident/{incident.nummer}",
            moment_ms=moment,
            data=describe(incident),
        )
        notificatie.enqueue(conn, BESTEMMING, event)


def describe(incident: Incident) -> dict[str, object]:
    """Return an incident as JSON values, with everything a person needs to act; moments in ISO 8601, UTC."""
    return {
        "nummer": incident.nummer,
        "oorzaak": incident.oorzaak,
        "onderwerp": incident.onderwerp,
        "niveau": incident.niveau,
        "titel": incident.titel,
        "actie": incident.actie,
        "feiten": dict(incident.feiten),
        "geopend": notificatie.iso(incident.geopend_op),
        "gesloten": None if incident.gesloten_op is None else notificatie.iso(incident.gesloten_op),
        "gesloten_omdat": incident.gesloten_omdat,
    }


def confirm(conn: Connection, knooppunt: str) -> None:
    """Note that a node still sees the incidents that are about itself."""
    conn.execute(update(schema.incident).where(_OPEN, _i.onderwerp == knooppunt).values(gezien_op=now_ms(conn)))


def left_behind(conn: Connection) -> tuple[int, ...]:
    """Return the open incidents of nodes that were not heard of for a day: they were taken away."""
    van_knooppunt = [naam for naam, oorzaak in oorzaken().items() if oorzaak.soort == "knooppunt"]
    gezien = func.coalesce(_i.gezien_op, _i.geopend_op)
    keuze = select(_i.id).where(_OPEN, _i.oorzaak.in_(van_knooppunt), gezien < now_ms(conn) - _STIL_MS)
    return tuple(conn.execute(keuze.order_by(_i.id)).scalars())


def compare(
    conn: Connection, namen: Collection[str], gevonden: Mapping[Sleutel, Feiten], van: Collection[str] | None = None
) -> Verschil:
    """Compare what is wrong now with the incidents that are open.

    Args:
        conn: connection, reading is enough.
        namen: the causes that were looked for; others are left alone.
        gevonden: what was found.
        van: the subjects that were looked at, or None for all.
    """
    keuze = select(_i.id, _i.oorzaak, _i.onderwerp).where(_OPEN, _i.oorzaak.in_(sorted(namen)))
    staan = {(rij.oorzaak, rij.onderwerp): rij.id for rij in conn.execute(keuze) if van is None or rij.onderwerp in van}
    return Verschil(
        {sleutel: feiten for sleutel, feiten in gevonden.items() if sleutel not in staan},
        tuple(nummer for sleutel, nummer in staan.items() if sleutel not in gevonden),
    )


def find(conn: Connection, *, alleen_open: bool = False, aantal: int = 100) -> tuple[Incident, ...]:
    """Return incidents, newest first; the open ones are all there, whatever `aantal` is."""
    kolommen = select(*schema.incident.c)
    staan = _rows(conn, kolommen.where(_OPEN))
    if alleen_open:
        return staan
    dicht = _rows(conn, kolommen.where(_i.gesloten_op.is_not(None)).order_by(_i.geopend_op.desc()).limit(aantal))
    return tuple(sorted(staan + dicht, key=lambda incident: (-incident.geopend_op, -incident.nummer)))


def _rows(conn: Connection, keuze: Select[Any]) -> tuple[Incident, ...]:
    gevonden = (_incident(rij) for rij in conn.execute(keuze))
    return tuple(sorted(gevonden, key=lambda incident: (-incident.geopend_op, -incident.nummer)))


def _incident(rij: Row[Any]) -> Incident:
    return Incident(
        rij.id,
        rij.kenmerk,
        rij.oorzaak,
        rij.onderwerp,
        json.loads(rij.feiten),
        rij.geopend_op,
        rij.gesloten_op,
        rij.gesloten_omdat,
    )
