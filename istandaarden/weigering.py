"""The one error of the hardened parser, and libxml2's complaints in Dutch."""

from __future__ import annotations

import re

from lxml import etree

_NAMEN = re.compile(r"(?P<open>\S+) line (?P<regel>\d+) and (?P<dicht>\S+)")
_TEKENS = re.compile(r"[^\x20-\x7e]+")
_OMLIJSTING = re.compile(r"""^line \d+: b['"]|['"]$|,? line \d+, column \d+.*$""", re.DOTALL)
"""What lxml puts around libxml2's own words."""

_VERTALING = {
    4: "Het bestand is leeg of begint niet met een XML-element.",
    5: "Na het einde van het hoofdelement staat nog tekst of een tweede hoofdelement.",
    9: "Er staat een teken in dat in XML niet mag voorkomen.",
    26: "Er wordt verwezen naar een entiteit die niet is gedefinieerd; alleen &amp; &lt; &gt; &quot; en &apos; mogen.",
    38: "In een attribuutwaarde staat een <; schrijf &lt;.",
    39: "Een attribuutwaarde staat niet tussen aanhalingstekens.",
    41: "Achter een attribuutnaam ontbreekt de waarde.",
    42: "Een attribuut staat twee keer in hetzelfde element.",
    45: "Een commentaar is niet afgesloten.",
    47: "Een verwerkingsinstructie is niet afgesloten.",
    62: "De tekens ]]> mogen niet in gewone tekst staan.",
    63: "Een CDATA-sectie is niet afgesloten.",
    64: "De XML-declaratie mag alleen helemaal aan het begin staan.",
    65: "Tussen twee attributen ontbreekt een spatie.",
    68: "Er ontbreekt een naam: een < of & in de tekst moet als &lt; of &amp; geschreven zijn.",
    73: "Een tag is niet afgesloten met >.",
    77: "Het bestand houdt op voordat alle elementen zijn afgesloten.",
    80: "In een commentaar staat --; dat mag niet.",
    81: "Het bestand bevat bytes die geen geldige UTF-8 zijn.",
    89: "Een naam is langer dan toegestaan.",
    110: "Een naam is langer dan toegestaan.",
    114: "Het bestand is dieper genest, of bevat een langere tekst of tag, dan toegestaan.",
    200: "Een naamruimte is leeg of verkeerd gedeclareerd.",
    201: "Er wordt een voorvoegsel gebruikt waarvoor geen naamruimte (xmlns) is gedeclareerd.",
    202: "Een naam bevat meer dan één dubbele punt.",
    203: "Een attribuut staat twee keer in hetzelfde element.",
}
"""libxml2's `xmlParserErrors` numbers, see its xmlerror.h."""

_GRENZEN = {"depth": "diepte", "Text node": "tekst", "Buffer size": "markering"}
"""Words by which libxml2 tells its own limits apart."""


class XmlGeweigerd(ValueError):
    """Input that the hardened parser does not accept.

    `oorzaak` is a stable name (``doctype``, ``codering``, ``welgevormd``, ``diepte`` ...), `melding` a Dutch sentence
    without content of the document other than names of elements, `regel` the line counted from 1, 0 when unknown.
    """

    def __init__(self, oorzaak: str, melding: str, regel: int = 0) -> None:
        super().__init__(f"{melding} (regel {regel})" if regel else melding)
        self.oorzaak = oorzaak
        self.melding = melding
        self.regel = regel


def printable(text: str, length: int = 120) -> str:
    """Make text from outside fit for a log line: printable ASCII only, other runs become ``?``, cut at `length`."""
    text = _TEKENS.sub("?", text[: 4 * length])
    return text if len(text) <= length else text[: length - 3] + "..."


def translate_syntax(fout: etree.XMLSyntaxError) -> XmlGeweigerd:
    """Turn the exception that lxml raised into the one to raise instead; see `translate`."""
    code: int = getattr(fout, "code", None) or 0  # absent from the stubs
    return translate(code, fout.msg or "", fout.lineno or 0)


def translate(code: int, tekst: str, regel: int) -> XmlGeweigerd:
    """Turn libxml2's complaint about well-formedness into Dutch.

    Args:
        code: number of the error in libxml2's xmlerror.h.
        tekst: its message.
        regel: line it names, 0 when it names none.

    Returns:
        The error to raise; its `oorzaak` is ``welgevormd``, ``codering`` for wrong bytes, ``leeg`` when there was no
        document, or the name of the limit when it is one of libxml2's own.
    """
    tekst = _OMLIJSTING.sub("", tekst).strip()
    if code in (0, 4):
        return XmlGeweigerd("leeg", _VERTALING[4], regel)
    if code == 76 and (namen := _NAMEN.search(tekst)):
        begin, eind = printable(namen["open"], 60), printable(namen["dicht"], 60)
        melding = f"De eindtag </{eind}> past niet bij de begintag <{begin}> van regel {namen['regel']}."
        return XmlGeweigerd("welgevormd", melding, regel)
    oorzaak = {81: "codering", 89: "naam", 110: "naam", 114: "omvang"}.get(code, "welgevormd")
    if code == 114:
        oorzaak = next((naam for deel, naam in _GRENZEN.items() if deel in tekst), oorzaak)
    melding = _VERTALING.get(code) or f"Het bestand is geen welgevormde XML ({printable(tekst)})."
    return XmlGeweigerd(oorzaak, melding, regel)
