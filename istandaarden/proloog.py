"""What stands before the root element, judged before any XML parser sees it: encoding, declaration, no DOCTYPE.

The parser behind it always gets UTF-8 and is told so; one encoding means that no spelling of a DOCTYPE can slip past
the scan. Accepted are UTF-8 (a byte order mark may be present), US-ASCII, and UTF-16 with a byte order mark; the XML
declaration may not say otherwise.
"""

from __future__ import annotations

import codecs
import re

from istandaarden.weigering import XmlGeweigerd, printable

_WIT = re.compile(rb"[ \t\r\n]*")
# A parser that recovers may see something else, a DOCTYPE even, behind an instruction that is malformed.
_INSTRUCTIE = re.compile(rb"<\?[A-Za-z_:\x80-\xff][-A-Za-z0-9._:\x80-\xff]*(?:[ \t\r\n].*)?\?>", re.DOTALL)
_DECLARATIE = re.compile(
    rb"""<\?xml [ \t\r\n]+ version [ \t\r\n]*=[ \t\r\n]* (?: "(?P<v1>[^"<>]*)" | '(?P<v2>[^'<>]*)' )
    (?: [ \t\r\n]+ encoding [ \t\r\n]*=[ \t\r\n]* (?: "(?P<e1>[A-Za-z][\w.:-]*)" | '(?P<e2>[A-Za-z][\w.:-]*)' ) )?
    (?: [ \t\r\n]+ standalone [ \t\r\n]*=[ \t\r\n]* (?: "(?:yes|no)" | '(?:yes|no)' ) )?
    [ \t\r\n]* \?>""",
    re.VERBOSE,
)
_GEWOON = re.compile(
    rb"""(?: <\?xml[ ]version="1\.0" (?:[ ]encoding="(?:UTF|utf)-8")? (?:[ ]standalone="(?:yes|no)")? [ ]?\?> )?
    [ \t\r\n]{0,99} <[A-Za-z_]""",
    re.VERBOSE,
)
"""How nearly every bericht begins: nothing to judge, so one match decides."""
_MET_BOM = {b"\xff\xfe": ("utf-16-le", "utf-16le"), b"\xfe\xff": ("utf-16-be", "utf-16be")}
_ZONDER = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"<\0\0\0": "UTF-32",
    b"\0\0\0<": "UTF-32",
    b"<\0": "UTF-16 zonder bytevolgordeteken (BOM)",
    b"\0<": "UTF-16 zonder bytevolgordeteken (BOM)",
    b"\x4c\x6f\xa7\x94": "EBCDIC",
}
_TOEGESTAAN = "toegestaan is UTF-8 (of UTF-16 met bytevolgordeteken)"


def plain_start(data: bytes) -> int | None:
    """Give the place of the root element in a whole document that needs no `Proloog`; None when it does.

    Such a document is passed on as it is: it begins as nearly every bericht does, and has no NUL.
    """
    gewoon = _GEWOON.match(data)
    return gewoon.end() - 2 if gewoon is not None and b"\0" not in data else None


