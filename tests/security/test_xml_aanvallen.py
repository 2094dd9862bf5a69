"""The XML parsing attacks, numbered 1 to 29, through every entrance of the hardened parser.

Every hostile part lies inside the Header, so that reading only the Header meets it too. A refusal must name the cause
we expect; what is harmless must be read as if the trick were not there. Nothing may open a file or a connection, and
the time-out bounds the work.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from lxml import etree

from istandaarden.kop import KOP_MAX, read_kop
from istandaarden.veilig import PAYLOAD, Ontleder, XmlGeweigerd, parse, parse_trusted, validate_chunks

pytestmark = pytest.mark.timeout(10)

NS = "http://www.istandaarden.nl/iwmo/3_2/wmo301/schema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SCHEMA = etree.XMLSchema(
    parse_trusted(
        b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="%s"><xs:element name="Bericht"/>
        </xs:schema>"""
        % NS.encode()
    )
)
"""Allows anything inside Bericht, so that only the parser can refuse."""


class _Lezer:
    """A Doel that keeps the texts per element name."""

    def __init__(self) -> None:
        self.waarden: dict[str, str] = {}
        self._open: list[str] = []

    def start(self, tag: str, _attrib: Mapping[str, str], _nsmap: Mapping[str | None, str]) -> None:
        self._open.append(tag)

    def end(self, _tag: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        self.waarden[self._open[-1]] = self.waarden.get(self._open[-1], "") + text

    def close(self) -> str | None:
        return self.waarden.get(f"{{{NS}}}Afzender")


def _pieces(data: bytes, lengte: int) -> Iterator[bytes]:
    """Cut; the first 20,000 bytes in pieces of `lengte`, the rest coarser, since a million calls prove no more."""
    for begin in range(0, min(len(data), 20_000), lengte):
        yield data[begin : min(begin + lengte, 20_000)]
    for begin in range(20_000, len(data), max(lengte, 1_000)):
        yield data[begin : begin + max(lengte, 1_000)]


def _via_parse(data: bytes) -> str | None:
    return parse(data, max_bytes=64 * 1024 * 1024).findtext(f".//{{{NS}}}Afzender")


def _via_ontleder(lengte: int) -> Callable[[bytes], str | None]:
    def lees(data: bytes) -> Any:
        ontleder = Ontleder(_Lezer(), PAYLOAD)
        for deel in _pieces(data, lengte):
            ontleder.feed(deel)
        return ontleder.close()

    return lees


def _via_validate(lengte: int) -> Callable[[bytes], bool]:
    return lambda data: validate_chunks(_pieces(data, lengte), SCHEMA)


def _via_kop(lengte: int) -> Callable[[bytes], str | None]:
    return lambda data: read_kop(_pieces(data, lengte)).afzender


INGANGEN: dict[str, Callable[[bytes], Any]] = {
    "parse": _via_parse,
    "ontleder-1": _via_ontleder(1),
    "ontleder-113": _via_ontleder(113),
    "ontleder-groot": _via_ontleder(1 << 30),
    "validate-1": _via_validate(1),
    "validate-groot": _via_validate(1 << 30),
    "kop-1": _via_kop(1),
    "kop-groot": _via_kop(1 << 30),
}


def bericht(afzender: str = "0363", *, proloog: str = "", wortel: str = "", extra: str = "") -> str:
    """Write a bericht around the hostile part."""
    return (
        f'{proloog}<b:Bericht xmlns:b="{NS}"{wortel}><b:Header><b:BerichtCode>414</b:BerichtCode>'
        f"{extra}<b:Afzender>{afzender}</b:Afzender></b:Header></b:Bericht>"
    )


def row(sjabloon: str, aantal: int) -> str:
    """Repeat, with a running number in the place of ``#``."""
    return "".join(sjabloon.replace("#", str(i)) for i in range(aantal))


def dtd(inhoud: str, afzender: str = "&e;") -> str:
    return bericht(afzender, proloog=f'<?xml version="1.0"?>\n<!DOCTYPE b:Bericht {inhoud}>\n')


LACHEN = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i + 1} "' + f"&a{i};" * 10 + '">' for i in range(9))
HOORT_ERBIJ = bericht()

