"""A whole hub that says "not now": 429 and 503 with Retry-After over both protocols, and nothing lost by who waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa
from sjabloon import make_tables

from adapters.stufggk.server import PAD
from adapters.vsp.client import VspClient
from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import build
from knooppunt.configuratiebestand import load
from knooppunt.hub import Hub
from knooppunt.pki import make_demo
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.verzending import StufZender
from knooppunt.simulatie.vsp import PAD as VSP_PAD
from knooppunt.tls import client_context
from routing import incident, schema
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.poorten import Uitkomstsoort
from routing.registerimport import parse_toml, store

GEMEENTE, AANBIEDER = "0363", "90000001"
OINS = {GEMEENTE: "00000001999999990363", AANBIEDER: "00000001999999990001"}
VSP = "/vsp/berichten/rest-push/v1/berichten"
TOML = """
[database]
url = "sqlite:///k.db"
[koppelvlak]
poort = 0
certificaat = "pki/hub.pem"
sleutel = "pki/hub.key"
ca = "pki/ca.pem"
[beheer]
poort = 0
[logging]
toegang = false
[bewaking]
schijf_waarschuwing_mib = 1
schijf_weiger_mib = 0
"""


class Opstelling:
    """A hub in this process, and clients of two partijen."""

    def __init__(self, map_: Path, stapel: AsyncExitStack) -> None:
        self.map, self._stapel = map_, stapel
        make_demo(map_ / "pki", list(OINS.items()))
        Kluis.create(map_ / "sleutels")
        (map_ / "hub.toml").write_text(TOML, "utf-8")
        self.hub: Hub | None = None

    async def start(self, quota: int = 60, **omgeving: str) -> None:
        url = f"sqlite:///{self.map / 'k.db'}"
        make_tables(url)
        partijen = "".join(
            f'[[partij]]\ncode = "{code}"\nnaam = "{code}"\nkanaal = "pull"\nprotocol = "vsp"\n'
            f'identiteiten = ["oin:{oin}"]\nmag_zenden = ["*"]\nmag_ontvangen = ["*"]\nquota_berichten = {quota}\n'
            for code, oin in OINS.items()
        )
        opslag = Opslag(url)
        await opslag.write(store, parse_toml(partijen))
        await opslag.close()
        namen = {f"KNOOPPUNT_{naam}": waarde for naam, waarde in omgeving.items()}
        self.hub = await self._stapel.enter_async_context(Hub(load(self.map / "hub.toml", namen)))

    async def post(self, pad: str, wie: str = GEMEENTE, **anders: object) -> tuple[int, dict[str, str], str]:
        pki = self.map / "pki"
        tls = client_context(credentials(pki / f"{wie}.pem", pki / f"{wie}.key", pki / "ca.pem"))
        koppen = {"Content-Type": "text/xml"} if pad == PAD else {}
        async with (
            aiohttp.ClientSession() as sessie,
            sessie.post(f"{self.hub.koppelvlak_url}{pad}", ssl=tls, headers=koppen, data=b"<x/>", **anders) as antwoord,
        ):
            return antwoord.status, dict(antwoord.headers), await antwoord.text()

    def zender(self) -> StufZender:
        pki = self.map / "pki"
        tls = client_context(credentials(pki / f"{GEMEENTE}.pem", pki / f"{GEMEENTE}.key", pki / "ca.pem"))
        return StufZender(self.hub.koppelvlak_url + PAD, tls)

    async def ready(self) -> tuple[int, dict[str, bool]]:
        async with aiohttp.ClientSession() as sessie, sessie.get(f"{self.hub.beheer_url}/readyz") as antwoord:
            return antwoord.status, (await antwoord.json())["controles"]

    async def metrics(self) -> str:
        async with aiohttp.ClientSession() as sessie, sessie.get(f"{self.hub.beheer_url}/metrics") as antwoord:
            return await antwoord.text()


@pytest.fixture
async def op(tmp_path: Path) -> AsyncIterator[Opstelling]:
    async with AsyncExitStack() as stapel:
        yield Opstelling(tmp_path, stapel)


def bericht(nummer: int) -> bytes:
    return build(
        ingebouwd().find("WMO319", "3.2"),
        {
            "Header": {
                "Afzender": GEMEENTE,
                "Ontvanger": AANBIEDER,
                "BerichtIdentificatie": {"Identificatie": str(nummer), "Dagtekening": "2026-01-05"},
                "XsdVersie": {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"},
            },
            "Antwoord": {"ReferentieAanbieder": f"R{nummer}", "VerzoekAntwoord": "2"},
        },
    )


async def test_who_goes_too_fast_hears_429_over_both_protocols_and_others_notice_nothing(op: Opstelling):
    await op.start(quota=2)
    for over in (1, 0):
        status, koppen, _ = await op.post(PAD)
        assert status != 429
        assert koppen["RateLimit-Policy"] == '"berichten";q=2;w=60'
        assert koppen["RateLimit"] == f'"berichten";r={over}'
    status, koppen, tekst = await op.post(PAD)
    assert (status, koppen["Content-Type"]) == (429, "text/xml; charset=utf-8")
    assert 1 <= int(koppen["Retry-After"]) <= 30
    assert "<faultcode>soap:Server</faultcode>" in tekst
    assert "KNP004: Er komen meer berichten binnen" in tekst
    status, koppen, tekst = await op.post(VSP)  # one quota, whatever the way
    assert (status, json.loads(tekst)["code"], json.loads(tekst)["oorzaak"]) == (429, "KNP004", "quota_bereikt")
    assert int(koppen["Retry-After"]) >= 1
    assert (await op.post(VSP, AANBIEDER))[0] == 400
    assert 'knooppunt_niet_toegelaten_total{kanaal="stuf",oorzaak="quota_bereikt"} 1.0' in await op.metrics()
    status, _, _ = await op.post(f"{PAD}?wsdl")
    assert status == 429


async def test_a_description_is_never_refused(op: Opstelling):
    await op.start(quota=1)
    await op.post(PAD)
    pki = op.map / "pki"
    tls = client_context(credentials(pki / f"{GEMEENTE}.pem", pki / f"{GEMEENTE}.key", pki / "ca.pem"))
    async with aiohttp.ClientSession() as sessie:
        for _ in range(5):
            async with sessie.get(f"{op.hub.koppelvlak_url}{PAD}?wsdl", ssl=tls) as antwoord:
                assert antwoord.status == 200


async def test_a_client_that_waits_as_long_as_he_is_told_loses_nothing(op: Opstelling):
    await op.start(quota=6)  # one more every ten seconds
    zender = op.zender()
    geweigerd, gezonden = 0, []
    for nummer in range(7):
        inhoud = bericht(nummer)
        envelop = compose_envelop(van=GEMEENTE, naar=AANBIEDER, functie="WMO319")
        gezonden.append(envelop.stuurgegevens.referentienummer)
        while True:
            uitkomst = await zender.send(envelop, inhoud)
            if uitkomst.soort is Uitkomstsoort.BEZORGD:
                break
            geweigerd += 1
            assert (uitkomst.soort, uitkomst.http_status) == (Uitkomstsoort.TIJDELIJK, 429)
            await asyncio.sleep(uitkomst.opnieuw_na)
    await zender.close()
    assert geweigerd >= 1
    b = schema.bericht.c
    keuze = sa.select(b.referentienummer).where(b.zender == GEMEENTE).order_by(b.ontvangen_op)
    assert sorted(await op.hub.opslag.read(lambda conn: conn.execute(keuze).scalars().all())) == sorted(gezonden)


async def test_a_full_disk_is_503_takes_no_node_away_and_is_over_by_itself(op: Opstelling, wacht_op: Callable):
    await op.start(BEWAKING__SCHIJF_WEIGER_MIB="50", BEWAKING__INTERVAL_SECONDEN="0.05")
    op.hub._ruimte._meet = lambda _map: 49
    await wacht_op(lambda: open_causes(op), {"schijf_vol"})
    for pad in (PAD, VSP):
        status, koppen, tekst = await op.post(pad)
        assert (status, koppen["Retry-After"]) == (503, "60")
        assert "StUF046" in tekst
    status, controles = await op.ready()
    assert (status, controles["ruimte"]) == (200, False)
    op.hub._ruimte._meet = lambda _map: 50
    await wacht_op(lambda: open_causes(op), set())
    assert (await op.post(VSP))[0] == 400
    assert (await op.ready())[1]["ruimte"] is True


async def open_causes(op: Opstelling) -> set[str]:
    return {i.oorzaak for i in await op.hub.opslag.read(incident.find, alleen_open=True)}


@pytest.fixture
def wacht_op() -> Callable:
    """Asks again until the answer is as expected; the test's own time-out is the limit."""

    async def wait(vraag: Callable, verwacht: object) -> None:
        while await vraag() != verwacht:  # noqa: ASYNC110 - the answer is in the database or behind a socket
            await asyncio.sleep(0.02)

    return wait


