"""How an answer comes about: steps in Dutch, and the last step, which looks up what a gemeente is called today."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeGuard

from istandaarden.gemeenten import gemeentenaam, succeed
from routing.woonplaats.besluit import Bepaling, Regel, Regime, Zekerheid

_GEEN_GEMEENTE: Final = frozenset({"0000", "1999"})
"""Unknown, and the registration of non-residents (Landelijke Tabel 33): no gemeenten."""


def in_words(dag: date) -> str:
    """Write a day the way people do: ``5-1-2019``."""
    return f"{dag.day}-{dag.month}-{dag.year}"


def name(code: str) -> str:
    """Write a gemeente: ``0344 (Utrecht)``."""
    naam = gemeentenaam(code)
    return f"{code} ({naam})" if naam else code


def is_resident(code: str | None) -> TypeGuard[str]:
    """Say whether who is registered under a code lives in the Netherlands; not so for the RNI and for 'unknown'."""
    return code is not None and code not in _GEEN_GEMEENTE


@dataclass(slots=True)
class Redenering:
    """The steps of one decision."""

    peildatum: date
    regime: Regime
    stappen: list[str] = field(default_factory=list)
    ontbrekend: list[str] = field(default_factory=list)
    onzeker: bool = False

    def step(self, zin: str) -> None:
        """Note a step."""
        self.stappen.append(zin)

    def doubt(self, zin: str, *feiten: str) -> None:
        """Note why the answer cannot be firm, and which facts would make it so."""
        self.stappen.append(zin)
        self.onzeker = True
        self.ontbrekend += [feit for feit in feiten if feit not in self.ontbrekend]

    def give_up(self, zin: str, *feiten: str, regel: Regel = Regel.HANDMATIG) -> Bepaling:
        """End without an answer: a person has to look at it, for want of these facts."""
        self.doubt(zin, *feiten)
        return Bepaling(
            self.peildatum,
            self.regime,
            regel,
            Zekerheid.HANDMATIG,
            tuple(self.stappen),
            ontbrekend=tuple(self.ontbrekend),
        )

    def conclude(self, regel: Regel, gemeente: str | None, feit: str, referentiedatum: date) -> Bepaling:
        """End with a gemeente, in its code of the peildatum.

        Args:
            regel: the rule that gave it.
            gemeente: its code in the source.
            feit: name of the fact that holds the code.
            referentiedatum: day whose address or registration counted.
        """
        opvolging = succeed(gemeente, self.peildatum) if gemeente is not None else None
        if gemeente is None or opvolging is None:
            wat = f"{gemeente} is sinds 2015 geen gemeentecode" if gemeente else "de gemeentecode ontbreekt"
            return self.give_up(f"Er is geen uitkomst: {wat}.", feit)
        if opvolging.code is None:
            namen = ", ".join(name(code) for code in opvolging.codes)
            return self.give_up(
                f"Gemeente {name(gemeente)} is gesplitst; welke opvolger het is hangt van het adres af: {namen}.",
                "postcode",
            )
        if opvolging.code != gemeente:
            wanneer = in_words(opvolging.stappen[-1][1])
            self.step(f"Gemeente {name(gemeente)} is door herindeling opgegaan in {name(opvolging.code)} ({wanneer}).")
        self.step(f"Verantwoordelijk is gemeente {name(opvolging.code)}.")
        return Bepaling(
            self.peildatum,
            self.regime,
            regel,
            Zekerheid.VOORLOPIG if self.onzeker else Zekerheid.VAST,
            tuple(self.stappen),
            gemeente=opvolging.code,
            gemeentenaam=gemeentenaam(opvolging.code),
            gemeente_toen=gemeente,
            referentiedatum=referentiedatum,
            ontbrekend=tuple(self.ontbrekend),
        )
