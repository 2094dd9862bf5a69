"""Each row of the decision tables, with the neighbours that must come out differently."""

from datetime import date

import pytest

from routing.woonplaats.bepaling import determine
from routing.woonplaats.besluit import Bepaling, Regel, Zekerheid
from routing.woonplaats.feiten import (
    Adresperiode,
    Adressoort,
    Feiten,
    Gezagsdrager,
    Gezagssoort,
    Verblijf,
    Verblijfsoort,
)

GEBOREN = date(2010, 6, 1)


def d(tekst: str) -> date:
    return date.fromisoformat(tekst)


def woon(gemeente: str, van: str, tot: str | None = None, **anders: bool) -> Adresperiode:
    return Adresperiode(Adressoort.WOONADRES, gemeente, d(van), d(tot) if tot else None, **anders)


def brief(gemeente: str, van: str) -> Adresperiode:
    return Adresperiode(Adressoort.BRIEFADRES, gemeente, d(van))


def verblijf(van: str | None, tot: str | None = None, soort: str = "pleegouder", *, deeltijd: bool = False) -> Verblijf:
    return Verblijf(Verblijfsoort(soort), d(van) if van else None, d(tot) if tot else None, deeltijd)


def gezag(wie: str, gemeente: str | None = None, *, buitenland: bool = False) -> Gezagsdrager:
    return Gezagsdrager(Gezagssoort(wie), gemeente, buitenland)


def bepaal(op: str, **feiten: object) -> Bepaling:
    return determine(Feiten(d(op), **{"geboortedatum": GEBOREN, **feiten}))  # type: ignore[arg-type]


def uitkomst(bepaling: Bepaling) -> tuple[str | None, str, str]:
    return bepaling.gemeente, bepaling.regel.value, bepaling.zekerheid.value


THUIS = (woon("0599", "2010-06-01", "2022-02-01"), woon("0363", "2022-02-01"))
"""With the parents in 0599, and since 1 February 2022 registered in 0363."""