class Proloog:
    """Filter in front of a parser: holds the prolog back until it is judged, then passes everything on as UTF-8.

    Feed it in pieces of any length; `limiet` is the length of the prolog, in bytes of UTF-8, that is still read.
    """

    def __init__(self, limiet: int) -> None:
        self.klaar = False
        self.wortel = 0  # place of the root element in the first bytes that are passed on
        self._limiet = limiet
        self._begin: bytes | None = b""  # the first bytes, until the encoding is known
        self._naar_tekst: codecs.IncrementalDecoder | None = None
        self._utf16 = ""
        self._alleen_ascii = False
        self._vast = b""
        self._plek = 0
        self.regels = 0

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return what may go to the parser, empty while the prolog is not complete.

        Raises:
            XmlGeweigerd: encoding not accepted or not as declared, a DOCTYPE, a prolog too long or not a prolog.
        """
        if self._begin is not None:
            data = self._begin + data
            if len(data) < 4:
                self._begin = data
                return b""
            data = self._recognise(data)
            if self._naar_tekst is None and (gewoon := _GEWOON.match(data)):
                self.klaar, self.wortel = True, gewoon.end() - 2
                self.regels = data.count(b"\n", 0, self.wortel)
        return self._pass_on(self._to_utf8(data, final=False))

    def finish(self) -> bytes:
        """End the input; return what may still go to the parser.

        Raises:
            XmlGeweigerd: the input ended inside the prolog or inside a character.
        """
        data = b""
        if self._begin is not None:
            data = self._recognise(self._begin)
        data = self._pass_on(self._to_utf8(data, final=True))
        if not self.klaar:
            raise XmlGeweigerd("leeg", "Het bestand is leeg of begint niet met een XML-element.", self.regels + 1)
        return data

    def _recognise(self, data: bytes) -> bytes:
        """Settle the encoding on the first four bytes and take the byte order mark off."""
        self._begin = None
        for merk, naam in _ZONDER.items():
            if data.startswith(merk):
                raise XmlGeweigerd("codering", f"Het bestand is gecodeerd als {naam}; {_TOEGESTAAN}.", 1)
        if data[:2] in _MET_BOM:
            codec, self._utf16 = _MET_BOM[data[:2]]
            self._naar_tekst = codecs.getincrementaldecoder(codec)("strict")
            return data[2:]
        return data.removeprefix(codecs.BOM_UTF8)

    def _to_utf8(self, data: bytes, *, final: bool) -> bytes:
        if self._naar_tekst is not None:
            try:
                data = self._naar_tekst.decode(data, final).encode()
            except UnicodeError:
                raise XmlGeweigerd("codering", "Het bestand bevat bytes die geen geldige UTF-16 zijn.") from None
        if b"\0" in data:
            raise XmlGeweigerd("welgevormd", "Het bestand bevat een NUL-teken; dat mag niet in XML.")
        if self._alleen_ascii:
            self._check_ascii(data)
        return data

    def _pass_on(self, data: bytes) -> bytes:
        if self.klaar:
            return data
        self._vast = self._vast + data if self._vast else data
        if not self._scan():
            if len(self._vast) > self._limiet:
                raise self._too_long()
            return b""
        if self._plek > self._limiet:
            raise self._too_long()
        data, self._vast = self._vast, b""
        self.wortel = self._plek
        self.regels = data.count(b"\n", 0, self._plek)
        if self._alleen_ascii:
            self._check_ascii(data)
        return data

    def _too_long(self) -> XmlGeweigerd:
        melding = f"Vóór het hoofdelement staan meer dan {self._limiet} bytes."
        return XmlGeweigerd("proloog", melding, 1)

    def _scan(self) -> bool:
        """Walk over declaration, comments and instructions; say whether the root element has begun."""
        buf, plek = self._vast, self._plek
        while True:
            wit = _WIT.match(buf, plek)
            assert wit is not None  # noqa: S101 - the pattern matches the empty string too
            self._plek = plek = wit.end()
            kop = buf[plek : plek + 4]
            if not kop:
                return False
            if kop[:1] != b"<":
                melding = "Het bestand begint niet met een XML-element: vóór de eerste < staat andere tekst."
                raise XmlGeweigerd("welgevormd", melding, self._line(plek))
            if len(kop) == 1:
                return False
            if kop[1:2] == b"?":
                einde = buf.find(b"?>", plek + 2) + 2
            elif kop[1:2] == b"!":
                if not b"<!--".startswith(kop):
                    melding = "Het bestand bevat een DOCTYPE; dat is om veiligheidsredenen niet toegestaan."
                    raise XmlGeweigerd("doctype", melding, self._line(plek))
                einde = buf.find(b"-->", plek + 4) + 3 if len(kop) == 4 else 0
            else:
                self.klaar = True
                return True
            if einde < 4:
                return False  # not complete yet
            if kop[1:2] == b"?":
                self._check_instruction(buf[plek:einde], plek)
            plek = einde

    def _line(self, plek: int) -> int:
        return self._vast.count(b"\n", 0, plek) + 1

    def _check_instruction(self, instructie: bytes, plek: int) -> None:
        if _INSTRUCTIE.fullmatch(instructie) is None:
            melding = "Vóór het hoofdelement staat een verwerkingsinstructie (<?...?>) die niet juist geschreven is."
            raise XmlGeweigerd("welgevormd", melding, self._line(plek))
        if instructie[:5] == b"<?xml" and instructie[5:6] in b" \t\r\n?":
            self._check_declaration(instructie, plek)

    def _check_declaration(self, declaratie: bytes, plek: int) -> None:
        if plek:
            melding = "De XML-declaratie mag alleen helemaal aan het begin staan."
            raise XmlGeweigerd("welgevormd", melding, self._line(plek))
        delen = _DECLARATIE.fullmatch(declaratie)
        if delen is None:
            raise XmlGeweigerd("welgevormd", "De XML-declaratie (<?xml ... ?>) is niet juist geschreven.", 1)
        if (delen["v1"] or delen["v2"]) != b"1.0":
            raise XmlGeweigerd("welgevormd", "De XML-declaratie noemt een andere versie dan 1.0.", 1)
        codering = (delen["e1"] or delen["e2"] or b"").decode("ascii")
        naam = codering.lower()
        if self._utf16:
            goed = naam in ("", "utf-16", self._utf16)
        else:
            goed = naam in ("", "utf-8", "utf8", "us-ascii", "ascii")
            self._alleen_ascii = naam in ("us-ascii", "ascii")
        if not goed:
            noemt = f"De XML-declaratie noemt de codering {printable(codering, 40)}"
            melding = f"{noemt}, maar het bestand is UTF-16." if self._utf16 else f"{noemt}; {_TOEGESTAAN}."
            raise XmlGeweigerd("codering", melding, 1)

    @staticmethod
    def _check_ascii(data: bytes) -> None:
        if not data.isascii():
            melding = "De XML-declaratie noemt US-ASCII, maar het bestand bevat andere tekens."
            raise XmlGeweigerd("codering", melding)
