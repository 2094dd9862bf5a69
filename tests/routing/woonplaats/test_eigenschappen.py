"""What holds for the decision whatever the facts are."""

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from istandaarden.gemeenten import is_gemeente
from routing.woonplaats.bepaling import determine
from routing.woonplaats.besluit import Regel, Regime, Zekerheid
from routing.woonplaats.feiten import (
    Adresperiode,
    Adressoort,
    Feiten,
    Gezagsdrager,
    Gezagssoort,
    Verblijf,
    Verblijfsoort,
)
from routing.woonplaats.overdracht import Gevolg, compare

DAGEN = st.dates(date(2009, 1, 1), date(2027, 1, 1)) | st.sampled_from([date.min, date.max])
CODES = st.sampled_from(
    ["0344", "0363", "0599", "1992", "0530", "0265", "0140", "0788", "0018", "1999", "0000", "4321"]
)
MISSCHIEN_CODE = st.none() | CODES
ADRESSEN = st.builds(
    Adresperiode,
    st.sampled_from(Adressoort),
    MISSCHIEN_CODE,
    st.none() | DAGEN,
    st.none() | DAGEN,
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
VERBLIJVEN = st.builds(Verblijf, st.sampled_from(Verblijfsoort), st.none() | DAGEN, st.none() | DAGEN, st.booleans())
GEZAG = st.builds(Gezagsdrager, st.sampled_from(Gezagssoort), MISSCHIEN_CODE, st.booleans())
FEITEN = st.builds(
    Feiten,
    peildatum=st.dates(date(2009, 1, 1), date(2027, 1, 1)),
    geboortedatum=st.none() | DAGEN,
    brp=st.none() | st.lists(ADRESSEN, max_size=4).map(tuple),
    verblijf=st.lists(VERBLIJVEN, max_size=3).map(tuple),
    moeder_gemeente_bij_geboorte=MISSCHIEN_CODE,
    werkelijk_verblijf=MISSCHIEN_CODE,
    gezag=st.none() | st.lists(GEZAG, max_size=3).map(tuple),
    laatst_bij=st.none() | st.sampled_from(Gezagssoort),
)


@given(FEITEN)
def test_it_answers_or_names_what_is_missing(feiten: Feiten) -> None:
    bepaling = determine(feiten)
    if bepaling.gemeente is None:
        assert bepaling.zekerheid is Zekerheid.HANDMATIG
        assert bepaling.regel in {Regel.HANDMATIG, Regel.ONGEBOREN}
        assert bepaling.ontbrekend
    else:
        assert bepaling.zekerheid is not Zekerheid.HANDMATIG
        assert bepaling.regel not in {Regel.HANDMATIG, Regel.ONGEBOREN}
        assert bepaling.gemeentenaam
        assert bepaling.paragraaf
    assert bepaling.motivering


@given(FEITEN)
def test_the_gemeente_existed_on_the_day(feiten: Feiten) -> None:
    bepaling = determine(feiten)
    if bepaling.gemeente is not None:
        assert is_gemeente(bepaling.gemeente, feiten.peildatum)


@given(FEITEN)
def test_the_steps_hold_nothing_as_long_as_a_bsn(feiten: Feiten) -> None:
    assert not re.search(r"[0-9]{5,}", " ".join(determine(feiten).motivering))


@given(FEITEN, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(feiten: Feiten, toeval: object) -> None:
    def hussel(delen: tuple[object, ...] | None) -> tuple[object, ...] | None:
        if not delen:
            return delen
        lijst = [*delen, *delen[:1]]
        toeval.shuffle(lijst)  # type: ignore[attr-defined]
        return tuple(lijst)

    andersom = replace(
        feiten,
        brp=hussel(feiten.brp),
        verblijf=hussel(feiten.verblijf),
        gezag=hussel(feiten.gezag),  # type: ignore[arg-type]
    )
    assert determine(andersom) == determine(feiten)


@given(FEITEN, GEZAG, st.sampled_from(Gezagssoort))
def test_gezag_does_not_matter_from_2022_on(feiten: Feiten, drager: Gezagsdrager, bij: Gezagssoort) -> None:
    bepaling = determine(feiten)
    if bepaling.regime is Regime.NIEUW and "convenant" not in " ".join(bepaling.motivering):
        assert determine(replace(feiten, gezag=(drager,), laatst_bij=bij)) == bepaling


@given(FEITEN)
def test_secrecy_does_not_matter(feiten: Feiten) -> None:
    assert determine(replace(feiten, geheim=True)) == determine(feiten)


@given(FEITEN, ADRESSEN)
def test_an_address_after_the_day_that_counts_does_not_matter(feiten: Feiten, adres: Adresperiode) -> None:
    bepaling = determine(feiten)
    if bepaling.referentiedatum is None or not feiten.brp:
        return
    for van, tot in ((date(2028, 1, 1), None), (date(2028, 2, 1), date(2028, 1, 1))):
        erna = replace(adres, van=van, tot=tot)
        assert determine(replace(feiten, brp=(*feiten.brp, erna))) == bepaling


@given(FEITEN, VERBLIJVEN, st.sampled_from([date(1990, 1, 1), date(2028, 1, 1)]))
def test_a_stay_that_cannot_be_and_lies_elsewhere_does_not_matter(feiten: Feiten, een: Verblijf, dag: date) -> None:
    onlogisch = replace(een, van=dag.replace(month=2), tot=dag)
    assert determine(replace(feiten, verblijf=(*feiten.verblijf, onlogisch))) == determine(feiten)


@given(FEITEN, ADRESSEN, VERBLIJVEN, st.dates(date(2009, 1, 1), date(2021, 12, 31)))
def test_where_a_minor_was_does_not_matter_before_2022(
    feiten: Feiten, adres: Adresperiode, een: Verblijf, dag: date
) -> None:
    minderjarig = replace(feiten, peildatum=dag, geboortedatum=date(2008, 5, 1), brp=None, verblijf=())
    erbij = replace(minderjarig, brp=(adres, *(feiten.brp or ())), verblijf=(een, *feiten.verblijf))
    assert determine(erbij) == determine(minderjarig)


@given(FEITEN, st.sampled_from(["0344", "0363", "0599", "0530", "0756"]))
def test_a_client_stays_or_leaves_or_is_unknown_and_the_reason_is_told(feiten: Feiten, van: str) -> None:
    overgang = compare(van, feiten)
    assert (overgang.gevolg is Gevolg.ONBEKEND) == (overgang.nieuw.gemeente is None)
    assert (overgang.oud.regime, overgang.nieuw.regime) == (Regime.OUD, Regime.NIEUW)
    assert all(stap in overgang.uitleg for stap in (*overgang.oud.motivering, *overgang.nieuw.motivering))
    if overgang.gevolg is Gevolg.BLIJFT:
        assert compare(overgang.nieuw.gemeente or "", feiten).gevolg is Gevolg.BLIJFT


@pytest.mark.parametrize("soort", Verblijfsoort)
def test_a_stay_that_ended_before_does_not_matter(soort: Verblijfsoort) -> None:
    feiten = Feiten(date(2026, 6, 1), date(2010, 6, 1), (Adresperiode(Adressoort.WOONADRES, "0344", date(2010, 6, 1)),))
    eerder = Verblijf(soort, date(2020, 1, 1), date(2021, 1, 1))
    assert determine(replace(feiten, verblijf=(eerder,))) == determine(feiten)
