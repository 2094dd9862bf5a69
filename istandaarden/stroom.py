"""Reading XML as it arrives: the incremental form of the hardened parser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from lxml import etree

from istandaarden.limieten import (
    LIBXML,
    Limieten,
    check_attributes,
    check_depth,
    check_elements,
    check_names,
    check_namespaces,
    check_text,
)
from istandaarden.proloog import Proloog
from istandaarden.weigering import XmlGeweigerd, translate, translate_syntax

_HAP = 64 * 1024
"""Bytes given to libxml2 at once: the limit on one tag is checked between two bites."""


class Doel(Protocol):
    """Receives what an `Ontleder` reads. Names are ``{namespace}local``; comments and instructions are left out."""

    def start(self, tag: str, attrib: Mapping[str, str], nsmap: Mapping[str | None, str]) -> None:
        """Take the start of an element; `nsmap` holds only what this element declares."""
        ...

    def end(self, tag: str) -> None:
        """Take the end of an element."""
        ...

    def data(self, text: str) -> None:
        """Take a piece of text; one text may come in many pieces, so join them before looking at the value."""
        ...

    def close(self) -> Any:
        """Take the end of a complete, well-formed document; what it returns is returned by `Ontleder.close`."""
        ...


class Ontleder:
    """Incremental parser: `feed` bytes in pieces of any length, then `close`.

    The same rules as `istandaarden.veilig.parse`. Use one for one document and from one thread at a time; after an
    exception the document is lost and every further call raises the same exception.

    Args:
        doel: receives elements and text; an exception it raises comes out of `feed` or `close` unchanged.
        limieten: bounds on the document.
    """

    def __init__(self, doel: Doel, limieten: Limieten) -> None:
        self._doel = doel
        self._limieten = limieten
        self._proloog = Proloog(limieten.proloog)
        self._wacht = _Wacht(doel, limieten)
        self._stil = 0  # bytes since the last event: the length of an unfinished tag, comment or instruction
        self._gebeurd = (0, 0, 0)
        self._begonnen = False
        self._fout: BaseException | None = None
        doelwit: Any = self._wacht  # the stubs ask for a target that takes bytes, which lxml never gives
        self._parser: Any = etree.XMLParser(target=doelwit, **LIBXML)

    @property
    def regel(self) -> int:
        """Line of the element or text at hand, counted from 1; line breaks inside a tag are not counted."""
        return self._wacht.regel

    def feed(self, data: bytes) -> None:
        """Read the next bytes.

        Raises:
            XmlGeweigerd: the input is not well-formed, or breaks a rule or a limit.
        """
        with self._translating():
            self._push(self._proloog.feed(data))

    def close(self) -> Any:
        """End the document and return what ``doel.close()`` returns.

        Raises:
            XmlGeweigerd: the document is not complete.
        """
        with self._translating():
            self._push(self._proloog.finish())
            self._parser.close()
            self.check()
            return self._doel.close()

    def check(self) -> None:
        """Raise for what libxml2 reports without stopping: names whose namespace is wrong.

        `feed` and `close` do this after every step; only who leaves by an exception of his own need call it.

        Raises:
            XmlGeweigerd: there is such a name.
        """
        for melding in self._parser.feed_error_log:
            if melding.level >= etree.ErrorLevels.ERROR:
                raise translate(melding.type, melding.message, melding.line)

    @contextmanager
    def _translating(self) -> Iterator[None]:
        """Turn libxml2's complaints into ours, and remember every exception."""
        if self._fout is not None:
            raise self._fout
        try:
            yield
        except etree.XMLSyntaxError as fout:
            self._fout = translate_syntax(fout)
            raise self._fout from None
        except BaseException as fout:
            self._fout = fout
            raise

    def _push(self, data: bytes) -> None:
        if not self._begonnen and self._proloog.klaar:
            self._begonnen = True
            self._wacht.regel += self._proloog.regels
        for begin in range(0, len(data), _HAP):
            hap = data[begin : begin + _HAP]
            self._parser.feed(hap)
            self.check()
            gebeurd = self._wacht.gebeurd()
            self._stil = self._stil + len(hap) if gebeurd == self._gebeurd else 0
            self._gebeurd = gebeurd
            if self._stil > self._limieten.markering:
                melding = f"Eén tag, commentaar of instructie is langer dan {self._limieten.markering} bytes."
                raise XmlGeweigerd("markering", melding, self.regel)


class _Wacht:
    """Stands between libxml2 and the Doel and keeps count."""

    def __init__(self, doel: Doel, limieten: Limieten) -> None:
        self.regel = 1
        self._limieten = limieten
        self._doel_start, self._doel_end, self._doel_data = doel.start, doel.end, doel.data
        self._diepte = 0
        self._elementen = 0
        self._naamruimten: set[tuple[str | None, str]] = set()
        self._overig = 0  # texts, comments and instructions seen
        self._tekst = 0  # characters since the last tag
        self._tekstgrens = limieten.tekst

    def gebeurd(self) -> tuple[int, int, int]:
        """Return a value that changes with every event."""
        return self._elementen, self._diepte, self._overig

    def start(self, tag: str, attrib: Mapping[str, str], nsmap: Mapping[str | None, str]) -> None:
        limieten = self._limieten
        self._elementen += 1
        self._diepte += 1
        self._tekst = 0
        if self._diepte > limieten.diepte:
            check_depth(self._diepte, limieten, self.regel)
        if self._elementen > limieten.elementen:
            check_elements(self._elementen, limieten, self.regel)
        if len(tag) > limieten.naam:
            check_names((tag,), limieten, self.regel)
        if attrib:
            check_attributes(attrib, limieten, self.regel)
        if nsmap:
            if "" in nsmap:  # lxml's trees name the default namespace None, its targets do not
                nsmap = {prefix or None: uri for prefix, uri in nsmap.items()}
            self._naamruimten.update(nsmap.items())
            check_namespaces(len(self._naamruimten), limieten, self.regel)
        self._tekstgrens = None if tag in limieten.vrije_tekst else limieten.tekst
        self._doel_start(tag, attrib, nsmap)

    def end(self, tag: str) -> None:
        self._diepte -= 1
        self._tekst = 0
        self._tekstgrens = self._limieten.tekst
        self._doel_end(tag)

    def data(self, text: str) -> None:
        self._overig += 1
        self._tekst += len(text)
        check_text(self._tekst, self._tekstgrens, self.regel)
        self._doel_data(text)
        self.regel += text.count("\n")

    def comment(self, text: str) -> None:
        self._overig += 1
        if self._elementen:
            self.regel += text.count("\n")

    def pi(self, _target: str, data: str | None = None) -> None:
        self._overig += 1
        if self._elementen and data:
            self.regel += data.count("\n")

    def close(self) -> None:
        """Do nothing: lxml calls this after errors too; the Doel is closed by the Ontleder."""
