"""The definition of woonplaats up to 31 December 2021 (Jeugdwet art. 1.1, text of 2015; BW 1:10 and 1:12).

It follows who has gezag, so it asks for other facts than the one from 2022 on (facts on the lookups §4.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from istandaarden.gemeenten import is_gemeente, succeed
from routing.woonplaats.adres import Geen, address_on
from routing.woonplaats.besluit import Bepaling, Regel
from routing.woonplaats.feiten import Adressoort, Feiten, Gezagsdrager, Gezagssoort
from routing.woonplaats.redenering import Redenering, in_words, is_resident, name

_VOLWASSEN: Final = 18
_WOORDEN: Final = {Gezagssoort.VOOGD_GI: "een gecertificeerde instelling", Gezagssoort.ONBEKEND: "onbekend"}


def determine(feiten: Feiten, redenering: Redenering) -> Bepaling:
    """Decide by the definition before 2022; rows O4, O2, O1 and O3 of the table, first match wins."""
    if feiten.geboortedatum is None:
        return redenering.give_up("Zonder geboortedatum is niet te zeggen of de jeugdige 18 was.", "geboortedatum")
    if _age(feiten.geboortedatum, feiten.peildatum) >= _VOLWASSEN:
        return _own(feiten, redenering)
    if feiten.gezag is None:
        redenering.doubt("Wie het gezag heeft is niet bekend.", "gezag")
        return _actual_stay(feiten, Regel.O3, redenering)
    if feiten.gezag_van_nu:
        redenering.doubt(
            f"Het gezag is dat van nu; of het op {in_words(feiten.peildatum)} zo was staat niet vast.", "gezag"
        )
    dragers = _distinct(feiten.gezag, feiten.peildatum)
    if any(g.wie is Gezagssoort.VOOGD_GI for g in dragers):
        if len(dragers) > 1:
            return redenering.give_up("Naast een gecertificeerde instelling kan niemand het gezag hebben.", "gezag")
        redenering.step("Een gecertificeerde instelling heeft de voogdij; het werkelijke verblijf is bepalend (2°).")
        return _actual_stay(feiten, Regel.O2, redenering)
    if not dragers or any(g.wie is Gezagssoort.ONBEKEND for g in dragers):
        redenering.doubt("Niemand is bekend die het gezag heeft (3°).")
        return _actual_stay(feiten, Regel.O3, redenering)
    if len(dragers) > 2 or len({g.wie for g in dragers}) < len(dragers):
        return redenering.give_up("De gegevens over het gezag spreken elkaar tegen.", "gezag")
    return _by_parents(feiten, dragers, redenering)


def _distinct(gezag: Iterable[Gezagsdrager], dag: date) -> list[Gezagsdrager]:
    """Give who has gezag, each once: an old and a new code of one gemeente say the same."""
    op_volgorde = sorted(gezag, key=lambda g: (g.wie, not is_gemeente(g.gemeente or "", dag), g.gemeente or ""))
    eerste: dict[object, Gezagsdrager] = {}
    for drager in op_volgorde:
        eerste.setdefault((drager.wie, _place(drager, dag)), drager)
    return [*eerste.values()]


def _age(geboren: date, dag: date) -> int:
    return dag.year - geboren.year - ((dag.month, dag.day) < (geboren.month, geboren.day))


def _own(feiten: Feiten, redenering: Redenering) -> Bepaling:
    dag = feiten.peildatum
    redenering.step("De jeugdige is 18 of ouder; de eigen woonplaats is bepalend (4°).")
    adres = address_on(feiten.brp, dag)
    if adres is Geen.NIET_BEKEND:
        return redenering.give_up(f"Het BRP-adres op {in_words(dag)} is niet bekend.", "brp")
    if adres is Geen.TEGENSTRIJDIG:
        return redenering.give_up(f"Er zijn verschillende adressen op {in_words(dag)}; één kan er kloppen.", "brp")
    if adres is Geen.NIET_INGESCHREVEN or adres.soort is not Adressoort.WOONADRES or adres.aantekening_226:
        redenering.step("Er is geen woonadres in Nederland; dan telt het werkelijke verblijf (BW 1:10, 3°).")
        redenering.onzeker = True
        return _actual_stay(feiten, Regel.O3, redenering)
    if adres.in_onderzoek:
        return redenering.give_up(f"Naar het adres op {in_words(dag)} loopt een onderzoek.", "brp")
    if adres.opgegeven:
        redenering.doubt(f"Het adres op {in_words(dag)} is opgegeven en niet uit de BRP gelezen.", "brp")
    return redenering.conclude(Regel.O4, adres.gemeente, "brp", dag)


def _by_parents(feiten: Feiten, dragers: list[Gezagsdrager], redenering: Redenering) -> Bepaling:
    """Row O1: one who has gezag, or two; with different woonplaatsen the youth follows who he stays with."""
    wie = " en ".join(_describe(g) for g in dragers)
    redenering.step(f"Het gezag ligt bij {wie}; de jeugdige volgt diens woonplaats (1°).")
    drager = dragers[0]
    if len({_place(g, feiten.peildatum) for g in dragers}) > 1:
        bij = [g for g in dragers if g.wie is feiten.laatst_bij]
        if not bij:
            return redenering.give_up(
                "De ouders wonen niet in dezelfde gemeente; bij wie de jeugdige verblijft of het laatst verbleef is "
                "niet bekend.",
                "laatst_bij",
            )
        drager = bij[0]
        redenering.step(f"De jeugdige verblijft of verbleef het laatst bij {drager.wie} (BW 1:12).")
    if drager.buitenland or not is_resident(drager.gemeente):
        waar = "in het buitenland" if drager.buitenland else "op een onbekende plaats"
        redenering.doubt(f"{drager.wie.capitalize()} woont {waar}; dan telt het werkelijke verblijf (3°).")
        if not drager.buitenland:
            redenering.ontbrekend.append("gezag")
        return _actual_stay(feiten, Regel.O3, redenering)
    return redenering.conclude(Regel.O1, drager.gemeente, "gezag", feiten.peildatum)


def _place(drager: Gezagsdrager, dag: date) -> tuple[str | None, bool]:
    """Give where one lives in the code of the day: an old and a new code may stand for the same gemeente."""
    opvolging = succeed(drager.gemeente, dag) if drager.gemeente else None
    return (opvolging.code if opvolging else None) or drager.gemeente, drager.buitenland


def _describe(drager: Gezagsdrager) -> str:
    waar = "buitenland" if drager.buitenland else name(drager.gemeente) if drager.gemeente else "woonplaats onbekend"
    return f"{_WOORDEN.get(drager.wie, drager.wie)} ({waar})"


def _actual_stay(feiten: Feiten, regel: Regel, redenering: Redenering) -> Bepaling:
    if feiten.werkelijk_verblijf is None:
        return redenering.give_up("Waar de jeugdige werkelijk verblijft is niet bekend.", "werkelijk_verblijf")
    redenering.step(f"De jeugdige verblijft werkelijk in gemeente {name(feiten.werkelijk_verblijf)}.")
    return redenering.conclude(regel, feiten.werkelijk_verblijf, "werkelijk_verblijf", feiten.peildatum)