async def test_a_backlog_above_the_watermark_is_503(op: Opstelling, wacht_op: Callable):
    await op.start(
        BEWAKING__ACHTERSTAND_WAARSCHUWING="1", BEWAKING__ACHTERSTAND_WEIGER="1", BEWAKING__INTERVAL_SECONDEN="0.05"
    )
    zender = op.zender()
    for nummer in (1, 2):
        envelop = compose_envelop(van=GEMEENTE, naar=AANBIEDER, functie="WMO319")
        assert (await zender.send(envelop, bericht(nummer))).soort is Uitkomstsoort.BEZORGD
    await zender.close()

    async def status() -> int:
        return (await op.post(VSP, AANBIEDER))[0]

    await wacht_op(status, 503)
    gereed, controles = await op.ready()
    assert (gereed, controles["ruimte"]) == (200, False)
    pki = op.map / "pki"
    tls = client_context(credentials(pki / f"{AANBIEDER}.pem", pki / f"{AANBIEDER}.key", pki / "ca.pem"))
    ophaler = VspClient(op.hub.koppelvlak_url + VSP_PAD, tls)
    assert len(await ophaler.list_ready()) == 2
    await ophaler.close()


async def test_too_many_at_once_is_503_without_reading_the_body(op: Opstelling, wacht_op: Callable):
    await op.start(TOELATING__TEGELIJK="1", quota=10_000)
    pki = op.map / "pki"
    tls = client_context(credentials(pki / f"{GEMEENTE}.pem", pki / f"{GEMEENTE}.key", pki / "ca.pem"))
    poort = int(op.hub.koppelvlak_url.rsplit(":", 1)[1])
    _, schrijver = await asyncio.open_connection("127.0.0.1", poort, ssl=tls, server_hostname="localhost")
    kop = f"POST {PAD} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n"
    schrijver.write(kop.encode())  # and no body: it keeps the only place

    async def status() -> int:
        return (await op.post(VSP, AANBIEDER))[0]

    await wacht_op(status, 503)
    code, koppen, tekst = await op.post(PAD, AANBIEDER)
    assert (code, koppen["Retry-After"]) == (503, "5")
    assert "StUF046: Het knooppunt heeft het nu te druk" in tekst
    schrijver.transport.abort()
    await wacht_op(status, 400)