GEWEIGERD: dict[str, tuple[str, Callable[[], str | bytes]]] = {
    "01_external_entity_file": ("doctype", lambda: dtd('[<!ENTITY e SYSTEM "BESTAND">]')),
    "01_external_entity_path": ("doctype", lambda: dtd('[<!ENTITY e SYSTEM "PAD">]')),
    "01_external_entity_http": ("doctype", lambda: dtd('[<!ENTITY e SYSTEM "http://ADRES/x">]')),
    "01_external_entity_ftp": ("doctype", lambda: dtd('[<!ENTITY e SYSTEM "ftp://ADRES/x">]')),
    "01_external_entity_netdoc": ("doctype", lambda: dtd('[<!ENTITY e SYSTEM "netdoc:PAD">]')),
    "01_external_entity_public": ("doctype", lambda: dtd('[<!ENTITY e PUBLIC "-//x//y" "BESTAND">]')),
    "02_parameter_entity": ("doctype", lambda: dtd('[<!ENTITY % p SYSTEM "BESTAND"> %p;]')),
    "02_parameter_entity_out_of_band": (
        "doctype",
        lambda: dtd('[<!ENTITY % f SYSTEM "BESTAND"><!ENTITY % p SYSTEM "http://ADRES/o.dtd"> %p; %f;]'),
    ),
    "03_external_subset": ("doctype", lambda: dtd('SYSTEM "MAP/kwaad.dtd"')),
    "03_external_subset_http": ("doctype", lambda: dtd('PUBLIC "-//x//y" "http://ADRES/kwaad.dtd"')),
    "03_bare_doctype": ("doctype", lambda: dtd("", "0363")),
    "04_internal_entity": ("doctype", lambda: dtd('[<!ENTITY e "0363">]')),
    "04_undeclared_entity": ("welgevormd", lambda: bericht("&e;")),
    "05_billion_laughs": ("doctype", lambda: dtd(f"[{LACHEN}]", "&a9;")),
    "06_quadratic_blowup": ("doctype", lambda: dtd(f'[<!ENTITY e "{"x" * 50_000}">]', "&e;" * 10_000)),
    "07_recursive_entity": ("doctype", lambda: dtd('[<!ENTITY e "&f;"><!ENTITY f "&e;">]')),
    "08_entity_in_attribute": (
        "doctype",
        lambda: bericht(proloog='<!DOCTYPE x [<!ENTITY e SYSTEM "BESTAND">]>', wortel=' q="&e;"'),
    ),
    "08_undeclared_entity_in_attribute": ("welgevormd", lambda: bericht(wortel=' q="&e;"')),
    "09_utf16_le_doctype": ("doctype", lambda: codecs.BOM_UTF16_LE + dtd("").encode("utf-16-le")),
    "09_utf16_be_doctype": ("doctype", lambda: codecs.BOM_UTF16_BE + dtd("").encode("utf-16-be")),
    "09_utf8_bom_doctype": ("doctype", lambda: codecs.BOM_UTF8 + dtd("").encode()),
    "09_utf16_without_bom": ("codering", lambda: dtd("").encode("utf-16-le")),
    "09_utf16_be_without_bom": ("codering", lambda: HOORT_ERBIJ.encode("utf-16-be")),
    "09_utf16_declared_utf8": (
        "codering",
        lambda: bericht(proloog='<?xml version="1.0" encoding="UTF-8"?>').encode("utf-16"),
    ),
    "09_utf16_le_declared_be": (
        "codering",
        lambda: codecs.BOM_UTF16_LE + bericht(proloog='<?xml version="1.0" encoding="UTF-16BE"?>').encode("utf-16-le"),
    ),
    "09_utf8_declared_utf16": ("codering", lambda: bericht(proloog='<?xml version="1.0" encoding="UTF-16"?>')),
    "09_utf32": ("codering", lambda: HOORT_ERBIJ.encode("utf-32")),
    "09_utf32_be_without_bom": ("codering", lambda: HOORT_ERBIJ.encode("utf-32-be")),
    "09_utf32_le_without_bom": ("codering", lambda: HOORT_ERBIJ.encode("utf-32-le")),
    "09_utf7_doctype": (
        "codering",
        lambda: b'<?xml version="1.0" encoding="UTF-7"?>' + dtd("").partition("\n")[2].encode("utf-7"),
    ),
    "09_utf7_with_bom": ("welgevormd", lambda: b"+/v8-" + HOORT_ERBIJ.encode("utf-7")),
    "09_ebcdic": ("codering", lambda: bericht(proloog='<?xml version="1.0" encoding="cp037"?>').encode("cp037")),
    "09_latin1": ("codering", lambda: bericht("\xe9", proloog='<?xml version="1.0" encoding="ISO-8859-1"?>')),
    "09_latin1_undeclared": ("codering", lambda: bericht("\xe9").encode("latin-1")),
    "09_windows1252": ("codering", lambda: bericht(proloog="<?xml version='1.0' encoding='windows-1252'?>")),
    "09_ascii_with_other": ("codering", lambda: bericht("\xe9", proloog='<?xml version="1.0" encoding="US-ASCII"?>')),
    "09_overlong_utf8": ("codering", lambda: bericht("0363").encode().replace(b"0363", b"\xc0\xbc")),
    "09_two_boms": ("welgevormd", lambda: codecs.BOM_UTF8 * 2 + HOORT_ERBIJ.encode()),
    "09_doctype_behind_comment": (
        "doctype",
        lambda: bericht("&e;", proloog='<!-- <b:Bericht> --><?x y?>\n<!DOCTYPE x [<!ENTITY e "1">]>'),
    ),
    "09_doctype_behind_nested_comment": ("doctype", lambda: bericht(proloog="<!----><!-- - ><b> -->\r\n<!DOCTYPE x>")),
    "09_doctype_behind_instruction": ("doctype", lambda: bericht(proloog="<?x <b:Bericht> > ?\x3e<!DOCTYPE x>")),
    "09_doctype_lower_case": ("doctype", lambda: bericht(proloog="<!doctype x>")),
    "09_declaration_twice": ("welgevormd", lambda: bericht(proloog='<?xml version="1.0"?><?xml version="1.0"?>')),
    "09_declaration_after_space": ("welgevormd", lambda: bericht(proloog=' <?xml version="1.0"?>')),
    "09_declaration_not_readable": ("welgevormd", lambda: bericht(proloog='<?xml encoding="UTF-7" version="1.0"?>')),
    "09_version_1_1": ("welgevormd", lambda: bericht(proloog='<?xml version="1.1"?>')),
    "09_prolog_without_end": ("proloog", lambda: bericht(proloog="<!--" + "x" * 1_000_000)),
    "09_prolog_of_spaces": ("proloog", lambda: bericht(proloog=" " * 1_000_000)),
    "10_depth_33": ("diepte", lambda: bericht("<d>" * 30 + "</d>" * 30)),
    "10_depth_200": ("diepte", lambda: bericht("<d>" * 200 + "</d>" * 200)),
    "10_depth_257": ("diepte", lambda: bericht("<d>" * 257 + "</d>" * 257)),
    "10_depth_1m": ("diepte", lambda: bericht("<d>" * 1_000_000)),
    "11_attributes_17": ("attributen", lambda: bericht(extra="<q" + row(' a#=""', 17) + "/>")),
    "11_attributes_200k": (
        "attributen|markering",
        lambda: bericht(extra="<q" + row(' a#=""', 200_000) + "/>"),
    ),
    "11_attribute_value": ("markering", lambda: bericht(extra=f'<q a="{"x" * 3_000_000}"/>')),
    "12_namespaces_100k": (
        "naamruimten|markering",
        lambda: bericht(extra=row('<q xmlns="u#"/>', 100_000)),
    ),
    "12_namespaces_on_one_element": (
        "naamruimten|markering|attributen",
        lambda: bericht(wortel=row(' xmlns:n#="u#"', 100_000)),
    ),
    "13_element_name_257": ("naam", lambda: bericht(extra=f"<{'n' * 257}/>")),
    "13_element_name_1m": ("naam|markering", lambda: bericht(extra=f"<{'n' * 1_000_000}/>")),
    "13_attribute_name_257": ("naam", lambda: bericht(extra=f'<q {"n" * 257}=""/>')),
    "13_attribute_name_in_long_tag": ("naam", lambda: bericht(extra=f'<q a="{"> " * 300}" {"n" * 257}=""/>')),
    "13_qname_two_colons": ("welgevormd", lambda: bericht(extra="<b:q:r/>")),
    "13_prefix_unknown": ("welgevormd", lambda: bericht(extra="<x:q/>")),
    "14_text_65k": ("tekst|markering", lambda: bericht("x " * 33_000)),
    "14_text_11m": ("tekst|markering", lambda: bericht("x" * 11_000_000)),
    "14_text_split_by_comments": ("tekst|markering", lambda: bericht(("x" * 1_000 + "<!---->") * 100)),
    "14_text_in_cdata": ("tekst|markering", lambda: bericht(f"<![CDATA[{'<' * 70_000}]]>")),
    "15_elements_1m": ("elementen", lambda: bericht(extra="<q/>" * 1_000_000)),
    "15_elements_of_one_name": ("elementen", lambda: bericht(extra="<b:Bericht/>" * 650_000)),
    "16_duplicate_attribute": ("welgevormd", lambda: bericht(extra='<q a="1" a="2"/>')),
    "16_duplicate_attribute_by_namespace": (
        "welgevormd",
        lambda: bericht(extra='<q xmlns:m="u" xmlns:n="u" m:a="1" n:a="2"/>'),
    ),
    "17_comment_never_ends": ("markering|welgevormd", lambda: bericht("03<!--" + "x" * 3_000_000)),
    "21_second_root": ("welgevormd", lambda: HOORT_ERBIJ + HOORT_ERBIJ),
    "21_garbage_behind": ("welgevormd", lambda: HOORT_ERBIJ + "x"),
    "21_doctype_behind": ("welgevormd", lambda: HOORT_ERBIJ + "<!DOCTYPE x>"),
    "21_doctype_inside": ("welgevormd", lambda: bericht("<!DOCTYPE x>")),
    "21_truncated": ("welgevormd", lambda: HOORT_ERBIJ[:-60]),
    "21_empty": ("leeg", lambda: b""),
    "21_only_a_prolog": ("leeg", lambda: b'<?xml version="1.0"?>\n<!-- x -->\n'),
    "22_nul": ("welgevormd", lambda: bericht("03\0063")),
    "22_nul_behind": ("welgevormd", lambda: HOORT_ERBIJ + "\0"),
    "22_nul_by_reference": ("welgevormd", lambda: bericht("&#0;")),
    "22_control_character": ("welgevormd", lambda: bericht("\x1b[31m")),
    "22_lone_surrogate_utf8": ("codering", lambda: bericht("Q").encode().replace(b"Q", b"\xed\xa0\x80")),
    "22_lone_surrogate_utf16": (
        "codering",
        lambda: codecs.BOM_UTF16_LE + bericht("\ud800").encode("utf-16-le", "surrogatepass"),
    ),
    "22_surrogate_by_reference": ("welgevormd", lambda: bericht("&#xD800;")),
    "22_noncharacter": ("welgevormd", lambda: bericht("\ufffe")),
    "23_xsi_type": ("xsi", lambda: bericht(extra=f'<q xmlns:x="{XSI}" x:type="b:Los"/>')),
    "23_xsi_type_spelled_by_reference": (
        "xsi",
        lambda: bericht(extra=f'<q xmlns:x="{XSI.replace("-", "&#45;")}" x:type="b:Los"/>'),
    ),
    "24_xsi_nil": ("xsi", lambda: bericht(extra=f'<q xmlns:x="{XSI}" x:nil="true"/>')),
    "28_giant_number": ("tekst|markering", lambda: bericht("9" * 5_000_000)),
}
NA_DE_KOP = {"21_second_root", "21_garbage_behind", "21_doctype_behind", "22_nul_behind"}
"""Behind the Header, where `read_kop` does not look."""

