"""`knooppunt incident`, `knooppunt herzending` and `knooppunt db verhuis`, as an operator uses them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import typer
from sjabloon import make_tables
from sqlalchemy import Connection, insert, select
from typer.testing import CliRunner

from knooppunt.cli import db, herzending, incident
from knooppunt.configuratie import ConfiguratieFout
from knooppunt.configuratiebestand import load
from knooppunt.databank import connect, write
from routing import schema
from routing.incident import Incidentboek
from routing.opslag import Opslag

T0 = 1_790_000_000_000


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


def run(*args: str) -> Any:
    app = typer.Typer()
    for module in (db, herzending, incident):
        module.register(app)
    return CliRunner().invoke(app, list(args), env={"COLUMNS": "200"})


def with_config(config: Path, *args: str) -> Any:
    return run(*args, "--config", str(config))


def fill(conn: Connection) -> None:
    """Three berichten of which two were broken off."""
    conn.execute(insert(schema.lane).values(naam="99010001", kanaal="push"))
    for nummer, status in enumerate(("Bezorging afgebroken", "Vervallen", "Bezorgd"), 1):
        tekst = dict.fromkeys(
            ("zender", "berichtcode", "conversatie", "kanaal", "envelop", "envelop_digest", "payload_digest"), "x"
        )
        rij = tekst | {"id": f"b{nummer}", "ontvanger": "99010001", "referentienummer": f"r{nummer}", "status": status}
        rij |= {"ontvangst_referentie": "r", "ontvangst_tijdstip": "t", "payload_grootte": 1, "geldend": True}
        conn.execute(insert(schema.bericht).values(rij | {"status_op": T0, "ontvangen_op": T0, "fout_code": "KNP002"}))
        conn.execute(
            insert(schema.aflevering).values(
                lane="99010001", seq=nummer, bericht_id=f"b{nummer}", open=False, expires_at=T0
            )
        )


def test_an_incident_shows_what_to_do_and_is_closed_by_hand(config: Path) -> None:
    uit = with_config(config, "incident", "toon")
    assert (uit.exit_code, uit.stdout) == (0, "Er zijn geen incidenten.\n")
    write(load(config, {}), Incidentboek().open, "ontvanger_weigert", "99010001", {"code": "KNP002"})
    uit = with_config(config, "incident", "toon", "--open")
    assert uit.exit_code == 1
    assert "Ontvanger 99010001 weigert berichten" in uit.stdout
    assert "→ Lees met" in uit.stdout
    (geval,) = json.loads(with_config(config, "incident", "toon", "--json").stdout)
    assert (geval["oorzaak"], geval["gesloten"], geval["feiten"]) == ("ontvanger_weigert", None, {"code": "KNP002"})
    uit = with_config(config, "incident", "sluit", str(geval["nummer"]))
    assert (uit.exit_code, uit.stdout) == (0, f"Incident {geval['nummer']} is gesloten.\n")
    uit = with_config(config, "incident", "sluit", str(geval["nummer"]))
    assert (uit.exit_code, uit.stderr) == (1, f"Er staat geen incident {geval['nummer']} open.\n")
    uit = with_config(config, "incident", "toon")
    assert uit.exit_code == 0
    assert "gesloten door" in uit.stdout
    assert with_config(config, "incident", "toon", "--open").stdout == "Er staat geen incident open.\n"


def test_a_warning_alone_is_no_reason_to_fail(config: Path) -> None:
    write(load(config, {}), Incidentboek().open, "achterstand", "", {})
    assert with_config(config, "incident", "toon").exit_code == 0


def test_closing_by_hand_tells_the_webhook_as_well_but_not_who_did_it(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "j.jansen")
    write(load(config, {}), Incidentboek().open, "achterstand", "", {})
    with config.open("a") as bestand:
        bestand.write('[notificatie]\nurl = "https://hook.example/"\nbron = "urn:nld:proef"\n')
    assert with_config(config, "incident", "sluit", "1").exit_code == 0
    with connect(load(config, {})) as conn:
        event = conn.execute(select(schema.notificatie.c.event)).scalar_one()
    assert "incident-gesloten" in event
    assert "jansen" not in event
    assert "gesloten door j.jansen" in with_config(config, "incident", "toon").stdout


def test_a_resend_is_previewed_started_stopped_and_shown(config: Path) -> None:
    write(load(config, {}), fill)
    uit = with_config(config, "herzending", "voorbeeld")
    assert uit.exit_code == 0
    assert "2 berichten staan klaar; er is nog niets aangeboden." in uit.stdout
    assert "knooppunt herzending start 1 --per-minuut 300" in uit.stdout
    uit = json.loads(with_config(config, "herzending", "voorbeeld", "--status", "Vervallen", "--json").stdout)
    moment = "2026-09-21T14:13:20.000Z"
    assert uit == {
        "nummer": 2,
        "ontvangers": [{"ontvanger": "99010001", "aantal": 1, "oudste": moment, "nieuwste": moment}],
    }
    uit = with_config(config, "herzending", "stop", "1")
    assert (uit.exit_code, uit.stderr) == (1, "Herzending 1 is voorbereid.\n")
    assert with_config(config, "herzending", "start", "1", "--per-minuut", "10").exit_code == 0
    assert (
        with_config(config, "herzending", "start", "1", "--per-minuut", "20").exit_code == 0
    )  # once more changes the rate
    assert with_config(config, "herzending", "stop", "1").exit_code == 0
    (stand,) = json.loads(with_config(config, "herzending", "toon", "1", "--json").stdout)
    assert (stand["toestand"], stand["per_minuut"], stand["wachtend"], stand["aangeboden"]) == ("gestopt", 20, 2, 0)
    uit = with_config(config, "herzending", "toon")
    assert "gestopt" in uit.stdout
    assert "voorbereid" in uit.stdout


@pytest.mark.parametrize(
    ("args", "melding"),
    [
        (("voorbeeld", "--status", "Bezorgd"), "Status 'Bezorgd' kan niet"),
        (("voorbeeld", "--vanaf", "2030-01-01"), "Geen enkel bericht voldoet"),
        (("start", "7"), "Herzending 7 bestaat niet"),
        (("toon", "7"), "Herzending 7 bestaat niet"),
    ],
)
def test_what_cannot_be_resent_is_said_in_dutch(config: Path, args: tuple[str, ...], melding: str) -> None:
    write(load(config, {}), fill)
    uit = with_config(config, "herzending", *args)
    assert uit.exit_code == 1
    assert melding in uit.stderr


def test_without_jobs_there_is_nothing_to_show(config: Path) -> None:
    assert with_config(config, "herzending", "toon").stdout == "Er zijn geen herzendingen.\n"


def test_verhuis_prints_what_moved_and_refuses_a_second_time(config: Path, tmp_path: Path) -> None:
    write(load(config, {}), fill)
    van, naar = f"sqlite:///{tmp_path / 'k.db'}", f"sqlite:///{tmp_path / 'nieuw.db'}"
    uit = run("db", "verhuis", "--van", van, "--naar", naar)
    assert uit.exit_code == 0, uit.output
    assert "Alles staat over." in uit.stdout
    with sqlite3.connect(tmp_path / "nieuw.db") as conn:
        assert conn.execute("SELECT count(*) FROM bericht").fetchone() == (3,)
    uit = run("db", "verhuis", "--van", van, "--naar", naar)
    assert (uit.exit_code, "niet leeg" in uit.stderr) == (1, True)


async def test_verhuis_of_a_database_in_use_ends_with_a_sentence(config: Path, tmp_path: Path) -> None:
    opslag = Opslag(load(config, {}).database.full_url())
    uit = run("db", "verhuis", "--van", f"sqlite:///{tmp_path / 'k.db'}", "--naar", f"sqlite:///{tmp_path / 'n.db'}")
    await opslag.close()
    assert isinstance(uit.exception, ConfiguratieFout)  # which the entry point turns into exit code 2
    assert "in gebruik" in str(uit.exception)
