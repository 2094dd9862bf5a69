"""Functies that the hub passes on: between which kinds of partij, in which envelope, with which payload.

The i-berichten come from the catalogue of `istandaarden`; what else travels in the chain stands in `functies.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from istandaarden.catalogus import Berichtsoort
from istandaarden.standaardmap import in_gebruik
from routing.bericht import Berichtcode, Bestandsvorm
from routing.partij import Partij

_BEIDE = frozenset({Berichtcode.DI01, Berichtcode.DU01})


@dataclass(frozen=True, slots=True)
class Functie:
    """One functie in one version.

    `van` and `naar` are a kind of partij (``gemeente``, ``zorgaanbieder``) or the code of a ketenpartij, in the
    direction the bericht physically travels. `berichtsoort` is None when the payload is passed on unread.
    """

    naam: str
    versie: str
    van: str
    naar: str
    berichtcodes: frozenset[Berichtcode]
    vorm: Bestandsvorm
    berichtsoort: Berichtsoort | None = None

    def fits_zender(self, partij: Partij) -> bool:
        """Say whether this partij is of the kind that sends this functie."""
        return self.van in (partij.soort, partij.code)

    def fits_ontvanger(self, partij: Partij) -> bool:
        """Say whether this partij is of the kind that receives this functie."""
        return self.naar in (partij.soort, partij.code)


def versie_of(functie_versie: str, functie_subversie: str) -> str:
    """Turn the four-digit pair of the envelope into a release: ``0003``, ``0002`` gives ``3.2``."""
    return f"{int(functie_versie)}.{int(functie_subversie)}"


def _from_catalogus(soort: Berichtsoort) -> Functie:
    # The sources contradict each other on the envelope of 325: a heenbericht by the standard, linked as an answer by
    # VECOZO. Both are taken (facts on GGk §1.3).
    een = Berichtcode.DU01 if soort.is_retour else Berichtcode.DI01
    codes = _BEIDE if soort.code.endswith("325") else frozenset({een})
    return Functie(soort.code, soort.release, soort.van, soort.naar, codes, Bestandsvorm.XML, soort)


def _from_toml() -> Iterator[Functie]:
    ruw = tomllib.loads(files("routing").joinpath("functies.toml").read_text(encoding="utf-8"))
    for rij in ruw["functie"]:
        for naam in rij["namen"]:
            for versie in rij["versies"]:
                yield Functie(
                    naam,
                    versie,
                    rij["van"],
                    rij["naar"],
                    frozenset({Berichtcode(rij["berichtcode"])}),
                    Bestandsvorm(rij.get("vorm", Bestandsvorm.XML)),
                )


@cache
def functies() -> Mapping[tuple[str, str], Functie]:
    """Return all functies by (naam, versie)."""
    alle = [_from_catalogus(soort) for soort in in_gebruik()] + list(_from_toml())
    return {(functie.naam, functie.versie): functie for functie in alle}


@cache
def namen() -> frozenset[str]:
    """Return the names of all functies, of any version."""
    return frozenset(naam for naam, _ in functies())