ONSCHADELIJK: dict[str, Callable[[], str | bytes]] = {
    "16_duplicate_id": lambda: bericht(extra='<q xml:id="i"/><q xml:id="i"/>'),  # nothing is ever found by its id
    "09_utf16_le": lambda: HOORT_ERBIJ.encode("utf-16"),
    "09_utf16_declared": lambda: bericht(proloog='<?xml version="1.0" encoding="utf-16"?>').encode("utf-16"),
    "09_utf16_be": lambda: codecs.BOM_UTF16_BE + HOORT_ERBIJ.encode("utf-16-be"),
    "09_utf8_bom": lambda: codecs.BOM_UTF8 + HOORT_ERBIJ.encode(),
    "09_ascii": lambda: bericht(proloog="<?xml version='1.0' encoding='us-ascii' standalone='yes' ?>\r\n"),
    "17_comment_in_value": lambda: bericht("03<!-- <b:Afzender>9999</b:Afzender> -->63"),
    "17_instruction_in_value": lambda: bericht("03<?x 99?>63"),
    "17_cdata_in_value": lambda: bericht("03<![CDATA[6]]>3"),
    "17_reference_in_value": lambda: bericht("03&#54;&#x33;"),
    "17_comment_as_sibling": lambda: bericht(extra="<!-- <b:Afzender>9999</b:Afzender> -->"),
    "18_xinclude": lambda: bericht(
        extra='<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="BESTAND" parse="text"/>'
    ),
    "18_xinclude_http": lambda: bericht(
        extra='<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="http://ADRES/"/>'
    ),
    "19_stylesheet": lambda: bericht(proloog='<?xml-stylesheet type="text/xsl" href="BESTAND"?>'),
    "19_stylesheet_http": lambda: bericht(proloog='<?xml-stylesheet href="http://ADRES/x.xsl"?>'),
    "19_model": lambda: bericht(proloog='<?xml-model href="http://ADRES/x.rng"?>'),
    "20_xml_base": lambda: bericht(wortel=' xml:base="http://ADRES/"'),
    "25_schema_location": lambda: bericht(wortel=f' xmlns:x="{XSI}" x:schemaLocation="{NS} MAP/kwaad.xsd"'),
    "25_schema_location_http": lambda: bericht(
        extra=f'<q xmlns="u" xmlns:x="{XSI}" x:schemaLocation="u http://ADRES/kwaad.xsd"/>'
    ),
    "25_no_namespace_schema_location": lambda: bericht(
        wortel=f' xmlns:x="{XSI}" x:noNamespaceSchemaLocation="MAP/kwaad.xsd"'
    ),
    "28_deep_number": lambda: bericht(extra=f"<b:BerichtVersie>{'9' * 60_000}</b:BerichtVersie>"),
}


