"""Verdict and explanation: every error at once, each with line, place and a sentence that says what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from istandaarden import toets, uitleg
from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import ingebouwd
from istandaarden.toets import validate, validate_stream

JW305 = ingebouwd().find("JW305", "3.2")
WMO301 = ingebouwd().find("WMO301", "3.2")
DAG = "verwacht wordt een datum als 2025-04-30, zonder tijdzone."
START = "/Bericht/Client/StartProducten/StartProduct"


def only(tekst: str | bytes) -> Bevinding:
    oordeel = validate(tekst if isinstance(tekst, bytes) else tekst.encode())
    assert not oordeel.geldig
    assert len(oordeel.bevindingen) == 1, oordeel.bevindingen
    return oordeel.bevindingen[0]


def test_a_valid_bericht(jw305: str):
    oordeel = validate(jw305.encode())
    assert (oordeel.geldig, oordeel.berichtsoort, oordeel.bevindingen) == (True, JW305, ())
    assert oordeel.kop is not None
    assert (oordeel.kop.afzender, oordeel.kop.ontvanger, oordeel.kop.identificatie) == ("42420001", "0384", "B1")


VALUES = [
    (
        ">999900006<",
        ">12345<",
        "/Bericht/Client/Bsn",
        "Bsn heeft niet de juiste vorm; verwacht wordt precies 9 cijfers.",
    ),
    (
        ">999900006<",
        ">9999000061<",
        "/Bericht/Client/Bsn",
        "Bsn is te lang (10 tekens) en heeft niet de juiste vorm; verwacht wordt precies 9 cijfers.",
    ),
    (">999900006<", "><", "/Bericht/Client/Bsn", "Bsn is leeg; verwacht wordt precies 9 cijfers."),
    (
        ">2025-04-30<",
        ">2025-04-31<",
        f"{START}[1]/Begindatum",
        "Begindatum bevat een dag die niet bestaat; verwacht wordt een datum als 2025-04-30, zonder tijdzone.",
    ),
    (
        ">2025-05-01<",
        ">1 mei 2025<",
        f"{START}[2]/Begindatum",
        "Begindatum is geen datum; verwacht wordt een datum als 2025-04-30, zonder tijdzone.",
    ),
    (
        ">2025-05-01<",
        ">2025-05-01+02:00<",
        f"{START}[2]/Begindatum",
        f"Begindatum bevat iets na de datum, zoals een tijdzone; {DAG}",
    ),
    (
        "Geslacht>1<",
        "Geslacht>M<",
        "/Bericht/Client/Geslacht",
        r"Geslacht bevat geen bekende code; verwacht wordt een van de codes 0 \(.*\), 1 \(.*\), 2 \(.*\).",
    ),
    (
        "Geslacht>1<",
        "Geslacht> 1 <",
        "/Bericht/Client/Geslacht",
        r"Geslacht bevat spaties of regeleinden om de code; verwacht wordt een van de codes 0 .*",
    ),
    (
        ">438<",
        ">418<",
        "/Bericht/Header/BerichtCode",
        "BerichtCode heeft een waarde die niet bij dit bericht hoort; verwacht wordt de vaste waarde 438.",
    ),
    (
        "Versie>1.0.0<",
        "Versie>1.0<",
        "/Bericht/Header/XsdVersie/BasisschemaXsdVersie",
        r"BasisschemaXsdVersie heeft niet de juiste vorm; verwacht wordt .*drie getallen met punten.* zoals 1\.0\.0\.",
    ),
]


@pytest.mark.parametrize(("oud", "nieuw", "plaats", "melding"), VALUES)
def test_a_wrong_value(jw305: str, oud: str, nieuw: str, plaats: str, melding: str):
    bevinding = only(jw305.replace(oud, nieuw, 1))
    regel = next(n for n, r in enumerate(jw305.replace(oud, nieuw, 1).splitlines(), 1) if nieuw in r)
    assert (bevinding.niveau, bevinding.plaats, bevinding.regel) == (1, plaats, regel)
    assert bevinding.melding == melding or re.fullmatch(melding, bevinding.melding)
    assert bevinding.waarde == re.search(">(.*)<", nieuw)[1]  # type: ignore[index]  # each case has a value


def element(naam: str, waarde: str = r"[^<]*", prefix: str = "jw305") -> str:
    return rf"\n<{prefix}:{naam}>{waarde}</{prefix}:{naam}>"


STRUCTURE = [
    (
        (element("Bsn"), ""),
        "/Bericht/Client",
        "Bsn (precies 9 cijfers) ontbreekt in Client; het hoort vooraan, voor Geboortedatum.",
    ),
    (
        (element("Begindatum", "2025-04-30"), ""),
        f"{START}[1]",
        r"Begindatum \(een datum als .*\) ontbreekt in StartProduct; het hoort na ToewijzingIngangsdatum\.",
    ),
    (
        (element("Geslacht"), r"\g<0>\g<0>"),
        "/Bericht/Client/Geslacht[2]",
        "Geslacht staat meer dan één keer in Client; het mag er maar één keer staan.",
    ),
    (
        (rf"({element('Begindatum', '2025-04-30')})({element('StatusAanlevering')})", r"\2\1"),
        f"{START}[1]/StatusAanlevering",
        r"StatusAanlevering staat op de verkeerde plaats in StartProduct; .* Begindatum\. .*: ToewijzingNummer .*",
    ),
    (
        (element("Geslacht"), r"\g<0>\n<jw305:Bijzonderheid/>"),
        "/Bericht/Client/Bijzonderheid",
        r"Bijzonderheid hoort niet in Client\. Daar horen achtereenvolgens: Bsn, .*, Naam, StartProducten\.",
    ),
    (
        ("ijw:Datum>", "jw305:Datum>"),
        "/Bericht/Client/Geboortedatum/Datum",
        r"Datum heeft een andere naamruimte; verwacht wordt de naamruimte http://.*/ijw/3_2/basisschema/schema\.",
    ),
    (
        ("<jw305:Client>", '<jw305:Client soort="x">'),
        "/Bericht/Client",
        "Client heeft het attribuut soort; een bericht heeft geen attributen.",
    ),
    (
        ("<jw305:Client>", "<jw305:Client>los"),
        "/Bericht/Client",
        "In Client staat tekst buiten de elementen; daar mogen alleen elementen staan.",
    ),
    (
        (">999900006<", "><x>999900006</x><"),
        "/Bericht/Client/Bsn",
        "Bsn bevat andere elementen; verwacht wordt precies 9 cijfers.",
    ),
    (
        ("jw305:Bericht", "jw305:Berichten"),
        "/Berichten",
        "Het hoofdelement heet Berichten; verwacht wordt Bericht van JW305 (iJw 3.2).",
    ),
]


@pytest.mark.parametrize(("ingreep", "plaats", "melding"), STRUCTURE)
def test_a_wrong_structure(jw305: str, ingreep: tuple[str, str], plaats: str, melding: str):
    aantal = 0 if "Datum>" in ingreep[0] or "Bericht" in ingreep[0] else 1
    bevinding = only(re.sub(*ingreep, jw305, count=aantal))
    assert bevinding.plaats == plaats
    assert bevinding.melding == melding or re.fullmatch(melding, bevinding.melding)


def test_text_where_a_structure_belongs(jw305: str):
    """The element has no children at all, so nothing but its text can tell."""
    tekst = re.sub(r"(<jw305:Product>).*?(</jw305:Product>)", r"\g<1>45\g<2>", jw305, count=1, flags=re.DOTALL)
    oordeel = validate(tekst.encode())
    assert [b.melding.partition(";")[0].partition(" (")[0] for b in oordeel.bevindingen] == [
        "In Product staat tekst buiten de elementen",
        "Categorie",
    ]


def test_a_misspelt_element_is_recognised(jw305: str):
    oordeel = validate(re.sub("jw305:Bsn", "jw305:BSN", jw305).encode())
    assert [(b.plaats, b.melding.partition(".")[0]) for b in oordeel.bevindingen] == [
        ("/Bericht/Client", "Bsn (precies 9 cijfers) ontbreekt in Client; het hoort vooraan, voor Geboortedatum"),
        ("/Bericht/Client/BSN", "BSN hoort niet in Client"),
    ]
    assert "Bedoelt u Bsn?" in oordeel.bevindingen[1].melding


def test_an_element_one_level_too_high_is_sent_to_its_place(jw305: str):
    tekst = re.sub(r"<jw305:StartProducten>|</jw305:StartProducten>", "", jw305)
    oordeel = validate(tekst.encode())
    assert [b.plaats for b in oordeel.bevindingen] == [
        "/Bericht/Client",
        "/Bericht/Client/StartProduct[1]",
        "/Bericht/Client/StartProduct[2]",
    ]
    assert "Het hoort binnen StartProducten." in oordeel.bevindingen[1].melding


def test_all_errors_at_once_in_the_order_of_the_bericht(jw305: str):
    """Libxml2 itself would report only the first three: it skips what follows a misplaced element."""
    kapot = jw305.replace(">0384<", ">384<").replace(">999900006<", ">x<")
    kapot = re.sub(element("Geslacht"), "\n<jw305:Kleur/>", kapot)
    kapot = kapot.replace(">2025-04-30<", ">x<").replace(">2025-05-01<", ">y<").replace(">45<", ">00<")
    oordeel = validate(kapot.encode())
    assert [b.plaats for b in oordeel.bevindingen] == [
        "/Bericht/Header/Ontvanger",
        "/Bericht/Client",
        "/Bericht/Client/Bsn",
        "/Bericht/Client/Kleur",
        f"{START}[1]/Product/Categorie",
        f"{START}[1]/Begindatum",
        f"{START}[2]/Product/Categorie",
        f"{START}[2]/Begindatum",
    ]
    regels = [b.regel for b in oordeel.bevindingen]
    assert regels == sorted(regels)


def test_sentences_never_hold_the_value(jw305: str):
    geheim = "Geheim-4711"
    kapot = re.sub(r">[^<>\n]+<", f">{geheim}<", jw305)
    oordeel = validate(kapot.encode())
    assert len(oordeel.bevindingen) > 10
    assert not any(geheim in bevinding.melding + bevinding.plaats for bevinding in oordeel.bevindingen)
    assert all(bevinding.waarde == geheim for bevinding in oordeel.bevindingen)


def test_a_long_value_is_cut(jw305: str):
    bevinding = only(jw305.replace(">999900006<", f">{'9' * 5000}<"))
    assert bevinding.waarde == "9" * 200 + "…"
    assert "5000 tekens" in bevinding.melding


def test_very_many_errors_are_counted(jw305: str):
    product = re.search(r"<jw305:StartProduct>.*?</jw305:StartProduct>", jw305, re.DOTALL)
    assert product is not None
    kapot = jw305.replace(product[0], product[0].replace(">2025-04-30<", ">x<") * 1500)
    oordeel = validate(kapot.encode())
    assert len(oordeel.bevindingen) == uitleg.BEVINDINGEN_MAX + 1
    assert oordeel.bevindingen[-1].melding == "Er zijn nog 500 fouten die niet apart zijn uitgeschreven."


def test_a_verdict_is_never_without_explanation(jw305: str, monkeypatch: pytest.MonkeyPatch):
    """When libxml2 rejects what the model thinks is right, its own report is what remains."""
    monkeypatch.setattr(uitleg._Lezer, "result", lambda _: ())
    bevinding = only(jw305.replace(">999900006<", ">x<"))
    assert bevinding.melding == "Het bericht voldoet hier niet aan het schema (SCHEMAV_CVC_PATTERN_VALID)."
    assert bevinding.regel > 1


def test_another_berichtsoort_than_expected(jw305: str):
    oordeel = validate(jw305.encode(), verwacht=WMO301)
    assert not oordeel.geldig
    assert oordeel.berichtsoort == JW305
    assert [b.melding for b in oordeel.bevindingen] == [
        "Dit is een JW305 (iJw 3.2); verwacht werd een WMO301 (iWmo 3.2)."
    ]
    assert validate(jw305.encode(), verwacht=JW305).geldig


NOT_A_BERICHT = [
    (b"", None),
    (b"geen xml", None),
    (b"\x00\x01\x02", None),
    (b"PK\x03\x04", None),
    (b"<a/>", None),
    (b'<!DOCTYPE a><a xmlns="http://www.istandaarden.nl/ijw/3_2/jw305/schema"/>', None),
    (b'<Bericht xmlns="http://www.istandaarden.nl/ijw/3_2/jw305/schema"><Header>', JW305),
]


@pytest.mark.parametrize(("data", "soort"), NOT_A_BERICHT)
def test_what_is_no_bericht_gets_one_finding(data: bytes, soort: object):
    oordeel = validate(data)
    assert (oordeel.geldig, oordeel.berichtsoort, oordeel.kop) == (False, soort, None)
    assert len(oordeel.bevindingen) == 1
    assert validate_stream(lambda: iter([data])).geldig is False


def test_truncated_anywhere_is_never_valid_and_never_an_exception(jw305: str):
    data = jw305.encode().rstrip()
    for lengte in range(0, len(data), 7):
        oordeel = validate(data[:lengte])
        assert not oordeel.geldig
        assert oordeel.bevindingen


@pytest.mark.parametrize("codering", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(jw305: str, codering: str):
    tekst = jw305.replace("Wit", "Wît").replace("UTF-8", codering.removesuffix("-sig").upper())
    assert validate(tekst.encode(codering)).geldig


def test_a_wrong_encoding_is_refused(jw305: str):
    assert not validate(jw305.replace("Wit", "Wît").encode("latin-1")).geldig


def test_crlf_and_white_space_do_not_matter(jw305: str):
    assert validate(jw305.replace("\n", "\r\n\t").encode()).geldig


def test_a_comment_or_cdata_does_not_split_a_value(jw305: str):
    assert validate(jw305.replace(">999900006<", "><![CDATA[9999]]>00006<").encode()).geldig
    oordeel = validate(jw305.replace(">0384<", ">03<!-- x -->84<").encode())
    assert oordeel.geldig
    assert oordeel.kop is not None
    assert oordeel.kop.ontvanger == "0384"


def test_a_stream_is_judged_piece_by_piece(jw305: str):
    data = jw305.encode()
    gelezen = 0

    def chunks() -> Iterator[bytes]:
        nonlocal gelezen
        for begin in range(0, len(data), 11):
            gelezen += 1
            yield data[begin : begin + 11]

    assert validate_stream(chunks) == validate(data)
    assert gelezen > len(data) // 11
    kapot = jw305.replace(">2025-05-01<", ">x<").encode()
    assert validate_stream(lambda: iter([kapot])) == validate(kapot)


def test_a_stream_of_another_berichtsoort(jw305: str):
    data = jw305.encode()
    assert validate_stream(lambda: iter([data]), verwacht=WMO301) == validate(data, verwacht=WMO301)


def test_too_large_is_refused(jw305: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(toets, "BERICHT_MAX", 1000)
    data = jw305.encode()
    assert "groter dan" in only(data).melding
    stroom = validate_stream(lambda: iter([data[:500], data[500:]]))
    assert not stroom.geldig
    assert "groter dan" in stroom.bevindingen[0].melding


def test_a_header_of_white_space_is_judged_like_any_other(jw305: str):
    ruim = jw305.replace("<jw305:Afzender>", " " * 40_000 + "<jw305:Afzender>").replace(
        "<jw305:Ontvanger>", " " * 40_000 + "<jw305:Ontvanger>"
    )
    data = ruim.encode()
    heel, stroom = validate(data), validate_stream(lambda: iter([data]))
    assert heel.geldig
    assert heel.geldig == stroom.geldig
    assert heel.kop == stroom.kop
