"""The rule book: what `regels.csv` says of every rule, tied to the function that checks it.

A function says with `regel` or `klasseregel` which rule it is; the modules `niveau*` beside this one hold them all and
are read when the book is first opened.
"""

from __future__ import annotations

import csv
import importlib
import io
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypeVar

import istandaarden.regels
from istandaarden.model import Berichtsoort
from istandaarden.regels.bericht import Klasse

REGELSOORTEN = ("CD", "CS", "RS", "TR")
"""Kinds of rule that a bericht can break; OP and IV are agreements and explanations."""

_NIVEAUS = {"within-message": 2, "cross-message": 3, "needs-register": 4, "not": 1}
_NIVEAU1_CODES = frozenset({"CS015", "CS025", "CS319"})  # patterns of the schema (regels.csv says so)
_ALLE = "alle"


@dataclass(frozen=True, slots=True)
class Overtreding:
    """A rule is broken: at `pad` from `klasse`, in the words of `bijzonderheid` if the rule alone does not say enough.

    `pad` names the element that is wrong or missing, or is empty for the klasse itself; `bijzonderheid` is a Dutch
    sentence that contains no value from the bericht.
    """

    klasse: Klasse
    pad: str = ""
    bijzonderheid: str = ""


@dataclass(frozen=True, slots=True)
class Toets:
    """The function that checks a rule, and what to do when it is broken.

    With `klassen` the function is called for each klasse of those names, ``(klasse, bericht, *bronnen)``, and gives an
    `Overtreding` or None; without, once for the bericht, ``(bericht, *bronnen)``, and gives any number of them.
    `bronnen` is nothing for level 2, the keten for level 3, the registers for level 4.
    """

    functie: Callable[..., Any]
    advies: str
    klassen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Regel:
    """One rule in one standaard.

    `berichtsoorten` are numbers (``301``) or whole names (``WLZ501``), empty for every bericht; `elementen` and
    `stelling` are Dutch, from `regels.csv`; `gedekt_door` names the rules that check this one when it has no function
    of its own.
    """

    code: str
    soort: str
    niveau: int
    standaard: str
    releases: frozenset[str]
    berichtsoorten: frozenset[str]
    elementen: str
    retourcode: str | None
    stelling: str
    gedekt_door: tuple[str, ...]
    noot: str
    mechanisch: bool
    toets: Toets | None

    @property
    def advies(self) -> str:
        """What to do when the rule is broken; empty while there is no function."""
        return self.toets.advies if self.toets else ""

    def applies(self, soort: Berichtsoort) -> bool:
        """Tell whether the rule is about this berichtsoort."""
        if soort.standaard != self.standaard or soort.regels not in self.releases:
            return False
        return not self.berichtsoorten or not self.berichtsoorten.isdisjoint({number(soort), soort.code})


_toetsen: dict[str, Toets] = {}
_Functie = TypeVar("_Functie", bound=Callable[..., Any])


def regel(code: str, *, advies: str) -> Callable[[_Functie], _Functie]:
    """Tie a function ``(bericht, *bronnen) -> Iterator[Overtreding]`` to the rule it checks.

    Args:
        code: as in `regels.csv`; the function serves every standaard with this rule and asks its bericht which it is.
        advies: Dutch sentence that says what to do when the rule is broken.
    """
    return _tie(code, advies, ())


def klasseregel(code: str, klassen: str, *, advies: str) -> Callable[[_Functie], _Functie]:
    """Tie a function ``(klasse, bericht, *bronnen) -> Overtreding | None`` to the rule it checks.

    Args:
        code: as for `regel`.
        klassen: element names of the klassen it looks at, with spaces between them.
        advies: as for `regel`.
    """
    return _tie(code, advies, tuple(klassen.split()))


def _tie(code: str, advies: str, klassen: tuple[str, ...]) -> Callable[[_Functie], _Functie]:
    def tie(functie: _Functie) -> _Functie:
        if code in _toetsen and _toetsen[code].functie.__module__ != functie.__module__:
            raise ValueError(f"{code} heeft al een toets")
        _toetsen[code] = Toets(functie, advies, klassen)
        return functie

    return tie


@lru_cache(maxsize=1)
def regels() -> Mapping[tuple[str, str], Regel]:
    """Give every CD, CS, RS and TR by code and standaard (``iwmo``, ``ijw``, ``ipgb``), in the order of `regels.csv`.

    Raises:
        ValueError: a function is tied to a code that does not exist.
    """
    for module in pkgutil.iter_modules(istandaarden.regels.__path__):
        if module.name.startswith("niveau"):
            importlib.import_module(f"istandaarden.regels.{module.name}")
    boek = {
        (rij["code"], standaard): _read_rule(rij, standaard)
        for rij in rows()
        if rij["kind"] in REGELSOORTEN
        for standaard in standards(rij)
    }
    onbekend = _toetsen.keys() - {code for code, _ in boek}
    if onbekend:
        raise ValueError(f"regels.csv kent geen {', '.join(sorted(onbekend))}")
    return boek


@lru_cache(maxsize=256)
def rules_for(soort: Berichtsoort) -> tuple[Regel, ...]:
    """Give the rules that are about a berichtsoort, in the order of `regels.csv`."""
    return tuple(regel for regel in regels().values() if regel.applies(soort))


@lru_cache(maxsize=1)
def rows() -> tuple[Mapping[str, str], ...]:
    """Give the lines of `regels.csv`, agreements and explanations (OP, IV) included."""
    tekst = files("istandaarden.regels").joinpath("regels.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(io.StringIO(tekst), delimiter=";"))


def standards(rij: Mapping[str, str]) -> list[str]:
    """Give the standaarden of a line of `regels.csv`: ``["iwmo", "ijw"]``."""
    return rij["standard"].lower().split(",")


def number(soort: Berichtsoort) -> str:
    """Give the number of a berichtsoort without its prefix: ``301``."""
    return soort.code[-3:]


def _read_rule(rij: Mapping[str, str], standaard: str) -> Regel:
    code, gedekt, hoe = rij["code"], tuple(rij["covered_by"].split()), rij["checkable"]
    berichten = rij["messages"]
    return Regel(
        code=code,
        soort=rij["kind"],
        niveau=1 if rij["kind"] == "RS" or code in _NIVEAU1_CODES else _NIVEAUS[hoe],
        standaard=standaard,
        releases=frozenset(rij["release"].split(",")),
        berichtsoorten=frozenset() if berichten.startswith(_ALLE) else frozenset(berichten.split(",")),
        elementen=rij["elements"],
        retourcode=rij["retourcode"] or None,
        stelling=rij["statement"],
        gedekt_door=gedekt,
        noot=rij["note"],
        mechanisch=hoe != "not",
        toets=None if gedekt or hoe == "not" else _toetsen.get(code),
    )
