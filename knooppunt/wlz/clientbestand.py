"""A list of clients in a file: CSV with a heading, or JSON; what is wrong is named by row, never with a BSN."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from routing.wlz.clientenlijst import Opgave

MEEST: Final = 100_000
GRENS: Final = 16 * 1024 * 1024
_KOLOMMEN: Final = frozenset({"referentie", "bsn"})


class Bestandsfout(ValueError):
    """A file that is no list of clients; `fouten` are Dutch sentences."""

    def __init__(self, *fouten: str) -> None:
        self.fouten = fouten
        super().__init__("\n".join(fouten))


def read_clients(ruw: bytes) -> list[Opgave]:
    """Read a list of clients.

    JSON is a list of objects with ``referentie`` and ``bsn``, CSV has these as columns, with commas or semicolons. Row
    1 is the first client. To take clients away, ``bsn`` may be left out.

    Raises:
        Bestandsfout: it cannot be read, with everything that is wrong.
    """
    if len(ruw) > GRENS:
        raise Bestandsfout("Het bestand is groter dan 16 MiB.")
    try:
        tekst = ruw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Bestandsfout("Het bestand is niet in UTF-8 geschreven.") from None
    rijen = _read_json(tekst) if tekst.lstrip()[:1] in {"[", "{"} else _read_csv(tekst)
    if len(rijen) > MEEST:
        raise Bestandsfout(f"Het bestand heeft meer dan {MEEST} rijen.")
    fouten = [f"rij {nummer}: {zin}." for nummer, rij in enumerate(rijen, 1) for zin in _faults(rij)]
    if fouten:
        raise Bestandsfout(*fouten)
    return [Opgave(rij["referentie"], rij.get("bsn", "")) for rij in rijen]


def _read_json(tekst: str) -> Sequence[Any]:
    try:
        lijst = json.loads(tekst)
    except json.JSONDecodeError as fout:
        raise Bestandsfout(f"Regel {fout.lineno}, teken {fout.colno}: dit is geen geldige JSON.") from None
    except (RecursionError, ValueError):
        raise Bestandsfout("Dit is geen geldige JSON.") from None
    if not isinstance(lijst, list):
        raise Bestandsfout("Het bestand moet een lijst van cliënten bevatten.")
    return lijst


def _read_csv(tekst: str) -> Sequence[Mapping[str, str]]:
    kop = tekst.split("\n", 1)[0].rstrip("\r")
    namen = [naam.strip().strip('"').lower() for naam in re.split("[,;]", kop)]
    if "referentie" not in namen or set(namen) - _KOLOMMEN or len(set(namen)) < len(namen):
        raise Bestandsfout("De eerste regel moet de kolommen noemen: referentie,bsn (of alleen referentie).")
    lezer = csv.reader(io.StringIO(tekst), delimiter=";" if ";" in kop else ",", strict=True)
    try:
        next(lezer)
        regels = [regel for regel in lezer if regel]
    except csv.Error:
        raise Bestandsfout(f"Regel {lezer.line_num}: dit is geen geldige CSV.") from None
    krom = [
        f"rij {nummer}: telt {len(regel)} waarden."
        for nummer, regel in enumerate(regels, 1)
        if len(regel) != len(namen)
    ]
    if krom:
        raise Bestandsfout(*krom)
    return [dict(zip(namen, (waarde.strip() for waarde in regel), strict=True)) for regel in regels]


def _faults(rij: Any) -> Iterable[str]:
    if not isinstance(rij, dict):
        yield "is geen object"
        return
    if rij.keys() - _KOLOMMEN:
        yield "heeft een veld dat niet bestaat; er zijn er twee, referentie en bsn"
    if not isinstance(rij.get("referentie"), str):
        yield "referentie ontbreekt of is geen tekst"
    if not isinstance(rij.get("bsn", ""), str):
        yield "bsn is geen tekst; schrijf het tussen aanhalingstekens, met de nullen"
