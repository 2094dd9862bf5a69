from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from istandaarden import blik, veilig, weigering
from istandaarden.veilig import (
    ENVELOP,
    PAYLOAD,
    Limieten,
    Ontleder,
    XmlGeweigerd,
    compile_trusted,
    parse,
    parse_trusted,
)

XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
KLEIN = Limieten(
    diepte=4, elementen=6, attributen=2, tekst=20, naam=10, naamruimten=2, proloog=200, xsi=frozenset({"type"})
)


class Niets:
    """A Doel that keeps nothing."""

    def start(self, _tag: str, _attrib: Mapping[str, str], _nsmap: Mapping[str | None, str]) -> None: ...
    def end(self, _tag: str) -> None: ...
    def data(self, _text: str) -> None: ...
    def close(self) -> None: ...


def test_tree_without_comments_and_instructions() -> None:
    wortel = parse(b"<!-- a --><a>1<!-- b -->2<?c d?>3<![CDATA[<4>]]><b/>5<!-- e -->6</a><!-- f -->")
    assert etree.tostring(wortel.getroottree()) == b"<a>123&lt;4&gt;<b/>56</a>"
    assert wortel.text == "123<4>"


def test_lines_are_those_of_the_file() -> None:
    wortel = parse(b"<!-- een\ntwee -->\n<a>\n\n<b/></a>")
    assert (wortel.sourceline, wortel[0].sourceline) == (3, 5)


@pytest.mark.parametrize(
    ("data", "oorzaak", "regel", "melding"),
    [
        (b"", "leeg", 1, "leeg"),
        (b"<a>\n<b>\n</a>", "welgevormd", 3, "De eindtag </a> past niet bij de begintag <b> van regel 2."),
        (b"<a>\n<b>", "welgevormd", 2, "houdt op"),
        (b"<a>\n<b", "welgevormd", 2, "niet afgesloten met >"),
        (b"<a>\n<p:b/></a>", "welgevormd", 2, "voorvoegsel"),
        (b"<a p:b=''/>", "welgevormd", 1, "voorvoegsel"),
        (b"<a b='' b=''/>", "welgevormd", 1, "twee keer"),
        (b"<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>", "welgevormd", 1, "twee keer"),
        (b"<a/>\n<b/>", "welgevormd", 2, "tweede hoofdelement"),
        (b"<a>\n\x01</a>", "welgevormd", 2, "teken"),
        (b"<a>\n\xff</a>", "codering", 2, "UTF-8"),
        (b"<a>& </a>", "welgevormd", 1, "&amp;"),
        (b"<a>&x;</a>", "welgevormd", 1, "entiteit"),
        (b"<a b=1/>", "welgevormd", 1, "aanhalingstekens"),
        (b"<a b='<'/>", "welgevormd", 1, "&lt;"),
        (b"<a>]]></a>", "welgevormd", 1, "]]>"),
        (b"<a b='1'c='2'/>", "welgevormd", 1, "spatie"),
        (b"<a><!-- -- --></a>", "welgevormd", 1, "--"),
        (b"<a><!-- </a>", "welgevormd", 1, "commentaar"),
        (b"<a><![CDATA[ </a>", "welgevormd", 1, "CDATA"),
        (b"<a><?b </a>", "welgevormd", 1, "instructie"),
        (b"<a b/>", "welgevormd", 1, "waarde"),
        (b"<a xmlns:p=''/>", "welgevormd", 1, "naamruimte"),
        (b"<a xmlns='x y'/>", "welgevormd", 1, "geen welgevormde XML (xmlns: 'x y' is not a valid URI)"),
    ],
)
def test_complaints_in_dutch_with_line(data: bytes, oorzaak: str, regel: int, melding: str) -> None:
    with pytest.raises(XmlGeweigerd) as fout:
        parse(data)
    assert (fout.value.oorzaak, fout.value.regel) == (oorzaak, regel)
    assert melding in fout.value.melding
    assert fout.value.melding.endswith(".")


