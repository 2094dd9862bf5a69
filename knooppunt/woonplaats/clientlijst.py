"""Lists of clients in CSV or JSON, one client at a time however long the list is.

JSON is a list of objects. In CSV a column is named after its place in such an object (``brp[0].gemeente``), a row is a
client, an empty cell says nothing and ``[]`` is an empty list.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from knooppunt.woonplaats.feitenvorm import Feitenfout

_STUK = 64 * 1024  # characters read at a time
_GROOTSTE = 1024 * 1024  # characters of one client in JSON
_STAP = re.compile(r"([A-Za-z0-9_]+)((?:\[[0-9]{1,3}\])?)")
_WAARDEN: dict[str, object] = {"true": True, "false": False, "[]": []}


def read_list(bestand: Path) -> Iterator[tuple[str, object]]:
    """Read the clients of a file, each with its place in it.

    Raises:
        Feitenfout: it cannot be read, or from here on it is neither CSV nor JSON.
    """
    try:
        with bestand.open(encoding="utf-8-sig", newline="") as stroom:
            begin = stroom.read(1)
            while begin.isspace():
                begin = stroom.read(1)
            stroom.seek(0)
            plaats = "cliënt" if begin in {"[", "{"} else "regel"
            clienten = _from_json(stroom) if begin in {"[", "{"} else _from_csv(stroom)
            for nummer, client in clienten:
                yield f"{bestand}, {plaats} {nummer}", client
    except OSError as fout:
        raise Feitenfout((f"{bestand} is niet te lezen ({fout.strerror}).",)) from None
    except UnicodeDecodeError:
        raise Feitenfout((f"{bestand} is niet in UTF-8 geschreven.",)) from None
    except _Ongeldig as fout:
        raise Feitenfout((f"{bestand}{fout}",)) from None


class _Ongeldig(ValueError):
    """The file is not what it should be, from a place on."""


def _from_csv(stroom: TextIO) -> Iterator[tuple[int, object]]:
    kop = stroom.readline()
    stroom.seek(0)
    lezer = csv.reader(stroom, delimiter=";" if ";" in kop else ",", strict=True)
    try:
        kolommen = next(lezer, [])
        paden = [_path(kolom) for kolom in kolommen]
        if len(set(kolommen)) < len(kolommen):
            raise _Ongeldig(", regel 1: een kolom komt twee keer voor.")
        for rij in lezer:
            if any(cel.strip() for cel in rij):
                if len(rij) != len(paden):
                    raise _Ongeldig(f", regel {lezer.line_num}: {len(rij)} cellen, verwacht {len(paden)}.")
                yield lezer.line_num, _nest(zip(paden, rij, strict=True), lezer.line_num)
    except csv.Error:
        raise _Ongeldig(f", regel {lezer.line_num}: dit is geen geldige CSV.") from None


def _path(kolom: str) -> list[str | int]:
    pad: list[str | int] = []
    for deel in kolom.strip().split("."):
        stap = _STAP.fullmatch(deel)
        if stap is None:
            raise _Ongeldig(", regel 1: een kolom heet als geboortedatum, brp[0].gemeente of verblijf[0].van.")
        pad.append(stap[1])
        if stap[2]:
            pad.append(int(stap[2][1:-1]))
    return pad


def _nest(cellen: Iterable[tuple[list[str | int], str]], regel: int) -> object:
    """Put the cells of a row in their places; the items of a list keep their order and close up."""
    geheel: dict[str | int, Any] = {}
    for pad, cel in cellen:
        if waarde := cel.strip():
            hier = geheel
            for stap in pad[:-1]:
                hier = hier.setdefault(stap, {})
                if not isinstance(hier, dict):
                    raise _Ongeldig(f", regel {regel}: {stap} is gevuld, en een onderdeel ervan ook.")
            if pad[-1] in hier:
                raise _Ongeldig(f", regel {regel}: {pad[-1]} is gevuld, en een onderdeel ervan ook.")
            hier[pad[-1]] = _WAARDEN.get(waarde, waarde)
    return _lists(geheel)


def _lists(deel: Any) -> Any:
    if not isinstance(deel, dict):
        return deel
    if deel and all(isinstance(sleutel, int) for sleutel in deel):
        return [_lists(deel[sleutel]) for sleutel in sorted(deel)]
    return {str(sleutel): _lists(waarde) for sleutel, waarde in deel.items()}


def _from_json(stroom: TextIO) -> Iterator[tuple[int, object]]:
    """Take one item of the list after another from a buffer; an item is never larger than the buffer may be."""
    lezer, buffer, nummer = json.JSONDecoder(), stroom.read(_STUK).lstrip(), 0
    if not buffer.startswith("["):
        raise _Ongeldig(": dit moet een lijst van cliënten zijn.")
    buffer = buffer[1:]
    while True:
        buffer = _fill(buffer, stroom)
        if buffer.startswith("]") and nummer == 0:
            break
        nummer += 1
        client, buffer = _take(lezer, buffer, stroom, nummer)
        yield nummer, client
        buffer = _fill(buffer, stroom)
        if buffer.startswith("]"):
            break
        if not buffer.startswith(","):
            raise _Ongeldig(f", na cliënt {nummer}: dit is geen geldige JSON.")
        buffer = buffer[1:]
    if _fill(buffer[1:], stroom):
        raise _Ongeldig(": na de lijst staat nog iets.")


def _fill(buffer: str, stroom: TextIO) -> str:
    """Drop white space, and read on when nothing is left."""
    while not (buffer := buffer.lstrip(" \t\r\n")) and (stuk := stroom.read(_STUK)):
        buffer = stuk
    return buffer


def _take(lezer: json.JSONDecoder, buffer: str, stroom: TextIO, nummer: int) -> tuple[object, str]:
    while True:
        try:
            client, einde = lezer.raw_decode(buffer)
        except (ValueError, RecursionError):
            stuk = stroom.read(len(buffer) or _STUK) if len(buffer) < _GROOTSTE else ""
            if not stuk:
                raise _Ongeldig(f", cliënt {nummer}: dit is geen geldige JSON, of meer dan 1 MiB.") from None
            buffer += stuk
        else:
            return client, buffer[einde:]
