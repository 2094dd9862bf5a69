"""Delivery against receivers that behave, misbehave, hang and lie."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from adapters.stufggk.antwoord_schrijven import write_bv03, write_fault, write_fo03
from adapters.stufggk.client import Klantinstellingen, StufBezorger, StufClient
from adapters.stufggk.server import OntvangAsynchroon
from adapters.stufggk.weigering import AntwoordOp
from knooppunt.pki import CLIENT, SERVER, Proefautoriteit
from routing.bericht import Systeem
from routing.fouten import Fout
from routing.partij import Aansluiting, Kanaal, Protocol
from routing.payload import Payload
from routing.poorten import Uitkomst, Uitkomstsoort, Zending

Stuf = Any  # the classes stand in conftest.py, which cannot be imported
Opschrijver = Any
BEZORGD, TIJDELIJK, BLIJVEND = Uitkomstsoort.BEZORGD, Uitkomstsoort.TIJDELIJK, Uitkomstsoort.BLIJVEND
HUB = Systeem("0363", "Pakket")
REF = "3b8f9d1e-5a0c-4d53-9c0e-1f2a3b4c5d6e"
OP = AntwoordOp(Systeem("IB", "GGKWebservice"), REF)
BV03 = write_bv03(HUB, OP, "11111111-2222-4333-8444-555555555555", "20260105091502999")
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def fo03(code: str, plek: str = "client") -> bytes:
    return write_fo03(HUB, OP, Fout("o", code, "StUF", plek, "Om die reden"))


@asynccontextmanager
async def receiver(handler: Handler) -> AsyncIterator[str]:
    """A receiver on the level of bytes: it reads the request and then does as `handler` says."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            kop = await reader.readuntil(b"\r\n\r\n")
            lengte = int(kop.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(lengte)
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ontvang"
    finally:
        server.close()


def answering(status: int, body: bytes, *koppen: str, lengte: int | None = None) -> Handler:
    async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        regels = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body) if lengte is None else lengte}", *koppen]
        writer.write("\r\n".join([*regels, "", ""]).encode() + body)
        await writer.drain()

    return handle


async def deliver(stuf: Stuf, url: str | None, *, mogelijk_aangekomen: bool = False, **grenzen: Any) -> Uitkomst:
    bezorger = StufBezorger(None, Klantinstellingen(**grenzen))
    aansluiting = Aansluiting("0363", (), Kanaal.PUSH, Protocol.STUF, url)
    try:
        return await bezorger.deliver(Zending("id", stuf.di01, Payload(b"<x/>"), aansluiting, mogelijk_aangekomen))
    finally:
        await bezorger.close()


SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
RAAR_FAULTCODE = (
    f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><s:Fault><faultcode>s:StUF058</faultcode><faultstring>Fout bij verwerken'
    "</faultstring></s:Fault></s:Body></s:Envelope>"
).encode()
ZONDER_CODE = fo03("StUF046", "server").replace(b"<StUF:code>StUF046</StUF:code><StUF:plek>server</StUF:plek>", b"")
STANDAARDRUIMTE = fo03("StUF013").replace(b"StUF:", b"").replace(b":StUF=", b"=")
KAAL = (
    b"<?xml version='1.0'?>"
    + fo03("StUF013")[fo03("StUF013").index(b"<StUF:Fo03") : fo03("StUF013").index(b"</detail")]
)
KAAL = KAAL.replace(b"<StUF:Fo03Bericht", b'<StUF:Fo03Bericht xmlns:StUF="http://www.egem.nl/StUF/StUF0301"', 1)
SOAP12_FOUT = (
    b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault><e:Code><e:Value>e:Sender'
    b"</e:Value></e:Code><e:Reason><e:Text xml:lang='nl'>Nee</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>"
)
BV04 = BV03.replace(b"Bv03", b"Bv04")
ANDERMANS = BV03.replace(REF.encode(), b"99999999-5a0c-4d53-9c0e-1f2a3b4c5d6e")
HTML = b"<!DOCTYPE html><html><body>Internal Server Error</body></html>"

