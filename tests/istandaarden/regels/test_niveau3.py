"""Every rule of level 3 on both standaarden: a story whose last bericht breaks just that rule, and one that fits.

A case gives the bericht that breaks the rule and the one that does not, after what it sent before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from verhaal import ANDER_BSN, BSN, XSD, Verhaal, maand

from istandaarden.regels.boek import regels

Geval = Callable[[Verhaal], tuple[bytes, bytes]]
_GEVALLEN: list[tuple[str, Geval]] = []


def geval(code: str) -> Callable[[Geval], Geval]:
    def note(verhaal: Geval) -> Geval:
        _GEVALLEN.append((code, verhaal))
        return verhaal

    return note


@pytest.mark.parametrize("standaard", ["iwmo", "ijw"])
@pytest.mark.parametrize(("code", "verhaal"), _GEVALLEN, ids=lambda deel: getattr(deel, "__name__", deel))
def test_names_exactly_the_rule_that_is_broken(code: str, verhaal: Geval, standaard: str) -> None:
    v = Verhaal(standaard)
    fout, goed = verhaal(v)
    bevindingen = v.judge(fout).bevindingen
    regel = regels()[code, standaard]
    assert {b.code for b in bevindingen} == {code}
    for bevinding in bevindingen:
        assert (bevinding.niveau, bevinding.retourcode) == (3, regel.retourcode)
        assert bevinding.melding.startswith(regel.stelling)
        assert bevinding.melding.endswith(regel.advies)
        assert bevinding.regel > 0
    assert v.codes(goed) == []


def test_no_rule_is_missing() -> None:
    niveau3 = {code for (code, _), regel in regels().items() if regel.niveau == 3}
    assert len(niveau3) == 52
    assert niveau3 == {code for code, _ in _GEVALLEN}


# --- the Header, and the client ------------------------------------------------------------------------------------


@geval("TR056")
def identificatie_again(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(identificatie="X1"))
    return v.wijs_toe(identificatie="X1"), v.wijs_toe(identificatie="X2")


@geval("TR056")
def identificatie_of_another_berichtsoort_or_sender_is_free(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(identificatie="X1"))
    v.zend(v.start(identificatie="X1"))
    return v.start({"StatusAanlevering": "3"}, identificatie="X1"), v.stop(identificatie="X1")


@geval("TR304")
def unknown_client_in_a_declaratie(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    return v.declareer(bsn=ANDER_BSN), v.declareer()


@geval("TR304")
def unknown_client_in_a_request_for_change(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    return v.vraag_wijziging(wijzigt=[{}], bsn=ANDER_BSN), v.vraag_wijziging(wijzigt=[{}])


@geval("TR304")
def unknown_client_in_an_answer(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    declaratie = v.zend(v.declareer())
    return v.beantwoord(declaratie, v.prestatie(), bsn=ANDER_BSN), v.beantwoord(declaratie, v.prestatie())


# --- start and stop ------------------------------------------------------------------------------------------------


@geval("TR019")
def start_without_toewijzing(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    return v.start({"ToewijzingNummer": "101"}), v.start({"ToewijzingNummer": "100"})


@geval("TR019")
def start_on_the_toewijzing_of_another(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    return v.start(bsn=ANDER_BSN), v.start({"ToewijzingNummer": None}, bsn=ANDER_BSN)  # the latter is taakgericht


@geval("TR019")
def start_on_a_deleted_toewijzing(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(v.toewijzing(), v.andere()))
    v.zend(_delete(v))
    ander = {"ToewijzingNummer": "101", "Product": {"Categorie": v.ander_categorie}}
    return v.start({}), v.start(ander)


@geval("TR063")
def remove_what_was_never_sent(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    weg = {"StatusAanlevering": "3"}
    return v.start({**weg, "Begindatum": date(2026, 1, 6)}), v.start(weg)


@geval("TR063")
def remove_twice(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    v.zend(v.stop())
    v.zend(v.stop({"StatusAanlevering": "3"}))
    return v.stop({"StatusAanlevering": "3"}), v.stop()


@geval("TR071")
def remove_a_start_that_stopped(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(v.toewijzing(), v.andere()))
    v.zend(v.start())
    v.zend(v.stop())
    ander = {"ToewijzingNummer": "101", "Product": {"Categorie": v.ander_categorie}}
    v.zend(v.start(ander))
    return v.start({"StatusAanlevering": "3"}), v.start({**ander, "StatusAanlevering": "3"})


@geval("TR074")
def the_same_start_again(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    v.zend(v.stop())
    return v.start(), v.start({"Begindatum": date(2026, 4, 1)})


@geval("TR074")
def the_same_start_again_while_it_runs(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    correctie = v.start({"StatusAanlevering": "3"}, {"Begindatum": date(2026, 1, 6)})
    return v.start(), correctie


@geval("TR074")
def the_same_stop_again(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    v.zend(v.stop({"RedenBeeindiging": "20"}))
    return v.stop({"RedenBeeindiging": "20"}), v.stop()


@geval("TR326")
def start_while_another_runs(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    return v.start({"Begindatum": date(2026, 4, 1)}), v.stop()


@geval("TR326")
def two_starts_in_one_bericht(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    return v.start({}, {"Begindatum": date(2026, 4, 1)}), v.start({})


@geval("TR326")
def start_after_a_temporary_stop(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    v.zend(v.stop({"RedenBeeindiging": "20"}))
    v.zend(v.start({"Begindatum": date(2026, 4, 1)}))
    weer = v.stop({"Begindatum": date(2026, 4, 1), "Einddatum": date(2026, 5, 1)})
    return v.start({"Begindatum": date(2026, 5, 1)}), weer


@geval("TR326")
def taakgericht_start_while_another_runs(v: Verhaal) -> tuple[bytes, bytes]:
    taak = {"ToewijzingNummer": None, "ToewijzingIngangsdatum": None}
    v.zend(v.start(taak))
    ander = {**taak, "Product": {"Categorie": v.ander_categorie}}
    return v.start({**taak, "Begindatum": date(2026, 4, 1)}), v.start(ander)


@geval("TR382")
def stop_with_another_key(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    return v.stop({"Begindatum": date(2026, 1, 6)}), v.stop()


@geval("TR382")
def stop_of_an_earlier_start(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    v.zend(v.stop({"RedenBeeindiging": "20"}))
    later = {"Begindatum": date(2026, 4, 1), "Einddatum": date(2026, 5, 1)}
    v.zend(v.start({"Begindatum": date(2026, 4, 1)}))
    return v.stop({"Einddatum": date(2026, 5, 1)}), v.stop(later)


@geval("TR382")
def stop_of_an_earlier_start_as_a_correction(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    v.zend(v.stop({"RedenBeeindiging": "20"}))
    v.zend(v.start({"Begindatum": date(2026, 4, 1)}))
    weg = {"RedenBeeindiging": "20", "StatusAanlevering": "3"}
    return v.stop({"Begindatum": date(2026, 4, 2), "Einddatum": date(2026, 5, 1)}), v.stop(weg, {})


@geval("TR413")
def two_temporary_stops(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    v.zend(v.stop({"RedenBeeindiging": "20"}))
    later = {"Einddatum": date(2026, 4, 1)}
    return v.stop({"RedenBeeindiging": "20", **later}), v.stop(later)


@geval("TR414")
def stop_that_ends_earlier(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    v.zend(v.stop({"RedenBeeindiging": "20"}))
    return v.stop({"Einddatum": date(2026, 2, 1)}), v.stop({"Einddatum": date(2026, 3, 1)})


@geval("TR415")
def stop_after_the_last(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    v.zend(v.stop())
    later = {"Einddatum": date(2026, 4, 1)}
    return v.stop(later), v.stop({"StatusAanlevering": "3"}, later)


@geval("TR415")
def two_last_stops_in_one_bericht(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    later = {"Einddatum": date(2026, 4, 1)}
    return v.stop(later, {}), v.stop(later, {"RedenBeeindiging": "20"})


# --- toewijzing ----------------------------------------------------------------------------------------------------


@geval("TR332")
def nummer_of_another_client(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    return v.wijs_toe(bsn=ANDER_BSN), v.wijs_toe(v.toewijzing(ToewijzingNummer="101"), bsn=ANDER_BSN)


@geval("TR332")
def nummer_at_another_aanbieder(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    elders = "90000002"
    return v.wijs_toe(Ontvanger=elders), v.wijs_toe(v.toewijzing(ToewijzingNummer="101"), Ontvanger=elders)


@geval("TR332")
def nummer_with_another_product(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    later = {"Toewijzingsdatum": date(2026, 3, 1), "Product": {"Categorie": v.categorie}, "Omvang": None}
    gewijzigd = {**later, "RedenWijziging": "14"}  # not allowed either (OP033x1), but no retour code is about that
    dag = date(2026, 3, 2)
    return v.wijs_toe(v.toewijzing(**later), dag=dag), v.wijs_toe(v.toewijzing(**gewijzigd), dag=dag)


@geval("TR379")
def referentie_of_no_request(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.vraag())
    dag = date(2026, 2, 5)
    return (
        v.wijs_toe(v.toewijzing(ReferentieAanbieder="VOT-2"), dag=dag),
        v.wijs_toe(v.toewijzing(ReferentieAanbieder="VOT-1"), dag=dag),
    )


@geval("TR379")
def referentie_of_a_request_for_another(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.vraag())
    v.zend(v.vraag({"ReferentieAanbieder": "VOT-2"}, bsn=ANDER_BSN))
    dag = date(2026, 2, 5)
    return (
        v.wijs_toe(v.toewijzing(ReferentieAanbieder="VOT-2"), dag=dag),
        v.wijs_toe(v.toewijzing(ReferentieAanbieder="VOT-2"), dag=dag, bsn=ANDER_BSN),
    )


@geval("TR379")
def referentie_on_a_later_version(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.vraag())
    eerste = v.toewijzing(ReferentieAanbieder="VOT-1", Toewijzingsdatum=date(2026, 2, 4))
    v.zend(v.wijs_toe(eerste, dag=date(2026, 2, 5)))
    later = {"Toewijzingsdatum": date(2026, 3, 1), "RedenWijziging": "05", "Einddatum": date(2026, 10, 31)}
    return v.wijs_toe(eerste | later, dag=date(2026, 3, 1)), v.wijs_toe(eerste, dag=date(2026, 3, 1))


@geval("TR379")
def referentie_on_a_part_of_a_request_for_change(v: Verhaal) -> tuple[bytes, bytes]:
    ander = v.andere()
    v.zend(v.wijs_toe(v.toewijzing(), ander))
    v.zend(v.vraag_wijziging(blijft=["101"], wijzigt=[{}]))
    met = {"ReferentieAanbieder": "VOW-1"}
    gewijzigd = v.toewijzing(Toewijzingsdatum=date(2026, 6, 3), RedenWijziging="12", Einddatum=date(2026, 6, 30), **met)
    dag = date(2026, 6, 4)
    return v.wijs_toe(gewijzigd, ander, dag=dag), v.wijs_toe(gewijzigd, ander | met, dag=dag)


@geval("TR385")
def delete_what_was_granted(v: Verhaal) -> tuple[bytes, bytes]:
    ander = v.andere()
    v.zend(v.wijs_toe(v.toewijzing(), ander))
    v.zend(v.beantwoord(v.zend(v.declareer())))
    weg = {"Toewijzingsdatum": date(2026, 7, 1), "RedenWijziging": "13", "Einddatum": date(2026, 1, 1)}
    dag = date(2026, 7, 2)
    return v.wijs_toe(v.toewijzing(**weg), dag=dag), v.wijs_toe(ander | weg, dag=dag)


@geval("TR385")
def delete_what_was_granted_and_taken_back(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.beantwoord(v.zend(v.declareer(v.prestatie(), v.prestatie("R2", ProductPeriode=maand(2026, 3))))))
    v.zend(v.declareer(v.credit("R3", "R1"), nummer="D2"))
    dag = date(2026, 7, 2)
    weg = v.toewijzing(Toewijzingsdatum=date(2026, 7, 1), RedenWijziging="13", Einddatum=date(2026, 1, 1))
    fout = v.wijs_toe(weg, dag=dag)
    assert v.codes(fout) == ["TR385"]
    w = Verhaal(v.standaard)
    w.zend(w.wijs_toe())
    w.zend(w.beantwoord(w.zend(w.declareer())))
    w.zend(w.declareer(w.credit("R3", "R1"), nummer="D2"))
    w.zend(w.wijs_toe(weg, dag=dag))
    return fout, v.wijs_toe(dag=dag)


# --- request and answer --------------------------------------------------------------------------------------------


@geval("TR347")
def referentie_again(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.vraag())
    v.zend(v.antwoord("1"))
    return v.vraag(dag=date(2026, 2, 10)), v.vraag({"ReferentieAanbieder": "VOT-2"}, dag=date(2026, 2, 10))


@geval("TR347")
def referentie_of_another_client(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.vraag(bsn=ANDER_BSN))
    return v.vraag_wijziging(wijzigt=[{}], referentie="VOT-1"), v.vraag_wijziging(wijzigt=[{}])


@geval("TR374")
def request_while_one_is_open(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.vraag())
    v.zend(v.antwoord("2"))
    return v.vraag({"ReferentieAanbieder": "VOT-2"}), v.vraag({"ReferentieAanbieder": "VOT-2"}, bsn=ANDER_BSN)


@geval("TR374")
def request_while_a_part_is_open(v: Verhaal) -> tuple[bytes, bytes]:
    ander = {"ReferentieAanbieder": "VOT-2", "Product": {"Categorie": v.ander_categorie}, "Omvang": None}
    v.zend(v.vraag({}, ander))
    v.zend(v.wijs_toe(v.toewijzing(ReferentieAanbieder="VOT-1"), dag=date(2026, 2, 5)))
    fout = v.vraag({"ReferentieAanbieder": "VOT-3"}, dag=date(2026, 2, 10))
    assert v.codes(fout) == ["TR374"]
    return fout, v.antwoord("1", "VOT-2")


@geval("TR349")
def request_for_change_leaves_something_out(v: Verhaal) -> tuple[bytes, bytes]:
    ander = v.andere()
    v.zend(v.wijs_toe(v.toewijzing(), ander))
    return v.vraag_wijziging(wijzigt=[{}]), v.vraag_wijziging(wijzigt=[{}], blijft=["101"])


@geval("TR349")
def request_for_change_needs_no_old_or_deleted_toewijzing(v: Verhaal) -> tuple[bytes, bytes]:
    oud = v.andere(Einddatum=date(2026, 5, 31))
    later = v.toewijzing(ToewijzingNummer="102", Ingangsdatum=date(2027, 1, 1), Einddatum=date(2027, 6, 30))
    v.zend(v.wijs_toe(v.toewijzing(), oud, later))
    return v.vraag_wijziging(wijzigt=[{}]), v.vraag_wijziging(wijzigt=[{}], blijft=["102"])


@geval("TR350")
def unchanged_product_is_not_assigned(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    nieuw = [{"Product": {"Categorie": v.ander_categorie}, "Omvang": None}]
    return v.vraag_wijziging(blijft=["100", "101"], nieuw=nieuw), v.vraag_wijziging(blijft=["100"], nieuw=nieuw)


@geval("TR350")
def unchanged_product_has_ended(v: Verhaal) -> tuple[bytes, bytes]:
    oud = v.andere(Einddatum=date(2026, 5, 31))
    v.zend(v.wijs_toe(v.toewijzing(), oud))
    return v.vraag_wijziging(blijft=["101"], wijzigt=[{}]), v.vraag_wijziging(wijzigt=[{}])


@geval("TR351")
def changed_product_is_not_assigned(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    return v.vraag_wijziging(wijzigt=[{}, {"ToewijzingNummer": "101"}]), v.vraag_wijziging(wijzigt=[{}])


@geval("TR357")
def change_in_the_past_but_not_from_the_start(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    begin = {"GewensteIngangsdatum": date(2026, 1, 1)}
    return v.vraag_wijziging(wijzigt=[{"GewensteIngangsdatum": date(2026, 6, 1)}]), v.vraag_wijziging(wijzigt=[begin])


@geval("TR373")
def budget_changes_half_way(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(v.toewijzing(Product=None, Omvang=None, Budget=500_000)))
    anders = {"Omvang": None, "Budget": 600_000}
    begin = {**anders, "GewensteIngangsdatum": date(2026, 1, 1)}
    return v.vraag_wijziging(wijzigt=[anders]), v.vraag_wijziging(wijzigt=[begin])


@geval("TR373")
def total_changes_half_way(v: Verhaal) -> tuple[bytes, bytes]:
    totaal = {"Volume": 100, "Eenheid": "04", "Frequentie": "6"}
    v.zend(v.wijs_toe(v.toewijzing(Omvang=totaal)))
    return v.vraag_wijziging(wijzigt=[{"Omvang": totaal | {"Volume": 120}}]), v.vraag_wijziging(
        wijzigt=[{"Omvang": totaal, "Einddatum": date(2026, 11, 30)}]
    )


@geval("TR375")
def omvang_on_a_generic_toewijzing(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(v.toewijzing(Product=None, Omvang=None, Budget=500_000)))
    return v.vraag_wijziging(wijzigt=[{}]), v.vraag_wijziging(wijzigt=[{"Omvang": None, "Budget": 500_000}])


@geval("TR412")
def omvang_on_an_a_specific_toewijzing(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(v.toewijzing(Product={"Categorie": v.categorie}, Omvang=None)))
    return v.vraag_wijziging(wijzigt=[{}]), v.vraag_wijziging(wijzigt=[{"Omvang": None}])


@geval("TR411")
def no_omvang_on_a_specific_toewijzing(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    return v.vraag_wijziging(wijzigt=[{"Omvang": None}]), v.vraag_wijziging(wijzigt=[{}])


@geval("TR361")
def new_product_beside_what_stays(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    later = {"GewensteIngangsdatum": date(2027, 1, 1), "Einddatum": date(2027, 3, 31)}
    return v.vraag_wijziging(blijft=["100"], nieuw=[{}]), v.vraag_wijziging(blijft=["100"], nieuw=[later])


@geval("TR361")
def new_product_beside_what_changes(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    korter = {"GewensteIngangsdatum": date(2026, 1, 1), "Einddatum": date(2026, 7, 31)}
    nieuw = {"GewensteIngangsdatum": date(2026, 8, 1)}
    return (
        v.vraag_wijziging(wijzigt=[korter], nieuw=[{}]),
        v.vraag_wijziging(wijzigt=[korter], nieuw=[nieuw]),
    )


@geval("TR361")
def what_is_made_longer_meets_what_stays(v: Verhaal) -> tuple[bytes, bytes]:
    eerste = v.toewijzing(Einddatum=date(2026, 6, 30))
    v.zend(v.wijs_toe(eerste, v.toewijzing(ToewijzingNummer="101", Ingangsdatum=date(2026, 8, 1))))
    begin = {"GewensteIngangsdatum": date(2026, 1, 1)}
    return (
        v.vraag_wijziging(wijzigt=[begin], blijft=["101"]),
        v.vraag_wijziging(wijzigt=[{**begin, "Einddatum": date(2026, 7, 31)}], blijft=["101"]),
    )


@geval("TR361")
def generic_product_beside_anything(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    alles = {"Product": None, "Omvang": None, "Budget": 10_000}
    ander = {"Product": {"Categorie": v.ander_categorie}, "Omvang": None}
    return v.vraag_wijziging(blijft=["100"], nieuw=[alles]), v.vraag_wijziging(blijft=["100"], nieuw=[ander])


@geval("TR355")
def answer_without_request(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.vraag())
    return v.antwoord("2", "VOT-2"), v.antwoord("2")


@geval("TR359")
def answer_after_the_toewijzing(v: Verhaal) -> tuple[bytes, bytes]:
    ander = {"ReferentieAanbieder": "VOT-2", "Product": {"Categorie": v.ander_categorie}, "Omvang": None}
    v.zend(v.vraag({}, ander))
    v.zend(v.wijs_toe(v.toewijzing(ReferentieAanbieder="VOT-1"), dag=date(2026, 2, 5)))
    return v.antwoord("1"), v.antwoord("1", "VOT-2")


@geval("TR360")
def investigated_twice(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.vraag())
    v.zend(v.antwoord("2"))
    return v.antwoord("2"), v.antwoord("1")


@geval("TR365")
def refused_twice(v: Verhaal) -> tuple[bytes, bytes]:
    ander = {"ReferentieAanbieder": "VOT-2", "Product": {"Categorie": v.ander_categorie}, "Omvang": None}
    v.zend(v.vraag({}, ander))
    v.zend(v.antwoord("1"))
    return v.antwoord("1"), v.antwoord("1", "VOT-2")


# --- declaratie ----------------------------------------------------------------------------------------------------


@geval("TR333")
def declaratienummer_again(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.declareer())
    deel = v.prestatie("R2", ProductPeriode=maand(2026, 3))
    return v.declareer(deel), v.declareer(deel, nummer="D2")


@geval("TR318")
def an_earlier_month_after_a_later_one(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.declareer())
    deel = v.prestatie("R2", ProductPeriode=maand(2026, 3))
    fout = v.declareer(deel, nummer="D2", periode=maand(2026, 4))
    return fout, v.declareer(deel, nummer="D2", periode=maand(2026, 5))  # the same month again is right


@geval("TR318")
def a_month_is_skipped(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.declareer(periode=maand(2026, 3)))
    deel = v.prestatie("R2", ProductPeriode=maand(2026, 4))
    return v.declareer(v.prestatie("R2", ProductPeriode=maand(2026, 1)), nummer="D2", periode=maand(2026, 2)), (
        v.declareer(deel, nummer="D2", periode=maand(2026, 5))
    )


@geval("TR314")
def referentienummer_again(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.declareer())
    anders = {"ProductPeriode": maand(2026, 3)}
    return v.declareer(v.prestatie("R1", **anders), nummer="D2"), v.declareer(v.prestatie("R2", **anders), nummer="D2")


@geval("TR314")
def referentienummer_twice_in_one_bericht(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.beantwoord(v.zend(v.declareer())))
    nieuw = {"GeleverdVolume": 11}
    return (
        v.declareer(v.credit("R2", "R1"), v.prestatie("R2", **nieuw), nummer="D2"),
        v.declareer(v.credit("R2", "R1"), v.prestatie("R3", **nieuw), nummer="D2"),
    )


@geval("TR338")
def declared_without_toewijzing(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    return v.declareer(v.prestatie(ToewijzingNummer="101")), v.declareer(v.prestatie(ToewijzingNummer="100"))


@geval("TR338")
def declared_on_the_toewijzing_of_another(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.wijs_toe(v.toewijzing(ToewijzingNummer="101"), bsn=ANDER_BSN))
    return v.declareer(bsn=ANDER_BSN), v.declareer(v.prestatie(ToewijzingNummer="101"), bsn=ANDER_BSN)


@geval("TR384")
def declared_on_a_deleted_toewijzing(v: Verhaal) -> tuple[bytes, bytes]:
    ander = v.andere()
    v.zend(v.wijs_toe(v.toewijzing(), ander))
    v.zend(_delete(v))
    deel = v.prestatie(ToewijzingNummer="101", ProductCategorie=v.ander_categorie)
    return v.declareer(), v.declareer(deel)


@geval("TR307")
def declared_before_the_toewijzing(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(v.toewijzing(Ingangsdatum=date(2026, 2, 10))))
    goed = {"Begindatum": date(2026, 2, 10), "Einddatum": date(2026, 2, 28)}
    return v.declareer(), v.declareer(v.prestatie(ProductPeriode=goed))


@geval("TR308")
def declared_after_the_toewijzing(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(v.toewijzing(Einddatum=date(2026, 2, 10))))
    goed = {"Begindatum": date(2026, 2, 1), "Einddatum": date(2026, 2, 10)}
    return v.declareer(), v.declareer(v.prestatie(ProductPeriode=goed))


@geval("TR308")
def declared_without_an_end(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(v.toewijzing(Einddatum=None)))
    v.zend(v.wijs_toe(v.toewijzing(ToewijzingNummer="101", Einddatum=date(2026, 2, 10)), bsn=ANDER_BSN))
    return v.declareer(v.prestatie(ToewijzingNummer="101"), bsn=ANDER_BSN), v.declareer()


@geval("TR387")
def begins_in_the_middle_of_a_month(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    return v.declareer(v.prestatie(ProductPeriode=maand(2026, 2) | {"Begindatum": date(2026, 2, 2)})), v.declareer()


@geval("TR388")
def ends_in_the_middle_of_a_month(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    return v.declareer(v.prestatie(ProductPeriode=maand(2026, 2) | {"Einddatum": date(2026, 2, 27)})), v.declareer()


@geval("TR339")
def declared_another_categorie(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(v.toewijzing(Product={"Categorie": v.categorie}, Omvang=None)))
    return v.declareer(v.prestatie(ProductCategorie=v.ander_categorie)), v.declareer()


@geval("TR340")
def declared_another_code(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    return v.declareer(v.prestatie(ProductCode="99Z99")), v.declareer()


@geval("TR341")
def declared_in_another_unit(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    return v.declareer(v.prestatie(Eenheid="14")), v.declareer(v.prestatie(Eenheid="01"))


@geval("TR321")
def more_than_a_month(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    return v.declareer(v.prestatie(GeleverdVolume=13)), v.declareer(v.prestatie(GeleverdVolume=12))


@geval("TR321")
def more_minutes_than_hours(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    minuten = {"Eenheid": "01", "ProductTarief": 100}
    return (
        v.declareer(v.prestatie(GeleverdVolume=721, **minuten)),
        v.declareer(v.prestatie(GeleverdVolume=720, **minuten)),
    )


@geval("TR321")
def only_what_the_last_version_says(v: Verhaal) -> tuple[bytes, bytes]:
    totaal = {"Volume": 12, "Eenheid": "04", "Frequentie": "6"}
    ruimer = v.toewijzing(Omvang=totaal | {"Volume": 15}, Toewijzingsdatum=date(2026, 3, 1), RedenWijziging="04")
    v.zend(v.wijs_toe(ruimer, dag=date(2026, 3, 2)))
    v.zend(v.wijs_toe(v.toewijzing(Omvang=totaal), dag=date(2026, 3, 3)))  # arrives later, but was assigned earlier
    return v.declareer(v.prestatie(GeleverdVolume=16)), v.declareer(v.prestatie(GeleverdVolume=15))


@geval("TR322")
def more_than_the_total(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(v.toewijzing(Omvang={"Volume": 15, "Eenheid": "04", "Frequentie": "6"})))
    v.zend(v.declareer())
    deel = {"ProductPeriode": maand(2026, 3)}
    return (
        v.declareer(v.prestatie("R2", GeleverdVolume=6, **deel), nummer="D2"),
        v.declareer(v.prestatie("R2", GeleverdVolume=5, **deel), nummer="D2"),
    )


@geval("TR322")
def more_than_the_total_of_minutes_and_hours(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(v.toewijzing(Omvang={"Volume": 15, "Eenheid": "04", "Frequentie": "6"})))
    v.zend(v.declareer())
    deel = {"ProductPeriode": maand(2026, 3), "Eenheid": "01", "ProductTarief": 100}
    return (
        v.declareer(v.prestatie("R2", GeleverdVolume=301, **deel), nummer="D2"),
        v.declareer(v.prestatie("R2", GeleverdVolume=300, **deel), nummer="D2"),
    )


@geval("TR322")
def what_was_rejected_or_taken_back_leaves_room(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(v.toewijzing(Omvang={"Volume": 15, "Eenheid": "04", "Frequentie": "6"})))
    maart = v.prestatie("R2", ProductPeriode=maand(2026, 3), GeleverdVolume=5)
    v.zend(v.beantwoord(v.zend(v.declareer(v.prestatie(), maart)), maart))
    april = v.prestatie("R3", ProductPeriode=maand(2026, 4), GeleverdVolume=15)
    return (
        v.declareer(april, nummer="D2"),
        v.declareer(april, v.credit("R4", "R1"), nummer="D2"),  # credits come first, wherever they stand
    )


@geval("TR369")
def more_than_the_budget(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(v.toewijzing(Product=None, Omvang=None, Budget=100_000)))
    euros = {"Eenheid": "83", "ProductTarief": None}
    v.zend(v.declareer(v.prestatie(GeleverdVolume=60_000, **euros)))
    deel = {"ProductPeriode": maand(2026, 3), **euros}
    return (
        v.declareer(v.prestatie("R2", GeleverdVolume=40_001, **deel), nummer="D2"),
        v.declareer(v.prestatie("R2", GeleverdVolume=40_000, **deel), nummer="D2"),
    )


@geval("TR389")
def the_same_care_again(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.beantwoord(v.zend(v.declareer(v.prestatie(GeleverdVolume=6)))))
    nieuw = v.prestatie("R2", GeleverdVolume=7)
    eerst = v.credit("R3", "R1", GeleverdVolume=6)
    return v.declareer(nieuw, nummer="D2"), v.declareer(nieuw, eerst, nummer="D2")


@geval("TR389")
def the_same_care_again_after_a_rejection(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    maart = v.prestatie("R2", ProductPeriode=maand(2026, 3))
    v.zend(v.beantwoord(v.zend(v.declareer(v.prestatie(), maart)), maart))
    return (
        v.declareer(v.prestatie("R3", GeleverdVolume=2), nummer="D2"),
        v.declareer(v.prestatie("R3", ProductPeriode=maand(2026, 3)), nummer="D2"),
    )


@geval("TR323")
def credit_of_nothing(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.beantwoord(v.zend(v.declareer())))
    return v.declareer(v.credit("R2", "R9"), nummer="D2"), v.declareer(v.credit("R2", "R1"), nummer="D2")


@geval("TR323")
def credit_of_what_was_not_answered_yet(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.beantwoord(v.zend(v.declareer())))
    v.zend(v.declareer(v.prestatie("R2", ProductPeriode=maand(2026, 3)), nummer="D2"))
    fout = v.declareer(v.credit("R3", "R2", ProductPeriode=maand(2026, 3)), nummer="D3")
    return fout, v.declareer(v.credit("R3", "R1"), nummer="D3")


@geval("TR323")
def credit_of_another_amount(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.beantwoord(v.zend(v.declareer())))
    return (
        v.declareer(v.credit("R2", "R1", GeleverdVolume=9), nummer="D2"),
        v.declareer(v.credit("R2", "R1"), nummer="D2"),
    )


@geval("TR390")
def credit_again(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.beantwoord(v.zend(v.declareer(v.prestatie(), v.prestatie("R2", ProductPeriode=maand(2026, 3))))))
    v.zend(v.declareer(v.credit("R3", "R1"), nummer="D2"))
    ander = v.credit("R4", "R2", ProductPeriode=maand(2026, 3))
    return v.declareer(v.credit("R4", "R1"), nummer="D3"), v.declareer(ander, nummer="D3")


# --- declaratie-antwoord -------------------------------------------------------------------------------------------


@geval("TR337")
def answer_to_no_declaratie(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    declaratie = v.zend(v.declareer())
    onbekend = {"DeclaratieIdentificatie": {"Identificatie": "X9", "Dagtekening": date(2026, 6, 20)}}
    return v.beantwoord(declaratie, **onbekend), v.beantwoord(declaratie)


@geval("TR371")
def answer_with_other_versions(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    declaratie = v.zend(v.declareer())
    return v.beantwoord(declaratie, XsdVersieDeclaratie=XSD | {"BerichtXsdVersie": "1.0.1"}), v.beantwoord(declaratie)


@geval("TR376")
def answer_with_another_number(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    declaratie = v.zend(v.declareer())
    return v.beantwoord(declaratie, nummer="D9"), v.beantwoord(declaratie)


@geval("TR366")
def answer_about_something_else(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    declaratie = v.zend(v.declareer())
    return v.beantwoord(declaratie, v.prestatie("R9")), v.beantwoord(declaratie, v.prestatie())


@geval("TR367")
def answer_with_other_values(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    declaratie = v.zend(v.declareer())
    anders = v.prestatie(
        ToewijzingNummer="101",
        ProductCategorie=v.ander_categorie,
        ProductCode="99Z99",
        ProductPeriode=maand(2026, 3),
        GeleverdVolume=9,
        Eenheid="14",
        ProductTarief=4000,
    )
    fout = v.beantwoord(declaratie, anders)
    paden = [b.plaats.rpartition("/Prestatie/")[2] for b in v.judge(fout).bevindingen]
    assert paden == [
        "ToewijzingNummer", "ProductCategorie", "ProductCode", "ProductPeriode/Begindatum", "ProductPeriode/Einddatum",
        "GeleverdVolume", "Eenheid", "ProductTarief", "IngediendBedrag/Bedrag",
    ]  # fmt: skip
    return fout, v.beantwoord(declaratie, v.prestatie())


def _delete(v: Verhaal) -> bytes:
    weg = v.toewijzing(Toewijzingsdatum=date(2026, 1, 9), RedenWijziging="13", Einddatum=date(2026, 1, 1))
    return v.wijs_toe(weg, dag=date(2026, 1, 10))


def test_a_stop_can_still_be_sent_on_a_deleted_toewijzing() -> None:
    v = Verhaal("ijw")
    v.zend(v.wijs_toe())
    v.zend(v.start())
    v.zend(_delete(v))
    v.zend(v.stop())


def test_without_levels_3_and_4_nothing_is_said_about_them() -> None:
    v = Verhaal("iwmo")
    assert BSN.encode() in (bericht := v.declareer())
    assert v.codes(bericht) == ["TR304"]
