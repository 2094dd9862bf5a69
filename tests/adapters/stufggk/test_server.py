"""The koppelvlak over real HTTP, with an intake that records."""

from __future__ import annotations

import asyncio
import gzip
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, web
from lxml import etree

from adapters.stufggk.server import PAD, OntvangAsynchroon, Serverinstellingen
from istandaarden.bevinding import Bevinding
from routing.bericht import Berichtcode, Identiteit
from routing.fouten import make_fout
from routing.leestijd import Leestijd
from routing.poorten import Ontvangst, Ontvangstsoort

Stuf = Any  # the classes stand in conftest.py, which cannot be imported
Opschrijver = Any
S = "{http://www.egem.nl/StUF/StUF0301}"
XML = {"Content-Type": "text/xml; charset=utf-8"}


@asynccontextmanager
async def serving(
    intake: Opschrijver, identiteit: Identiteit, instellingen: Serverinstellingen | None = None
) -> AsyncIterator[tuple[ClientSession, str]]:
    app = web.Application()
    OntvangAsynchroon(intake, lambda _: identiteit, instellingen).add_routes(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with ClientSession() as sessie:
            yield sessie, f"http://127.0.0.1:{runner.addresses[0][1]}{PAD}"
    finally:
        await runner.cleanup()


def fault(body: bytes) -> tuple[str, str, str | None]:
    """Return faultcode, faultstring and the code of the Fo03, if there is one."""
    wortel = etree.fromstring(body)
    element = wortel[0][0]
    assert element.tag == "{http://schemas.xmlsoap.org/soap/envelope/}Fault"
    return element.findtext("faultcode") or "", element.findtext("faultstring") or "", wortel.findtext(f".//{S}code")


@pytest.mark.parametrize("soort", ["di01", "du01", "tekst", "fo01"])
async def test_accepts_every_kind_and_answers_bv03(
    stuf: Stuf, intake: Opschrijver, identiteit: Identiteit, soort: str
) -> None:
    envelop = getattr(stuf, soort)
    inhoud = stuf.foutbody if soort == "fo01" else b"<x/>"
    async with serving(intake, identiteit) as (sessie, url):
        antwoord = await sessie.post(url, data=stuf.pack(envelop, inhoud), headers=XML)
        body = await antwoord.read()
    assert antwoord.status == 200
    assert antwoord.headers["Content-Type"] == "text/xml; charset=utf-8"
    bv03 = stuf.body(body)
    assert bv03.tag == f"{S}Bv03Bericht"
    assert bv03.findtext(f".//{S}zender/{S}organisatie") == "IB"
    assert bv03.findtext(f".//{S}ontvanger/{S}organisatie") == envelop.stuurgegevens.zender.organisatie
    assert bv03.findtext(f".//{S}referentienummer") == intake.antwoord.referentienummer
    assert bv03.findtext(f".//{S}tijdstipBericht") == intake.antwoord.tijdstip
    assert bv03.findtext(f".//{S}crossRefnummer") == envelop.stuurgegevens.referentienummer
    (gekregen,) = intake.gekregen
    assert gekregen.envelop == envelop
    assert gekregen.identiteit is identiteit
    assert gekregen.kanaal == "stuf"
    assert gekregen.bevindingen == ()


async def test_repeated_bericht_gets_the_same_bv03(stuf: Stuf, intake: Opschrijver, identiteit: Identiteit) -> None:
    bericht = stuf.pack(stuf.di01, b"<x/>")
    async with serving(intake, identiteit) as (sessie, url):
        een = await (await sessie.post(url, data=bericht, headers=XML)).read()
        intake.antwoord = Ontvangst(Ontvangstsoort.HERHAALD, intake.antwoord.referentienummer, intake.antwoord.tijdstip)
        assert await (await sessie.post(url, data=bericht, headers=XML)).read() == een


async def test_refusal_becomes_a_fo03(stuf: Stuf, intake: Opschrijver, identiteit: Identiteit) -> None:
    for oorzaak, generatie, verwacht in (
        ("zender_onbekend", "B", ("soap:Client", "StUF013")),
        ("opslaan_onmogelijk", "A", ("soap:Server", "StUF046")),
    ):
        intake.antwoord = Ontvangst(Ontvangstsoort.GEWEIGERD, "r", "t", fout=make_fout(oorzaak, generatie))
        async with serving(intake, identiteit) as (sessie, url):
            antwoord = await sessie.post(url, data=stuf.pack(stuf.di01, b"<x/>"), headers=XML)
            assert antwoord.status == 500
            code, tekst, stufcode = fault(await antwoord.read())
        assert (code, stufcode) == verwacht
        assert tekst == make_fout(oorzaak, generatie).omschrijving


async def test_wrong_envelope_is_handed_over_with_its_findings(
    stuf: Stuf, intake: Opschrijver, identiteit: Identiteit
) -> None:
    bericht = stuf.pack(stuf.di01, b"<x/>").replace(b"20260105091500123", b"99999999")
    async with serving(intake, identiteit) as (sessie, url):
        assert (await sessie.post(url, data=bericht, headers=XML)).status == 200
    (gekregen,) = intake.gekregen
    (bevinding,) = gekregen.bevindingen
    assert isinstance(bevinding, Bevinding)
    assert gekregen.envelop.stuurgegevens.berichtcode is Berichtcode.DI01


async def test_unusable_stuurgegevens_get_a_fo03_at_once(
    stuf: Stuf, intake: Opschrijver, identiteit: Identiteit
) -> None:
    bericht = stuf.pack(stuf.di01, b"<x/>").replace(b">0363<", b"><")
    async with serving(intake, identiteit) as (sessie, url):
        antwoord = await sessie.post(url, data=bericht, headers=XML)
        assert antwoord.status == 500
        assert fault(await antwoord.read())[::2] == ("soap:Client", "StUF013")
    assert intake.gekregen == []


async def test_our_own_failure_is_a_server_fault_without_a_glimpse_inside(
    stuf: Stuf, intake: Opschrijver, identiteit: Identiteit
) -> None:
    intake.antwoord = RuntimeError("wachtwoord van de databank in /etc/geheim")
    async with serving(intake, identiteit) as (sessie, url):
        antwoord = await sessie.post(url, data=stuf.pack(stuf.di01, b"<x/>"), headers=XML)
        body = await antwoord.read()
    assert antwoord.status == 500
    assert fault(body)[::2] == ("soap:Server", "StUF046")
    for woord in (b"Traceback", b"geheim", b"RuntimeError", b".py"):
        assert woord not in body


@pytest.mark.parametrize(
    ("koppen", "woord"),
    [
        ({"Content-Type": "application/soap+xml; charset=utf-8"}, "SOAP 1.2"),
        ({"Content-Type": 'multipart/related; type="application/xop+xml"; boundary=x'}, "MTOM"),
        ({"Content-Type": "application/json"}, "application/json"),
        ({"Content-Type": "text/xml; charset=iso-8859-1"}, "charset"),
        ({"Content-Type": "text/xml", "Content-Encoding": "gzip"}, "Content-Encoding"),
    ],
)
async def test_other_content_is_415(
    stuf: Stuf, intake: Opschrijver, identiteit: Identiteit, koppen: dict[str, str], woord: str
) -> None:
    bericht = stuf.pack(stuf.di01, b"<x/>")
    if "Content-Encoding" in koppen:
        bericht = gzip.compress(bericht)
    async with serving(intake, identiteit) as (sessie, url):
        antwoord = await sessie.post(url, data=bericht, headers=koppen)
        assert antwoord.status == 415
        code, tekst, stufcode = fault(await antwoord.read())
    assert (code, stufcode) == ("soap:Client", None)
    assert woord in tekst
    assert intake.gekregen == []


async def test_utf_16_is_read(stuf: Stuf, intake: Opschrijver, identiteit: Identiteit) -> None:
    bericht = stuf.pack(stuf.di01, b"<x/>").decode().replace("UTF-8", "UTF-16").encode("utf-16")
    async with serving(intake, identiteit) as (sessie, url):
        antwoord = await sessie.post(url, data=bericht, headers={"Content-Type": "text/xml; charset=utf-16"})
        assert antwoord.status == 200
    assert intake.gekregen[0].envelop == stuf.di01


async def test_other_methods(intake: Opschrijver, identiteit: Identiteit) -> None:
    async with serving(intake, identiteit) as (sessie, url):
        for methode in ("PUT", "DELETE", "OPTIONS", "PATCH"):
            antwoord = await sessie.request(methode, url)
            assert antwoord.status == 405
            assert antwoord.headers["Allow"] == "GET, HEAD, POST"
        assert (await sessie.head(url)).status == 200


async def test_contract_is_served(intake: Opschrijver, identiteit: Identiteit) -> None:
    async with serving(intake, identiteit) as (sessie, url):
        hint = await sessie.get(url)
        assert f"{url}?wsdl" in await hint.text()
        wsdl = etree.fromstring(await (await sessie.get(f"{url}?WSDL")).read())
        assert wsdl.find(".//{http://schemas.xmlsoap.org/wsdl/soap/}address").get("location") == url  # type: ignore[union-attr]  # it is there
        for plek in wsdl.iter("{http://www.w3.org/2001/XMLSchema}import"):
            antwoord = await sessie.get(plek.get("schemaLocation", ""))
            assert antwoord.status == 200
            etree.fromstring(await antwoord.read())
        assert (await sessie.get(f"{url}?xsd=bestaat-niet")).status == 404


async def test_public_address_in_the_contract(intake: Opschrijver, identiteit: Identiteit) -> None:
    instellingen = Serverinstellingen(adres="https://hub.voorbeeld.nl/ggk")
    async with serving(intake, identiteit, instellingen) as (sessie, url):
        assert 'location="https://hub.voorbeeld.nl/ggk"' in await (await sessie.get(f"{url}?wsdl")).text()


async def test_too_large_is_refused_while_reading(stuf: Stuf, intake: Opschrijver, identiteit: Identiteit) -> None:
    bericht = stuf.pack(stuf.di01, b"a" * 1_000_000)

    async def stroom() -> AsyncIterator[bytes]:
        for plek in range(0, len(bericht), 50_000):
            yield bericht[plek : plek + 50_000]

    async with serving(intake, identiteit, Serverinstellingen(max_bytes=500_000)) as (sessie, url):
        for data in (io.BytesIO(bericht), stroom()):
            antwoord = await sessie.post(url, data=data, headers=XML)
            assert antwoord.status == 413
            assert fault(await antwoord.read())[2] == "IB003"
    assert intake.gekregen == []


async def test_exactly_the_limit_is_taken(stuf: Stuf, intake: Opschrijver, identiteit: Identiteit) -> None:
    bericht = stuf.pack(stuf.di01, b"a" * 300_000)
    async with serving(intake, identiteit, Serverinstellingen(max_bytes=len(bericht))) as (sessie, url):
        assert (await sessie.post(url, data=bericht, headers=XML)).status == 200
        assert (await sessie.post(url, data=bericht + b"\n", headers=XML)).status == 413


async def test_slow_message_is_cut_off(stuf: Stuf, intake: Opschrijver, identiteit: Identiteit) -> None:
    async with serving(intake, identiteit, Serverinstellingen(leestijd=Leestijd(0.05))) as (_, url):
        poort = int(url.split(":")[2].split("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", poort)
        writer.write(
            f"POST {PAD} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 999\r\n\r\n<a".encode()
        )
        kop = await reader.readline()
        assert b" 408 " in kop
        writer.close()
        await writer.wait_closed()


async def test_peer_that_hangs_up_halfway_hurts_nobody(stuf: Stuf, intake: Opschrijver, identiteit: Identiteit) -> None:
    async with serving(intake, identiteit) as (sessie, url):
        poort = int(url.split(":")[2].split("/")[0])
        _, writer = await asyncio.open_connection("127.0.0.1", poort)
        writer.write(
            f"POST {PAD} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 999\r\n\r\n<a".encode()
        )
        await writer.drain()
        writer.transport.abort()
        assert (await sessie.post(url, data=stuf.pack(stuf.di01, b"<x/>"), headers=XML)).status == 200
    assert len(intake.gekregen) == 1


async def test_small_ones_keep_flowing_beside_a_large_one(
    stuf: Stuf, intake: Opschrijver, identiteit: Identiteit
) -> None:
    groot = stuf.pack(stuf.di01, b"abc " * 4_000_000)
    klein = stuf.pack(stuf.du01, b"<x/>")
    async with serving(intake, identiteit) as (sessie, url):
        taak = asyncio.create_task(sessie.post(url, data=io.BytesIO(groot), headers=XML))
        aantal = 0
        while not taak.done():
            assert (await sessie.post(url, data=klein, headers=XML)).status == 200
            aantal += 1
        assert (await taak).status == 200
    assert aantal > 3
    assert len(intake.gekregen) == aantal + 1