GEVALLEN: list[tuple[str, int, bytes, bool, Uitkomstsoort]] = [
    ("Bv03", 200, BV03, False, BEZORGD),
    ("Bv04", 200, BV04, False, BEZORGD),
    ("Bv03 met 202", 202, BV03, False, BEZORGD),
    ("Bv03 van een ander", 200, ANDERMANS, False, TIJDELIJK),
    ("Bv03 met 500", 500, BV03, False, TIJDELIJK),
    ("Fo03 client", 500, fo03("StUF013"), False, BLIJVEND),
    ("Fo03 server", 500, fo03("StUF046", "server"), False, TIJDELIJK),
    ("Fo03 met 200", 200, fo03("StUF055"), False, BLIJVEND),
    ("Fo03 van een ander", 500, fo03("StUF013").replace(REF.encode(), b"x"), False, TIJDELIJK),
    ("niet uniek, nooit aangekomen", 500, fo03("StUF016"), False, BLIJVEND),
    ("niet uniek, mogelijk aangekomen", 500, fo03("StUF016"), True, BEZORGD),
    ("IB016, mogelijk aangekomen", 500, fo03("IB016"), True, BEZORGD),
    ("faultcode is StUF-code", 500, RAAR_FAULTCODE, False, TIJDELIJK),
    ("Fo03 zonder code en plek, faultcode Server", 500, ZONDER_CODE, False, TIJDELIJK),
    (
        "Fo03 zonder code en plek, faultcode Client",
        500,
        ZONDER_CODE.replace(b"soap:Server", b"soap:Client"),
        False,
        BLIJVEND,
    ),
    ("standaardnaamruimte", 500, STANDAARDRUIMTE, False, BLIJVEND),
    ("Fo03 zonder envelop", 200, KAAL, False, BLIJVEND),
    ("SOAP 1.2-fout", 500, SOAP12_FOUT, False, BLIJVEND),
    ("SOAP-fout Server", 500, write_fault("Server", "druk"), False, TIJDELIJK),
    ("SOAP-fout Client", 500, write_fault("Client", "fout"), False, BLIJVEND),
    ("SOAP-fout MustUnderstand", 500, write_fault("MustUnderstand", "fout"), False, BLIJVEND),
    ("SOAP-fout Client met 503", 503, write_fault("Client", "druk"), False, TIJDELIJK),
    ("webpagina", 500, HTML, False, TIJDELIJK),
    ("webpagina met 200", 200, HTML, False, TIJDELIJK),
    ("leeg", 200, b"", False, TIJDELIJK),
    ("leeg 202", 202, b"", False, TIJDELIJK),
    ("half", 200, BV03[:200], False, TIJDELIJK),
    ("iets anders", 200, b"<hallo/>", False, TIJDELIJK),
    ("XXE", 200, b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', False, TIJDELIJK),
    *[
        (f"HTTP {s}", s, b"", False, TIJDELIJK)
        for s in (301, 302, 307, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504)
    ],
    *[(f"HTTP {s}", s, b"", False, BLIJVEND) for s in (400, 405, 410, 413, 415, 422, 501, 505)],
]
ZEGT_NIET_NEE = {
    *("Bv03", "Bv04", "Bv03 met 202", "Bv03 van een ander", "Bv03 met 500", "Fo03 van een ander"),
    *("faultcode is StUF-code", "SOAP-fout Server", "SOAP-fout Client met 503"),
    *("webpagina", "webpagina met 200", "leeg", "leeg 202", "half", "iets anders", "XXE"),
    *(f"HTTP {s}" for s in (500, 501, 502, 503, 504, 505)),
}
"""After these the receiver may have it; after all others he has not, whatever he says of the next attempt."""


@pytest.mark.parametrize("geval", GEVALLEN, ids=[geval[0] for geval in GEVALLEN])
async def test_answers(stuf: Stuf, geval: tuple[str, int, bytes, bool, Uitkomstsoort]) -> None:
    naam, status, body, eerder, verwacht = geval
    async with receiver(answering(status, body, "Connection: close")) as url:
        uitkomst = await deliver(stuf, url, mogelijk_aangekomen=eerder)
    assert uitkomst.soort is verwacht, uitkomst
    assert uitkomst.mogelijk_aangekomen is (naam in ZEGT_NIET_NEE), uitkomst
    assert uitkomst.http_status == status
    assert uitkomst.toelichting.endswith(".")
    assert "Om die reden" not in uitkomst.toelichting  # the words of the other side may be personal data


async def test_fault_is_passed_on(stuf: Stuf) -> None:
    async with receiver(answering(500, fo03("IB234"), "Retry-After: 120")) as url:
        uitkomst = await deliver(stuf, url)
    assert uitkomst.fout is not None
    assert (uitkomst.fout.code, uitkomst.fout.plek, uitkomst.fout.omschrijving) == ("IB234", "client", "Om die reden")
    assert uitkomst.opnieuw_na == 120.0


@pytest.mark.parametrize(
    ("kop", "verwacht"),
    [("30", 30.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("straks", None), ("-5", None), ("", None)],
)
async def test_retry_after(stuf: Stuf, kop: str, verwacht: float | None) -> None:
    async with receiver(answering(503, b"", f"Retry-After: {kop}")) as url:
        assert (await deliver(stuf, url)).opnieuw_na == verwacht


async def test_redirect_is_not_followed(stuf: Stuf) -> None:
    geraakt = False

    async def elders(_r: asyncio.StreamReader, _w: asyncio.StreamWriter) -> None:
        nonlocal geraakt
        geraakt = True

    async with receiver(elders) as doel, receiver(answering(307, b"", f"Location: {doel}")) as url:
        assert (await deliver(stuf, url)).soort is TIJDELIJK
    assert not geraakt


async def _reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _garbage(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff\xfe 220 smtp.example.org ESMTP\r\n\r\n" * 20)
    await writer.drain()


async def _for_ever(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()


async def _drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)  # the receiver is slow on purpose; nothing waits for it


@pytest.mark.parametrize(
    ("handler", "woord"),
    [
        (_reset, "verb"),
        (_hang, "op tijd"),
        (_garbage, "HTTP-antwoord"),
        (_for_ever, "groter dan"),
        (_drip, "op tijd"),
        (answering(200, BV03, lengte=10 * 1024**3), "groter dan|brak|op tijd"),
        (answering(200, BV03[:50], lengte=5000), "brak|op tijd"),
    ],
    ids=["reset", "hangt", "rommel", "eindeloos", "druppelt", "tien gigabyte", "afgebroken"],
)
async def test_receivers_that_misbehave(stuf: Stuf, handler: Handler, woord: str) -> None:
    async with receiver(handler) as url:
        uitkomst = await deliver(stuf, url, tijd=0.4, max_antwoord=100_000)
    assert (uitkomst.soort, uitkomst.mogelijk_aangekomen) == (TIJDELIJK, True)
    assert any(deel in uitkomst.toelichting for deel in woord.split("|")), uitkomst


VORMEN = {
    "tussenantwoord": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BV03) + BV03,
    "nog een antwoord": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BV03)
    + BV03
    + b"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n",
    "tot het einde": b"HTTP/1.0 200 OK\r\n\r\n" + BV03,
    "stukken": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BV03), BV03),
    "ingepakt": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(BV03),
}


