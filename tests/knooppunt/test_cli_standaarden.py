"""`knooppunt standaard`."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree
from proefverzoek import FOUT, JW317
from typer.testing import CliRunner

from knooppunt.cli import app


def test_the_catalogue():
    uit = CliRunner().invoke(app, ["standaard", "toon", "--release", "3.2"])
    kop, *rijen = uit.stdout.splitlines()
    assert kop.split() == ["Standaard", "Bericht", "Code", "Naam", "Van", "Naar", "Antwoord"]
    assert len(rijen) == 28
    assert rijen[0].split() == ["iWmo", "3.2", "WMO301", "414", "toewijzing", "gemeente", "aanbieder", "WMO302"]
    assert rijen[1].split() == ["iWmo", "3.2", "WMO302", "415", "retour", "toewijzing", "aanbieder", "gemeente"]


def test_one_bericht_as_a_tree():
    uit = CliRunner().invoke(app, ["standaard", "toon", "jw317"])
    regels = uit.stdout.splitlines()
    assert regels[0] == "JW317 (iJw 3.2): verzoek om wijziging, berichtcode 486"
    assert "├─ Header [1]" in regels
    assert "   ├─ Bsn [1] LDT_BurgerServicenummer: precies 9 cijfers" in regels
    assert "      │  └─ OngewijzigdProduct [1..n]" in regels
    onbekend = CliRunner().invoke(app, ["standaard", "toon", "JW399"])
    assert onbekend.exit_code == 2
    assert "JW399 is onbekend" in onbekend.stderr


def test_schemas_can_be_written_and_used(tmp_path: Path):
    uit = CliRunner().invoke(app, ["standaard", "xsd", "--uit", str(tmp_path / "uit")])
    assert uit.exit_code == 0
    schema = etree.XMLSchema(etree.parse(str(tmp_path / "uit" / "ijw" / "3.2" / "JW317.xsd")))
    assert schema.validate(etree.fromstring(JW317))
    assert not schema.validate(etree.fromstring(FOUT))
    (tmp_path / "bezet").write_text("x")
    assert CliRunner().invoke(app, ["standaard", "xsd", "--uit", str(tmp_path / "bezet")]).exit_code == 2


def test_a_sample_to_a_file_or_to_standard_output(tmp_path: Path):
    bericht = tmp_path / "b.xml"
    vraag = ["standaard", "voorbeeld", "WMO323", "--grootte", "30", "--zaad", "5"]
    assert CliRunner().invoke(app, [*vraag, "--uit", str(bericht)]).exit_code == 0
    assert CliRunner().invoke(app, ["valideer", str(bericht)]).exit_code == 0
    assert CliRunner().invoke(app, vraag).stdout_bytes == bericht.read_bytes()


@pytest.mark.parametrize(
    ("vraag", "antwoord"),
    [
        (["WMO301", "--fout", "TR019"], "Regel TR019 bestaat niet voor een WMO301"),
        (["WMO323", "--fout", "TR307"], "Regel TR307 is van niveau 3"),
        (["WMO319", "--grootte", "2"], "wordt niets herhaald"),
        (["WMO999"], "Berichtsoort WMO999 is onbekend"),
        (["WMO301", "--uit", "bestaat/niet/x.xml"], "Schrijven van bestaat/niet/x.xml lukt niet"),
    ],
)
def test_a_sample_that_cannot_be_made(vraag: list[str], antwoord: str):
    uit = CliRunner().invoke(app, ["standaard", "voorbeeld", *vraag])
    assert uit.exit_code == 2
    assert antwoord in uit.stderr


def test_the_reference_of_an_own_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    eigen = tmp_path / "eigen"
    eigen.mkdir()
    (eigen / "ieb-1.1.yaml").write_text(
        'basis: ieb-1.0.yaml\nrelease: "1.1"\n'
        'naamruimte: "http://www.istandaarden.nl/{standaard}/1_1/{bericht}/schema"\n'
    )
    monkeypatch.setenv("KNOOPPUNT_STANDAARDEN", str(eigen))
    uit = CliRunner().invoke(app, ["standaard", "documentatie", "--uit", str(tmp_path / "uit")])
    assert uit.exit_code == 0, uit.output
    assert "| schema | modelbestand ieb-1.1.yaml |" in (tmp_path / "uit" / "ieb-1.1" / "401.md").read_text("utf-8")
    assert "ieb-1.1/401.md" in (tmp_path / "uit" / "README.md").read_text("utf-8")
    (tmp_path / "bezet").write_text("x")
    assert CliRunner().invoke(app, ["standaard", "documentatie", "--uit", str(tmp_path / "bezet")]).exit_code == 2
