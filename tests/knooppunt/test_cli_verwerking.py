"""`knooppunt verwerking toon`: what a partij asked about a person, with the BSN from standard input only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sjabloon import make_tables
from typer.testing import CliRunner

from knooppunt.cli import app
from knooppunt.pki import make_demo
from routing.kluis import Kluis

_BSN = "999990019"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    make_demo(tmp_path / "pki", [("gemeente", "00000001999999990344")])
    Kluis.create(tmp_path / "sleutels")
    pad = tmp_path / "knooppunt.toml"
    pad.write_text(
        '[koppelvlak]\ncertificaat = "pki/hub.pem"\nsleutel = "pki/hub.key"\nca = "pki/ca.pem"\n', encoding="utf-8"
    )
    make_tables(f"sqlite:///{tmp_path / 'knooppunt.db'}")
    partijen = tmp_path / "partijen.toml"
    partijen.write_text('[[partij]]\ncode = "0344"\nmag_bevragen = ["inzage:avg"]\n', encoding="utf-8")
    assert CliRunner().invoke(app, ["partij", "importeer", str(partijen), "--config", str(pad)]).exit_code == 0
    return pad


def _show(config: Path, invoer: str, *extra: str, partij: str = "0344") -> tuple[int, str, str]:
    opdracht = ["verwerking", "toon", "--partij", partij, "--zaak", "INZ-3", "--config", str(config), *extra]
    uit = CliRunner().invoke(app, opdracht, input=invoer, env={"COLUMNS": "200"})  # no word is cut short
    return uit.exit_code, uit.stdout, uit.stderr


def test_looking_is_logged_as_well(config: Path) -> None:
    assert _show(config, f"{_BSN}\n") == (0, "Over deze persoon is niets gevraagd.\n", "")
    code, uit, _ = _show(config, _BSN, "--json")
    (regel,) = json.loads(uit)
    assert (code, regel["doel"], regel["zaakkenmerk"], regel["dienst"]) == (0, "inzageverzoek", "INZ-3", "inzage")
    assert _BSN not in uit
    code, uit, _ = _show(config, _BSN)
    assert (code, uit.count("inzageverzoek")) == (0, 2)


@pytest.mark.parametrize("invoer", ["", "\n", "123456789\n", "999990018", "99999001", "x" * 100, "999990019999990019"])
def test_what_is_no_bsn_is_refused_without_repeating_it(config: Path, invoer: str) -> None:
    code, uit, fout = _show(config, invoer)
    assert (code, uit, fout) == (2, "", "De invoer moet een BSN zijn: negen cijfers die de elfproef doorstaan.\n")


def test_without_machtiging_nothing_is_shown(config: Path) -> None:
    code, uit, fout = _show(config, _BSN, partij="0363")
    assert (code, uit, fout) == (1, "", "Partij 0363 is niet gemachtigd voor inzage:avg.\n")
