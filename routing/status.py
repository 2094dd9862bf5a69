"""What a bericht can be, in the words users know from the chain, and which status may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """Status of a bericht; the value is what users read (design §3)."""

    ONTVANGEN = "Ontvangen"
    WORDT_VERWERKT = "Wordt verwerkt"
    AFGEKEURD = "Afgekeurd"
    WORDT_AANGEBODEN = "Wordt aangeboden"
    BEZORGD = "Bezorgd"
    AANBIEDEN_MISLUKT = "Aanbieden mislukt"
    BEZORGING_AFGEBROKEN = "Bezorging afgebroken"
    VERVALLEN = "Vervallen"


_NIET_BEZORGD = frozenset({Status.BEZORGING_AFGEBROKEN, Status.VERVALLEN})

_OPNIEUW = frozenset({Status.WORDT_VERWERKT, Status.WORDT_AANGEBODEN})

OVERGANGEN: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        Status.ONTVANGEN: frozenset({Status.WORDT_VERWERKT, Status.AFGEKEURD, Status.WORDT_AANGEBODEN}) | _NIET_BEZORGD,
        Status.WORDT_VERWERKT: frozenset({Status.AFGEKEURD, Status.WORDT_AANGEBODEN}) | _NIET_BEZORGD,
        Status.WORDT_AANGEBODEN: frozenset({Status.BEZORGD, Status.AANBIEDEN_MISLUKT}) | _NIET_BEZORGD,
        Status.AANBIEDEN_MISLUKT: frozenset({Status.WORDT_AANGEBODEN}) | _NIET_BEZORGD,
        Status.AFGEKEURD: frozenset(),
        Status.BEZORGD: frozenset(),
        # An operator may have it offered again (`routing.herzending`).
        Status.BEZORGING_AFGEBROKEN: _OPNIEUW,
        Status.VERVALLEN: _OPNIEUW,
    }
)
"""The one transition table: what is not in it, does not happen."""


class OngeldigeOvergang(ValueError):
    """A status was asked that may not follow the current one."""

    def __init__(self, van: Status, naar: Status) -> None:
        super().__init__(f"een bericht met status {van.value!r} kan niet {naar.value!r} worden")
        self.van = van
        self.naar = naar


def check_transition(van: Status, naar: Status) -> None:
    """Check that `naar` may follow `van`.

    Raises:
        OngeldigeOvergang: it may not.
    """
    if naar not in OVERGANGEN[van]:
        raise OngeldigeOvergang(van, naar)


def predecessors(naar: Status) -> tuple[Status, ...]:
    """Return the statuses that `naar` may follow."""
    return tuple(van for van, volgende in OVERGANGEN.items() if naar in volgende)
