"""A Wlz-indication as the register of the CIZ keeps it, as far as a gemeente has to do with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Profiel:
    """A zorgprofiel of an indication: `code` from list COD163; without `einddatum` it goes on."""

    code: str
    ingangsdatum: date
    einddatum: date | None = None

    def holds_on(self, dag: date) -> bool:
        """Say whether it holds on a day; the last day counts."""
        return self.ingangsdatum <= dag and (self.einddatum is None or dag <= self.einddatum)


@dataclass(frozen=True, slots=True)
class Indicatie:
    """One decision.

    It holds from `ingangsdatum` up to and including `einddatum`, and from `vervaldatum` on not at all: another decision
    came in its place, or it was withdrawn.
    """

    kenmerk: UUID
    afgiftedatum: date
    ingangsdatum: date
    einddatum: date | None = None
    vervaldatum: date | None = None
    profielen: tuple[Profiel, ...] = ()

    def has_begun(self, dag: date) -> bool:
        """Say whether it holds on a day, or did before."""
        return self.ingangsdatum <= dag and (self.vervaldatum is None or self.ingangsdatum < self.vervaldatum)

    def has_ended(self, dag: date) -> bool:
        """Say whether it does not hold any more on a day."""
        voorbij = self.einddatum is not None and self.einddatum < dag
        return voorbij or (self.vervaldatum is not None and self.vervaldatum <= dag)

    def holds_on(self, dag: date) -> bool:
        """Say whether it holds on a day."""
        return self.has_begun(dag) and not self.has_ended(dag)
