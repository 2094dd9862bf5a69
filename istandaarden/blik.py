"""Limits on a document that is parsed in C: a look at its bytes first, and at its tree only when that leaves doubt.

Counting in a parser's callbacks costs more than parsing. The bytes prove for nearly every bericht that no limit can
be broken, at a tenth of the price of the parse.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lxml import etree

from istandaarden.limieten import (
    XSI,
    Limieten,
    check_attributes,
    check_depth,
    check_elements,
    check_names,
    check_namespaces,
    check_text,
)

_XSI_URI = XSI[1:-1].encode()
_SCHEIDING = bytes.maketrans(b"\t\r\n<>/=\"'", b" " * 9)


def count_elements(data: bytes) -> int:
    """Count what begins like an element; ``<`` inside a comment makes it too high, nothing too low."""
    return data.count(b"<") - data.count(b"</") - data.count(b"<!")


def is_plain(data: bytes, limieten: Limieten, vanaf: int = 0) -> bool:
    """Say whether the bytes prove that no limit on attributes, names, namespaces and text is broken.

    Args:
        data: UTF-8, whole tags.
        limieten: bounds on the document.
        vanaf: where the root element begins in `data`.

    Returns:
        False when in doubt: then `check_tree` must decide.
    """
    plek = vanaf
    for _ in range(min(limieten.attributen, limieten.naamruimten) + 1):  # there are few: counting would see every byte
        plek = data.find(b"=", plek) + 1
        if not plek:
            break
    else:
        return False
    tekst = len(data) if limieten.tekst is None else limieten.tekst
    if len(data) > tekst and (data.find(b"<!", vanaf) >= 0 or data.find(b"<?", vanaf) >= 0):
        return False  # what a comment separates is one text
    if limieten.xsi and (_XSI_URI in data or (b"&" in data and b"&#" in data)):  # a reference can spell the namespace
        return False
    return _runs_fit(data, vanaf, limieten.naam, min(tekst, limieten.markering))


def _runs_fit(data: bytes, vanaf: int, naam: int, grens: int) -> bool:
    """Say whether no word inside a tag has more than `naam` bytes and no tag with the text behind it more than `grens`.

    Leaps from ``<`` to ``<``, so it looks closely only where two are further apart than `naam`; there, everything up
    to the last ``>`` may belong to the tag.
    """
    plek = vanaf
    while len(data) - plek > naam:
        laatste = data.rfind(b"<", plek, plek + naam + 1)
        if laatste < 0:
            laatste = data.find(b"<", plek)
            if laatste < 0:
                laatste = len(data)
            if laatste - plek > grens:
                return False
            einde = data.rfind(b">", plek, laatste)
            tag = data[plek : einde if einde >= 0 else laatste]
            if max(map(len, tag.translate(_SCHEIDING).split()), default=0) > naam:
                return False
        plek = laatste + 1
    return True


def check_tree_depth(wortel: etree._Element, limieten: Limieten) -> None:
    """Refuse a tree that is too deep.

    Raises:
        XmlGeweigerd: it is.
    """
    if _too_deep(limieten.diepte)(wortel):
        check_depth(limieten.diepte + 1, limieten)


def check_tree(wortel: etree._Element, limieten: Limieten) -> None:
    """Check number of elements, and attributes, names, namespaces and text of every element.

    Raises:
        XmlGeweigerd: a limit is broken; `regel` is that of the element.
    """
    check_elements(_COUNT(wortel), limieten)
    collect_namespaces(wortel, set(), limieten)
    for element in wortel.iter():
        regel: Any = element.sourceline or 0  # the stubs forget that it is always a number here
        tag = str(element.tag)
        check_names((tag,), limieten, regel)
        check_attributes(element.attrib, limieten, regel)  # type: ignore[arg-type]  # the stubs allow bytes
        check_text(len(element.text or ""), None if tag in limieten.vrije_tekst else limieten.tekst, regel)
        check_text(len(element.tail or ""), limieten.tekst, regel)


def collect_namespaces(wortel: etree._Element, gezien: set[Any], limieten: Limieten) -> None:
    """Add the namespace declarations of a tree to those seen before.

    Raises:
        XmlGeweigerd: they have become too many.
    """
    for _, declaratie in etree.iterwalk(wortel, events=("start-ns",)):
        gezien.add(declaratie)
        check_namespaces(len(gezien), limieten)


_COUNT: Any = etree.XPath("count(//*)")


@lru_cache
def _too_deep(diepte: int) -> Any:
    """Compile the question whether an element lies deeper than `diepte`."""
    # From the root down costs a quarter less than from the document down, and no regular expressions a tenth.
    return etree.XPath(f"boolean({'/'.join('*' * diepte)})", regexp=False)