def _bait(tekst: str | bytes, waarnemer: Any) -> bytes:
    """Fill in where the bait is."""
    data = tekst if isinstance(tekst, bytes) else tekst.encode()
    pad = str(waarnemer.map)
    for woord, lokaas in (
        (b"BESTAND", waarnemer.bestand),
        (b"PAD", f"{pad}/geheim.txt"),
        (b"MAP", pad),
        (b"ADRES", waarnemer.adres),
    ):
        data = data.replace(woord, lokaas.encode())
    return data


@pytest.mark.parametrize("ingang", INGANGEN)
@pytest.mark.parametrize("aanval", GEWEIGERD, ids="aanval_{}".format)
def test_refused(aanval: str, ingang: str, waarnemer: Any) -> None:
    oorzaak, maak = GEWEIGERD[aanval]
    data = _bait(maak(), waarnemer)
    if ingang.startswith("kop") and aanval in NA_DE_KOP:
        pytest.skip("stands behind the Header")
    if ingang.startswith("validate") and aanval.startswith("23_"):
        assert INGANGEN[ingang](data) is False  # the schema knows no type Los and was first to say so
        return
    with pytest.raises(XmlGeweigerd) as fout:
        INGANGEN[ingang](data)
    oorzaken = oorzaak.split("|") + ["kop"] * (ingang.startswith("kop") and len(data) > KOP_MAX)
    assert fout.value.oorzaak in oorzaken, fout.value
    assert fout.value.melding.endswith(".")
    assert "NIET-LEZEN" not in str(fout.value)
    assert waarnemer.geraakt() == []


