from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from istandaarden.veilig import ENVELOP, PAYLOAD, Ontleder, XmlGeweigerd, compile_trusted, parse, validate_chunks

ONBEGRENSD = 1 << 30


class Verslag:
    """A Doel that writes down what it gets, with texts joined."""

    def __init__(self) -> None:
        self.regels: list[Any] = []

    def start(self, tag: str, attrib: Mapping[str, str], nsmap: Mapping[str | None, str]) -> None:
        self.regels.append((tag, dict(attrib), dict(nsmap)))

    def end(self, tag: str) -> None:
        self.regels.append(f"/{tag}")

    def data(self, text: str) -> None:
        if self.regels and isinstance(self.regels[-1], list):
            self.regels[-1].append(text)
        else:
            self.regels.append([text])

    def close(self) -> list[Any]:
        return ["".join(regel) if isinstance(regel, list) else regel for regel in self.regels]


def cut(data: bytes, lengte: int) -> Iterator[bytes]:
    return (data[i : i + lengte] for i in range(0, len(data), lengte))


def read(data: bytes, lengte: int = ONBEGRENSD, doel: Any = None) -> Any:
    ontleder = Ontleder(doel or Verslag(), PAYLOAD)
    for deel in cut(data, lengte):
        ontleder.feed(deel)
    return ontleder.close()


DOCUMENT = """<?xml version="1.0"?>
<!-- c --><p:a xmlns:p="u" xmlns="v" q="1 &amp; 2" p:r="é">
 een<!-- weg -->twee<?weg?><![CDATA[<drie>]]>
 <b/>&#x20AC;</p:a>"""