@pytest.mark.parametrize("lengte", [1, 1000])
@pytest.mark.parametrize("data", [b"<a><p:b/></a>", b"<a>\n<b></a>", b"<a>\n\xff</a>", b"<a>&x;</a>", b"<a>\n<b>"])
def test_the_stream_complains_in_the_same_words(data: bytes, lengte: int) -> None:
    def via_stream() -> None:
        ontleder = Ontleder(Niets(), PAYLOAD)
        for begin in range(0, len(data), lengte):
            ontleder.feed(data[begin : begin + lengte])
        ontleder.close()

    with pytest.raises(XmlGeweigerd) as heel:
        parse(data)
    with pytest.raises(XmlGeweigerd) as stroom:
        via_stream()
    assert (heel.value.melding, heel.value.regel) == (stroom.value.melding, stroom.value.regel)


def test_names_in_a_complaint_cannot_forge_a_log_line() -> None:
    with pytest.raises(XmlGeweigerd) as fout:
        parse("<a\u2028\u202e></b>".encode())
    assert fout.value.melding.isascii()
    assert "\n" not in weigering.printable("a\r\n\x1b[31mb")
    assert len(weigering.printable("x" * 1000)) == 120


def test_the_line_stands_in_the_text_of_the_exception() -> None:
    assert str(XmlGeweigerd("x", "Fout.", 3)) == "Fout. (regel 3)"
    assert str(XmlGeweigerd("x", "Fout.")) == "Fout."


@pytest.mark.parametrize(
    ("binnen", "buiten", "oorzaak"),
    [
        ("<a><b><c><d/></c></b></a>", "<a><b><c><d><e/></d></c></b></a>", "diepte"),
        ("<a><b/><b/><b/><b/><b/></a>", "<a><b/><b/><b/><b/><b/><b/></a>", "elementen"),
        ('<a b="" c=""/>', '<a b="" c="" d=""/>', "attributen"),
        ("<a>12345678901234567890</a>", "<a>123456789012345678901</a>", "tekst"),
        ("<a>1234567890<b/>1234567890123</a>", "<a>1234567890<b/>123456789012345678901</a>", "tekst"),
        ("<a>1234567890<!-- -->1234567890</a>", "<a>1234567890<!-- -->12345678901</a>", "tekst"),
        ("<abcdefghij/>", "<abcdefghijk/>", "naam"),
        ('<p:abcdefghij xmlns:p="u"/>', '<p:abcdefghijk xmlns:p="u"/>', "naam"),
        ('<a abcdefghij=""/>', '<a abcdefghijk=""/>', "naam"),
        ("<éééééééééé/>", "<ééééééééééé/>", "naam"),
        (
            '<a xmlns="u"><b xmlns="v"/><b xmlns="v"/></a>',
            '<a xmlns="u"><b xmlns="v"/><c xmlns="w"/></a>',
            "naamruimten",
        ),
        ("<!-- " + "x" * 185 + " --><a/>", "<!-- " + "x" * 200 + " --><a/>", "proloog"),
    ],
)
def test_each_limit_holds_exactly(binnen: str, buiten: str, oorzaak: str) -> None:
    for lees in (lambda data: parse(data, KLEIN), _via_ontleder):
        lees(binnen.encode())
        with pytest.raises(XmlGeweigerd) as fout:
            lees(buiten.encode())
        assert fout.value.oorzaak == oorzaak


def _via_ontleder(data: bytes) -> Any:
    ontleder = Ontleder(Niets(), KLEIN)
    ontleder.feed(data)
    return ontleder.close()


def test_limits_off_the_fast_way_report_the_line() -> None:
    with pytest.raises(XmlGeweigerd) as fout:
        parse(b'<a>\n\n<b c="" d="" e=""/></a>', KLEIN)
    assert fout.value.regel == 3


