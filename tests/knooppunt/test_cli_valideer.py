"""`knooppunt valideer`."""

from __future__ import annotations

import io
import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from proefverzoek import FOUT, JW317
from typer.testing import CliRunner

from istandaarden.bulktoets import Regel
from istandaarden.catalogus import ingebouwd
from istandaarden.voorbeeld import make_voorbeeld
from knooppunt.cli import app, valideer


@pytest.fixture
def map_(tmp_path: Path) -> Path:
    (tmp_path / "a-goed.xml").write_bytes(JW317)
    (tmp_path / "b-fout.xml").write_bytes(FOUT)
    (tmp_path / "c-vreemd.xml").write_bytes(b"<html/>")
    return tmp_path


def test_exit_codes(map_: Path):
    def code(*namen: str) -> int:
        return CliRunner().invoke(app, ["valideer", *(str(map_ / naam) for naam in namen)]).exit_code

    assert code("a-goed.xml") == 0
    assert code("b-fout.xml") == 1
    assert code("c-vreemd.xml") == 2
    assert code("bestaat-niet.xml") == 2
    assert code("a-goed.xml", "bestaat-niet.xml") == 2
    assert code("b-fout.xml", "c-vreemd.xml") == 1


def test_text_for_people(map_: Path):
    uit = CliRunner().invoke(app, ["valideer", str(map_)])
    regels = uit.stdout.splitlines()
    assert regels[0].endswith("a-goed.xml: JW317 (iJw 3.2): geldig")
    assert regels[1].endswith("b-fout.xml: JW317 (iJw 3.2): ongeldig, 1 fout")
    assert regels[2:5] == [
        "  RS037, regel 19, /Bericht/Client/Bsn",
        "    Bsn heeft niet de juiste vorm; verwacht wordt precies 9 cijfers.",
        "    Gevonden: “99990000X”",
    ]
    assert regels[5].endswith("c-vreemd.xml: niet te beoordelen")
    assert uit.stderr.strip() == "3 bestanden: 1 geldig, 1 ongeldig, 1 niet te beoordelen."


def test_json_for_machines(map_: Path):
    uit = CliRunner().invoke(app, ["valideer", "--json", str(map_)])
    goed, fout, vreemd = (json.loads(regel) for regel in uit.stdout.splitlines())
    assert goed == {
        "bestand": str(map_ / "a-goed.xml"),
        "berichtsoort": "JW317",
        "standaard": "ijw",
        "release": "3.2",
        "geldig": True,
        "bevindingen": [],
        "schema": "ingebouwd",
        "regels": "ingebouwd",
    }
    assert (fout["geldig"], vreemd["geldig"], vreemd["berichtsoort"]) == (False, None, None)
    assert fout["bevindingen"] == [
        {
            "code": "RS037",
            "niveau": 1,
            "retourcode": None,
            "plaats": "/Bericht/Client/Bsn",
            "regel": 19,
            "melding": "Bsn heeft niet de juiste vorm; verwacht wordt precies 9 cijfers.",
            "waarde": "99990000X",
        }
    ]


def test_standard_input():
    uit = CliRunner().invoke(app, ["valideer", "-", "--json"], input=JW317)
    assert json.loads(uit.stdout)["bestand"] == "-"
    assert uit.exit_code == 0


def test_release(map_: Path):
    goed = ["valideer", str(map_ / "a-goed.xml"), "--release"]
    assert CliRunner().invoke(app, [*goed, "3.2"]).exit_code == 0
    onbekend = CliRunner().invoke(app, [*goed, "9.9"])
    assert onbekend.exit_code == 2
    assert "Release 9.9 is onbekend; bekend: " in onbekend.stderr


def test_an_empty_folder_is_no_success(tmp_path: Path):
    uit = CliRunner().invoke(app, ["valideer", str(tmp_path)])
    assert uit.exit_code == 2
    assert "Deze map bevat geen XML-bestanden." in uit.stdout


def test_what_is_skipped_is_counted(map_: Path):
    (map_ / "brief.pdf").write_bytes(b"%PDF")
    for keten in ([], ["--keten"]):
        uit = CliRunner().invoke(app, ["valideer", *keten, str(map_)])
        (regel,) = [regel for regel in uit.stderr.splitlines() if regel.startswith("Overgeslagen")]
        assert regel == f"Overgeslagen: 1 bestand zonder .xml of .zip aan het eind ({map_ / 'brief.pdf'})."


def test_a_replay_names_the_schema_too(map_: Path):
    uit = CliRunner().invoke(app, ["valideer", "--json", "--keten", str(map_ / "a-goed.xml")])
    assert json.loads(uit.stdout)["schema"] == "ingebouwd"


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path):
    (tmp_path / "x.xml").write_bytes(JW317.replace(b">R1<", "\u202e\u0085R\n1".join("><").encode()))
    uit = CliRunner().invoke(app, ["valideer", str(tmp_path)])
    assert "Gevonden: “··R·1”" in uit.stdout


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_on_a_terminal_keeps_results_apart(monkeypatch: pytest.MonkeyPatch):
    scherm = Terminal()
    monkeypatch.setattr(sys, "stderr", scherm)
    regels: list[Regel] = [(True, str(nummer)) for nummer in range(5)]
    assert list(valideer._with_progress(iter(regels), 5)) == regels
    assert "Controleren" in scherm.getvalue()
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert list(valideer._with_progress(iter(regels), 5)) == regels


def test_lines_in_json_are_objects_of_their_own(map_: Path):
    uit = CliRunner().invoke(app, ["valideer", "--json", str(map_), str(map_)])
    namen = [json.loads(regel)["bestand"] for regel in uit.stdout.splitlines()]
    assert len(namen) == 6
    assert all(a <= b for a, b in pairwise(namen[:3]))


def test_rules_count_unless_only_the_schema_is_asked_for(tmp_path: Path):
    bericht = tmp_path / "tr353.xml"
    bericht.write_bytes(make_voorbeeld(ingebouwd().find("JW317", "3.2"), fout="TR353"))
    uit = CliRunner().invoke(app, ["valideer", "--json", str(bericht)])
    [bevinding] = json.loads(uit.stdout)["bevindingen"]
    assert uit.exit_code == 1
    assert (bevinding["code"], bevinding["niveau"], bevinding["retourcode"]) == ("TR353", 2, "0001")
    assert CliRunner().invoke(app, ["valideer", "--niveau", "1", str(bericht)]).exit_code == 0
