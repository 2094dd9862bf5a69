"""The one hardened XML parser of the project: nothing else may parse XML (a test scans for that).

Bytes only, never a path: lxml would unpack a gzip file by itself. No DOCTYPE and so no entities, no network, no
XInclude; comments and processing instructions are dropped, so that they cannot split a value; limits below those of
libxml2. Every attack we know of has a test in ``tests/security/test_xml_aanvallen.py``.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from lxml import etree

from istandaarden.blik import check_tree, check_tree_depth, count_elements, is_plain
from istandaarden.limieten import ENVELOP, LIBXML, PAYLOAD, Limieten
from istandaarden.proloog import Proloog, plain_start
from istandaarden.stroom import Doel, Ontleder
from istandaarden.stroomtoets import validate_chunks
from istandaarden.weigering import XmlGeweigerd, printable, translate_syntax

__all__ = [
    "ENVELOP",
    "PAYLOAD",
    "Doel",
    "Limieten",
    "Ontleder",
    "XmlGeweigerd",
    "compile_stylesheet",
    "compile_trusted",
    "parse",
    "parse_trusted",
    "printable",
    "validate_chunks",
]

BOOM_MAX = 2 * 1024 * 1024
"""Bytes that `parse` takes unless told otherwise; a tree needs some twelve times the bytes of its document."""

_ELEMENT_MIN = len("<a/>")
_TELLEN_MAX = 2048
"""Bytes up to which tags are counted before a tree is searched for its depth."""

_draad = threading.local()
_DICHT = etree.XSLTAccessControl.DENY_ALL  # type: ignore[attr-defined]  # the stubs forget it
_VLOER = (2, 13, 6)
if etree.LIBXML_VERSION < _VLOER:
    _versie = ".".join(map(str, etree.LIBXML_VERSION))
    raise ImportError(
        f"lxml gebruikt libxml2 {_versie}; nodig is 2.13.6 of nieuwer (CVE-2024-56171). Installeer lxml als wheel."
    )


def parse(data: bytes, limieten: Limieten = PAYLOAD, *, max_bytes: int = BOOM_MAX) -> etree._Element:
    """Parse a document into a tree, for what is small; use `Ontleder` or `validate_chunks` for the rest.

    Args:
        data: the document: UTF-8, US-ASCII, or UTF-16 with a byte order mark.
        limieten: bounds on the document.
        max_bytes: length in bytes above which `data` is not even looked at.

    Returns:
        The root element. Comments and processing instructions are gone and CDATA is text, so ``.text`` of an element
        without children is its whole value. White space between elements may be gone.

    Raises:
        XmlGeweigerd: the document is not well-formed, or breaks a rule or a limit.
    """
    if len(data) > max_bytes:
        raise XmlGeweigerd("omvang", f"Het bestand is groter dan {max_bytes} bytes.")
    vanaf = plain_start(data)
    if vanaf is None:
        proloog = Proloog(limieten.proloog)
        utf8 = proloog.feed(data) + proloog.finish()
        vanaf = proloog.wortel
    else:
        utf8 = data
    try:
        wortel = etree.fromstring(utf8, _kept_parser(blanks=not _is_only_text(utf8, vanaf)))
    except etree.XMLSyntaxError as fout:
        raise translate_syntax(fout) from None
    # An element that others are in has a tag before and after them; in what is long, counting costs more than looking.
    if len(utf8) > _TELLEN_MAX or utf8.count(b"<") > 2 * limieten.diepte:
        check_tree_depth(wortel, limieten)
    veel = len(utf8) // _ELEMENT_MIN > limieten.elementen and count_elements(utf8) > limieten.elementen
    if veel or not is_plain(utf8, limieten, vanaf):
        check_tree(wortel, limieten)
    return wortel


def parse_trusted(data: bytes) -> etree._Element:
    """Parse XML that we wrote ourselves, such as a generated XSD or WSDL: no limits, but no DTD or network either.

    Args:
        data: UTF-8, without DOCTYPE.

    Returns:
        The root element, comments included.
    """
    return etree.fromstring(data, _parser(comments=True))


def compile_trusted(data: bytes, imports: Mapping[str, bytes] | None = None) -> etree.XMLSchema:
    """Compile a schema that we wrote ourselves, from memory only.

    Args:
        data: the XSD, UTF-8.
        imports: the XSDs that it imports or includes, by the last part of their ``schemaLocation``.

    Returns:
        The schema; threads may share it for verdicts.

    Raises:
        LookupError: it asks for a schema that `imports` does not have, or does not ask for one that it has. libxml2
            leaves out an import that it cannot resolve without a word, and would then check half a bericht.
        lxml.etree.XMLSchemaParseError: it is not a schema.
    """
    bron = _Meegegeven(imports or {})
    parser = _parser()
    parser.resolvers.add(bron)
    try:
        schema = etree.XMLSchema(etree.fromstring(data, parser, base_url="geheugen:/schema.xsd"))
    except etree.XMLSchemaParseError:
        bron.check()
        raise
    bron.check()
    if ongelezen := bron.inhoud.keys() - bron.gevraagd:
        raise LookupError(f"schema vraagt niet om {', '.join(sorted(ongelezen))}")
    return schema


Stijlblad = etree.XSLT
"""A stylesheet as `compile_stylesheet` gives it: it can read, write and fetch nothing."""


def compile_stylesheet(data: bytes, imports: Mapping[str, bytes]) -> Stijlblad:
    """Compile an XSLT 1.0 stylesheet that was read with `parse` before, from memory only.

    Args:
        data: the stylesheet, UTF-8.
        imports: the stylesheets that it imports or includes, by the last part of their ``href``.

    Returns:
        The stylesheet; when it is run it can neither read nor write anything.

    Raises:
        LookupError: it asks for a stylesheet that `imports` does not have.
        lxml.etree.XSLTParseError: it is not a stylesheet, or not of version 1.
    """
    bron = _Meegegeven(imports)
    parser = _parser()
    parser.resolvers.add(bron)
    try:
        boom = etree.fromstring(data, parser, base_url="geheugen:/stijl.xsl")
        stijl = etree.XSLT(boom, access_control=_DICHT)
    except etree.XSLTParseError:
        bron.check()
        raise
    bron.check()
    return stijl


class _Meegegeven(etree.Resolver):
    """Answers every request for a schema from memory; what is not there does not exist."""

    def __init__(self, inhoud: Mapping[str, bytes]) -> None:
        super().__init__()
        self.inhoud = inhoud
        self.gevraagd: set[str] = set()
        self._ontbreekt = ""

    def check(self) -> None:
        """Raise for a request that could not be answered: lxml does not always pass on what `resolve` raises."""
        if self._ontbreekt:
            raise LookupError(f"schema vraagt om {self._ontbreekt}, dat is er niet")

    def resolve(self, system_url: str, _public_id: str | None, context: Any) -> Any:  # type: ignore[override]  # the stubs forget `context`
        naam = system_url.rpartition("/")[2]
        if naam not in self.inhoud:
            self._ontbreekt = system_url
        self.gevraagd.add(naam)
        return self.resolve_string(self.inhoud.get(naam, b""), context)  # type: ignore[call-arg]  # the stubs ask for base_url


def _is_only_text(utf8: bytes, vanaf: int) -> bool:
    """Say whether nothing but text stands between the tags, so that leaving out blanks leaves every value whole.

    libxml2 takes white space for blank when a tag or a comment follows it, unless that is the end tag of an element
    without children. So a comment inside a value would cost the white space before it.
    """
    # Looking for one byte costs a tenth of looking for two, and base64 has neither of these.
    return (utf8.find(b"!", vanaf) < 0 or utf8.find(b"<!", vanaf) < 0) and (
        utf8.find(b"?", vanaf) < 0 or utf8.find(b"<?", vanaf) < 0
    )


def _kept_parser(*, blanks: bool) -> etree.XMLParser:
    """Return the parser of this thread for whole documents: lxml empties its error log before each of them."""
    naam = "blanks" if blanks else "text"
    parser: etree.XMLParser | None = getattr(_draad, naam, None)
    if parser is None:
        parser = _parser(blanks=blanks)
        setattr(_draad, naam, parser)
    return parser


def _parser(*, comments: bool = False, blanks: bool = True) -> etree.XMLParser:
    """Make a parser."""
    return etree.XMLParser(
        remove_comments=not comments, remove_pis=not comments, remove_blank_text=not blanks, **LIBXML
    )