@pytest.mark.parametrize("ingang", INGANGEN)
@pytest.mark.parametrize("aanval", ONSCHADELIJK, ids="aanval_{}".format)
def test_harmless(aanval: str, ingang: str, waarnemer: Any) -> None:
    data = _bait(ONSCHADELIJK[aanval](), waarnemer)
    assert INGANGEN[ingang](data) in ("0363", True)
    assert waarnemer.geraakt() == []


def test_unknown_namespace_version_is_reported_as_it_stands() -> None:
    """Attack 26: the version is decided by who knows the releases, from the exact namespace."""
    anders = HOORT_ERBIJ.replace("3_2", "3_20").encode()
    assert read_kop([anders]).naamruimte == NS.replace("3_2", "3_20")
    assert not validate_chunks([anders], SCHEMA)


def test_gzip_is_not_unpacked() -> None:
    import gzip

    for ingang in INGANGEN.values():
        with pytest.raises(XmlGeweigerd):
            ingang(gzip.compress(HOORT_ERBIJ.encode()))


def test_the_observer_sees_a_careless_parser(waarnemer: Any) -> None:
    """Proof that silence means something: a parser that loads DTDs does take the bait."""
    slordig = etree.XMLParser(load_dtd=True, resolve_entities=True)
    etree.fromstring(_bait(dtd('SYSTEM "MAP/kwaad.dtd"'), waarnemer), slordig)
    assert any("kwaad.dtd" in gezien for gezien in waarnemer.geraakt())


def test_the_observer_sees_a_connection(waarnemer: Any) -> None:
    import socket

    with socket.create_connection(waarnemer.luisteraar.getsockname()):
        assert "verbinding" in waarnemer.geraakt()
