from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog
from sjabloon import make_tables
from structlog.testing import capture_logs

from knooppunt.beheertaken import make_boek, make_looks, make_melders
from knooppunt.configuratie import BewakingSectie, ConfiguratieFout
from knooppunt.configuratiebestand import load
from knooppunt.meting import Meting
from knooppunt.ruimte import Ruimte
from knooppunt.wacht import Blik, Wacht
from routing import incident, notificatie, schema
from routing.bewaking import Grenzen
from routing.databank import OpslagFout
from routing.incident import Feiten, Incidentboek
from routing.klok import Klok
from routing.onderhoud import Onderhoud, Taak
from routing.opslag import Opslag

GRENZEN = Grenzen(3_600_000, 100)


@pytest.fixture
async def opslag(tmp_path: Path) -> AsyncIterator[Opslag]:
    url = f"sqlite:///{tmp_path}/k.db"
    make_tables(url)
    opslag = Opslag(url, klok=Klok())
    yield opslag
    await opslag.close()


def make(opslag: Opslag, **blikken: Blik) -> Wacht:
    return Wacht(
        opslag,
        Incidentboek("urn:nld:proef"),
        naam="node:8443",
        ruimte=Ruimte(None, BewakingSectie()),
        blikken=blikken,
        meting=Meting(),
    )


async def incidents(opslag: Opslag) -> list[tuple[str, str, bool]]:
    gevonden = await opslag.read(incident.find)
    return sorted((i.oorzaak, i.onderwerp, i.gesloten_op is None) for i in gevonden)


async def test_what_is_wrong_here_is_an_incident_of_this_node_until_it_is_over(opslag: Opslag):
    mis: list[Feiten] = [{"bezwaar": "weg"}]

    async def keys() -> Feiten | None:
        return mis[0] if mis else None

    wacht = make(opslag, sleutelmap=keys)
    await opslag.write(Incidentboek().open, "sleutelmap", "andere:8443", {})
    for _ in range(3):
        await wacht.look()
    assert await incidents(opslag) == [("sleutelmap", "andere:8443", True), ("sleutelmap", "node:8443", True)]
    mis.clear()
    await wacht.look()
    assert await incidents(opslag) == [("sleutelmap", "andere:8443", True), ("sleutelmap", "node:8443", False)]


async def test_incidents_of_a_node_that_was_taken_away_are_closed_after_a_day(tmp_path: Path):
    make_tables(url := f"sqlite:///{tmp_path}/w.db")
    klok = Klok()
    opslag = Opslag(url, klok=klok)

    async def keys() -> Feiten | None:
        return {"bezwaar": "weg"}

    wacht = make(opslag, sleutelmap=keys)

    async def turn() -> None:
        taak = Taak("bewaking", 0.0, lambda beurt: wacht.turn(beurt, GRENZEN))
        assert await Onderhoud(opslag, ()).run(taak)

    try:
        await wacht.look()
        await opslag.write(Incidentboek().open, "sleutelmap", "weg:8443", {})
        await opslag.write(Incidentboek().open, "achterstand", "", {})  # of no node: `bewaking` closes it
        for _ in range(2):
            klok.verschuiving_ms += 13 * 3_600_000
            await wacht.look()
            await turn()
        gevonden = {i.onderwerp: i.gesloten_omdat for i in await opslag.read(incident.find)}
        assert gevonden == {"node:8443": None, "weg:8443": incident.KNOOPPUNT_WEG, "": incident.OORZAAK_WEG}
    finally:
        await opslag.close()


async def test_a_database_that_was_away_is_told_when_it_is_back(opslag: Opslag, monkeypatch: pytest.MonkeyPatch):
    wacht = make(opslag)

    async def fail(*_: object) -> None:
        raise OpslagFout("weg")

    with monkeypatch.context() as patch:
        patch.setattr(opslag, "read", fail)
        for _ in range(3):
            await wacht.look()
    assert await incidents(opslag) == []
    for _ in range(2):
        await wacht.look()
    assert await incidents(opslag) == [("database_onbereikbaar", "node:8443", False)]
    (geval,) = await opslag.read(incident.find)
    assert geval.geopend_op <= geval.gesloten_op
    assert await opslag.read(notificatie.waiting) == 2


async def test_a_database_that_only_reads_is_noticed(opslag: Opslag, monkeypatch: pytest.MonkeyPatch):
    wacht = make(opslag)

    async def fail(*_: object) -> None:
        raise sa.exc.OperationalError("UPDATE", {}, Exception("disk full"))

    with monkeypatch.context() as patch:
        patch.setattr(opslag, "write", fail)
        await wacht.look()
    await wacht.look()
    assert await incidents(opslag) == [("database_onbereikbaar", "node:8443", False)]


