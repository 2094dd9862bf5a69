from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from sjabloon import make_tables
from typer.testing import CliRunner

from knooppunt.cli import partij as partij_cli
from knooppunt.configuratiebestand import load
from knooppunt.demo.deelnemers import DEELNEMERS, register_toml


@pytest.fixture
def config(tmp_path: Path) -> Path:
    pad = tmp_path / "knooppunt.toml"
    pad.write_text(
        '[database]\nurl = "sqlite:///k.db"\n'
        '[koppelvlak]\ncertificaat = "hub.pem"\nsleutel = "hub.key"\nca = "ca.pem"\n',
        "utf-8",
    )
    make_tables(load(pad, {}).database.full_url())
    return pad


def _run(*args: str) -> Any:
    app = typer.Typer()
    partij_cli.register(app)
    return CliRunner().invoke(app, list(args), env={"COLUMNS": "200"})


def _demo_register(map_: Path) -> Path:
    pad = map_ / "partijen.toml"
    pad.write_text(
        register_toml({d.code: f"https://127.0.0.1:{n}/x" for n, d in enumerate(DEELNEMERS, 10_000)}), "utf-8"
    )
    return pad


def test_the_register_of_the_demo_is_imported_and_shown(config: Path, tmp_path: Path) -> None:
    uit = _run("partij", "importeer", str(_demo_register(tmp_path)), "--config", str(config))
    assert (uit.exit_code, uit.stderr) == (0, "")
    assert f"{len(DEELNEMERS)} partijen overgenomen" in uit.stdout
    toon = _run("partij", "toon", "--config", str(config)).stdout
    assert all(deelnemer.naam in toon for deelnemer in DEELNEMERS)
    een = _run("partij", "toon", "99020002", "--config", str(config)).stdout
    assert "oin:00000001999999992002" in een
    assert "JW*, WMO*" in een
    rechten = json.loads(_run("machtiging", "toon", "0193", "--json", "--config", str(config)).stdout)
    assert [(m["richting"], m["berichtsoort"]) for m in rechten] == [("zenden", "WMO*"), ("ontvangen", "WMO*")]
    partijen = json.loads(_run("partij", "toon", "--json", "--config", str(config)).stdout)
    assert {p["code"] for p in partijen} == {d.code for d in DEELNEMERS}


def test_every_error_is_listed_and_nothing_is_taken_over(config: Path, tmp_path: Path) -> None:
    slecht = tmp_path / "slecht.toml"
    slecht.write_text(
        '[[partij]]\ncode = "123"\nnaam = "x"\n[[partij]]\ncode = "0193"\nkanaal = "push"\nurl = "http://x"\n', "utf-8"
    )
    uit = _run("partij", "importeer", str(slecht), "--config", str(config))
    assert uit.exit_code == 1
    assert "'123'" in uit.stderr
    assert "https" in uit.stderr
    assert "identiteiten ontbreekt" in uit.stderr
    assert "Niets overgenomen" in uit.stderr
    assert "nog geen partij" in _run("partij", "toon", "--config", str(config)).stdout


def test_a_partij_that_is_known_but_not_connected(config: Path) -> None:
    uit = _run("partij", "toon", "0193", "--config", str(config))
    assert uit.exit_code == 0
    assert "niet aangesloten" in uit.stdout
    assert "Geen machtigingen" in uit.stdout


def test_an_unknown_partij(config: Path) -> None:
    uit = _run("partij", "toon", "9999", "--config", str(config))
    assert (uit.exit_code, uit.stderr) == (1, "Partij 9999 is onbekend.\n")


def test_a_missing_file(config: Path, tmp_path: Path) -> None:
    uit = _run("partij", "importeer", str(tmp_path / "weg.csv"), "--config", str(config))
    assert uit.exit_code == 1
    assert "weg.csv: dit bestand bestaat niet" in uit.stderr