NIEUW = {
    "B the address of the day before the stay counts": (
        "2023-01-15", {"brp": THUIS, "verblijf": (verblijf("2022-02-01"),)}, ("0599", "N2", "vast")),
    "B the first day of the stay counts as stay": (
        "2022-02-01", {"brp": THUIS, "verblijf": (verblijf("2022-02-01"),)}, ("0599", "N2", "vast")),
    "C the day before the stay the address of that day counts": (
        "2022-01-31", {"brp": THUIS, "verblijf": (verblijf("2022-02-01"),)}, ("0599", "N1", "vast")),
    "B the last day of the stay still is stay": (
        "2023-05-31", {"brp": THUIS, "verblijf": (verblijf("2022-02-01", "2023-05-31"),)}, ("0599", "N2", "vast")),
    "C the day after the stay it is not": (
        "2023-06-01", {"brp": THUIS, "verblijf": (verblijf("2022-02-01", "2023-05-31"),)}, ("0363", "N1", "vast")),
    "B registered at the foster address before foster care began: that address wins": (
        "2023-01-15", {"brp": THUIS, "verblijf": (verblijf("2022-02-02"),)}, ("0363", "N2", "vast")),
    "B stays that follow each other are one chain": (
        "2023-06-01",
        {"brp": THUIS, "verblijf": (verblijf("2022-02-01", "2022-12-31"), verblijf("2023-01-01", soort="gezinshuis"))},
        ("0599", "N2", "vast")),
    "B one day at home between two stays does not break the chain": (
        "2023-06-01",
        {"brp": THUIS, "verblijf": (verblijf("2022-02-01", "2022-12-30"), verblijf("2023-01-01"))},
        ("0599", "N2", "vast")),
    "B two days at home do": (
        "2023-06-01",
        {"brp": THUIS, "verblijf": (verblijf("2022-02-01", "2022-12-29"), verblijf("2023-01-01"))},
        ("0363", "N2", "vast")),
    "B a hospital in between does not break the chain": (
        "2023-06-01",
        {"brp": THUIS, "verblijf": (
            verblijf("2022-02-01", "2022-12-01"), verblijf("2022-12-02", "2022-12-31", "ziekenhuis"),
            verblijf("2023-01-01"))},
        ("0599", "N2", "vast")),
    "B a holiday in between does not either": (
        "2023-06-01",
        {"brp": THUIS, "verblijf": (
            verblijf("2022-02-01", "2022-12-01"), verblijf("2022-12-02", "2022-12-31", "vakantie"),
            verblijf("2023-01-01"))},
        ("0599", "N2", "vast")),
    "B a hospital does not begin a chain": (
        "2023-06-01",
        {"brp": THUIS, "verblijf": (verblijf("2022-01-10", "2022-02-10", "ziekenhuis"), verblijf("2022-02-11"))},
        ("0363", "N2", "vast")),
    "C a hospital alone is no stay": (
        "2023-06-01", {"brp": THUIS, "verblijf": (verblijf("2022-01-10", soort="ziekenhuis"),)},
        ("0363", "N1", "vast")),
    "C asylum reception is no stay": (
        "2023-06-01", {"brp": THUIS, "verblijf": (verblijf("2022-01-10", soort="azc"),)}, ("0363", "N1", "vast")),
    "C part-time is no stay, and disputed": (
        "2023-06-01", {"brp": THUIS, "verblijf": (verblijf("2022-02-01", deeltijd=True),)},
        ("0363", "N1", "voorlopig")),
    "C a Wlz-instelling does not count before 2026, and since when is unsure": (
        "2025-12-31", {"brp": THUIS, "verblijf": (verblijf("2022-02-01", soort="wlz_instelling"),)},
        ("0363", "N1", "voorlopig")),
    "B a Wlz-instelling counts from 2026 on": (
        "2026-01-01", {"brp": THUIS, "verblijf": (verblijf("2022-02-01", soort="wlz_instelling"),)},
        ("0599", "N2", "vast")),
    "B' first day of the stay unknown: the old definition, provisionally": (
        "2023-06-01",
        {"brp": THUIS, "verblijf": (verblijf(None),), "gezag": (gezag("moeder", "0599"),)},
        ("0599", "CONVENANT", "voorlopig")),
    "B' the convenant ended with 2023": (
        "2024-01-01",
        {"brp": THUIS, "verblijf": (verblijf(None),), "gezag": (gezag("moeder", "0599"),)},
        (None, "HANDMATIG", "handmatig")),
    "D2 the address before the stay was abroad": (
        "2023-06-01",
        {"brp": (Adresperiode(Adressoort.BUITENLAND, van=GEBOREN, tot=d("2022-02-01")), woon("0363", "2022-02-01")),
         "verblijf": (verblijf("2022-02-01"),), "werkelijk_verblijf": "0363"},
        ("0363", "N4", "voorlopig")),
    "D3 a briefadres before the stay": (
        "2023-06-01",
        {"brp": (brief("0363", "2010-06-01"),), "verblijf": (verblijf("2022-02-01"),),
         "moeder_gemeente_bij_geboorte": "0518"},
        ("0518", "N3a", "vast")),
    "D3 left for an unknown address": (
        "2023-06-01",
        {"brp": (Adresperiode(Adressoort.ONBEKEND, van=d("2020-01-01")),), "moeder_gemeente_bij_geboorte": "0518"},
        ("0518", "N3a", "vast")),
    "D3 in stay since birth": (
        "2023-06-01",
        {"brp": (woon("0363", "2010-06-01"),), "verblijf": (verblijf("2010-06-01"),),
         "moeder_gemeente_bij_geboorte": "0518"},
        ("0518", "N3a", "vast")),
    "D3 the note of 2.26 weighs more than a running inquiry": (
        "2023-06-01",
        {"brp": (woon("0363", "2010-06-01", aantekening_226=True, in_onderzoek=True),),
         "moeder_gemeente_bij_geboorte": "0518"},
        ("0518", "N3a", "vast")),
    "D4 the mother was registered abroad": (
        "2023-06-01",
        {"brp": (brief("0363", "2010-06-01"),), "moeder_gemeente_bij_geboorte": "1999", "werkelijk_verblijf": "0200"},
        ("0200", "N3b", "voorlopig")),
    "a running inquiry needs a person": (
        "2023-06-01", {"brp": (woon("0363", "2010-06-01", in_onderzoek=True),)}, (None, "HANDMATIG", "handmatig")),
    "a stated address is provisional": (
        "2023-06-01", {"brp": (woon("0363", "2010-06-01", opgegeven=True),)}, ("0363", "N1", "voorlopig")),
    "a newer address ends the one before, also when nobody wrote its end": (
        "2023-06-01", {"brp": (woon("0599", "2010-06-01"), woon("0363", "2022-02-01"))}, ("0363", "N1", "vast")),
    "E one address, once by its old and once by its new code": (
        "2023-06-01", {"brp": (woon("0501", "2010-06-01"), woon("1992", "2010-06-01"))}, ("1992", "N1", "vast")),
    "E the same on a day before the merger, where the old code says which of three": (
        "2022-06-01", {"brp": (woon("1992", "2010-06-01"), woon("0501", "2010-06-01"))}, ("0501", "N1", "vast")),
    "E a gemeente that merged twice": (
        "2023-06-01",
        {"brp": (woon("0265", "2010-06-01", "2014-01-01"), woon("0363", "2014-01-01")),
         "verblijf": (verblijf("2014-01-01"),)},
        ("1945", "N2", "vast")),
    "E the code of today on a day before the merger that made it from several": (
        "2022-06-01", {"brp": (woon("1992", "2010-06-01"),)}, (None, "HANDMATIG", "handmatig")),
    "B born during the stay": (
        "2023-06-01",
        {"brp": THUIS, "verblijf": (verblijf("2010-06-01"),), "moeder_gemeente_bij_geboorte": "0109"},
        ("0109", "N3a", "vast")),
    "B a stay that began before the birth was that of the mother": (
        "2023-06-01",
        {"brp": THUIS, "verblijf": (verblijf("2010-05-01"),), "moeder_gemeente_bij_geboorte": "0109"},
        ("0109", "N3a", "voorlopig")),
    "B a part-time stay beside a full one changes nothing": (
        "2023-06-01",
        {"brp": THUIS, "verblijf": (verblijf("2022-02-01"), verblijf("2023-01-01", deeltijd=True))},
        ("0599", "N2", "vast")),
    "B a Wlz-instelling just before the stay makes the begin uncertain before 2026": (
        "2023-06-01",
        {"brp": THUIS, "verblijf": (verblijf("2021-01-01", "2022-01-31", "wlz_instelling"), verblijf("2022-02-01"))},
        ("0599", "N2", "voorlopig")),
    "B in 2026 it is the begin": (
        "2026-06-01",
        {"brp": (woon("0518", "2010-06-01", "2021-01-01"), *THUIS[1:]),
         "verblijf": (verblijf("2021-01-01", "2022-01-31", "wlz_instelling"), verblijf("2022-02-01"))},
        ("0518", "N2", "vast")),
    "B a moeder-kindhuis just before the stay makes the begin uncertain": (
        "2023-06-01",
        {"brp": THUIS, "verblijf": (verblijf("2021-01-01", "2022-01-31", "moeder_kind_huis"), verblijf("2022-02-01"))},
        ("0599", "N2", "voorlopig")),
    "B' the last day of the convenant": (
        "2023-12-31", {"brp": THUIS, "verblijf": (verblijf(None),), "gezag": (gezag("moeder", "0344"),)},
        ("0344", "CONVENANT", "voorlopig")),
    "B' the day after it": (
        "2024-01-01", {"brp": THUIS, "verblijf": (verblijf(None),), "gezag": (gezag("moeder", "0344"),)},
        (None, "HANDMATIG", "handmatig")),
    "B a stay since the beginning of time has no known first day": (
        "2024-06-01", {"brp": THUIS, "verblijf": (verblijf("0001-01-01"),)}, (None, "HANDMATIG", "handmatig")),
    "E a gemeente that was split": (
        "2023-06-01",
        {"brp": (woon("0788", "2010-06-01", "2020-01-01"), woon("0363", "2020-01-01")),
         "verblijf": (verblijf("2020-01-01"),)},
        (None, "HANDMATIG", "handmatig")),
    "A without BSN nothing can be asked": (
        "2023-06-01", {"brp": THUIS, "zonder_bsn": True}, (None, "HANDMATIG", "handmatig")),
    "A not yet born on the day": ("2010-05-31", {"brp": THUIS}, (None, "ONGEBOREN", "handmatig")),
    "moeder-kindhuis needs a person": (
        "2023-06-01", {"brp": THUIS, "verblijf": (verblijf("2023-01-01", soort="moeder_kind_huis"),)},
        (None, "HANDMATIG", "handmatig")),
}  # fmt: skip

