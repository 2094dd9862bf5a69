"""`knooppunt lane`, `quarantaine` and `bewaar`: what an operator sees and does, on a log with real berichten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sjabloon import make_tables
from typer.testing import CliRunner

from knooppunt.cli import app
from knooppunt.configuratie import Configuratie
from knooppunt.configuratiebestand import load
from knooppunt.databank import connect, write
from routing import bezorging, lanes, schema
from routing.bericht import Berichtcode, Envelop, Parameters, Stuurgegevens, Systeem
from routing.kluis import Kluis
from routing.partij import Kanaal
from routing.payload import Payload
from routing.registerimport import parse_toml, store
from routing.status import Status
from routing.vastlegging import complete, insert_bericht, prepare

REF = "11111111-1111-4111-8111-111111111111"
LANE = "99010001"
PARTIJEN = """
[[partij]]
code = "99010001"
naam = "Thuiszorg De Wilg"
url = "https://127.0.0.1:1/"
identiteiten = ["oin:00000001999999991001"]

[[partij]]
code = "99010002"
naam = "Zorg aan Huis"
kanaal = "pull"
protocol = "vsp"
identiteiten = ["oin:00000001999999991002"]

[[partij]]
code = "0193"
url = "https://127.0.0.1:1/"
identiteiten = ["oin:00000001999999990193"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    pad = tmp_path / "knooppunt.toml"
    pad.write_text(
        '[database]\nurl = "sqlite:///k.db"\n'
        '[koppelvlak]\ncertificaat = "hub.pem"\nsleutel = "hub.key"\nca = "ca.pem"\n',
        "utf-8",
    )
    configuratie = load(pad, {})
    make_tables(configuratie.database.full_url())
    write(configuratie, store, parse_toml(PARTIJEN))
    kluis = Kluis.create(configuratie.sleutels.map)
    sg = Stuurgegevens(
        berichtcode=Berichtcode.DI01,
        zender=Systeem("0193", "Suite"),
        ontvanger=Systeem(LANE),
        referentienummer=REF,
        tijdstip="20261123120000000",
        functie="WMO301",
    )
    envelop = Envelop(sg, Parameters("0001", "0000", "0003", "0002"))
    nieuw = prepare(kluis, envelop, Payload(b"<x/>"), conversatie=REF, kanaal="stuf", ontvangst=("r", "t"))

    def stort(conn: sa.Connection) -> None:
        insert_bericht(conn, nieuw, Status.WORDT_VERWERKT, None)
        complete(conn, nieuw, [], None)
        lanes.enqueue(conn, LANE, Kanaal.PUSH, nieuw.bericht_id, 432_000_000)

    write(configuratie, stort)
    return pad


def run(config: Path, *args: str) -> Any:
    return CliRunner().invoke(app, [*args, "--config", str(config)], env={"COLUMNS": "160"})


def as_json(config: Path, *args: str) -> Any:
    uit = run(config, *args, "--json")
    assert uit.exit_code == 0, uit.output
    return json.loads(uit.stdout)


def crash_thrice(configuratie: Configuratie) -> None:
    """Let the hub die three times with the bericht on its way."""
    for _ in range(4):
        write(configuratie, bezorging.claim, 1, 5)
        write(configuratie, lambda conn: conn.execute(sa.update(schema.lane).values(leased_until=0)).rowcount)


def test_a_lane_is_paused_shown_and_resumed(config: Path) -> None:
    (lane,) = as_json(config, "lane", "toon")
    assert (lane["naam"], lane["toestand"], lane["wachtend"]) == (LANE, "gereed", 1)
    uit = run(config, "lane", "pauzeer", LANE, "--reden", "storing bij de ontvanger", "--tot", "2099-01-01")
    assert uit.exit_code == 0, uit.output
    assert "tot 01-01-2099 00:00:00" in uit.stdout
    (lane,) = as_json(config, "lane", "toon", LANE)
    assert lane["toestand"] == "gepauzeerd"
    assert (lane["pauze"]["reden"], lane["pauze"]["tot"]) == ("storing bij de ontvanger", "2098-12-31T23:00:00+00:00")
    tekst = run(config, "lane", "toon").stdout
    assert "storing bij de ontvanger" in tekst
    assert lane["pauze"]["door"] in tekst
    assert run(config, "lane", "hervat", LANE).exit_code == 0
    assert as_json(config, "lane", "toon", LANE)[0]["pauze"] is None
    uit = run(config, "lane", "hervat", LANE)
    assert (uit.exit_code, uit.stderr.strip()) == (1, f"{LANE} is niet gepauzeerd.")


@pytest.mark.parametrize(
    ("args", "melding"),
    [
        (["99019999", "--reden", "x"], "niet aangesloten"),
        (["99010002", "--reden", "x"], "haalt zijn berichten zelf op"),
        ([LANE, "--reden", "  "], "Geef een reden"),
        ([LANE, "--reden", "x", "--tot", "2020-01-01"], "niet in de toekomst"),
    ],
)
def test_a_pause_that_cannot_be_says_why(config: Path, args: list[str], melding: str) -> None:
    uit = run(config, "lane", "pauzeer", *args)
    assert uit.exit_code == 1
    assert melding in uit.stderr
    assert as_json(config, "lane", "toon", LANE)[0]["pauze"] is None


def test_an_open_breaker_is_shown_with_its_reason(config: Path) -> None:
    configuratie = load(config, {})
    (lease,) = write(configuratie, bezorging.claim, 1, 5)
    write(configuratie, lanes.retry, lease, lease.koppen[0], 1, 60_000, breuk="De ontvanger is niet bereikbaar.")
    (lane,) = as_json(config, "lane", "toon")
    assert (lane["toestand"], lane["mislukt"]) == ("onderbroken", 1)
    assert lane["volgende_op"] is not None
    assert "De ontvanger is niet bereikbaar." in run(config, "lane", "toon").stdout


def test_nothing_to_see_is_said(config: Path) -> None:
    assert run(config, "lane", "toon", "0193").stdout.strip() == "0193 heeft nog geen rij."
    assert run(config, "quarantaine", "toon").stdout.strip() == "Er staat niets in quarantaine."


def test_quarantine_is_listed_and_released(config: Path) -> None:
    crash_thrice(load(config, {}))
    (apart,) = as_json(config, "quarantaine", "toon")
    assert (apart["referentienummer"], apart["crashes"], apart["lane"]) == (REF, 3, LANE)
    assert REF in run(config, "quarantaine", "toon").stdout
    assert as_json(config, "lane", "toon")[0]["in_quarantaine"] == 1
    assert run(config, "quarantaine", "vrijgeven", REF[:8]).exit_code == 0
    (lane,) = as_json(config, "lane", "toon")
    assert (lane["wachtend"], lane["in_quarantaine"]) == (1, 0)
    uit = run(config, "quarantaine", "vrijgeven", REF)
    assert (uit.exit_code, uit.stderr.strip()) == (1, f"{REF} staat niet in quarantaine.")


def test_giving_up_from_quarantine_sends_the_zender_a_fo01(config: Path) -> None:
    crash_thrice(load(config, {}))
    assert run(config, "quarantaine", "opgeven", REF).exit_code == 0
    dossier = as_json(config, "bericht", "toon", REF)
    assert (dossier["bericht"]["status"], dossier["bericht"]["fout_code"]) == ("Bezorging afgebroken", "KNP003")
    assert [b["berichtcode"] for b in dossier["gesprek"]] == ["Di01", "Fo01"]
    assert as_json(config, "lane", "toon", "0193")[0]["wachtend"] == 1


def test_cleaning_removes_what_arrived_and_toon_says_until_when_it_is_kept(config: Path) -> None:
    assert as_json(config, "bericht", "toon", REF)["bewaring"] == {
        "inhoud_aanwezig": True, "inhoud_tot": None, "gegevens_tot": None
    }  # fmt: skip
    assert "alles, totdat het bericht is bezorgd" in run(config, "bericht", "toon", REF).stdout
    configuratie = load(config, {})

    def bezorg(conn: sa.Connection, dagen_geleden: int) -> None:
        lang = {"status": "Bezorgd", "status_op": schema.bericht.c.status_op - dagen_geleden * 86_400_000}
        conn.execute(sa.update(schema.bericht).values(**lang, ontvangen_op=lang["status_op"]))
        conn.execute(sa.update(schema.payload).values(ontvangen_op=0))
        conn.execute(sa.update(schema.aflevering).values(open=False))
        conn.execute(sa.update(schema.lane).values(pending=0))

    write(configuratie, bezorg, 0)
    assert "inhoud tot" in run(config, "bericht", "toon", REF).stdout
    uit = run(config, "bewaar", "opschonen").stdout
    assert uit.strip() == "Verwijderd: de inhoud van 0 berichten, en alles van 0 andere."
    write(configuratie, bezorg, 31)
    assert "de inhoud van 1 berichten" in run(config, "bewaar", "opschonen").stdout
    assert "de inhoud is verwijderd" in run(config, "bericht", "toon", REF).stdout
    write(configuratie, bezorg, 1461)
    assert "alles van 1 andere" in run(config, "bewaar", "opschonen").stdout
    with connect(configuratie) as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(schema.bericht)).scalar() == 0
