"""Delivering to a VSP partij, and answers that are not what was promised."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.vsp.client import Bytes, VspBezorger, VspClient, VspFout
from adapters.vsp.model import ValidationProblemDetails
from adapters.vsp.uitkomst import judge
from routing.fouten import make_fout
from routing.partij import Aansluiting, Kanaal, Protocol
from routing.poorten import Ontvangst, Ontvangstsoort, UitgaandePayload, Uitkomst, Uitkomstsoort, Zending
from routing.retry_after import read_retry_after

Maak = Callable[..., Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Awaitable[str]]]:
    """Start a server with one handler for everything; returns its address."""
    runners = []

    async def start(handler: Handler) -> str:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{rest:.*}", handler)
        runner = web.AppRunner(app, shutdown_timeout=1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def bezorger() -> AsyncIterator[VspBezorger]:
    bezorger = VspBezorger(termijn=aiohttp.ClientTimeout(total=5))
    yield bezorger
    await bezorger.close()


def zending(
    envelop: Any, url: str | None, payload: bytes | UitgaandePayload = b"<x/>", *, mogelijk_aangekomen: bool = False
) -> Zending:
    inhoud = Bytes(payload) if isinstance(payload, bytes) else payload
    return Zending(
        "b", envelop, inhoud, Aansluiting("99990001", (), Kanaal.PUSH, Protocol.VSP, url), mogelijk_aangekomen
    )


async def test_deliver_to_our_own_server(opstelling: Any, bezorger: VspBezorger, make_envelop: Maak) -> None:
    envelop, inhoud = make_envelop(), os.urandom(2 * 1024 * 1024)
    uitkomst = await bezorger.deliver(zending(envelop, opstelling.push_url, inhoud))
    assert (uitkomst.soort, uitkomst.http_status) == (Uitkomstsoort.BEZORGD, 204)
    (kreeg,) = opstelling.intake.kreeg
    assert b"".join(kreeg.payload.chunks()) == inhoud
    assert kreeg.envelop.stuurgegevens == envelop.stuurgegevens
    assert kreeg.envelop.parameters == envelop.parameters


async def test_a_refusal_of_our_own_server_comes_through(
    opstelling: Any, bezorger: VspBezorger, make_envelop: Maak
) -> None:
    fout = make_fout("referentienummer_niet_uniek", "B")
    opstelling.intake.antwoord = Ontvangst(Ontvangstsoort.GEWEIGERD, "r", "t", fout=fout)
    eerste = await bezorger.deliver(zending(make_envelop(), opstelling.push_url))
    assert eerste.soort is Uitkomstsoort.BLIJVEND
    assert eerste.fout is not None
    assert (eerste.fout.code, eerste.fout.omschrijving.startswith(fout.omschrijving)) == ("StUF016", True)
    tweede = await bezorger.deliver(zending(make_envelop(), opstelling.push_url, mogelijk_aangekomen=True))
    assert tweede.soort is Uitkomstsoort.BEZORGD


async def test_the_form_has_a_known_length(serve: Any, bezorger: VspBezorger, make_envelop: Maak) -> None:
    koppen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        koppen.append(request.headers)
        lichaam = await request.read()
        assert len(lichaam) == int(request.headers["Content-Length"])
        assert b'name="payload"; filename="payload"' in lichaam
        return web.Response(status=204)

    url = await serve(handler)
    assert (await bezorger.deliver(zending(make_envelop(), f"{url}/x", bytes(100)))).soort is Uitkomstsoort.BEZORGD
    assert "Transfer-Encoding" not in koppen[0]


@pytest.mark.parametrize(
    ("status", "soort"),
    [
        (200, Uitkomstsoort.TIJDELIJK),
        (202, Uitkomstsoort.TIJDELIJK),
        (301, Uitkomstsoort.TIJDELIJK),
        (307, Uitkomstsoort.TIJDELIJK),
        (400, Uitkomstsoort.BLIJVEND),
        (401, Uitkomstsoort.TIJDELIJK),
        (403, Uitkomstsoort.TIJDELIJK),
        (404, Uitkomstsoort.TIJDELIJK),
        (408, Uitkomstsoort.TIJDELIJK),
        (409, Uitkomstsoort.BLIJVEND),
        (413, Uitkomstsoort.BLIJVEND),
        (422, Uitkomstsoort.BLIJVEND),
        (429, Uitkomstsoort.TIJDELIJK),
        (500, Uitkomstsoort.TIJDELIJK),
        (503, Uitkomstsoort.TIJDELIJK),
    ],
)
async def test_what_a_status_means(
    serve: Any, bezorger: VspBezorger, make_envelop: Maak, status: int, soort: Uitkomstsoort
) -> None:
    async def handler(request: web.Request) -> web.Response:
        await request.read()
        kop = {"Location": str(request.url), "Retry-After": "17"}
        return web.Response(status=status, headers=kop, text="<html>geen probleem</html>")

    uitkomst = await bezorger.deliver(zending(make_envelop(), await serve(handler)))
    assert (uitkomst.soort, uitkomst.http_status) == (soort, status)
    assert uitkomst.mogelijk_aangekomen is (status < 300 or status >= 500)
    assert (uitkomst.fout is not None) == (soort is Uitkomstsoort.BLIJVEND)
    assert uitkomst.opnieuw_na == (17.0 if soort is Uitkomstsoort.TIJDELIJK else None)


async def test_nobody_there(bezorger: VspBezorger, make_envelop: Maak) -> None:
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    poort = server.sockets[0].getsockname()[1]
    weg = await bezorger.deliver(zending(make_envelop(), f"http://127.0.0.1:{poort}"))
    server.close()
    await server.wait_closed()
    niemand = await bezorger.deliver(zending(make_envelop(), f"http://127.0.0.1:{poort}"))
    onzin = await bezorger.deliver(zending(make_envelop(), "geen adres"))
    leeg = await bezorger.deliver(zending(make_envelop(), None))
    assert {u.soort for u in (weg, niemand, onzin, leeg)} == {Uitkomstsoort.TIJDELIJK}
    assert [u.mogelijk_aangekomen for u in (weg, niemand, onzin, leeg)] == [True, False, False, False]


async def test_a_receiver_that_never_answers(serve: Any, make_envelop: Maak) -> None:
    klaar = asyncio.Event()

    async def handler(_request: web.Request) -> web.Response:
        await klaar.wait()
        return web.Response(status=204)

    bezorger = VspBezorger(termijn=aiohttp.ClientTimeout(total=0.2))
    uitkomst = await bezorger.deliver(zending(make_envelop(), await serve(handler)))
    klaar.set()
    await bezorger.close()
    assert (uitkomst.soort, uitkomst.mogelijk_aangekomen) == (Uitkomstsoort.TIJDELIJK, True)
    assert "binnen de tijd" in uitkomst.toelichting


async def test_an_answer_without_end_is_cut(serve: Any, bezorger: VspBezorger, make_envelop: Maak) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        antwoord = web.StreamResponse(status=422)
        await antwoord.prepare(request)
        for _ in range(1000):
            await antwoord.write(bytes(64 * 1024))
        return antwoord

    uitkomst = await bezorger.deliver(zending(make_envelop(), await serve(handler)))
    assert uitkomst.soort is Uitkomstsoort.BLIJVEND
    assert uitkomst.fout is not None
    assert uitkomst.fout.code == "KNP002"


class Kapot(Bytes):
    def chunks(self) -> Iterator[bytes]:
        raise ValueError("seal broken")


async def test_a_payload_that_cannot_be_read_is_not_delivered(
    opstelling: Any, bezorger: VspBezorger, make_envelop: Maak
) -> None:
    uitkomst = await bezorger.deliver(zending(make_envelop(), opstelling.push_url, Kapot(b"xx")))
    assert uitkomst.soort is Uitkomstsoort.TIJDELIJK
    assert not opstelling.intake.kreeg


async def test_what_does_not_fit_is_given_up(bezorger: VspBezorger, make_envelop: Maak) -> None:
    uitkomst = await bezorger.deliver(zending(make_envelop(functie_versie="1000"), "http://127.0.0.1:1"))
    assert uitkomst.soort is Uitkomstsoort.BLIJVEND
    assert uitkomst.fout is not None


@pytest.mark.parametrize(
    ("probleem", "bekend"),
    [
        ({"code": "BRS114"}, True),
        ({"title": "De TraceerID is niet uniek"}, True),
        ({"detail": "traceerId bestaat al"}, True),
        ({"errors": {"referentiegegevens.traceerId": ["is al eerder gebruikt"]}}, True),
        ({"title": "Geadresseerde onbekend"}, False),
        ({"title": "traceerId is geen UUID"}, False),
        ({"code": ["BRS114"]}, False),
        ({"title": "traceerId " * 100_000}, False),
    ],
)
def test_known_before(probleem: dict[str, Any], *, bekend: bool) -> None:
    gelezen = ValidationProblemDetails.model_validate_json(json.dumps(probleem))
    assert judge(422, gelezen, mogelijk_aangekomen=False).soort is Uitkomstsoort.BLIJVEND
    tweede = judge(422, gelezen, mogelijk_aangekomen=True)
    assert tweede.soort is (Uitkomstsoort.BEZORGD if bekend else Uitkomstsoort.BLIJVEND)
    assert_fits(judge(422, gelezen, mogelijk_aangekomen=False))


def assert_fits(uitkomst: Uitkomst) -> None:
    assert uitkomst.fout is not None
    assert 0 < len(uitkomst.fout.code) <= 7
    assert 0 < len(uitkomst.fout.omschrijving) <= 200
    assert len(uitkomst.fout.details or "") <= 1000


def test_retry_after() -> None:
    assert read_retry_after(None) is None
    assert read_retry_after("120") == 120.0
    assert read_retry_after("-1") is None
    assert read_retry_after("straks") is None
    assert read_retry_after("9" * 400) is None
    over = read_retry_after(format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True))
    assert over is not None
    assert 200 < over <= 300
    assert read_retry_after("Mon, 05 Jan 2015 09:15:00 GMT") == 0.0


# --- the client of a zorgaanbieder ----------------------------------------------------------------------------------


async def test_the_client_tells_what_the_hub_said(opstelling: Any, make_model: Maak) -> None:
    with pytest.raises(VspFout) as fout:
        await opstelling.client.push(make_model(routeringgegevens__geadresseerden=[]), b"x")
    assert fout.value.status == 422
    assert fout.value.probleem is not None
    assert "routeringgegevens.geadresseerden" in (fout.value.probleem.errors or {})


@pytest.mark.parametrize("lichaam", [b"", b"{}", b"[{}]", b"\xff", b"[" * 10_000])
async def test_a_list_that_is_no_list(serve: Any, lichaam: bytes) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=lichaam, content_type="application/json")

    async with VspClient(await serve(handler)) as client:
        with pytest.raises(VspFout, match="niet zoals beschreven"):
            await client.list_ready()


async def test_redirects_are_not_followed(serve: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        raise web.HTTPFound(str(request.url))

    async with VspClient(await serve(handler)) as client:
        with pytest.raises(VspFout, match="302"):
            await client.list_ready()


@pytest.mark.parametrize("inhoud", [b"<y/>", b"<x/>langer", b"<x"])
async def test_a_payload_other_than_announced(opstelling: Any, make_envelop: Maak, serve: Any, inhoud: bytes) -> None:
    opstelling.bak.put(make_envelop(), b"<x/>")
    (bericht,) = await opstelling.client.list_ready()

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=inhoud)

    async with VspClient(await serve(handler)) as ander:
        with pytest.raises(VspFout, match="payload"):
            await ander.download(bericht)
