"""The definition of woonplaats from 1 January 2022 (Jeugdwet art. 1.1, Stb. 2020, 78; facts on the lookups §4.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from routing.woonplaats import oud
from routing.woonplaats.adres import Geen, address_on
from routing.woonplaats.besluit import Bepaling, Regel, Zekerheid
from routing.woonplaats.feiten import Adresperiode, Adressoort, Feiten, Verblijfsoort
from routing.woonplaats.redenering import Redenering, in_words, is_resident, name
from routing.woonplaats.verblijfsketen import WLZ_VANAF, Keten, find_chain

CONVENANT_TOT: Final = date(2023, 12, 31)
"""Last day of the convenant of May 2021 on stays whose first day is not known."""


def determine(feiten: Feiten, redenering: Redenering) -> Bepaling:
    """Decide by the definition from 2022 on; rows A, B, C and D of the table, first match wins."""
    dag = feiten.peildatum
    if any(v.soort is Verblijfsoort.MOEDER_KIND_HUIS and v.covers(dag) for v in feiten.verblijf):
        return redenering.give_up(
            "De jeugdige is in een moeder-kindhuis: of de hulp aan moeder of kind is gegeven, bepaalt wie betaalt. "
            "Overleg met de andere gemeente.",
            "verblijf",
        )
    keten = find_chain(feiten.verblijf, dag)
    if keten is None:
        _point_out(feiten, dag, redenering)
        redenering.step(
            f"Op {in_words(dag)} is er geen verblijf dat meetelt; het woonadres op die dag is bepalend (1°)."
        )
        return _by_address(feiten, dag, Regel.N1, redenering)
    if keten.van is None or keten.van == date.min:
        return _unknown_begin(feiten, redenering)
    return _before_the_stay(feiten, keten, keten.van, redenering)


def _point_out(feiten: Feiten, dag: date, redenering: Redenering) -> None:
    """Say which stays on the day whose address counts are none to us, where another reading of the law may differ."""
    for soort, deeltijd in sorted({(v.soort, v.deeltijd) for v in feiten.verblijf if v.covers(dag)}):
        if deeltijd:
            redenering.doubt("Verblijf in deeltijd telt niet als verblijf; daarover bestaat discussie.")
        elif soort is Verblijfsoort.WLZ_INSTELLING and feiten.peildatum < WLZ_VANAF:
            redenering.doubt(
                "Een Wlz-instelling staat in de wettekst van 2026 en niet in die van 2022; sinds wanneer is niet zeker."
            )
        elif soort is Verblijfsoort.MOEDER_KIND_HUIS:
            redenering.doubt("Of het moeder-kindhuis daarvoor bij het verblijf hoort is niet zeker.", "verblijf")
        elif soort is Verblijfsoort.OPVANG_ASIEL:
            redenering.step("Asielopvang is geen verblijf in de zin van 2°; het BRP-adres is bepalend.")


def _before_the_stay(feiten: Feiten, keten: Keten, begin: date, redenering: Redenering) -> Bepaling:
    dag, ervoor = feiten.peildatum, begin - timedelta(days=1)
    redenering.step(
        f"Op {in_words(dag)} is er verblijf ({_kinds(keten, dag)}), zonder onderbreking sinds {in_words(begin)}; "
        "het woonadres direct daarvoor is bepalend (2°)."
    )
    _point_out(feiten, ervoor, redenering)
    if feiten.geboortedatum is not None and begin <= feiten.geboortedatum:
        if begin == feiten.geboortedatum:
            redenering.step("De jeugdige is in het verblijf geboren; er is geen woonadres daarvoor.")
        else:
            redenering.doubt(
                "Het verblijf begon voor de geboorte en is dus eerst dat van de moeder; er is geen woonadres daarvoor.",
                "verblijf.van",
            )
        return _by_mother(feiten, redenering)
    return _by_address(feiten, ervoor, Regel.N2, redenering)


def _kinds(keten: Keten, dag: date) -> str:
    """Name the kinds of stay up to a day."""
    soorten = dict.fromkeys(v.soort.replace("_", " ") for v in keten.verblijven if v.van is None or v.van <= dag)
    return ", daarna ".join(soorten)


def _unknown_begin(feiten: Feiten, redenering: Redenering) -> Bepaling:
    """Row B': the two gemeenten decide together, and failing that the old definition tells who is responsible."""
    redenering.step("De jeugdige verblijft ergens, maar de eerste dag van het verblijf is niet bekend.")
    if feiten.peildatum > CONVENANT_TOT:
        return redenering.give_up(
            f"Het convenant dat hiervoor gold is op {in_words(CONVENANT_TOT)} geëindigd. Zoek de eerste dag uit; "
            "het woonadres van de dag daarvoor is bepalend.",
            "verblijf.van",
        )
    redenering.doubt(
        "De betrokken gemeenten bepalen samen wie verantwoordelijk is; worden zij het niet eens, dan is dat de "
        "gemeente die het volgens de definitie tot 2022 was (convenant woonplaatsbeginsel).",
        "verblijf.van",
    )
    volgens_oud = oud.determine(feiten, redenering)
    if volgens_oud.gemeente is None:
        return volgens_oud
    return replace(volgens_oud, regel=Regel.CONVENANT, zekerheid=Zekerheid.VOORLOPIG)