OUD = {
    "O4 eighteen that day": ("2018-06-01", {"geboortedatum": d("2000-06-01"), "brp": (woon("0228", "2010-01-01"),)},
                             ("0228", "O4", "vast")),
    "O4 not a day earlier": (
        "2018-05-31",
        {"geboortedatum": d("2000-06-01"), "brp": (woon("0228", "2010-01-01"),), "gezag": (gezag("moeder", "0344"),)},
        ("0344", "O1", "vast")),
    "O4 without a woonadres the actual stay": (
        "2018-06-01",
        {"geboortedatum": d("2000-06-01"), "brp": (brief("0228", "2010-01-01"),), "werkelijk_verblijf": "0200"},
        ("0200", "O3", "voorlopig")),
    "O2 guardianship of a GI": (
        "2019-05-01", {"gezag": (gezag("voogd_gi"),), "werkelijk_verblijf": "0200"}, ("0200", "O2", "vast")),
    "O1a a natural guardian": ("2019-05-01", {"gezag": (gezag("voogd", "0344"),)}, ("0344", "O1", "vast")),
    "O1b parents in one gemeente": (
        "2019-05-01", {"gezag": (gezag("moeder", "0344"), gezag("vader", "0344"))}, ("0344", "O1", "vast")),
    "O1c parents apart": (
        "2019-05-01",
        {"gezag": (gezag("moeder", "0344"), gezag("vader", "0363")), "laatst_bij": Gezagssoort.MOEDER},
        ("0344", "O1", "vast")),
    "O1c one parent abroad, the youth with the other": (
        "2019-05-01",
        {"gezag": (gezag("moeder", buitenland=True), gezag("vader", "0363")), "laatst_bij": Gezagssoort.VADER},
        ("0363", "O1", "vast")),
    "O3 the youth with the parent abroad": (
        "2019-05-01",
        {"gezag": (gezag("moeder", buitenland=True), gezag("vader", "0363")), "laatst_bij": Gezagssoort.MOEDER,
         "werkelijk_verblijf": "0200"},
        ("0200", "O3", "voorlopig")),
    "O3 who lives abroad does so whatever gemeente is named beside it": (
        "2019-05-01", {"gezag": (gezag("moeder", "0344", buitenland=True),), "werkelijk_verblijf": "0200"},
        ("0200", "O3", "voorlopig")),
    "O3 gezag not to be established": (
        "2019-05-01", {"gezag": (gezag("onbekend"),), "werkelijk_verblijf": "0200"}, ("0200", "O3", "voorlopig")),
    "O3 gezag not known": ("2019-05-01", {"werkelijk_verblijf": "0200"}, ("0200", "O3", "voorlopig")),
    "O1 the last day of the old definition": (
        "2021-12-31", {"brp": (woon("0518", "2015-01-01"),), "gezag": (gezag("moeder", "0599"),)},
        ("0599", "O1", "vast")),
    "N1 the first day of the new one": (
        "2022-01-01", {"brp": (woon("0518", "2015-01-01"),), "gezag": (gezag("moeder", "0599"),)},
        ("0518", "N1", "vast")),
    "E the old definition follows mergers as well": (
        "2019-05-01", {"gezag": (gezag("moeder", "0018"),)}, ("1952", "O1", "vast")),
    "E a new name, asked on a day before it": (
        "2015-06-30", {"gezag": (gezag("moeder", "1940"),)}, ("1921", "O1", "vast")),
    "O1b parents in one gemeente, once by its old and once by its new code": (
        "2019-05-01", {"gezag": (gezag("moeder", "0018"), gezag("vader", "1952"))}, ("1952", "O1", "vast")),
    "O1a one parent, once by the old and once by the new code of the gemeente": (
        "2021-06-01", {"gezag": (gezag("moeder", "0265"), gezag("moeder", "1945"))}, ("1945", "O1", "vast")),
    "one parent in two gemeenten cannot be": (
        "2021-06-01", {"gezag": (gezag("moeder", "0344"), gezag("moeder", "1945"))}, (None, "HANDMATIG", "handmatig")),
    "a GI beside a parent cannot be": (
        "2019-05-01", {"gezag": (gezag("voogd_gi"), gezag("moeder", "0344")), "werkelijk_verblijf": "0200"},
        (None, "HANDMATIG", "handmatig")),
    "three who have gezag cannot be": (
        "2019-05-01", {"gezag": (gezag("moeder", "0344"), gezag("vader", "0344"), gezag("voogd", "0344"))},
        (None, "HANDMATIG", "handmatig")),
}  # fmt: skip