@pytest.mark.parametrize("codering", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("lengte", [1, 2, 3, 10, 64, ONBEGRENSD])
def test_events_do_not_depend_on_the_pieces(lengte: int, codering: str) -> None:
    assert read(DOCUMENT.encode(codering), lengte) == [
        ("{u}a", {"q": "1 & 2", "{u}r": "é"}, {"p": "u", None: "v"}),
        "\n eentwee<drie>\n ",
        ("{v}b", {}, {}),
        "/{v}b",
        "€",
        "/{u}a",
    ]


class Eigen(Exception):
    """Raised by a Doel."""


@pytest.mark.parametrize("plek", ["start", "end", "data", "close"])
def test_an_exception_of_the_doel_comes_through_unchanged(plek: str) -> None:
    eigen = Eigen("zoals het was")

    def bang(*_: object) -> None:
        raise eigen

    doel = Verslag()
    setattr(doel, plek, bang)
    ontleder = Ontleder(doel, PAYLOAD)

    def everything() -> None:
        ontleder.feed(b"<a>x</a>")
        ontleder.close()

    with pytest.raises(Eigen) as eerst:
        everything()
    assert eerst.value is eigen
    with pytest.raises(Eigen) as daarna:
        ontleder.feed(b"<b/>")
    assert daarna.value is eigen


def test_a_refusal_of_the_doel_keeps_its_own_line() -> None:
    doel = Verslag()

    def refuse(_: str) -> None:
        raise XmlGeweigerd("binnenin", "Fout in de inhoud.", 99)

    doel.end = refuse  # type: ignore[method-assign]  # a stand-in
    with pytest.raises(XmlGeweigerd) as fout:
        read(b"<a/>", doel=doel)
    assert (fout.value.oorzaak, fout.value.regel) == ("binnenin", 99)


def test_after_a_refusal_nothing_goes_on() -> None:
    ontleder = Ontleder(Verslag(), PAYLOAD)
    for _ in range(2):
        with pytest.raises(XmlGeweigerd, match="eindtag"):
            ontleder.feed(b"<a></b>")
    with pytest.raises(XmlGeweigerd, match="eindtag"):
        ontleder.close()


def test_the_doel_is_not_closed_for_half_a_document() -> None:
    doel = Verslag()
    doel.close = lambda: pytest.fail("closed")  # type: ignore[method-assign]  # a stand-in
    with pytest.raises(XmlGeweigerd):
        read(b"<a><b>", doel=doel)


@pytest.mark.parametrize("lengte", [1, 5, ONBEGRENSD])
def test_line_at_hand(lengte: int) -> None:
    gezien = {}
    doel = Verslag()
    ontleder = Ontleder(doel, PAYLOAD)

    def note(tag: str, *_: object) -> None:
        gezien[tag] = ontleder.regel

    doel.start = note  # type: ignore[method-assign]  # a stand-in
    ontleder._wacht._doel_start = note  # the guard binds the methods once
    for deel in cut(b'<?xml version="1.0"?>\n<!--\n-->\n<a>\n<b/>\n<!--\n\n--><c>x\ny</c><d/>\n</a>', lengte):
        ontleder.feed(deel)
    ontleder.close()
    assert gezien == {"a": 4, "b": 5, "c": 8, "d": 9}


def test_limits_report_the_line() -> None:
    with pytest.raises(XmlGeweigerd) as fout:
        read(b"<a>\n" + b"<b>" * 40)
    assert (fout.value.oorzaak, fout.value.regel) == ("diepte", 2)


def test_free_text_passes_in_pieces_and_is_not_kept() -> None:
    limieten = replace(ENVELOP, vrije_tekst=frozenset({"{u}b"}))
    gelezen = 0

    class Teller(Verslag):
        def data(self, text: str) -> None:
            nonlocal gelezen
            gelezen += len(text)

    ontleder = Ontleder(Teller(), limieten)
    tracemalloc.start()
    try:
        ontleder.feed(b"<a xmlns='u'><b>")
        for _ in range(300):
            ontleder.feed(b"QUJD" * 16_384)
        ontleder.feed(b"</b>\n<c>")
        _, piek = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert gelezen == 300 * 65_536 + 1
    assert piek < 2_000_000
    with pytest.raises(XmlGeweigerd, match="tekst"):
        ontleder.feed(b"x" * 70_000)


SCHEMA = compile_trusted(b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="u" targetNamespace="u"
  elementFormDefault="qualified">
<xs:element name="a"><xs:complexType><xs:sequence>
 <xs:element name="b" maxOccurs="unbounded"><xs:complexType><xs:sequence>
  <xs:element name="c" maxOccurs="3"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[a-z]{1,5}"/>
   </xs:restriction></xs:simpleType></xs:element>
  <xs:element name="a" minOccurs="0" type="xs:date"/>
 </xs:sequence></xs:complexType></xs:element>
</xs:sequence></xs:complexType></xs:element></xs:schema>""")
BLOK = "<b><c>abc</c><c>d<!-- x -->e</c><a>2026-01-05</a></b>\n"


def document(aantal: int) -> bytes:
    return f'<?xml version="1.0"?>\n<p:a xmlns:p="u" xmlns="u">{BLOK * aantal}</p:a>'.encode()


@pytest.mark.parametrize("lengte", [1, 1000, 100_000, ONBEGRENSD])
def test_valid_whatever_the_pieces(lengte: int) -> None:
    assert validate_chunks(cut(document(2_000), lengte), SCHEMA)
    assert validate_chunks(cut(document(1).decode().encode("utf-16"), lengte), SCHEMA)


@pytest.mark.parametrize("plek", [0, 1_000, 1_999])
@pytest.mark.parametrize("fout", ["<b><c>ABC</c></b>", "<b/>", "<b><c>a</c><a>vandaag</a></b>", "<q/>", "tekst"])
def test_one_violation_anywhere_is_found(fout: str, plek: int) -> None:
    tekst = f'<p:a xmlns:p="u" xmlns="u">{BLOK * plek}{fout}{BLOK * (1_999 - plek)}</p:a>'.encode()
    assert not validate_chunks(cut(tekst, 10_000), SCHEMA)
    assert not SCHEMA.validate(parse(tekst))


def test_stops_reading_at_the_first_violation() -> None:
    def source() -> Iterator[bytes]:
        yield b'<a xmlns="u"><q/>' + b" " * 40_000 + BLOK.encode()
        yield b""
        pytest.fail("read on")

    assert validate_chunks(source(), SCHEMA) is False


@pytest.mark.parametrize("aantal", [1, 3_000])
@pytest.mark.parametrize("lengte", [1, 5_000, ONBEGRENSD])
@pytest.mark.parametrize("staart", ["<b>", "<b><c>x</b>", "\x01", "&x;", "</p:a>x", "</p:a><b/>"])
def test_broken_xml_is_refused_while_a_schema_checks_along(staart: str, lengte: int, aantal: int) -> None:
    """lxml overlooks most of these in a feeding parser with a schema and resolve_entities=False."""
    data = document(aantal).removesuffix(b"</p:a>") + staart.encode()
    with pytest.raises(XmlGeweigerd) as fout:
        validate_chunks(cut(data, lengte), SCHEMA)
    assert fout.value.oorzaak == "welgevormd"
    assert fout.value.regel == aantal + 2
    assert "line" not in fout.value.melding


@pytest.mark.parametrize("lengte", [1, ONBEGRENSD])
def test_a_wrong_prefix_is_no_match_for_the_schema(lengte: int) -> None:
    data = document(1).replace(b"<b>", b"<z:b>").replace(b"</b>", b"</z:b>")
    assert not validate_chunks(cut(data, lengte), SCHEMA)


def test_empty_and_cut_off() -> None:
    for data in (b"", b"<?xml version='1.0'?>", b" "):
        with pytest.raises(XmlGeweigerd) as fout:
            validate_chunks([data], SCHEMA)
        assert fout.value.oorzaak == "leeg"
    with pytest.raises(XmlGeweigerd, match="houdt op"):
        validate_chunks([document(3)[:-6]], SCHEMA)


@pytest.mark.parametrize("genest", [False, True])
def test_memory_does_not_grow_with_the_document(genest: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Measured by what the parser still holds: the tree lives outside Python's own memory."""
    resource = pytest.importorskip("resource")
    validate_chunks(cut(document(1_000), 65_536), SCHEMA)
    voor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def source() -> Iterator[bytes]:
        yield b'<a xmlns="u">'
        for _ in range(120):
            if genest:
                yield b"<b>" + b"<c>abc</c><!-- knip -->" * 3 + b"\n" * 1_000 + b"</b>"
            yield BLOK.encode() * 1_000
        yield b"</a>"

    assert validate_chunks(source(), SCHEMA)  # 6.6 MB, as a tree 80 MB
    groei = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - voor) * 1024
    assert groei < 4_000_000


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**9))
def test_the_stream_gives_the_verdict_of_the_tree(zaad: int) -> None:
    kans = random.Random(zaad)  # noqa: S311 - a test
    data = bytearray(document(kans.choice([1, 3, 900])))
    for _ in range(kans.randint(0, 2)):
        plek = kans.randrange(40, len(data))
        data[plek : plek + kans.randint(0, 3)] = kans.choice([b"", b"x", b"<", b"</c>", b"<c>q</c>", b"<!-- -->", b" "])
    try:
        boom: bool | None = SCHEMA.validate(parse(bytes(data)))
    except XmlGeweigerd:
        boom = None
    try:
        stroom: bool | None = validate_chunks(cut(bytes(data), kans.choice([1, 100, 40_000])), SCHEMA)
    except XmlGeweigerd:
        stroom = None
    assert stroom == boom or (boom is None and stroom is False)  # a violation before the place where the XML breaks


def test_a_compiled_schema_is_lxmls() -> None:
    assert isinstance(SCHEMA, etree.XMLSchema)
