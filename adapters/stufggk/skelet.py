"""Reading a large envelope as it arrives: a small tree without its bulk, and the bulk straight into the payload.

The tree has the form of the message and is judged like that of a small one, but the base64 text went through the
decoder and the content of detailsXML was written on at once, so that 24 MiB costs next to no memory (limits.md §2b).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from adapters.stufggk.base64stroom import Base64Fout, Base64Stroom
from adapters.stufggk.inhoud_lezen import BERICHT, DETAILS_XML, FOUT_BODY, INHOUD, PARAMETERS
from adapters.stufggk.namen import BODY, GGK, SOAP11, STUF
from adapters.stufggk.soap_lezen import BODY_TAG, DAI_BERICHT, ENVELOPE, HEADER
from adapters.stufggk.weigering import Geweigerd
from adapters.stufggk.xmlschrijven import Doorschrijver
from routing.bericht import Berichtcode
from routing.payload import Payload

_MAX_ELEMENTEN = 500
"""Elements outside detailsXML; the largest valid message has some thirty, and a few headers."""
_MAX_TEKST = 2000
"""Characters of one text in the tree; no value may be longer than 1000."""
_NSMAP = {"soap": SOAP11, "StUF": STUF, "GGK": GGK}


class Skelet:
    """Target of the incremental parser (`istandaarden.stroom.Doel`).

    After the last event `wortel` is the tree, `payload` holds what was inside (not yet finished), and `base64_fout`
    says why the base64 could not be decoded. `line` tells on which line the parser is.
    """

    def __init__(self) -> None:
        self.wortel: etree._Element | None = None
        self.payload = Payload()
        self.base64_fout: Base64Fout | None = None
        self.line: Callable[[], int] = lambda: 0
        self._tags: list[str] = []
        self._bereik: list[dict[str, str]] = [{}]  # namespaces in scope, one per open element
        self._huidig: etree._Element | None = None
        self._aantal = 0
        self._overslaan = 0  # depth below an element whose content is left out
        self._inhoud: etree._Element | None = None
        self._stroom: Base64Stroom | None = None
        self._fout_body: Doorschrijver | None = None

    @property
    def inhoud(self) -> etree._Element | None:
        """The body element as far as it was read."""
        if self.wortel is None or (body := self.wortel.find(BODY_TAG)) is None or not len(body):
            return None
        return body[0][0] if body[0].tag == DAI_BERICHT and len(body[0]) else body[0]

    def start(self, tag: str, attrib: Mapping[str, str], nsmap: Mapping[str | None, str]) -> None:
        """Add an element."""
        declaraties = {prefix or "": uri for prefix, uri in nsmap.items()}
        if self._fout_body is not None:
            self._fout_body.start(tag, attrib, declaraties)
        if self._overslaan:
            self._overslaan += 1
            return
        bereik = {**self._bereik[-1], **declaraties} if declaraties else self._bereik[-1]
        details = tag == DETAILS_XML and self._fout_body is not None
        element = self._add(tag, {} if details else attrib)
        plek, self._tags = self._tags, [*self._tags, tag]
        self._bereik.append(bereik)
        if tag in INHOUD and self._inhoud is None and self._is_content(plek):
            self._inhoud = element
            self._stroom = Base64Stroom(self.payload.write)
        elif tag == FOUT_BODY and self._inhoud is None and self._is_fault(plek):
            self._inhoud = element
            self._fout_body = Doorschrijver(self.payload.write, bereik)
            self._fout_body.start(tag, attrib, {})
        elif (len(self._tags) == 3 and plek[1] == HEADER) or details:
            self._overslaan = 1

    def end(self, _tag: str) -> None:
        """Close an element."""
        if self._fout_body is not None:
            self._fout_body.end()
            if self._fout_body.klaar:
                self._fout_body = None
        if self._overslaan > 1:
            self._overslaan -= 1
            return
        self._overslaan = 0
        if self._stroom is not None and self._huidig is self._inhoud:
            self._decode(None)
            self._stroom = None
        self._tags = self._tags[:-1]
        self._bereik.pop()
        assert self._huidig is not None  # noqa: S101 - an element that ends has begun
        self._huidig = self._huidig.getparent()

    def data(self, text: str) -> None:
        """Add text to the tree, or to the payload where it belongs there."""
        huidig = self._huidig
        if self._stroom is not None and huidig is not None and huidig is self._inhoud and not len(huidig):
            self._decode(text)
            return
        if self._fout_body is not None:
            self._fout_body.data(text)
        if self._overslaan or huidig is None:
            return
        if len(huidig):
            laatste = huidig[-1]
            laatste.tail = ((laatste.tail or "") + text)[:_MAX_TEKST]
        elif len(eerder := huidig.text or "") < _MAX_TEKST:
            huidig.text = (eerder + text)[:_MAX_TEKST]

    def close(self) -> Any:
        """End; the caller reads the attributes."""

    def _add(self, tag: str, attrib: Mapping[str, str]) -> etree._Element:
        self._aantal += 1
        if self._aantal > _MAX_ELEMENTEN:
            raise Geweigerd(f"De envelop heeft meer dan {_MAX_ELEMENTEN} elementen; een geldige heeft er zo'n dertig.")
        if self._huidig is None:
            self.wortel = self._huidig = etree.Element(tag, dict(attrib), nsmap=_NSMAP)
        else:
            self._huidig = etree.SubElement(self._huidig, tag, dict(attrib))
        self._huidig.sourceline = self.line()  # type: ignore[assignment]  # the stubs leave its type open
        return self._huidig

    def _is_content(self, plek: list[str]) -> bool:
        return plek[-2:] == [PARAMETERS, BERICHT] and self._in_body(plek[:-2], (Berichtcode.DI01, Berichtcode.DU01))

    def _is_fault(self, plek: list[str]) -> bool:
        return self._in_body(plek, (Berichtcode.FO01,))

    @staticmethod
    def _in_body(plek: list[str], codes: tuple[Berichtcode, ...]) -> bool:
        """Say whether `plek` is the path of a body element of one of these kinds, with or without dai:bericht."""
        return (
            plek[:2] == [ENVELOPE, BODY_TAG]
            and plek[2:-1] in ([], [DAI_BERICHT])
            and len(plek) > 2
            and BODY.get(plek[-1]) in codes
        )

    def _decode(self, text: str | None) -> None:
        """Feed the decoder, or end it with None; after a first fault the rest is ignored."""
        if self.base64_fout is not None or self._stroom is None:
            return
        try:
            if text is None:
                self._stroom.finish()
            else:
                self._stroom.feed(text)
        except Base64Fout as fout:
            self.base64_fout = fout
