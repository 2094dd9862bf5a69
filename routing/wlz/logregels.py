"""The processing log of signals: one account of who and why, and a line per person."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from routing.klok import now_ms
from routing.toestemming import Toestemming
from routing.verwerkingen import Betrokkenen, Spoor, Statuscode, Verwerking, account, record


def log_people(conn: Connection, betrokkenen: Betrokkenen, toestemming: Toestemming, bsns: Iterable[str]) -> None:
    """Write who did this and why, and a line per person whose data were processed."""
    spoor, dienst = Spoor.begin(), toestemming.dienst
    account(conn, spoor, toestemming)
    nu = now_ms(conn)
    record(
        conn,
        [
            Verwerking(
                spoor.child() if nummer else spoor,
                dienst.omschrijving,
                dienst.activiteit,
                Statuscode.GOED,
                nu,
                nu,
                betrokkenen.of(bsn),
            )
            for nummer, bsn in enumerate(sorted(bsns))
        ],
    )
