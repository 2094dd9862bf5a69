"""Faults that are not a clean death: random kills, frozen nodes, a database that goes away, no disk, no connections."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from eigenpostgres import EigenPostgres
from sqlalchemy import create_engine, text
from veldproef import LEASE_MS, Opstelling, Uitslag, Veldproef, field_trial

from routing.databank import make_engine, parse_url

pytestmark = pytest.mark.chaos
drie_knopen = pytest.mark.parametrize("opstelling", ["postgresql-3"], indirect=True)
BREEK_AF = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def kill_at_random(proef: Veldproef, seconden: float, dobbelsteen: random.Random) -> None:
    einde = asyncio.get_running_loop().time() + seconden
    while asyncio.get_running_loop().time() < einde:
        await reach_more(proef, dobbelsteen.randint(5, 30))
        await proef.kill(dobbelsteen.choice(proef.knopen))


async def reach_more(proef: Veldproef, aantal: int) -> None:
    """Wait until so many more berichten were acknowledged: that is the clock of these tests."""
    doel = len(proef.bevestigd) + aantal
    while len(proef.bevestigd) < doel:  # noqa: ASYNC110 - met in passing
        await asyncio.sleep(0.01)


@pytest.mark.timeout(600)
@drie_knopen
async def test_killing_one_of_three_at_random_loses_nothing(tmp_path: Path, opstelling: Opstelling):
    async with field_trial(tmp_path, opstelling) as proef:
        await proef.under_load(kill_at_random(proef, 5, random.Random(2026)))  # noqa: S311 - repeatable, not secret
        uitslag = proef.snapshot()
    uitslag.check()
    assert uitslag.gevallen >= 1


@pytest.mark.traag
@pytest.mark.timeout(1200)
@drie_knopen
async def test_five_minutes_of_random_kills(tmp_path: Path, opstelling: Opstelling, uitslagen: list[Uitslag]):
    async with field_trial(tmp_path, opstelling) as proef:
        await proef.under_load(kill_at_random(proef, 300, random.Random(2027)))  # noqa: S311 - repeatable, not secret
        uitslag = proef.snapshot()
    uitslag.cel = "SIGKILL op willekeurige momenten, vijf minuten"
    uitslagen.append(uitslag)
    uitslag.check()
    assert uitslag.gevallen >= 10


@pytest.mark.timeout(600)
@pytest.mark.traag
@drie_knopen
async def test_a_node_frozen_past_its_lease_loses_it(tmp_path: Path, opstelling: Opstelling, uitslagen: list[Uitslag]):
    """What it still does when it goes on counts for nothing: others delivered its berichten meanwhile."""

    async def freeze(proef: Veldproef) -> None:
        for knoop in proef.knopen[:2]:
            await reach_more(proef, 15)
            knoop.freeze()
            await reach_more(proef, 15)
            await asyncio.sleep(1.5 * LEASE_MS / 1000)  # the fault itself, not a wait for an outcome
            knoop.thaw()

    async with field_trial(tmp_path, opstelling) as proef:
        await proef.under_load(freeze(proef))
        uitslag = proef.snapshot()
    uitslag.cel = "SIGSTOP tot voorbij de lease, dan SIGCONT"
    uitslagen.append(uitslag)
    uitslag.check()
    assert uitslag.onderbroken > 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("opstelling", ["postgresql"], indirect=True)
async def test_a_session_silent_halfway_a_statement_stops_nobody(
    tmp_path: Path, opstelling: Opstelling, uitslagen: list[Uitslag]
):
    """What a node leaves behind that freezes at the worst moment: every lane locked, and the statement not complete."""

    async def fall_silent(proef: Veldproef) -> None:
        await reach_more(proef, 15)
        engine = make_engine(parse_url(proef.hub.database_url), schrijft=True)  # a session as nodes have them
        sessie = engine.raw_connection()
        conn = sessie.driver_connection
        assert isinstance(conn, psycopg.Connection)
        conn.execute("SET lock_timeout = 0")
        with contextlib.suppress(psycopg.OperationalError), conn.pipeline():
            conn.execute("SELECT naam FROM lane ORDER BY naam FOR UPDATE")
            await reach_more(proef, 15)
        assert conn.broken  # the hub ended it
        sessie.invalidate()
        engine.dispose()

    async with field_trial(tmp_path, opstelling) as proef:
        await proef.under_load(fall_silent(proef))
        uitslag = proef.snapshot()
    uitslag.cel = "een sessie die midden in een opdracht stilvalt"
    uitslagen.append(uitslag)
    uitslag.check()
    assert uitslag.gevallen == 0


@pytest.mark.timeout(600)
async def test_a_database_that_restarts_loses_nothing(
    tmp_path: Path, eigen_postgres: EigenPostgres, uitslagen: list[Uitslag]
):
    async def restart(proef: Veldproef) -> None:
        for hoe in ("fast", "immediate"):
            await reach_more(proef, 40)
            await asyncio.to_thread(eigen_postgres.restart, hoe)
        await reach_more(proef, 40)

    async with field_trial(tmp_path, (eigen_postgres.url, 2, "PostgreSQL, 2 knooppunten")) as proef:
        await proef.under_load(restart(proef))
        uitslag = proef.snapshot()
    uitslag.cel = "PostgreSQL herstart, netjes en hard"
    uitslagen.append(uitslag)
    uitslag.check()
    assert uitslag.gevallen == 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("opstelling", ["postgresql"], indirect=True)
async def test_connections_that_are_cut_lose_nothing(tmp_path: Path, opstelling: Opstelling, uitslagen: list[Uitslag]):
    async def cut(proef: Veldproef) -> None:
        for _ in range(5):
            await reach_more(proef, 15)
            await asyncio.to_thread(proef.execute, BREEK_AF)

    async with field_trial(tmp_path, opstelling) as proef:
        await proef.under_load(cut(proef))
        uitslag = proef.snapshot()
    uitslag.cel = "pg_terminate_backend op alle verbindingen, vijfmaal"
    uitslagen.append(uitslag)
    uitslag.check()
    assert uitslag.gevallen == 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("opstelling", ["postgresql"], indirect=True)
async def test_no_connections_left_is_a_refusal_and_no_loss(
    tmp_path: Path, opstelling: Opstelling, leeg_postgres_url: str, uitslagen: list[Uitslag]
):
    """The hub's role may have no connection at all for a while: senders are told so, and get through afterwards."""
    beheer = create_engine(leeg_postgres_url, isolation_level="AUTOCOMMIT")
    rol = "r_" + leeg_postgres_url.rsplit("/t_", 1)[1][:12]

    def limit(aantal: int) -> None:
        with beheer.connect() as conn:
            conn.execute(text(f"ALTER ROLE {rol} CONNECTION LIMIT {aantal}"))
            if aantal == 0:
                conn.execute(text(BREEK_AF))

    with beheer.connect() as conn:
        conn.execute(text(f"CREATE ROLE {rol} LOGIN"))
        conn.execute(text(f"GRANT ALL ON DATABASE {beheer.url.database} TO {rol}"))
        conn.execute(text(f"GRANT ALL ON SCHEMA public TO {rol}"))
    url = beheer.url.set(username=rol).render_as_string(hide_password=False)

    async def exhaust(proef: Veldproef) -> None:
        await reach_more(proef, 20)
        await asyncio.to_thread(limit, 0)
        eerder = proef.geweigerd
        while proef.geweigerd == eerder:  # noqa: ASYNC110 - counted by the senders
            await asyncio.sleep(0.01)
        await asyncio.to_thread(limit, -1)
        await reach_more(proef, 20)

    try:
        async with field_trial(tmp_path, (url, *opstelling[1:])) as proef:
            await proef.under_load(exhaust(proef))
            uitslag = proef.snapshot()
    finally:
        with beheer.connect() as conn:
            conn.execute(text(f"DROP OWNED BY {rol}"))
            conn.execute(text(f"DROP ROLE {rol}"))
        beheer.dispose()
    uitslag.cel = "geen databaseverbindingen meer"
    uitslagen.append(uitslag)
    uitslag.check()


