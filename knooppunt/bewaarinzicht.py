"""Until when what is kept of a bericht; presentation-free, as `knooppunt.inzicht`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from knooppunt.inzicht import Bericht
from routing import schema
from routing.bewaring import AFGEROND, Bewaartermijnen, content_until


@dataclass(frozen=True, slots=True)
class Bewaring:
    """Until when payload and other data of a bericht are kept; None as long as it is not delivered or refused.

    `inhoud_aanwezig` says whether the payload is there: it goes some time after `inhoud_tot`, not at that very moment.
    """

    inhoud_aanwezig: bool
    inhoud_tot: datetime | None
    gegevens_tot: datetime | None


def retention(conn: Connection, bericht: Bericht, termijnen: Bewaartermijnen) -> Bewaring:
    """Return until when things are kept of one bericht."""
    p = schema.payload.c
    aanwezig = conn.execute(select(p.bericht_id).where(p.bericht_id == bericht.id)).first() is not None
    tot = content_until(conn, bericht.id, termijnen)
    gegevens = bericht.status_op + timedelta(milliseconds=termijnen.gegevens)
    return Bewaring(
        aanwezig,
        None if tot is None else datetime.fromtimestamp(tot / 1000, tz=UTC),
        gegevens if bericht.status in AFGEROND else None,
    )
