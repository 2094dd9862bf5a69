from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from knooppunt.luisteraar import Grenzen, Luisteraar

Luister = Callable[..., Awaitable[int]]
Converse = Callable[..., Awaitable[bytes]]

KOP = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


def application() -> web.Application:
    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def stuk(_request: web.Request) -> web.Response:
        raise RuntimeError("999900006 in een foutmelding")

    app = web.Application()
    app.router.add_post("/echo", echo)
    app.router.add_get("/stuk", stuk)
    return app


async def test_a_request_is_answered_without_naming_the_software(luister: Luister, converse: Converse):
    poort = await luister(application(), tls=False)
    antwoord = await converse(poort, KOP + b"Content-Length: 3\r\n\r\nabc")
    assert antwoord.endswith(b"\r\n\r\nabc")
    assert b"\r\nServer:" not in antwoord
    assert b"nosniff" in antwoord


@pytest.mark.parametrize(
    "verzoek",
    [
        pytest.param(KOP + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="CL and TE"),
        pytest.param(KOP + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", id="two lengths"),
        pytest.param(KOP + b"Content-Length: +3\r\n\r\nabc", id="signed length"),
        pytest.param(KOP + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", id="unknown TE"),
        pytest.param(KOP + b"X-Lang: " + b"a" * 9000 + b"\r\n\r\n", id="long header"),
        pytest.param(KOP + b"".join(b"X-%d: 1\r\n" % n for n in range(200)) + b"\r\n", id="many headers"),
        pytest.param(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", id="long line"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", id="TLS to plain"),
        pytest.param(b"GEEN HTTP\r\n\r\n", id="not HTTP"),
    ],
)
async def test_malformed_requests_are_refused_in_a_few_words(luister: Luister, converse: Converse, verzoek: bytes):
    poort = await luister(application(), tls=False)
    antwoord = await converse(poort, verzoek)
    assert antwoord.startswith((b"HTTP/1.1 400 Bad Request\r\n", b"HTTP/1.0 400 Bad Request\r\n"))
    assert antwoord.endswith(b"\r\n\r\nOngeldig HTTP-verzoek.")
    assert antwoord.count(b"HTTP/1.") == 1
    assert b"aiohttp" not in antwoord
    assert b"Python" not in antwoord


async def test_an_internal_fault_tells_nothing(luister: Luister, converse: Converse):
    poort = await luister(application(), tls=False)
    antwoord = await converse(poort, b"GET /stuk HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n")
    assert b" 500 " in antwoord
    assert antwoord.endswith(b"\r\n\r\nInterne fout.")


async def test_unknown_addresses_and_methods_are_told_in_dutch(luister: Luister, converse: Converse):
    poort = await luister(application(), tls=False)
    antwoord = await converse(poort, b"GET /niets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert antwoord.endswith(b"Dit adres bestaat niet.")
    antwoord = await converse(poort, b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert antwoord.endswith(b"Deze methode kan hier niet.")


async def test_a_compressed_body_is_refused_unread(luister: Luister, converse: Converse):
    bom = gzip.compress(b"\0" * 10_000_000)
    poort = await luister(application(), tls=False)
    antwoord = await converse(poort, KOP + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bom) + bom)
    assert b" 415 " in antwoord


@pytest.mark.parametrize("begin", [b"", b"POST /echo HT", KOP, KOP + b"X-Half: "])
async def test_a_header_that_does_not_come_closes_the_connection(luister: Luister, converse: Converse, begin: bytes):
    poort = await luister(application(), Grenzen(rust_seconden=0.05), tls=False)
    assert await converse(poort, begin) == b""


@pytest.mark.parametrize("rest", [b"Content-Length: 9\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"])
async def test_a_body_that_does_not_come_is_answered_with_408(luister: Luister, converse: Converse, rest: bytes):
    poort = await luister(application(), Grenzen(verzoek_seconden=0.05), tls=False)
    antwoord = await converse(poort, KOP + rest)
    assert b" 408 " in antwoord
    assert antwoord.endswith(b"Het verzoek duurde te lang.")


async def test_an_answer_that_takes_too_long_is_broken_off(luister: Luister, converse: Converse):
    async def druppel(request: web.Request) -> web.StreamResponse:
        antwoord = web.StreamResponse()
        await antwoord.prepare(request)
        await antwoord.write(b"begin")
        await asyncio.Event().wait()
        return antwoord

    app = web.Application()
    app.router.add_get("/druppel", druppel)
    poort = await luister(app, Grenzen(verzoek_seconden=0.05), tls=False)
    antwoord = await converse(poort, b"GET /druppel HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"begin" in antwoord
    assert not antwoord.endswith(b"0\r\n\r\n")  # the chunked body has no end, so nobody takes it for whole


async def test_a_timeout_of_a_handler_itself_is_a_fault_of_ours(luister: Luister, converse: Converse):
    async def traag(_request: web.Request) -> web.Response:
        raise TimeoutError

    app = web.Application()
    app.router.add_get("/", traag)
    poort = await luister(app, tls=False)
    assert b" 504 " in await converse(poort, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


async def test_one_connection_too_many_is_closed_and_the_others_go_on(luister: Luister, converse: Converse):
    poort = await luister(application(), Grenzen(max_verbindingen=2), tls=False)
    open_ = [await asyncio.open_connection("127.0.0.1", poort) for _ in range(2)]
    for lezer, schrijver in open_:  # a whole request each, so that both are surely counted
        schrijver.write(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na")
        assert (await lezer.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert await converse(poort, b"") == b""
    for lezer, schrijver in open_:
        assert await lezer.readexactly(1) == b"a"
        schrijver.close()
        await schrijver.wait_closed()


async def test_stopping_lets_a_running_request_finish():
    begonnen, verder = asyncio.Event(), asyncio.Event()

    async def lang(_request: web.Request) -> web.Response:
        begonnen.set()
        await verder.wait()
        return web.Response(text="klaar")

    app = web.Application()
    app.router.add_get("/", lang)
    luisteraar = Luisteraar(app, "127.0.0.1", 0)
    await luisteraar.start()
    poort = int(luisteraar.url.rsplit(":", 1)[1])
    lezer, schrijver = await asyncio.open_connection("127.0.0.1", poort)
    schrijver.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await begonnen.wait()
    stoppen = asyncio.create_task(luisteraar.stop())
    await asyncio.sleep(0)
    verder.set()
    assert (await lezer.read()).endswith(b"klaar")
    schrijver.close()
    await stoppen
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", poort)


async def test_a_taken_port_is_an_error():
    eerste = Luisteraar(web.Application(), "127.0.0.1", 0)
    await eerste.start()
    tweede = Luisteraar(web.Application(), "127.0.0.1", int(eerste.url.rsplit(":", 1)[1]))
    with pytest.raises(OSError, match="in use"):
        await tweede.start()
    await tweede.stop()
    await eerste.stop()