async def test_what_opens_and_closes_stands_in_the_logging_once(opslag: Opslag, monkeypatch: pytest.MonkeyPatch):
    structlog.reset_defaults()
    monkeypatch.setattr("knooppunt.wacht._log", structlog.get_logger())
    wacht = make(opslag)
    onderhoud = Onderhoud(opslag, ())

    async def turn() -> list[str]:
        with capture_logs() as regels:
            await onderhoud.run(Taak("bewaking", 0.0, lambda beurt: wacht.turn(beurt, GRENZEN)))
        return [f"{regel['event']}: {regel['titel']}" for regel in regels]

    assert await turn() == []
    await opslag.write(Incidentboek().open, "schijf_vol", "node:8443", {})
    assert await turn() == ["incident geopend: Knooppunt node:8443 neemt niets aan: de schijf is vol"]
    assert await turn() == []
    (geval,) = await opslag.read(incident.find)
    await opslag.write(Incidentboek().close, geval.nummer, "weg")
    assert await turn() == ["incident gesloten: Knooppunt node:8443 neemt niets aan: de schijf is vol"]


async def test_the_backlog_is_followed_for_the_watermark(opslag: Opslag):
    await opslag.write(lambda conn: conn.execute(schema.lane.insert().values(naam="x", kanaal="pull", pending=7)))
    wacht = make(opslag)
    await wacht.look()
    assert wacht._ruimte.wachtend == 7


KOPPELVLAK = '[koppelvlak]\ncertificaat = "pki/hub.pem"\nsleutel = "pki/hub.key"\nca = "pki/ca.pem"\n'
NOTIFICATIE = '[notificatie]\nurl = "https://hook.example/x"\n'


async def test_looks_say_what_is_wrong_and_show_the_days(pki: Path):
    meting = Meting()
    bestand = pki.parent / "hub.toml"

    async def register() -> Feiten | None:
        return None

    async def ask(tekst: str) -> dict[str, Feiten | None]:
        bestand.write_text(tekst)
        looks = make_looks(load(bestand, {}), meting, sleutels=lambda: {"bezwaar": "weg"}, register=register)
        return {oorzaak: await blik() for oorzaak, blik in looks.items()}

    assert await ask(KOPPELVLAK) == {
        "certificaat_knooppunt": None,
        "sleutelmap": {"bezwaar": "weg"},
        "register_niet_leesbaar": None,
    }
    ruim = await ask(f"{KOPPELVLAK}[bewaking]\ncertificaat_dagen = 1000\n")
    assert ruim["certificaat_knooppunt"]["dagen"] == pytest.approx(825, abs=1)
    assert "knooppunt_certificaat_dagen 82" in meting.render().decode()
    weg = await ask(KOPPELVLAK.replace("hub.pem", "weg.pem"))
    assert weg["certificaat_knooppunt"] == {"bezwaar": "het bestand is niet te lezen"}


@pytest.mark.parametrize(
    ("tekst", "bron"),
    [
        (NOTIFICATIE, "urn:nld:oin:00000001999999990000:systeem:knooppunt"),
        (NOTIFICATIE + 'bron = "urn:nld:proef"\n', "urn:nld:proef"),
        ("", None),
    ],
)
def test_the_source_is_the_oin_of_our_certificate_unless_it_is_said(pki: Path, tekst: str, bron: str | None):
    (pki.parent / "hub.toml").write_text(KOPPELVLAK + tekst)
    assert make_boek(load(pki.parent / "hub.toml", {}))._bron == bron


@pytest.mark.parametrize(
    ("regel", "melding"),
    [
        ('url = "http://hook.example"', "moet met https:// beginnen"),
        ('url = "https://u:geheim@hook.example"', "mag geen naam of wachtwoord bevatten"),
        ('url = "https://hook.example"\nbron = "proef"', "URN"),
        ('url = "https://hook.example"\ntoken_bestand = "weg"', "weg is niet te lezen"),
        ('url = "https://hook.example"\ntoken_bestand = "leeg"', "geen bruikbaar token"),
        ('url = "https://hook.example"\nca = "leeg"', "notificatie.ca"),
    ],
)
def test_a_webhook_that_cannot_be_used_is_said_in_dutch(pki: Path, regel: str, melding: str):
    (pki.parent / "leeg").write_text("\n")
    (pki.parent / "hub.toml").write_text(f"{KOPPELVLAK}[notificatie]\n{regel}\n")
    with pytest.raises(ConfiguratieFout) as fout:
        make_melders(load(pki.parent / "hub.toml", {}))
    assert melding in str(fout.value)
    assert "geheim" not in str(fout.value)


async def test_a_webhook_is_made_of_the_configuration(pki: Path):
    (pki.parent / "token").write_text("geheim\n")
    (pki.parent / "hub.toml").write_text(f'{KOPPELVLAK}{NOTIFICATIE}token_bestand = "token"\nca = "pki/ca.pem"\n')
    (webhook,) = make_melders(load(pki.parent / "hub.toml", {})).values()
    assert webhook._koppen["Authorization"] == "Bearer geheim"
    await webhook.close()
    (pki.parent / "hub.toml").write_text(KOPPELVLAK)
    assert make_melders(load(pki.parent / "hub.toml", {})) == {}
