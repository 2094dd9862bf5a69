"""Moving from one database to another, both ways: everything comes along, and delivery goes on in order."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sjabloon import make_tables

from routing import bezorging, herzendtaak, incident, lanes, notificatie, schema
from routing.databank import OpslagFout, Slot, make_engine, parse_url
from routing.herzendtaak import Selectie
from routing.incident import Incidentboek
from routing.kluis import Kluis, Verzegeld
from routing.logboek import record
from routing.opslag import ACHTERAAN, Opslag, upgrade
from routing.poorten import Uitkomst, Uitkomstsoort
from routing.register import read_register
from routing.registerimport import parse_toml, store
from routing.verhuizing import VerhuizingGeweigerd, move

Stort = Callable[..., str]
LANE = "99010001"
PARTIJEN = f"""
[[partij]]
code = "{LANE}"
naam = "Zorg É"
url = "https://127.0.0.1/"
identiteiten = ["oin:00000001999999991001"]
mag_ontvangen = ["*"]
quota_berichten = 10
"""


@pytest.fixture
def ander_url(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A database of the other kind, still empty."""
    if database_url.startswith("sqlite"):
        return str(request.getfixturevalue("leeg_postgres_url"))
    return f"sqlite:///{tmp_path / 'ander.db'}"


def zwijg(_tabel: str, _gedaan: int, _totaal: int) -> None:
    """Nobody watches."""


async def fill(opslag: Opslag, stort: Stort) -> list[str]:
    """Put something in every table; return what waits for LANE, in order."""
    await opslag.write(store, parse_toml(PARTIJEN))
    wachtend = [await opslag.write(stort, LANE, inhoud=os.urandom(1000 * n)) for n in range(1, 21)]
    weg = await opslag.write(stort, "99010002", inhoud=b"")

    def rest(conn: sa.Connection) -> None:
        a, b = schema.aflevering, schema.bericht
        conn.execute(sa.update(a).where(a.c.bericht_id == weg).values(open=False))
        conn.execute(sa.update(schema.lane).where(schema.lane.c.naam == "99010002").values(pending=0))
        conn.execute(sa.update(b).where(b.c.id == weg).values(status="Bezorging afgebroken"))
        record(conn, weg, "proef", None, {"tekst": "é\n✓", "leeg": None})
        conn.execute(
            schema.dossier.insert().values(bericht_id=weg, sleutel_id="s", soort="client", kenmerk=bytes(range(256)))
        )
        conn.execute(schema.onderhoud.insert().values(taak="proef"))
        Incidentboek("urn:nld:proef").open(conn, "achterstand", "", {"wachtend": 1})
        herzendtaak.prepare(conn, Selectie(), "test")
        conn.execute(
            schema.releasemoment.insert().values(partij="", standaard="iwmo", release="9.9", moment="open", tijd=1)
        )
        conn.execute(schema.pgb_overstap.insert().values(gemeente="0363", datum="2027-01-01"))
        for tabel in schema.metadata.sorted_tables:
            if not conn.execute(sa.select(sa.func.count()).select_from(tabel)).scalar_one():
                conn.execute(tabel.insert().values(_some_row(conn, tabel)))

    await opslag.write(rest)
    await opslag.write_lane(ACHTERAAN, bezorging.claim, 1, 1)  # a worker that died: its lease stands
    return wachtend


def make_older(conn: sa.Connection) -> None:
    """Make the tables of an older release."""
    config = Config()
    config.set_main_option("script_location", "routing:migraties")
    config.attributes["connection"] = conn
    command.upgrade(config, "0012")


def _some_row(conn: sa.Connection, tabel: sa.Table) -> dict[str, object]:
    """Make a row of any table: what must be filled, and what refers to something refers to what is there."""
    voorbeeld = {sa.Boolean: True, sa.LargeBinary: bytes(range(256)), sa.Text: f"é\n{tabel.name}"}
    rij: dict[str, object] = {}
    for kolom in tabel.columns:
        if kolom.nullable or kolom.server_default is not None or kolom is tabel.autoincrement_column:
            continue
        if kolom.foreign_keys:
            (verwijzing,) = kolom.foreign_keys
            rij[kolom.name] = conn.execute(sa.select(verwijzing.column).limit(1)).scalar_one()
        else:
            rij[kolom.name] = next((w for soort, w in voorbeeld.items() if isinstance(kolom.type, soort)), 1)
    return rij


