"""A simulated VECOZO: the VSP interface for a hub, with zorgaanbieders behind it that read and answer.

It is a small hub of its own, with a log that lasts as long as it runs: what a hub pushes lies ready for a
zorgaanbieder, what that one answers lies ready for the hub, and what is wrong comes back as a Fo01 of VECOZO.
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
import uuid
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from aiohttp import web

from adapters.vsp.paden import PULL, PUSH, STATUS
from adapters.vsp.server import PREFIX, VspInterface
from istandaarden.gemeenten import gemeenten
from knooppunt.luisteraar import Luisteraar
from knooppunt.simulatie.antwoord import answer, replies
from knooppunt.simulatie.grootboek import Boeking, Grootboek, Richting
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.storing import NIET_VERWERKT, Storing, Storingen
from knooppunt.simulatie.verstoring import disturb, strike
from knooppunt.tls import identify
from routing import tijdstip
from routing.afhaal import Afhaalbak, Klaarstaand
from routing.bericht import Aanlevering, Identiteit
from routing.foutbericht import Afzender, Foutmelder
from routing.fouten import make_fout
from routing.intake import Intake
from routing.kluis import Kluis
from routing.opslag import Opslag, upgrade
from routing.partij import TUSSENPARTIJ, Aansluiting, Kanaal, Machtiging, Partij, Partijsoort, Protocol
from routing.partij import Richting as Machtigingsrichting
from routing.payload import Payload
from routing.poorten import Ontvangst, Ontvangstsoort
from routing.register import Register, RegisterBron
from routing.toetsing import Toetser
from routing.vastlegging import Termijnen

_HUB: Final = Identiteit("00000000000000000001", "", "de aangesloten hub")
_BINNEN: Final = Identiteit("00000000000000000002", "", "een zorgaanbieder achter VECOZO")
_DAG_MS: Final = 24 * 3600 * 1000
_BERICHTEN: Final = ("WMO*", "JW*")


class VecozoSimulatie:
    """VECOZO with some zorgaanbieders behind it; use as an asynchronous context manager.

    `grootboeken` holds what each zorgaanbieder received and sent, `url` is the address for the register of a hub, and
    `mislukt` lists, in Dutch, answers that were not taken. Faults are drawn by the functie of what is pushed, and for
    the other requests by ``lijst``, ``payload``, ``bevestiging`` and ``status``.
    """

    def __init__(
        self,
        zorgaanbieders: Iterable[str],
        *,
        server: ssl.SSLContext | None,
        antwoordt: bool = True,
        meld: Callable[[Boeking], None] | None = None,
        storingen: Storingen | None = None,
    ) -> None:
        """Take the AGB codes and a TLS context; None serves plain HTTP, for tests."""
        self.grootboeken = {code: Grootboek(meld) for code in zorgaanbieders}
        self.storingen = storingen or Storingen()
        self.mislukt: list[str] = []
        self.url = ""
        self._server = server
        self._antwoordt = antwoordt
        self._stapel = AsyncExitStack()
        self._sein = asyncio.Event()
        self._getroffen: dict[str, Storing] = {}

    async def start(self, poort: int = 0) -> str:
        """Open the listener on 127.0.0.1 and return the address for the register; 0 takes a free port.

        Raises:
            OSError: the port is taken.
        """
        async with AsyncExitStack() as stapel:
            map_ = Path(stapel.enter_context(tempfile.TemporaryDirectory(prefix="vecozo-")))
            url = f"sqlite:///{map_ / 'vecozo.db'}"
            await asyncio.to_thread(upgrade, url)
            opslag, kluis = Opslag(url), Kluis.create(map_ / "sleutels")
            stapel.push_async_callback(opslag.close)
            bron = RegisterBron(_register(self.grootboeken))
            melder = Foutmelder(kluis, bron, Termijnen(_DAG_MS, _DAG_MS), Afzender(TUSSENPARTIJ, "VECOZOWebservice"))
            self._intake = Intake(opslag, melder, Toetser(), lambda _lane: self._sein.set())
            self._bak = Afhaalbak(opslag, kluis)
            app = web.Application(middlewares=[disturb(self.storingen, _verrichting)])
            VspInterface(self, self._bak, bron, self._identify).add_routes(app)
            luisteraar = Luisteraar(app, "127.0.0.1", poort, tls=self._server)
            stapel.push_async_callback(luisteraar.stop)
            await luisteraar.start()
            lezers = asyncio.create_task(self._read_all(), name="vecozo-zorgaanbieders")
            stapel.push_async_callback(_cancel, lezers)
            self.url = f"{luisteraar.url}{PREFIX}{PUSH}/berichten"
            self._stapel = stapel.pop_all()
        return self.url

    async def close(self) -> None:
        """Stop, and forget everything but the ledgers."""
        await self._stapel.aclose()

    def _identify(self, request: web.Request) -> Identiteit:
        if self._server is not None:
            identify(request)  # whoever our authority knows is the hub
        return _HUB

    async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
        """Take in what the hub pushes."""
        sg = aanlevering.envelop.stuurgegevens
        storing = strike(self.storingen, sg.functie or sg.berichtcode.value)
        if storing is not None and storing.soort in NIET_VERWERKT:
            fout = make_fout("opslaan_onmogelijk", "B")
            return Ontvangst(Ontvangstsoort.GEWEIGERD, str(uuid.uuid4()), tijdstip.now(), fout=fout)
        if storing is not None:
            self._getroffen[sg.referentienummer] = storing
        return await self._intake.accept(aanlevering)

    async def send(
        self, van: str, functie: str, payload: bytes, naar: str, *, antwoord_op: str | None = None
    ) -> Ontvangst:
        """Let a zorgaanbieder hand in one bericht, for the hub to collect."""
        envelop = compose_envelop(van=van, naar=naar, functie=functie, antwoord_op=antwoord_op)
        await self.grootboeken[van].record(Richting.VERZONDEN, envelop, payload)
        return await self._intake.accept(Aanlevering(envelop, Payload(payload), _BINNEN, "vsp"))

    async def _read_all(self) -> None:
        while True:
            await self._sein.wait()
            self._sein.clear()
            for code in self.grootboeken:
                while klaar := await self._bak.list_ready({code}, limit=50):
                    for bericht in klaar:
                        await self._read(code, bericht)

    async def _read(self, code: str, bericht: Klaarstaand) -> None:
        sg = bericht.envelop.stuurgegevens
        geopend = await self._bak.open({code}, sg.referentienummer)
        if geopend is None:
            return
        payload = b"".join(geopend[1].chunks())
        await self.grootboeken[code].record(Richting.ONTVANGEN, bericht.envelop, payload)
        await self._bak.confirm({code}, sg.referentienummer)
        storing = self._getroffen.pop(sg.referentienummer, None)
        antwoord = None
        if self._antwoordt and sg.functie is not None:
            antwoord = await asyncio.to_thread(answer, sg.functie, payload)
        if antwoord is None:
            return
        for terug, antwoord_op in replies(antwoord, sg.referentienummer, storing):
            naar = sg.zender.organisatie
            ontvangst = await self.send(code, terug.functie, terug.payload, naar, antwoord_op=antwoord_op)
            if ontvangst.fout is not None:
                self.mislukt.append(f"{terug.functie}: {ontvangst.fout.omschrijving}")


def _register(zorgaanbieders: Iterable[str]) -> Register:
    """Let the hub speak for every gemeente, and everybody send and receive everything."""
    hier, daar = [*gemeenten()], [*zorgaanbieders]
    wie = [(code, _HUB) for code in hier] + [(code, _BINNEN) for code in daar]
    return Register.of(
        (Partij(code, Partijsoort.ZORGAANBIEDER, f"zorgaanbieder {code}") for code in daar),
        (Aansluiting(code, (f"oin:{wij.oin}",), Kanaal.PULL, Protocol.VSP) for code, wij in wie),
        (
            Machtiging(code, richting, soort)
            for code, _ in wie
            for richting in Machtigingsrichting
            for soort in _BERICHTEN
        ),
    )


def _verrichting(request: web.Request) -> str | None:
    pad = request.path.removeprefix(PREFIX)
    if pad.startswith(STATUS):
        return "status"
    if not pad.startswith(PULL):
        return None
    if request.method == "DELETE":
        return "bevestiging"
    return "payload" if pad.endswith("/payload") else "lijst"


async def _cancel(taak: asyncio.Task[None]) -> None:
    taak.cancel()
    await asyncio.gather(taak, return_exceptions=True)