def test_long_text_only_where_it_may_be() -> None:
    vrij = replace(KLEIN, vrije_tekst=frozenset({"{u}b"}))
    assert parse(b"<b xmlns='u'>" + b"x" * 500 + b"</b>", vrij).text == "x" * 500
    with pytest.raises(XmlGeweigerd, match="tekst"):
        parse(b"<b>" + b"x" * 500 + b"</b>", vrij)


def test_size_is_looked_at_first() -> None:
    with pytest.raises(XmlGeweigerd, match="groter dan 10 bytes") as fout:
        parse(b"<!DOCTYPE a><a/>", max_bytes=10)
    assert fout.value.oorzaak == "omvang"


DELEN = st.sampled_from(
    [
        "<a>",
        "</a>",
        "<b c=''>",
        "</b>",
        "<d/>",
        "<p:q xmlns:p='u'/>",
        "xxxx",
        "&#45;",
        "<!--y-->",
        "<![CDATA[z]]>",
        "=",
        ">",
        "<langenaam12/>",
        "<e f='' g='' h=''/>",
        "<x xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:type=''/>",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(DELEN, max_size=12))
def test_tree_and_stream_agree_on_every_refusal(delen: list[str]) -> None:
    """The tree is checked by a look at the bytes, the stream by counting: they may not differ."""
    data = f"<r>{''.join(delen)}</r>".encode()

    def outcome(lees: Any) -> str | None:
        try:
            lees(data)
        except XmlGeweigerd as fout:
            return fout.oorzaak
        return None

    boom, stroom = outcome(lambda d: parse(d, KLEIN)), outcome(_via_ontleder)
    assert (boom is None) == (stroom is None), (boom, stroom)


@pytest.mark.corpus
def test_every_published_bericht_takes_the_fast_way(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(veilig, "check_tree", lambda *_: pytest.fail("counted"))
    bestanden = sorted((corpus / "berichten").rglob("*.xml"))
    assert bestanden
    for bestand in bestanden:
        assert parse(bestand.read_bytes()).tag.endswith("}Bericht")


def test_base64_in_an_envelope_takes_the_fast_way() -> None:
    assert blik.is_plain(b"<e:x xmlns:e='u'>" + b"QUJD" * 4000 + b"==</e:x>", ENVELOP)


def test_trusted_text_keeps_its_comments() -> None:
    assert etree.tostring(parse_trusted(b"<a><!-- b --></a>")) == b"<a><!-- b --></a>"


HOOFD = f"""<xs:schema {XS} targetNamespace="u" xmlns:v="v">
<xs:import namespace="v" schemaLocation="basis.xsd"/><xs:element name="a" type="v:T"/></xs:schema>""".encode()
BASIS = f"""<xs:schema {XS} targetNamespace="v"><xs:simpleType name="T"><xs:restriction base="xs:string">
<xs:maxLength value="2"/></xs:restriction></xs:simpleType></xs:schema>""".encode()


def test_trusted_schema_from_memory() -> None:
    schema = compile_trusted(HOOFD, {"basis.xsd": BASIS})
    assert schema.validate(parse(b"<a xmlns='u'>12</a>"))
    assert not schema.validate(parse(b"<a xmlns='u'>123</a>"))


def test_trusted_schema_never_looks_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "basis.xsd").write_bytes(BASIS)
    with pytest.raises(LookupError, match="dat is er niet"):
        compile_trusted(HOOFD.replace(b"basis.xsd", (tmp_path / "basis.xsd").as_uri().encode()))
    with pytest.raises(LookupError, match="vraagt niet om over"):
        compile_trusted(HOOFD, {"basis.xsd": BASIS, "over.xsd": BASIS})


def test_an_old_libxml2_is_refused_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(etree, "LIBXML_VERSION", (2, 13, 5))
    with pytest.raises(ImportError, match=r"libxml2 2\.13\.5; nodig is 2\.13\.6"):
        importlib.reload(veilig)
    monkeypatch.undo()
    importlib.reload(veilig)
