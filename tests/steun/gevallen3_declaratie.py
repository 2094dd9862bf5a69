"""Cases of level 3: declaratie and declaratie-antwoord."""

from __future__ import annotations

from datetime import date

from gevallen3 import geval
from verhaal import ANDER_BSN, XSD, Verhaal, maand

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
