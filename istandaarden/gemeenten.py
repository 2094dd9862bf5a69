"""The gemeenten of the Netherlands: those of 2026, those that merged since 2015, and what they merged into (CBS)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Opvolging:
    """What a gemeentecode stands for on a day: the gemeenten that have its territory then, and by which mergers.

    `codes` holds one code, or several when only an address tells which one it is: the gemeente was split, or began
    later, from several. `stappen` are the codes passed on the way, oldest first, with the day on which each went on in
    the next.
    """

    codes: tuple[str, ...]
    stappen: tuple[tuple[str, date], ...] = ()

    @property
    def code(self) -> str | None:
        """The one gemeente, None when it may be several."""
        return self.codes[0] if len(self.codes) == 1 else None


def succeed(code: str, dag: date) -> Opvolging | None:
    """Say which gemeente a code stands for on a day, through any number of mergers.

    A code that is valid on the day stands for itself; one that began later, for the gemeenten it was made from, since
    registers are kept with the code of today. None when the code was never that of a gemeente since 2015.
    """
    if code not in _geldigheid():
        return None
    begin, einde = _geldigheid()[code]
    if begin <= dag <= einde:
        return Opvolging((code,))
    opvolgers = _opvolgers()[code] if einde < dag else ()
    buren = [nieuw for nieuw, _ in opvolgers] or _voorgangers(code)
    verder = [vervolg for buur in buren if (vervolg := succeed(buur, dag)) is not None]
    codes = dict.fromkeys(een for vervolg in verder for een in vervolg.codes)
    gedeeld = verder[0].stappen if len(verder) == 1 else ()
    return Opvolging(tuple(codes), (*((code, sinds) for _, sinds in opvolgers[:1]), *gedeeld))


def went_on_in(oud: str, nieuw: str) -> bool:
    """Tell whether a gemeente went on in another one, as a whole or in part, through any number of mergers."""
    return any(nieuw == opvolger or went_on_in(opvolger, nieuw) for opvolger, _ in _opvolgers().get(oud, ()))


def taken_over(code: str, dag: date) -> frozenset[str]:
    """Give the gemeentecodes that had ended by a day and that this gemeente alone stands for then.

    A gemeente that was split stands for none of its successors: which of them it is, its code does not say.
    """
    return _taken_over(dag).get(code, frozenset())


@lru_cache(maxsize=1024)
def latest(code: str) -> str:
    """Give the code that a gemeente has after every merger that is known; its own when it was split, or is none."""
    opvolging = succeed(code, date.max)
    return code if opvolging is None or opvolging.code is None else opvolging.code


def related(code: str) -> frozenset[str]:
    """Give all codes with the same `latest` code, itself included."""
    nu = latest(code)
    return taken_over(nu, date.max) | {nu, code}


@lru_cache(maxsize=4)
def _taken_over(dag: date) -> Mapping[str, frozenset[str]]:
    gevonden: dict[str, set[str]] = {}
    for oud in _opvolgers():
        opvolging = succeed(oud, dag)
        if opvolging is not None and opvolging.stappen and opvolging.code is not None:
            gevonden.setdefault(opvolging.code, set()).add(oud)
    return {nieuw: frozenset(oude) for nieuw, oude in gevonden.items()}


def gemeentenaam(code: str) -> str | None:
    """Give the name that goes with a code, also of a gemeente that is no more; None when there was none since 2015."""
    return gemeenten().get(code) or _oude_namen().get(code)


@lru_cache(maxsize=1)
def _opvolgers() -> Mapping[str, tuple[tuple[str, date], ...]]:
    per_code: dict[str, list[tuple[str, date]]] = {}
    for rij in _read("herindelingen.csv"):
        opvolger = (rij["nieuwe_code"], date.fromisoformat(rij["ingangsdatum"]))
        per_code.setdefault(rij["oude_code"], []).append(opvolger)
    return {code: tuple(opvolgers) for code, opvolgers in per_code.items()}


def _voorgangers(code: str) -> list[str]:
    return [oud for oud, opvolgers in _opvolgers().items() if any(nieuw == code for nieuw, _ in opvolgers)]


@lru_cache(maxsize=1)
def _oude_namen() -> Mapping[str, str]:
    rijen = tuple(_read("herindelingen.csv"))
    return {rij["nieuwe_code"]: rij["nieuwe_naam"] for rij in rijen} | {
        rij["oude_code"]: rij["oude_naam"] for rij in rijen
    }


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
