"""Removing what was kept for the operator and is over: closed incidents, and jobs of offering again that ended.

Nothing here belongs to a bericht; what does goes with it (`bewaring`).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, delete, exists, select

from routing import schema
from routing.herzendtaak import Toestand
from routing.klok import now_ms

_RIJEN: Final = 500
_i, _h, _hb = schema.incident.c, schema.herzending.c, schema.herzending_bericht.c


def remove_incidents(conn: Connection, bewaar_ms: int) -> int:
    """Remove incidents that were closed longer ago, at most 500; return how many."""
    oud = select(_i.id).where(_i.gesloten_op <= now_ms(conn) - bewaar_ms).order_by(_i.id).limit(_RIJEN)
    return conn.execute(delete(schema.incident).where(_i.id.in_(oud))).rowcount


def remove_herzendingen(conn: Connection, bewaar_ms: int) -> int:
    """Remove jobs that were last touched longer ago, unless one runs; return how many rows, at most 500.

    First the lines of a job, then the job itself: one with very many berichten takes several turns.
    """
    oud = select(_h.id).where(_h.toestand != Toestand.LOOPT.value, _h.gewijzigd_op <= now_ms(conn) - bewaar_ms)
    nummers = conn.execute(oud.order_by(_h.id).limit(_RIJEN)).scalars().all()
    if not nummers:
        return 0
    regels = select(_hb.herzending_id, _hb.volgnummer).where(_hb.herzending_id.in_(nummers)).limit(_RIJEN)
    weg = 0
    for rij in conn.execute(regels).all():
        weg += conn.execute(
            delete(schema.herzending_bericht).where(
                _hb.herzending_id == rij.herzending_id, _hb.volgnummer == rij.volgnummer
            )
        ).rowcount
    if weg < _RIJEN:
        leeg = ~exists().where(_hb.herzending_id == _h.id)
        weg += conn.execute(delete(schema.herzending).where(_h.id.in_(nummers), leeg)).rowcount
    return weg
