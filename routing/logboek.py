"""The history of a bericht: gebeurtenissen, and the status that follows from them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, insert, select, update

from routing import schema
from routing.fouten import Fout
from routing.klok import now_ms
from routing.status import Status, check_transition, predecessors

_bericht = schema.bericht

_OVERGANG = {
    naar: update(_bericht)
    .where(_bericht.c.id == bindparam("welk"), _bericht.c.status.in_([van.value for van in predecessors(naar)]))
    .values(status=naar.value, status_op=bindparam("nu"))
    for naar in Status
}
_NOTEER = insert(schema.gebeurtenis)


def record(
    conn: Connection, bericht_id: str, soort: str, status: Status | None, toelichting: Mapping[str, object]
) -> None:
    """Write one gebeurtenis.

    Args:
        conn: connection inside a transaction.
        bericht_id: of which bericht.
        soort: Dutch name of what happened.
        status: the status it led to, or None.
        toelichting: facts as JSON values, without personal data.
    """
    conn.execute(
        _NOTEER,
        {
            "bericht_id": bericht_id,
            "moment": now_ms(conn),
            "soort": soort,
            "status": status.value if status else None,
            "toelichting": json.dumps(toelichting, ensure_ascii=False, sort_keys=True, default=str),
        },
    )


def set_status(
    conn: Connection,
    bericht_id: str,
    naar: Status,
    soort: str = "status",
    toelichting: Mapping[str, object] | None = None,
) -> None:
    """Give a bericht another status and write the gebeurtenis; the current row decides whether it may.

    Args:
        conn: connection inside a transaction.
        bericht_id: of which bericht.
        naar: the new status.
        soort: Dutch name of what happened.
        toelichting: facts as JSON values, without personal data.

    Raises:
        OngeldigeOvergang: the transition table does not allow it.
        LookupError: there is no such bericht.
    """
    if conn.execute(_OVERGANG[naar], {"welk": bericht_id, "nu": now_ms(conn)}).rowcount != 1:
        van = conn.execute(select(_bericht.c.status).where(_bericht.c.id == bericht_id)).scalar()
        if van is None:
            raise LookupError(f"bericht {bericht_id} bestaat niet")
        check_transition(Status(van), naar)
    record(conn, bericht_id, soort, naar, toelichting or {})


def set_fault(conn: Connection, bericht_id: str, fout: Fout) -> None:
    """Keep with a bericht why it was not delivered."""
    conn.execute(
        update(_bericht)
        .where(_bericht.c.id == bericht_id)
        .values(fout_code=fout.code, fout_melder=fout.melder, fout_omschrijving=fout.omschrijving)
    )