@pytest.mark.parametrize("geval", [*NIEUW.values(), *OUD.values()], ids=[*NIEUW, *OUD])
def test_row(geval: tuple[str, dict[str, object], tuple[str | None, str, str]]) -> None:
    op, feiten, verwacht = geval
    assert uitkomst(bepaal(op, **feiten)) == verwacht


@pytest.mark.parametrize(
    ("feit", "op", "feiten"),
    [
        ("brp", "2023-06-01", {}),
        ("brp", "2023-06-01", {"brp": (woon("0363", "2022-02-01"),), "verblijf": (verblijf("2022-02-01"),)}),
        ("brp", "2023-06-01", {"brp": (woon("0363", "2010-06-01", "2023-01-01"),)}),
        ("brp", "2023-06-01", {"brp": (woon("0363", "2020-01-01", "2024-01-01"), woon("0599", "2022-01-01"))}),
        ("brp", "2023-06-01", {"brp": (Adresperiode(Adressoort.WOONADRES, None, GEBOREN),)}),
        ("brp", "2023-06-01", {"brp": (woon("4321", "2010-06-01"),)}),
        ("brp", "2023-06-01", {"brp": (woon("0363", "2022-02-01", "2021-01-01"),)}),
        ("werkelijk_verblijf", "2023-06-01", {"brp": ()}),
        ("moeder_gemeente_bij_geboorte", "2023-06-01", {"brp": (), "moeder_gemeente_bij_geboorte": "0042"}),
        ("werkelijk_verblijf", "2023-06-01", {"brp": (Adresperiode(Adressoort.BUITENLAND, van=GEBOREN),)}),
        ("verblijf.van", "2024-06-01", {"brp": THUIS, "verblijf": (verblijf(None),)}),
        ("postcode", "2023-06-01", {"brp": (woon("0140", "2010-06-01"),)}),
        ("verblijf", "2023-01-15", {"brp": THUIS, "verblijf": (verblijf("2023-02-01", "2023-01-01"),)}),
        (
            "verblijf",
            "2023-06-01",
            {"brp": THUIS, "verblijf": (verblijf("2022-02-01"), verblijf("2022-01-31", "2021-01-01"))},
        ),
        (
            "brp",
            "2021-06-01",
            {
                "brp": (woon("0599", "2015-01-01"), woon("0363", "2021-07-01", "2021-01-01")),
                "geboortedatum": d("2001-01-01"),
            },
        ),
        ("brp", "2023-06-01", {"brp": (woon("0599", "2015-01-01"), woon("0363", "2023-07-01", "2023-01-01"))}),
        ("postcode", "2021-12-31", {"gezag": (gezag("moeder", "1982"),)}),
        ("geboortedatum", "2019-05-01", {"geboortedatum": None, "gezag": (gezag("moeder", "0344"),)}),
        ("gezag", "2019-05-01", {}),
        ("laatst_bij", "2019-05-01", {"gezag": (gezag("moeder", "0344"), gezag("vader", "0363"))}),
        ("werkelijk_verblijf", "2019-05-01", {"gezag": (gezag("voogd_gi"),)}),
        ("gezag", "2019-05-01", {"gezag": (gezag("moeder"),)}),
        ("gezag", "2019-05-01", {"gezag": (gezag("moeder", "4321"),)}),
    ],
)
def test_what_is_missing_has_a_name(feit: str, op: str, feiten: dict[str, object]) -> None:
    bepaling = bepaal(op, **feiten)
    assert (bepaling.gemeente, bepaling.zekerheid) == (None, Zekerheid.HANDMATIG)
    assert feit in bepaling.ontbrekend
    assert len(bepaling.motivering) > 1


