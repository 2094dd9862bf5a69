from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
import typer
from release33 import NIEUW
from sjabloon import make_tables
from sqlalchemy import Connection, insert
from typer.testing import CliRunner

from istandaarden.catalogus import ingebouwd
from istandaarden.standaardmap import VARIABELE, from_folder
from istandaarden.voorbeeld import make_voorbeeld
from knooppunt.cli import release as release_cli
from knooppunt.configuratie import ConfiguratieFout
from knooppunt.configuratiebestand import load
from knooppunt.databank import write
from routing import schema
from routing.klok import now_ms
from routing.kluis import Kluis
from routing.payload import Payload
from routing.registerimport import parse_toml, store

GOED = """
[[release]]
standaarden = ["iwmo", "ijw"]
release = "3.3"
open = 2027-04-05T13:00:00

[[release]]
standaarden = ["iwmo", "ijw"]
release = "3.2"
declaraties_dicht = 2027-03-19T23:00:00
heen_dicht = 2027-03-31T17:00:00
retour_dicht = 2027-04-01T13:00:00

[[release]]
standaarden = ["iwmo"]
release = "3.3"
partijen = ["0363"]
open = 2027-04-19T13:00:00
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    pad = tmp_path / "knooppunt.toml"
    pad.write_text(
        '[database]\nurl = "sqlite:///k.db"\n[sleutels]\nmap = "sleutels"\n'
        '[koppelvlak]\ncertificaat = "hub.pem"\nsleutel = "hub.key"\nca = "ca.pem"\n',
        "utf-8",
    )
    make_tables(load(pad, {}).database.full_url())
    Kluis.create(tmp_path / "sleutels")
    return pad


@pytest.fixture
def release_33(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of an operator who has written down release 3.3."""
    map_ = tmp_path / "standaarden"
    map_.mkdir()
    (map_ / "iwmo-ijw-3.3.yaml").write_text(NIEUW, encoding="utf-8")
    monkeypatch.setenv(VARIABELE, str(map_))
    from_folder.cache_clear()


def _run(*args: str) -> Any:
    app = typer.Typer()
    release_cli.register(app)
    return CliRunner().invoke(app, ["release", *args], env={"COLUMNS": "200"})


def _import(config: Path, tekst: str) -> Any:
    pad = config.with_name("kalender.toml")
    pad.write_text(tekst, "utf-8")
    return _run("importeer", str(pad), "--config", str(config))


def _sample(code: str, **anders: Any) -> bytes:
    return make_voorbeeld(ingebouwd().find(code, "3.2"), **anders)


# --- importeer and toon --------------------------------------------------------------------------------------------


def test_without_a_hub_the_built_in_calendar_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    uit = _run("toon")
    assert (uit.exit_code, uit.stderr) == (0, "")
    assert "03-04-2023 13:00" in uit.stdout
    assert "≈ niet op de minuut gepubliceerd." in uit.stdout
    standen = {(s["standaard"], s["release"]): s for s in json.loads(_run("toon", "--json").stdout)}
    assert set(standen["iwmo", "3.2"]["nu"].values()) == {"open"}
    assert set(standen["ieb", "1.0"]["nu"].values()) == {"gesloten"}
    assert standen["iwmo", "2.3"]["momenten"]["open"] == "2019-04-01T11:00:00+00:00"
    assert _run("toon", "--partij", "0363").exit_code == 2


def test_what_was_imported_is_shown_for_everybody_and_for_a_partij(config: Path) -> None:
    uit = _import(config, GOED)
    assert uit.exit_code == 0, uit.stderr
    assert "Let op: van iwmo 3.3 heeft dit knooppunt (nog) geen berichten." in uit.stderr
    assert "Momenten van 5 releases overgenomen" in uit.stdout
    tekst = _run("toon", "--config", str(config)).stdout
    assert "05-04-2027 13:00" in tekst
    assert "19-04-2027 13:00" in tekst
    alles = json.loads(_run("toon", "--json", "--config", str(config)).stdout)
    voor = {(s["standaard"], s["partij"]) for s in alles if s["release"] == "3.3"}
    assert voor == {("iwmo", None), ("iwmo", "0363"), ("ijw", None)}
    een = json.loads(_run("toon", "--partij", "0363", "--json", "--config", str(config)).stdout)
    per_release = {(s["standaard"], s["release"]): s["momenten"] for s in een}
    assert per_release["iwmo", "3.3"] == {"open": "2027-04-19T11:00:00+00:00"}
    assert per_release["ijw", "3.3"] == {"open": "2027-04-05T11:00:00+00:00"}
    assert per_release["iwmo", "3.2"]["heen_dicht"] == "2027-03-31T15:00:00+00:00"
    assert _run("toon", "--partij", "9", "--config", str(config)).exit_code == 1


