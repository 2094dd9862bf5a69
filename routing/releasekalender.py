"""The calendar of releases in the register: the built-in one, with the moments of the operator laid over it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from istandaarden import releases
from istandaarden.releases import Kalender, Moment, Momenten, Stroom, Uitgave
from istandaarden.standaardmap import in_gebruik
from routing import schema

Sleutel = tuple[str, str, str]
"""Partij (empty for everybody), standaard and release."""


def read_imported(conn: Connection) -> dict[Sleutel, Momenten]:
    """Return the moments that the operator imported."""
    gelezen: dict[Sleutel, dict[Moment, datetime | None]] = {}
    m = schema.releasemoment.c
    for rij in conn.execute(select(schema.releasemoment).order_by(m.partij, m.standaard, m.release)):
        tijden = gelezen.setdefault((rij.partij, rij.standaard, rij.release), {})
        tijden[Moment(rij.moment)] = None if rij.tijd is None else datetime.fromtimestamp(rij.tijd / 1000, UTC)
    return {sleutel: Momenten(tijden) for sleutel, tijden in gelezen.items()}


def lay_over(eigen: Mapping[Sleutel, Momenten]) -> Kalender:
    """Return the built-in calendar with imported moments over it."""
    algemeen = {(standaard, release): m for (partij, standaard, release), m in eigen.items() if not partij}
    per_partij = {sleutel: m for sleutel, m in eigen.items() if sleutel[0]}
    return releases.ingebouwd().overlay(algemeen, per_partij)


def read_kalender(conn: Connection) -> Kalender:
    """Return the calendar that holds."""
    return lay_over(read_imported(conn))


def to_uitgave(standaard: str, release: str, stroom: Stroom) -> Uitgave:
    """Return what the calendar is asked about, with the title of the standaard when it is known here."""
    titel = next((soort.titel for soort in in_gebruik() if soort.standaard == standaard), standaard)
    return Uitgave(standaard, release, stroom, titel)