def test_what_would_make_a_provisional_answer_firm_has_a_name() -> None:
    bepaling = bepaal("2023-06-01", brp=(), werkelijk_verblijf="0228")
    assert uitkomst(bepaling) == ("0228", "N3b", "voorlopig")
    assert bepaling.ontbrekend == ("moeder_gemeente_bij_geboorte",)


def test_an_answer_says_which_day_counted_and_what_the_gemeente_was_called_then() -> None:
    brp = (woon("0530", "2010-06-01", "2020-01-01"), woon("0599", "2020-01-01"))
    bepaling = bepaal("2024-01-01", brp=brp, verblijf=(verblijf("2020-01-01"),))
    assert (bepaling.gemeente, bepaling.gemeentenaam, bepaling.gemeente_toen) == ("1992", "Voorne aan Zee", "0530")
    assert bepaling.referentiedatum == d("2019-12-31")
    assert bepaling.herindeling_toegepast
    assert bepaling.paragraaf is not None


@pytest.mark.parametrize(
    ("op", "code", "mogelijk"),
    [
        ("2023-06-01", "0788", {"0824", "0757", "0855", "0865"}),
        ("2019-06-01", "0053", {"1966", "1969"}),
        ("2018-06-01", "0140", {"0080", "1900", "1949"}),
        ("2022-12-31", "1992", {"0501", "0530", "0614"}),
    ],
)
def test_a_code_that_may_be_several_gemeenten_names_them_all(op: str, code: str, mogelijk: set[str]) -> None:
    bepaling = bepaal(op, brp=(woon(code, "2010-06-01"),), gezag=(gezag("moeder", code),))
    assert bepaling.gemeente is None
    assert {woord for woord in bepaling.motivering[-1].split() if woord.isdigit()} == {code, *mogelijk}


