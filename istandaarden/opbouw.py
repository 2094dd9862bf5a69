"""Makes a bericht from plain data: names in any order in, XML in the order of the model out."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from html import escape
from typing import Any

from istandaarden.catalogus import Catalogus
from istandaarden.model import ROOT, Berichtmodel, Berichtsoort, Element, Samengesteld
from istandaarden.standaardmap import in_gebruik
from istandaarden.xmltekens import GEEN_XML


class Opbouwfout(ValueError):
    """The data does not fit the structure of the bericht; the text names the place and is Dutch."""


def build(berichtsoort: Berichtsoort, inhoud: Mapping[str, Any], catalogus: Catalogus | None = None) -> bytes:
    """Write a bericht.

    Elements come out in the order of the model and in the right namespaces. What the berichtsoort fixes
    (BerichtCode, BerichtVersie, BerichtSubversie) is filled in when it is left out. Nothing else is checked: a value
    that is not allowed, or a required element that is missing, is for `istandaarden.toets.validate` to find.

    Args:
        berichtsoort: one of `catalogus`.
        inhoud: nested data by element name: ``{"Header": {...}, "Client": {"StartProducten": {"StartProduct":
            [{...}, {...}]}}}``. A repeated element takes a list; None leaves an element out; a value is text, a whole
            number, a date or a time.
        catalogus: the berichtsoorten to know; those in use by default.

    Returns:
        UTF-8 without byte order mark, lines end in LF.

    Raises:
        Opbouwfout: a name that does not exist at that place, a list where one element is allowed, text where a
            structure belongs or the other way round, or a character that XML does not know.
    """
    model = (catalogus or in_gebruik()).model(berichtsoort)
    return "\n".join(_document(model, inhoud)).encode() + b"\n"


def _document(model: Berichtmodel, inhoud: Mapping[str, Any]) -> Iterator[str]:
    soort, basis = model.soort, model.basis
    prefixen = {soort.naamruimte: soort.code.lower(), basis.naamruimte: basis.standaard}
    eigen = prefixen[soort.naamruimte]
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        f'<{eigen}:{ROOT} xmlns:{eigen}="{escape(soort.naamruimte)}"'
        f' xmlns:{basis.standaard}="{escape(basis.naamruimte)}">'
    )
    yield from _children(model.wortel, inhoud, prefixen, f"/{ROOT}")
    yield f"</{eigen}:{ROOT}>"


def _children(soort: Samengesteld, inhoud: object, prefixen: Mapping[str, str], plaats: str) -> Iterator[str]:
    if not isinstance(inhoud, Mapping):
        raise Opbouwfout(f"{plaats}: hier horen elementen te staan, geen losse waarde")
    namen = [element.naam for element in soort.elementen]
    for naam in inhoud:
        if naam not in namen:
            lijkt = difflib.get_close_matches(str(naam), namen, 1)
            bekend = f"bedoelt u {lijkt[0]}?" if lijkt else f"bekend zijn {', '.join(namen)}"
            raise Opbouwfout(f"{plaats}: element {naam} bestaat hier niet; {bekend}")
    prefix = prefixen[soort.naamruimte]
    for element in soort.elementen:
        waarde = inhoud.get(element.naam, element.vast)
        if waarde is None:
            continue
        hier = f"{plaats}/{element.naam}"
        if isinstance(waarde, Sequence) and not isinstance(waarde, str):
            if not element.herhaalbaar:
                raise Opbouwfout(f"{hier}: dit element mag maar één keer voorkomen, hier staat een lijst")
            for nummer, deel in enumerate(waarde, 1):
                yield from _element(element, deel, prefix, prefixen, f"{hier}[{nummer}]")
        else:
            yield from _element(element, waarde, prefix, prefixen, hier)


def _element(element: Element, waarde: object, prefix: str, prefixen: Mapping[str, str], plaats: str) -> Iterator[str]:
    naam = f"{prefix}:{element.naam}"
    if isinstance(element.type, Samengesteld):
        yield f"<{naam}>"
        yield from _children(element.type, waarde, prefixen, plaats)
        yield f"</{naam}>"
    else:
        yield f"<{naam}>{escape(_text(waarde, plaats), quote=False)}</{naam}>"


def _text(waarde: object, plaats: str) -> str:
    if isinstance(waarde, date | time):
        return waarde.isoformat()
    if isinstance(waarde, bool) or not isinstance(waarde, str | int):
        raise Opbouwfout(
            f"{plaats}: hier hoort tekst, een geheel getal, een datum of een tijd, geen {type(waarde).__name__}"
        )
    tekst = str(waarde)
    if GEEN_XML.search(tekst):
        raise Opbouwfout(f"{plaats}: de waarde bevat een teken dat in XML niet bestaat")
    return tekst.replace("\r\n", "\n").replace("\r", "\n")