async def test_everything_comes_along_and_delivery_goes_on_in_order(
    database_url: str, ander_url: str, opslag: Opslag, kluis: Kluis, stort: Stort
):
    wachtend = await fill(opslag, stort)
    await opslag.close()
    gemeld: dict[str, tuple[int, int]] = {}
    standen = move(database_url, ander_url, lambda tabel, gedaan, totaal: gemeld.update({tabel: (gedaan, totaal)}))
    assert {stand.tabel for stand in standen} == set(schema.metadata.tables)
    leeg = {stand.tabel for stand in standen if not stand.rijen}
    assert leeg == set()
    assert all(gedaan == totaal for gedaan, totaal in gemeld.values())
    nieuw = Opslag(ander_url)
    nieuw._klok.verschuiving_ms = lanes.LEASE_MS + 1000
    try:
        register = await nieuw.read(read_register)
        assert register.partij(LANE).naam == "Zorg É"
        assert register.aansluiting(LANE).quota_berichten == 10
        await nieuw.write(stort, LANE)
        volgorde = []
        for _ in wachtend:
            (lease,) = await nieuw.write_lane(ACHTERAAN, bezorging.claim, 1, 1)
            (kop,) = lease.koppen
            volgorde.append(kop.bericht_id)
            assert await nieuw.read(unseal, kluis, kop.bericht_id) == kop.grootte
            stap = bezorging.Stap(lease, kop, Uitkomst(Uitkomstsoort.BEZORGD, "ja"), None)
            await nieuw.write_lane(LANE, bezorging.settle, [stap], lambda *_: None)
        assert volgorde == wachtend
        (taak,) = await nieuw.read(herzendtaak.read_stand)
        assert taak.wachtend == 1
        assert await nieuw.write(herzendtaak.prepare, Selectie(), "test") > taak.nummer
        assert len(await nieuw.read(incident.find)) == 1
        assert await nieuw.read(notificatie.waiting) == 1
    finally:
        await nieuw.close()


def unseal(conn: sa.Connection, kluis: Kluis, bericht_id: str) -> int:
    """Read a payload through its digest; return its size."""
    p, b = schema.payload.c, schema.bericht.c
    rij = conn.execute(
        sa.select(p.sleutel_id, p.datasleutel, p.inhoud, b.payload_grootte, b.payload_digest)
        .join_from(schema.payload, schema.bericht, b.id == p.bericht_id)
        .where(p.bericht_id == bericht_id)
    ).one()
    verzegeld = Verzegeld(rij.sleutel_id, bytes(rij.datasleutel), bytes(rij.inhoud))
    payload = kluis.open_stream(bericht_id, "payload", verzegeld, size=rij.payload_grootte, digest=rij.payload_digest)
    return len(b"".join(payload.chunks()))


async def test_there_and_back_is_the_same(
    database_url: str, ander_url: str, opslag: Opslag, stort: Stort, tmp_path: Path
):
    await fill(opslag, stort)
    await opslag.close()
    heen = move(database_url, ander_url, zwijg)
    terug = move(ander_url, f"sqlite:///{tmp_path / 'terug.db'}", zwijg)
    assert heen == terug


async def test_a_source_in_use_is_refused(database_url: str, ander_url: str, opslag: Opslag):
    await opslag.write(store, parse_toml(PARTIJEN))
    with pytest.raises((VerhuizingGeweigerd, OpslagFout), match="in gebruik"):
        move(database_url, ander_url, zwijg)
    assert await opslag.read(lambda conn: conn.execute(sa.text("SELECT 1")).scalar()) == 1


async def test_a_target_in_use_or_not_empty_is_refused_and_stays_as_it_was(
    database_url: str, ander_url: str, opslag: Opslag, stort: Stort
):
    upgrade(ander_url)
    ander = Opslag(ander_url)
    await ander.write(stort, LANE)
    bericht_id = await opslag.write(stort, LANE)
    await opslag.close()
    with pytest.raises((VerhuizingGeweigerd, OpslagFout), match="in gebruik"):
        move(database_url, ander_url, zwijg)
    await ander.close()
    with pytest.raises(VerhuizingGeweigerd, match="niet leeg"):
        move(database_url, ander_url, zwijg)
    weer = Opslag(database_url)
    b = schema.bericht.c
    assert await weer.read(lambda conn: conn.execute(sa.select(b.id)).scalars().all()) == [bericht_id]
    await weer.close()


