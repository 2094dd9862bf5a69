"""One turn of a claimed lane: its berichten are offered in order, until one has to wait or the turn is over.

An ontvanger who takes several berichten at the same time is served by as many workers, which share the row of the turn.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, cast

import structlog
from sqlalchemy import Connection

from routing import bezorging, lanes
from routing.aanbieding import Aanbieder, Inhoud, Vondst
from routing.bezorging import GESTOPT, Stap
from routing.databank import OpslagFout
from routing.fouten import Fout, make_fout
from routing.ladder import Ladder
from routing.lanes import Kop, Lease, Vervolg
from routing.opslag import Opslag, OpslagGesloten
from routing.overdracht import Overgedragen
from routing.partij import TUSSENPARTIJ, Aansluiting
from routing.poorten import Uitkomst, Uitkomstsoort
from routing.vecozocodes import from_vecozo

_log = structlog.get_logger(__name__)

_HERKANSINGEN_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0)
"""With what the tries themselves take, longer than a node that froze can hold a lane."""

BREUK_NA: Final = 5
"""Failures in a row that open the breaker (StUF 03.01 §4.4.2: sending stops after five faults in a row)."""

GEWEIGERD: Final = "verbinding.geweigerd"
"""Kenmerk of an attempt to which nobody listened; it opens the breaker at once."""


@dataclass(frozen=True, slots=True)
class Omgeving:
    """What turns work with; `generatie` gives the generation of fault codes for a zender.

    `aansluiting` says how the ontvanger of a lane is connected at this moment; None when he is not (any more).
    `settle` writes outcomes (`bezorging.settle`; one object, so that those of several turns go together), `stopt` says
    whether the hub is stopping, `wake` that something new waits in another lane, `make_room` that a turn rounds off.
    """

    opslag: Opslag
    aanbieder: Aanbieder
    ladder: Ladder
    aansluiting: Callable[[str], Aansluiting | None]
    settle: Callable[[Connection, list[Stap]], Sequence[Vervolg]]
    generatie: Callable[[str], str]
    stopt: Callable[[], bool]
    wake: Callable[[], None]
    make_room: Callable[[], None]


class Lanebeurt:
    """The turn of one lane.

    Args:
        omgeving: what it works with.
        lease: the claimed lane.

    `koppen` are the berichten of this turn; `rondt_af` says that only its last outcome is still to be written.
    """

    def __init__(self, omgeving: Omgeving, lease: Lease) -> None:
        self._om = omgeving
        self.lease = lease
        aansluiting = omgeving.aansluiting(lease.lane)
        self.koppen = lease.koppen if aansluiting is None else lease.koppen[: aansluiting.burst]
        self._rij = iter(self.koppen)
        self._inhoud: dict[str, Inhoud | Overgedragen] = {}
        self._beantwoord = False  # in this turn, so that the failures before it no longer count
        self._klaar = False
        self._rust_ms = 0
        self.rondt_af = False
        self._begin = time.monotonic()
        self._aangeboden = 0

    async def run(self, vondst: Vondst) -> None:
        """Work until the turn is over; the lane is given back by then, or the lease was lost.

        Args:
            vondst: holds its berichten.
        """
        try:
            await self._serve(vondst)
        finally:
            if self.lease.breedte > 1:  # one of width one goes back with its last outcome
                await self._record(lanes.release, self.lease, self._wait_ms())

    async def _serve(self, vondst: Vondst) -> None:
        eerste = tuple(islice(self._rij, self.lease.breedte))
        try:
            self._inhoud = await vondst.give(self.koppen)
        except (OpslagFout, asyncio.CancelledError):
            gestopt = self._om.stopt()
            if not gestopt:
                self._rust_ms = self._om.ladder.wait_ms(1)  # the next claim would meet the same
            reden = GESTOPT if gestopt else "De database was niet te lezen."
            await self._hand_back(eerste, reden, begonnen=False)
            raise
        if len(eerste) == 1:
            await self._work(eerste[0])
            return
        afloop = await asyncio.gather(*(self._work(kop) for kop in eerste), return_exceptions=True)
        for fout in afloop:
            if fout is not None:
                raise fout

    async def _work(self, kop: Kop) -> None:
        """Offer one bericht after the other."""
        volgende: Kop | None = kop
        while volgende is not None:
            kop = volgende
            if self._om.stopt():
                await self._hand_back((kop,), GESTOPT, begonnen=False)
                return
            try:
                volgende = await self._attempt(kop)
            except asyncio.CancelledError:
                await self._hand_back((kop,), GESTOPT)
                raise

    async def _attempt(self, kop: Kop) -> Kop | None:
        """Offer one bericht and record how it went; return the one whose turn it is now."""
        self._aangeboden += not kop.vervallen
        aansluiting = self._om.aansluiting(self.lease.lane)  # asked each time: it may have changed since the claim
        uitkomst = await self._om.aanbieder.offer(kop, aansluiting, self._inhoud.get(kop.bericht_id))
        stap = self._step(kop, uitkomst)
        if stap.volgende is None and self.lease.breedte == 1:
            self.rondt_af = True
            self._om.make_room()
        vervolg = await self._settle(stap)
        if vervolg is Vervolg.VERLOREN:
            self._klaar = True
            _log.warning("lease verloren; uitkomst niet vastgelegd", lane=self.lease.lane, bericht_id=kop.bericht_id)
            if self.lease.breedte == 1:
                await self._record(lanes.release, self.lease, self._wait_ms())  # written before, unknown to us
            return None
        self._tell(stap)
        if vervolg is Vervolg.PAUZE:
            self._klaar = True
            return None
        return stap.volgende

    def _step(self, kop: Kop, uitkomst: Uitkomst) -> Stap:
        if uitkomst.soort is Uitkomstsoort.TIJDELIJK:
            self._klaar = True
            # Those that were on their way together fail together, and count once.
            mislukt = 1 if self._beantwoord else self.lease.failures + 1
            wachten = self._om.ladder.wait_ms(mislukt, uitkomst.opnieuw_na)
            breuk = mislukt >= BREUK_NA or uitkomst.kenmerk == GEWEIGERD
            return Stap(
                self.lease,
                kop,
                uitkomst,
                None,
                wait_ms=max(wachten, self._wait_ms()),
                mislukt=mislukt,
                breuk=uitkomst.toelichting if breuk else None,
            )
        if uitkomst.soort is not Uitkomstsoort.VERVALLEN:
            self._beantwoord = True
        volgende = None if self._klaar or self._om.stopt() else next(self._rij, None)
        return Stap(self.lease, kop, uitkomst, volgende, wait_ms=self._wait_ms(), fout=self._fault(kop, uitkomst))

    def _fault(self, kop: Kop, uitkomst: Uitkomst) -> Fout | None:
        """Make the fault for the zender: the one the other side gave, or else our own."""
        if uitkomst.soort is Uitkomstsoort.VERVALLEN:
            return make_fout("niet_bezorgd_binnen_termijn", self._om.generatie(kop.zender))
        if uitkomst.soort is not Uitkomstsoort.BLIJVEND:
            return None
        if uitkomst.fout is None:
            return make_fout("geweigerd_door_ontvanger", self._om.generatie(kop.zender), uitkomst.toelichting)
        gegeven = uitkomst.fout
        if self.lease.lane == TUSSENPARTIJ:
            tekst = " ".join(deel for deel in (gegeven.omschrijving, gegeven.details) if deel)
            return from_vecozo(gegeven.code, tekst, self._om.generatie(kop.zender))
        return Fout(
            "geweigerd_door_ontvanger",
            gegeven.code,
            self.lease.lane,
            gegeven.plek,
            gegeven.omschrijving,
            uitkomst.toelichting,
        )

    def _wait_ms(self) -> int:
        """Return how long the lane must wait, in ms: for the rate its ontvanger asked for, or because of ourselves."""
        aansluiting = self._om.aansluiting(self.lease.lane)
        if aansluiting is None or aansluiting.per_minuut is None:
            return self._rust_ms
        verstreken = (time.monotonic() - self._begin) * 1000
        return max(self._rust_ms, round(self._aangeboden * 60_000 / aansluiting.per_minuut - verstreken))

    def _tell(self, stap: Stap) -> None:
        if stap.fout is not None:
            self._om.wake()  # a Fo01 waits in another lane
        if stap.breuk is not None and not self.lease.proef:
            _log.warning("onderbreker open", lane=self.lease.lane, reden=stap.breuk, mislukt=stap.mislukt)
        elif self.lease.proef and stap.uitkomst.soort in (Uitkomstsoort.BEZORGD, Uitkomstsoort.BLIJVEND):
            _log.info("onderbreker dicht", lane=self.lease.lane)

    async def _settle(self, stap: Stap) -> Vervolg:
        """Write an outcome, also when we are being stopped: what is handed back after that may not overtake it."""
        vervolg = self._om.opslag.write_together(self._om.settle, stap, self.lease.lane)
        try:
            return await asyncio.shield(vervolg)
        except asyncio.CancelledError:
            await asyncio.wait((vervolg,))
            raise
        except OpslagGesloten:
            raise
        except OpslagFout:
            if self._om.stopt():
                raise

        def settle(conn: Connection) -> Vervolg:
            return self._om.settle(conn, [stap])[0]

        return cast("Vervolg", await self._record(settle))

    async def _hand_back(self, koppen: tuple[Kop, ...], reden: str, *, begonnen: bool = True) -> None:
        """Note that attempts were broken off by us, before or after they had `begonnen`."""
        interrupt = functools.partial(bezorging.interrupt, begonnen=begonnen)
        await self._record(interrupt, self.lease, koppen, reden, self._wait_ms())

    async def _record(self, fn: Callable[..., Any], *args: Any) -> Any:
        """Write what happened, also when we are being stopped; while the database is away, keep trying for a while."""
        taak = asyncio.ensure_future(self._persist(fn, *args))
        try:
            return await asyncio.shield(taak)
        except asyncio.CancelledError:
            await taak
            raise

    async def _persist(self, fn: Callable[..., Any], *args: Any) -> Any:
        for wachten in _HERKANSINGEN_S:
            try:
                return await self._om.opslag.write_lane(self.lease.lane, fn, *args)
            except OpslagGesloten:
                raise
            except OpslagFout:
                if self._om.stopt():
                    raise
                # Whether or not it was written: a second time it is refused when the first one counted.
                await asyncio.sleep(wachten)
        return await self._om.opslag.write_lane(self.lease.lane, fn, *args)
