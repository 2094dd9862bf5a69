"""`knooppunt standaard importeer`, `pakketten` and `verwijder`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from release33 import NIEUW
from typer.testing import CliRunner

from istandaarden.catalogus import ingebouwd
from istandaarden.standaardmap import VARIABELE, from_folder
from istandaarden.voorbeeld import make_voorbeeld
from istandaarden.xsd import write_all
from knooppunt import cli


@pytest.fixture
def bron(tmp_path: Path) -> Path:
    """A folder with our schemas of iPgb, as if they were published, a letter, and a stylesheet of XSLT 2."""
    map_ = tmp_path / "iPgb-2.1"
    map_.mkdir()
    for naam, tekst in write_all(ingebouwd().models()).items():
        if naam.startswith("ipgb/"):
            (map_ / naam.rpartition("/")[2]).write_text(tekst, encoding="utf-8")
    (map_ / "brief.pdf").write_bytes(b"x")
    stijl = '<xsl:stylesheet version="2.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>'
    (map_ / "regels.xslt").write_text(stijl)
    return map_


@pytest.fixture
def map_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in use, not made yet."""
    monkeypatch.setenv(VARIABELE, str(tmp_path / "eigen"))
    from_folder.cache_clear()
    return tmp_path / "eigen"


def run(*woorden: object) -> tuple[int, str]:
    uit = CliRunner().invoke(cli.app, [str(woord) for woord in woorden])
    return uit.exit_code, uit.output


def test_from_import_to_removal(bron: Path, map_: Path, tmp_path: Path):
    assert run("standaard", "pakketten") == (0, "Er zijn geen pakketten geïnstalleerd.\n")
    assert run("standaard", "importeer", bron) == (
        0,
        (
            f"Pakket iPgb-2.1 staat in {map_ / 'iPgb-2.1'}: 12 berichten.\n"
            "Stylesheets (XSLT) erin: 1. Geen ervan is de controle van een bericht.\n"
            "Van XSLT 2 of later, en dus niet uit te voeren: regels.xslt. Daarvoor gelden de ingebouwde regels.\n"
            "1 andere bestanden zijn overgeslagen.\n"
        ),
    )
    assert run("standaard", "importeer", bron)[1].startswith("Pakket iPgb-2.1 staat al in")
    assert "iPgb-2.1: 12 berichten, 0 met eigen controle" in run("standaard", "pakketten")[1]

    bericht = tmp_path / "b.xml"
    bericht.write_bytes(make_voorbeeld(ingebouwd().find("WMO501", "2.1")))
    assert run("valideer", bericht) == (0, f"{bericht}: WMO501 (iPgb 2.1): geldig (schema: pakket iPgb-2.1)\n")
    assert json.loads(run("valideer", "--json", bericht)[1])["schema"] == "pakket iPgb-2.1"
    assert "Schema: pakket iPgb-2.1" in run("standaard", "toon", "WMO501")[1]
    assert "pakket iPgb-2.1" in run("standaard", "toon", "--release", "2.1")[1]

    assert run("standaard", "verwijder", "iPgb-2.1") == (0, "Pakket iPgb-2.1 is verwijderd.\n")
    assert run("standaard", "verwijder", "iPgb-2.1") == (2, "Er is geen pakket iPgb-2.1.\n")
    _, tekst = run("valideer", bericht)
    assert "(schema: onze reconstructie, er is geen officieel schema gevonden)" in tekst
    assert "Schema: onze reconstructie" in run("standaard", "toon", "WMO501")[1]


def test_a_refusal_names_every_reason_and_changes_nothing(bron: Path, map_: Path):
    (bron / "WMO501.xsd").write_text("<!DOCTYPE x><x/>")
    (bron / "WMO502.xsd").write_text("<x/>")
    code, tekst = run("standaard", "importeer", bron)
    assert code == 2
    kop, *redenen = tekst.splitlines()
    assert kop == f"{bron} is geweigerd; er is niets veranderd."
    assert [reden[:12] for reden in redenen] == ["  WMO501.xsd", "  WMO502.xsd"]
    assert not map_.exists()


def test_to_another_folder(bron: Path, map_: Path, tmp_path: Path):
    map_.mkdir()
    ergens = tmp_path / "ergens"
    code, tekst = run("standaard", "importeer", bron, "--naar", ergens, "--naam", "pgb")
    assert code == 0
    assert f"Zet {VARIABELE}={ergens} om ze te gebruiken." in tekst
    assert "pgb: 12 berichten" in run("standaard", "pakketten", "--naar", ergens)[1]
    assert run("standaard", "pakketten")[1] == "Er zijn geen pakketten geïnstalleerd.\n"
    (bron / "WMO501.xsd").write_text((bron / "WMO501.xsd").read_text() + " ")
    assert "--vervang" in run("standaard", "importeer", bron, "--naar", ergens, "--naam", "pgb")[1]
    assert run("standaard", "importeer", bron, "--naar", ergens, "--naam", "pgb", "--vervang")[0] == 0


def test_without_any_folder(bron: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABELE, "")
    assert run("standaard", "importeer", bron) == (
        2,
        f"Geef met --naar of {VARIABELE} een map voor de standaarden.\n",
    )


def test_a_folder_that_cannot_be_used(bron: Path, map_: Path):
    map_.write_text("een bestand")
    code, tekst = run("standaard", "importeer", bron)
    assert code == 2
    assert "lukt niet" in tekst
    map_.unlink()
    (map_ / "stuk").mkdir(parents=True)
    assert run("standaard", "pakketten")[0] == 2
    assert "geen bruikbaar pakket" in run("standaard", "importeer", bron)[1]


def test_what_is_wrong_with_the_folder_is_one_line(
    map_: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.argv", ["knooppunt", "standaard", "toon"])
    with pytest.raises(SystemExit) as einde:
        cli.main()
    assert einde.value.code == 2
    assert capsys.readouterr().err == f"De map {map_}, genoemd in {VARIABELE}, bestaat niet.\n"


def test_a_release_that_is_only_a_file_goes_through_every_command(map_: Path, tmp_path: Path):
    map_.mkdir()
    (map_ / "iwmo-ijw-3.3.yaml").write_text(NIEUW, encoding="utf-8")
    heen, retour = tmp_path / "heen.xml", tmp_path / "retour.xml"
    assert "Toelichting [1]" in run("standaard", "toon", "WMO305", "--release", "3.3")[1]
    assert run("standaard", "voorbeeld", "WMO305", "--fout", "TR101", "--uit", heen)[0] == 0
    code, tekst = run("valideer", "--json", heen)
    oordeel = json.loads(tekst)
    assert (code, oordeel["release"], oordeel["schema"]) == (1, "3.3", "modelbestand iwmo-ijw-3.3.yaml")
    assert [bevinding["code"] for bevinding in oordeel["bevindingen"]] == ["TR101"]
    assert run("retour", heen, "--uit", retour)[0] == 0
    assert json.loads(run("valideer", "--json", retour)[1])["berichtsoort"] == "WMO306"
    assert run("valideer", "--keten", tmp_path / "heen.xml")[0] == 1
    assert run("standaard", "xsd", "--uit", tmp_path / "xsd")[0] == 0
    assert "Toelichting" in (tmp_path / "xsd" / "iwmo" / "3.3" / "WMO305.xsd").read_text()
