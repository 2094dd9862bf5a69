"""What a keten remembers: which berichten count, in whatever order they and their retours come."""

from __future__ import annotations

from datetime import date

import pytest
from verhaal import AANBIEDER, BSN, GEMEENTE, Verhaal, maand

from istandaarden.regels.keten import Relatie, Stand
from istandaarden.regels.ketenverloop import Ketenverloop
from istandaarden.toets import validate


@pytest.fixture(params=["iwmo", "ijw"])
def v(request: pytest.FixtureRequest) -> Verhaal:
    return Verhaal(request.param)


def _relatie(v: Verhaal) -> Relatie:
    return Relatie(v.standaard, GEMEENTE, AANBIEDER)


def test_what_is_rejected_counts_as_not_sent(v: Verhaal) -> None:
    heen = v.zend(v.wijs_toe(identificatie="X1"))
    assert v.keten.knows_client(_relatie(v), BSN)
    v.zend(v.retour(heen, "0001"))
    assert not v.keten.knows_client(_relatie(v), BSN)
    assert v.keten.toewijzingen(_relatie(v), BSN) == []
    v.zend(v.wijs_toe(identificatie="X1"))  # as if it were new
    assert len(v.keten.toewijzingen(_relatie(v), BSN)) == 1


def test_what_is_accepted_goes_on_counting(v: Verhaal) -> None:
    v.zend(v.retour(v.zend(v.wijs_toe())))
    assert v.keten.knows_client(_relatie(v), BSN)


def test_a_rejection_may_come_before_what_it_rejects(v: Verhaal) -> None:
    heen = v.wijs_toe()
    v.zend(v.retour(heen, "0001"))
    v.zend(heen)
    assert not v.keten.knows_client(_relatie(v), BSN)


def test_a_rejection_of_a_second_use_does_not_touch_the_first(v: Verhaal) -> None:
    heen = v.zend(v.wijs_toe(identificatie="X1"))
    v.zend(v.retour(heen, "9056"))
    assert v.keten.knows_client(_relatie(v), BSN)


def test_a_rejected_start_stop_request_and_answer_leave_no_trace(v: Verhaal) -> None:
    v.zend(v.wijs_toe())
    v.zend(v.retour(v.zend(v.start()), "0001"))
    assert v.codes(v.stop()) == ["TR382"]
    v.zend(v.start())
    v.zend(v.retour(v.zend(v.stop()), "0001"))
    v.zend(v.stop())
    v.zend(v.retour(v.zend(v.vraag()), "0001"))
    assert v.codes(v.antwoord("1")) == ["TR355"]
    v.zend(v.vraag())
    v.zend(v.retour(v.zend(v.antwoord("1")), "0001"))
    v.zend(v.antwoord("1"))


def test_a_rejected_removal_removes_nothing(v: Verhaal) -> None:
    v.zend(v.wijs_toe())
    v.zend(v.start())
    v.zend(v.retour(v.zend(v.start({"StatusAanlevering": "3"})), "0001"))
    assert v.codes(v.start({"Begindatum": date(2026, 2, 1)})) == ["TR326"]


def test_the_version_that_counts_is_the_one_decided_last(v: Verhaal) -> None:
    def version(dag: int, tijd: str, einde: int) -> bytes:
        product = v.toewijzing(
            Toewijzingsdatum=date(2026, 1, dag), Toewijzingstijd=tijd, Einddatum=date(2026, einde, 28)
        )
        return v.wijs_toe(product, dag=date(2026, 1, 30))

    for dag, tijd, einde in ((3, "09:00:00", 6), (3, "09:00:00.500", 7), (2, "23:00:00", 8)):
        v.zend(version(dag, tijd, einde))
    (toewijzing,) = v.keten.toewijzingen(_relatie(v), BSN)
    assert toewijzing.einde == date(2026, 7, 28)
    assert [t.einde.month for t in v.keten.versions(v.standaard, GEMEENTE, "100") if t.einde] == [8, 6, 7]


def test_a_declaratie_is_settled_by_its_answer(v: Verhaal) -> None:
    v.zend(v.wijs_toe())
    maart = v.prestatie("R2", ProductPeriode=maand(2026, 3))
    declaratie = v.zend(v.declareer(v.prestatie(), maart))
    stand = [p.stand for p in v.keten.declaraties(_relatie(v))[0].prestaties]
    assert stand == [Stand.INGEDIEND, Stand.INGEDIEND]
    v.zend(v.beantwoord(declaratie, maart))
    (gevonden,) = v.keten.declaraties(_relatie(v))
    assert gevonden.beantwoord
    assert [p.stand for p in gevonden.prestaties] == [Stand.TOEGEKEND, Stand.AFGEWEZEN]


@pytest.mark.parametrize("geheel", ["9333", "0001"])
def test_a_declaratie_that_is_rejected_counts_as_not_sent(v: Verhaal, geheel: str) -> None:
    v.zend(v.wijs_toe())
    declaratie = v.zend(v.declareer())
    if geheel == "0001":
        kop = v.beantwoord(declaratie, RetourCodes={"RetourCode": [geheel]})
        begin, einde = kop.index(b"DeclaratieAntwoord>") - 8, kop.rindex(b"DeclaratieAntwoord>") + 20
        kop = kop[: kop.rindex(b"<", 0, begin + 9)] + kop[einde:]
        v.zend(kop)
    else:
        v.zend(v.beantwoord(declaratie, geheel=geheel))
    assert v.keten.declaraties(_relatie(v)) == []
    v.zend(declaratie)  # everything in it may be used again


def test_other_standards_and_releases_are_left_alone() -> None:
    v = Verhaal("iwmo")
    bericht = validate(v.wijs_toe(), niveau=2).bericht
    assert bericht is not None
    keten = Ketenverloop()
    keten.add(bericht)
    assert not keten.knows_client(Relatie("ijw", GEMEENTE, AANBIEDER), BSN)
    assert not keten.knows_client(Relatie("iwmo", GEMEENTE, "90000002"), BSN)
