"""The payload of a Fo01: the StUF body element, read while it streams by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adapters.vsp.weigering import Onvertaalbaar
from istandaarden.veilig import PAYLOAD, Ontleder, XmlGeweigerd
from routing.bericht import Foutinhoud

STUF = "http://www.egem.nl/StUF/StUF0301"
_VOORVOEGSEL = f"{{{STUF}}}"
_MAX = {"code": 7, "plek": 6, "omschrijving": 200, "details": 1000}
_VOLGORDE = (*_MAX, "detailsXML")
_VERPLICHT = ("code", "plek", "omschrijving")


class _Lezer:
    """Keeps the short elements right below the body; what is inside detailsXML passes by unread."""

    def __init__(self) -> None:
        self.waarden: dict[str, str] = {}
        self._diepte = 0
        self._open: str | None = None

    def start(self, tag: str, attrib: Mapping[str, str], nsmap: Mapping[str | None, str]) -> None:
        del attrib, nsmap
        self._diepte += 1
        if self._diepte == 1 and tag != f"{_VOORVOEGSEL}body":
            raise Onvertaalbaar({"payload": [f"Verwacht is het element body van {STUF}."]})
        if self._diepte == 2:
            naam = tag.removeprefix(_VOORVOEGSEL)
            if naam not in _VOLGORDE or naam in self.waarden or not tag.startswith(_VOORVOEGSEL):
                raise Onvertaalbaar({"payload": ["In body staat een element dat daar niet hoort, of twee keer."]})
            if any(_VOLGORDE.index(eerder) > _VOLGORDE.index(naam) for eerder in self.waarden):
                raise Onvertaalbaar({"payload": [f"De volgorde in body is {', '.join(_VOLGORDE)}."]})
            self.waarden[naam] = ""
            self._open = naam
        elif self._diepte == 3 and self._open != "detailsXML":
            raise Onvertaalbaar({"payload": [f"Het element {self._open} bevat alleen tekst."]})

    def end(self, tag: str) -> None:
        del tag
        self._diepte -= 1
        if self._diepte == 1:
            self._open = None

    def data(self, text: str) -> None:
        if self._diepte == 2 and self._open in _MAX and len(self.waarden[self._open]) <= _MAX[self._open]:
            self.waarden[self._open] += text

    def close(self) -> dict[str, str]:
        return self.waarden


def read_foutbody(chunks: Iterable[bytes]) -> Foutinhoud:
    """Read the fault out of a body element; memory does not grow with detailsXML.

    Args:
        chunks: the XML, UTF-8 or UTF-16.

    Raises:
        Onvertaalbaar: it is no XML, or not such an element (StUF 03.01 `Fo01Bericht`, limits of its schema).
    """
    ontleder = Ontleder(_Lezer(), PAYLOAD)
    try:
        for stuk in chunks:
            ontleder.feed(stuk)
        waarden: dict[str, str] = ontleder.close()
    except XmlGeweigerd as fout:
        raise Onvertaalbaar({"payload": [f"De payload van een Fo01 is XML. {fout.melding}"]}) from None
    fouten = [f"In body ontbreekt {naam}." for naam in _VERPLICHT if not waarden.get(naam)]
    fouten += [
        f"{naam} is langer dan {lang} tekens." for naam, lang in _MAX.items() if len(waarden.get(naam, "")) > lang
    ]
    if waarden.get("plek") not in (None, "", "client", "server"):
        fouten.append("plek is client of server.")
    if fouten:
        raise Onvertaalbaar({"payload": fouten})
    return Foutinhoud(waarden["code"], waarden["plek"], waarden["omschrijving"], waarden.get("details") or None)
