"""Code lists: which codes a release knows, and what they mean."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files


class Lijstfout(KeyError):
    """No code list under that name for that release."""


def _rows() -> Iterator[Mapping[str, str]]:
    tekst = files("istandaarden").joinpath("codelijsten.csv").read_text(encoding="utf-8")
    return csv.DictReader(io.StringIO(tekst), delimiter=";")


@lru_cache(maxsize=1)
def _read() -> Mapping[tuple[str, str], Mapping[str, str]]:
    lijsten: dict[tuple[str, str], dict[str, str]] = {}
    for rij in _rows():
        for uitgave in rij["standaard"].split(","):
            lijsten.setdefault((uitgave.strip(), rij["code"]), {})[rij["waarde"]] = rij["omschrijving"]
    return lijsten


def codes(uitgave: str, lijst: str) -> Mapping[str, str]:
    """Give the codes of a list with their descriptions.

    Args:
        uitgave: standaard and release as in the file: ``iWmo 3.2``.
        lijst: name of the list: ``COD046``.

    Raises:
        Lijstfout: that release has no such list.
    """
    try:
        return _read()[uitgave, lijst]
    except KeyError:
        raise Lijstfout(f"codelijsten.csv heeft geen lijst {lijst} voor {uitgave}") from None


def lists(uitgave: str) -> Mapping[str, Mapping[str, str]]:
    """Give every list of a standaard and release, by its name."""
    return {lijst: waarden for (van, lijst), waarden in _read().items() if van == uitgave}


@lru_cache(maxsize=1)
def titles() -> Mapping[str, str]:
    """Say what each list is about: ``COD046``: ``Geslacht``."""
    return {rij["code"]: rij["lijst"] for rij in _rows()}
