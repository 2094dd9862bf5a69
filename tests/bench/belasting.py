"""The world around a hub under measurement, as a process of its own: a zender that offers, ontvangers that receive.

Reads one JSON object per line and answers each with one. The first says who is there (`pki`, `zender`, `ontvangers`)
and is answered with the port of every partij; each next one asks for one run. Requests are written and answers read
with next to no work, so that this side leaves as much of the machine as it can to the side that is measured.
"""

from __future__ import annotations

import asyncio
import base64
import json
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
_GROOT = 1024 * 1024  # bytes; a bericht of this size passes by beside those that are counted
_GEDULD_S = 120


@dataclass(frozen=True)
class _Wereld:
    zender: str
    ontvangers: tuple[str, ...]
    server: ssl.SSLContext
    client: ssl.SSLContext


class _Ontvanger(asyncio.Protocol):
    """One kept connection to an ontvanger: books the referentienummer of each bericht and answers with a Bv03."""

    def __init__(self, geboekt: Counter[str], nieuw: asyncio.Event) -> None:
        self._geboekt, self._nieuw = geboekt, nieuw
        self._buf = bytearray()

    def connection_made(self, transport: Any) -> None:  # of uvloop, which is no subclass of asyncio's
        self._transport: asyncio.Transport = transport

    def data_received(self, data: bytes) -> None:
        self._buf += data
        if (kop := self._buf.find(b"\r\n\r\n")) < 0:
            return
        einde = kop + 4 + _length(bytes(self._buf[:kop]))
        if len(self._buf) < einde:
            return
        gevonden = _KENMERK.search(self._buf, kop)
        assert gevonden is not None
        kenmerk = gevonden[1].decode()
        del self._buf[:einde]
        if einde < _GROOT:
            self._geboekt[kenmerk] += 1
            self._nieuw.set()
        self._transport.write(_BV03_BEGIN + kenmerk.encode() + _BV03_EIND)


def _receipt() -> tuple[bytes, bytes]:
    body = write_bv03(
        Systeem("SVB", "Put"), AntwoordOp(Systeem("IB", "GGK"), _PLEK), str(uuid.uuid4()), "20260105120000000"
    )
    kop = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(body)
    voor, _, na = body.partition(_PLEK.encode())
    return kop + voor, na


_BV03_BEGIN, _BV03_EIND = _receipt()


def _length(kop: bytes) -> int:
    for regel in kop.lower().split(b"\r\n"):
        if regel.startswith(b"content-length:"):
            return int(regel[15:])
    raise ValueError(kop)


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


class _Loop:
    """One run: `aantal` berichten over `tegelijk` connections, as fast as they go or `tempo` per second."""

    def __init__(self, wereld: _Wereld, verzoeken: list[tuple[bytes, bytes]], opdracht: dict[str, Any]) -> None:
        self._wereld = wereld
        self._poort = opdracht["poort"]
        self._aantal, self._tegelijk = opdracht["aantal"], opdracht["tegelijk"]
        self._tempo: float | None = opdracht.get("tempo")
        self._reeks: Iterator[tuple[int, tuple[bytes, bytes]]] = iter(
            [(n, verzoeken[n % len(verzoeken)]) for n in range(self._aantal)]
        )
        self.verzonden: list[str] = []
        self.wachttijden: list[float] = []

    async def run(self) -> None:
        begin = time.perf_counter() + 0.05
        async with asyncio.TaskGroup() as taken:
            for _ in range(self._tegelijk):
                taken.create_task(self._send(begin))

    async def _send(self, begin: float) -> None:
        lezer, schrijver = await asyncio.open_connection("127.0.0.1", self._poort, ssl=self._wereld.client)
        for nummer, (voor, na) in self._reeks:
            # With a rate, waiting counts from when the bericht should have gone, not from when there was room for it.
            moment = time.perf_counter() if self._tempo is None else begin + nummer / self._tempo
            if (rust := moment - time.perf_counter()) > 0:
                await asyncio.sleep(rust)
            kenmerk = str(uuid.uuid4())
            schrijver.write(voor + kenmerk.encode() + na)
            kop = await lezer.readuntil(b"\r\n\r\n")
            antwoord = await lezer.readexactly(_length(kop))
            self.wachttijden.append(time.perf_counter() - moment)
            assert kop.startswith(b"HTTP/1.1 200"), antwoord
            assert b"Bv03Bericht" in antwoord
            self.verzonden.append(kenmerk)
        schrijver.close()
        await schrijver.wait_closed()


async def _serve(opdrachten: asyncio.StreamReader) -> None:
    start = json.loads(await opdrachten.readline())
    pki = Path(start["pki"])

    def tls(code: str) -> Any:
        return credentials(pki / f"{code}.pem", pki / f"{code}.key", pki / "ca.pem")

    ontvangers = tuple(start["ontvangers"])
    wereld = _Wereld(
        start["zender"], ontvangers, server_context(tls(ontvangers[0])), client_context(tls(start["zender"]))
    )
    geboekt: Counter[str] = Counter()
    nieuw = asyncio.Event()
    lus = asyncio.get_running_loop()
    poorten = {}
    for code in (*ontvangers, wereld.zender):
        server = await lus.create_server(lambda: _Ontvanger(geboekt, nieuw), "127.0.0.1", 0, ssl=wereld.server)
        poorten[code] = server.sockets[0].getsockname()[1]
    print(json.dumps(poorten), flush=True)
    verzoeken = _requests(wereld)
    while regel := await opdrachten.readline():
        opdracht = json.loads(regel)
        geboekt.clear()
        begin = time.perf_counter()
        ronde = _Loop(wereld, verzoeken, opdracht)
        await ronde.run()
        async with asyncio.timeout(_GEDULD_S):
            while len(geboekt) < len(ronde.verzonden) and not opdracht["alleen_aannemen"]:
                nieuw.clear()
                await nieuw.wait()
        duur = time.perf_counter() - begin
        if not opdracht["alleen_aannemen"]:
            assert geboekt == Counter(ronde.verzonden)  # each one once, and nothing else
        tijden = sorted(ronde.wachttijden)
        p50, p99 = tijden[len(tijden) // 2] * 1000, tijden[len(tijden) * 99 // 100] * 1000
        print(json.dumps({"duur_s": duur, "p50_ms": p50, "p99_ms": p99}), flush=True)


async def _main() -> None:
    lezer = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lezer), sys.stdin)
    await _serve(lezer)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main())
