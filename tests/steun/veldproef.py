"""A field trial: hubs in processes of their own under load, with ledgers at both ends that are compared afterwards.

What the sender was given a Bv03 for must arrive: once in the books, at the right partij, byte for byte, in order. What
came in more often than that must be accounted for by deliveries that were cut short.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import signal
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from proefhub import Deelnemer, Knoop, Proefhub
from sqlalchemy import Engine, text

from adapters.stufggk.client import Klantinstellingen, StufBezorger
from adapters.vsp.client import VspClient, VspFout
from adapters.vsp.vertaling import to_envelop
from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import build
from knooppunt.simulatie.grootboek import Richting
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.stuf import PAD, StufPartij
from knooppunt.simulatie.vsp import PAD as VSP_PAD
from routing.bericht import Envelop
from routing.databank import make_engine, parse_url
from routing.partij import Aansluiting, Kanaal, Protocol
from routing.payload import Payload
from routing.poorten import Uitkomst, Uitkomstsoort, Zending

LEASE_MS = 2000
"""Short, so that the work of a node that died is taken over while a test looks on."""

GEMEENTE = Deelnemer("0363", "Amsterdam")
PUSH = tuple(Deelnemer(f"9000000{n}", f"Zorg {n}") for n in range(1, 4))
PULL = Deelnemer("90000004", "Zorg 4")
DOOF = Deelnemer("90000005", "Doof")
"""Nothing listens at his address: what waits for him can only expire."""
WISSEL = (Deelnemer("90000006", "Wissel 6"), Deelnemer("90000007", "Wissel 7"))
"""They begin as deaf push partijen and collect for themselves later on."""
NIETS = "https://127.0.0.1:1/"
_GEDULD_S = 240

Opstelling = tuple[str | None, int, str]
"""URL of a PostgreSQL database or None for SQLite, number of nodes, and the name of the two in the results."""
OPSTELLINGEN = ("sqlite", "postgresql", "postgresql-3")
CONFIGURATIES = ("SQLite", "PostgreSQL, 1 knooppunt", "PostgreSQL, 3 knooppunten")


@dataclass
class Uitslag:
    """One cell of the matrix. Everything after `herhaald` must be 0, `herhaald` at most `onderbroken`."""

    cel: str
    configuratie: str
    bevestigd: int = 0
    gevallen: int = 0
    """Processes that died."""
    onderbroken: int = 0
    """Deliveries that were cut short: crashes as the hub counted them, and confirmations without an answer."""
    herhaald: int = 0
    """Deliveries beyond the first of the same bericht."""
    verloren: int = 0
    volgorde: int = 0
    anders: int = 0
    """Payloads that arrived with other bytes than were sent."""
    verkeerd: int = 0
    """Berichten at another partij than they were meant for, or that nobody sent."""

    def check(self) -> None:
        assert self.bevestigd > 0, self
        assert (self.verloren, self.volgorde, self.anders, self.verkeerd) == (0, 0, 0, 0), self
        assert self.herhaald <= self.onderbroken, self


@dataclass(frozen=True)
class _Verzonden:
    stroom: int
    nummer: int
    naar: str
    digest: str


@dataclass
class Ophaler:
    """A zorgaanbieder that collects, from whichever node answers; books before it confirms."""

    code: str
    client: ssl.SSLContext
    knopen: Sequence[Knoop]
    geboekt: dict[str, tuple[str, str]] = field(default_factory=dict)
    """referentienummer to (code of the ontvanger in the envelope, digest), in order of arrival."""
    herhaald: int = 0
    onbeantwoord: int = 0

    async def run(self) -> None:
        beurt = itertools.count()
        while True:
            knoop = self.knopen[next(beurt) % len(self.knopen)]
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError, VspFout):
                async with VspClient(knoop.basis + VSP_PAD, self.client, aiohttp.ClientTimeout(total=3)) as client:
                    await self._round(client)
            await asyncio.sleep(0.1)  # as software does that asks every so often

    async def _round(self, client: VspClient) -> None:
        for bericht in await client.list_ready():
            referentie = bericht.referentiegegevens.traceerId
            if referentie in self.geboekt:
                self.herhaald += 1
            else:
                payload = b"".join((await client.download(bericht)).chunks())
                self.geboekt[referentie] = (to_envelop(bericht).stuurgegevens.ontvanger.organisatie, _digest(payload))
            try:
                await client.confirm(referentie)
            except (aiohttp.ClientError, TimeoutError, OSError, VspFout):
                self.onbeantwoord += 1
                raise


class Veldproef:
    """Nodes on one database, partijen around them, and the books of both sides.

    Args:
        map_: folder for everything.
        url: of a PostgreSQL database, or None for SQLite in the folder.
        aantal: how many nodes.
        configuratie: its name in the results.
    """

    def __init__(self, map_: Path, url: str | None, aantal: int, configuratie: str, stromen: int = 4) -> None:
        self.hub = Proefhub(map_, (GEMEENTE, *PUSH, PULL, DOOF, *WISSEL), url)
        self.knopen: list[Knoop] = [
            self.hub,
            *(Knoop(map_, self.hub.database_url, f"hub{n}") for n in range(2, aantal + 1)),
        ]
        self.configuratie = configuratie
        self.gemeente = self.hub.stuf_partij(GEMEENTE.code)
        self.push = [self.hub.stuf_partij(d.code) for d in PUSH]
        self.pull = [Ophaler(d.code, self.hub.credentials(d.code)[1], self.knopen) for d in (PULL, *WISSEL)]
        self.verzonden: dict[str, _Verzonden] = {}
        self.bevestigd: set[str] = set()
        self.gevallen = 0
        self.geweigerd = 0
        """How often a bericht could not be handed over at once; the sender then offers it again."""
        self._adressen: dict[str, str] = {}
        self._stromen = stromen
        self._bezorger = StufBezorger(
            self.hub.credentials(GEMEENTE.code)[1], Klantinstellingen(verbindtijd=2, tijd=3, verbindingen=16)
        )
        self._nummers = itertools.count()
        self._beurt = itertools.count()
        self._taken: list[asyncio.Task[None]] = []
        self._engine: Engine = make_engine(parse_url(self.hub.database_url), schrijft=False)

    async def start(self) -> None:
        for partij in (self.gemeente, *self.push):
            self._adressen[partij.code] = await partij.start()
        await self.hub.register(self._adressen | {d.code: NIETS for d in (DOOF, *WISSEL)})
        await asyncio.gather(*(self.revive(knoop) for knoop in self.knopen))
        self._taken = [asyncio.create_task(ophaler.run()) for ophaler in self.pull]

    async def close(self) -> None:
        for taak in self._taken:
            taak.cancel()
        await asyncio.gather(*self._taken, return_exceptions=True)
        await asyncio.gather(*(knoop.stop() for knoop in self.knopen))
        for partij in (self.gemeente, *self.push):
            await partij.close()
        await self._bezorger.close()
        self._engine.dispose()

    async def revive(self, knoop: Knoop, **omgeving: str) -> None:
        """Start a node, as systemd or an orchestrator does after it died."""
        _fuse(knoop).unlink(missing_ok=True)
        await knoop.start(KNOOPPUNT_LEASE_MS=str(LEASE_MS), KNOOPPUNT_CRASH=f"@{_fuse(knoop)}", **omgeving)

    def arm(self, knoop: Knoop, punt: str) -> None:
        """Let a running node die when it reaches a point."""
        nieuw = _fuse(knoop).with_suffix(".nieuw")
        nieuw.write_text(punt, "ascii")
        nieuw.replace(_fuse(knoop))

    async def let_collect(self, wie: Deelnemer) -> None:
        """Have a partij collect its berichten from now on: the register changes under what waits."""
        self._adressen |= {d.code: NIETS for d in (DOOF, *WISSEL) if d.code not in self._adressen}
        del self._adressen[wie.code]
        await self.hub.register(self._adressen)

    async def send(self, naar: str, stroom: int = -1) -> str:
        """Offer one bericht, to the next node each time, until it is acknowledged; returns its referentienummer."""
        nummer = next(self._nummers)
        envelop, payload = compose_envelop(van=GEMEENTE.code, naar=naar, functie="WMO319"), bericht(nummer, naar)
        ref = envelop.stuurgegevens.referentienummer
        self.verzonden[ref] = _Verzonden(stroom, nummer, naar, _digest(payload))
        async with asyncio.timeout(_GEDULD_S):
            aangekomen = False
            while (
                uitkomst := await self._offer(envelop, payload, aangekomen=aangekomen)
            ).soort is not Uitkomstsoort.BEZORGD:
                self.geweigerd += 1
                aangekomen = aangekomen or uitkomst.mogelijk_aangekomen
                await asyncio.sleep(0.1)  # not to spin while the only node is being started again
        self.bevestigd.add(ref)
        return ref

    async def _offer(self, envelop: Envelop, payload: bytes, *, aangekomen: bool) -> Uitkomst:
        knoop = self.knopen[next(self._beurt) % len(self.knopen)]
        hub = Aansluiting("hub", (), Kanaal.PUSH, Protocol.STUF, knoop.basis + PAD)
        zending = Zending(envelop.stuurgegevens.referentienummer, envelop, Payload(payload), hub, aangekomen)
        uitkomst = await self._bezorger.deliver(zending)
        assert uitkomst.soort is not Uitkomstsoort.BLIJVEND, uitkomst
        return uitkomst

    async def load(self, genoeg: asyncio.Event, minstens: int = 0) -> None:
        """Keep sending to every lane, in parallel streams, until it is enough and at least so many were sent."""
        begin = len(self.bevestigd)

        async def stroom(welke: int) -> None:
            lanes = itertools.cycle([p.code for p in (*self.push, self.pull[0])])
            while not genoeg.is_set() or len(self.bevestigd) - begin < minstens:
                await self.send(next(lanes), welke)

        async with asyncio.TaskGroup() as taken:
            for welke in range(self._stromen):
                taken.create_task(stroom(welke))

    async def under_load(self, stoor: Awaitable[None], minstens: int = 0) -> None:
        """Keep sending while something disturbs, until the disturbance is over; then wait for all to arrive."""
        genoeg = asyncio.Event()
        async with asyncio.TaskGroup() as taken:
            taken.create_task(self.load(genoeg, minstens))
            try:
                await stoor
            finally:
                genoeg.set()
        await self.drain()

    async def drain(self) -> None:
        """Wait until nothing is open any more."""
        async with asyncio.timeout(_GEDULD_S):
            while await asyncio.to_thread(self._count, "SELECT count(*) FROM aflevering WHERE open"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # other processes: the table is the signal

    def _count(self, vraag: str) -> int:
        with self._engine.connect() as conn:
            return int(conn.execute(text(vraag)).scalar() or 0)

    def execute(self, opdracht: str, **waarden: object) -> None:
        """Change something behind the back of the hubs."""
        engine = make_engine(parse_url(self.hub.database_url), schrijft=True)
        with engine.begin() as conn:
            conn.execute(text(opdracht), waarden)
        engine.dispose()

    def fault_reports(self, ref: str) -> int:
        """Return how many Fo01 the sender booked about a bericht."""
        return self.gemeente.grootboek.count_answers(ref)

    async def die_at(self, slachtoffer: Knoop, punt: str) -> None:
        """Wait until a node dies at the point it was armed with, and start it again."""
        assert await slachtoffer.died(_GEDULD_S), f"{punt} is not reached"
        assert slachtoffer.proces is not None
        assert slachtoffer.proces.returncode == -signal.SIGKILL
        self.gevallen += 1
        await self.revive(slachtoffer)

    async def kill(self, knoop: Knoop) -> None:
        """Kill a node and start it again."""
        await knoop.kill()
        self.gevallen += 1
        await self.revive(knoop)

    def snapshot(self) -> Uitslag:
        """Compare the books from the beginning until now; take the difference of two to see one round."""
        stand = Uitslag("", self.configuratie, bevestigd=len(self.bevestigd), gevallen=self.gevallen)
        stand.onderbroken = self._count("SELECT coalesce(sum(crashes), 0) FROM aflevering")
        stand.onderbroken += sum(ophaler.onbeantwoord for ophaler in self.pull)
        partijen: list[StufPartij | Ophaler] = [*self.push, *self.pull]
        stand.herhaald = sum(p.grootboek.herhalingen if isinstance(p, StufPartij) else p.herhaald for p in partijen)
        stand.herhaald += self.gemeente.grootboek.herhalingen
        aangekomen: Counter[str] = Counter()
        for partij in partijen:
            laatste: dict[int, int] = {}
            for ref, naar, digest in _books(partij):
                aangekomen[ref] += 1
                bedoeld = self.verzonden.get(ref)
                if bedoeld is None or not bedoeld.naar == naar == partij.code:
                    stand.verkeerd += 1
                    continue
                stand.anders += digest != bedoeld.digest
                stand.volgorde += bedoeld.nummer < laatste.get(bedoeld.stroom, -1)
                laatste[bedoeld.stroom] = bedoeld.nummer
        stand.verkeerd += sum(aantal - 1 for aantal in aangekomen.values())
        stand.verloren = sum(
            1 for ref in self.bevestigd if ref not in aangekomen and self.verzonden[ref].naar != DOOF.code
        )
        return stand

    def difference(self, cel: str, eerder: Uitslag) -> Uitslag:
        """Return what came to pass since `eerder`, as a cell of the matrix."""
        nu = self.snapshot()
        tellers = {naam: waarde - getattr(eerder, naam) for naam, waarde in vars(nu).items() if isinstance(waarde, int)}
        return Uitslag(cel, self.configuratie, **tellers)


@contextlib.asynccontextmanager
async def field_trial(map_: Path, opstelling: Opstelling) -> AsyncIterator[Veldproef]:
    """Give a running field trial."""
    proef = await asyncio.to_thread(Veldproef, map_, *opstelling)
    try:
        await proef.start()
        yield proef
    finally:
        await proef.close()


def _fuse(knoop: Knoop) -> Path:
    """File that tells a node where to die."""
    return knoop.map / f"{knoop.naam}.lont"


def _books(partij: StufPartij | Ophaler) -> list[tuple[str, str, str]]:
    """What a partij booked, in order: referentienummer, ontvanger in the envelope, digest of the payload."""
    if isinstance(partij, Ophaler):
        return [(ref, naar, digest) for ref, (naar, digest) in partij.geboekt.items()]
    return [
        (b.referentienummer, b.envelop.stuurgegevens.ontvanger.organisatie, b.digest)
        for b in partij.grootboek.of(Richting.ONTVANGEN)
    ]


def _digest(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()


def bericht(nummer: int, naar: str, van: str = GEMEENTE.code) -> bytes:
    """A WMO319, the smallest heenbericht of a gemeente; no two are the same."""
    return build(
        ingebouwd().find("WMO319", "3.2"),
        {
            "Header": {
                "Afzender": van,
                "Ontvanger": naar,
                "BerichtIdentificatie": {"Identificatie": str(nummer), "Dagtekening": "2026-01-05"},
                "XsdVersie": {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"},
            },
            "Antwoord": {"ReferentieAanbieder": f"R{nummer}", "VerzoekAntwoord": "2"},
        },
    )
