"""Code lists: which codes a release knows, and what they mean."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files


class Lijstfout(KeyError):
    """No code list under that name for that release."""


@lru_cache(maxsize=1)
def _read() -> Mapping[tuple[str, str], Mapping[str, str]]:
    lijsten: dict[tuple[str, str], dict[str, str]] = {}
    tekst = files("istandaarden").joinpath("codelijsten.csv").read_text(encoding="utf-8")
    for rij in csv.DictReader(io.StringIO(tekst), delimiter=";"):
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
