"""Which gemeente is responsible: the one entrance to the decision. Total: it answers or it names what is missing.

Whatever the order of the facts, and however often one is repeated, the answer is the same; `tests/routing/woonplaats`
holds it to that. A period that ends before it begins counts only when it matters: when the answer would be another one
with its two days the other way round.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Final

from routing.woonplaats import nieuw, oud
from routing.woonplaats.besluit import Bepaling, Regel, Regime
from routing.woonplaats.feiten import Adresperiode, Feiten, Verblijf
from routing.woonplaats.redenering import Redenering, in_words

NIEUW_VANAF: Final = date(2022, 1, 1)
"""First day of the definition that follows the woonadres (Stb. 2020, 78)."""


_TEGENSPRAAK: Final = {
    "verblijf": "Een verblijf eindigt voor het begint.",
    "brp": "Een adres eindigt voor het begint.",
}
"""What cannot be true, by the fact in which it stands."""


def determine(feiten: Feiten) -> Bepaling:
    """Determine the responsible gemeente from what is known of a youth on `feiten.peildatum`."""
    bepaling = _decide(feiten)
    andersom = _the_other_way_round(feiten)
    anders = [een for een in andersom if not _same(bepaling, _decide(replace(feiten, **{een: andersom[een]})))]
    if not anders and len(andersom) > 1 and not _same(bepaling, _decide(replace(feiten, **andersom))):
        anders = [*andersom]
    if anders:
        return _begin(feiten).give_up(" ".join(_TEGENSPRAAK[een] for een in anders), *anders)
    return bepaling


def _decide(feiten: Feiten) -> Bepaling:
    """Decide, passing over periods that end before they begin."""
    redenering = _begin(feiten)
    if feiten.ongeboren or (feiten.geboortedatum is not None and feiten.geboortedatum > feiten.peildatum):
        return redenering.give_up(
            "Voor een ongeboren kind is er geen BSN en geen berichtenverkeer; regel het met de gemeente buiten het "
            "berichtenverkeer om, beveiligd.",
            "geboortedatum",
            regel=Regel.ONGEBOREN,
        )
    if feiten.zonder_bsn:
        return redenering.give_up("Zonder BSN is er niets op te vragen; overleg buiten het berichtenverkeer om.", "bsn")
    if redenering.regime is Regime.NIEUW:
        return nieuw.determine(feiten, redenering)
    return oud.determine(feiten, redenering)


def _begin(feiten: Feiten) -> Redenering:
    regime = Regime.NIEUW if feiten.peildatum >= NIEUW_VANAF else Regime.OUD
    redenering = Redenering(feiten.peildatum, regime)
    welke = (
        "de woonplaats uit de BRP (vanaf 1-1-2022)" if regime is Regime.NIEUW else "het gezag (tot en met 31-12-2021)"
    )
    redenering.step(f"Op {in_words(feiten.peildatum)} geldt de definitie die uitgaat van {welke}.")
    return redenering


def _the_other_way_round(feiten: Feiten) -> dict[str, Any]:
    """Give the facts that hold periods which end before they begin, with the days of those exchanged."""
    delen: dict[str, tuple[Verblijf | Adresperiode, ...]] = {"verblijf": feiten.verblijf, "brp": feiten.brp or ()}
    return {
        feit: tuple(_exchange(een) if een.impossible else een for een in perioden)
        for feit, perioden in delen.items()
        if any(een.impossible for een in perioden)
    }


def _exchange(een: Verblijf | Adresperiode) -> Verblijf | Adresperiode:
    return replace(een, van=een.tot, tot=een.van)


def _same(een: Bepaling, ander: Bepaling) -> bool:
    """Say whether two answers differ in their reasoning at most."""
    return een == replace(ander, motivering=een.motivering)
