"""What an official check writes: a Rapport with the rules that a bericht breaks, and where.

``http://www.istandaarden.nl/validatie/1_1/rapport/schema``: Rapport(Header, Fouten?), Fouten(Fout*), Fout(Code,
Retourcode?, Locatie+, Details?). A Locatie is a path of names without prefix, with a position where there are more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from istandaarden.uitleg import line_of
from istandaarden.veilig import Stijlblad

RAPPORT = re.compile(r"\{http://www\.istandaarden\.nl/validatie/\d{1,2}_\d{1,2}/rapport/schema\}Rapport")
"""Root element of what an official check writes."""

FOUTEN_MAX = 1000
"""Faults that are written out; of any others only the number is told."""

_STAP = re.compile(r"(?:[\w.-]+:)?([A-Za-z_][\w.-]*)(?:\[(\d{1,9})\])?")
_OOK_MAX = 5


class GeenRapport(RuntimeError):
    """A stylesheet did not give a verdict: it took too long, or wrote something else than a Rapport."""


class ControleAfgebroken(RuntimeError):
    """A stylesheet was stopped by somebody else before it gave its verdict: there is none now, and may be one later."""


def make_report(stijl: Stijlblad, wortel: etree._Element) -> etree._Element | None:
    """Give the Rapport that a stylesheet makes of a bericht, None when it makes something else.

    Raises:
        lxml.etree.XSLTApplyError: it cannot be run.
    """
    rapport = stijl(wortel).getroot()
    return rapport if rapport is not None and RAPPORT.fullmatch(str(rapport.tag)) else None


def faults(rapport: etree._Element, wortel: etree._Element) -> Iterator[dict[str, Any]]:
    """Give every Fout of a Rapport, with the places it names looked up in the bericht; not too many."""
    fouten = list(rapport.iterfind("{*}Fouten/{*}Fout"))
    for fout in fouten[:FOUTEN_MAX]:
        plekken = [gevonden for locatie in fout.iterfind("{*}Locatie") if (gevonden := _look_up(wortel, locatie))]
        plaats, regel = plekken[0] if plekken else (f"/{etree.QName(wortel).localname}", 0)
        yield {
            "code": _text(fout, "Code"),
            "retourcode": _text(fout, "Retourcode"),
            "plaats": plaats,
            "regel": regel,
            "ook": ", ".join(ander for ander, _ in plekken[1 : _OOK_MAX + 1]),
            "details": _text(fout, "Details"),
        }
    if len(fouten) > FOUTEN_MAX:
        yield {"meer": len(fouten) - FOUTEN_MAX, "plaats": f"/{etree.QName(wortel).localname}"}


def _text(fout: etree._Element, naam: str) -> str:
    return " ".join((fout.findtext(f"{{*}}{naam}") or "").split())


def _look_up(wortel: etree._Element, locatie: etree._Element) -> tuple[str, int] | None:
    """Follow a path of names and positions; what is no such path, or leads nowhere, might quote the bericht."""
    hier, pad = None, ""
    for stap in (locatie.text or "").strip().lstrip("/").split("/"):
        deel = _STAP.fullmatch(stap)
        if deel is None:
            return None
        naam, nummer = deel[1], int(deel[2] or 1)
        broers = [wortel] if hier is None else hier.findall(f"{{*}}{naam}")
        if nummer > len(broers) or nummer < 1 or etree.QName(broers[nummer - 1]).localname != naam:
            return None
        hier = broers[nummer - 1]
        pad += f"/{naam}[{nummer}]" if len(broers) > 1 else f"/{naam}"
    return None if hier is None else (pad, line_of(hier))
