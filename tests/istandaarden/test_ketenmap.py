"""A folder of berichten replayed in order, by date and name or as an index says."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner
from verhaal import VANDAAG, Verhaal, maand

from istandaarden.bulktoets import Uitslag
from istandaarden.ketenmap import Volgordefout, find_in_order, judge_keten
from istandaarden.regels.registers import Vasteregisters
from knooppunt.cli import app


def _replay(*paden: Path, release: str | None = None) -> list[Uitslag]:
    registers = Vasteregisters(vandaag=lambda: VANDAAG)
    return list(judge_keten(find_in_order(paden), registers, release))


def _codes(uitslagen: list[Uitslag]) -> list[tuple[str, list[str]]]:
    return [(Path(u.naam).name, [b.code for b in u.bevindingen]) for u in uitslagen]


def _write(map_: Path, **berichten: bytes) -> None:
    for naam, data in berichten.items():
        (map_ / f"{naam}.xml").write_bytes(data)


@pytest.mark.parametrize("standaard", ["iwmo", "ijw"])
def test_a_whole_case_goes_right_in_the_order_of_its_dates(tmp_path: Path, standaard: str) -> None:
    v = Verhaal(standaard)
    declaratie = v.declareer(v.prestatie(), v.prestatie("R2", ProductPeriode=maand(2026, 3)))
    heen = v.wijs_toe()
    berichten = {
        "z_toewijzing": heen,
        "zz_retour": v.retour(heen),
        "y_start": v.start(dag=date(2026, 1, 6)),
        "x_stop": v.stop(dag=date(2026, 3, 2)),
        "b_declaratie": declaratie,
        "a_antwoord": v.beantwoord(declaratie, v.prestatie("R2", ProductPeriode=maand(2026, 3))),
        "c_credit": v.declareer(v.credit("R3", "R1"), nummer="D2", dag=date(2026, 6, 26)),
        "d_fout": v.declareer(v.credit("R4", "R2", ProductPeriode=maand(2026, 3)), nummer="D3", dag=date(2026, 6, 27)),
    }
    _write(tmp_path, **berichten)
    assert _codes(_replay(tmp_path)) == [
        ("z_toewijzing.xml", []),
        ("zz_retour.xml", []),
        ("y_start.xml", []),
        ("x_stop.xml", []),
        ("b_declaratie.xml", []),
        ("a_antwoord.xml", []),
        ("c_credit.xml", []),
        ("d_fout.xml", ["TR323"]),
    ]


def test_an_index_gives_the_order_and_the_rest_comes_after_it(tmp_path: Path) -> None:
    v = Verhaal("iwmo")
    (tmp_path / "diep").mkdir()
    _write(tmp_path, start=v.start(), ander=v.start({"StatusAanlevering": "3"}, dag=date(2026, 1, 6)))
    _write(tmp_path / "diep", toewijzing=v.wijs_toe(dag=date(2026, 7, 1)))
    assert [codes for _, codes in _codes(_replay(tmp_path))] == [["TR063"], ["TR019"], []]
    (tmp_path / "volgorde.csv").write_text("nr;bestand\n1;diep/toewijzing.xml\n2;start.xml\n;\n", encoding="utf-8")
    assert _codes(_replay(tmp_path)) == [("toewijzing.xml", []), ("start.xml", []), ("ander.xml", [])]


@pytest.mark.parametrize(
    ("inhoud", "melding"),
    [
        (b"bestand\ngeen.xml\n", "bestanden die er niet zijn: .*geen.xml"),
        (b"naam\na.xml\n", "geen kolom bestand"),
        (b"\xff\xfe", "niet te lezen"),
        (b'bestand\n"a.xml\n', "niet te lezen"),
        (b"", "geen kolom bestand"),
    ],
)
def test_an_index_that_cannot_be_used_is_refused(tmp_path: Path, inhoud: bytes, melding: str) -> None:
    (tmp_path / "volgorde.csv").write_bytes(inhoud)
    with pytest.raises(Volgordefout, match=melding):
        find_in_order([tmp_path])


def test_what_is_wrong_does_not_join(tmp_path: Path) -> None:
    v = Verhaal("iwmo")
    _write(
        tmp_path,
        a=v.wijs_toe(v.toewijzing(RedenWijziging="01")),  # CS336, and CS335
        b=b"<Bericht",
        c=b"<Iets/>",
        d=v.start(),
        e=v.wijs_toe().replace(b"<iwmo:Dagtekening>2026-01-03", b"<iwmo:Dagtekening>2026-02-30"),
    )
    uitslagen = _replay(tmp_path)
    assert [(Path(u.naam).name, u.geldig) for u in uitslagen] == [
        ("a.xml", False), ("e.xml", False), ("d.xml", False), ("b.xml", None), ("c.xml", None),
    ]  # fmt: skip
    assert [b.code for b in uitslagen[2].bevindingen] == ["TR019"]


def test_a_bericht_of_another_release_does_not_join(tmp_path: Path) -> None:
    v = Verhaal("iwmo")
    _write(tmp_path, a=v.wijs_toe(), b=v.start())
    assert [codes for _, codes in _codes(_replay(tmp_path, release="2.3"))] == [["XSD"], ["XSD", "TR019"]]


def test_of_a_declaratie_the_right_lines_join(tmp_path: Path) -> None:
    v = Verhaal("ijw")
    fout = v.prestatie("R2", ProductPeriode=maand(2026, 3), GeleverdVolume=100)
    weer = v.prestatie("R3", ProductPeriode=maand(2026, 3), GeleverdVolume=10)
    dubbel = v.prestatie("R4", GeleverdVolume=2)
    _write(
        tmp_path,
        a=v.wijs_toe(),
        b=v.declareer(v.prestatie(), fout),
        c=v.declareer(weer, dubbel, nummer="D2", dag=date(2026, 6, 21)),
        d=v.declareer(weer, nummer="D2", dag=date(2026, 6, 22)),
    )
    assert _codes(_replay(tmp_path)) == [
        ("a.xml", []), ("b.xml", ["TR321"]), ("c.xml", ["TR389"]), ("d.xml", ["TR333", "TR314", "TR389"]),
    ]  # fmt: skip


def test_a_declaratie_of_an_unknown_client_joins_without_him(tmp_path: Path) -> None:
    v = Verhaal("ijw")
    declaratie = v.declareer(bsn="999900006")
    _write(tmp_path, a=declaratie, b=v.beantwoord(declaratie))
    assert [codes for _, codes in _codes(_replay(tmp_path))] == [["TR304"], []]


def test_a_zip_and_a_large_declaratie_are_replayed_too(tmp_path: Path) -> None:
    v = Verhaal("iwmo")
    prestaties = [v.prestatie(f"R{n}", ProductPeriode=maand(2026, 2), ProductCode=f"{n:05}") for n in range(1500)]
    generiek = v.toewijzing(Product={"Categorie": v.categorie}, Omvang=None)
    groot = v.declareer(*prestaties)
    assert len(groot) > 1024 * 1024
    with zipfile.ZipFile(tmp_path / "keten.zip", "w") as archief:
        archief.writestr("b.xml", groot)
        archief.writestr("a.xml", v.wijs_toe(generiek))
        archief.writestr("c.xml", v.declareer(prestaties[7], nummer="D2", dag=date(2026, 6, 21)))
    assert [codes for _, codes in _codes(_replay(tmp_path / "keten.zip"))] == [[], [], ["TR314", "TR389"]]


def test_the_command_line_replays_a_folder(tmp_path: Path) -> None:
    v = Verhaal("iwmo")
    (tmp_path / "map").mkdir()
    _write(tmp_path / "map", b=v.start(), a=v.wijs_toe(), c=v.declareer())
    contract = tmp_path / "contract.csv"
    contract.write_text(f"categorie;code;eenheid;tarief\n{v.categorie};{v.code};04;4900\n", encoding="utf-8")
    uit = CliRunner().invoke(app, ["valideer", str(tmp_path / "map"), "--keten", "--json"])
    assert uit.exit_code == 0, uit.output
    regels = [json.loads(regel) for regel in uit.stdout.splitlines() if regel.startswith("{")]
    assert [Path(regel["bestand"]).name for regel in regels] == ["a.xml", "b.xml", "c.xml"]
    uit = CliRunner().invoke(app, ["valideer", str(tmp_path / "map"), "--keten", "--contract", str(contract)])
    assert uit.exit_code == 1
    assert "contractuele tarief" in uit.output
    contract.write_text("categorie;code\n2;A\n", encoding="utf-8")
    uit = CliRunner().invoke(app, ["valideer", str(tmp_path / "map"), "--keten", "--contract", str(contract)])
    assert uit.exit_code == 2
    assert "regel 2: categorie heeft een verkeerde waarde" in uit.output
