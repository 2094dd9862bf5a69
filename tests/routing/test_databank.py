"""SQLite as a serving hub needs it, and URLs that cannot work."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from routing import schema
from routing.databank import OpslagFout, make_engine, parse_url
from routing.opslag import Opslag, upgrade


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    upgrade(url)
    return url


def voeg_toe(conn: sa.Connection, code: str) -> None:
    conn.execute(schema.partij.insert().values(code=code, soort="gemeente", naam=code))


async def test_a_second_hub_on_the_same_file_is_refused_and_names_the_first(url: str):
    eerste = Opslag(url)
    try:
        with pytest.raises(OpslagFout, match=f"al in gebruik door een ander knooppunt \\(proces {os.getpid()}\\)"):
            Opslag(url)
        code = f"from routing.opslag import Opslag; Opslag({url!r})"
        ander = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert "al in gebruik" in ander.stderr
    finally:
        await eerste.close()
    await Opslag(url).close()


async def test_a_command_may_write_beside_a_running_hub(url: str):
    hub, opdracht = Opslag(url), Opslag(url, exclusief=False)
    try:
        await asyncio.gather(
            *(hub.write(voeg_toe, f"h{n}") for n in range(50)), *(opdracht.write(voeg_toe, f"o{n}") for n in range(50))
        )
        aantal = sa.select(sa.func.count()).select_from(schema.partij)
        assert await hub.read(lambda conn: conn.execute(aantal).scalar()) == 100
    finally:
        await hub.close()
        await opdracht.close()


async def test_what_comes_in_while_another_process_writes_shares_a_transaction(url: str):
    een, ander = (Opslag(url, exclusief=False, samen=True) for _ in range(2))
    begonnen, verder = threading.Event(), threading.Event()

    def hold(conn: sa.Connection) -> None:
        voeg_toe(conn, "een")
        begonnen.set()
        assert verder.wait(30)

    def add(conn: sa.Connection, code: str) -> int:
        voeg_toe(conn, code)
        return id(conn.get_transaction())

    try:
        bezig = asyncio.ensure_future(een.write(hold))
        assert await asyncio.to_thread(begonnen.wait, 30)
        eerste = asyncio.ensure_future(ander.write(add, "a"))
        while ander.waiting():  # noqa: ASYNC110 - until its writer has taken it up, and waits for its turn
            await asyncio.sleep(0.01)
        later = [asyncio.ensure_future(ander.write(add, f"b{n}")) for n in range(5)]
        await asyncio.sleep(0.05)
        assert not eerste.done()
        verder.set()
        assert len(set(await asyncio.gather(eerste, *later))) == 1
        await bezig
    finally:
        verder.set()
        await een.close()
        await ander.close()


async def test_tables_are_not_changed_under_a_running_hub(url: str):
    engine = make_engine(parse_url(url), schrijft=True)
    hub = Opslag(url)
    try:
        upgrade(url)  # nothing to change: allowed
        with engine.begin() as conn:
            conn.execute(sa.text("DELETE FROM alembic_version"))
        with pytest.raises(OpslagFout, match="al in gebruik"):
            upgrade(url)
    finally:
        await hub.close()
        engine.dispose()


def test_connections_are_durable_and_keep_relations(url: str):
    for schrijft in (True, False):
        engine = make_engine(parse_url(url), schrijft=schrijft)
        with engine.connect() as conn:
            waarden = {p: conn.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "synchronous")}
            assert waarden == {"journal_mode": "wal", "synchronous": 2}
            assert conn.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            assert conn.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000
        engine.dispose()


@pytest.mark.parametrize(
    "adres",
    ["", "onzin", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory", "oracle://x"],
)
def test_urls_that_cannot_work_are_explained(adres: str):
    with pytest.raises(OpslagFout):
        parse_url(adres)


def test_a_password_is_not_in_the_message():
    with pytest.raises(OpslagFout) as fout:
        parse_url("post gres://hub:geheim@db/x")
    assert "geheim" not in str(fout.value)


def test_a_folder_that_cannot_be_written_is_explained(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'weg' / 'x.db'}"
    with pytest.raises(OpslagFout, match="niet te openen"):
        upgrade(url)
    with pytest.raises(OpslagFout, match="niet te schrijven"):
        Opslag(url)


@pytest.mark.parametrize("schrijft", [True, False])
def test_a_database_fault_does_not_repeat_the_values(url: str, *, schrijft: bool):
    engine = make_engine(parse_url(url), schrijft=schrijft)
    with engine.connect() as conn, pytest.raises(sa.exc.DBAPIError) as fout:
        conn.execute(sa.text("SELECT :bsn FROM bestaat_niet"), {"bsn": "999900006"})
    engine.dispose()
    assert "999900006" not in str(fout.value)
