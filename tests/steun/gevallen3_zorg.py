"""Cases of level 3: the Header, start and stop, toewijzing, request and answer."""

from __future__ import annotations

from datetime import date

from gevallen3 import geval
from verhaal import ANDER_BSN, Verhaal, maand

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


@geval("TR056")
def identificatie_of_a_stop_again(v: Verhaal) -> tuple[bytes, bytes]:
    eind = {"RedenBeeindiging": "20"}
    v.zend(v.wijs_toe())
    v.zend(v.start())
    v.zend(v.stop(eind, identificatie="X1"))
    weg = eind | {"StatusAanlevering": "3"}
    return v.stop(weg, identificatie="X1"), v.stop(weg, identificatie="X2")


@geval("TR056")
def identificatie_of_a_request_again(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.vraag(identificatie="X1"))
    v.zend(v.antwoord("1"))
    nieuw = {"ReferentieAanbieder": "VOT-2"}
    return v.vraag(nieuw, identificatie="X1"), v.vraag(nieuw, identificatie="X2")


@geval("TR056")
def identificatie_of_a_request_for_change_again(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.vraag_wijziging(wijzigt=[{}], identificatie="X1"))
    v.zend(v.antwoord("1", "VOW-1", dag=date(2026, 6, 3)))
    fout, goed = (v.vraag_wijziging(wijzigt=[{}], referentie="VOW-2", identificatie=naam) for naam in ("X1", "X2"))
    return fout, goed


@geval("TR056")
def identificatie_of_an_answer_again(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.vraag())
    v.zend(v.antwoord("2", identificatie="X1"))
    return v.antwoord("1", identificatie="X1"), v.antwoord("1", identificatie="X2")


@geval("TR056")
def identificatie_of_a_declaratie_again(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.declareer(identificatie="X1"))
    nieuw = v.prestatie("R2", ProductPeriode=maand(2026, 3))
    return v.declareer(nieuw, nummer="D2", identificatie="X1"), v.declareer(nieuw, nummer="D2", identificatie="X2")


@geval("TR056")
def identificatie_of_an_answer_to_a_declaratie_again(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.beantwoord(v.zend(v.declareer()), identificatie="X1"))
    tweede = v.zend(v.declareer(v.prestatie("R2", ProductPeriode=maand(2026, 3)), nummer="D2"))
    fout, goed = (v.beantwoord(tweede, nummer="D2", identificatie=naam) for naam in ("X1", "X2"))
    return fout, goed


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
def request_for_change_while_one_is_open(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe())
    v.zend(v.wijs_toe(v.andere(), bsn=ANDER_BSN))
    v.zend(v.vraag_wijziging(wijzigt=[{}]))
    ander = {"ToewijzingNummer": "101", "Omvang": None}
    return (
        v.vraag_wijziging(wijzigt=[{}], referentie="VOW-2"),
        v.vraag_wijziging(wijzigt=[ander], referentie="VOW-2", bsn=ANDER_BSN),
    )


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


def _delete(v: Verhaal) -> bytes:
    weg = v.toewijzing(Toewijzingsdatum=date(2026, 1, 9), RedenWijziging="13", Einddatum=date(2026, 1, 1))
    return v.wijs_toe(weg, dag=date(2026, 1, 10))
