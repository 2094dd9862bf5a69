"""An Afleveraar with its surroundings, and a counterpart that answers as the test wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import sqlalchemy as sa

from routing import logboek, schema
from routing.aflevering import Afleveraar, Instellingen
from routing.bericht import Foutinhoud
from routing.fouten import Fout
from routing.klok import Klok, now_ms
from routing.kluis import Kluis
from routing.ladder import Ladder
from routing.opslag import Opslag
from routing.partij import Aansluiting, Kanaal, Partij, Partijsoort, Protocol
from routing.poorten import Uitkomst, Uitkomstsoort, Zending
from routing.register import Register, RegisterBron

Stort = Callable[..., str]
LANE = "99010001"
BEZORGD = Uitkomst(Uitkomstsoort.BEZORGD, "Bv03", 200)
TIJDELIJK = Uitkomst(Uitkomstsoort.TIJDELIJK, "Geen verbinding")
BLIJVEND = Uitkomst(Uitkomstsoort.BLIJVEND, "Geweigerd", 500, Foutinhoud("StUF055", "client", "body niet goed"))
DAG_MS = 86_400_000


class Tegenpartij:
    """A Bezorger that answers by script and keeps what it got."""

    def __init__(self) -> None:
        self.antwoorden: list[Uitkomst | Exception] = []
        self.ontvangen: list[Zending] = []
        self.inhoud: list[bytes] = []
        self.bij: Callable[[Zending], Awaitable[None]] | None = None

    async def deliver(self, zending: Zending) -> Uitkomst:
        self.ontvangen.append(zending)
        if self.bij is not None:
            await self.bij(zending)
        self.inhoud.append(b"".join(zending.payload.chunks()))
        antwoord = self.antwoorden.pop(0) if self.antwoorden else BEZORGD
        if isinstance(antwoord, Exception):
            raise antwoord
        return antwoord

    async def close(self) -> None:
        """Nothing to release."""


class Opstelling:
    """An Afleveraar with its surroundings, and questions about what it did."""

    def __init__(self, opslag: Opslag, kluis: Kluis, klok: Klok, stort: Stort) -> None:
        self.opslag, self.klok, self._stort = opslag, klok, stort
        self.tegenpartij = Tegenpartij()
        self.fouten: list[Fout] = []
        self.bron = RegisterBron()
        self.sluit_aan(*(f"9901000{n}" for n in range(5)))
        self.instellingen = Instellingen(poll_s=0.02, ladder=Ladder(60, 3600))
        self.kluis = kluis
        self.motor = self.bouw()

    def sluit_aan(self, *codes: str, kanaal: Kanaal = Kanaal.PUSH, **anders: object) -> None:
        self.bron._register = Register.of(
            [Partij(code, Partijsoort.ZORGAANBIEDER, code) for code in codes],
            [Aansluiting(code, (), kanaal, Protocol.STUF, "https://127.0.0.1/", **anders) for code in codes],
            [],
        )

    def bouw(self, **anders: object) -> Afleveraar:
        self.instellingen = replace(self.instellingen, **anders)
        self.motor = Afleveraar(
            self.opslag,
            self.kluis,
            self.bron,
            {Protocol.STUF: self.tegenpartij},
            self.meld,
            instellingen=self.instellingen,
        )
        return self.motor

    def meld(self, conn: sa.Connection, bericht_id: str, fout: Fout) -> None:
        logboek.record(conn, bericht_id, "fo01", None, {"code": fout.code})

    async def stort(self, *args: object, **kwargs: object) -> str:
        return await self.opslag.write(self._stort, *args, **kwargs)

    async def tot(self, klaar: Callable[[], Awaitable[bool]]) -> None:
        """Let the engine work until something holds; the test's own time-out is the limit."""
        self.motor.start()
        try:
            while not await klaar():  # noqa: ASYNC110 - what is awaited is in the database
                await asyncio.sleep(0)
        finally:
            await self.motor.stop()

    async def stop_midden(self, aantal: int = 1) -> None:
        """Stop while so many attempts are on their way, which breaks them off; then the counterpart answers again."""
        bezig = asyncio.Event()

        async def eeuwig(_zending: Zending) -> None:
            if len(self.tegenpartij.ontvangen) == aantal:
                bezig.set()
            await asyncio.Event().wait()

        self.tegenpartij.bij = eeuwig
        self.bouw(stop_s=0.01).start()
        await bezig.wait()
        await self.motor.stop()
        self.tegenpartij.bij = None
        self.bouw(stop_s=30)

    async def reis(self) -> int:
        """Travel to the moment at which the lane is due, when it waits; returns how long it had to wait, in ms."""
        lane, nu = await self.lane(), await self.opslag.read(now_ms)
        wacht = max(0, lane.next_due - nu)
        self.klok.verschuiving_ms += wacht
        return wacht

    async def tot_status(self, bericht_id: str, status: str) -> None:
        async def klaar() -> bool:
            return await self.status(bericht_id) == status

        await self.tot(klaar)

    async def status(self, bericht_id: str) -> str:
        b = schema.bericht.c
        return await self.opslag.read(lambda conn: conn.execute(sa.select(b.status).where(b.id == bericht_id)).scalar())

    async def verhaal(self, bericht_id: str) -> list[str]:
        g = schema.gebeurtenis.c
        vraag = sa.select(g.soort, g.status).where(g.bericht_id == bericht_id).order_by(g.id)
        rijen = await self.opslag.read(lambda conn: conn.execute(vraag).all())
        return [f"{rij.soort}: {rij.status}" if rij.status else rij.soort for rij in rijen]

    async def pogingen(self, bericht_id: str) -> list[int]:
        """The numbers of its attempts, as the history gives them."""
        g = schema.gebeurtenis.c
        vraag = sa.select(g.toelichting).where(g.bericht_id == bericht_id, g.soort == "poging").order_by(g.id)
        rijen = await self.opslag.read(lambda conn: conn.execute(vraag).scalars().all())
        return [json.loads(feiten)["poging"] for feiten in rijen]

    async def aflevering(self, bericht_id: str) -> sa.Row:
        a = schema.aflevering
        return await self.opslag.read(lambda conn: conn.execute(sa.select(a).where(a.c.bericht_id == bericht_id)).one())

    async def lane(self, naam: str = LANE) -> sa.Row:
        tabel = schema.lane
        return await self.opslag.read(lambda conn: conn.execute(sa.select(tabel).where(tabel.c.naam == naam)).one())
