"""The delivery engine: takes lanes that are ready, offers what stands at their head, and records how it went.

One dispatcher claims; each claimed lane has a task of its own that offers its berichten one after the other. The state
is in the database: a process that dies leaves nothing behind but leases that end.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from sqlalchemy import Connection, select

from routing import bezorging, breekpunt, lanes, schema
from routing.bezorging import QUARANTAINE, Foutmelding, Stap
from routing.databank import OpslagFout
from routing.envelopvorm import from_json
from routing.fouten import Fout, make_fout
from routing.kluis import Kluis, Verzegeld
from routing.ladder import Ladder
from routing.lanes import LEASE_MS, Kop, Lease
from routing.opslag import ACHTERAAN, Opslag, OpslagGesloten
from routing.partij import Aansluiting, Kanaal, Protocol
from routing.poorten import Bezorger, Uitkomst, Uitkomstsoort, Zending
from routing.register import RegisterBron
from routing.route import generation_for

_log = structlog.get_logger(__name__)

_HERKANSINGEN_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
_VERVAL_PER_KEER: Final = 100


@dataclass(frozen=True, slots=True)
class Instellingen:
    """How delivery behaves; times in seconds.

    `gelijktijdig` lanes are served at once, `per_beurt` berichten of a lane before the next lane has its turn. `poll_s`
    is how often, on average, ready lanes are looked for without being woken; `hartslag_s` how often leases are
    renewed; `onderhoud_s` how often expired berichten are looked for; `verzending_s` how long one attempt may take at
    most; `stop_s` how long running attempts may finish when the hub stops.
    """

    gelijktijdig: int = 32
    per_beurt: int = 16
    poll_s: float = 1.0
    hartslag_s: float = LEASE_MS / 4000
    onderhoud_s: float = LEASE_MS / 1000
    verzending_s: float = 600.0
    stop_s: float = 30.0
    ladder: Ladder = field(default_factory=Ladder)


@dataclass(frozen=True, slots=True)
class _Inhoud:
    """What is needed to offer a bericht, as stored."""

    envelop: str
    verzegeld: Verzegeld
    grootte: int
    digest: str


class Afleveraar:
    """Delivers what waits in push lanes.

    Args:
        opslag: the log.
        kluis: opens payloads while they are sent.
        register_bron: where partijen are connected.
        bezorgers: one per protocol; closing them is up to their owner.
        report_failure: tells a zender that delivery was given up, in the transaction that gives up.
        instellingen: times and numbers.
        standaardgeneratie: generation of fault codes for a zender that is not connected (any more).
    """

    def __init__(
        self,
        opslag: Opslag,
        kluis: Kluis,
        register_bron: RegisterBron,
        bezorgers: Mapping[Protocol, Bezorger],
        report_failure: Foutmelding,
        *,
        instellingen: Instellingen | None = None,
        standaardgeneratie: str = "B",
    ) -> None:
        self._opslag = opslag
        self._kluis = kluis
        self._register_bron = register_bron
        self._bezorgers = bezorgers
        self._report_failure = report_failure
        self._in = instellingen or Instellingen()
        self._standaardgeneratie = standaardgeneratie
        self._sein = asyncio.Event()
        self._stopt = False
        self._lussen: list[asyncio.Task[None]] = []
        self._lopend: dict[asyncio.Task[None], Lease] = {}

    def start(self) -> None:
        """Start delivering, also after a stop; needs a running event loop."""
        self._stopt = False
        self._lussen = [
            asyncio.create_task(self._loop(self._dispatch, None), name="aflevering-verdelen"),
            asyncio.create_task(self._loop(self._beat, self._in.hartslag_s), name="aflevering-hartslag"),
            asyncio.create_task(self._loop(self.maintain, self._in.onderhoud_s), name="aflevering-onderhoud"),
        ]

    async def stop(self) -> None:
        """Take nothing new, let running attempts finish for `stop_s`, break off the rest, and give all lanes back."""
        if not self._lussen:
            return
        self._stopt = True
        self._sein.set()
        verdelen, *andere = self._lussen
        await verdelen  # it may be claiming right now: what it claims must not be lost sight of
        if self._lopend:
            await asyncio.wait(set(self._lopend), timeout=self._in.stop_s)
        for taak in (*self._lopend, *andere):
            taak.cancel()
        await asyncio.gather(*self._lopend, *andere, return_exceptions=True)
        self._lussen = []

    def wake(self, _lane: str = "") -> None:
        """Say that a lane has something new, after the commit; to be called on the event loop."""
        self._sein.set()

    async def maintain(self) -> None:
        """Give up what waited too long, and let waiting berichten follow a partij that changed its kanaal."""
        for lane in await self._opslag.read(lanes.expired_lanes):
            aantal = _VERVAL_PER_KEER
            while aantal == _VERVAL_PER_KEER:
                aantal = await self._opslag.write_lane(
                    lane, bezorging.expire, lane, _VERVAL_PER_KEER, self._generation, self._report_failure
                )
                if aantal:
                    _log.warning("berichten vervallen", lane=lane, aantal=aantal)
                    self.wake()
        register = self._register_bron.current()
        for lane, kanaal in (await self._opslag.read(lanes.waiting)).items():
            aansluiting = register.aansluiting(lane)
            if aansluiting is not None and aansluiting.kanaal is not kanaal:
                await self._opslag.write_lane(lane, lanes.switch, (lane,), aansluiting.kanaal)
                _log.info("wachtende berichten volgen het kanaal", lane=lane, kanaal=aansluiting.kanaal.value)
                self.wake()

    def _generation(self, zender: str) -> str:
        return generation_for(self._register_bron.current(), zender, self._standaardgeneratie)

    async def _loop(self, doe: Callable[[], Awaitable[None]], pauze_s: float | None) -> None:
        """Do something again and again; nothing that goes wrong ends the loop."""
        while pauze_s is not None or not self._stopt:  # leases must be renewed until the last attempt has ended
            try:
                await doe()
            except OpslagGesloten:
                return
            except OpslagFout as fout:
                _log.error("opslag onbereikbaar voor de bezorging", fout=str(fout))
                await self._rest(self._in.poll_s)
            except Exception as fout:  # noqa: BLE001 - delivery must go on; the place of the bug is logged
                _log.error("fout in de bezorging", **_place(fout))
                await self._rest(self._in.poll_s)
            if pauze_s is not None:
                await asyncio.sleep(pauze_s)

    async def _dispatch(self) -> None:
        """Claim as many lanes as there is room for, or wait until there is something to claim."""
        self._sein.clear()
        ruimte = self._in.gelijktijdig - len(self._lopend)
        nieuw: tuple[Lease, ...] = ()
        if ruimte > 0:
            nieuw = await self._opslag.write_lane(ACHTERAAN, bezorging.claim, ruimte, self._in.per_beurt)
        for lease in nieuw:
            taak = asyncio.create_task(self._serve(lease), name=f"aflevering-{lease.lane}")
            self._lopend[taak] = lease
            taak.add_done_callback(self._finished)
        if len(nieuw) < ruimte or ruimte <= 0:
            await self._rest(self._in.poll_s)

    async def _rest(self, seconden: float) -> None:
        """Wait for a wake-up, or about this long; the spread keeps nodes from asking all at once."""
        if self._stopt:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconden * random.uniform(0.5, 1.5)):  # noqa: S311 - spreads load
                await self._sein.wait()

    def _finished(self, taak: asyncio.Task[None]) -> None:
        del self._lopend[taak]
        self._sein.set()
        if not taak.cancelled() and (fout := taak.exception()) is not None:
            _log.error("fout in de bezorging", **_place(fout))

    async def _beat(self) -> None:
        """Renew all leases we hold, so that a long attempt does not lose its lane."""
        leases = list(self._lopend.values())
        levend = await asyncio.gather(*(self._opslag.write_lane(z.lane, lanes.heartbeat, z) for z in leases))
        for lease, leeft in zip(leases, levend, strict=True):
            if not leeft and lease in self._lopend.values():
                _log.warning("lease verloren", lane=lease.lane)

    async def _serve(self, lease: Lease) -> None:
        """Offer the berichten of one claimed lane, in order, until one has to wait."""
        aansluiting = self._register_bron.current().aansluiting(lease.lane)
        try:
            inhoud = await self._opslag.read(_load, [kop.bericht_id for kop in lease.koppen])
        except OpslagFout:
            await self._record(lease.lane, lanes.release, lease)
            raise
        for kop, volgende in zip(lease.koppen, (*lease.koppen[1:], None), strict=True):
            if self._stopt:
                await self._record(lease.lane, bezorging.interrupt, lease, kop)
                return
            try:
                if not await self._attempt(lease, kop, volgende, aansluiting, inhoud.get(kop.bericht_id)):
                    return
            except asyncio.CancelledError:
                await self._record(lease.lane, bezorging.interrupt, lease, kop)
                raise

    async def _attempt(
        self, lease: Lease, kop: Kop, volgende: Kop | None, aansluiting: Aansluiting | None, inhoud: _Inhoud | None
    ) -> bool:
        """Offer one bericht and record how it went; return whether `volgende` has its turn now."""
        uitkomst = await self._offer(kop, aansluiting, inhoud)
        stap = self._step(lease, kop, uitkomst, None if self._stopt else volgende)
        if not await self._record(lease.lane, bezorging.settle, stap, self._report_failure):
            _log.warning("lease verloren; uitkomst niet vastgelegd", lane=lease.lane, bericht_id=kop.bericht_id)
            return False
        if uitkomst.soort is Uitkomstsoort.BLIJVEND:
            self.wake()  # a Fo01 waits in another lane
        return stap.volgende is not None

    async def _offer(self, kop: Kop, aansluiting: Aansluiting | None, inhoud: _Inhoud | None) -> Uitkomst:
        """Make one attempt; whatever goes wrong on our side is retryable."""
        if kop.crashes >= QUARANTAINE:
            return Uitkomst(Uitkomstsoort.BLIJVEND, "Het bezorgen van dit bericht is te vaak afgebroken.")
        if aansluiting is None or aansluiting.protocol not in self._bezorgers:
            return Uitkomst(Uitkomstsoort.TIJDELIJK, "De ontvanger is nu niet aangesloten.")
        if aansluiting.kanaal is not Kanaal.PUSH:  # `maintain` lets the lane follow
            return Uitkomst(Uitkomstsoort.TIJDELIJK, "De ontvanger haalt zijn berichten voortaan zelf op.")
        breekpunt.reach("voor_verzending")
        try:
            if inhoud is None:
                raise LookupError("bericht without payload")  # noqa: TRY301 - handled like any other fault of ours
            payload = self._kluis.open_stream(
                kop.bericht_id, "payload", inhoud.verzegeld, size=inhoud.grootte, digest=inhoud.digest
            )
            zending = Zending(kop.bericht_id, from_json(inhoud.envelop), payload, aansluiting, bezorging.number(kop))
            async with asyncio.timeout(self._in.verzending_s):
                uitkomst = await self._bezorgers[aansluiting.protocol].deliver(zending)
        except TimeoutError:
            return Uitkomst(Uitkomstsoort.TIJDELIJK, "De ontvanger antwoordde niet binnen de tijd.")
        except Exception as fout:  # noqa: BLE001 - a bug in an adapter may not stop a lane
            _log.error("fout bij het aanbieden", bericht_id=kop.bericht_id, **_place(fout))
            return Uitkomst(Uitkomstsoort.TIJDELIJK, "Het aanbieden mislukte door een fout in het knooppunt.")
        breekpunt.reach("na_verzending")
        return uitkomst

    def _step(self, lease: Lease, kop: Kop, uitkomst: Uitkomst, volgende: Kop | None) -> Stap:
        if uitkomst.soort is Uitkomstsoort.TIJDELIJK:
            # What went well before the failure, in this same turn, ended the earlier row of failures.
            mislukt = lease.failures + 1 if kop is lease.koppen[0] else 1
            wachten = self._in.ladder.wait_ms(mislukt, uitkomst.opnieuw_na)
            return Stap(lease, kop, uitkomst, None, mislukt=mislukt, wait_ms=wachten)
        fout = self._fault(lease, kop, uitkomst) if uitkomst.soort is Uitkomstsoort.BLIJVEND else None
        return Stap(lease, kop, uitkomst, volgende, fout=fout)

    def _fault(self, lease: Lease, kop: Kop, uitkomst: Uitkomst) -> Fout:
        """Make the fault for the zender: the one the other side gave, or else our own."""
        if kop.crashes >= QUARANTAINE:
            return make_fout("bezorging_gestaakt", self._generation(kop.zender))
        if uitkomst.fout is None:
            return make_fout("geweigerd_door_ontvanger", self._generation(kop.zender), uitkomst.toelichting)
        gegeven = uitkomst.fout
        return Fout(
            "geweigerd_door_ontvanger",
            gegeven.code,
            lease.lane,
            gegeven.plek,
            gegeven.omschrijving,
            uitkomst.toelichting,
        )

    async def _record(self, lane: str, fn: Callable[..., Any], *args: Any) -> Any:
        """Write what happened, also when we are being stopped; while the database is away, keep trying for a while."""
        taak = asyncio.ensure_future(self._persist(lane, fn, *args))
        try:
            return await asyncio.shield(taak)
        except asyncio.CancelledError:
            await taak
            raise

    async def _persist(self, lane: str, fn: Callable[..., Any], *args: Any) -> Any:
        for wachten in _HERKANSINGEN_S:
            try:
                return await self._opslag.write_lane(lane, fn, *args)
            except OpslagGesloten:
                raise
            except OpslagFout:
                if self._stopt:
                    raise
                # Whether or not it was written: a second time it is refused when the first one counted.
                await asyncio.sleep(wachten)
        return await self._opslag.write_lane(lane, fn, *args)


def _load(conn: Connection, bericht_ids: list[str]) -> dict[str, _Inhoud]:
    """Read envelope and sealed payload of the berichten of one turn."""
    b, p = schema.bericht.c, schema.payload.c
    rijen = conn.execute(
        select(b.id, b.envelop, b.payload_grootte, b.payload_digest, p.sleutel_id, p.datasleutel, p.inhoud)
        .join(schema.payload, p.bericht_id == b.id)
        .where(b.id.in_(bericht_ids))
    )
    return {
        rij.id: _Inhoud(
            rij.envelop,
            Verzegeld(rij.sleutel_id, bytes(rij.datasleutel), bytes(rij.inhoud)),
            rij.payload_grootte,
            rij.payload_digest,
        )
        for rij in rijen
    }


def _place(fout: BaseException) -> dict[str, str]:
    """Say what went wrong and where, without its text: that may hold a value from a bericht."""
    laatste = traceback.extract_tb(fout.__traceback__)[-1:]
    return {"fout": type(fout).__name__, "plaats": f"{laatste[0].filename}:{laatste[0].lineno}" if laatste else ""}
