"""How an answer comes about: steps in Dutch, and the last step, which looks up what a gemeente is called today."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeGuard

from istandaarden.gemeenten import Opvolging, gemeentenaam, succeed, was_gemeente
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

    def conclude(self, regel: Regel, gemeente: str | None, feit: str, referentiedatum: date | None) -> Bepaling:
        """End with a gemeente, in its code of the peildatum.

        Args:
            regel: the rule that gave it.
            gemeente: its code in the source.
            feit: name of the fact that holds the code.
            referentiedatum: day whose address or registration counted, None when it is not known.
        """
        if gemeente is None:
            return self.give_up("De gemeentecode ontbreekt.", feit)
        opvolging = succeed(gemeente, self.peildatum)
        if opvolging is None:
            return self.give_up(
                f"{gemeente} is sinds 2015 geen gemeentecode. Hield de gemeente eerder op te bestaan, geef dan de code "
                "van haar opvolger op.",
                feit,
            )
        if opvolging.code is None:
            namen = ", ".join(name(code) for code in opvolging.codes)
            gesplitst = was_gemeente(gemeente, self.peildatum)
            wat = "is gesplitst" if gesplitst else f"bestond op {in_words(self.peildatum)} nog niet"
            return self.give_up(
                f"Gemeente {name(gemeente)} {wat}; welke gemeente het op die dag was hangt van het adres af: {namen}. "
                "Zoek met de postcode uit welke, en geef die code op.",
                feit,
                "postcode",
            )
        if opvolging.code != gemeente:
            self.step(f"{self._explain(gemeente, opvolging)}.")
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

    def _explain(self, gemeente: str, opvolging: Opvolging) -> str:
        """Say why a gemeente has another code on the peildatum."""
        if not opvolging.stappen:
            return f"Gemeente {name(gemeente)} heette op {in_words(self.peildatum)} nog {name(opvolging.codes[0])}"
        weg = [*(f"{name(code)} tot {in_words(dag)}" for code, dag in opvolging.stappen), name(opvolging.codes[0])]
        return f"Door herindeling ging de gemeente over: {', daarna '.join(weg)}"
