"""Reading envelopes: what comes out equals what went in, and what is wrong is said with its place."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.stufggk.envelop_lezen import EnvelopLezer
from adapters.stufggk.weigering import Geweigerd
from istandaarden.bevinding import Bevinding
from routing.bericht import Berichtcode, Bestandsvorm, Envelop, Parameters, Stuurgegevens, Systeem

Stuf = Any  # the class stands in conftest.py, which cannot be imported
WIJZEN = pytest.mark.parametrize("drempel", [65_536, 0], ids=["boom", "stroom"])

fixtures_ok = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
tekens = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"])
tekst = st.text(tekens, max_size=30)
uuid4 = st.uuids(version=4).map(str)
systeem = st.builds(
    Systeem,
    st.text(tekens, min_size=1, max_size=20).filter(str.strip),
    st.text(tekens, min_size=3, max_size=50),
    st.none() | tekst,
    st.none() | tekst,
)
versie = st.from_regex(r"\A[0-9]{4}\Z")


@st.composite
def envelops(draw: st.DrawFn) -> Envelop:
    code = draw(st.sampled_from([Berichtcode.DI01, Berichtcode.DU01]))
    bestandsnaam = draw(st.none() | st.from_regex(r"\A[A-Za-z0-9._-]{4,40}\Z"))
    vorm = Bestandsvorm.XML if bestandsnaam is None else Bestandsvorm.TEKST
    return Envelop(
        Stuurgegevens(
            code,
            draw(systeem),
            draw(systeem),
            draw(uuid4),
            draw(st.datetimes().map(lambda m: f"{m:%Y%m%d%H%M%S}".rjust(14, "0"))),
            draw(uuid4) if code is Berichtcode.DU01 else None,
            draw(tekst),
        ),
        Parameters(draw(versie), draw(versie), draw(versie), draw(versie), vorm, bestandsnaam),
    )


@fixtures_ok
@given(envelops(), st.binary(min_size=1, max_size=3000), st.integers(1, 700), st.sampled_from([0, 65_536]))
def test_what_is_written_is_what_is_read(stuf: Stuf, envelop: Envelop, inhoud: bytes, stap: int, drempel: int) -> None:
    bericht = stuf.pack(envelop, inhoud)
    gelezen = stuf.read(bericht, stap, drempel=drempel)
    assert gelezen.bevindingen == ()
    assert gelezen.envelop == envelop
    assert b"".join(gelezen.payload.chunks()) == inhoud


@pytest.mark.parametrize("stap", [1, 7, 100_000])
@WIJZEN
def test_fo01_keeps_its_body(
    stuf: Stuf,
    stap: int,
    drempel: int,
) -> None:
    gelezen = stuf.read(stuf.pack(stuf.fo01, stuf.foutbody), stap, drempel=drempel)
    assert gelezen.bevindingen == ()
    assert gelezen.envelop == stuf.fo01
    payload = b"".join(gelezen.payload.chunks())
    assert _canonical(payload) == _canonical(stuf.foutbody)


FREMDE_BODY = (
    '<body xmlns="http://www.egem.nl/StUF/StUF0301" xmlns:p="urn:1"><code>IB010</code><plek>client</plek>'
    "<omschrijving>a &lt; b &amp; &quot;c&quot; &#13; é</omschrijving>"
    '<detailsXML><root xmlns="" xml:lang="nl" a="&#10;&quot;&lt;"><p:x xmlns:p="urn:2" p:a="1">'
    '<q:y xmlns:q="urn:1"/></p:x>'
    '<p:z/><leeg xmlns="urn:3"><n xmlns=""/></leeg></root>losse tekst<![CDATA[<&>]]></detailsXML></body>'
)


@pytest.mark.parametrize("stap", [1, 13, 100_000])
def test_both_ways_of_reading_give_the_same_fault_body(stuf: Stuf, stap: int) -> None:
    bericht = stuf.pack(stuf.fo01, FREMDE_BODY.encode())
    heel = stuf.read(bericht)
    stroom = stuf.read(bericht, stap, drempel=0)
    assert heel.bevindingen == stroom.bevindingen == ()
    een, twee = (b"".join(g.payload.chunks()) for g in (heel, stroom))
    assert _canonical(een) == _canonical(twee) == _canonical(FREMDE_BODY.encode())
    assert heel.envelop == stroom.envelop


FOUTEN = [
    ("0004</GGK:app", "4</GGK:app", "/envelopHeenbericht-ggk_Di01/parameters/applicatieVersie", "vier cijfers"),
    ("<StUF:functie>WMO301</StUF:functie>", "", "/envelopHeenbericht-ggk_Di01/stuurgegevens", "ontbreekt"),
    ("WMO301", "WMO301" * 6, "/envelopHeenbericht-ggk_Di01/stuurgegevens/functie", "hoogstens 30"),
    ("Wmo-pakket", "W", "/envelopHeenbericht-ggk_Di01/stuurgegevens/zender/applicatie", "minstens 3"),
    ("Wmo-pakket", "W" * 9000, "/envelopHeenbericht-ggk_Di01/stuurgegevens/zender/applicatie", "hoogstens 50"),
    ("20260105091500123", "99999999", "/envelopHeenbericht-ggk_Di01/stuurgegevens/tijdstipBericht", "kalender"),
    ("20260105091500123", "202602301", "/envelopHeenbericht-ggk_Di01/stuurgegevens/tijdstipBericht", "kalender"),
    ("20260105091500123", "2026-01-05", "/envelopHeenbericht-ggk_Di01/stuurgegevens/tijdstipBericht", "8 tot 17"),
    (
        "<GGK:xmlBestand>",
        "<GGK:xmlBestand bestandsnaam='a.xml'>",
        _P := "/envelopHeenbericht-ggk_Di01/parameters/bericht/xmlBestand",
        "attribuut bestandsnaam niet",
    ),
    ("<GGK:xmlBestand>", "<GGK:xmlBestand><x/>", _P, "alleen tekst"),
    ("<GGK:xmlBestand>", "<GGK:xmlBestand>%", _P, "base64"),
    ("</GGK:xmlBestand>", "=</GGK:xmlBestand>", _P, "base64"),
    ("<GGK:parameters>", "<GGK:parameters>tekst", "/envelopHeenbericht-ggk_Di01/parameters", "geen losse tekst"),
    (
        "<StUF:functie>",
        "<StUF:functie>X</StUF:functie><StUF:functie>",
        "/envelopHeenbericht-ggk_Di01/stuurgegevens/functie[2]",
        "geen element meer",
    ),
    (
        "<StUF:functie>",
        "<StUF:entiteittype>X</StUF:entiteittype><StUF:functie>",
        "/envelopHeenbericht-ggk_Di01/stuurgegevens/entiteittype",
        "verwacht is functie",
    ),
]


@WIJZEN
@pytest.mark.parametrize("geval", FOUTEN, ids=lambda geval: geval[1][:20])
def test_a_wrong_envelope_is_taken_with_its_findings(
    stuf: Stuf, geval: tuple[str, str, str, str], drempel: int
) -> None:
    oud, nieuw, plaats, woord = geval
    bericht = stuf.pack(stuf.di01, b"<x/>").decode()
    assert oud in bericht
    gelezen = stuf.read(bericht.replace(oud, nieuw, 1).encode(), 50, drempel=drempel)
    bevinding = next(b for b in gelezen.bevindingen if b.plaats == plaats)
    assert woord in bevinding.melding
    assert bevinding.niveau == 1
    assert bevinding.code == ("ENV" if woord in ("kalender", "base64") else "XSD")
    assert bevinding.regel == 2
    assert gelezen.envelop.stuurgegevens.referentienummer == stuf.di01.stuurgegevens.referentienummer


def test_all_findings_at_once_with_lines(stuf: Stuf) -> None:
    bericht = stuf.pack(stuf.tekst, b"a;b").decode().replace("><", ">\n<")
    bericht = bericht.replace("opgave-Q1.csv", "../../etc").replace("0003", "3").replace(">WMO301<", f">{'W' * 40}<")
    gevonden = stuf.read(bericht.encode()).bevindingen
    assert len(gevonden) == 3
    regels = bericht.splitlines()
    for bevinding, naam in zip(gevonden, ("functie", "functieVersie", "tekstBestand"), strict=True):
        assert f":{naam}" in regels[bevinding.regel - 1]


def test_findings_also_with_a_default_namespace(stuf: Stuf) -> None:
    declaratie = ' xmlns="http://www.egem.nl/StUF/StUF0301"'
    bericht = stuf.pack(stuf.di01, b"<x/>").decode().replace("GGK:", "").replace(":GGK=", "=")
    bericht = bericht.replace("<stuurgegevens><StUF:berichtcode", f"<stuurgegevens><berichtcode{declaratie}")
    bericht = bericht.replace("</StUF:berichtcode>", "</berichtcode>").replace("0004", "4")
    (bevinding,) = stuf.read(bericht.encode()).bevindingen
    assert bevinding.plaats == "/envelopHeenbericht-ggk_Di01/parameters/applicatieVersie"


def test_an_empty_content_is_a_finding(stuf: Stuf) -> None:
    for bericht in (stuf.pack(stuf.di01, b""), stuf.pack(stuf.tekst, b"")):
        (bevinding,) = stuf.read(bericht).bevindingen
        assert bevinding.code == "ENV"
        assert "leeg" in bevinding.melding


def test_broken_content_leaves_no_half_payload(stuf: Stuf) -> None:
    bericht = stuf.pack(stuf.di01, b"a" * 300_000).replace(b"</GGK:xmlB", b"*</GGK:xmlB")
    for stap in (1000, 1 << 20):
        gelezen = stuf.read(bericht, stap)
        assert gelezen.payload.size == 0
        assert len(gelezen.bevindingen) == 1


ONBRUIKBAAR = [
    (">Di01<", ">Di02<", "StUF022"),
    (">Di01<", ">Du01<", "StUF022"),
    (">Di01<", "><", "StUF022"),
    (">0363<", "><", "StUF013"),
    (">0363<", "> <", "StUF013"),
    ("<StUF:organisatie>0363</StUF:organisatie>", "", "StUF013"),
    (">0363<", f">{'9' * 500}<", "StUF013"),
    ("3b8f9d1e-", "3B8F9D1E-", "IB001"),
    ("3b8f9d1e-5a0c-4d53", "3b8f9d1e-5a0c-1d53", "IB001"),
    (">3b8f9d1e-5a0c-4d53-9c0e-1f2a3b4c5d6e<", "> 3b8f9d1e-5a0c-4d53-9c0e-1f2a3b4c5d6e<", "IB001"),
    (">3b8f9d1e-5a0c-4d53-9c0e-1f2a3b4c5d6e<", "><", "IB001"),
]


@WIJZEN
@pytest.mark.parametrize(("oud", "nieuw", "code"), ONBRUIKBAAR)
def test_unusable_stuurgegevens_are_refused_with_a_code(
    stuf: Stuf,
    oud: str,
    nieuw: str,
    code: str,
    drempel: int,
) -> None:
    bericht = stuf.pack(stuf.di01, b"<x/>").decode()
    assert oud in bericht
    with pytest.raises(Geweigerd) as info:
        stuf.read(bericht.replace(oud, nieuw, 1).encode(), 64, drempel=drempel)
    assert info.value.fout is not None
    assert info.value.fout.code == code
    assert info.value.antwoord_op is not None


def test_generation_a_has_its_own_code(stuf: Stuf) -> None:
    lezer = EnvelopLezer(generatie="A")
    lezer.feed(stuf.pack(stuf.di01, b"<x/>").replace(b"3b8f9d1e-", b"3B8F9D1E-"))
    with pytest.raises(Geweigerd) as info:
        lezer.close()
    assert info.value.fout is not None
    assert info.value.fout.code == "IB009"


def test_a_fo01_may_have_any_uuid_and_no_berichtcode_text(stuf: Stuf) -> None:
    bericht = stuf.pack(stuf.fo01, stuf.foutbody).replace(b"7c1d2e3f-4a5b-4c6d", b"7C1D2E3F-4A5B-1C6D")
    bericht = bericht.replace(b">Fo01<", b"><")
    gelezen = stuf.read(bericht)
    assert gelezen.bevindingen == ()
    assert gelezen.envelop.stuurgegevens.referentienummer.startswith("7C1D2E3F-4A5B-1C6D")


def test_a_fo01_without_body_or_with_a_wrong_one(stuf: Stuf) -> None:
    (bevinding,) = stuf.read(stuf.pack(stuf.fo01, b"")).bevindingen
    assert "body" in bevinding.melding
    gelezen = stuf.read(stuf.pack(stuf.fo01, stuf.foutbody.replace(b">client<", b">klant<")))
    assert [b.plaats for b in gelezen.bevindingen] == ["/Fo01Bericht/body/plek"]
    assert "client of server" in gelezen.bevindingen[0].melding


GEEN_BERICHT = [
    (b"", "leeg"),
    (b"   ", "leeg"),
    (b"dit is geen xml", "XML"),
    (b"<a>", "XML"),
    (b'<!DOCTYPE a [<!ENTITY x "y">]><a/>', "DOCTYPE"),
    (b"<a/>", "zonder SOAP-envelop"),
    (b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body/></e:Envelope>', "SOAP 1.2"),
    (b'<e:Envelope xmlns:e="urn:x"/>', "urn:x"),
]
SOAP = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">{}</s:Envelope>'


@pytest.mark.parametrize(("bericht", "woord"), GEEN_BERICHT)
def test_what_is_no_message(stuf: Stuf, bericht: bytes, woord: str) -> None:
    with pytest.raises(Geweigerd) as info:
        stuf.read(bericht)
    assert woord in info.value.melding
    assert info.value.fout is None


@pytest.mark.parametrize(
    ("inhoud", "woord"),
    [
        ("", "precies één Body"),
        ("<s:Header/>", "precies één Body"),
        ("<s:Body/>", "het zijn er 0"),
        ("<s:Body/><s:Header/>", "precies één Body"),
        ("<s:Header/><s:Header/><s:Body/>", "precies één Body"),
        ("<s:Body/><x/>", "precies één Body"),
        ("<s:Body><a/></s:Body>", "envelopHeenbericht-ggk_Di01, envelopRetourbericht-ggk_Du01 of Fo01Bericht"),
        ("<s:Body><Fo01Bericht/></s:Body>", 'hoort de naamruimte "http://www.egem.nl/StUF/StUF0301"'),
        (
            '<s:Body><a xmlns="http://www.stufstandaarden.nl/sectormodel/ggk/0210"/></s:Body>',
            "De StUF-versie verschilt (IB798)",
        ),
        ('<s:Body><a xmlns="http://www.egem.nl/StUF/sector/ggk/0310"/></s:Body>', "GGk 2.0 of 2.1"),
        ('<s:Body><d:bericht xmlns:d="http://www.stufstandaarden.nl/koppelvlak/dai0100"/></s:Body>', "dai:bericht"),
        ('<s:Body><Fo01Bericht xmlns="http://www.egem.nl/StUF/StUF0301"/></s:Body>', "stuurgegevens"),
    ],
)
def test_what_is_no_stuf_message(stuf: Stuf, inhoud: str, woord: str) -> None:
    for drempel in (0, 65536):
        with pytest.raises(Geweigerd) as info:
            stuf.read(SOAP.format(inhoud).encode(), drempel=drempel)
        assert woord in info.value.melding
        assert info.value.fout is None


def test_must_understand(stuf: Stuf) -> None:
    bericht = stuf.pack(stuf.di01, b"<x/>").decode()

    def with_header(attributen: str) -> bytes:
        kop = f'<soap:Header><w:a xmlns:w="urn:w" {attributen}><w:b/></w:a></soap:Header>'
        return bericht.replace("<soap:Body>", f"{kop}<soap:Body>").encode()

    for goed in ("", 'soap:mustUnderstand="0"', 'soap:mustUnderstand="1" soap:actor="urn:iemand-anders"'):
        assert stuf.read(with_header(goed)).bevindingen == ()
    for fout in (
        'soap:mustUnderstand="1"',
        'soap:mustUnderstand="1" soap:actor="http://schemas.xmlsoap.org/soap/actor/next"',
    ):
        for drempel in (0, 65536):
            with pytest.raises(Geweigerd) as info:
                stuf.read(with_header(fout), drempel=drempel)
            assert info.value.faultcode == "MustUnderstand"


@pytest.mark.parametrize("actie", [None, "", '""', '"{}"', "{}", ' "{}" '])
def test_soap_action_may_be_absent_or_unquoted(stuf: Stuf, actie: str | None) -> None:
    juist = "http://www.stufstandaarden.nl/koppelvlak/ggk0210/ggk_Di01"
    stuf.read(stuf.pack(stuf.di01, b"<x/>"), soap_action=actie and actie.format(juist))


def test_soap_action_may_not_contradict_the_body(stuf: Stuf) -> None:
    with pytest.raises(Geweigerd, match="SOAPAction"):
        stuf.read(stuf.pack(stuf.du01, b"<x/>"), soap_action='"http://www.egem.nl/StUF/StUF0301/Fo01"')


def test_too_large_is_refused_while_reading(stuf: Stuf) -> None:
    bericht = stuf.pack(stuf.di01, b"a" * 400_000)
    lezer = EnvelopLezer(max_bytes=300_000)
    lezer.feed(bericht[:250_000])
    with pytest.raises(Geweigerd) as info:
        lezer.feed(bericht[250_000:350_000])
    assert info.value.status == 413
    assert info.value.fout is not None
    assert info.value.fout.code == "IB003"
    assert info.value.antwoord_op is not None
    assert info.value.antwoord_op.referentienummer == stuf.di01.stuurgegevens.referentienummer


def test_announced_as_too_large_is_read_no_further_than_the_stuurgegevens(stuf: Stuf) -> None:
    bericht = stuf.pack(stuf.di01, b"a" * 400_000)
    lezer = EnvelopLezer(max_bytes=300_000, aangekondigd=len(bericht))
    with pytest.raises(Geweigerd) as info:
        lezer.feed(bericht[:70_000])
    assert info.value.status == 413
    assert info.value.antwoord_op is not None


def test_too_large_before_anyone_is_known(stuf: Stuf) -> None:
    lezer = EnvelopLezer(max_bytes=300_000)
    with pytest.raises(Geweigerd) as info:
        lezer.feed(b" " * 400_000)
    assert (info.value.status, info.value.fout) == (413, None)


def test_payload_above_seven_mebibyte(stuf: Stuf) -> None:
    inhoud = bytes(range(256)) * 32_000
    gelezen = stuf.read(stuf.pack(stuf.di01, inhoud), 65_536)
    assert gelezen.bevindingen == ()
    assert b"".join(gelezen.payload.chunks()) == inhoud


def test_a_great_many_elements_are_refused(stuf: Stuf) -> None:
    bericht = stuf.pack(stuf.di01, b"<x/>").replace(b"<StUF:functie>", b"<StUF:x/>" * 20_000 + b"<StUF:functie>")
    with pytest.raises(Geweigerd, match="elementen"):
        stuf.read(bericht, 4096)


def test_fo01_with_a_whole_message_inside_is_read_in_little_memory(stuf: Stuf) -> None:
    veel = b"<x xmlns='urn:proef'>" + b"<p>1</p>" * 20_000 + b"</x>"
    body = stuf.foutbody.replace(b"<StUF:detailsXML>", b"<StUF:detailsXML>" + veel)
    gelezen = stuf.read(stuf.pack(stuf.fo01, body), 65_536)
    assert gelezen.bevindingen == ()
    assert _canonical(b"".join(gelezen.payload.chunks())) == _canonical(body)


@pytest.mark.corpus
def test_published_samples(corpus: Path, stuf: Stuf) -> None:
    map_ = corpus / "ggk" / "voorbeeldberichten"
    for naam, code, inhoud in (
        ("envelopHeenbericht-ggk_Di01_v21-xml.xml", Berichtcode.DI01, b"Hier staat een iWmo/iJw-heenbericht."),
        ("envelopHeenbericht-ggk_Di01_v21-tekst.xml", Berichtcode.DI01, b"Hier staat een dummy-tekstbericht."),
        ("envelopRetourbericht-ggk_Du01-v21.xml", Berichtcode.DU01, b"Hier staat een iWmo/iJw-retourbericht."),
    ):
        gelezen = stuf.read(_in_soap(map_ / naam), 100)
        assert gelezen.bevindingen == ()
        assert gelezen.envelop.stuurgegevens.berichtcode is code
        assert gelezen.payload.plain == inhoud
    fout = stuf.read(_in_soap(map_ / "Fo01.xml"))
    assert fout.bevindingen == ()
    assert fout.envelop.fout is not None
    assert fout.envelop.fout.code == "IB210"


@pytest.mark.corpus
def test_digikoppeling_adapter_wrapper(corpus: Path, stuf: Stuf) -> None:
    bericht = (corpus / "ggk" / "synthetic" / "Di01_via_dkintern_adapter.xml").read_bytes()
    for drempel in (0, 65536):
        gelezen = stuf.read(bericht, 33, soap_action='""', drempel=drempel)
        assert gelezen.bevindingen == ()
        assert gelezen.payload.plain == base64.b64decode("PGEvPg==")
        assert gelezen.envelop.stuurgegevens.functie == "WMO405"


def test_nothing_of_a_value_stands_in_a_melding(stuf: Stuf) -> None:
    geheim = "999990019"
    sg = stuf.di01.stuurgegevens
    fout = replace(
        stuf.di01,
        stuurgegevens=replace(
            sg, tijdstip=geheim, functie=geheim * 5, zender=replace(sg.zender, applicatie=geheim * 9)
        ),
    )
    bevindingen: tuple[Bevinding, ...] = stuf.read(stuf.pack(fout, b"<x/>")).bevindingen
    assert len(bevindingen) == 3
    assert all(geheim not in b.melding and geheim not in b.plaats for b in bevindingen)


def _in_soap(pad: Path) -> bytes:
    return SOAP.format("<s:Body>" + pad.read_text("utf-8").partition("?>")[2] + "</s:Body>").encode()


def _canonical(xml: bytes) -> bytes:
    """Prefixes do not count: one namespace may have two, and reading does not say which was used."""
    return etree.canonicalize(etree.fromstring(xml), rewrite_prefixes=True).encode()
