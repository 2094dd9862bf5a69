"""The one hardened XML parser of the project: nothing else may parse XML (a test scans for that).

Bytes only, never a path: lxml would unpack a gzip file by itself. No DOCTYPE and so no entities, no network, no
XInclude; comments and processing instructions are dropped, so that they cannot split a value; limits below those of
libxml2. Every attack we know of has a test in ``tests/security/test_xml_aanvallen.py``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lxml import etree

from istandaarden.limieten import ENVELOP, PAYLOAD, Limieten
from istandaarden.proloog import Proloog
from istandaarden.stroom import XSI, Doel, Ontleder, Stil, validate_chunks
from istandaarden.weigering import XmlGeweigerd, printable, translate

__all__ = [
    "ENVELOP",
    "PAYLOAD",
    "Doel",
    "Limieten",
    "Ontleder",
    "Stil",
    "XmlGeweigerd",
    "parse",
    "parse_trusted",
    "printable",
    "validate_chunks",
]

BOOM_MAX = 2 * 1024 * 1024
"""Bytes that `parse` takes unless told otherwise; a tree needs some twelve times the bytes of its document."""

_VLOER = (2, 13, 6)
if etree.LIBXML_VERSION < _VLOER:
    _versie = ".".join(map(str, etree.LIBXML_VERSION))
    raise ImportError(
        f"lxml gebruikt libxml2 {_versie}; nodig is 2.13.6 of nieuwer (CVE-2024-56171). Installeer lxml als wheel."
    )

_DELIMITERS = bytes.maketrans(b"\t\r\n<>/=\"'", b" " * 9)
_XSI_URI = XSI[1:-1].encode()


def parse(data: bytes, limieten: Limieten = PAYLOAD, *, max_bytes: int = BOOM_MAX) -> etree._Element:
    """Parse a document into a tree, for what is small; use `Ontleder` or `validate_chunks` for the rest.

    Args:
        data: the document: UTF-8, US-ASCII, or UTF-16 with a byte order mark.
        limieten: bounds on the document.
        max_bytes: length in bytes above which `data` is not even looked at.

    Returns:
        The root element. Comments and processing instructions are gone and CDATA is text, so ``.text`` of an element
        without children is its whole value.

    Raises:
        XmlGeweigerd: the document is not well-formed, or breaks a rule or a limit.
    """
    if len(data) > max_bytes:
        raise XmlGeweigerd("omvang", f"Het bestand is groter dan {max_bytes} bytes.")
    proloog = Proloog(limieten.proloog)
    utf8 = proloog.feed(data) + proloog.finish()
    if not _is_plain(utf8, limieten):
        streng = Ontleder(Stil(), limieten)
        streng.feed(data)
        streng.close()
    try:
        wortel = etree.fromstring(utf8, _parser())
    except etree.XMLSyntaxError as fout:
        raise translate(fout) from None
    if _too_deep(limieten.diepte)(wortel):
        raise XmlGeweigerd("diepte", f"De elementen zijn dieper genest dan {limieten.diepte}.")
    return wortel


def parse_trusted(data: bytes) -> etree._Element:
    """Parse XML that we wrote ourselves, such as a generated XSD or WSDL: no limits, but no DTD or network either.

    Args:
        data: UTF-8, without DOCTYPE.

    Returns:
        The root element, comments included.
    """
    return etree.fromstring(data, _parser(comments=True))


def _parser(*, comments: bool = False) -> etree.XMLParser:
    """Make a parser for one document: cheaper than a lock, and its error log starts empty."""
    return etree.XMLParser(
        encoding="UTF-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=not comments,
        remove_pis=not comments,
        collect_ids=False,
    )


def _is_plain(data: bytes, limieten: Limieten) -> bool:
    """Say whether a look at the bytes proves that all limits but depth hold.

    Costs a few microseconds for a bericht of some kilobytes, a tenth of counting in a parser; False is not a verdict,
    it means that a parser must count.
    """
    tekst = limieten.markering if limieten.tekst is None else limieten.tekst
    if len(data) > min(limieten.markering, tekst, 4 * limieten.elementen):
        return False
    if data.count(b"=") > min(limieten.attributen, limieten.naamruimten):
        return False
    if limieten.xsi and (_XSI_URI in data or (b"&" in data and b"&#" in data)):  # a reference can spell the namespace
        return False
    return _names_fit(data, limieten.naam)


def _names_fit(data: bytes, naam: int) -> bool:
    """Say whether no word inside a tag has more than `naam` bytes.

    Leaps from ``<`` to ``<``, so it looks closely only where two are further apart than `naam`; there, everything up
    to the last ``>`` may belong to the tag.
    """
    plek = 0
    while len(data) - plek > naam:
        laatste = data.rfind(b"<", plek, plek + naam + 1)
        if laatste < 0:
            laatste = data.find(b"<", plek)
            if laatste < 0:
                laatste = len(data)
            einde = data.rfind(b">", plek, laatste)
            tag = data[plek : einde if einde >= 0 else laatste]
            if max(map(len, tag.translate(_DELIMITERS).split()), default=0) > naam:
                return False
        plek = laatste + 1
    return True


@lru_cache
def _too_deep(diepte: int) -> Any:
    """Compile the question whether an element lies deeper than `diepte`."""
    return etree.XPath("boolean(" + "/*" * (diepte + 1) + ")")
