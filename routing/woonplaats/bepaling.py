"""Which gemeente is responsible: the one entrance to the decision. Total: it answers or it names what is missing.

Whatever the order of the facts, and however often one is repeated, the answer is the same; `tests/routing/woonplaats`
holds it to that.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from routing.woonplaats import nieuw, oud
from routing.woonplaats.besluit import Bepaling, Regel, Regime
from routing.woonplaats.feiten import Feiten
from routing.woonplaats.redenering import Redenering, in_words

NIEUW_VANAF: Final = date(2022, 1, 1)
"""First day of the definition that follows the woonadres (Stb. 2020, 78)."""


def determine(feiten: Feiten) -> Bepaling:
    """Determine the responsible gemeente from what is known of a youth on `feiten.peildatum`."""
    regime = Regime.NIEUW if feiten.peildatum >= NIEUW_VANAF else Regime.OUD
    redenering = Redenering(feiten.peildatum, regime)
    welke = (
        "de woonplaats uit de BRP (vanaf 1-1-2022)" if regime is Regime.NIEUW else "het gezag (tot en met 31-12-2021)"
    )
    redenering.step(f"Op {in_words(feiten.peildatum)} geldt de definitie die uitgaat van {welke}.")
    if feiten.ongeboren or (feiten.geboortedatum is not None and feiten.geboortedatum > feiten.peildatum):
        return redenering.give_up(
            "Voor een ongeboren kind is er geen BSN en geen berichtenverkeer; regel het met de gemeente buiten het "
            "berichtenverkeer om, beveiligd.",
            "geboortedatum",
            regel=Regel.ONGEBOREN,
        )
    if feiten.zonder_bsn:
        return redenering.give_up("Zonder BSN is er niets op te vragen; overleg buiten het berichtenverkeer om.", "bsn")
    if tegenspraak := _contradictions(feiten):
        return redenering.give_up(" ".join(tegenspraak.values()), *tegenspraak)
    if regime is Regime.NIEUW:
        return nieuw.determine(feiten, redenering)
    return oud.determine(feiten, redenering)


def _contradictions(feiten: Feiten) -> dict[str, str]:
    """Name what cannot be true, whichever rule applies: per fact a sentence."""
    tegenspraak: dict[str, str] = {}
    if any(v.van is not None and v.tot is not None and v.tot < v.van for v in feiten.verblijf):
        tegenspraak["verblijf"] = "Een verblijf eindigt voor het begint."
    if any(a.van is not None and a.tot is not None and a.tot < a.van for a in feiten.brp or ()):
        tegenspraak["brp"] = "Een adres eindigt voor het begint."
    return tegenspraak
