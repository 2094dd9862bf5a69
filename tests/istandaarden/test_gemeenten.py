"""Which gemeente a code stands for on a day: mergers, chains of them, splits, and codes of later."""

from datetime import date, timedelta

import pytest

from istandaarden.gemeenten import Opvolging, gemeenten, gemeentenaam, is_gemeente, succeed, taken_over, went_on_in

OUD_EN_NIEUW = [*gemeenten(), "0265", "0241", "0140", "0053", "0788", "1671", "0457", "1921", "0501", "0756"]
DAGEN = [date(2015, 1, 1) + timedelta(days=stap) for stap in range(0, 4400, 150)]


@pytest.mark.parametrize(
    ("code", "dag", "verwacht"),
    [
        ("0530", date(2022, 12, 31), ("0530",)),
        ("0530", date(2023, 1, 1), ("1992",)),
        ("0265", date(2014, 12, 31), ("0265",)),
        ("0265", date(2015, 1, 1), ("0241",)),
        ("0265", date(2016, 1, 1), ("1945",)),
        ("0457", date(2022, 3, 23), ("0457",)),
        ("0457", date(2022, 3, 24), ("0363",)),
        ("1921", date(2015, 7, 1), ("1940",)),
        ("1940", date(2015, 6, 30), ("1921",)),
        ("0788", date(2021, 1, 1), ("0824", "0757", "0855", "0865")),
        ("1992", date(2022, 12, 31), ("0501", "0530", "0614")),
        ("0363", date(1900, 1, 1), ("0363",)),
    ],
)
def test_a_code_on_a_day(code: str, dag: date, verwacht: tuple[str, ...]) -> None:
    opvolging = succeed(code, dag)
    assert opvolging is not None
    assert opvolging.codes == verwacht
    assert opvolging.code == (verwacht[0] if len(verwacht) == 1 else None)


@pytest.mark.parametrize("code", ["", "9999", "344", "90000001", "SVB", "0000", "1999"])
def test_what_is_no_gemeente_stands_for_nothing(code: str) -> None:
    assert succeed(code, date(2023, 1, 1)) is None


def test_the_mergers_on_the_way_are_told_with_their_days() -> None:
    stappen = (("0265", date(2015, 1, 1)), ("0241", date(2016, 1, 1)))
    assert succeed("0265", date(2020, 1, 1)) == Opvolging(("1945",), stappen)


@pytest.mark.parametrize("dag", DAGEN)
def test_whatever_comes_out_existed_on_the_day_and_has_a_name(dag: date) -> None:
    for code in OUD_EN_NIEUW:
        opvolging = succeed(code, dag)
        assert opvolging is not None
        assert opvolging.codes
        assert all(is_gemeente(uit, dag) and gemeentenaam(uit) for uit in opvolging.codes), code


@pytest.mark.parametrize(
    ("oud", "nieuw", "verwacht"),
    [
        ("0530", "1992", True),
        ("0265", "1945", True),
        ("0788", "0865", True),
        ("1992", "0530", False),
        ("0530", "0530", False),
        ("0363", "0344", False),
        ("9999", "0344", False),
    ],
)
def test_what_went_on_in_what(oud: str, nieuw: str, *, verwacht: bool) -> None:
    assert went_on_in(oud, nieuw) is verwacht


@pytest.mark.parametrize(
    ("code", "dag", "verwacht"),
    [
        ("1992", date(2023, 1, 1), {"0501", "0530", "0614"}),
        ("1992", date(2022, 12, 31), set()),
        ("1945", date(2017, 1, 1), {"0241", "0265", "0282"}),
        ("0865", date(2022, 1, 1), set()),  # it got a part of 0788, and who got the rest the code does not say
        ("9999", date(2023, 1, 1), set()),
    ],
)
def test_what_a_gemeente_took_over_as_a_whole(code: str, dag: date, verwacht: set[str]) -> None:
    assert taken_over(code, dag) == verwacht
    assert all(went_on_in(oud, code) for oud in verwacht)
