"""What the adapter makes of everything that can go wrong between it and the BRP; `docs/koppelingen.md` is the table."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import web
from brppersonen import KIND, child, persons

from adapters.brp.bron import BrpFeitenbron
from adapters.brp.client import BrpClient, Grenzen
from adapters.brp.fouten import judge, read_problem
from adapters.brp.toegang import Apisleutel, Clientgegevens, Tokenhouder
from adapters.brp.velden import MOEDER
from knooppunt.configuratie import Koppelvlak
from knooppunt.pki import Proefautoriteit, make_demo
from knooppunt.simulatie.brp.server import KENT, BrpSimulator
from knooppunt.simulatie.storing import Storingen, read_storing
from knooppunt.simulatie.verlopen import expiring_server
from knooppunt.tls import partner_context, server_context
from routing.ladder import Ladder
from routing.verwerkingen import Spoor, tracing
from routing.woonplaats.feitenbron import Bronfout, Bronfoutsoort, Feitenvraag, Registerfeiten

Simuleer = Callable[..., Awaitable[BrpSimulator]]
Maak = Callable[..., BrpFeitenbron]
Serve = Callable[..., Awaitable[str]]
VRAAG = Feitenvraag(KIND, date(2026, 3, 1))
GOED = {"type": "RaadpleegMetBurgerservicenummer", "personen": []}
SNEL = Ladder(0.001, 0.002)


async def fout(bron: BrpFeitenbron, vraag: Feitenvraag = VRAAG) -> Bronfout:
    (uit,) = await bron.fetch([vraag])
    assert isinstance(uit, Bronfout), uit
    assert KIND not in str(uit)
    return uit


async def test_a_late_answer_is_a_fault_and_is_not_asked_again(simuleer: Simuleer, vraag_aan: Maak) -> None:
    brp = await simuleer(persons(child()), "laat:30s")
    uit = await fout(vraag_aan(brp.url, grenzen=Grenzen(antwoord_s=0.2, geheel_s=5, ladder=SNEL)))
    assert uit.soort is Bronfoutsoort.ONBEREIKBAAR
    assert uit.opnieuw
    assert len(brp.bevragingen) == 1


async def test_all_attempts_together_end_in_time(serve: Serve, vraag_aan: Maak) -> None:
    gezien = 0

    async def busy(_request: web.Request) -> web.Response:
        nonlocal gezien
        gezien += 1
        return web.Response(status=503)

    url = await serve(busy)
    uit = await fout(vraag_aan(url, grenzen=Grenzen(geheel_s=0.3, pogingen=10_000, ladder=Ladder(0.05, 0.05))))
    assert uit.soort is Bronfoutsoort.ONBEREIKBAAR
    assert 1 <= gezien < 10_000


@pytest.mark.parametrize("storing", ["kwijt@2", "afgebroken@2", "fout:503@2", "fout:429@2"])
async def test_what_may_pass_is_asked_again(simuleer: Simuleer, vraag_aan: Maak, storing: str) -> None:
    brp = await simuleer(persons(child()), storing)
    bron = vraag_aan(brp.url)
    for _ in range(2):  # the second question is struck the first time it is put
        (uit,) = await bron.fetch([VRAAG])
        assert isinstance(uit, Registerfeiten)
    assert list(brp.storingen.getroffen.values()) == [1]


@pytest.mark.parametrize(
    ("storing", "soort", "woord"),
    [
        ("kwijt", Bronfoutsoort.ONBEREIKBAAR, "verbreekt de verbinding"),
        ("fout:429", Bronfoutsoort.TE_VEEL, "te veel vragen"),
        ("fout:503", Bronfoutsoort.ONBEREIKBAAR, "tijdelijk niet beschikbaar"),
    ],
)
async def test_what_does_not_pass_becomes_a_fault_after_four_attempts(
    simuleer: Simuleer, vraag_aan: Maak, storing: str, soort: Bronfoutsoort, woord: str
) -> None:
    brp = await simuleer(persons(child()), storing)
    uit = await fout(vraag_aan(brp.url))
    assert (uit.soort, uit.opnieuw) == (soort, True)
    assert woord in str(uit)
    assert brp.storingen.getroffen[storing] == 4


@pytest.mark.parametrize(
    ("status", "soort", "opnieuw"),
    [
        (400, Bronfoutsoort.VERZOEK_GEWEIGERD, False),
        (401, Bronfoutsoort.NIET_GEAUTORISEERD, False),
        (403, Bronfoutsoort.NIET_GEAUTORISEERD, False),
        (404, Bronfoutsoort.VERZOEK_GEWEIGERD, False),
        (406, Bronfoutsoort.VERZOEK_GEWEIGERD, False),
        (415, Bronfoutsoort.VERZOEK_GEWEIGERD, False),
        (500, Bronfoutsoort.STORING, True),
        (502, Bronfoutsoort.STORING, True),
    ],
)
async def test_other_refusals_are_told_at_once(
    simuleer: Simuleer, vraag_aan: Maak, status: int, soort: Bronfoutsoort, *, opnieuw: bool
) -> None:
    brp = await simuleer(persons(child()), f"fout:{status}")
    uit = await fout(vraag_aan(brp.url))
    assert (uit.soort, uit.opnieuw) == (soort, opnieuw)
    assert f"HTTP {status}" in str(uit)
    assert brp.storingen.getroffen[f"fout:{status}"] == 1


async def test_a_field_without_authorisation_is_told(simuleer: Simuleer, vraag_aan: Maak) -> None:
    brp = await simuleer(persons(child()), zonder=["verblijfplaats"])
    uit = await fout(vraag_aan(brp.url))
    assert uit.soort is Bronfoutsoort.NIET_GEAUTORISEERD
    assert "unauthorizedField" in str(uit)


async def test_a_refused_bsn_is_told(serve: Serve, vraag_aan: Maak) -> None:
    probleem = {
        "code": "paramsValidation",
        "invalidParams": [{"name": "burgerservicenummer[0]", "code": "pattern", "reason": f"{KIND} deugt niet"}],
    }
    url = await serve(lambda _: _give(400, probleem))
    assert (await fout(vraag_aan(url))).soort is Bronfoutsoort.ONGELDIG_BSN


async def test_a_refusal_names_the_fields_but_quotes_nothing_with_a_number_in_it(serve: Serve, vraag_aan: Maak) -> None:
    namen = ["fields[12]", f"x{KIND}", "verblijfplaats.datumVan"]
    probleem = {"code": f"c{KIND}", "detail": KIND, "title": KIND, "invalidParams": [{"name": n} for n in namen]}
    url = await serve(lambda _: _give(400, probleem))
    uit = await fout(vraag_aan(url))
    assert "fields, verblijfplaats.datumVan" in str(uit)


async def _give(status: int, inhoud: Any, **kop: str) -> web.Response:
    return web.Response(status=status, body=json.dumps(inhoud).encode(), content_type="application/json", headers=kop)


@pytest.mark.parametrize("vorm", [str, lambda s: format_datetime(datetime.now(UTC) + timedelta(seconds=s))])
async def test_a_wait_that_is_too_long_is_left_to_the_asker(
    serve: Serve, vraag_aan: Maak, vorm: Callable[[int], str]
) -> None:
    gezien = 0

    async def busy(_request: web.Request) -> web.Response:
        nonlocal gezien
        gezien += 1
        return await _give(429, {"code": "tooManyRequests"}, **{"Retry-After": vorm(3600)})

    uit = await fout(vraag_aan(await serve(busy)))
    assert uit.soort is Bronfoutsoort.TE_VEEL
    assert uit.opnieuw_na is not None
    assert uit.opnieuw_na > 3000
    assert gezien == 1


@pytest.mark.parametrize(
    "antwoord",
    [
        b"\x00\xff<dit is {geen antwoord",
        b"",
        b"[]",
        b"null",
        b"<html>onderhoud</html>",
        b'{"type": "RaadpleegMetBurgerservicenummer", "personen": [{"burg',
        b'{"type": "RaadpleegMetBurgerservicenummer", "personen": [' + b"[" * 100_000,
        b'{"type": "IetsAnders", "personen": []}',
        b'{"type": "RaadpleegMetBurgerservicenummer", "personen": [{"burgerservicenummer": "999990019"}]}',
        b'{"type": "RaadpleegMetBurgerservicenummer", "personen": [{}]}',
        json.dumps(GOED | {"personen": [{"burgerservicenummer": KIND}] * 2}).encode(),
        json.dumps(GOED | {"personen": [{"burgerservicenummer": KIND, "geboorte": {"datum": 5}}]}).encode(),
        json.dumps(GOED).encode("utf-16"),
        b" " * (4 * 1024 * 1024 + 1),
    ],
    ids=range(14),
)
async def test_an_answer_that_cannot_be_used_is_told(serve: Serve, vraag_aan: Maak, antwoord: bytes) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=antwoord, content_type="application/json")

    uit = await fout(vraag_aan(await serve(handler)))
    assert (uit.soort, uit.opnieuw) == (Bronfoutsoort.ONBRUIKBAAR, False)
    assert "is niet te gebruiken" in str(uit)


async def test_an_unreadable_answer_on_demand_is_told(simuleer: Simuleer, vraag_aan: Maak) -> None:
    brp = await simuleer(persons(child()), "wartaal")
    uit = await fout(vraag_aan(brp.url))
    assert (uit.soort, uit.of_one) == (Bronfoutsoort.ONBRUIKBAAR, False)


def test_a_refused_day_is_a_fault_of_one_question() -> None:
    def refuse(*namen: str) -> Bronfout:
        return judge(400, read_problem(json.dumps({"invalidParams": [{"name": naam} for naam in namen]}).encode()))

    assert (refuse("datumVan", "datumTot").soort, refuse("peildatum").of_one) == (Bronfoutsoort.ONGELDIGE_DATUM, True)
    assert [refuse(*namen).of_one for namen in ((), ("fields",), ("peildatum", "type"))] == [False] * 3


async def test_an_answer_that_breaks_off_is_asked_again(serve: Serve, vraag_aan: Maak) -> None:
    gezien = 0

    async def half(request: web.Request) -> web.StreamResponse:
        nonlocal gezien
        gezien += 1
        antwoord = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
        await antwoord.prepare(request)
        await antwoord.write(b'{"type":')
        assert request.transport is not None
        request.transport.close()
        return antwoord

    uit = await fout(vraag_aan(await serve(half)))
    assert uit.soort is Bronfoutsoort.ONBEREIKBAAR
    assert gezien == 4


async def test_a_redirect_is_not_followed(serve: Serve, vraag_aan: Maak) -> None:
    elders: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        if request.path == "/elders":
            elders.append(await request.text())
        return web.Response(status=307, headers={"Location": "/elders"})

    uit = await fout(vraag_aan(await serve(handler)))
    assert (uit.soort, uit.of_one) == (Bronfoutsoort.ONBRUIKBAAR, False)
    assert elders == []


async def test_a_server_that_is_not_there_is_unreachable(vraag_aan: Maak, unused_tcp_port: int) -> None:
    uit = await fout(vraag_aan(f"http://127.0.0.1:{unused_tcp_port}"))
    assert uit.soort is Bronfoutsoort.ONBEREIKBAAR


async def test_a_history_that_fails_is_a_fault_and_not_a_missing_fact(simuleer: Simuleer, vraag_aan: Maak) -> None:
    brp = await simuleer(persons(child()), "fout:403/historie")
    uit = await fout(vraag_aan(brp.url), Feitenvraag(KIND, date(2014, 1, 1)))
    assert uit.soort is Bronfoutsoort.NIET_GEAUTORISEERD


# --- certificates ----------------------------------------------------------------------------------------------------


@pytest.fixture
def pki(tmp_path: Path) -> Path:
    make_demo(tmp_path / "pki", [("brp", "00000001999999990193"), ("wij", "00000001999999990001")])
    return tmp_path / "pki"


def _server(pki: Path) -> Koppelvlak:
    return Koppelvlak(certificaat=pki / "brp.pem", sleutel=pki / "brp.key", ca=pki / "ca.pem")


def _ours(pki: Path, naam: str = "wij") -> Any:
    return partner_context("brp", ca=pki / "ca.pem", certificaat=pki / f"{naam}.pem", sleutel=pki / f"{naam}.key")


async def test_mutual_tls_works_and_an_expired_certificate_ends_it(
    stapel: AsyncExitStack, pki: Path, vraag_aan: Maak
) -> None:
    storingen = Storingen(kent=KENT)
    brp = BrpSimulator(persons(child()), storingen=storingen, tls=expiring_server(_server(pki), storingen))
    stapel.push_async_callback(brp.close)
    await brp.start()
    (uit,) = await vraag_aan(brp.url, ssl_context=_ours(pki)).fetch([VRAAG])
    assert isinstance(uit, Registerfeiten)
    storingen.switch([read_storing("verlopen")])
    mis = await fout(vraag_aan(brp.url, ssl_context=_ours(pki)))
    assert (mis.soort, mis.opnieuw) == (Bronfoutsoort.CERTIFICAAT, False)
    assert storingen.getroffen == {"verlopen": 1}
    assert len(brp.bevragingen) == 1


async def test_a_certificate_of_another_authority_or_name_is_not_trusted(
    stapel: AsyncExitStack, pki: Path, tmp_path: Path, vraag_aan: Maak
) -> None:
    make_demo(tmp_path / "vreemd", [("wij", "00000001999999990001")])
    Proefautoriteit.read(pki).issue("brp", hosts=["brp.example"]).write(pki, "elders")
    for naam, vertrouwd in (("brp", tmp_path / "vreemd"), ("elders", pki)):
        server = Koppelvlak(certificaat=pki / f"{naam}.pem", sleutel=pki / f"{naam}.key", ca=pki / "ca.pem")
        brp = BrpSimulator(persons(child()), tls=server_context(server))
        stapel.push_async_callback(brp.close)
        await brp.start()
        uit = await fout(vraag_aan(brp.url, ssl_context=_ours(vertrouwd)))
        assert uit.soort is Bronfoutsoort.CERTIFICAAT
        assert brp.bevragingen == []


async def test_a_server_that_refuses_our_certificate_is_told(
    stapel: AsyncExitStack, pki: Path, vraag_aan: Maak
) -> None:
    brp = BrpSimulator(persons(child()), tls=server_context(_server(pki)))
    stapel.push_async_callback(brp.close)
    await brp.start()
    uit = await fout(vraag_aan(brp.url, ssl_context=partner_context("brp", ca=pki / "ca.pem")))
    assert uit.soort in {Bronfoutsoort.CERTIFICAAT, Bronfoutsoort.ONBEREIKBAAR}  # an alert, or only a broken line
    assert "certificaat" in str(uit)
    assert brp.bevragingen == []


# --- access ----------------------------------------------------------------------------------------------------------


async def test_an_api_key_is_sent_in_its_header(serve: Serve, vraag_aan: Maak) -> None:
    gezien: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        gezien.append(request.headers.get("X-API-KEY"))
        return await _give(200, GOED)

    await vraag_aan(await serve(handler), toegang=Apisleutel("X-API-KEY", "geheim")).fetch([VRAAG])
    assert gezien == ["geheim"]
    assert "geheim" not in repr(Apisleutel("X-API-KEY", "geheim"))


async def test_a_question_names_the_operation_that_it_is_part_of(serve: Serve, vraag_aan: Maak) -> None:
    """W3C Trace Context, so that the log of the BRP and ours can be laid side by side; none when there is none."""
    gezien: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        gezien.append(request.headers.get("traceparent"))
        return await _give(200, GOED)

    bron, spoor = vraag_aan(await serve(handler)), Spoor.begin()
    with tracing(spoor):
        await bron.fetch([VRAAG])
    await bron.fetch([VRAAG])
    assert gezien == [f"00-{spoor.trace_id}-{spoor.operation_id}-01", None]


class Tokenserver:
    """Gives tokens and guards an API with the last one."""

    def __init__(self, **token: Any) -> None:
        self.gegeven = 0
        self.status = 200
        self.formulieren: list[dict[str, str]] = []
        self.bewijzen: list[str] = []
        self.token = {"token_type": "Bearer", "expires_in": 3600} | token

    async def __call__(self, request: web.Request) -> web.Response:
        if request.path == "/token":
            self.gegeven += 1
            self.formulieren.append({k: str(v) for k, v in (await request.post()).items()})
            self.bewijzen.append(request.headers["Authorization"])
            return await _give(self.status, {"access_token": f"t{self.gegeven}"} | self.token)
        goed = request.headers.get("Authorization") == f"Bearer t{self.gegeven}"
        return await _give(200 if goed else 401, GOED if goed else {"code": "authentication"})


async def test_a_token_is_fetched_once_and_used_until_it_ends(serve: Serve, vraag_aan: Maak) -> None:
    server = Tokenserver()
    url = await serve(server)
    houder = Tokenhouder(Clientgegevens(f"{url}/token", "knooppunt", "ge:heim", "brp/personen"))
    bron = vraag_aan(url, toegang=houder)
    uit = await asyncio.gather(*(bron.fetch([VRAAG]) for _ in range(8)))
    assert all(isinstance(antwoord, Registerfeiten) for (antwoord,) in uit)
    assert server.formulieren == [{"grant_type": "client_credentials", "scope": "brp/personen"}]
    assert server.bewijzen == ["Basic a25vb3BwdW50OmdlOmhlaW0="]


async def test_a_token_without_life_is_fetched_every_time(serve: Serve, vraag_aan: Maak) -> None:
    server = Tokenserver(expires_in=0)
    url = await serve(server)
    bron = vraag_aan(url, toegang=Tokenhouder(Clientgegevens(f"{url}/token", "k", "g")))
    for _ in range(2):
        await bron.fetch([VRAAG])
    assert server.gegeven == 2


async def test_a_token_that_is_refused_is_renewed_once(serve: Serve, vraag_aan: Maak) -> None:
    server = Tokenserver()
    url = await serve(server)
    bron = vraag_aan(url, toegang=Tokenhouder(Clientgegevens(f"{url}/token", "k", "g")))
    await bron.fetch([VRAAG])
    server.gegeven += 1  # the server forgot the token it gave
    (uit,) = await bron.fetch([VRAAG])
    assert isinstance(uit, Registerfeiten)


@pytest.mark.parametrize(
    ("status", "token", "soort"),
    [
        (401, {}, Bronfoutsoort.NIET_GEAUTORISEERD),
        (400, {}, Bronfoutsoort.NIET_GEAUTORISEERD),
        (500, {}, Bronfoutsoort.ONBEREIKBAAR),
        (200, {"token_type": "mac"}, Bronfoutsoort.ONBRUIKBAAR),
        (200, {"access_token": "a\r\nX: y"}, Bronfoutsoort.ONBRUIKBAAR),
        (200, {"access_token": ""}, Bronfoutsoort.ONBRUIKBAAR),
    ],
)
async def test_a_token_server_that_gives_none_is_told(
    serve: Serve, vraag_aan: Maak, status: int, token: dict[str, Any], soort: Bronfoutsoort
) -> None:
    server = Tokenserver(**token)
    server.status = status
    url = await serve(server)
    uit = await fout(vraag_aan(url, toegang=Tokenhouder(Clientgegevens(f"{url}/token", "k", "g"))))
    assert uit.soort is soort


# --- bounds ----------------------------------------------------------------------------------------------------------


async def test_no_more_questions_are_on_their_way_than_allowed(serve: Serve, stapel: AsyncExitStack) -> None:
    binnen, meeste, alle = 0, 0, asyncio.Event()

    async def handler(_request: web.Request) -> web.Response:
        nonlocal binnen, meeste
        binnen += 1
        meeste = max(meeste, binnen)
        if meeste == 3:
            alle.set()
        await alle.wait()
        binnen -= 1
        return await _give(200, GOED)

    client = BrpClient(await serve(handler), grenzen=Grenzen(gelijktijdig=3, per_seconde=1000))
    stapel.push_async_callback(client.close)
    await asyncio.gather(*(client.persons([KIND], MOEDER) for _ in range(20)))
    assert meeste == 3


async def test_no_more_questions_go_out_than_the_rate_allows(serve: Serve, vraag_aan: Maak) -> None:
    gezien = 0

    async def handler(_request: web.Request) -> web.Response:
        nonlocal gezien
        gezien += 1
        return await _give(200, GOED)

    een_per_uur = Grenzen(per_seconde=1 / 3600, geheel_s=0.3)
    bron = vraag_aan(await serve(handler), grenzen=een_per_uur)
    (eerste,) = await bron.fetch([VRAAG])
    assert isinstance(eerste, Registerfeiten)
    assert (await fout(bron)).soort is Bronfoutsoort.ONBEREIKBAAR
    assert gezien == 1


async def test_the_bsn_stands_in_the_body_only_and_in_no_log(
    serve: Serve, vraag_aan: Maak, caplog: pytest.LogCaptureFixture
) -> None:
    gezien: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        gezien.append(f"{request.raw_path} {request.raw_headers}")
        assert json.loads(await request.text())["burgerservicenummer"]
        return await _give(500, {"title": KIND, "detail": KIND})

    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as regels:
        await fout(vraag_aan(await serve(handler)))
        await fout(vraag_aan(await serve(lambda _: _give(503, {"detail": KIND}))))
    assert len(gezien) == 1
    assert regels
    assert KIND not in f"{gezien}{regels}{caplog.text}"