@pytest.mark.parametrize("in_gebruik", [False, True])
async def test_a_target_of_an_older_release_that_is_refused_keeps_its_tables(
    database_url: str, ander_url: str, opslag: Opslag, *, in_gebruik: bool
):
    await opslag.close()
    engine = make_engine(adres := parse_url(ander_url), schrijft=True)
    with engine.begin() as conn:
        make_older(conn)
        if not in_gebruik:
            conn.execute(sa.text("INSERT INTO partij (code, soort, naam) VALUES ('0344', 'gemeente', 'Utrecht')"))
    with ExitStack() as stapel:
        if in_gebruik and adres.get_backend_name() == "sqlite":
            stapel.callback(Slot(adres).release)
        elif in_gebruik:
            stapel.enter_context(engine.connect()).execute(sa.text("SELECT 1"))
        with pytest.raises((VerhuizingGeweigerd, OpslagFout), match="in gebruik" if in_gebruik else "niet leeg"):
            move(database_url, ander_url, zwijg)
    with engine.connect() as conn:
        assert conn.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one() == "0012"
    engine.dispose()


async def test_an_empty_target_of_an_older_release_is_brought_up_to_date(
    database_url: str, ander_url: str, opslag: Opslag, stort: Stort
):
    await opslag.write(stort, LANE)
    await opslag.close()
    engine = make_engine(parse_url(ander_url), schrijft=True)
    with engine.begin() as conn:
        make_older(conn)
    engine.dispose()
    assert sum(stand.rijen for stand in move(database_url, ander_url, zwijg) if stand.tabel == "bericht") == 1


async def test_what_breaks_off_leaves_no_row_and_can_be_done_again(
    database_url: str, ander_url: str, opslag: Opslag, stort: Stort
):
    await fill(opslag, stort)
    await opslag.close()

    def break_off(tabel: str, gedaan: int, _totaal: int) -> None:
        if tabel == "payload" and gedaan:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(database_url, ander_url, break_off)
    engine = make_engine(parse_url(ander_url), schrijft=True)
    with engine.connect() as conn:
        assert all(
            conn.execute(sa.select(sa.func.count()).select_from(t)).scalar() == 0
            for t in schema.metadata.tables.values()
        )
    engine.dispose()
    assert move(database_url, ander_url, zwijg)


async def test_another_revision_is_refused(database_url: str, ander_url: str, opslag: Opslag):
    await opslag.write(lambda conn: conn.execute(sa.text("UPDATE alembic_version SET version_num = '0001'")))
    await opslag.close()
    with pytest.raises(VerhuizingGeweigerd, match=r"andere versie \(0001\)"):
        move(database_url, ander_url, zwijg)


def test_a_row_that_does_not_arrive_as_it_was_is_noticed(tmp_path: Path):
    bron, doel = (f"sqlite:///{tmp_path / naam}" for naam in ("bron.db", "doel.db"))
    make_tables(bron)
    make_tables(doel)
    with sqlite3.connect(tmp_path / "bron.db") as conn:
        conn.execute("INSERT INTO partij VALUES ('0344', 'gemeente', 'Utrecht')")
    with sqlite3.connect(tmp_path / "doel.db") as conn:
        conn.execute(
            "CREATE TRIGGER bederf AFTER INSERT ON partij BEGIN UPDATE partij SET naam = 'X' WHERE code = NEW.code; END"
        )
    with pytest.raises(VerhuizingGeweigerd, match="partij kwam niet gelijk over"):
        move(bron, doel, zwijg)
    with sqlite3.connect(tmp_path / "doel.db") as conn:
        assert conn.execute("SELECT count(*) FROM partij").fetchone() == (0,)


def test_a_source_that_is_not_there_and_a_target_that_is_the_source_are_refused(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'weg.db'}"
    with pytest.raises(VerhuizingGeweigerd, match="bestaat niet"):
        move(url, f"sqlite:///{tmp_path / 'nieuw.db'}", zwijg)
    with pytest.raises(VerhuizingGeweigerd, match="dezelfde"):
        move(url, url, zwijg)
    assert list(tmp_path.iterdir()) == []
