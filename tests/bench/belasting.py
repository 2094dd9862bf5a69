"""The world around a hub under measurement, as a process of its own: a zender that offers, ontvangers that receive.

Reads one JSON object per line and answers each with one. The first says who is there (`pki`, `zender`, `ontvangers`)
and is answered with the port of every partij; each next one asks for one run, which waits for an empty line when its
connections stand, and says so with one. Requests are written and answers read with next to no work, so that this side
leaves as much of the machine as it can to the side that is measured: no task, no stream and no parser stands between a
connection and what is counted.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import random
import re
import ssl
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from adapters.stufggk.antwoord_schrijven import write_bv03
from adapters.stufggk.envelop_schrijven import compose
from adapters.stufggk.server import PAD
from adapters.stufggk.weigering import AntwoordOp
from istandaarden.catalogus import ingebouwd
from istandaarden.voorbeeld import make_voorbeeld
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.tls import client_context, server_context
from routing.bericht import Systeem
from routing.payload import Payload

MENGSEL = (("WMO301", 2), ("JW301", 3), ("WMO301", 1), ("JW319", 1))
"""What is sent in turn: berichtsoort and size of the sample, 1 to 4.5 kB."""
_PLEK = "00000000-0000-4000-8000-000000000000"
_KENMERK = re.compile(rb"<StUF:referentienummer>([0-9a-f-]{36})<")
_LENGTE = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_GROOT = 1024 * 1024  # bytes; a bericht of this size passes by beside those that are counted
_GEDULD_S = 120


@dataclass(frozen=True)
class _Wereld:
    zender: str
    ontvangers: tuple[str, ...]
    server: ssl.SSLContext
    client: ssl.SSLContext


class _Boek:
    """What the ontvangers got in one run; `vol` when that is as many berichten as are sent."""

    def __init__(self) -> None:
        self.begin(0)

    def begin(self, verwacht: int) -> None:
        self.geboekt: list[bytes] = []
        self.vol = asyncio.Event()
        self._verwacht = verwacht

    def book(self, kenmerk: bytes) -> None:
        self.geboekt.append(kenmerk)
        if len(self.geboekt) == self._verwacht:
            self.vol.set()


class _Partij(asyncio.Protocol):
    """One kept connection, over which one HTTP message comes at a time; one that comes in one piece is not copied."""

    def __init__(self) -> None:
        self._deel = bytearray()

    def connection_made(self, transport: Any) -> None:  # of uvloop, which is no subclass of asyncio's
        self._transport: asyncio.Transport = transport

    def data_received(self, data: bytes | bytearray) -> None:
        if self._deel:
            self._deel += data
            data = self._deel
        kop = data.find(b"\r\n\r\n")
        lengte = _LENGTE.search(data, 0, kop + 2) if kop > 0 else None
        if lengte is None and kop > 0:
            raise ValueError(bytes(data[:kop]))
        if lengte is None or len(data) < kop + 4 + int(lengte[1]):
            if data is not self._deel:
                self._deel += data
            return
        self._deel = bytearray()
        self._take(data, kop)

    def _take(self, bericht: bytes | bytearray, kop: int) -> None:
        """Do what one has to do with a message, of which the head ends at `kop`."""
        raise NotImplementedError


class _Ontvanger(_Partij):
    """Books the referentienummer of each bericht and answers with a Bv03."""

    def __init__(self, boek: _Boek) -> None:
        super().__init__()
        self._boek = boek

    def _take(self, bericht: bytes | bytearray, kop: int) -> None:
        gevonden = _KENMERK.search(bericht, kop)
        assert gevonden is not None
        kenmerk = gevonden[1]
        if len(bericht) < _GROOT:
            self._boek.book(kenmerk)
        self._transport.write(_BV03_BEGIN + kenmerk + _BV03_EIND)


def _receipt() -> tuple[bytes, bytes]:
    body = write_bv03(
        Systeem("SVB", "Put"), AntwoordOp(Systeem("IB", "GGK"), _PLEK), str(uuid.uuid4()), "20260105120000000"
    )
    kop = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(body)
    voor, _, na = body.partition(_PLEK.encode())
    return kop + voor, na


_BV03_BEGIN, _BV03_EIND = _receipt()


def _requests(wereld: _Wereld) -> list[tuple[bytes, bytes]]:
    """Return a ready HTTP request per ontvanger and bericht of the mixture, cut where the referentienummer goes."""
    verzoeken = []
    for code, grootte in MENGSEL:
        voorbeeld = make_voorbeeld(ingebouwd().find(code, "3.2"), grootte=grootte)
        voorbeeld = re.sub(rb"(:Afzender>)[^<]+", rb"\g<1>" + wereld.zender.encode(), voorbeeld, count=1)
        for ontvanger in wereld.ontvangers:
            payload = re.sub(rb"(:Ontvanger>)[^<]+", rb"\g<1>" + ontvanger.encode(), voorbeeld, count=1)
            uitgaand = compose(compose_envelop(van=wereld.zender, naar=ontvanger, functie=code), Payload(payload))
            body = b"".join(uitgaand.chunks())
            assert base64.b64encode(payload) in body
            kop = (
                f"POST {PAD} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml; charset=utf-8\r\n"
                f'SOAPAction: "{uitgaand.soap_action}"\r\nContent-Length: {len(body)}\r\n\r\n'
            ).encode()
            plek = _KENMERK.search(body)
            assert plek is not None
            verzoeken.append((kop + body[: plek.start(1)], body[plek.end(1) :]))
    return verzoeken


class _Ronde:
    """One run: `aantal` berichten over `tegelijk` connections, as fast as they go or `tempo` per second."""

    def __init__(self, verzoeken: list[tuple[bytes, bytes]], opdracht: dict[str, Any]) -> None:
        self._poort: int = opdracht["poort"]
        self.tempo: float | None = opdracht["tempo"]
        self.begin = 0.0
        self.verzonden = [*_kenmerken(opdracht["aantal"])]
        self.rij: Iterator[tuple[int, bytes]] = enumerate(self.verzonden)
        self.verzoeken = verzoeken
        self.wachttijden: list[float] = []
        self._open: int = opdracht["tegelijk"]
        self._klaar: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def connect(self, client: ssl.SSLContext) -> None:
        lus = asyncio.get_running_loop()
        self._zenders: list[_Zender] = []
        for _ in range(self._open):
            _, zender = await lus.create_connection(lambda: _Zender(self), "127.0.0.1", self._poort, ssl=client)
            self._zenders.append(zender)

    async def run(self) -> None:
        self.begin = time.perf_counter()
        for zender in self._zenders:
            zender.offer()
        await self._klaar

    def end(self, fout: Exception | None) -> None:
        """Note that a connection has ended: nothing was left to send, or something is wrong."""
        self._open -= 1
        if self._klaar.done():
            return
        if fout is not None:
            self._klaar.set_exception(fout)
        elif not self._open:
            self._klaar.set_result(None)


class _Zender(_Partij):
    """Offers one bericht after the other."""

    def __init__(self, ronde: _Ronde) -> None:
        super().__init__()
        self._ronde = ronde
        self._moment = 0.0
        self._fout: Exception | None = RuntimeError("the connection was closed")

    def offer(self) -> None:
        """Offer the next bericht, or close when there is none."""
        nummer, kenmerk = next(self._ronde.rij, (0, b""))
        if not kenmerk:
            self._fout = None
            self._transport.close()
            return
        voor, na = self._ronde.verzoeken[nummer % len(self._ronde.verzoeken)]
        verzoek = voor + kenmerk + na
        self._fout = RuntimeError("no answer")
        self._moment = time.perf_counter()
        if self._ronde.tempo is not None:
            # With a rate, waiting counts from when the bericht should have gone, not from when there was room for it.
            nu, self._moment = self._moment, self._ronde.begin + nummer / self._ronde.tempo
            if self._moment > nu:
                asyncio.get_running_loop().call_later(self._moment - nu, self._transport.write, verzoek)
                return
        self._transport.write(verzoek)

    def _take(self, bericht: bytes | bytearray, kop: int) -> None:
        self._ronde.wachttijden.append(time.perf_counter() - self._moment)
        if not (bericht.startswith(b"HTTP/1.1 200") and bericht.find(b"Bv03Bericht", kop) > 0):
            self._fout = RuntimeError(bytes(bericht))
            self._transport.abort()
            return
        self.offer()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._ronde.end(self._fout)


def _kenmerken(aantal: int) -> Iterator[bytes]:
    """Make that many different UUIDs, of which the beginnings follow each other without order as those of v4 do."""
    vast = str(uuid.uuid4())[8:]
    begin = random.getrandbits(32)
    for n in range(aantal):
        yield b"%08x%b" % ((begin + n * 0x9E3779B1) & 0xFFFFFFFF, vast.encode())


async def _serve(opdrachten: asyncio.StreamReader) -> None:
    start = json.loads(await opdrachten.readline())
    pki = Path(start["pki"])

    def tls(code: str) -> Any:
        return credentials(pki / f"{code}.pem", pki / f"{code}.key", pki / "ca.pem")

    ontvangers = tuple(start["ontvangers"])
    wereld = _Wereld(
        start["zender"], ontvangers, server_context(tls(ontvangers[0])), client_context(tls(start["zender"]))
    )
    boek = _Boek()
    lus = asyncio.get_running_loop()
    poorten = {}
    for code in (*ontvangers, wereld.zender):
        server = await lus.create_server(lambda: _Ontvanger(boek), "127.0.0.1", 0, ssl=wereld.server)
        poorten[code] = server.sockets[0].getsockname()[1]
    print(json.dumps(poorten), flush=True)
    verzoeken = _requests(wereld)
    gc.freeze()
    gc.disable()  # between two runs it is cleaned up
    while regel := await opdrachten.readline():
        opdracht = json.loads(regel)
        ronde = _Ronde(verzoeken, opdracht)
        boek.begin(len(ronde.verzonden))
        await ronde.connect(wereld.client)
        print(flush=True)
        await opdrachten.readline()
        begin = time.perf_counter()
        async with asyncio.timeout(_GEDULD_S):
            await ronde.run()
        if not opdracht["alleen_aannemen"]:
            async with asyncio.timeout(_GEDULD_S):
                await boek.vol.wait()
        duur = time.perf_counter() - begin
        if not opdracht["alleen_aannemen"]:
            assert Counter(boek.geboekt) == Counter(ronde.verzonden)  # each one once, and nothing else
        tijden = sorted(ronde.wachttijden)
        p50, p99 = tijden[len(tijden) // 2] * 1000, tijden[len(tijden) * 99 // 100] * 1000
        gc.collect()
        print(json.dumps({"duur_s": duur, "p50_ms": p50, "p99_ms": p99}), flush=True)


async def _main() -> None:
    lezer = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lezer), sys.stdin)
    await _serve(lezer)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main())
