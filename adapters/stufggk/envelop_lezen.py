"""Reading an envelope: bytes in pieces of any length in, envelope with payload and bevindingen out."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, NoReturn

from lxml import etree

from adapters.stufggk.base64stroom import Base64Fout, Base64Stroom, decode_whole
from adapters.stufggk.inhoud_lezen import DETAILS_XML, INHOUD, find_inhoud, peek, read_inhoud
from adapters.stufggk.namen import MAX_ENVELOP, lokaal
from adapters.stufggk.schemafouten import line_of, place_of
from adapters.stufggk.skelet import Skelet
from adapters.stufggk.soap_lezen import check_soap_action, open_envelope
from adapters.stufggk.weigering import Geweigerd
from istandaarden import veilig
from istandaarden.bevinding import Bevinding
from routing.bericht import Berichtcode, Envelop
from routing.fouten import make_fout
from routing.payload import Payload

LIMIETEN = replace(
    veilig.ENVELOP,
    elementen=100_000,  # detailsXML of a Fo01 may repeat the original message, as XML
    vrije_tekst=frozenset({*INHOUD, DETAILS_XML}),
)
DREMPEL = veilig.ENVELOP.markering
"""Bytes up to which an envelope is parsed as one tree: three times as fast, as long as it is small."""
_VERVANGER = "AAAA"  # valid base64 in the place of the text that was taken out


class Gelezen(NamedTuple):
    """A message whose stuurgegevens are usable; `bevindingen` says what else is wrong with the envelope.

    When the content could not be decoded the payload is empty.
    """

    envelop: Envelop
    payload: Payload
    bevindingen: tuple[Bevinding, ...]


class EnvelopLezer:
    """Reads one SOAP message: `feed` until the end, then `close`. Memory stays small whatever the size.

    Args:
        soap_action: the SOAPAction header as received, None when absent.
        generatie: ``A`` or ``B``: which list of fault codes a refusal uses.
        aangekondigd: Content-Length, if the other side gave one; a message that will be too large is read far enough
            to know whom to answer, and no further.
        max_bytes: largest message in bytes.
        drempel: bytes up to which the message is parsed as one tree.
    """

    def __init__(
        self,
        soap_action: str | None = None,
        *,
        generatie: str = "B",
        aangekondigd: int | None = None,
        max_bytes: int = MAX_ENVELOP,
        drempel: int = DREMPEL,
    ) -> None:
        self._soap_action = soap_action
        self._generatie = generatie
        self._aangekondigd = aangekondigd or 0
        self._max = max_bytes
        self._drempel = drempel
        self._gelezen = 0
        self._begin = bytearray()
        self._skelet: Skelet | None = None
        self._ontleder: veilig.Ontleder | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            Geweigerd: the message cannot be accepted, whatever follows.
        """
        self._gelezen += len(data)
        if self._gelezen > self._max:
            self._refuse_size()
        if self._ontleder is None:
            self._begin += data
            if len(self._begin) <= self._drempel:
                return
            self._skelet = Skelet()
            self._ontleder = ontleder = veilig.Ontleder(self._skelet, LIMIETEN)
            self._skelet.line = lambda: ontleder.regel
            data = bytes(self._begin)
            self._begin.clear()
        try:
            self._ontleder.feed(data)
        except veilig.XmlGeweigerd as fout:
            raise _not_xml(fout) from fout
        if self._aangekondigd > self._max:
            self._refuse_size()

    def close(self) -> Gelezen:
        """End the message and judge it.

        Raises:
            Geweigerd: it is not a SOAP message with a bericht whose stuurgegevens can be used.
        """
        try:
            if self._ontleder is None or self._skelet is None:
                return self._judge_tree(veilig.parse(bytes(self._begin), LIMIETEN))
            self._ontleder.close()
        except veilig.XmlGeweigerd as fout:
            raise _not_xml(fout) from fout
        skelet = self._skelet
        assert skelet.wortel is not None  # noqa: S101 - a complete document has a root
        code, element, inhoud = self._open(skelet.wortel)
        return self._judge(code, element, inhoud, skelet.payload, skelet.base64_fout)

    def _judge_tree(self, wortel: etree._Element) -> Gelezen:
        """Take the bulk out of a whole tree, so that it looks like a `Skelet`."""
        code, element, inhoud = self._open(wortel)
        payload = Payload()
        fout: Base64Fout | None = None
        if inhoud is None:
            pass
        elif code is Berichtcode.FO01:
            payload.write(etree.tostring(inhoud, encoding="UTF-8", xml_declaration=False, with_tail=False))
            for details in inhoud.iterchildren(DETAILS_XML):
                details.clear(keep_tail=True)  # type: ignore[call-arg]  # the stubs miss this argument
        else:
            fout = _decode(inhoud.text or "", payload)
        return self._judge(code, element, inhoud, payload, fout)

    def _open(self, wortel: etree._Element) -> tuple[Berichtcode, etree._Element, etree._Element | None]:
        code, element = open_envelope(wortel)
        check_soap_action(self._soap_action, code)
        return code, element, find_inhoud(code, element)

    def _judge(
        self,
        code: Berichtcode,
        element: etree._Element,
        inhoud: etree._Element | None,
        payload: Payload,
        fout: Base64Fout | None,
    ) -> Gelezen:
        if inhoud is not None and code is not Berichtcode.FO01 and not len(inhoud):
            inhoud.text = _VERVANGER
        envelop, bevindingen = read_inhoud(code, element, inhoud, self._generatie)
        if fout is not None:
            payload = Payload()  # half a content is worth nothing, and where it stops depends on chance
        if inhoud is not None and (fout is not None or payload.size == 0):
            melding = str(fout) if fout else f"{lokaal(inhoud.tag)} is leeg; er hoort een bericht in te staan."
            bevindingen += (Bevinding("ENV", 1, place_of(inhoud, element), line_of(inhoud), melding),)
        payload.finish()
        return Gelezen(envelop, payload, bevindingen)

    def _refuse_size(self) -> NoReturn:
        antwoord_op = peek(self._skelet.inhoud) if self._skelet else None
        fout = make_fout("te_groot", self._generatie)
        raise Geweigerd(
            f"{fout.omschrijving}. {fout.toelichting}",
            status=413,
            fout=fout if antwoord_op else None,
            antwoord_op=antwoord_op,
        )


def _decode(tekst: str, payload: Payload) -> Base64Fout | None:
    """Write what a base64 text holds; say what is wrong with it."""
    if (inhoud := decode_whole(tekst)) is not None:
        payload.write(inhoud)
        return None
    stroom = Base64Stroom(payload.write)
    try:
        stroom.feed(tekst)
        stroom.finish()
    except Base64Fout as fout:
        return fout
    return None


def _not_xml(fout: veilig.XmlGeweigerd) -> Geweigerd:
    return Geweigerd(f"Het bericht is geen bruikbare XML: {fout}")
