"""Reading XML as it arrives: the incremental form of the hardened parser, and streaming validation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from lxml import etree

from istandaarden.limieten import PAYLOAD, Limieten
from istandaarden.proloog import Proloog
from istandaarden.weigering import XmlGeweigerd, printable, translate

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
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


class Stil:
    """A `Doel` that keeps nothing: for when only the checks matter."""

    def start(self, tag: str, attrib: Mapping[str, str], nsmap: Mapping[str | None, str]) -> None:
        """Ignore."""

    def end(self, tag: str) -> None:
        """Ignore."""

    def data(self, text: str) -> None:
        """Ignore."""

    def close(self) -> None:
        """Ignore."""


class Ontleder:
    """Incremental parser: `feed` bytes in pieces of any length, then `close`.

    The same rules as `istandaarden.veilig.parse`. Use one for one document and from one thread at a time; after an
    exception the document is lost and every further call raises the same exception.

    Args:
        doel: receives elements and text; an exception it raises comes out of `feed` or `close` unchanged.
        limieten: bounds on the document.
        schema: when given, `geldig` tells whether the document satisfies it, as far as it was read.
    """

    def __init__(self, doel: Doel, limieten: Limieten, schema: etree.XMLSchema | None = None) -> None:
        self._doel = doel
        self._limieten = limieten
        self._proloog = Proloog(limieten.proloog)
        self._wacht = _Wacht(doel, limieten)
        self._stil = 0  # bytes since the last event: the length of an unfinished tag, comment or instruction
        self._gebeurd = (0, 0, 0)
        self._begonnen = False
        self._fout: BaseException | None = None
        self._parser: Any = etree.XMLParser(
            target=self._wacht,  # type: ignore[arg-type]  # the stubs ask for bytes, which lxml never gives
            encoding="UTF-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            collect_ids=False,
            schema=schema,
        )
        self._met_schema = schema is not None

    @property
    def regel(self) -> int:
        """Line of the element or text at hand, counted from 1; line breaks inside a tag are not counted."""
        return self._wacht.regel

    @property
    def geldig(self) -> bool:
        """False as soon as the part that was read violates the schema; always True without a schema."""
        if not self._met_schema:
            return True
        return all(regel.domain != etree.ErrorDomains.SCHEMASV for regel in self._parser.feed_error_log)

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
            return self._doel.close()

    @contextmanager
    def _translating(self) -> Iterator[None]:
        """Turn libxml2's complaints into ours, and remember every exception."""
        if self._fout is not None:
            raise self._fout
        try:
            yield
        except etree.XMLSyntaxError as fout:
            self._fout = translate(fout)
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
        self._naamruimten = 0
        self._overig = 0  # texts, comments and instructions seen
        self._tekst = 0  # characters since the last tag
        self._tekstgrens = limieten.tekst

    def gebeurd(self) -> tuple[int, int, int]:
        """Return a value that changes with every event."""
        return self._elementen, self._diepte, self._overig

    def start(self, tag: str, attrib: Mapping[str, str], nsmap: Mapping[str | None, str]) -> None:
        grenzen = self._limieten
        self._elementen += 1
        self._diepte += 1
        self._tekst = 0
        if self._diepte > grenzen.diepte:
            raise self._refusal("diepte", f"De elementen zijn dieper genest dan {grenzen.diepte}.")
        if self._elementen > grenzen.elementen:
            raise self._refusal("elementen", f"Het bestand bevat meer dan {grenzen.elementen} elementen.")
        if len(tag) > grenzen.naam:
            self._check_name(tag)
        if attrib:
            self._check_attributes(attrib)
        if nsmap:
            self._naamruimten += len(nsmap)
            if self._naamruimten > grenzen.naamruimten:
                melding = f"Het bestand declareert meer dan {grenzen.naamruimten} naamruimten."
                raise self._refusal("naamruimten", melding)
        self._tekstgrens = None if tag in grenzen.vrije_tekst else grenzen.tekst
        self._doel_start(tag, attrib, nsmap)

    def end(self, tag: str) -> None:
        self._diepte -= 1
        self._tekst = 0
        self._tekstgrens = self._limieten.tekst
        self._doel_end(tag)

    def data(self, text: str) -> None:
        self._overig += 1
        self._tekst += len(text)
        if self._tekstgrens is not None and self._tekst > self._tekstgrens:
            raise self._refusal("tekst", f"Een tekst is langer dan {self._tekstgrens} tekens.")
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

    def _refusal(self, oorzaak: str, melding: str) -> XmlGeweigerd:
        return XmlGeweigerd(oorzaak, melding, self.regel)

    def _check_name(self, tag: str) -> None:
        if len(tag) - tag.rfind("}") - 1 > self._limieten.naam:
            raise self._refusal("naam", f"Een naam is langer dan {self._limieten.naam} tekens.")

    def _check_attributes(self, attrib: Mapping[str, str]) -> None:
        grenzen = self._limieten
        if len(attrib) > grenzen.attributen:
            raise self._refusal("attributen", f"Een element heeft meer dan {grenzen.attributen} attributen.")
        for naam in attrib:
            if naam.startswith(XSI) and naam[len(XSI) :] in grenzen.xsi:
                soort = printable(naam[len(XSI) :], 20)
                raise self._refusal("xsi", f"Een element heeft het attribuut xsi:{soort}; dat is niet toegestaan.")
            self._check_name(naam)


def validate_chunks(chunks: Iterable[bytes], schema: etree.XMLSchema, limieten: Limieten = PAYLOAD) -> bool:
    """Say whether a document satisfies a schema, without ever holding it.

    Stops reading at the first violation, so what comes after it is not looked at; for the explanation parse the
    document and validate the tree.

    Args:
        chunks: the document in pieces of any length.
        schema: compiled schema.
        limieten: bounds on the document.

    Returns:
        True when the whole document is well-formed and valid, False at the first violation of the schema.

    Raises:
        XmlGeweigerd: not well-formed before any violation, or a rule or limit is broken.
    """
    ontleder = Ontleder(Stil(), limieten, schema)
    for chunk in chunks:
        for begin in range(0, len(chunk), _HAP):
            ontleder.feed(chunk[begin : begin + _HAP])
            if not ontleder.geldig:
                return False
    ontleder.close()
    return ontleder.geldig
