"""Functies that the hub passes on: between which kinds of partij, in which envelope, with which payload.

The i-berichten come from the catalogue of `istandaarden`; what else travels in the chain stands in `functies.toml`, and
in a file of that name in the operator's own folder (`istandaarden.standaardmap`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from istandaarden.catalogus import Berichtsoort
from istandaarden.standaardmap import Standaardfout, in_gebruik, standaardmap
from routing.bericht import Berichtcode, Bestandsvorm
from routing.partij import KETENPARTIJEN, Partij, Partijsoort

EIGEN_BESTAND = "functies.toml"
"""Name of the file in the operator's own folder."""

_BEIDE = frozenset({Berichtcode.DI01, Berichtcode.DU01})
_EINDEN = frozenset({Partijsoort.GEMEENTE, Partijsoort.ZORGAANBIEDER, *KETENPARTIJEN})


class Pgb(StrEnum):
    """What a functie about pgb's is, in iPgb 1.0 or 2."""

    TOEKENNING = "toekenning"
    AFSLUITING = "afsluiting"
    RETOUR = "retour"


@dataclass(frozen=True, slots=True)
class Functie:
    """One functie in one version.

    `van` and `naar` are a kind of partij (``gemeente``, ``zorgaanbieder``) or the code of a ketenpartij, in the
    direction the bericht physically travels. `vormen` are the forms it may have, the usual one first; `extensies` are
    the endings that the name of a file may have, none for any. `berichtsoort` is None when the payload is passed on
    unread. `pgb` says what it is between a gemeente and who pays its pgb's, None for anything else.
    """

    naam: str
    versie: str
    van: str
    naar: str
    berichtcodes: frozenset[Berichtcode]
    vormen: tuple[Bestandsvorm, ...]
    berichtsoort: Berichtsoort | None = None
    extensies: tuple[str, ...] = ()
    pgb: Pgb | None = None

    @property
    def vorm(self) -> Bestandsvorm:
        """The form in which it usually travels."""
        return self.vormen[0]

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
    return Functie(
        soort.code, soort.release, soort.van, soort.naar, codes, (Bestandsvorm.XML,), soort, (), _pgb_of(soort)
    )


def _pgb_of(soort: Berichtsoort) -> Pgb | None:
    if soort.standaard != "ipgb":
        return None
    return {"501": Pgb.TOEKENNING, "507": Pgb.AFSLUITING}.get(soort.code[-3:], Pgb.RETOUR)


class _Rij(BaseModel):
    """One ``[[functie]]`` of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    namen: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,29}$")]], Field(min_length=1)
    ]
    versies: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})$")]],
        Field(min_length=1),
    ]
    van: str
    naar: str
    berichtcode: Literal[Berichtcode.DI01, Berichtcode.DU01]
    vormen: Annotated[list[Bestandsvorm], Field(min_length=1)] = [Bestandsvorm.XML]
    extensies: list[Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,10}$")]] = []
    pgb: Pgb | None = None


class _Bestand(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    functie: list[_Rij]


def _from_toml(tekst: str) -> Iterator[Functie]:
    for rij in _Bestand.model_validate(tomllib.loads(tekst)).functie:
        if (vreemd := {rij.van, rij.naar} - _EINDEN) or rij.van == rij.naar:
            fout = f"onbekende partij {min(vreemd)}" if vreemd else "van en naar zijn gelijk"
            raise ValueError(f"{rij.namen[0]}: {fout}; kies uit {', '.join(sorted(_EINDEN))}")
        if rij.pgb is not None and {rij.van, rij.naar} not in ({"gemeente", "SVB"}, {"gemeente", "VWS"}):
            raise ValueError(f"{rij.namen[0]}: pgb hoort bij een functie tussen gemeente en SVB of VWS")
        for naam in rij.namen:
            for versie in rij.versies:
                codes, vormen = frozenset({rij.berichtcode}), tuple(rij.vormen)
                yield Functie(naam, versie, rij.van, rij.naar, codes, vormen, None, tuple(rij.extensies), rij.pgb)


def _own() -> list[Functie]:
    """Read the functies of the operator; those of an i-bericht stay what the catalogue says.

    Raises:
        Standaardfout: with what is wrong in the file.
    """
    map_ = standaardmap()
    if map_ is None:
        return []
    try:
        return list(_from_toml((map_ / EIGEN_BESTAND).read_text(encoding="utf-8-sig")))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except ValidationError as fout:
        plekken = ", ".join(dict.fromkeys(".".join(map(str, f["loc"])) for f in fout.errors()))
        raise Standaardfout(f"{EIGEN_BESTAND}: hier klopt de sleutel of de waarde niet: {plekken}.") from None
    except OSError as fout:
        raise Standaardfout(f"{EIGEN_BESTAND} is niet te lezen ({fout.strerror}).") from None
    except UnicodeDecodeError:
        raise Standaardfout(f"{EIGEN_BESTAND} is geen UTF-8-tekst.") from None
    except tomllib.TOMLDecodeError as fout:
        raise Standaardfout(f"{EIGEN_BESTAND} is geen geldige TOML: {fout}.") from None
    except ValueError as fout:
        raise Standaardfout(f"{EIGEN_BESTAND}: {fout}.") from None


@cache
def functies() -> Mapping[tuple[str, str], Functie]:
    """Return all functies by (naam, versie); read once.

    Raises:
        Standaardfout: the operator's own file cannot be used.
    """
    catalogus = in_gebruik()  # first: it tells what is wrong with the folder itself
    ons = files("routing").joinpath("functies.toml").read_text(encoding="utf-8")
    alle = [*_from_toml(ons), *_own(), *(_from_catalogus(soort) for soort in catalogus)]
    return {(functie.naam, functie.versie): functie for functie in alle}


@cache
def namen() -> frozenset[str]:
    """Return the names of all functies, of any version."""
    return frozenset(naam for naam, _ in functies())
