"""Validating a document of any size as it passes: a tree of which only the part at hand exists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lxml import etree

from istandaarden.blik import check_tree, check_tree_depth, collect_namespaces, count_elements, is_plain
from istandaarden.limieten import LIBXML, PAYLOAD, Limieten, check_elements
from istandaarden.proloog import Proloog
from istandaarden.weigering import XmlGeweigerd, translate_syntax

_HAP = 32 * 1024
"""Bytes given to libxml2 at once: memory stays near this, whatever the size of the document."""
_NAAM = re.compile(rb"<(?:[^\s<>/:]+:)?([^\s<>/:]+)")


def validate_chunks(
    chunks: Iterable[bytes],
    schema: etree.XMLSchema,
    limieten: Limieten = PAYLOAD,
    lees: Callable[[Any, bool], None] | None = None,
) -> bool:
    """Say whether a document satisfies a schema, without ever holding it.

    Stops reading at the first violation, so what comes after it is not looked at; for the explanation parse the
    document and validate the tree. Callbacks into Python would cost three times as much and hold up other threads, so
    the parser builds its tree in C, and what is finished is taken away after every 32 KiB.

    Args:
        chunks: the document in pieces of any length; the verdict does not depend on where they are cut.
        schema: compiled schema.
        limieten: bounds on the document.
        lees: is shown the root before anything is taken away from it, and once more at the end; then its second
            argument is True. Until then the last element in each row may go on growing.

    Returns:
        True when the whole document is well-formed and valid, False at the first violation of the schema.

    Raises:
        XmlGeweigerd: not well-formed before any violation, or a rule or limit is broken. A document that ends inside
            a tag may count as a violation.
    """
    proloog = Proloog(limieten.proloog)
    parser: etree.XMLPullParser | None = None
    wortel: Any = None
    elementen = 0
    naamruimten: set[Any] = set()
    for hap in _bites(_utf8(chunks, proloog), limieten):
        if parser is None:
            parser = _parser(schema, _root_name(hap, proloog.wortel))
        elementen += count_elements(hap)
        check_elements(elementen, limieten)
        if not _feed(parser, hap):
            return False
        for _, element in parser.read_events():
            wortel = element if wortel is None else wortel
        if wortel is not None:
            _check_bite(wortel, hap, naamruimten, limieten)
            if lees is not None:
                lees(wortel, False)  # noqa: FBT003 - `Meelezer.absorb` says what it means
            _prune(wortel)
    assert parser is not None  # noqa: S101 - a prolog without a root element does not come this far
    if not _feed(parser, None):
        return False
    if lees is not None:
        lees(wortel, True)  # noqa: FBT003 - as above
    return True


def _check_bite(wortel: etree._Element, hap: bytes, naamruimten: set[Any], limieten: Limieten) -> None:
    """Check the limits on what a bite has added to the tree."""
    check_tree_depth(wortel, limieten)
    if b"xmlns" in hap:
        collect_namespaces(wortel, naamruimten, limieten)
    if not is_plain(hap, limieten):
        check_tree(wortel, limieten)


def _utf8(chunks: Iterable[bytes], proloog: Proloog) -> Iterator[bytes]:
    for chunk in chunks:
        yield proloog.feed(chunk)
    yield proloog.finish()


def _bites(chunks: Iterable[bytes], limieten: Limieten) -> Iterator[bytes]:
    """Cut anew into bites that end with a tag, so that what `is_plain` looks for is never split over two."""
    rest = bytearray()
    grens = max(limieten.markering, limieten.markering if limieten.tekst is None else limieten.tekst)
    for chunk in chunks:
        for begin in range(0, len(chunk), _HAP):
            rest += chunk[begin : begin + _HAP]
            if len(rest) < _HAP:
                continue
            einde = rest.rfind(b">") + 1
            if einde:
                yield bytes(rest[:einde])
                del rest[:einde]
            elif len(rest) > grens:
                raise XmlGeweigerd("markering", f"Eén tag, commentaar of tekst is langer dan {grens} bytes.")
    yield bytes(rest)


def _parser(schema: etree.XMLSchema, wortel: str) -> etree.XMLPullParser:
    """Make a parser that reports elements with the name of the root, of which the first is the root."""
    return etree.XMLPullParser(
        events=("start",),
        tag=f"{{*}}{wortel}",
        schema=schema,
        remove_comments=True,
        remove_pis=True,
        **LIBXML,
    )


def _root_name(hap: bytes, plek: int) -> str:
    naam = _NAAM.match(hap, plek)
    return naam[1].decode("utf-8", "replace") if naam else "*"


def _feed(parser: etree.XMLPullParser, hap: bytes | None) -> bool:
    """Feed a bite, or end the document; say whether the document satisfies its schema so far."""
    fout: etree.XMLSyntaxError | None = None
    try:
        if hap is None:
            parser.close()
        else:
            parser.feed(hap)
    except etree.XMLSyntaxError as e:
        fout = e
    if any(regel.domain == etree.ErrorDomains.SCHEMASV for regel in parser.feed_error_log):
        return False
    if fout is not None:
        raise translate_syntax(fout) from None
    return True


def _prune(wortel: etree._Element) -> None:
    """Take away every element that has ended, but for the last in each row, which may be open still."""
    element = wortel
    while len(element):
        del element[:-1]
        element = element[0]
