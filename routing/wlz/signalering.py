"""The daily round as a periodic task (`routing.onderhoud`), and reading the signals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, delete, select

from routing import incident, schema
from routing.incident import Feiten, Incidentboek, Sleutel, compare
from routing.klok import now_ms
from routing.kluis import Verzegeld
from routing.notificatie import iso
from routing.onderhoud import Beurt
from routing.opslag import Opslag
from routing.register import Register
from routing.wlz.clientenlijst import Clientenlijst, list_gemeenten
from routing.wlz.register import Registerbron, RegisterFout
from routing.wlz.registerkopie import Gekrompen, Registerkopie, believe, current
from routing.wlz.vergelijking import Vergelijking, allowed

_log = structlog.get_logger(__name__)
_NEDERLAND = ZoneInfo("Europe/Amsterdam")
_RIJEN: Final = 500
_ADEM_S: Final = 0.02
ONLEESBAAR, GEKROMPEN = "wlz_register_onleesbaar", "wlz_register_gekrompen"
"""Incidents about the register."""
_s = schema.wlz_signaal.c


@dataclass(frozen=True, slots=True)
class Signaal:
    """A signal as its gemeente reads it; dates in ISO 8601, `gemaakt_op` in ms since 1970."""

    volgnummer: int
    gemeente: str
    client_id: str
    gemaakt_op: int
    soort: str
    referentie: str
    indicatie: str
    ingangsdatum: str | None
    einddatum: str | None


class Signalering:
    """Keeps the copy of the register young, and compares all lists with every round of it.

    Args:
        opslag: the log.
        kopie: the copy.
        bron: where the register is read.
        vergelijking: what makes the signals.
        register: gives who may what now.
        zorgkantoren: codes (COD001) that together are the whole register.
        elke_ms: how old a round may get.
        bewaar_ms: how long a signal is kept.
        boek: where the operator hears that the copy grows old.
    """

    def __init__(
        self,
        opslag: Opslag,
        kopie: Registerkopie,
        bron: Registerbron,
        vergelijking: Vergelijking,
        register: Callable[[], Register],
        *,
        zorgkantoren: Sequence[str],
        elke_ms: int,
        bewaar_ms: int,
        boek: Incidentboek,
    ) -> None:
        self._boek = boek
        self._opslag = opslag
        self._kopie = kopie
        self._bron = bron
        self._zorgkantoren = tuple(zorgkantoren)
        self._vergelijking = vergelijking
        self._register = register
        self._elke_ms = elke_ms
        self._bewaar_ms = bewaar_ms

    async def turn(self, beurt: Beurt) -> None:
        """Read the register when the last round is too old; compare who was not compared with the newest one.

        While nobody follows anybody, the register is not read: there is nothing to process it for.
        """
        while await beurt.write(prune, self._bewaar_ms):
            pass
        gemeenten = await self._opslag.read(list_gemeenten)
        toegestaan = allowed(self._register(), gemeenten, datetime.now(_NEDERLAND).date())
        if not toegestaan:
            await beurt.write(self._report, None)
            return
        if await self._opslag.read(self._is_stale):
            fout: RegisterFout | None = None
            try:
                await self._kopie.refresh(beurt, self._bron, self._zorgkantoren)
            except RegisterFout as gemeld:
                fout = gemeld
                _log.warning("Wlz-register niet gelezen", oorzaak=fout.oorzaak.name)
            await beurt.write(self._report, fout)
        ronde = await self._opslag.read(current)
        if ronde is None:
            return
        vergeleken = 0
        while aantal := await beurt.write(self._vergelijking.compare_some, ronde, toegestaan):
            vergeleken += aantal
            await asyncio.sleep(_ADEM_S)
        if vergeleken:
            _log.info("Wlz-register vergeleken", ronde=ronde.nummer, clienten=vergeleken)

    def _report(self, conn: Connection, fout: RegisterFout | None) -> None:
        """Open the incident that fits with how reading went, and close what is over.

        That the register cannot be read is an incident once a whole round was missed for it: until then nobody need do
        anything.
        """
        gevonden: dict[Sleutel, Feiten] = {}
        ronde = current(conn)
        if isinstance(fout, Gekrompen):
            gevonden[GEKROMPEN, ""] = {"indicaties": fout.aantal, "eerder": fout.vorige}
        elif fout is not None and (ronde is None or now_ms(conn) - ronde.begonnen_op >= 2 * self._elke_ms):
            sinds = {} if ronde is None else {"laatst_gelezen": iso(ronde.begonnen_op)}
            gevonden[ONLEESBAAR, ""] = {"reden": fout.oorzaak.value, **sinds}
        gelezen = fout is None or isinstance(fout, Gekrompen)  # otherwise nothing is known of its size
        namen = (ONLEESBAAR, GEKROMPEN) if gelezen else (ONLEESBAAR,)
        self._boek.apply(conn, compare(conn, namen, gevonden))

    def _is_stale(self, conn: Connection) -> bool:
        ronde = current(conn)
        return ronde is None or now_ms(conn) - ronde.begonnen_op >= self._elke_ms


def accept_shrink(conn: Connection, boek: Incidentboek, wie: str) -> int | None:
    """Take it that the register is as small as it was when it was refused; the next round may count again.

    Args:
        conn: connection inside a transaction.
        boek: in which the refusal stands; it is closed with who accepted it.
        wie: who says so.

    Returns:
        How many indications are believed, or None when no round was refused for this.
    """
    open_ = (geval for geval in incident.find(conn, alleen_open=True) if geval.oorzaak == GEKROMPEN)
    if (geval := next(open_, None)) is None:
        return None
    aantal = int(geval.feiten["indicaties"])
    believe(conn, aantal)
    boek.close(conn, geval.nummer, "aanvaard", wie)
    return aantal


def read_signals(
    conn: Connection, lijst: Clientenlijst, gemeenten: Collection[str], na: int, aantal: int
) -> list[Signaal]:
    """Give the signals of these gemeenten after a number, oldest first."""
    rijen = conn.execute(
        select(schema.wlz_signaal).where(_s.gemeente.in_(sorted(gemeenten)), _s.id > na).order_by(_s.id).limit(aantal)
    )
    return [
        Signaal(
            volgnummer=rij.id,
            gemeente=rij.gemeente,
            client_id=rij.client_id,
            gemaakt_op=rij.gemaakt_op,
            **json.loads(lijst.open(rij.kenmerk, Verzegeld(rij.sleutel_id, rij.datasleutel, rij.inhoud))),
        )
        for rij in rijen
    ]


def prune(conn: Connection, bewaar_ms: int) -> int:
    """Remove signals whose term has passed, some at a time; return how many."""
    oud = select(_s.id).where(_s.gemaakt_op < now_ms(conn) - bewaar_ms).order_by(_s.gemaakt_op).limit(_RIJEN)
    return conn.execute(delete(schema.wlz_signaal).where(_s.id.in_(oud))).rowcount