def test_the_steps_tell_every_merger_on_the_way() -> None:
    stappen = bepaal("2023-06-01", brp=(woon("0265", "2010-06-01"),)).motivering
    assert stappen[-2] == (
        "Door herindeling ging de gemeente over: 0265 (Millingen aan de Rijn) tot 1-1-2015, daarna 0241 (Groesbeek) "
        "tot 1-1-2016, daarna 1945 (Berg en Dal)."
    )


def test_a_stay_that_begins_later_is_not_told() -> None:
    later = (verblijf("2022-02-01", "2023-12-31"), verblijf("2024-01-01", soort="gezinshuis"))
    assert bepaal("2023-06-01", brp=THUIS, verblijf=later) == bepaal("2023-06-01", brp=THUIS, verblijf=later[:1])


@pytest.mark.parametrize(
    ("soort", "verwacht"),
    [
        ("pleegouder", ("0599", "N2", "vast")),
        ("gezinshuis", ("0599", "N2", "vast")),
        ("jeugdhulpaanbieder", ("0599", "N2", "vast")),
        ("wmo_opvang", ("0599", "N2", "vast")),
        ("beschermd_wonen", ("0599", "N2", "vast")),
        ("jji", ("0599", "N2", "vast")),
        ("jji_nazorg", ("0599", "N2", "vast")),
        ("wlz_instelling", ("0363", "N1", "voorlopig")),
        ("moeder_kind_huis", (None, "HANDMATIG", "handmatig")),
        ("azc", ("0363", "N1", "vast")),
        ("ziekenhuis", ("0363", "N1", "vast")),
        ("vakantie", ("0363", "N1", "vast")),
    ],
)
def test_which_stays_count(soort: str, verwacht: tuple[str | None, str, str]) -> None:
    assert uitkomst(bepaal("2023-06-01", brp=THUIS, verblijf=(verblijf("2022-02-01", soort=soort),))) == verwacht


def test_every_rule_is_shown_by_a_case() -> None:
    assert {geval[2][1] for geval in (*NIEUW.values(), *OUD.values())} == {regel.value for regel in Regel}
