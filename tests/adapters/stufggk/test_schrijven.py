"""Everything we write is valid against the schema as it was published, whatever the values."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.stufggk.antwoord_lezen import Antwoordsoort, read_antwoord
from adapters.stufggk.antwoord_schrijven import write_bv03, write_fault, write_fo03
from adapters.stufggk.envelop_schrijven import compose
from adapters.stufggk.weigering import AntwoordOp
from adapters.stufggk.xmlschrijven import escape
from istandaarden.bevinding import Bevinding
from routing.bericht import Systeem
from routing.fouten import Fout
from routing.payload import Payload

Stuf = Any  # the class stands in conftest.py, which cannot be imported
HUB = Systeem("IB", "GGKWebservice")
S = "{http://www.egem.nl/StUF/StUF0301}"
tekst = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))
fixtures_ok = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)


@pytest.mark.corpus
@pytest.mark.parametrize("soort", ["di01", "du01", "tekst", "fo01"])
def test_outgoing_messages_are_valid(stuf: Stuf, gepubliceerd: etree.XMLSchema, soort: str) -> None:
    inhoud = stuf.foutbody if soort == "fo01" else b"<x>proef</x>"
    gepubliceerd.assertValid(stuf.body(stuf.pack(getattr(stuf, soort), inhoud)))


@pytest.mark.corpus
@fixtures_ok
@given(st.builds(Systeem, tekst, tekst, st.none() | tekst, st.none() | tekst), tekst, tekst)
def test_replies_are_valid_whatever_the_request_held(
    stuf: Stuf, gepubliceerd: etree.XMLSchema, zender: Systeem, nummer: str, zin: str
) -> None:
    op = AntwoordOp(zender, nummer)
    bv03 = stuf.body(write_bv03(HUB, op, "11111111-2222-4333-8444-555555555555", "20260105091502999"))
    gepubliceerd.assertValid(bv03)
    assert bv03.findtext(f".//{S}crossRefnummer") == nummer[:40]
    bevindingen = (Bevinding("XSD", 1, "/a/b", 3, zin),) * 3
    fout = Fout("oorzaak", "StUF013", "StUF", "client", zin, zin * 5, bevindingen)
    fault = stuf.body(write_fo03(HUB, op, fout))
    assert [kind.tag for kind in fault] == ["faultcode", "faultstring", "detail"]
    assert fault[0].text == "soap:Client"
    (fo03,) = fault[2]
    gepubliceerd.assertValid(etree.fromstring(etree.tostring(fo03)))
    assert fo03.findtext(f"{S}body/{S}omschrijving") == (fault[1].text or "")


def test_our_own_reader_understands_our_replies() -> None:
    op = AntwoordOp(Systeem("0363", "Wmo-pakket"), "3b8f9d1e-5a0c-4d53-9c0e-1f2a3b4c5d6e")
    bv03 = read_antwoord(200, write_bv03(HUB, op, "11111111-2222-4333-8444-555555555555", "20260105091502999"))
    assert (bv03.soort, bv03.cross_ref) == (Antwoordsoort.ONTVANGST, op.referentienummer)
    fout = Fout("o", "StUF046", "StUF", "server", "Nu niet", "Later wel")
    fo03 = read_antwoord(500, write_fo03(HUB, op, fout))
    assert fo03.soort is Antwoordsoort.STUF_FOUT
    assert fo03.cross_ref == op.referentienummer
    assert fo03.fout is not None
    assert (fo03.fout.code, fo03.fout.plek, fo03.fout.omschrijving, fo03.fout.details) == (
        "StUF046",
        "server",
        "Nu niet",
        "Later wel",
    )
    kaal = read_antwoord(500, write_fault("Client", "Geen <bericht>"))
    assert kaal.soort is Antwoordsoort.SOAP_FOUT
    assert kaal.fout is not None
    assert (kaal.fout.plek, kaal.fout.omschrijving) == ("client", "Geen <bericht>")


REFERENTIE = b"3b8f9d1e-5a0c-4d53-9c0e-1f2a3b4c5d6e"
BV03 = write_bv03(HUB, AntwoordOp(Systeem("0363", "Pakket"), REFERENTIE.decode()), "1111-2222", "20260105091502999")
CROSS_REF = b"<StUF:crossRefnummer>" + REFERENTIE + b"</StUF:crossRefnummer>"
ANDERS = b'<x:crossRefnummer xmlns:x="urn:x">' + REFERENTIE + b"</x:crossRefnummer>"
VORMEN = {
    "gewoon": BV03,
    "standaardnaamruimte": BV03.replace(b"StUF:", b"").replace(b"xmlns:StUF", b"xmlns"),
    "leeg veld": BV03.replace(b"</StUF:stuurgegevens>", b"<StUF:functie></StUF:functie></StUF:stuurgegevens>"),
    "wit eromheen": BV03.replace(REFERENTIE, b"\n  " + REFERENTIE + b" "),
    "nummer in de opmaak": BV03.replace(REFERENTIE, b" n1 ", 1),
    "eerst een ander": BV03.replace(CROSS_REF, ANDERS + CROSS_REF.replace(REFERENTIE, b"anders")),
    "twee keer": BV03.replace(CROSS_REF, CROSS_REF + CROSS_REF.replace(REFERENTIE, b"anders")),
    "commentaar ervoor": BV03.replace(
        CROSS_REF, b"<!--" + CROSS_REF + b"-->" + CROSS_REF.replace(REFERENTIE, b"anders")
    ),
    "commentaar erin": BV03.replace(REFERENTIE, b"anders<!-- -->" + REFERENTIE),
    "commentaar erachter": BV03.replace(REFERENTIE, REFERENTIE + b"<!-- -->"),
    "CDATA": BV03.replace(CROSS_REF, b"<![CDATA[" + CROSS_REF + b"]]>" + CROSS_REF.replace(REFERENTIE, b"anders")),
    "opdracht": BV03.replace(CROSS_REF, b"<?a >" + REFERENTIE + b"<?>" + CROSS_REF.replace(REFERENTIE, b"anders")),
    "zonder": BV03.replace(CROSS_REF, b""),
    "UTF-16": BV03.replace(b"UTF-8", b"UTF-16").decode().encode("utf-16"),
    "groot": BV03.replace(b"<soap:Body>", b"<soap:Body>" + b" " * 5000),
    "Bv04": BV03.replace(b"Bv03", b"Bv04"),
}


@pytest.mark.parametrize("vorm", VORMEN)
def test_a_receipt_says_the_same_whether_its_form_was_seen_before(vorm: str) -> None:
    body = VORMEN[vorm]
    boom = etree.fromstring(body, etree.XMLParser(remove_comments=True, remove_pis=True))
    verwacht = (next(boom.iter(f"{S}crossRefnummer"), boom).text or "").strip()
    for ander in ("", "0", "n2", "-" * 36, "a--b", "x" * 64, "x" * 65, "4c5d"):
        nieuw = REFERENTIE if not ander else ander.encode()
        if b"<!--" in body and b"--" in nieuw:
            continue  # would end the comment
        if vorm == "UTF-16":
            antwoord = read_antwoord(
                200, body.decode("utf-16").replace(REFERENTIE.decode(), nieuw.decode()).encode("utf-16")
            )
        else:
            antwoord = read_antwoord(200, body.replace(REFERENTIE, nieuw))
        assert antwoord.soort is Antwoordsoort.ONTVANGST
        assert antwoord.cross_ref == verwacht.replace(REFERENTIE.decode(), nieuw.decode())


@pytest.mark.parametrize("fout", [b"a<b", b"a>b<c>", b"&amp", b"a\x00b", b"\xff"])
def test_a_receipt_with_a_broken_value_is_refused_though_its_form_was_seen_before(fout: bytes) -> None:
    assert read_antwoord(200, BV03).cross_ref == REFERENTIE.decode()
    assert read_antwoord(200, BV03.replace(REFERENTIE, fout)).soort is Antwoordsoort.ONLEESBAAR
    assert read_antwoord(200, BV03.replace(b"</soap:Envelope>", b"")).soort is Antwoordsoort.ONLEESBAAR


def test_a_refusal_of_the_same_form_is_no_receipt() -> None:
    assert read_antwoord(200, BV03).soort is Antwoordsoort.ONTVANGST
    fo03 = BV03.replace(b"Bv03Bericht", b"Fo03Bericht")
    assert read_antwoord(200, fo03).soort is Antwoordsoort.STUF_FOUT


class InStukken:
    """A payload that comes in awkward pieces."""

    digest = ""

    def __init__(self, *stukken: bytes) -> None:
        self._stukken = stukken
        self.size = sum(map(len, stukken))

    def chunks(self) -> Iterator[bytes]:
        yield from self._stukken


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_base64_does_not_depend_on_the_pieces(stukken: list[bytes]) -> None:
    from routing.bericht import Berichtcode, Envelop, Parameters, Stuurgegevens

    envelop = Envelop(
        Stuurgegevens(Berichtcode.DI01, HUB, HUB, "r", "t", functie="f"), Parameters("0001", "0001", "0001", "0001")
    )
    uitgaand = compose(envelop, InStukken(*stukken))
    bericht = b"".join(uitgaand.chunks())
    assert len(bericht) == uitgaand.lengte
    assert bericht.partition(b"<GGK:xmlBestand>")[2].partition(b"<")[0] == base64.b64encode(b"".join(stukken))


def test_large_payload_goes_out_in_pieces(stuf: Stuf) -> None:
    uitgaand = compose(stuf.di01, Payload(bytes(range(256)) * 8000))
    groottes = [len(stuk) for stuk in uitgaand.chunks()]
    assert sum(groottes) == uitgaand.lengte
    assert max(groottes) <= 200_000


def test_what_cannot_be_written_is_said(stuf: Stuf) -> None:
    leeg = Payload(b"x")
    sg = stuf.di01.stuurgegevens
    for envelop, woord in (
        (replace(stuf.di01, parameters=None), "parameters"),
        (replace(stuf.du01, stuurgegevens=replace(stuf.du01.stuurgegevens, cross_ref=None)), "crossRefnummer"),
        (replace(stuf.fo01, stuurgegevens=replace(stuf.fo01.stuurgegevens, cross_ref=None)), "crossRefnummer"),
        (replace(stuf.di01, stuurgegevens=replace(sg, functie="a\x00b")), "teken"),
        (replace(stuf.di01, stuurgegevens=replace(sg, functie="a\ud800b")), "teken"),
    ):
        with pytest.raises(ValueError, match=woord):
            compose(envelop, leeg)


def test_markup_in_values_stays_text(stuf: Stuf) -> None:
    kwaad = '</StUF:functie><x a="1">&amp;\r\n'
    envelop = replace(stuf.tekst, stuurgegevens=replace(stuf.tekst.stuurgegevens, functie=kwaad))
    envelop = replace(envelop, parameters=replace(envelop.parameters, bestandsnaam='a" b="c\n<'))
    gelezen = stuf.read(stuf.pack(envelop, b"x"))
    assert gelezen.envelop == envelop


@pytest.mark.parametrize(
    ("tekst", "verwacht"),
    [
        ("", ""),
        ("WMO301", "WMO301"),
        ("<a & b>", "&lt;a &amp; b&gt;"),
        ("&lt;", "&amp;lt;"),
        ("regel\r\n\tregel", "regel&#13;\n\tregel"),
        ("Súdwest-Fryslân \x7f\x85\u2028\U0001f600", "Súdwest-Fryslân \x7f\x85\u2028\U0001f600"),
    ],
)
def test_text_between_tags_comes_back_as_it_was(tekst: str, verwacht: str):
    assert escape(tekst) == verwacht
    assert etree.fromstring(f"<a>{verwacht}</a>").text == (tekst or None)


@pytest.mark.parametrize("teken", ["\0", "\x08", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_a_character_that_xml_does_not_know_is_never_written(teken: str):
    with pytest.raises(ValueError, match="niet mag voorkomen"):
        escape(f"a{teken}b")