@pytest.mark.parametrize(
    ("tekst", "melding"),
    [
        ("", "het bestand noemt geen enkele release"),
        ("[release", "geen geldige TOML"),
        ("release = 3", "'release' moet een reeks tabellen zijn"),
        ("[[releases]]\n", "onbekende sleutel 'releases'"),
        ('[[release]]\nrelease = "3.3"\nopen = "geen"', "standaarden moet een lijst zijn"),
        ('[[release]]\nstandaarden = []\nrelease = "3.3"\nopen = "geen"', "standaarden moet een lijst zijn"),
        ('[[release]]\nstandaarden = ["iwmo"]\nrelease = 3.3\nopen = "geen"', "release ontbreekt of is geen nummer"),
        ('[[release]]\nstandaarden = ["iwmo"]\nrelease = "03.3"\nopen = "geen"', "release ontbreekt of is geen nummer"),
        ('[[release]]\nstandaarden = ["iwmo"]\nrelease = "3.3"', "noem een of meer van open, "),
        ('[[release]]\nstandaarden = ["iwmo"]\nrelease = "3.3"\nopen = "morgen"', "open: schrijf een moment als"),
        ('[[release]]\nstandaarden = ["iwmo"]\nrelease = "3.3"\nopen = 2027-03-28T02:30:00', "bestaat niet: dan wordt"),
        ('[[release]]\nstandaarden = ["iwmo"]\nrelease = "3.3"\nheen_digt = "geen"', "bedoelt u 'heen_dicht'?"),
        ('[[release]]\nstandaarden = ["iwmo"]\nrelease = "3.3"\nvervalt = true\nopen = "geen"', "met vervalt = true"),
        ('[[release]]\nstandaarden = ["iwmo"]\nrelease = "3.3"\nvervalt = "ja"', "vervalt is true of false"),
        ('[[release]]\nstandaarden = ["iwmo"]\nrelease = "3.3"\npartijen = "0363"\nopen = "geen"', "lijst van codes"),
        ('[[release]]\nstandaarden = ["iwmo", "iwmo"]\nrelease = "3.3"\nopen = "geen"\n' * 2, "staat ook al bij"),
    ],
)
def test_a_wrong_file_is_explained_and_nothing_is_taken_over(config: Path, tekst: str, melding: str) -> None:
    uit = _import(config, tekst)
    assert uit.exit_code == 1
    assert melding in uit.stderr
    assert "Niets overgenomen" in uit.stderr
    assert "3.3" not in _run("toon", "--json", "--config", str(config)).stdout


def test_a_file_that_is_no_text_or_not_there_is_explained(config: Path, tmp_path: Path) -> None:
    (tmp_path / "k.toml").write_bytes(b"\xff\xfe[")
    for naam, melding in (("k.toml", "geen UTF-8"), ("weg.toml", "niet te lezen")):
        uit = _run("importeer", str(tmp_path / naam), "--config", str(config))
        assert uit.exit_code == 1
        assert melding in uit.stderr


def test_the_example_in_the_docs_can_be_imported(config: Path) -> None:
    tekst = (Path(__file__).parents[2] / "docs" / "releases.md").read_text("utf-8")
    (voorbeeld,) = re.findall(r"```toml\n(.*?)```", tekst, re.DOTALL)
    uit = _import(config, voorbeeld)
    assert uit.exit_code == 0, uit.stderr


# --- oefen ---------------------------------------------------------------------------------------------------------


def test_a_rehearsal_of_files_shows_what_the_invented_release_rejects(release_33: None, tmp_path: Path) -> None:
    map_ = tmp_path / "berichten"
    map_.mkdir()
    for code in ("WMO305", "WMO301", "JW305"):
        (map_ / f"{code}.xml").write_bytes(_sample(code))
    uit = _run("oefen", str(map_), "--standaard", "iwmo")
    assert uit.exit_code == 1, uit.stderr
    assert "/Bericht/Client/StartProducten/StartProduct" in uit.stdout
    assert "2 berichten bekeken als iWmo 3.3: 1 goed, 1 afgekeurd." in uit.stdout
    uit = _run("oefen", str(map_), "--json", "--naar", "3.3")
    oordeel = json.loads(uit.stdout)
    assert (oordeel["bekeken"], oordeel["afgekeurd"]) == (3, 2)
    assert {(r["berichtsoort"], r["code"], r["aantal"]) for r in oordeel["regels"]} == {
        ("WMO305", "XSD", 1),
        ("JW305", "XSD", 1),
    }
    assert _run("oefen", str(map_ / "WMO301.xml")).exit_code == 0


@pytest.mark.parametrize(
    ("opties", "melding"),
    [
        (("--naar", "9.9"), "Release 9.9 is onbekend"),
        (("--standaard", "iwlz"), "Standaard iwlz is onbekend"),
        (("--vanaf", "2026-01-01"), "niet over bestanden"),
    ],
)
def test_what_cannot_be_rehearsed_is_said(tmp_path: Path, opties: tuple[str, ...], melding: str) -> None:
    (tmp_path / "a.xml").write_bytes(_sample("WMO301"))
    uit = _run("oefen", str(tmp_path), *opties)
    assert uit.exit_code == 2
    assert melding in uit.stderr


