"""How much a partij may look up, and when it looks as if it guesses BSNs.

What is counted stands in the database, so that the limits are those of all nodes together and outlive a restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, func, select

from routing import schema
from routing.incident import Feiten, Incidentboek
from routing.klok import now_ms
from routing.verwerkingen import TOEGESTAAN

GEBLOKKEERD: Final = "opvragingen_geblokkeerd"
"""Name of the incident that keeps a partij from a dienst until the operator closes it."""

ONBEKEND: Final = "onbekend"
"""How a lookup of a BSN ended that the register does not know."""

MINUUT_MS: Final = 60_000
DAG_MS: Final = 24 * 3_600_000
_o, _w, _i = schema.opvraging.c, schema.verantwoording.c, schema.incident.c


@dataclass(frozen=True, slots=True)
class Grenzen:
    """How much one partij may ask of one dienst.

    `onbekend_per_dag` is how many unknown BSNs in 24 hours look like guessing (attack 81). In batches, which ask
    `batch_per_minuut` questions in a minute, they do when they are more than `batch_onbekend_procent` of the answers
    as well.
    """

    per_minuut: int = 120
    per_dag: int = 5000
    onbekend_per_dag: int = 25
    batch_per_minuut: int = 3000
    batch_onbekend_procent: float = 5.0


class TeVeel(Exception):
    """The partij asked more than it may; `wachttijd` in seconds."""

    def __init__(self, wachttijd: int) -> None:
        self.wachttijd = wachttijd
        super().__init__("Uw partij stelt te veel vragen aan deze dienst.")


class Geblokkeerd(Exception):
    """The partij guesses BSNs, or so it looks; the operator has to decide."""

    def __init__(self) -> None:
        super().__init__("Er is te vaak naar een BSN gevraagd dat niet bestaat. Neem contact op met de beheerder.")


def is_blocked(conn: Connection, partij: str, dienst: str) -> bool:
    """Say whether a partij is kept from a dienst."""
    slot = and_(_i.oorzaak == GEBLOKKEERD, _i.onderwerp == _subject(partij, dienst))
    return conn.execute(select(_i.id).where(slot, _i.gesloten_op.is_(None))).first() is not None


def block(conn: Connection, boek: Incidentboek, partij: str, dienst: str, feiten: Feiten) -> None:
    """Keep a partij from a dienst until the operator closes the incident."""
    boek.open(conn, GEBLOKKEERD, _subject(partij, dienst), feiten)


def objection(
    conn: Connection, boek: Incidentboek, grenzen: Grenzen, partij: str, dienst: str
) -> Geblokkeerd | TeVeel | None:
    """Say why a partij may ask nothing of a dienst for now; who seems to guess is blocked by it."""
    if is_blocked(conn, partij, dienst):
        return Geblokkeerd()
    nu = now_ms(conn)
    slot = and_(_i.oorzaak == GEBLOKKEERD, _i.onderwerp == _subject(partij, dienst))
    vrijgegeven = conn.execute(select(func.max(_i.gesloten_op)).where(slot)).scalar() or 0
    onbekend = conn.execute(
        select(func.count()).where(
            _o.partij == partij,
            _o.dienst == dienst,
            _o.uitkomst == ONBEKEND,
            _o.begonnen_op > max(nu - DAG_MS, vrijgegeven),
        )
    ).scalar_one()
    if onbekend >= grenzen.onbekend_per_dag:
        block(conn, boek, partij, dienst, {"onbekende_bsns": onbekend})
        return Geblokkeerd()
    gevraagd = select(func.count()).where(_w.partij == partij, _w.dienst == dienst, _w.besluit == TOEGESTAAN)
    if conn.execute(gevraagd.where(_w.moment > nu - MINUUT_MS)).scalar_one() >= grenzen.per_minuut:
        return TeVeel(60)
    if conn.execute(gevraagd.where(_w.moment > nu - DAG_MS)).scalar_one() >= grenzen.per_dag:
        return TeVeel(3600)
    return None


def _subject(partij: str, dienst: str) -> str:
    return f"{partij}/{dienst}"
