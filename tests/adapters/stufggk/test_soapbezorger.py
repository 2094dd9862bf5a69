"""A partij with a WSDL of its own: written as that file says, answered like any other, and nothing is fetched."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import re
import ssl
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web
from lxml import etree

from adapters.stufggk.client import Klantinstellingen
from adapters.stufggk.koppelvlak import SCHEMAS, write_wsdl, write_xsd
from adapters.stufggk.namen import GGK, STUF
from adapters.stufggk.partnerwsdl import PartnerWsdl, Wsdlfout
from adapters.stufggk.server import PAD, OntvangAsynchroon
from adapters.stufggk.soapbezorger import SoapBezorger
from knooppunt.pki import CLIENT, SERVER, Proefautoriteit
from routing.bericht import (
    Aanlevering,
    Berichtcode,
    Bestandsvorm,
    Envelop,
    Foutinhoud,
    Identiteit,
    Parameters,
    Stuurgegevens,
    Systeem,
)
from routing.foutbericht import write_body
from routing.fouten import make_fout
from routing.partij import Aansluiting, Kanaal, Protocol
from routing.payload import Payload
from routing.poorten import Ontvangst, Ontvangstsoort, Uitkomst, Uitkomstsoort, Zending

INHOUD = "<bericht>Zoë &amp; co</bericht>\r\n".encode() * 50


def envelop(code: Berichtcode = Berichtcode.DI01, **parameters: object) -> Envelop:
    sg = Stuurgegevens(
        code,
        Systeem("0363", "Wmo-pakket", "Proefstad"),
        Systeem("41235678", "GGk"),
        str(uuid.uuid4()),
        "20260105091500",
        None if code is Berichtcode.DI01 else str(uuid.uuid4()),
        None if code is Berichtcode.FO01 else "WMO301",
    )
    if code is Berichtcode.FO01:
        return Envelop(sg, fout=Foutinhoud("StUF055", "client", "niet goed", "WMO301-00030002"))
    return Envelop(sg, replace(Parameters("0004", "0001", "0003", "0002"), **parameters))


class Ontvanger:
    """An intake that keeps what it gets."""

    def __init__(self) -> None:
        self.kreeg: list[Aanlevering] = []
        self.fout: str | None = None

    async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
        self.kreeg.append(aanlevering)
        soort = Ontvangstsoort.GEWEIGERD if self.fout else Ontvangstsoort.AANGENOMEN
        fout = make_fout(self.fout, "B") if self.fout else None
        return Ontvangst(soort, str(uuid.uuid4()), "20260105091502999", fout=fout)


@asynccontextmanager
async def luister(app: web.Application, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def bezorger() -> AsyncIterator[SoapBezorger]:
    bezorger = SoapBezorger(instellingen=Klantinstellingen(verbindtijd=2, tijd=0.5))
    yield bezorger
    await bezorger.close()


@pytest.fixture
def eigen(tmp_path: Path) -> Path:
    """Our own contract, as a partij would have saved it: the WSDL with its schemas beside it."""
    wsdl = write_wsdl("http://voorbeeld.example/ggk").replace(b"http://voorbeeld.example/ggk?xsd=", b"")
    for naam in SCHEMAS:
        schema = write_xsd(naam, "http://voorbeeld.example/ggk")
        assert schema is not None
        (tmp_path / naam).write_bytes(schema.replace(b"http://voorbeeld.example/ggk?xsd=", b""))
    (tmp_path / "eigen.wsdl").write_bytes(wsdl)
    return tmp_path / "eigen.wsdl"


@pytest.fixture
def gepubliceerd(corpus: Path) -> Path:
    return corpus / "ggk" / "ggk0210" / "ggkberichten" / "ggk0210_OntvangAsynchroon_ggkberichten.wsdl"


def lees(pad: Path) -> str:
    return pad.read_text("utf-8")


def schrijf(pad: Path, tekst: str) -> None:
    pad.write_text(tekst, "utf-8")


async def bezorg(
    bezorger: SoapBezorger,
    url: str,
    wsdl: Path,
    wat: Envelop,
    inhoud: bytes = INHOUD,
    *,
    mogelijk_aangekomen: bool = False,
) -> Uitkomst:
    aansluiting = Aansluiting("X", (), Kanaal.PUSH, Protocol.SOAP, url, wsdl=str(wsdl))
    return await bezorger.deliver(Zending("id", wat, Payload(inhoud), aansluiting, mogelijk_aangekomen))


def app(ontvanger: Ontvanger) -> web.Application:
    gemaakt = web.Application(client_max_size=0)
    OntvangAsynchroon(ontvanger, lambda _: Identiteit(None, "aa" * 32)).add_routes(gemaakt)
    return gemaakt


async def _arrives_whole(bezorger: SoapBezorger, wsdl: Path) -> None:
    ontvanger = Ontvanger()
    fout = Foutinhoud("StUF055", "client", "niet goed", "WMO301-00030002")
    async with luister(app(ontvanger)) as basis:
        for wat, inhoud in (
            (envelop(), INHOUD),
            (envelop(Berichtcode.DU01), INHOUD),
            (envelop(vorm=Bestandsvorm.TEKST, bestandsnaam="lijst.csv"), b"a;b\n"),
            (envelop(Berichtcode.FO01), write_body(fout, "Zo gaat het niet.", ())),
        ):
            uitkomst = await bezorg(bezorger, basis + PAD, wsdl, wat, inhoud)
            assert uitkomst.soort is Uitkomstsoort.BEZORGD, uitkomst
            kreeg = ontvanger.kreeg[-1]
            assert kreeg.bevindingen == ()
            assert kreeg.envelop.stuurgegevens == wat.stuurgegevens
            assert kreeg.envelop.parameters == wat.parameters
            assert kreeg.envelop.fout == wat.fout
            if wat.fout is None:
                assert kreeg.payload.plain == inhoud
            else:
                assert "Zo gaat het niet." in kreeg.payload.plain.decode()


async def test_with_our_own_wsdl_everything_arrives_whole(bezorger: SoapBezorger, eigen: Path) -> None:
    await _arrives_whole(bezorger, eigen)


@pytest.mark.corpus
async def test_with_the_published_wsdl_everything_arrives_whole(bezorger: SoapBezorger, gepubliceerd: Path) -> None:
    await _arrives_whole(bezorger, gepubliceerd)


async def test_an_odd_wsdl_decides_on_soap_version_and_action(bezorger: SoapBezorger, eigen: Path) -> None:
    wsdl = lees(eigen).replace("http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/")
    wsdl = wsdl.replace(f"{GGK}/ggk_Di01", "urn:vreemd:neem-aan")
    schrijf(eigen, wsdl)
    gezien: list[tuple[str, etree._Element]] = []

    async def neem_aan(request: web.Request) -> web.Response:
        wortel = etree.fromstring(await request.read())
        gezien.append((request.headers["Content-Type"], wortel))
        ref = wortel.findtext(f".//{{{STUF}}}referentienummer")
        sg = f"<stuurgegevens><crossRefnummer>{ref}</crossRefnummer></stuurgegevens>"
        bv03 = f'<Bv03Bericht xmlns="{STUF}">{sg}</Bv03Bericht>'
        soap = "http://www.w3.org/2003/05/soap-envelope"
        return web.Response(body=f'<e:Envelope xmlns:e="{soap}"><e:Body>{bv03}</e:Body></e:Envelope>'.encode())

    server = web.Application()
    server.router.add_post("/", neem_aan)
    async with luister(server) as basis:
        assert (await bezorg(bezorger, basis, eigen, envelop())).soort is Uitkomstsoort.BEZORGD
    ((soort, wortel),) = gezien
    assert soort == 'application/soap+xml; charset=utf-8; action="urn:vreemd:neem-aan"'
    assert wortel.tag == "{http://www.w3.org/2003/05/soap-envelope}Envelope"
    assert base64.b64decode(wortel.findtext(f".//{{{GGK}}}xmlBestand") or "") == INHOUD


ANTWOORDEN: dict[str, tuple[Callable[[], web.Response], Uitkomstsoort]] = {
    **{
        str(s): (partial(web.Response, status=s), Uitkomstsoort.BLIJVEND)
        for s in (400, 405, 410, 413, 415, 422, 501, 505)
    },
    **{
        str(s): (partial(web.Response, status=s), Uitkomstsoort.TIJDELIJK)
        for s in (401, 403, 404, 408, 425, 429, 500, 502, 503, 504)
    },
    "doorverwijzing": (lambda: web.Response(status=302, headers={"Location": "/elders"}), Uitkomstsoort.TIJDELIJK),
    "wartaal": (lambda: web.Response(body=b"\x00\xff<dit is {geen"), Uitkomstsoort.TIJDELIJK),
    "webpagina": (lambda: web.Response(text="<html>Welkom</html>"), Uitkomstsoort.TIJDELIJK),
    "te groot": (lambda: web.Response(body=b"<x>" + b"a" * 1_100_000), Uitkomstsoort.TIJDELIJK),
}


@pytest.mark.parametrize("geval", ANTWOORDEN)
async def test_what_an_answer_means(bezorger: SoapBezorger, eigen: Path, geval: str) -> None:
    antwoord, soort = ANTWOORDEN[geval]

    async def zeg(request: web.Request) -> web.Response:
        await request.read()
        return antwoord()

    server = web.Application()
    server.router.add_post("/", zeg)
    async with luister(server) as basis:
        assert (await bezorg(bezorger, basis, eigen, envelop())).soort is soort


@pytest.mark.parametrize(
    ("oorzaak", "soort"),
    [("zender_onbekend", Uitkomstsoort.BLIJVEND), ("opslaan_onmogelijk", Uitkomstsoort.TIJDELIJK)],
)
async def test_a_fault_of_the_partij_is_passed_on(
    bezorger: SoapBezorger, eigen: Path, oorzaak: str, soort: Uitkomstsoort
) -> None:
    ontvanger = Ontvanger()
    ontvanger.fout = oorzaak
    async with luister(app(ontvanger)) as basis:
        uitkomst = await bezorg(bezorger, basis + PAD, eigen, envelop())
    assert uitkomst.soort is soort
    assert uitkomst.fout is not None
    assert uitkomst.fout.code == make_fout(oorzaak, "B").code


async def test_what_an_earlier_attempt_brought_is_not_unique_and_arrived(bezorger: SoapBezorger, eigen: Path) -> None:
    ontvanger = Ontvanger()
    ontvanger.fout = "referentienummer_niet_uniek"
    async with luister(app(ontvanger)) as basis:
        assert (await bezorg(bezorger, basis + PAD, eigen, envelop())).soort is Uitkomstsoort.BLIJVEND
        assert (
            await bezorg(bezorger, basis + PAD, eigen, envelop(), mogelijk_aangekomen=True)
        ).soort is Uitkomstsoort.BEZORGD


async def test_over_tls_an_expired_or_foreign_certificate_gets_nothing(eigen: Path, tmp_path: Path) -> None:
    ca, vreemd = Proefautoriteit.create(), Proefautoriteit.create("Andere root")
    toen = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    oud = {"van": toen, "tot": toen + dt.timedelta(days=30)}
    wij = ssl.create_default_context(cadata=ca.pem.decode())
    wij.load_cert_chain(*ca.issue("hub", "00000001999999990001", doelen=[CLIENT]).write(tmp_path, "hub"))
    bezorger, ontvanger = SoapBezorger(wij), Ontvanger()
    for naam, uitgifte, soort in (
        ("goed", ca.issue("partij", doelen=[SERVER]), Uitkomstsoort.BEZORGD),
        ("verlopen", ca.issue("partij", doelen=[SERVER], **oud), Uitkomstsoort.TIJDELIJK),
        ("vreemd", vreemd.issue("partij", doelen=[SERVER]), Uitkomstsoort.TIJDELIJK),
    ):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*uitgifte.write(tmp_path, naam))
        tls.verify_mode = ssl.CERT_REQUIRED
        tls.load_verify_locations(cadata=ca.pem.decode())
        async with luister(app(ontvanger), tls) as basis:
            assert (await bezorg(bezorger, basis + PAD, eigen, envelop())).soort is soort, naam
    await bezorger.close()
    assert len(ontvanger.kreeg) == 1


async def test_a_partij_that_says_nothing_is_tried_again(bezorger: SoapBezorger, eigen: Path) -> None:
    stil = asyncio.Event()

    async def zwijg(_request: web.Request) -> web.Response:
        await stil.wait()
        return web.Response()

    server = web.Application()
    server.router.add_post("/", zwijg)
    async with luister(server) as basis:
        uitkomst = await bezorg(bezorger, basis, eigen, envelop())
        stil.set()
    assert (uitkomst.soort, uitkomst.kenmerk) == (Uitkomstsoort.TIJDELIJK, "verbinding.tijd")


async def test_a_partij_that_is_not_there_is_tried_again(bezorger: SoapBezorger, eigen: Path) -> None:
    uitkomst = await bezorg(bezorger, "http://127.0.0.1:9/", eigen, envelop())
    assert uitkomst.soort is Uitkomstsoort.TIJDELIJK


async def test_nothing_that_a_wsdl_refers_to_is_fetched(bezorger: SoapBezorger, eigen: Path, tmp_path: Path) -> None:
    gelokt: list[str] = []

    async def bijt(request: web.Request) -> web.Response:
        gelokt.append(request.path)
        return web.Response(text="<schema xmlns='http://www.w3.org/2001/XMLSchema'/>")

    lokaas = web.Application()
    lokaas.router.add_route("*", "/{pad:.*}", bijt)
    wsdl = lees(eigen)
    async with luister(lokaas) as basis:
        for naam, tekst in {
            "schema": wsdl.replace('schemaLocation="', f'schemaLocation="{basis}/'),
            "dtd": f'<!DOCTYPE x SYSTEM "{basis}/x.dtd">' + wsdl.partition("?>")[2],
            "entiteit": f'<!DOCTYPE x [<!ENTITY e SYSTEM "{basis}/e">]>'
            + wsdl.partition("?>")[2].replace("</", "&e;</", 1),
            "wsdl": wsdl.replace("<types>", f'<import namespace="urn:x" location="{basis}/x.wsdl"/><types>').replace(
                "<wsdl:types>", f'<wsdl:import namespace="urn:x" location="{basis}/x.wsdl"/><wsdl:types>'
            ),
        }.items():
            pad = tmp_path / f"{naam}.wsdl"
            assert tekst != wsdl
            schrijf(pad, tekst)
            with pytest.raises(Wsdlfout):
                await asyncio.to_thread(PartnerWsdl, pad)
            uitkomst = await bezorg(bezorger, f"{basis}/ontvang", pad, envelop())
            assert uitkomst.soort is Uitkomstsoort.TIJDELIJK
    assert gelokt == []


@pytest.mark.parametrize("doel", ["/dev/zero", "."])
def test_a_wsdl_reads_ordinary_files_only(eigen: Path, doel: str) -> None:
    tekst = re.sub('schemaLocation="[^"]+"', f'schemaLocation="{doel}"', lees(eigen))
    schrijf(eigen, tekst)
    with pytest.raises(Wsdlfout, match="geen gewoon bestand"):
        PartnerWsdl(eigen)


@pytest.mark.parametrize("inhoud", [b"", b"<", b"<x/>", b"<html/>", b"\xff\xfe"])
async def test_a_file_that_is_no_wsdl_keeps_the_bericht_waiting(
    bezorger: SoapBezorger, tmp_path: Path, inhoud: bytes
) -> None:
    pad = tmp_path / "stuk.wsdl"
    pad.write_bytes(inhoud)
    uitkomst = await bezorg(bezorger, "http://127.0.0.1:9/", pad, envelop())
    assert uitkomst.soort is Uitkomstsoort.TIJDELIJK
    assert "WSDL" in uitkomst.toelichting
    weg = await bezorg(bezorger, "http://127.0.0.1:9/", tmp_path / "weg.wsdl", envelop())
    assert "is niet te lezen" in weg.toelichting


async def test_a_wsdl_that_was_repaired_is_read_again(bezorger: SoapBezorger, eigen: Path) -> None:
    goed = lees(eigen)
    schrijf(eigen, "<x/>")
    ontvanger = Ontvanger()
    async with luister(app(ontvanger)) as basis:
        assert (await bezorg(bezorger, basis + PAD, eigen, envelop())).soort is Uitkomstsoort.TIJDELIJK
        schrijf(eigen, goed)
        assert (await bezorg(bezorger, basis + PAD, eigen, envelop())).soort is Uitkomstsoort.BEZORGD


async def test_a_bericht_that_a_wsdl_does_not_know_waits_and_one_that_does_not_fit_is_given_up(
    bezorger: SoapBezorger, eigen: Path
) -> None:
    goed = lees(eigen)
    schrijf(eigen, re.sub('<wsdl:operation name="ggk_Du01">.*?</wsdl:operation>', "", goed))
    uitkomst = await bezorg(bezorger, "http://127.0.0.1:9/", eigen, envelop(Berichtcode.DU01))
    assert (uitkomst.soort, uitkomst.toelichting) == (
        Uitkomstsoort.TIJDELIJK,
        "De WSDL heeft geen operatie voor een Du01.",
    )
    ander = eigen.with_name("ander.wsdl")  # a file of its own: the other one was read
    schrijf(ander, goed)
    xsd = eigen.with_name("ggk0210.xsd")
    schrijf(xsd, lees(xsd).replace('"xmlBestand"', '"ietsAnders"'))
    uitkomst = await bezorg(bezorger, "http://127.0.0.1:9/", ander, envelop())
    assert uitkomst.soort is Uitkomstsoort.BLIJVEND
    assert "past niet in de WSDL" in uitkomst.toelichting


async def test_what_does_not_fit_in_25_mib_is_given_up(bezorger: SoapBezorger, eigen: Path) -> None:
    uitkomst = await bezorg(bezorger, "http://127.0.0.1:9/", eigen, envelop(), b"x" * (20 * 1024 * 1024))
    assert uitkomst.soort is Uitkomstsoort.BLIJVEND
    assert "25 MiB" in uitkomst.toelichting
