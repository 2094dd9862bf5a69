from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sjabloon import make_tables
from typer.testing import CliRunner

from knooppunt.cli import app

_REGISTER = """
[[partij]]
code = "0363"
url = "https://a.test/"
identiteiten = ["oin:00000001999999990363"]

[[partij]]
code = "SVB"
url = "https://b.test/"
identiteiten = ["oin:00000001999999990001"]
"""
LANG_GELEDEN, OOIT = "2020-05-01", (date(2026, 1, 1) + timedelta(days=36500)).isoformat()


def run(*args: object) -> Any:
    return CliRunner().invoke(app, list(map(str, args)), env={"COLUMNS": "200"})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    pad = tmp_path / "knooppunt.toml"
    pad.write_text(
        '[database]\nurl = "sqlite:///k.db"\n[koppelvlak]\ncertificaat = "x"\nsleutel = "x"\nca = "x"\n', "utf-8"
    )
    make_tables(f"sqlite:///{tmp_path / 'k.db'}")
    (tmp_path / "partijen.toml").write_text(_REGISTER, "utf-8")
    assert run("partij", "importeer", tmp_path / "partijen.toml", "--config", pad).exit_code == 0
    return pad


def rows(config: Path, *args: str) -> list[dict[str, Any]]:
    uit = run("pgb", "overstap", *args, "--json", "--config", config)
    assert uit.exit_code == 0, uit.stderr
    return json.loads(uit.stdout)  # type: ignore[no-any-return]  # JSON


def test_without_a_date_a_gemeente_is_with_the_svb(config: Path):
    assert rows(config) == [
        {
            "gemeente": "0363",
            "naam": "Amsterdam",
            "betaler": "SVB",
            "datum": None,
            "tkb_tot": None,
            "bron": "geen",
        }
    ]


def test_a_date_is_set_shown_and_taken_away(config: Path):
    (gezet,) = rows(config, "0363", "--datum", LANG_GELEDEN, "--tkb-tot", "2020-08-31")
    assert (gezet["betaler"], gezet["datum"], gezet["tkb_tot"], gezet["bron"]) == (
        "VWS",
        LANG_GELEDEN,
        "2020-08-31",
        "eigen",
    )
    uit = run("pgb", "overstap", "--config", config)
    assert "01-05-2020" in uit.stdout
    assert "31-08-2020" in uit.stdout
    (weg,) = rows(config, "0363", "--vervalt")
    assert (weg["betaler"], weg["bron"]) == ("SVB", "geen")


def test_one_date_for_everybody_and_one_that_is_still_to_come(config: Path):
    rows(config, "--iedereen", "--datum", LANG_GELEDEN)
    rows(config, "0599", "--datum", OOIT)
    assert [(r["gemeente"], r["betaler"], r["bron"]) for r in rows(config)] == [
        ("*", "VWS", "iedereen"),
        ("0363", "VWS", "iedereen"),
        ("0599", "SVB", "eigen"),
    ]


def test_import_of_a_file(config: Path):
    bestand = config.with_name("overstap.csv")
    bestand.write_text(f"gemeente;datum\n0363;{LANG_GELEDEN}\n*;{OOIT}\n", "utf-8")
    assert run("pgb", "importeer", bestand, "--config", config).stdout.startswith("2 overstapdatums overgenomen")
    bestand.write_text("gemeente;datum\n0363;morgen\n", "utf-8")
    uit = run("pgb", "importeer", bestand, "--config", config)
    assert uit.exit_code == 1
    assert uit.stderr.splitlines() == ["regel 2: datum is geen datum zoals 2026-01-31", "Er is niets vastgelegd."]
    assert [r["betaler"] for r in rows(config)] == ["SVB", "VWS"]


@pytest.mark.parametrize(
    ("args", "code", "woorden"),
    [
        (["0363", "--datum", "31-12-2026"], 1, "datum is geen datum zoals"),
        (["SVB", "--datum", LANG_GELEDEN], 1, "'SVB' is geen gemeente"),
        (["0363", "--datum", LANG_GELEDEN, "--tkb-tot", "2019-01-01"], 1, "tkb_tot ligt voor"),
        (["--datum", LANG_GELEDEN], 2, "Noem gemeenten of --iedereen"),
        (["0363", "--iedereen", "--datum", LANG_GELEDEN], 2, "Noem gemeenten of --iedereen"),
        (["0363", "--datum", LANG_GELEDEN, "--vervalt"], 2, "--datum of --vervalt"),
        (["0363", "--datum", ""], 2, "--datum of --vervalt"),
        (["0363", "--tkb-tot", LANG_GELEDEN], 2, "Zonder --datum"),
        (["9999"], 1, "Gemeente 9999 is onbekend."),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(config: Path, args: list[str], code: int, woorden: str):
    uit = run("pgb", "overstap", *args, "--config", config)
    assert uit.exit_code == code
    assert woorden in uit.stderr
    assert [r["bron"] for r in rows(config)] == ["geen"]
