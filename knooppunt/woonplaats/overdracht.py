"""From lists of clients to the lists of the transfer, in one pass: all of it is written, or nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from knooppunt.woonplaats.clientlijst import read_list
from knooppunt.woonplaats.clientvorm import read_client
from knooppunt.woonplaats.feitenvorm import Feitenfout
from knooppunt.woonplaats.overdrachtsmap import Overdrachtsmap, Telling, count
from routing.woonplaats.bepaling import NIEUW_VANAF
from routing.woonplaats.overdracht import compare

_FOUTEN: Final = 100  # that are named; more are counted


def transfer(bestanden: Iterable[Path], uit: Path) -> tuple[int, Telling]:
    """Read clients and write the lists of every gemeente below `uit`.

    Returns:
        The number of clients that were read, and what the files hold when they are read back.

    Raises:
        Feitenfout: with what is wrong with the input, or with `uit`; then nothing was written.
    """
    if uit.exists() and (not uit.is_dir() or any(uit.iterdir())):
        raise Feitenfout((f"{uit} bestaat al en is geen lege map.",))
    try:
        werkmap = Path(tempfile.mkdtemp(prefix=".overdracht-", dir=uit.absolute().parent))
    except OSError as fout:
        raise Feitenfout((f"Naast {uit} is niet te schrijven ({fout.strerror}).",)) from None
    try:
        gelezen = _write(bestanden, werkmap)
        telling = count(werkmap)
        werkmap.replace(uit)
    except OSError as fout:
        raise Feitenfout((f"{uit} is niet te schrijven ({fout.strerror}).",)) from None
    finally:
        shutil.rmtree(werkmap, ignore_errors=True)
    return gelezen, telling


def _write(bestanden: Iterable[Path], werkmap: Path) -> int:
    gezien: set[tuple[str, str]] = set()
    fouten: list[str] = []
    gelezen = te_veel = 0
    with Overdrachtsmap(werkmap) as lijsten:
        for bestand in bestanden:
            eerder = gelezen + te_veel + len(fouten)
            for zin in _add_all(bestand, lijsten, gezien):
                if not zin:
                    gelezen += 1
                elif len(fouten) < _FOUTEN:
                    fouten.append(zin)
                else:
                    te_veel += 1
            if gelezen + te_veel + len(fouten) == eerder:
                fouten.append(f"{bestand}: er staan geen cliënten in.")
    if te_veel:
        fouten.append(f"En nog {te_veel} fouten.")
    if fouten:
        raise Feitenfout(tuple(fouten))
    return gelezen


def _add_all(bestand: Path, lijsten: Overdrachtsmap, gezien: set[tuple[str, str]]) -> Iterable[str]:
    """Add the clients of a file; gives for each an empty text, or what is wrong with it."""
    try:
        for plaats, inhoud in read_list(bestand):
            try:
                client = read_client(inhoud)
            except Feitenfout as fout:
                yield from (f"{plaats}: {zin}" for zin in fout.fouten)
                continue
            sleutel = (client.gemeente, client.kenmerk)
            if sleutel in gezien:
                yield f"{plaats}: dit kenmerk had gemeente {client.gemeente} al"
                continue
            gezien.add(sleutel)
            lijsten.add(client, compare(client.gemeente, client.facts_on(NIEUW_VANAF)))
            yield ""
    except Feitenfout as fout:
        yield from fout.fouten
