"""The gemeenten of the Netherlands: those of 2026, and those that merged since 2015 (CBS)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

_NIEUW_VANAF = "1930"
"""Codes are given out in order; one from here on that succeeds others began with that merger."""


@lru_cache(maxsize=1)
def gemeenten() -> Mapping[str, str]:
    """Give the names of the 342 gemeenten of 2026 by their code."""
    return MappingProxyType({rij["gemeentecode"]: rij["naam"] for rij in _read("gemeenten.csv")})


def is_gemeente(code: str, dag: date) -> bool:
    """Tell whether a code was that of a gemeente on a day; what ended before 2015 is unknown."""
    begin, einde = _geldigheid().get(code, (date.max, date.min))
    return begin <= dag <= einde


def was_gemeente(code: str, dag: date) -> bool:
    """Tell whether a code was that of a gemeente on a day or before it, since 2015."""
    return _geldigheid().get(code, (date.max, date.min))[0] <= dag


@lru_cache(maxsize=1)
def _geldigheid() -> Mapping[str, tuple[date, date]]:
    """Give the first and the last day of each code, as far as they lie in 2015 or later."""
    begin = dict.fromkeys(gemeenten(), date.min)
    einde = dict.fromkeys(gemeenten(), date.max)
    for rij in _read("herindelingen.csv"):
        dag = date.fromisoformat(rij["ingangsdatum"])
        einde[rij["oude_code"]] = date.fromordinal(dag.toordinal() - 1)
        begin.setdefault(rij["oude_code"], date.min)
        if rij["nieuwe_code"] >= _NIEUW_VANAF:
            begin[rij["nieuwe_code"]] = dag
    return {code: (dag, einde.get(code, date.max)) for code, dag in begin.items()}


def _read(bestand: str) -> Iterator[Mapping[str, str]]:
    tekst = files("istandaarden").joinpath(bestand).read_text(encoding="utf-8")
    return csv.DictReader(io.StringIO(tekst))
