"""Files of a batch: read a few lines at a time, every fault by line and without a value, written safely."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from knooppunt.woonplaats.batchbestand import Bestandsfout, read, safe_cell, write
from routing.woonplaats.batch import Regel, Resultaat

_BSN = "999990019"


def _read(map_: Path, naam: str, inhoud: str | bytes) -> list[Regel]:
    pad = map_ / naam
    pad.write_bytes(inhoud if isinstance(inhoud, bytes) else inhoud.encode())
    return [regel for deel in read(pad) for regel in deel]


@pytest.mark.parametrize("teken", [";", ","])
def test_a_csv_line_is_a_question_with_what_is_known(tmp_path: Path, teken: str) -> None:
    tekst = f"\ufeffbsn;peildatum;kenmerk;verblijf_soort;verblijf_van\r\n{_BSN};2024-03-01;K1;pleegouder;2023-01-01\r\n"
    (regel,) = _read(tmp_path, "in.csv", tekst.replace(";", teken))
    assert (regel.nummer, regel.kenmerk, regel.fouten) == (1, "K1", ())
    vraag = json.loads(regel.vraag or b"")
    assert (vraag["bsn"], vraag["peildatum"], vraag["verblijf"][0]["van"]) == (_BSN, "2024-03-01", "2023-01-01")


def test_every_fault_of_a_line_is_named_without_its_value(tmp_path: Path) -> None:
    tekst = f"bsn;peildatum;werkelijk_verblijf\n999990018;2024-03-01;\n12;gisteren;Utrecht\n;;\n{_BSN};2024-03-01\n"
    regels = _read(tmp_path, "in.csv", tekst)
    assert [regel.fouten for regel in regels] == [
        ("bsn moet een BSN zijn: negen cijfers die de elfproef doorstaan",),
        (
            "werkelijk_verblijf moet een gemeentecode van vier cijfers zijn",
            "peildatum moet een datum zijn als 2022-01-31",
            "bsn moet uit negen cijfers bestaan",
        ),
        ("peildatum ontbreekt", "bsn ontbreekt"),
        ("het geheel moet een object zijn",),
    ]
    assert [regel.vraag for regel in regels] == [None] * 4


def test_a_kenmerk_with_a_bsn_in_it_is_not_kept(tmp_path: Path) -> None:
    goed = {"bsn": _BSN, "peildatum": "2024-03-01"}
    namen = (f"zaak {_BSN}", f"1{_BSN}", "C-999990342", "999.990.342")
    regels = _read(tmp_path, "in.json", json.dumps([goed | {"kenmerk": naam} for naam in namen]))
    assert {(r.kenmerk, r.vraag, r.fouten) for r in regels} == {("", None, ("kenmerk mag geen BSN zijn of bevatten",))}
    fout = ({"bsn": int(_BSN)}, {"bsn": "12"}, {"bsn": "999990343"}, {"peildatum": "gisteren"})
    rijen = [goed | anders | {"kenmerk": naam} for anders in fout for naam in (_BSN, "C-999990342")]
    rijen.append(goed | {"bsn": int(_BSN), "kenmerk": f"1{_BSN}"})
    rijen.append(goed | {"bsn": int(_BSN), "kenmerk": "2026-0012345"})
    regels = _read(tmp_path, "in.json", json.dumps(rijen))
    assert [(r.kenmerk, r.vraag) for r in regels] == [("", None)] * 9 + [("2026-0012345", None)]


@pytest.mark.parametrize("vorm", ["[{0}, {1}]", "{0}\n{1}\n", "  [\n{0}\n,\n{1}\n]\n", "{0}{1}"])
def test_json_may_be_a_list_or_one_after_another(tmp_path: Path, vorm: str) -> None:
    een, twee = ({"bsn": _BSN, "peildatum": f"2024-03-0{n}", "kenmerk": f"K{n}"} for n in (1, 2))
    tekst = vorm.replace("{0}", json.dumps(een)).replace("{1}", json.dumps(twee))
    assert [(regel.kenmerk, regel.fouten) for regel in _read(tmp_path, "in.json", tekst)] == [("K1", ()), ("K2", ())]


def test_a_long_json_file_is_read_over_the_edges_of_its_pieces(tmp_path: Path) -> None:
    rijen = [{"bsn": _BSN, "peildatum": "2024-03-01", "kenmerk": "é" * (n % 97)} for n in range(3000)]
    regels = _read(tmp_path, "in.json", json.dumps(rijen))
    assert [len(regel.kenmerk) for regel in regels] == [n % 97 for n in range(3000)]


@pytest.mark.parametrize(
    ("naam", "inhoud", "melding"),
    [
        ("in.csv", b"", "De kop moet"),
        ("in.csv", b"naam;peildatum\n", "De kop moet"),
        ("in.csv", b"bsn;bsn;peildatum\n", "De kop moet"),
        ("in.csv", b"bsn;peildatum\n", "geen enkele vraag"),
        ("in.csv", b'bsn;peildatum\n"abc', "Regel 2 is geen geldige CSV"),
        ("in.csv", b"bsn;peildatum\n\xff;\n", "UTF-8"),
        ("in.json", b"", "geen enkele vraag"),
        ("in.json", b"[]", "geen enkele vraag"),
        ("in.json", b'[{"bsn":"1"}, {"bsn":"1","bsn":"2"}]', "Vraag 2 noemt een veld twee keer"),
        ("in.json", b'[{"kenmerk":"\\ud800"}]', "Vraag 1 bevat tekst die geen geldige Unicode is"),
        ("in.json", b'[{"bsn":"1"}, {', "Vraag 2 is geen geldige JSON"),
        ("in.json", b"[" * 100_000, "Vraag 1 is geen geldige JSON"),
        ("in.json", b"[1] onzin", "staat nog iets"),
        ("in.json", b'["' + b"x" * 400_000, "Vraag 1 is geen geldige JSON"),
    ],
)
def test_a_file_that_is_no_good_as_a_whole_is_refused(tmp_path: Path, naam: str, inhoud: bytes, melding: str) -> None:
    with pytest.raises(Bestandsfout, match=melding):
        _read(tmp_path, naam, inhoud)


async def _give() -> AsyncIterator[Resultaat]:
    yield Resultaat(1, "=1+1", b'{"gemeente":"0344","ontbrekendeGegevens":["brp"],"opmerkingen":[]}', ())
    yield Resultaat(2, "K2", None, ("bsn ontbreekt", "peildatum ontbreekt"))
    yield Resultaat(3, "K3", b'{"fout":"De BRP weigert."}', ())


async def test_answers_in_csv_are_no_formulas(tmp_path: Path) -> None:
    assert await write(tmp_path / "uit.csv", _give()) == 2
    rijen = list(csv.DictReader((tmp_path / "uit.csv").read_text("utf-8").splitlines(), delimiter=";"))
    assert [(r["regel"], r["kenmerk"], r["gemeente"], r["fouten"]) for r in rijen] == [
        ("1", "'=1+1", "0344", ""),
        ("2", "K2", "", "bsn ontbreekt; peildatum ontbreekt"),
        ("3", "K3", "", "De BRP weigert."),
    ]
    assert not (tmp_path / ".uit.csv.deel").exists()
    assert (tmp_path / "uit.csv").stat().st_mode & 0o077 == 0


async def test_answers_in_json_are_a_list(tmp_path: Path) -> None:
    assert await write(tmp_path / "uit.json", _give()) == 2
    een, twee, drie = json.loads((tmp_path / "uit.json").read_text("utf-8"))
    assert (een["kenmerk"], een["gemeente"], een["fouten"]) == ("=1+1", "0344", [])
    assert (twee["fouten"], drie["fouten"]) == (["bsn ontbreekt", "peildatum ontbreekt"], ["De BRP weigert."])


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_what_a_spreadsheet_takes_for_a_formula_is_quoted(begin: str) -> None:
    assert safe_cell(f"{begin}1") == f"'{begin}1"
    assert safe_cell(f"1{begin}") == f"1{begin}"
