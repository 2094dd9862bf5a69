"""The watch of a node: what is wrong here or in the log becomes an incident, and what is over ends it.

Every node looks at itself; one node at a time looks at the log for all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from knooppunt.achterstand import count_waiting, touch
from knooppunt.meting import Meting
from knooppunt.ruimte import Ruimte
from routing import bewaking, incident
from routing.bewaking import Grenzen
from routing.databank import OpslagFout
from routing.incident import KNOOPPUNT_WEG, Feiten, Incident, Incidentboek
from routing.onderhoud import Beurt
from routing.opslag import Opslag, OpslagGesloten

_log = structlog.get_logger(__name__)

_ZELF: Final = ("certificaat_knooppunt", "register_niet_leesbaar", "schijf_bijna_vol", "schijf_vol", "sleutelmap")
_PER_PROCES: Final = frozenset({"register_niet_leesbaar"})
_DATABASE: Final = "database_onbereikbaar"

Blik = Callable[[], Awaitable[Feiten | None]]
"""Looks at one part of this node: None when all is well, else how bad it is."""


class Wacht:
    """Looks every so often.

    Args:
        opslag: the log.
        boek: where incidents are written.
        naam: of this node, the same after a restart.
        ruimte: room on this node.
        blikken: what else to look at here, by cause.
        meting: where the free space shows.
        eerste: whether this is the first process of the node: it tells what is of the machine, which all of them see.
    """

    def __init__(
        self,
        opslag: Opslag,
        boek: Incidentboek,
        *,
        naam: str,
        ruimte: Ruimte,
        blikken: Mapping[str, Blik],
        meting: Meting,
        eerste: bool = True,
    ) -> None:
        self._eerste = eerste
        self._opslag = opslag
        self._boek = boek
        self._naam = naam
        self._ruimte = ruimte
        self._blikken = blikken
        self._meting = meting
        self._weg_sinds: int | None = None
        self._bekend: dict[int, Incident] | None = None

    async def follow(self, elke_s: float) -> None:
        """Look at this node again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except OpslagGesloten:
                return
            except Exception as fout:  # noqa: BLE001 - a watch that stops watching is worse than any fault of its own
                _log.error("wacht mislukt", fout=type(fout).__name__)
            await asyncio.sleep(elke_s)

    async def look(self) -> None:
        """Look at this node once."""
        gevonden = await self._look_around()
        self._meting.show_disk(self._ruimte.free())
        try:
            self._ruimte.wachtend = await self._opslag.read(count_waiting)
            verschil = await self._opslag.read(incident.compare, _ZELF, gevonden, {self._naam})
            if verschil:
                await self._opslag.write(self._boek.apply, verschil)
            else:
                await self._opslag.write(touch)
            if gevonden:
                await self._opslag.write(incident.confirm, self._naam)
        except OpslagGesloten:
            raise
        except (OpslagFout, DBAPIError) as fout:
            if self._weg_sinds is None:
                self._weg_sinds = time.time_ns() // 1_000_000
                _log.error("database niet te gebruiken", oorzaak=_DATABASE, fout=type(fout).__name__)
            return
        if self._weg_sinds is not None:
            if self._eerste:
                await self._opslag.write(self._tell_afterwards, self._weg_sinds)
            self._weg_sinds = None
            _log.info("database weer te gebruiken", oorzaak=_DATABASE)

    async def _look_around(self) -> dict[tuple[str, str], Feiten]:
        """Return what is wrong, by cause and name of this node."""
        gevonden = self._ruimte.incidents()
        for oorzaak, blik in self._blikken.items():
            if (feiten := await blik()) is not None:
                gevonden[oorzaak] = feiten
        return {(wat, self._naam): feiten for wat, feiten in gevonden.items() if self._eerste or wat in _PER_PROCES}

    def _tell_afterwards(self, conn: Connection, sinds: int) -> None:
        """Write that the database was away: while it was, nothing could be written."""
        self._boek.open(conn, _DATABASE, self._naam, {}, sinds)
        self._boek.apply(conn, incident.compare(conn, [_DATABASE], {}, {self._naam}))

    async def turn(self, beurt: Beurt, grenzen: Grenzen) -> None:
        """Look at the log, for all nodes, and say in the logging what was opened and closed since the last look."""
        verschil = await self._opslag.read(bewaking.look, grenzen)
        if verschil:
            await beurt.write(self._boek.apply, verschil)
        for nummer in await self._opslag.read(incident.left_behind):
            await beurt.write(self._boek.close, nummer, KNOOPPUNT_WEG)
        staan = {geval.nummer: geval for geval in await self._opslag.read(incident.find, alleen_open=True)}
        bekend = self._bekend or {}
        for nummer in staan.keys() - bekend.keys():
            _say("incident geopend" if self._bekend is not None else "incident staat open", staan[nummer])
        for nummer in bekend.keys() - staan.keys():
            _say("incident gesloten", bekend[nummer])
        self._bekend = staan


def _say(wat: str, geval: Incident) -> None:
    _log.warning(
        wat,
        nummer=geval.nummer,
        oorzaak=geval.oorzaak,
        onderwerp=geval.onderwerp,
        niveau=geval.niveau,
        titel=geval.titel,
    )
