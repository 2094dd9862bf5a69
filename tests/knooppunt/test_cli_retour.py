"""`knooppunt retour`: from a file to a retour, or the reason why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree
from stijlpakket import BASIS, fout, installeer, on, stijl
from typer.testing import CliRunner, Result
from verhaal import Verhaal

from istandaarden.catalogus import ingebouwd
from istandaarden.standaardmap import VARIABELE
from istandaarden.toets import validate
from istandaarden.voorbeeld import make_voorbeeld
from knooppunt.cli import app


def run(*argumenten: str | Path) -> Result:
    return CliRunner().invoke(app, ["retour", *map(str, argumenten)])


def codes(data: bytes) -> list[str | None]:
    assert validate(data).geldig
    return [code.text for code in etree.fromstring(data).iter("{*}RetourCode")]


@pytest.fixture
def heen(tmp_path: Path) -> Path:
    pad = tmp_path / "heen.xml"
    pad.write_bytes(make_voorbeeld(ingebouwd().find("WMO305", "3.2")))
    return pad


def test_a_good_bericht_gets_a_retour_on_standard_output(heen: Path) -> None:
    uitkomst = run(heen)
    assert uitkomst.exit_code == 0, uitkomst.output
    assert codes(uitkomst.stdout_bytes) == []
    assert uitkomst.stderr == "WMO306: akkoord.\n"


def test_a_broken_rule_is_told_and_gives_0001(tmp_path: Path) -> None:
    heen, uit = tmp_path / "heen.xml", tmp_path / "uit.xml"
    heen.write_bytes(make_voorbeeld(ingebouwd().find("JW305", "3.2"), fout="CS002"))
    uitkomst = run(heen, "--uit", uit, "--identificatie", "NR-7")
    assert uitkomst.exit_code == 0, uitkomst.output
    assert codes(uit.read_bytes()) == ["0001"]
    assert b"IdentificatieRetour>NR-7<" in uit.read_bytes()
    assert uitkomst.stdout == ""
    assert "BSN" in uitkomst.stderr
    assert uitkomst.stderr.endswith("JW306: afgekeurd.\n")


def test_the_version_of_an_official_check_is_told(heen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    map_ = tmp_path / "standaarden"
    map_.mkdir()
    monkeypatch.setenv(VARIABELE, str(map_))
    regel = on("m:StartProduct", fout("TR101", "'/Bericht/Client'"))
    installeer(tmp_path / "pakket", map_, {"WMO305.xsl": stijl(regel), "basis.xsl": BASIS})
    uitkomst = run(heen)
    assert codes(uitkomst.stdout_bytes) == ["0001"]
    assert b"XsltVersie>9.9.9<" in uitkomst.stdout_bytes
    assert "(schema: pakket pakket; regels: stylesheet WMO305.xsl van pakket pakket)" in uitkomst.stderr


def test_level_1_says_which_fault_message_goes_back(heen: Path, tmp_path: Path) -> None:
    heen.write_bytes(heen.read_bytes().replace(b"<wmo305:Geslacht>", b"<wmo305:Geslacht>x"))
    uit = tmp_path / "uit.xml"
    uitkomst = run(heen, "--uit", uit)
    assert uitkomst.exit_code == 1
    assert not uit.exists()
    assert "/Bericht/Client/Geslacht" in uitkomst.stderr
    assert "IB014" in uitkomst.stderr


@pytest.mark.parametrize("inhoud", [b"", b"<kapot", b"<html/>", b"\xff\xfe\x00"])
def test_what_is_no_bericht_gets_no_retour(heen: Path, inhoud: bytes) -> None:
    heen.write_bytes(inhoud)
    uitkomst = run(heen)
    assert uitkomst.exit_code == 1
    assert uitkomst.stdout == ""
    assert "Fo01" in uitkomst.stderr


def test_only_the_schema_when_that_is_asked(tmp_path: Path) -> None:
    heen = tmp_path / "heen.xml"
    heen.write_bytes(make_voorbeeld(ingebouwd().find("JW305", "3.2"), fout="CS002"))
    assert codes(run(heen, "--niveau", "1").stdout_bytes) == []


def test_a_keten_gives_codes_per_klasse(tmp_path: Path) -> None:
    verhaal = Verhaal("iwmo")
    map_ = tmp_path / "keten"
    map_.mkdir()
    (map_ / "1.xml").write_bytes(verhaal.zend(verhaal.wijs_toe()))
    (map_ / "2.xml").write_bytes(verhaal.zend(verhaal.start()))
    (map_ / "kapot.xml").write_bytes(b"<kapot")
    los = tmp_path / "los.xml"
    los.write_bytes(verhaal.start())
    uitkomst = run(los, "--keten", map_, "--niveau", "3")
    assert uitkomst.exit_code == 0, uitkomst.output
    boom = etree.fromstring(uitkomst.stdout_bytes)
    assert codes(uitkomst.stdout_bytes)[0] == "0200"
    assert "9074" in codes(uitkomst.stdout_bytes)
    assert [etree.QName(kind).localname for kind in boom] == ["Header", "Client"]

    erin = run(
        map_ / "2.xml", "--keten", map_, "--niveau", "3"
    )  # what comes after it does not count, nor does it itself
    assert codes(erin.stdout_bytes) == [], erin.stderr


def test_a_declaratie_in_a_keten_is_granted_in_part(tmp_path: Path) -> None:
    verhaal = Verhaal("ijw")
    map_ = tmp_path / "keten"
    map_.mkdir()
    (map_ / "1.xml").write_bytes(verhaal.zend(verhaal.wijs_toe()))
    heen = tmp_path / "heen.xml"
    goed, fout = verhaal.prestatie("R1"), verhaal.prestatie("R2", ToewijzingNummer="999")
    heen.write_bytes(verhaal.declareer(goed, fout))
    uitkomst = run(heen, "--keten", map_, "--niveau", "3")
    assert uitkomst.exit_code == 0, uitkomst.output
    assert uitkomst.stderr.endswith("JW325: deels afgewezen.\n")
    boom = etree.fromstring(uitkomst.stdout_bytes)
    assert [vond.text for vond in boom.iter("{*}ReferentieNummer")] == ["R2"]
    toegekend = boom.find(".//{*}TotaalToegekendBedrag/{*}TotaalBedrag")
    assert toegekend is not None
    assert toegekend.text == "50000"

    declaratie = validate(heen.read_bytes(), niveau=2).bericht
    assert declaratie is not None
    verhaal.keten.add(declaratie)
    antwoord = verhaal.judge(uitkomst.stdout_bytes)  # the other side checks it against its declaratie
    assert {b.code for b in antwoord.bevindingen} <= {"TR135"}, antwoord.bevindingen  # dated today, after the story


@pytest.mark.parametrize("code", ["WMO306", "JW325"])
def test_a_retour_is_not_answered(heen: Path, code: str) -> None:
    heen.write_bytes(make_voorbeeld(ingebouwd().find(code, "3.2")))
    uitkomst = run(heen)
    assert (uitkomst.exit_code, uitkomst.stdout) == (2, "")
    assert "geen retourbericht" in uitkomst.stderr


def test_mistakes_on_the_command_line_are_told_in_words(heen: Path, tmp_path: Path) -> None:
    voor = heen.read_bytes()
    gevallen: dict[str, list[str | Path]] = {
        "niet te lezen": [tmp_path / "weg.xml"],
        "--keten": [heen, "--niveau", "3"],
        "geen map": [heen, "--keten", heen],
        "heenbericht zelf": [heen, "--uit", heen],
        "lukt niet": [heen, "--uit", tmp_path / "weg" / "uit.xml"],
        "IdentificatieRetour": [heen, "--identificatie", "te lang voor een nummer"],
        "weg.csv": [heen, "--contract", tmp_path / "weg.csv"],
    }
    for melding, argumenten in gevallen.items():
        uitkomst = run(*argumenten)
        assert (uitkomst.exit_code, uitkomst.stdout) == (2, ""), melding
        assert melding in uitkomst.stderr
    assert heen.read_bytes() == voor