@pytest.fixture
def kleine_schijf(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few MiB; the test is skipped, in words, where none may be mounted."""
    map_ = tmp_path / "schijf"
    map_.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("no mount on this machine")
    gelukt = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(map_)], capture_output=True, check=False
    )
    if gelukt.returncode != 0:
        pytest.skip("this user may not mount a tmpfs: a full disk cannot be tried here")
    yield map_
    subprocess.run(["umount", "-l", str(map_)], check=True)


@pytest.mark.timeout(600)
async def test_a_full_disk_is_a_refusal_and_no_loss(kleine_schijf: Path, uitslagen: list[Uitslag]):
    vulling = kleine_schijf / "vulling"

    async def fill(proef: Veldproef) -> None:
        await reach_more(proef, 20)
        with vulling.open("wb", buffering=0) as bestand:
            while True:
                try:
                    bestand.write(bytes(4096))
                except OSError:
                    break
        eerder = proef.geweigerd
        while proef.geweigerd == eerder:  # noqa: ASYNC110 - counted by the senders
            await asyncio.sleep(0.01)
        vulling.unlink()
        await reach_more(proef, 20)

    async with field_trial(kleine_schijf, (None, 1, "SQLite")) as proef:
        await proef.under_load(fill(proef))
        uitslag = proef.snapshot()
    uitslag.cel = "volle schijf"
    uitslagen.append(uitslag)
    uitslag.check()
    assert uitslag.gevallen == 0
