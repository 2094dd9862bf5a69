"""Nothing but the hardened parser may parse XML, or do what makes lxml read files by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HUIS = Path(__file__).resolve().parents[2]
PAKKETTEN = ("istandaarden", "routing", "adapters", "knooppunt")
PARSER = {f"istandaarden/{naam}.py" for naam in ("veilig", "stroom", "stroomtoets")}
"""The modules that together are the hardened parser."""

NOG_NIET = {
    "istandaarden/schema.py: etree.XMLParser": "own resolver for the basisschema, same options",
    "istandaarden/schema.py: etree.fromstring": "the generated XSD",
    "adapters/stufggk/koppelvlak/__init__.py: XMLSchema(file=...)": "our own XSD from the package",
}
"""What may go through `compile_trusted` one day; each reads only what we wrote ourselves."""

LXML = {
    "DTD",
    "ETCompatXMLParser",
    "HTML",
    "HTMLParser",
    "HTMLPullParser",
    "XML",
    "XMLDTDID",
    "XMLID",
    "XMLParser",
    "XMLPullParser",
    "XSLT",
    "fromstring",
    "fromstringlist",
    "iterparse",
    "parse",
    "parseid",
    "set_default_parser",
}
ANDERE = ("xml", "pyexpat", "lxml.objectify", "lxml.html", "lxml.sax", "bs4", "xmltodict")


def offences(bron: str) -> set[str]:
    """Name what a module does that only the hardened parser may do."""
    return {naam for knoop in ast.walk(ast.parse(bron)) for naam in _offences_of(knoop)}


def _offences_of(knoop: ast.AST) -> Iterator[str]:
    match knoop:
        case ast.Attribute(value=ast.Name(id="etree" | "lxml" as wie), attr=naam) if naam in LXML:
            yield f"{wie}.{naam}"
        case ast.Attribute(attr="xinclude"):
            yield "xinclude"
        case ast.ImportFrom(module="lxml.etree", names=namen):
            yield from (f"lxml.etree.{naam.name}" for naam in namen if naam.name in LXML)
        case ast.ImportFrom(module=str(module), level=0) if _is_parser(module):
            yield f"from {module}"
        case ast.Import(names=namen):
            yield from (f"import {naam.name}" for naam in namen if _is_parser(naam.name))
        case ast.Call(func=ast.Attribute(attr="XMLSchema"), args=args, keywords=opties) if opties or not args:
            yield "XMLSchema(file=...)"


def _is_parser(module: str) -> bool:
    return any(module == naam or module.startswith(f"{naam}.") for naam in ANDERE)


@pytest.mark.parametrize("pakket", PAKKETTEN)
def test_no_other_parser(pakket: str) -> None:
    paden = {pad.relative_to(HUIS).as_posix(): pad for pad in (HUIS / pakket).rglob("*.py")}
    gevonden = {
        f"{naam}: {overtreding}"
        for naam, pad in paden.items()
        if naam not in PARSER
        for overtreding in offences(pad.read_text())
    }
    assert gevonden <= NOG_NIET.keys()


@pytest.mark.parametrize(
    "bron",
    [
        "from lxml import etree\netree.fromstring(b'')",
        "import lxml.etree as etree\netree.parse('x')",
        "from lxml.etree import iterparse",
        "import xml.etree.ElementTree as ET",
        "from xml.dom import minidom",
        "import pyexpat",
        "boom.xinclude()",
        "etree.XMLSchema(file='x.xsd')",
        "parser = etree.XMLParser",
    ],
)
def test_the_scan_finds(bron: str) -> None:
    assert offences(bron)


def test_the_scan_lets_through_what_is_harmless() -> None:
    regels = ["etree.tostring(x)", "urllib.parse.quote(x)", "etree.XMLSchema(boom)", "from html import escape"]
    assert not offences("\n".join(regels))
