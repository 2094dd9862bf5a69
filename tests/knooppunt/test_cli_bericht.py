from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from sjabloon import make_tables
from sqlalchemy import Connection, insert, select, update
from typer.testing import CliRunner

from knooppunt.cli import bericht as bericht_cli
from knooppunt.configuratie import ConfiguratieFout
from knooppunt.configuratiebestand import load
from knooppunt.databank import connect, write
from routing import schema
from routing.registerimport import parse_toml, store

T0 = 1_790_000_000_000
HEEN = "11111111-1111-4111-8111-111111111111"
AFGEKEURD = "22222222-2222-4222-8222-222222222222"

PARTIJEN = """
[[partij]]
code = "99010001"
naam = "Thuiszorg De Wilg"
kanaal = "pull"
protocol = "vsp"
identiteiten = ["oin:00000001999999991001"]
mag_ontvangen = ["WMO*"]
"""


def _fill(conn: Connection) -> None:
    for bericht_id, referentie, status, fout in (
        ("a", HEEN, "Bezorging afgebroken", {}),
        (
            "b",
            AFGEKEURD,
            "Afgekeurd",
            {"fout_code": "IB010", "fout_melder": "VECOZO", "fout_omschrijving": "De ontvanger is niet bekend"},
        ),
    ):
        conn.execute(
            insert(schema.bericht).values(
                id=bericht_id,
                zender="0193",
                ontvanger="99010001",
                berichtcode="Di01",
                functie="WMO301",
                referentienummer=referentie,
                conversatie=referentie,
                geldend=True,
                status=status,
                status_op=T0,
                ontvangen_op=T0,
                kanaal="stuf",
                envelop="{}",
                envelop_digest="e",
                payload_digest="d" * 64,
                payload_grootte=123,
                ontvangst_referentie="r",
                ontvangst_tijdstip="20261123",
                **fout,
            )
        )
    stappen = [
        {"naam": "zender", "uitkomst": "ok", "uitleg": "0193 mag."},
        {"naam": "ontvanger", "uitkomst": "fout", "uitleg": "Ontvanger 99010001 staat niet in het register."},
    ]
    conn.execute(
        insert(schema.gebeurtenis).values(
            bericht_id="b",
            moment=T0,
            soort="route",
            status="Afgekeurd",
            toelichting=json.dumps({"stappen": stappen, "besluit": "IB010"}),
        )
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    pad = tmp_path / "knooppunt.toml"
    pad.write_text(
        '[database]\nurl = "sqlite:///k.db"\n'
        '[koppelvlak]\ncertificaat = "hub.pem"\nsleutel = "hub.key"\nca = "ca.pem"\n',
        "utf-8",
    )
    return pad


@pytest.fixture
def gevuld(config: Path) -> Path:
    configuratie = load(config, {})
    make_tables(configuratie.database.full_url())
    write(configuratie, store, parse_toml(PARTIJEN))
    write(configuratie, _fill)
    return config


def _run(*args: str) -> Any:
    app = typer.Typer()
    bericht_cli.register(app)
    return CliRunner().invoke(app, ["bericht", *args], env={"COLUMNS": "160"})


def test_zoek_shows_a_table_and_json(gevuld: Path) -> None:
    uit = _run("zoek", "--config", str(gevuld))
    assert uit.exit_code == 0
    assert HEEN in uit.stdout
    assert "Afgekeurd (IB010)" in uit.stdout
    als_json = json.loads(_run("zoek", "--status", "Afgekeurd", "--json", "--config", str(gevuld)).stdout)
    assert [(b["referentienummer"], b["ontvangen_op"]) for b in als_json] == [(AFGEKEURD, "2026-09-21T14:13:20+00:00")]


def test_a_narrow_terminal_keeps_the_beginning_of_the_reference_and_the_status(gevuld: Path) -> None:
    app = typer.Typer()
    bericht_cli.register(app)
    uit = CliRunner().invoke(app, ["bericht", "zoek", "--config", str(gevuld)], env={"COLUMNS": "80"})
    assert "│ 111111" in uit.stdout
    assert "afgebroken" in uit.stdout
    assert max(map(len, uit.stdout.splitlines())) <= 80


def test_what_a_zender_wrote_cannot_steer_the_terminal(gevuld: Path) -> None:
    kwaad = "[red]x[/red]\x1b[2J\x9b5m\n"
    write(load(gevuld, {}), lambda conn: conn.execute(update(schema.bericht).values(functie=kwaad, ontvanger=kwaad)))
    for opdracht in (("zoek",), ("toon", HEEN), ("uitleg", AFGEKEURD), ("zoek", "--json")):
        uit = _run(*opdracht, "--config", str(gevuld))
        assert uit.exit_code == 0
        assert "[red]x[/red]" in uit.stdout
        assert not {"\x1b", "\x9b"} & set(uit.stdout)


def test_a_long_functie_or_ontvanger_hides_no_other_column(gevuld: Path) -> None:
    lang = {"functie": "W" * 1001, "ontvanger": "9" * 1001}
    write(load(gevuld, {}), lambda conn: conn.execute(update(schema.bericht).values(**lang)))
    uit = _run("zoek", "--config", str(gevuld))
    assert HEEN in uit.stdout
    assert "Afgekeurd (IB010)" in uit.stdout


def test_zoek_takes_a_day_as_a_whole(gevuld: Path) -> None:
    assert HEEN in _run("zoek", "--vanaf", "2026-09-21", "--tot", "2026-09-21", "--config", str(gevuld)).stdout
    assert "Geen berichten" in _run("zoek", "--tot", "2026-09-20", "--config", str(gevuld)).stdout
    # 14:13:20 UTC is 16:13:20 in the Netherlands
    assert HEEN in _run("zoek", "--vanaf", "2026-09-21T16:13", "--config", str(gevuld)).stdout
    assert "Geen berichten" in _run("zoek", "--vanaf", "2026-09-21T16:14", "--config", str(gevuld)).stdout


def test_toon_and_uitleg(gevuld: Path) -> None:
    toon = _run("toon", "2222", "--config", str(gevuld))
    assert toon.exit_code == 0
    assert "IB010 (VECOZO)" in toon.stdout
    uitleg = _run("uitleg", AFGEKEURD, "--config", str(gevuld))
    assert "✗" in uitleg.stdout
    assert "staat niet in het register" in uitleg.stdout
    als_json = json.loads(_run("uitleg", AFGEKEURD, "--json", "--config", str(gevuld)).stdout)
    assert als_json["besluit"] == "IB010"
    assert len(als_json["stappen"]) == 2


def test_unknown_and_ambiguous_references_end_with_words(gevuld: Path) -> None:
    write(
        load(gevuld, {}),
        lambda conn: conn.execute(update(schema.bericht).values(referentienummer=HEEN[:-1] + schema.bericht.c.id)),
    )
    uit = _run("toon", "9", "--config", str(gevuld))
    assert (uit.exit_code, uit.stderr) == (1, "Geen bericht met referentienummer 9.\n")
    uit = _run("toon", "1111", "--config", str(gevuld))
    assert uit.exit_code == 1
    assert "Meer dan één bericht" in uit.stderr


def test_without_a_database_nothing_is_made(config: Path) -> None:
    uit = _run("zoek", "--config", str(config))
    assert isinstance(uit.exception, ConfiguratieFout)
    assert "bestaat niet" in str(uit.exception)
    assert not (config.parent / "k.db").exists()


def test_an_empty_database_names_the_next_step(config: Path) -> None:
    (config.parent / "k.db").touch()
    uit = _run("zoek", "--config", str(config))
    assert isinstance(uit.exception, ConfiguratieFout)
    assert "db upgrade" in str(uit.exception)


def test_opnieuw_offers_once_and_keeps_the_referentienummer(gevuld: Path) -> None:
    uit = _run("opnieuw", HEEN, "--config", str(gevuld))
    assert uit.exit_code == 0, uit.stderr
    with connect(load(gevuld, {})) as conn:
        a = schema.aflevering.c
        open_ = conn.execute(select(a.lane, a.bericht_id).where(a.open)).all()
        status = conn.execute(select(schema.bericht.c.status).where(schema.bericht.c.id == "a")).scalar_one()
    assert [tuple(rij) for rij in open_] == [("99010001", "a")]
    assert status == "Wordt aangeboden"
    opnieuw = _run("opnieuw", HEEN, "--config", str(gevuld))
    assert opnieuw.exit_code == 1
    assert "wordt nog aangeboden" in opnieuw.stderr


def test_opnieuw_refuses_what_was_rejected(gevuld: Path) -> None:
    uit = _run("opnieuw", AFGEKEURD, "--config", str(gevuld))
    assert uit.exit_code == 1
    assert "status Afgekeurd" in uit.stderr


def test_opnieuw_refuses_an_ontvanger_that_left(gevuld: Path) -> None:
    write(load(gevuld, {}), lambda conn: conn.execute(update(schema.bericht).values(ontvanger="99099999")))
    uit = _run("opnieuw", HEEN, "--config", str(gevuld))
    assert uit.exit_code == 1
    assert "geen aansluiting" in uit.stderr
