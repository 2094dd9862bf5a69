"""Receivers that misbehave in the middle of a delivery: each bericht is booked, once, in order, whatever they do."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from proefhub import Deelnemer, Proefhub
from veldproef import GEMEENTE, LEASE_MS, bericht

from knooppunt.simulatie.grootboek import Richting
from knooppunt.simulatie.stuf import PAD
from routing.poorten import Uitkomstsoort

_AANTAL = 9
_ANTWOORD = 1  # seconds that the hub waits for an answer
_TE_LAAT = _ANTWOORD / 2
_FOUT = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
    b"<faultcode>s:Server</faultcode><faultstring>Nu even niet</faultstring></s:Fault></s:Body></s:Envelope>"
)

Verbinding = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Stoorzender:
    """Stands before a partij, passes requests on, and misbehaves on every third one.

    `geboekt_en_gestoord` counts the requests that the partij did get while the hub got no good answer.
    """

    def __init__(self, aard: str, server: ssl.SSLContext, client: ssl.SSLContext) -> None:
        self._doe: Callable[[bytes, asyncio.StreamWriter], Awaitable[None]] = getattr(self, f"_{aard}")
        self._server, self._client = server, client
        self._aantal = 0
        self._doel = 0
        self._taken: set[asyncio.Task[object]] = set()
        self.geboekt_en_gestoord = 0

    async def start(self, doel: str) -> str:
        """Listen before the partij that listens at `doel`, and return the address."""
        self._doel = int(doel.removesuffix(PAD).rsplit(":", 1)[1])
        self._luister = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._server)
        return f"https://127.0.0.1:{self._luister.sockets[0].getsockname()[1]}{PAD}"

    async def stop(self) -> None:
        self._luister.close()
        for taak in self._taken:
            taak.cancel()
        await asyncio.gather(*self._taken, return_exceptions=True)

    async def _serve(self, lezer: asyncio.StreamReader, schrijver: asyncio.StreamWriter) -> None:
        taak = asyncio.current_task()
        assert taak is not None
        self._taken.add(taak)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while not schrijver.is_closing():
                kop = await lezer.readuntil(b"\r\n\r\n")
                lengte = next(int(r[15:]) for r in kop.lower().split(b"\r\n") if r.startswith(b"content-length:"))
                verzoek = kop + await lezer.readexactly(lengte)
                self._aantal += 1
                if self._aantal % 3 == 1:
                    await self._doe(verzoek, schrijver)
                else:
                    begin = asyncio.get_running_loop().time()
                    antwoord = await self._forward(verzoek)
                    if asyncio.get_running_loop().time() - begin > _TE_LAAT:
                        self.geboekt_en_gestoord += 1  # a slow machine did what we did not: the hub may have hung up
                    schrijver.write(antwoord)
                await schrijver.drain()
        schrijver.close()

    async def _forward(self, verzoek: bytes) -> bytes:
        lezer, schrijver = await asyncio.open_connection("127.0.0.1", self._doel, ssl=self._client)
        schrijver.write(verzoek)
        kop = await lezer.readuntil(b"\r\n\r\n")
        lengte = next(int(r[15:]) for r in kop.lower().split(b"\r\n") if r.startswith(b"content-length:"))
        antwoord = kop + await lezer.readexactly(lengte)
        schrijver.close()
        return antwoord

    async def _hangt(self, verzoek: bytes, _schrijver: asyncio.StreamWriter) -> None:
        self.geboekt_en_gestoord += 1
        await self._forward(verzoek)
        await asyncio.Event().wait()  # until the hub gives up and closes, or the test ends

    async def _verbreekt(self, verzoek: bytes, schrijver: asyncio.StreamWriter) -> None:
        self.geboekt_en_gestoord += 1
        await self._forward(verzoek)
        schrijver.transport.abort()

    async def _dubbelt(self, verzoek: bytes, schrijver: asyncio.StreamWriter) -> None:
        self.geboekt_en_gestoord += 1  # the second answer may spoil the next exchange
        schrijver.write(2 * await self._forward(verzoek))

    async def _faalt_met_200(self, _verzoek: bytes, schrijver: asyncio.StreamWriter) -> None:
        kop = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(_FOUT)}\r\n\r\n"
        schrijver.write(kop.encode() + _FOUT)

    async def _houdt_niet_op(self, verzoek: bytes, schrijver: asyncio.StreamWriter) -> None:
        self.geboekt_en_gestoord += 1
        await self._forward(verzoek)
        schrijver.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            schrijver.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await schrijver.drain()


AARD = ("hangt", "verbreekt", "dubbelt", "faalt_met_200", "houdt_niet_op")


@pytest.mark.timeout(120)
async def test_a_receiver_that_misbehaves_gets_everything_in_order(tmp_path: Path):
    deelnemers = [Deelnemer(f"9100000{n}", f"Zorg {aard}") for n, aard in enumerate(AARD)]
    hub = await asyncio.to_thread(Proefhub, tmp_path, (GEMEENTE, *deelnemers))
    gemeente = hub.stuf_partij(GEMEENTE.code)
    partijen = [hub.stuf_partij(d.code) for d in deelnemers]
    stoorzenders = [Stoorzender(aard, *hub.credentials(d.code)) for aard, d in zip(AARD, deelnemers, strict=True)]
    try:
        adressen = {GEMEENTE.code: await gemeente.start()}
        for partij, stoorzender in zip(partijen, stoorzenders, strict=True):
            adressen[partij.code] = await stoorzender.start(await partij.start())
        await hub.register(adressen)
        await hub.start(KNOOPPUNT_AFLEVERING__ANTWOORD_SECONDEN=str(_ANTWOORD), KNOOPPUNT_LEASE_MS=str(LEASE_MS))
        gemeente.connect_hub(hub.basis)

        async def stuur(naar: str) -> list[str]:
            refs = []
            for nummer in range(_AANTAL):
                verzending = await gemeente.send("WMO319", bericht(nummer, naar), naar)
                assert verzending.uitkomst.soort is Uitkomstsoort.BEZORGD
                refs.append(verzending.referentienummer)
            return refs

        verzonden = await asyncio.gather(*(stuur(p.code) for p in partijen))
        for partij, refs in zip(partijen, verzonden, strict=True):
            await partij.grootboek.wait_for(lambda b, laatste=refs[-1]: b.referentienummer == laatste, 60)
        assert await hub.stop() == 0
        for aard, partij, stoorzender, refs in zip(AARD, partijen, stoorzenders, verzonden, strict=True):
            assert [b.referentienummer for b in partij.grootboek.of(Richting.ONTVANGEN)] == refs, aard
            assert partij.grootboek.herhalingen <= stoorzender.geboekt_en_gestoord, aard
    finally:
        await hub.stop()
        for stoorzender in stoorzenders:
            await stoorzender.stop()
        for partij in (gemeente, *partijen):
            await partij.close()