async def test_one_sender_that_holds_bodies_back_hears_429_and_shuts_the_door_for_nobody(
    op: Opstelling, wacht_op: Callable
):
    await op.start(TOELATING__MIB_TEGELIJK="100", quota=10_000)
    pki = op.map / "pki"
    tls = client_context(credentials(pki / f"{GEMEENTE}.pem", pki / f"{GEMEENTE}.key", pki / "ca.pem"))
    poort = int(op.hub.koppelvlak_url.rsplit(":", 1)[1])
    kop = f"POST {VSP} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    schrijvers = []
    for _ in range(5):
        _, schrijver = await asyncio.open_connection("127.0.0.1", poort, ssl=tls, server_hostname="localhost")
        schrijver.write(f"{kop}Transfer-Encoding: chunked\r\n\r\n".encode())
        schrijvers.append(schrijver)

    async def status() -> int:
        return (await op.post(VSP))[0]

    await wacht_op(status, 429)
    assert (await op.post(VSP))[1]["Retry-After"] == "5"
    assert (await op.post(VSP, AANBIEDER))[0] == 400
    for schrijver in schrijvers:
        schrijver.transport.abort()
    await wacht_op(status, 400)


async def test_what_the_listener_refuses_is_not_charged(op: Opstelling):
    await op.start(quota=2)
    for _ in range(3):
        status, koppen, _ = await op.post(PAD, skip_auto_headers=["Content-Encoding"], compress=True)
        assert status == 415
        assert "RateLimit" not in koppen
    assert (await op.post(PAD))[1]["RateLimit"] == '"berichten";r=1'
