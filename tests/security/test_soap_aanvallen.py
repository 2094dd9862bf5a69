"""Attacks on the SOAP koppelvlak, numbered as in the threat model (30, 31, 36-42).

Signature attacks (32-35, 43-46) do not apply: no message is signed or encrypted, the connection is. A WS-Security
header that must be understood is refused like any other header.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import ClientSession, web
from lxml import etree

from adapters.stufggk.envelop_schrijven import compose
from adapters.stufggk.server import PAD, OntvangAsynchroon
from routing.bericht import Aanlevering, Berichtcode, Envelop, Identiteit, Parameters, Stuurgegevens, Systeem
from routing.payload import Payload
from routing.poorten import Ontvangst, Ontvangstsoort

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
DI01_ACTIE = '"http://www.stufstandaarden.nl/koppelvlak/ggk0210/ggk_Di01"'
FO01_ACTIE = '"http://www.egem.nl/StUF/StUF0301/Fo01"'
ENVELOP = Envelop(
    Stuurgegevens(
        Berichtcode.DI01,
        Systeem("0363", "Wmo-pakket"),
        Systeem("41235678", "GGk"),
        "3b8f9d1e-5a0c-4d53-9c0e-1f2a3b4c5d6e",
        "20260105091500123",
        functie="WMO301",
    ),
    Parameters("0004", "0001", "0003", "0002"),
)
BERICHT = b"".join(compose(ENVELOP, Payload(b"<x/>")).chunks()).decode()
BODY = BERICHT[BERICHT.index("<GGK:envelop") : BERICHT.index("</soap:Body>")]


@dataclass
class Doelwit:
    """A koppelvlak under attack."""

    sessie: ClientSession
    url: str
    gekregen: list[Aanlevering] = field(default_factory=list)

    async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
        self.gekregen.append(aanlevering)
        return Ontvangst(Ontvangstsoort.AANGENOMEN, "11111111-2222-4333-8444-555555555555", "20260105091502999")

    async def post(
        self, bericht: str | bytes, soort: str = "text/xml; charset=utf-8", **koppen: str
    ) -> tuple[int, str, str]:
        """Post a message; return status, faultcode without prefix (empty for a Bv03) and the whole answer."""
        data = bericht.encode() if isinstance(bericht, str) else bericht
        antwoord = await self.sessie.post(self.url, data=data, headers={"Content-Type": soort, **koppen})
        tekst = await antwoord.text()
        assert "Traceback" not in tekst
        assert ".py" not in tekst
        wortel = etree.fromstring(tekst.encode())
        return antwoord.status, (wortel.findtext(".//faultcode") or "").rpartition(":")[2], tekst


@pytest.fixture
async def doelwit() -> AsyncIterator[Doelwit]:
    identiteit = Identiteit("00000001999999990001", "ab" * 32)
    async with ClientSession() as sessie:
        doelwit = Doelwit(sessie, "")
        app = web.Application()
        OntvangAsynchroon(doelwit, lambda _: identiteit).add_routes(app)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        doelwit.url = f"http://127.0.0.1:{runner.addresses[0][1]}{PAD}"
        yield doelwit
        await runner.cleanup()


@pytest.fixture
async def valstrik() -> AsyncIterator[tuple[str, list[int]]]:
    """An address that nobody should call, and the list of those who did."""
    bezoek: list[int] = []

    def opvangen(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bezoek.append(1)
        writer.close()

    server = await asyncio.start_server(opvangen, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", bezoek
    server.close()


async def test_the_message_itself_is_fine(doelwit: Doelwit) -> None:
    assert (await doelwit.post(BERICHT, SOAPAction=DI01_ACTIE))[:2] == (200, "")
    assert len(doelwit.gekregen) == 1


@pytest.mark.parametrize("actie", [FO01_ACTIE, '"urn:iets"', DI01_ACTIE[1:-1] + "x", f"{DI01_ACTIE}, {FO01_ACTIE}"])
async def test_30_soap_action_contradicts_body(doelwit: Doelwit, actie: str) -> None:
    assert (await doelwit.post(BERICHT, SOAPAction=actie))[:2] == (500, "Client")
    assert doelwit.gekregen == []


SOAP = (
    f'<s:Envelope xmlns:s="{SOAP11}" xmlns:StUF="http://www.egem.nl/StUF/StUF0301" '
    'xmlns:GGK="http://www.stufstandaarden.nl/koppelvlak/ggk0210">{}</s:Envelope>'
)
VERPLAATST = {
    "two children": f"<s:Body>{BODY}{BODY}</s:Body>",
    "a known and an unknown child": f"<s:Body>{BODY}<x/></s:Body>",
    "two bodies": f"<s:Body>{BODY}</s:Body><s:Body>{BODY}</s:Body>",
    "body in header": f"<s:Header><s:Body>{BODY}</s:Body></s:Header>",
    "content in header": f"<s:Header>{BODY}</s:Header><s:Body/>",
    "content beside body": f"<s:Body/>{BODY}",
    "header after body": f"<s:Body>{BODY}</s:Body><s:Header/>",
    "wrapped in an unknown element": f"<s:Body><x>{BODY}</x></s:Body>",
    "wrapped twice": f'<s:Body><d:bericht xmlns:d="http://www.stufstandaarden.nl/koppelvlak/dai0100"><d:bericht>{BODY}'
    "</d:bericht></d:bericht></s:Body>",
    "two in a wrapper": f'<s:Body><d:bericht xmlns:d="http://www.stufstandaarden.nl/koppelvlak/dai0100">{BODY}{BODY}'
    "</d:bericht></s:Body>",
    "envelope in envelope": f"<s:Body><s:Envelope><s:Body>{BODY}</s:Body></s:Envelope></s:Body>",
}


@pytest.mark.parametrize("inhoud", VERPLAATST.values(), ids=VERPLAATST.keys())
@pytest.mark.parametrize("opvulling", [0, 70_000], ids=["small", "large"])
async def test_31_body_doubled_or_moved(doelwit: Doelwit, inhoud: str, opvulling: int) -> None:
    assert (await doelwit.post(SOAP.format(inhoud) + " " * opvulling))[:2] == (500, "Client")
    assert doelwit.gekregen == []


async def test_31_second_block_of_stuurgegevens_is_a_finding(doelwit: Doelwit) -> None:
    # whoever reads the first and whoever reads the last must never differ in silence
    blok = BODY[BODY.index("<GGK:stuurgegevens>") : BODY.index("<GGK:parameters>")]
    anders = blok.replace("0363", "0518")
    assert (await doelwit.post(BERICHT.replace(blok, blok + anders)))[0] == 200
    (gekregen,) = doelwit.gekregen
    assert gekregen.bevindingen
    assert gekregen.envelop.stuurgegevens.zender.organisatie == "0363"


@pytest.mark.parametrize("naam", ["ReplyTo", "FaultTo", "From", "AcksTo"])
async def test_36_ws_addressing_calls_nobody(doelwit: Doelwit, valstrik: tuple[str, list[int]], naam: str) -> None:
    adres, bezoek = valstrik
    blok = (
        f'<w:{naam} xmlns:w="http://www.w3.org/2005/08/addressing"><w:Address>{adres}</w:Address></w:{naam}>'
        f'<w:To xmlns:w="http://www.w3.org/2005/08/addressing">{adres}</w:To>'
    )
    for bericht in (BERICHT, BERICHT.replace(">Di01<", ">Di99<")):
        kop = f"<soap:Header>{blok}</soap:Header><soap:Body>"
        status, _, tekst = await doelwit.post(bericht.replace("<soap:Body>", kop))
        assert status == (200 if bericht is BERICHT else 500)
        assert adres not in tekst
    assert bezoek == []


async def test_37_soap_encoded_array_makes_nothing_big(doelwit: Doelwit) -> None:
    attribuut = (
        ' xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/" enc:arrayType="enc:string[2147483647]" '
        'soap:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'
    )
    bericht = BERICHT.replace("<StUF:functie>", f"<StUF:functie{attribuut}>")
    assert (await doelwit.post(bericht))[0] == 200
    (gekregen,) = doelwit.gekregen
    assert any("arrayType" in b.melding for b in gekregen.bevindingen)


async def test_38_xop_include_is_never_resolved(doelwit: Doelwit, valstrik: tuple[str, list[int]]) -> None:
    adres, bezoek = valstrik
    for verwijzing in ("cid:deel1", adres, "file:///etc/passwd"):
        include = f'<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="{verwijzing}"/>'
        begin, eind = BERICHT.index("<GGK:xmlBestand>") + 16, BERICHT.index("</GGK:xmlBestand>")
        assert (await doelwit.post(BERICHT[:begin] + include + BERICHT[eind:]))[0] == 200
        gekregen = doelwit.gekregen.pop()
        assert gekregen.payload.size == 0
        assert any(b.plaats.endswith("/xmlBestand") for b in gekregen.bevindingen)
    assert bezoek == []


def multipart(grens: str, *delen: str) -> str:
    return "".join(f"--{grens}\r\n{deel}\r\n" for deel in delen) + f"--{grens}--\r\n"


DEEL = f"Content-Type: text/xml; charset=utf-8\r\nContent-ID: <wortel>\r\n\r\n{BERICHT}"
XOP = f'Content-Type: application/xop+xml; type="text/xml"\r\nContent-ID: <wortel>\r\n\r\n{BERICHT}'
MIME = {
    "mtom": ('multipart/related; type="application/xop+xml"; start="<wortel>"; boundary=a', multipart("a", XOP)),
    "soap with attachments": ('multipart/related; type="text/xml"; boundary=a', multipart("a", DEEL, "\r\nbijlage")),
    "nested": (
        "multipart/mixed; boundary=a",
        multipart("a", "Content-Type: multipart/related; boundary=b\r\n\r\n" + multipart("b", DEEL)),
    ),
    "form": ("multipart/form-data; boundary=a", multipart("a", DEEL)),
    "no boundary": ("multipart/related", BERICHT),
    "xop alone": ("application/xop+xml", BERICHT),
    "two types": ("text/plain, text/xml", BERICHT),
    "text": ("text/plain", BERICHT),
    "octets": ("application/octet-stream", BERICHT),
    "nothing": ("", BERICHT),
}


@pytest.mark.parametrize(("soort", "bericht"), MIME.values(), ids=MIME.keys())
async def test_38_39_40_mime(doelwit: Doelwit, soort: str, bericht: str) -> None:
    assert (await doelwit.post(bericht, soort))[:2] == (415, "Client")
    assert doelwit.gekregen == []


async def test_40_boundary_on_plain_xml_means_nothing(doelwit: Doelwit) -> None:
    assert (await doelwit.post(multipart("a", DEEL), "text/xml; boundary=a"))[:2] == (500, "Client")
    assert (await doelwit.post(BERICHT, "text/xml; boundary=a"))[0] == 200


async def test_41_mix_of_soap_versions(doelwit: Doelwit) -> None:
    alleen_12 = BERICHT.replace(SOAP11, SOAP12)
    assert (await doelwit.post(alleen_12))[:2] == (500, "VersionMismatch")
    assert (await doelwit.post(alleen_12, 'application/soap+xml; action="urn:x"'))[:2] == (415, "Client")
    assert (await doelwit.post(BERICHT, "application/soap+xml"))[:2] == (415, "Client")
    body_12 = f'<s:Envelope xmlns:s="{SOAP11}"><t:Body xmlns:t="{SOAP12}">{{}}</t:Body></s:Envelope>'
    ruimten = SOAP[SOAP.index(" xmlns:StUF") : SOAP.index(">{}")]
    los = BODY.replace("<GGK:envelopHeenbericht-ggk_Di01", f"<GGK:envelopHeenbericht-ggk_Di01{ruimten}")
    assert (await doelwit.post(body_12.format(los)))[:2] == (500, "Client")
    assert doelwit.gekregen == []


@pytest.mark.parametrize(
    "bericht",
    [
        "",
        "<",
        "\x00",
        "<a>" * 5000,
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        SOAP.format("<s:Body><x>&geheim;</x></s:Body>"),
        "<a " + " ".join(f'a{i}="1"' for i in range(5000)) + "/>",
    ],
)
async def test_42_faults_show_nothing_of_the_inside(doelwit: Doelwit, bericht: str) -> None:
    status, code, tekst = await doelwit.post(bericht)
    assert (status, code) == (500, "Client")
    for woord in ("lxml", "etree", "site-packages", "/work", "root:", "Error", "File "):
        assert woord not in tekst


async def test_42_contract_gives_no_other_file(doelwit: Doelwit) -> None:
    for naam in ("../server.py", "/etc/passwd", "__init__.py", "ontvangasynchroon.wsdl", "%2e%2e/server.py", ""):
        antwoord = await doelwit.sessie.get(doelwit.url, params={"xsd": naam})
        assert antwoord.status == 404


async def test_compressed_bomb_is_not_unpacked(doelwit: Doelwit) -> None:
    bom = gzip.compress(b" " * 50_000_000)
    assert (await doelwit.post(bom, **{"Content-Encoding": "gzip"}))[:2] == (415, "Client")


async def test_security_header_that_must_be_understood(doelwit: Doelwit) -> None:
    blok = (
        '<soap:Header><w:Security soap:mustUnderstand="1" xmlns:w="http://docs.oasis-open.org/wss/2004/01/'
        'oasis-200401-wss-wssecurity-secext-1.0.xsd"/></soap:Header><soap:Body>'
    )
    assert (await doelwit.post(BERICHT.replace("<soap:Body>", blok)))[:2] == (500, "MustUnderstand")


async def test_values_cannot_break_out_of_our_answer(doelwit: Doelwit) -> None:
    bericht = BERICHT.replace("Wmo-pakket", "&lt;/StUF:applicatie>&lt;x a='&quot;'/>&amp;amp;")
    status, _, tekst = await doelwit.post(bericht)
    assert status == 200
    wortel = etree.fromstring(tekst.encode())
    stuf = "{http://www.egem.nl/StUF/StUF0301}"
    assert wortel.findtext(f".//{stuf}ontvanger/{stuf}applicatie") == "</StUF:applicatie><x a='\"'/>&amp;"
