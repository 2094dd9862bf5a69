from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from inleveren import ANDER, Inleveraar
from sjabloon import make_tables
from typer.testing import CliRunner
from verhaal import AANBIEDER, GEMEENTE, Verhaal

from knooppunt.cli import app
from routing.klok import Klok
from routing.kluis import Kluis
from routing.opslag import Opslag

_TIEN_DAGEN_MS = 10 * 86_400_000


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "knooppunt.toml").write_text(
        '[database]\nurl = "sqlite:///k.db"\n[koppelvlak]\ncertificaat = "x"\nsleutel = "x"\nca = "x"\n', "utf-8"
    )
    return tmp_path / "knooppunt.toml"


@pytest.fixture
def zaak(config: Path) -> list[str]:
    """A toewijzing of ten days ago without retour, and a start of today with one."""

    async def fill() -> list[str]:
        url = f"sqlite:///{config.parent / 'k.db'}"
        make_tables(url)
        klok, v = Klok(-_TIEN_DAGEN_MS), Verhaal("iwmo")
        opslag = Opslag(url, klok=klok)
        try:
            hub = Inleveraar(opslag, Kluis.create(config.parent / "sleutels"))
            await hub.register()
            toewijzing = await hub.send(v.wijs_toe())
            klok.verschuiving_ms = 0
            heen = v.start()
            start = await hub.send(heen)
            return [toewijzing, start, await hub.send(v.retour(heen), over=start)]
        finally:
            await opslag.close()

    return asyncio.run(fill())


def _run(*args: object) -> Any:
    return CliRunner().invoke(app, ["keten", *map(str, args)], env={"COLUMNS": "220"})


def test_what_is_missing_is_listed_with_since_when(config: Path, zaak: list[str]) -> None:
    uit = _run("open", "--config", config)
    assert uit.exit_code == 0
    assert zaak[0] in uit.stdout
    assert "WMO302 (OP090)" in uit.stdout
    assert "te laat" in uit.stdout
    assert zaak[1] not in uit.stdout


def test_the_list_as_json_gives_the_same(config: Path, zaak: list[str]) -> None:
    (wacht,) = json.loads(_run("open", "--config", config, "--te-laat", "--json").stdout)
    assert (wacht["referentienummer"], wacht["wat"], wacht["te_laat"]) == (zaak[0], "WMO302", True)
    assert wacht["werkdagen_te_laat"] > 0
    assert wacht["klaar_op"] is None


def test_a_partij_narrows_the_list(config: Path, zaak: list[str]) -> None:
    assert zaak[0] in _run("open", "--config", config, "--partij", GEMEENTE).stdout
    assert zaak[0] in _run("open", "--config", config, "--partij", ANDER, "--partij", AANBIEDER).stdout
    assert _run("open", "--config", config, "--partij", ANDER).stdout == "Er ontbreekt niets.\n"
    assert _run("open", "--config", config, "--partij", ANDER, "--te-laat").stdout == "Er is niets te laat.\n"


def test_a_partij_sees_what_was_of_a_gemeente_that_it_took_over(config: Path, zaak: list[str]) -> None:
    with closing(sqlite3.connect(config.parent / "k.db")) as db, db:
        for tabel in ("bericht", "ketenschakel"):
            db.execute(f"UPDATE {tabel} SET zender = '0457' WHERE zender = ?", (GEMEENTE,))  # noqa: S608 - two names
    assert zaak[0] in _run("open", "--config", config, "--partij", GEMEENTE).stdout
    assert _run("open", "--config", config, "--partij", ANDER).stdout == "Er ontbreekt niets.\n"
    assert zaak[0] in _run("tijdlijn", zaak[0], "--config", config, "--partij", GEMEENTE).stdout


def test_a_list_that_was_cut_says_so(config: Path, zaak: list[str]) -> None:
    assert "De oudste 1; geef --aantal" in _run("open", "--config", config, "--aantal", 1).stdout


@pytest.mark.parametrize("begin", [0, 1, 2])
def test_the_timeline_is_the_same_from_wherever_it_is_asked(config: Path, zaak: list[str], begin: int) -> None:
    uit = _run("tijdlijn", zaak[begin], "--config", config)
    assert uit.exit_code == 0
    plekken = [uit.stdout.index(nummer) for nummer in zaak]
    assert plekken == sorted(plekken)
    assert "WMO302 uiterlijk" in uit.stdout
    assert "ontbreekt" in uit.stdout
    assert "WMO306 uiterlijk" in uit.stdout
    assert "beantwoord op" in uit.stdout


def test_the_timeline_as_json_holds_berichten_and_what_was_expected(config: Path, zaak: list[str]) -> None:
    punten = json.loads(_run("tijdlijn", zaak[0], "--config", config, "--json").stdout)
    assert [p["bericht"]["referentienummer"] for p in punten] == zaak
    assert [[w["regel"] for w in p["wacht"]] for p in punten] == [["OP090"], ["OP090"], []]
    assert punten[1]["wacht"][0]["door"] == zaak[2]


def test_a_timeline_of_another_or_of_nothing_is_refused(config: Path, zaak: list[str]) -> None:
    uit = _run("tijdlijn", zaak[0], "--config", config, "--partij", ANDER)
    assert (uit.exit_code, uit.stderr) == (1, f"Dit bericht is niet van of aan {ANDER}.\n")
    uit = _run("tijdlijn", "bestaat-niet", "--config", config)
    assert (uit.exit_code, "Geen bericht met referentienummer" in uit.stderr) == (1, True)