def _by_address(feiten: Feiten, dag: date, regel: Regel, redenering: Redenering) -> Bepaling:
    """Row D: what the address on a day says."""
    adres = address_on(feiten.brp, dag, feiten.peildatum)
    if adres is Geen.TEGENSTRIJDIG:
        return redenering.give_up(f"Er zijn verschillende adressen op {in_words(dag)}; één kan er kloppen.", "brp")
    if adres is Geen.NIET_BEKEND:
        return redenering.give_up(
            f"Het BRP-adres op {in_words(dag)} is niet bekend. Vraag het op, of geef het zelf op.", "brp"
        )
    if adres is Geen.NIET_INGESCHREVEN:
        redenering.step("De jeugdige staat niet in de BRP; er is geen woonadres.")
        return _by_mother(feiten, redenering)
    if adres.opgegeven:
        redenering.doubt(f"Het adres op {in_words(dag)} is opgegeven en niet uit de BRP gelezen.", "brp")
    if adres.in_onderzoek and not adres.aantekening_226:
        return redenering.give_up(
            f"Naar het adres op {in_words(dag)} loopt een onderzoek; wacht de uitkomst af of overleg.", "brp"
        )
    return _by_kind(feiten, adres, dag, regel, redenering)


def _by_kind(feiten: Feiten, adres: Adresperiode, dag: date, regel: Regel, redenering: Redenering) -> Bepaling:
    if adres.soort is Adressoort.BUITENLAND:
        redenering.step(f"Op {in_words(dag)} was de woonplaats in het buitenland (4°).")
        return _by_actual_stay(feiten, Regel.N4, redenering)
    if adres.soort is Adressoort.WOONADRES and not adres.aantekening_226:
        if adres.gemeente is not None:
            redenering.step(f"Het woonadres op {in_words(dag)} lag in gemeente {name(adres.gemeente)}.")
        return redenering.conclude(regel, adres.gemeente, "brp", dag)
    if adres.aantekening_226:
        redenering.step(
            f"Bij het adres op {in_words(dag)} staat dat de jeugdige er niet woont (Wet BRP 2.26); 3° geldt."
        )
    elif adres.soort is Adressoort.BRIEFADRES:
        redenering.step(f"Op {in_words(dag)} was er een briefadres; dat is geen woonadres, dus 3° geldt.")
    else:
        redenering.step(f"Op {in_words(dag)} was het adres onbekend; 3° geldt.")
    return _by_mother(feiten, redenering)


def _by_mother(feiten: Feiten, redenering: Redenering) -> Bepaling:
    moeder = feiten.moeder_gemeente_bij_geboorte
    if is_resident(moeder):
        redenering.step(f"De moeder was bij de geboorte ingeschreven in gemeente {name(moeder)} (3°).")
        return redenering.conclude(Regel.N3A, moeder, "moeder_gemeente_bij_geboorte", feiten.geboortedatum)
    if moeder is None:
        redenering.doubt(
            "Waar de moeder bij de geboorte was ingeschreven is niet bekend.", "moeder_gemeente_bij_geboorte"
        )
    else:
        redenering.step("De moeder was bij de geboorte niet als ingezetene ingeschreven.")
    return _by_actual_stay(feiten, Regel.N3B, redenering)


def _by_actual_stay(feiten: Feiten, regel: Regel, redenering: Redenering) -> Bepaling:
    if feiten.werkelijk_verblijf is None:
        return redenering.give_up(
            "Dan telt waar de jeugdige werkelijk verbleef toen om hulp werd gevraagd; dat is niet bekend.",
            "werkelijk_verblijf",
        )
    redenering.doubt(
        f"De jeugdige verbleef bij de hulpvraag werkelijk in gemeente {name(feiten.werkelijk_verblijf)}; dat is "
        "opgegeven en kan veranderen."
    )
    return redenering.conclude(regel, feiten.werkelijk_verblijf, "werkelijk_verblijf", feiten.peildatum)
