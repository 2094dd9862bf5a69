"""What VECOZO took over to pass on, and how it stands with that there, until it arrived or was refused.

A bericht has the status Bezorgd here once VECOZO acknowledged it; what VECOZO does with it afterwards are
gebeurtenissen of the bericht, and a refusal is a Fo01 for the zender, like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from routing import logboek, schema
from routing.bezorging import Foutmelding
from routing.fouten import Fout
from routing.klok import now_ms
from routing.status import Status

_d, _b = schema.doorgifte.c, schema.bericht.c

TERMIJN_MS: Final = 5 * 24 * 3600 * 1000
"""How long is asked after a bericht, counted from when VECOZO took it over."""
_NOG_NIET_MS: Final = 60_000
"""How long a bericht is left alone that VECOZO did not take yet."""
_WEG: Final = frozenset({Status.AFGEKEURD, Status.BEZORGING_AFGEBROKEN, Status.VERVALLEN})


@dataclass(frozen=True, slots=True)
class Doorgifte:
    """One bericht that VECOZO took over.

    `stand` is the status VECOZO last gave, in its own words, and `gevraagd` how often it was asked for; `verlopen`
    says that this is the last time.
    """

    bericht_id: str
    referentienummer: str
    zender: str
    stand: str | None
    gevraagd: int
    verlopen: bool


def follow(conn: Connection, bericht_id: str) -> None:
    """Note that a bericht goes through VECOZO, in the transaction that puts it in the lane."""
    conn.execute(insert(schema.doorgifte).values(bericht_id=bericht_id, next_due=now_ms(conn), gevraagd=0))


def drop(conn: Connection, bericht_id: str) -> None:
    """Follow a bericht no longer: its zender was told already that it did not arrive."""
    conn.execute(delete(schema.doorgifte).where(_d.bericht_id == bericht_id))


def due(conn: Connection, aantal: int) -> list[Doorgifte]:
    """Return what to ask VECOZO about now, oldest first, at most `aantal`.

    What VECOZO did not take yet waits, and what it never will is dropped.
    """
    nu = now_ms(conn)
    rijen = conn.execute(
        select(_d.bericht_id, _d.stand, _d.gevraagd, _b.referentienummer, _b.zender, _b.status, _b.status_op)
        .join_from(schema.doorgifte, schema.bericht, _b.id == _d.bericht_id)
        .where(_d.next_due <= nu)
        .order_by(_d.next_due, _d.bericht_id)
        .limit(aantal)
    ).all()
    weg = [rij.bericht_id for rij in rijen if rij.status in _WEG]
    wacht = [rij.bericht_id for rij in rijen if rij.status not in _WEG and rij.status != Status.BEZORGD]
    if weg:
        conn.execute(delete(schema.doorgifte).where(_d.bericht_id.in_(weg)))
    if wacht:
        conn.execute(update(schema.doorgifte).where(_d.bericht_id.in_(wacht)).values(next_due=nu + _NOG_NIET_MS))
    return [
        Doorgifte(
            rij.bericht_id,
            rij.referentienummer,
            rij.zender,
            rij.stand,
            rij.gevraagd,
            nu - rij.status_op > TERMIJN_MS,
        )
        for rij in rijen
        if rij.status == Status.BEZORGD
    ]


def note(conn: Connection, doorgifte: Doorgifte, stand: str | None, wait_ms: int) -> None:
    """Write how it stands, and ask again after `wait_ms`; a gebeurtenis only when it changed."""
    vervolg = update(schema.doorgifte).where(_d.bericht_id == doorgifte.bericht_id)
    conn.execute(vervolg.values(stand=stand, gevraagd=doorgifte.gevraagd + 1, next_due=now_ms(conn) + wait_ms))
    if stand is not None and stand != doorgifte.stand:
        logboek.record(conn, doorgifte.bericht_id, "status bij VECOZO", None, {"status": stand})


def finish(conn: Connection, doorgifte: Doorgifte, stand: str, fout: Fout | None, report_failure: Foutmelding) -> None:
    """Write that VECOZO is done with a bericht, once; with a fault, tell the zender in the same transaction."""
    weg = delete(schema.doorgifte).where(_d.bericht_id == doorgifte.bericht_id)
    if conn.execute(weg).rowcount != 1:
        return
    logboek.record(conn, doorgifte.bericht_id, "status bij VECOZO", None, {"status": stand})
    if fout is not None:
        logboek.set_fault(conn, doorgifte.bericht_id, fout)
        report_failure(conn, doorgifte.bericht_id, fout)
