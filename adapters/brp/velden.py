"""Which fields are asked, per purpose: never more than the facts need, and never a name or a street.

What comes along by itself (inOnderzoek, geheimhoudingPersoonsgegevens, opschortingBijhouding, rni, verificatie, and the
note that somebody does not live at an address) may not be asked for (Personen 2.7, `fields`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from routing.woonplaats.feitenbron import Feit

_JEUGDIGE: Final = ("burgerservicenummer", "geboorte.datum")
_PER_FEIT: Final = {
    Feit.ADRES: ("gemeenteVanInschrijving", "verblijfplaats.datumVan", "verblijfplaats.functieAdres"),
    Feit.MOEDER: (
        "ouders.burgerservicenummer",
        "ouders.geslacht",
        "ouders.datumIngangFamilierechtelijkeBetrekking",
    ),
    Feit.GEZAG: ("gezag", "ouders.burgerservicenummer", "ouders.geslacht", "ouders.ouderAanduiding"),
}
MOEDER: Final = ("burgerservicenummer", "gemeenteVanInschrijving", "datumInschrijvingInGemeente")
"""Of the mother: where she is registered, and since when."""

GEZAGSDRAGER: Final = (
    "burgerservicenummer",
    "gemeenteVanInschrijving",
    "verblijfplaats.datumVan",
    "verblijfplaats.functieAdres",
)
"""Of who has gezag: the gemeente where he lives."""


def of_youth(nodig: Iterable[Feit]) -> tuple[str, ...]:
    """Give the fields of the youth that these facts need."""
    return tuple(dict.fromkeys((*_JEUGDIGE, *(veld for feit in sorted(nodig) for veld in _PER_FEIT[feit]))))
