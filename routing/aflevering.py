"""The delivery engine: takes lanes that are ready and gives each its turn.

One dispatcher claims; each claimed lane has a task of its own that offers its berichten. The state is in the database:
a process that dies leaves nothing behind but leases that end.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy import Connection

from routing import bezorging, lanebeheer, lanes, termijn
from routing.aanbieding import Aanbieder, Vondst
from routing.bezorging import Foutmelding
from routing.databank import OpslagFout
from routing.foutplek import place
from routing.kluis import Kluis
from routing.ladder import Ladder
from routing.lanebeurt import Lanebeurt, Omgeving
from routing.lanes import LEASE_MS, Lease
from routing.onderhoud import Beurt
from routing.opslag import ACHTERAAN, Opslag, OpslagGesloten
from routing.overdracht import Overdracht
from routing.partij import Protocol
from routing.poorten import Bezorger
from routing.register import RegisterBron
from routing.route import generation_for

_log = structlog.get_logger(__name__)

_VERVAL_PER_KEER: Final = 100


@dataclass(frozen=True, slots=True)
class Instellingen:
    """How delivery behaves; times in seconds.

    `gelijktijdig` lanes are served at once (one of which only the last outcome is being written makes room, for as many
    again at most), `per_beurt` berichten of a lane before the next lane has its turn. `poll_s`
    is how often, on average, ready lanes are looked for without being woken; `hartslag_s` how often leases are
    renewed; `verzending_s` how long one attempt may take at most; `stop_s` how long running attempts may finish when
    the hub stops.
    """

    gelijktijdig: int = 32
    per_beurt: int = 16
    poll_s: float = 1.0
    hartslag_s: float = LEASE_MS / 4000
    verzending_s: float = 600.0
    stop_s: float = 30.0
    ladder: Ladder = field(default_factory=Ladder)


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
        overdracht: berichten that the intake of this process has just stored.
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
        overdracht: Overdracht | None = None,
    ) -> None:
        self._opslag = opslag
        self._report_failure = report_failure
        self._overdracht = overdracht or Overdracht()
        self._register_bron = register_bron
        self._in = instellingen or Instellingen()
        self._standaardgeneratie = standaardgeneratie
        self._sein = asyncio.Event()
        self._stopt = False
        self._lussen: list[asyncio.Task[None]] = []
        self._lopend: dict[asyncio.Task[None], Lanebeurt] = {}
        self._bezet = 0  # of these, how many have more to do than to write how it ended
        self._vol = False
        self._omgeving = Omgeving(
            opslag,
            Aanbieder(kluis, bezorgers, self._in.verzending_s),
            self._in.ladder,
            lambda lane: register_bron.current().aansluiting(lane),
            functools.partial(bezorging.settle, report_failure=report_failure),
            self._generation,
            lambda: self._stopt,
            self.wake,
            self._make_room,
        )

    def start(self) -> None:
        """Start delivering, also after a stop; needs a running event loop."""
        self._stopt = False
        self._lussen = [
            asyncio.create_task(self._loop(self._dispatch, None), name="aflevering-verdelen"),
            asyncio.create_task(self._loop(self._beat, self._in.hartslag_s), name="aflevering-hartslag"),
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

    async def maintain(self, beurt: Beurt | Opslag) -> None:
        """Give up what waited too long, and let waiting berichten follow a partij that changed its kanaal.

        Args:
            beurt: through which it is written, so that one node does this at a time.
        """
        for lane in (None, *await self._opslag.read(termijn.expired_lanes)):
            aantal = _VERVAL_PER_KEER
            while aantal == _VERVAL_PER_KEER:
                aantal = await beurt.write_lane(
                    lane or "",
                    bezorging.expire,
                    lane,
                    _VERVAL_PER_KEER,
                    self._generation,
                    self._report_failure,
                )
                if aantal:
                    _log.warning("berichten vervallen", lane=lane or "quarantaine", aantal=aantal)
                    self.wake()
        register = self._register_bron.current()
        for lane, kanaal in (await self._opslag.read(lanebeheer.waiting)).items():
            aansluiting = register.aansluiting(lane)
            if aansluiting is not None and aansluiting.kanaal is not kanaal:
                await beurt.write_lane(lane, lanebeheer.switch, (lane,), aansluiting.kanaal)
                _log.info("wachtende berichten volgen het kanaal", lane=lane, kanaal=aansluiting.kanaal.value)
                self.wake()

    def _generation(self, zender: str) -> str:
        return generation_for(self._register_bron.current(), zender, self._standaardgeneratie)

    def _width(self, lane: str) -> int:
        aansluiting = self._register_bron.current().aansluiting(lane)
        return 1 if aansluiting is None else min(aansluiting.max_gelijktijdig, aansluiting.burst)

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
                _log.error("fout in de bezorging", **place(fout))
                await self._rest(self._in.poll_s)
            if pauze_s is not None:
                await asyncio.sleep(pauze_s)

    async def _dispatch(self) -> None:
        """Claim as many lanes as there is room for, or wait until there is something to claim."""
        self._sein.clear()
        self._vol = self._room() <= 0
        if self._vol:
            await self._rest(self._in.poll_s)
            return
        ruimte, nieuw = await self._opslag.write_lane(ACHTERAAN, self._claim)
        beurten = [Lanebeurt(self._omgeving, lease) for lease in nieuw]
        vondst = Vondst(self._opslag, self._overdracht, (kop for beurt in beurten for kop in beurt.koppen))
        self._bezet += len(beurten)
        for beurt in beurten:
            taak = asyncio.create_task(beurt.run(vondst), name=f"aflevering-{beurt.lease.lane}")
            self._lopend[taak] = beurt
            taak.add_done_callback(self._finished)
        if len(nieuw) < ruimte:
            await self._rest(self._in.poll_s)

    def _claim(self, conn: Connection) -> tuple[int, tuple[Lease, ...]]:
        """Claim as many lanes as there is room for, and say how many that was.

        Both that and whether we stop are asked when this runs: it stands in the row with the outcomes of turns that
        make room meanwhile, and may stand behind the last one of a hub that stops.
        """
        ruimte = self._room()
        return ruimte, bezorging.claim(conn, ruimte, self._in.per_beurt, self._width, lambda: not self._stopt)

    def _room(self) -> int:
        return self._in.gelijktijdig - max(self._bezet, len(self._lopend) - self._in.gelijktijdig)

    def _make_room(self) -> None:
        """Note that a turn has only its last outcome to write: that can go together with the claim of the next one."""
        self._bezet -= 1
        if self._vol:
            self._sein.set()

    async def _rest(self, seconden: float) -> None:
        """Wait for a wake-up, or about this long; the spread keeps nodes from asking all at once."""
        if self._stopt:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconden * random.uniform(0.5, 1.5)):  # noqa: S311 - spreads load
                await self._sein.wait()

    def _finished(self, taak: asyncio.Task[None]) -> None:
        beurt = self._lopend.pop(taak)
        self._bezet -= not beurt.rondt_af
        self._sein.set()
        if not taak.cancelled() and (fout := taak.exception()) is not None:
            _log.error("fout in de bezorging", **place(fout))

    async def _beat(self) -> None:
        """Renew all leases we hold, so that a long attempt does not lose its lane.

        One that cannot be renewed was mostly given back in the same group, by a turn that is just ending. A turn whose
        lease was really lost finds out, and says so, when it writes its next outcome.
        """
        await asyncio.gather(
            *(
                self._opslag.write_lane(beurt.lease.lane, lanes.heartbeat, beurt.lease)
                for beurt in self._lopend.values()
            )
        )