@pytest.mark.parametrize("vorm", VORMEN)
async def test_a_receipt_in_any_form_that_http_knows(stuf: Stuf, vorm: str) -> None:
    async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(VORMEN[vorm])
        await writer.drain()

    async with receiver(handle) as url:
        assert (await deliver(stuf, url)).soort is BEZORGD


async def test_nobody_listens(stuf: Stuf) -> None:
    async with receiver(_hang) as url:
        pass
    uitkomst = await deliver(stuf, url)
    assert (uitkomst.soort, uitkomst.mogelijk_aangekomen) == (TIJDELIJK, False)
    assert "niet bereikbaar" in uitkomst.toelichting


async def test_impossible_addresses(stuf: Stuf) -> None:
    for url in (None, "geen url", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/"):
        uitkomst = await deliver(stuf, url)
        assert (uitkomst.soort, uitkomst.mogelijk_aangekomen) == (TIJDELIJK, False)


async def test_what_cannot_be_written_is_given_up(stuf: Stuf) -> None:
    bezorger = StufBezorger()
    aansluiting = Aansluiting("0363", (), Kanaal.PUSH, Protocol.STUF, "http://127.0.0.1:9/")
    zending = Zending("id", replace(stuf.di01, parameters=None), Payload(b"x"), aansluiting)
    uitkomst = await bezorger.deliver(zending)
    await bezorger.close()
    assert uitkomst.soort is BLIJVEND
    assert "parameters" in uitkomst.toelichting


@asynccontextmanager
async def koppelvlak(
    intake: Opschrijver, context: ssl.SSLContext | None = None, identiteit: Any = None
) -> AsyncIterator[str]:
    app = web.Application()
    OntvangAsynchroon(intake, lambda _: identiteit).add_routes(app, "/ontvang")
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"http{'s' if context else ''}://127.0.0.1:{runner.addresses[0][1]}/ontvang"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("grootte", [1, 3_000, 190_000, 200_000, 3_000_000])
async def test_our_two_sides_understand_each_other(
    stuf: Stuf, intake: Opschrijver, identiteit: Any, grootte: int
) -> None:
    inhoud = (b"0123456789" * (grootte // 10 + 1))[:grootte]
    client = StufClient()
    async with koppelvlak(intake, identiteit=identiteit) as url:
        antwoord = await client.send(url, stuf.tekst, Payload(inhoud))
        await client.close()
    assert antwoord.cross_ref == stuf.tekst.stuurgegevens.referentienummer
    (gekregen,) = intake.gekregen
    assert gekregen.envelop == stuf.tekst
    assert b"".join(gekregen.payload.chunks()) == inhoud
    assert gekregen.payload.digest == Payload(inhoud).digest


async def test_connections_are_kept(stuf: Stuf) -> None:
    verbindingen = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal verbindingen
        verbindingen += 1
        try:
            while True:
                kop = await reader.readuntil(b"\r\n\r\n")
                lengte = int(kop.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(lengte)
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(BV03)}\r\n\r\n".encode() + BV03)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    bezorger = StufBezorger()
    aansluiting = Aansluiting("0363", (), Kanaal.PUSH, Protocol.STUF, url)
    for _ in range(3):
        zending = Zending("id", stuf.di01, Payload(b"<x/>"), aansluiting)
        assert (await bezorger.deliver(zending)).soort is BEZORGD
    await bezorger.close()
    server.close()
    assert verbindingen == 1


async def test_request_is_what_the_binding_asks(stuf: Stuf) -> None:
    gezien: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gezien.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    await deliver(stuf, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/pad")
    server.close()
    kop = gezien[0].decode().split("\r\n")
    assert kop[0] == "POST /pad HTTP/1.1"
    assert "Content-Type: text/xml; charset=utf-8" in kop
    assert 'SOAPAction: "http://www.stufstandaarden.nl/koppelvlak/ggk0210/ggk_Di01"' in kop
    assert f"Content-Length: {len(stuf.pack(stuf.di01, b'<x/>'))}" in kop
    assert not any(regel.lower().startswith("transfer-encoding") for regel in kop)


async def test_mutual_tls(stuf: Stuf, intake: Opschrijver, identiteit: Any, tmp_path: Any) -> None:
    ca, vreemd = Proefautoriteit.create(), Proefautoriteit.create("Andere root")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*ca.issue("hub", doelen=[SERVER]).write(tmp_path, "hub"))
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(cadata=ca.pem.decode())

    def client(autoriteit: Proefautoriteit, *, met_certificaat: bool) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=autoriteit.pem.decode())
        if met_certificaat:
            uitgifte = ca.issue("partij", "00000001999999990001", doelen=[CLIENT])
            context.load_cert_chain(*uitgifte.write(tmp_path, "partij"))
        return context

    async with koppelvlak(intake, server, identiteit) as url:
        aansluiting = Aansluiting("0363", (), Kanaal.PUSH, Protocol.STUF, url)
        for context, verwacht, woord, mogelijk in (
            (client(ca, met_certificaat=True), BEZORGD, "bevestigde", True),
            (client(vreemd, met_certificaat=True), TIJDELIJK, "certificaat van de ontvanger", False),
            # This server resets instead of saying why, which may mean anything.
            (client(ca, met_certificaat=False), TIJDELIJK, "certificaat van het knooppunt", True),
        ):
            bezorger = StufBezorger(context)
            uitkomst = await bezorger.deliver(Zending("id", stuf.di01, Payload(b"<x/>"), aansluiting))
            await bezorger.close()
            assert uitkomst.soort is verwacht, uitkomst
            assert woord in uitkomst.toelichting
            assert uitkomst.mogelijk_aangekomen is mogelijk, uitkomst
