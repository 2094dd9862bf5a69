from __future__ import annotations

from pathlib import Path

import pytest

from knooppunt.configuratie import BewakingSectie
from knooppunt.ruimte import Ruimte, free_mib

GRENZEN = BewakingSectie(schijf_waarschuwing_mib=100, schijf_weiger_mib=50, achterstand_weiger=1000)


class Schijf:
    def __init__(self) -> None:
        self.vrij: int | None = 500

    def __call__(self, _map: Path) -> int:
        if self.vrij is None:
            raise OSError
        return self.vrij


@pytest.fixture
def schijf(monkeypatch: pytest.MonkeyPatch) -> Schijf:
    monkeypatch.setattr("knooppunt.ruimte._HOUDBAAR_S", 0.0)
    return Schijf()


@pytest.mark.parametrize(
    ("vrij", "oorzaak", "weigert"),
    [(500, None, False), (99, "schijf_bijna_vol", False), (50, "schijf_bijna_vol", False), (49, "schijf_vol", True)],
)
def test_first_a_warning_then_a_refusal(
    schijf: Schijf, tmp_path: Path, vrij: int, oorzaak: str | None, *, weigert: bool
):
    ruimte = Ruimte(tmp_path, GRENZEN, schijf)
    schijf.vrij = vrij
    assert list(ruimte.incidents()) == ([oorzaak] if oorzaak else [])
    assert (ruimte.refusal() == "knooppunt_vol") is weigert
    schijf.vrij = 500
    assert (ruimte.refusal(), ruimte.incidents()) == (None, {})


def test_a_backlog_is_no_room_either_also_without_a_disk():
    ruimte = Ruimte(None, GRENZEN)
    ruimte.wachtend = 1001
    assert ruimte.refusal() == "knooppunt_vol"
    ruimte.wachtend = 1000
    assert (ruimte.refusal(), ruimte.free(), ruimte.incidents()) == (None, None, {})


def test_a_disk_that_cannot_be_looked_at_refuses_nobody(schijf: Schijf, tmp_path: Path):
    schijf.vrij = None
    ruimte = Ruimte(tmp_path, GRENZEN, schijf)
    assert (ruimte.refusal(), ruimte.free()) == (None, None)


def test_a_real_disk_has_room(tmp_path: Path):
    assert free_mib(tmp_path) > 0


def test_a_real_disk_is_asked_once_a_second(tmp_path: Path):
    keren: list[Path] = []
    ruimte = Ruimte(tmp_path, GRENZEN, lambda map_: len(keren.append(map_) or keren) + 500)
    assert {ruimte.free() for _ in range(1000)} == {501}
