"""Dates of the going over from a file: all errors at once, and nothing in between."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from routing.pgb import Overstap
from routing.pgbimport import read_changes
from routing.registerimport import Importfout


def read(map_: Path, tekst: str | bytes):
    pad = map_ / "overstap.csv"
    pad.write_bytes(tekst if isinstance(tekst, bytes) else tekst.encode())
    return read_changes(pad)


@pytest.mark.parametrize("teken", [";", ","])
def test_what_a_file_can_say(tmp_path: Path, teken: str):
    tekst = "gemeente;datum;tkb_tot\n0363;2026-03-01;2026-05-31\n*;2026-01-01;\n0599;;\n".replace(";", teken)
    wijzigingen = read(tmp_path, "\ufeff" + tekst)
    assert [(w.gemeente, w.overstap) for w in wijzigingen] == [
        ("0363", Overstap("0363", date(2026, 3, 1), date(2026, 5, 31))),
        ("", Overstap("", date(2026, 1, 1))),
        ("0599", None),
    ]


@pytest.mark.parametrize(
    ("tekst", "fouten"),
    [
        ("", ["het bestand noemt geen enkele gemeente"]),
        ("gemeente;datum\n", ["het bestand noemt geen enkele gemeente"]),
        ("gemeente;dag\n0363;2026-03-01\n", ["onbekende kolom 'dag'; verwacht gemeente, datum, tkb_tot"]),
        ("gemeente\n0363\n", ["de kop noemt geen gemeente en datum"]),
        ("gemeente;datum\n0363;2026-03-01;x\n", ["regel 2: meer kolommen dan de kop heeft"]),
        (
            "gemeente;datum;tkb_tot\n0363;01-03-2026;\n0599;2026-03-01;2026-02-01\n0014;;2026-01-01\n",
            [
                "regel 2: datum is geen datum zoals 2026-01-31",
                "regel 3: tkb_tot ligt voor de datum van de overstap",
                "regel 4: tkb_tot hoort bij een datum",
            ],
        ),
        (b"\xff\xfe", None),
    ],
)
def test_a_mistake_is_told_in_words(tmp_path: Path, tekst: str | bytes, fouten: list[str] | None):
    with pytest.raises(Importfout) as fout:
        read(tmp_path, tekst)
    if fouten is None:
        assert "geen UTF-8-tekst" in fout.value.fouten[0]
    else:
        assert list(fout.value.fouten) == fouten


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(Importfout, match="niet te lezen"):
        read_changes(tmp_path / "geen.csv")
