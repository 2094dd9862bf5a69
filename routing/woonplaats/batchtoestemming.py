"""May a batch still go on, and may its answers be read? What was allowed when it was handed in is decided anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from routing.register import Register
from routing.toestemming import Aanvrager, GeenToestemming, Toestemming, Weigergrond, authorise
from routing.verwerkingen import Spoor, account, account_refusal, find_account

_NEDERLAND: Final = ZoneInfo("Europe/Amsterdam")


def refusal(conn: Connection, register: Register, trace_id: str) -> GeenToestemming | None:
    """Say why a batch may not go on, None when it may.

    Args:
        conn: to read by.
        register: who may use what, now.
        trace_id: of the batch; by it stands who asked it, and why.
    """
    try:
        _authorise(conn, register, trace_id)
    except GeenToestemming as fout:
        return fout
    return None


def account_reading(conn: Connection, register: Register, trace_id: str, lezer: Aanvrager) -> GeenToestemming | None:
    """Write who reads answers of a batch, or that it was refused, and return that.

    Its reason names the trace of the batch, and by that the lines about the people in it.
    """
    try:
        toestemming = _authorise(conn, register, trace_id, lezer)
    except GeenToestemming as fout:
        eerder = find_account(conn, trace_id)
        if eerder is not None:
            account_refusal(conn, lezer, eerder[1], fout.grond)
        return fout
    account(conn, Spoor.begin(), toestemming)
    return None


def _authorise(conn: Connection, register: Register, trace_id: str, lezer: Aanvrager | None = None) -> Toestemming:
    eerder = find_account(conn, trace_id)
    if eerder is None:
        raise GeenToestemming(
            Weigergrond.DOEL,
            "De verantwoording van deze batch is verwijderd; lever het bestand voor een andere zaak in.",
        )
    wie, waarom = eerder
    if lezer is not None:
        wie, waarom = lezer, replace(waarom, reden=f"resultaat gelezen van de batch met spoor {trace_id}")
    return authorise(register, wie, waarom, datetime.now(_NEDERLAND).date(), "")
