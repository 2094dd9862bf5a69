"""How fast the batches of a partij go, and when they stop: the counters stand beside the batch, in its transactions."""

from __future__ import annotations

from sqlalchemy import Connection, func, or_, select, update

from routing import schema
from routing.incident import Incidentboek
from routing.klok import now_ms
from routing.opvraaggrens import DAG_MS, MINUUT_MS, Grenzen, block

_b = schema.batch.c


def duration(aantal: int, grenzen: Grenzen) -> int:
    """Say how long so many questions take at the pace of a partij, in ms."""
    return aantal * MINUUT_MS // grenzen.batch_per_minuut


def wait_ms(conn: Connection, partij: str, dienst: str, langste: int) -> int:
    """Say how long the batches of a partij still have to wait; a clock that was set back makes it `langste` at most."""
    verder = select(func.max(_b.verder_op)).where(_b.partij == partij, _b.dienst == dienst)
    return min(max(0, (conn.execute(verder).scalar() or 0) - now_ms(conn)), langste)


def note(conn: Connection, batch_id: str, verder_op: int, geteld: int, onbekend: int) -> None:
    """Count the answers of a portion, and say when the next one may be asked."""
    conn.execute(
        update(schema.batch)
        .where(_b.id == batch_id)
        .values(geteld=_b.geteld + geteld, onbekend=_b.onbekend + onbekend, verder_op=verder_op)
    )


def judge(conn: Connection, boek: Incidentboek, grenzen: Grenzen, *, partij: str, dienst: str, batch_id: str) -> None:
    """Block a partij whose batches of the last 24 hours hold too many unknown BSNs; counting starts anew then."""
    van = (_b.partij == partij, _b.dienst == dienst)
    recent = or_(_b.begonnen_op > now_ms(conn) - DAG_MS, _b.id == batch_id)
    geteld, onbekend = conn.execute(
        select(func.coalesce(func.sum(_b.geteld), 0), func.coalesce(func.sum(_b.onbekend), 0)).where(*van, recent)
    ).one()
    if onbekend < grenzen.onbekend_per_dag or 100 * onbekend <= grenzen.batch_onbekend_procent * geteld:
        return
    block(conn, boek, partij, dienst, {"onbekende_bsns": int(onbekend), "antwoorden": int(geteld)})
    conn.execute(update(schema.batch).where(*van).values(geteld=0, onbekend=0))
