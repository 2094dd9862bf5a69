"""The CBS, played: it takes a CSV or PDF file from a gemeente, and refuses with a Fo01 what it cannot read.

Which files are to be delivered was never published with a layout (facts on GGk §1.3: CSV and PDF as `tekstBestand`), so
what it checks is our choice: a name, text in UTF-8 with as many columns on every line, and a PDF that is whole.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from knooppunt.simulatie.antwoord import Antwoord
from knooppunt.simulatie.ketenspel import Zending
from routing.bericht import Bestandsvorm, Envelop
from routing.fouten import Fout, make_fout

_PDF_BEGIN, _PDF_EINDE = b"%PDF-", b"%%EOF"
_STAART = 1024
"""Bytes at the end of a PDF within which its end mark stands (ISO 32000, annex H)."""


class Cbs:
    """Takes in files; it answers nothing that is right."""

    def answer(self, heen: Envelop, payload: bytes) -> Sequence[Antwoord] | Fout:
        """Refuse a file that cannot be read, with IB001."""
        fout = _find_fault(heen, payload)
        return make_fout("bestand_ongeldig", "B", fout) if fout else []

    def due(self) -> Sequence[Zending]:
        """Give nothing: the CBS only receives."""
        return []


def _find_fault(heen: Envelop, payload: bytes) -> str | None:
    """Say in Dutch, without a value from the file, what is wrong with it."""
    parameters = heen.parameters
    naam = parameters.bestandsnaam if parameters is not None else None
    if parameters is None or parameters.vorm is not Bestandsvorm.TEKST or not naam:
        return "Het CBS neemt alleen een tekstBestand met een bestandsnaam aan."
    match naam.lower().rpartition(".")[2]:
        case "csv":
            return _find_csv_fault(payload)
        case "pdf":
            heel = payload.startswith(_PDF_BEGIN) and _PDF_EINDE in payload[-_STAART:]
            return None if heel else "De PDF is niet heel: het begin of het eind ontbreekt."
        case _:
            return "Het CBS neemt alleen bestanden op .csv of .pdf aan."


def _find_csv_fault(payload: bytes) -> str | None:
    try:
        tekst = payload.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "Het CSV-bestand is geen UTF-8-tekst."
    scheiding = ";" if ";" in tekst.partition("\n")[0] else ","
    lezer = csv.reader(io.StringIO(tekst, newline=""), delimiter=scheiding, strict=True)
    try:
        kolommen = len(next(lezer, ()))
        if not kolommen:
            return "Het CSV-bestand heeft geen kopregel."
        scheef = next((lezer.line_num for rij in lezer if rij and len(rij) != kolommen), None)
    except csv.Error:
        return f"Regel {lezer.line_num} is geen geldige CSV."
    return f"Regel {scheef} heeft een ander aantal kolommen dan de kopregel ({kolommen})." if scheef else None
