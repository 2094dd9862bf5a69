"""The adapter against the simulated register: what it asks, what it makes of the answer, and every way to fail."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from proefciz import settings
from structlog.testing import capture_logs

from adapters.iwlz.register import IwlzRegister
from knooppunt.pki import CLIENT, Proefautoriteit, Uitgifte
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.ciz import STORINGEN, Cizregister
from knooppunt.simulatie.storing import Storingen, read_storing
from knooppunt.simulatie.verlopen import expiring_server
from knooppunt.tls import client_context
from routing.wlz.register import Oorzaak, RegisterFout

JA, NIEMAND, TWEEMAAL = "999990342", "999990019", "999990421"
_DAG = timedelta(days=1)


async def _fails(register: IwlzRegister, bsn: str = JA) -> Oorzaak:
    with pytest.raises(RegisterFout) as fout, capture_logs() as log:
        await register.indications_of(bsn)
    assert bsn not in f"{fout.value!r}{fout.value.__cause__!r}{log}"
    return fout.value.oorzaak


async def test_an_indication_comes_with_its_days_and_profielen(register: IwlzRegister, ciz: Cizregister) -> None:
    (indicatie,) = await register.indications_of(JA)
    assert (indicatie.afgiftedatum, indicatie.ingangsdatum) == (date(2024, 2, 1), date(2024, 3, 1))
    assert [(p.code, p.einddatum) for p in indicatie.profielen] == [("754", None)]
    (vraag,) = ciz.vragen
    assert (vraag.versie, vraag.operatie, len(vraag.spoor)) == (1, "Registertoets", 32)


async def test_nothing_in_the_register_is_an_empty_answer_and_no_fault(register: IwlzRegister) -> None:
    assert await register.indications_of(NIEMAND) == ()


async def test_the_copy_comes_per_zorgkantoor_with_what_lapsed(register: IwlzRegister, ciz: Cizregister) -> None:
    regels = await register.lines_of("5509")
    assert {r.bsn for r in regels} == {JA, "999990366", "999990378", TWEEMAAL}
    assert [r.indicatie.vervaldatum for r in regels if r.bsn == TWEEMAAL] == [date(2022, 7, 1), None]
    assert await register.lines_of("5533") == ()
    assert {v.versie for v in ciz.vragen} == {2}
    assert JA not in repr(regels)


async def test_many_questions_at_once_share_one_token(register: IwlzRegister, ciz: Cizregister) -> None:
    await asyncio.gather(*(register.indications_of(JA) for _ in range(20)))
    assert (ciz.tokens, len(ciz.vragen)) == (1, 20)


async def test_a_token_that_the_register_no_longer_takes_is_replaced_once_for_all(
    register: IwlzRegister, ciz: Cizregister
) -> None:
    await register.indications_of(JA)
    ciz.revoke()
    await asyncio.gather(*(register.indications_of(JA) for _ in range(10)))
    assert ciz.tokens == 2


async def test_a_token_is_replaced_before_it_ends(register: IwlzRegister, ciz: Cizregister) -> None:
    ciz.token_s = 1  # shorter than the margin: half of it is used
    await register.indications_of(JA)
    async with asyncio.timeout(30):
        while ciz.tokens == 1:
            await register.indications_of(JA)
            await asyncio.sleep(0.05)
    assert ciz.tokens == 2


def _fault(ciz: Cizregister, tekst: str) -> None:
    ciz.storingen.switch([read_storing(tekst)])


@pytest.mark.parametrize(
    ("storing", "oorzaak", "vragen"),
    [
        ("kwijt/toets", Oorzaak.VERBINDING, 3),
        ("graphql:fouten", Oorzaak.ONVOLLEDIG, 1),
        ("graphql:half", Oorzaak.ONVOLLEDIG, 1),
        ("graphql:niets", Oorzaak.ONBEGRIJPELIJK, 1),
        ("graphql:ander", Oorzaak.ONBEGRIJPELIJK, 1),
        ("fout:500/toets", Oorzaak.STORING, 1),
        ("fout:503/toets", Oorzaak.STORING, 3),
        ("fout:429/toets", Oorzaak.DRUK, 3),
        ("fout:401/toets", Oorzaak.TOEGANG, 2),
        ("wartaal/toets", Oorzaak.ONBEGRIJPELIJK, 1),
        ("fout:400/token", Oorzaak.TOEGANG, 0),
        ("fout:401/token", Oorzaak.TOEGANG, 0),
        ("wartaal/token", Oorzaak.ONBEGRIJPELIJK, 0),
    ],
)
async def test_a_fault_has_its_cause_and_is_asked_again_only_when_that_may_help(
    register: IwlzRegister, ciz: Cizregister, storing: str, oorzaak: Oorzaak, vragen: int
) -> None:
    _fault(ciz, storing)
    assert await _fails(register) is oorzaak
    assert len(ciz.vragen) == vragen
    ciz.storingen.switch([])
    assert len(await register.indications_of(JA)) == 1


@pytest.mark.parametrize("storing", ["kwijt@2/toets", "fout:503@2/toets", "kwijt@2/token"])
async def test_what_goes_wrong_once_is_asked_again(register: IwlzRegister, ciz: Cizregister, storing: str) -> None:
    _fault(ciz, storing)
    ciz.storingen.draw(storing.split("/")[1])  # the first is passed over: the next one goes wrong
    assert len(await register.indications_of(JA)) == 1
    assert len({v.spoor for v in ciz.vragen}) == 1  # one trace for all attempts


async def test_a_late_answer_is_not_asked_again(ciz: Cizregister) -> None:
    _fault(ciz, "laat:1s/toets")
    register = IwlzRegister(settings(await ciz.start(), antwoord_s=0.3))
    try:
        assert await _fails(register) is Oorzaak.TIJD
        assert len(ciz.vragen) == 1
    finally:
        await register.close()


async def test_a_register_that_is_not_there(ciz: Cizregister) -> None:
    url = await ciz.start()
    await ciz.close()
    register = IwlzRegister(settings(url))
    try:
        assert await _fails(register) is Oorzaak.VERBINDING
    finally:
        await register.close()


class _Doos:
    """A server that gives one fixed answer to every question."""

    def __init__(self, inhoud: bytes, soort: str = "application/graphql-response+json", status: int = 200) -> None:
        self._antwoord = (inhoud, soort, status)

    async def ask(self) -> Oorzaak | int:
        app = web.Application()
        app.router.add_post("/auth/token", self._token)
        app.router.add_post("/v1/graphql", self._answer)
        async with TestServer(app) as server:
            register = IwlzRegister(settings(str(server.make_url("")).rstrip("/")))
            try:
                return len(await register.indications_of(JA))
            except RegisterFout as fout:
                return fout.oorzaak
            finally:
                await register.close()

    async def _token(self, _request: web.Request) -> web.Response:
        return web.json_response({"access_token": "t", "token_type": "bearer", "expires_in": 999_999})

    async def _answer(self, _request: web.Request) -> web.Response:
        inhoud, soort, status = self._antwoord
        return web.Response(body=inhoud, content_type=soort, status=status, headers={"Location": "https://x.invalid"})


_RIJ = '{"wlzindicatieID":"5f0c1f5e-8d6b-4c55-9f0a-000000000001","bsn":"%s","afgiftedatum":"2024-02-01",%s}'


def _rows(rest: str, bsn: str = JA) -> bytes:
    return ('{"data":{"getWlzIndicatiesVoorBsn":[' + _RIJ % (bsn, rest) + "]}}").encode()


_GOED = '"ingangsdatum":"2024-03-01","einddatum":null,"geindiceerdZorgzwaartepakket":null'


@pytest.mark.parametrize(
    ("inhoud", "soort", "status", "verwacht"),
    [
        (_rows(_GOED), "application/json", 200, 1),  # what GraphQL over HTTP calls the old media type
        (_rows(_GOED + ',"extra":1'), "application/json", 200, 1),
        (_rows(_GOED), "application/json", 302, Oorzaak.ONBEGRIJPELIJK),  # not followed
        (_rows(_GOED), "application/json", 403, Oorzaak.TOEGANG),
        (_rows(_GOED), "application/json", 400, Oorzaak.ONVOLLEDIG),
        (_rows('"ingangsdatum":"2024-03-01","einddatum":null'), "application/json", 200, Oorzaak.ONBEGRIJPELIJK),
        (_rows(_GOED.replace("2024-03-01", "2024-02-30")), "application/json", 200, Oorzaak.ONBEGRIJPELIJK),
        (_rows(_GOED.replace('"2024-03-01"', "20240301")), "application/json", 200, Oorzaak.ONBEGRIJPELIJK),
        (b'{"data":null}', "application/json", 200, Oorzaak.ONBEGRIJPELIJK),
        (b"{}", "application/json", 200, Oorzaak.ONBEGRIJPELIJK),
        (b"[]", "application/json", 200, Oorzaak.ONBEGRIJPELIJK),
        (b"", "application/json", 200, Oorzaak.ONBEGRIJPELIJK),
        (b"\xff\xfe", "application/json", 200, Oorzaak.ONBEGRIJPELIJK),
        (b"[" * 100_000, "application/json", 200, Oorzaak.ONBEGRIJPELIJK),
        (b" " * 2_000_000, "application/json", 200, Oorzaak.ONBEGRIJPELIJK),
    ],
)
async def test_an_answer_that_is_not_as_described_is_never_nothing(
    inhoud: bytes, soort: str, status: int, verwacht: Oorzaak | int
) -> None:
    assert await _Doos(inhoud, soort, status).ask() == verwacht


async def test_over_tls_both_sides_show_a_valid_certificate(tmp_path: Path) -> None:
    autoriteit = Proefautoriteit.create()
    ca = autoriteit.write(tmp_path)
    nu = datetime.now(UTC)

    async def ask(server: Uitgifte, client: Uitgifte, storing: str = "verlopen@999999") -> Oorzaak | int:
        storingen = Storingen([read_storing(storing)], kent=STORINGEN)
        tls = expiring_server(credentials(*server.write(tmp_path, "ciz"), ca), storingen)
        ciz = Cizregister(tls, storingen=storingen)
        hub = client_context(credentials(*client.write(tmp_path, "hub"), ca))
        register = IwlzRegister(settings((await ciz.start()).replace("127.0.0.1", "localhost")), hub)
        try:
            return len(await register.indications_of(JA))
        except RegisterFout as fout:
            return fout.oorzaak
        finally:
            await register.close()
            await ciz.close()

    goed = autoriteit.issue("ciz"), autoriteit.issue("hub", doelen=(CLIENT,))
    assert await ask(*goed) == 1
    verlopen_client = autoriteit.issue("hub", van=nu - 9 * _DAG, tot=nu - _DAG)
    # with TLS 1.3 a server refuses after the handshake: its alert or a broken connection, whichever arrives first
    assert await ask(goed[0], verlopen_client) in {Oorzaak.CERTIFICAAT, Oorzaak.VERBINDING}
    assert await ask(*goed, storing="verlopen") is Oorzaak.CERTIFICAAT
    vreemd = Proefautoriteit.create("vreemd").issue("ciz")
    assert await ask(vreemd, goed[1]) is Oorzaak.CERTIFICAAT


async def test_neither_token_nor_secret_nor_bsn_shows_in_a_log_line(
    register: IwlzRegister, ciz: Cizregister, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    _fault(ciz, "graphql:fouten")
    with capture_logs() as log, pytest.raises(RegisterFout):
        await register.indications_of(JA)
    assert [regel["event"] for regel in log if "codes" in regel] == ["Wlz-register meldt fouten"]
    for geheim in (JA, *ciz.valid_tokens()):
        assert geheim not in f"{log}{caplog.text}"