def test_without_a_newer_release_or_a_readable_file_there_is_nothing_to_say(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(_sample("WMO301"))
    uit = _run("oefen", str(tmp_path), str(tmp_path / "weg.xml"))
    assert uit.exit_code == 2
    assert "1 overgeslagen: na iWmo 3.2 is geen release bekend." in uit.stdout
    assert "1 niet te lezen of geen bekend bericht" in uit.stdout
    assert "weg.xml" in uit.stdout


def _put(conn: Connection, kluis: Kluis, inhoud: bytes, functie: str, status: str = "Bezorgd", **anders: Any) -> str:
    bericht_id, payload = str(uuid.uuid4()), Payload(inhoud)
    rij = {
        "id": bericht_id,
        "zender": "90000001",
        "ontvanger": "0363",
        "berichtcode": "Di01",
        "functie": functie,
        "referentienummer": bericht_id,
        "conversatie": bericht_id,
        "geldend": True,
        "status": status,
        "status_op": now_ms(conn),
        "ontvangen_op": now_ms(conn),
        "kanaal": "stuf",
        "envelop": "{}",
        "envelop_digest": "x",
        "payload_digest": payload.digest,
        "payload_grootte": payload.size,
        "ontvangst_referentie": "x",
        "ontvangst_tijdstip": "x",
    }
    conn.execute(insert(schema.bericht).values(rij | anders))
    v = kluis.seal(bericht_id, "payload", payload.compressed)
    waarden = {"sleutel_id": v.sleutel_id, "datasleutel": v.datasleutel, "inhoud": v.inhoud}
    conn.execute(insert(schema.payload).values(bericht_id=bericht_id, **waarden))
    return bericht_id


def test_a_rehearsal_of_the_log_opens_what_was_accepted_and_only_that(release_33: None, config: Path) -> None:
    kluis = Kluis(config.parent / "sleutels")

    def fill(conn: Connection) -> list[str]:
        ids = [
            _put(conn, kluis, _sample("WMO305", zaad=n), "WMO305", ontvangen_op=1_790_000_000_000 + n // 3)
            for n in range(45)  # more than two handfuls, several in one millisecond
        ]
        _put(conn, kluis, b"<a/>", "Dummy")
        _put(conn, kluis, b"<a/>", "WMO305", "Afgekeurd")
        _put(conn, kluis, _sample("JW305"), "JW305")
        return ids

    ids = write(load(config), fill)
    uit = _run("oefen", "--config", str(config), "--standaard", "iwmo", "--json")
    assert uit.exit_code == 1, uit.output
    oordeel = json.loads(uit.stdout)
    assert (oordeel["bekeken"], oordeel["afgekeurd"], oordeel["onleesbaar"]["aantal"]) == (45, 45, 0)
    assert oordeel["partijen"][0]["partij"] == "90000001"
    assert set(oordeel["regels"][0]["voorbeelden"]) <= set(ids)
    leeg = _run("oefen", "--config", str(config), "--standaard", "iwmo", "--tot", "2025-01-01")
    assert leeg.exit_code == 2
    assert "Geen bericht om mee te oefenen." in leeg.stdout


def test_a_payload_that_the_kluis_cannot_open_is_said(release_33: None, config: Path, tmp_path: Path) -> None:
    vreemd = Kluis.create(tmp_path / "andere-sleutels")
    write(load(config), lambda conn: _put(conn, vreemd, _sample("WMO305"), "WMO305"))
    uit = _run("oefen", "--config", str(config))
    assert uit.exit_code == 2
    assert "1 niet te lezen" in uit.stdout


def test_a_hub_that_is_not_there_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    for opdracht in (("oefen",), ("toon",)):
        uit = _run(*opdracht, "--config", str(tmp_path / "weg.toml"))
        assert isinstance(uit.exception, ConfiguratieFout)


def test_held_berichten_are_counted_by_who_they_wait_for(config: Path) -> None:
    kluis = Kluis(config.parent / "sleutels")

    def fill(conn: Connection) -> None:
        wacht = {"lane": "0363", "kanaal": "push", "partij": "0363", "standaard": "iwmo", "release": "3.2"}
        for _ in range(2):
            bericht_id = _put(conn, kluis, _sample("WMO305"), "WMO305", "Wordt verwerkt")
            conn.execute(insert(schema.aangehouden).values(bericht_id=bericht_id, stroom="heenberichten", **wacht))

    write(load(config), fill)
    write(load(config), store, parse_toml('[[partij]]\ncode = "90000001"\nnaam = "Zorg"\n'))
    for partij, verwacht in ((None, 2), ("0363", 2), ("90000001", 0)):
        wie = ("--partij", partij) if partij else ()
        standen = json.loads(_run("toon", "--json", "--config", str(config), *wie).stdout)
        assert {s["aangehouden"] for s in standen if (s["standaard"], s["release"]) == ("iwmo", "3.2")} == {verwacht}
