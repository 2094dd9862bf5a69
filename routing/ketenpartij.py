"""What is particular to a ketenpartij, from `ketenpartijen.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from routing.functies import Functie


def judged_by_receiver(functie: Functie) -> str | None:
    """Name the ketenpartij at one end of a functie that judges payloads itself, None when there is none."""
    return next((code for code in (functie.naar, functie.van) if code in _judging()), None)


@cache
def _judging() -> frozenset[str]:
    ruw = tomllib.loads(files("routing").joinpath("ketenpartijen.toml").read_text(encoding="utf-8"))
    return frozenset(code for code, rij in ruw.items() if rij["toetst_zelf"])
