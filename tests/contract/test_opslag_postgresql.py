"""PostgreSQL going away, and transactions that meet: nothing is lost, nothing is taken for done."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

import psycopg
import pytest
import sqlalchemy as sa
from meeteller import in_one_group

from routing import lanes, schema
from routing.databank import GEDULD_MS, end_silent
from routing.lanebeurt import _HERKANSINGEN_S
from routing.lanes import LEASE_MS
from routing.opslag import _MIGRATIESLOT, CommitOnzeker, Opslag, OpslagFout, upgrade

PARTIJ = schema.partij
Stort = Callable[..., str]
VERLENG = (
    sa.update(PARTIJ).where(PARTIJ.c.code == sa.bindparam("welke")).values(naam=PARTIJ.c.naam + sa.bindparam("erbij"))
)


@pytest.fixture
async def opslag(postgres_url: str) -> AsyncIterator[Opslag]:
    opslag = Opslag(postgres_url, schrijvers=1, herstel_s=20)
    yield opslag
    await opslag.close()


def voeg_toe(conn: sa.Connection, code: str) -> None:
    conn.execute(PARTIJ.insert().values(code=code, soort="gemeente", naam=code))


def codes(conn: sa.Connection) -> list[str]:
    return sorted(conn.execute(sa.select(PARTIJ.c.code)).scalars())


def verbreek_anderen(url: str) -> int:
    engine = sa.create_engine(url)
    with engine.connect() as conn:
        aantal = conn.execute(
            sa.text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        ).scalar_one()
    engine.dispose()
    return int(aantal)


async def test_operations_survive_a_broken_connection(opslag: Opslag, postgres_url: str):
    await opslag.write(voeg_toe, "0001")
    await opslag.read(codes)
    assert await asyncio.to_thread(verbreek_anderen, postgres_url) >= 2
    await asyncio.gather(*(opslag.write(voeg_toe, f"1{n:03}") for n in range(20)))
    assert len(await opslag.read(codes)) == 21


async def test_an_operation_cut_off_half_way_is_run_again(opslag: Opslag, postgres_url: str):
    keer = []

    def halverwege(conn: sa.Connection) -> None:
        keer.append(1)
        voeg_toe(conn, "0001")
        if len(keer) == 1:
            verbreek_anderen(postgres_url)
        voeg_toe(conn, "0002")

    await opslag.write(halverwege)
    assert len(keer) == 2
    assert await opslag.read(codes) == ["0001", "0002"]


async def test_a_connection_lost_at_the_commit_is_an_error_and_not_a_guess(opslag: Opslag, postgres_url: str):
    async def deelnemen(code: str) -> object:
        def bewerking(conn: sa.Connection) -> None:
            voeg_toe(conn, code)
            if code == "0003":
                verbreek_anderen(postgres_url)

        return await opslag.write(bewerking)

    uitkomst = await asyncio.gather(deelnemen("0003"), return_exceptions=True)
    assert [type(u) for u in uitkomst] == [CommitOnzeker]
    await opslag.write(voeg_toe, "0004")
    assert await opslag.read(codes) == ["0004"]


async def test_a_database_that_stays_away_is_told_to_everybody(postgres_url: str):
    weg = sa.make_url(postgres_url).set(database="bestaat_niet").render_as_string(hide_password=False)
    opslag = Opslag(weg, herstel_s=0.1)
    uitkomsten = await asyncio.gather(
        *(opslag.write(voeg_toe, str(n)) for n in range(5)), opslag.read(codes), return_exceptions=True
    )
    assert all(isinstance(u, OpslagFout) for u in uitkomsten)
    assert not any("bestaat_niet" in str(u) for u in uitkomsten)
    await opslag.close()


async def test_a_server_that_only_reads_any_more_is_left_for_another(opslag: Opslag):
    await opslag.write(voeg_toe, "0001")
    lezend = iter([True])

    def schrijf(conn: sa.Connection) -> int:
        if next(lezend, False):  # as on a primary that became a standby under us
            conn.exec_driver_sql("SET TRANSACTION READ ONLY")
        voeg_toe(conn, "0002")
        return int(conn.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())

    eerst = await opslag.write(lambda conn: conn.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())
    assert await opslag.write(schrijf) != eerst
    assert await opslag.read(codes) == ["0001", "0002"]


async def test_what_the_database_cannot_do_is_told_as_such(opslag: Opslag):
    def te_lang(conn: sa.Connection) -> None:
        conn.exec_driver_sql("SET LOCAL statement_timeout = 10")
        conn.execute(sa.text("SELECT pg_sleep(5)"))

    with pytest.raises(OpslagFout, match="kan dit nu niet vastleggen"):
        await opslag.write(te_lang)
    await opslag.write(voeg_toe, "0001")
    assert await opslag.read(codes) == ["0001"]


async def test_a_deadlock_is_run_again(postgres_url: str):
    opslag = Opslag(postgres_url, schrijvers=2)
    for code in ("a", "b"):
        await opslag.write(voeg_toe, code)
    samen = threading.Barrier(2, timeout=30)

    def verander(conn: sa.Connection, eerst: str, dan: str, tel: list[int]) -> None:
        tel.append(1)
        for code in (eerst, dan):
            conn.execute(sa.update(PARTIJ).where(PARTIJ.c.code == code).values(naam=PARTIJ.c.naam + eerst))
            if code == eerst and len(tel) == 1:
                samen.wait()

    tellers: list[list[int]] = [[], []]
    # Each in its own transaction: the second is handed in when the first has begun.
    een = asyncio.ensure_future(opslag.write(verander, "a", "b", tellers[0]))
    while not tellers[0]:  # noqa: ASYNC110 - it happens in another thread
        await asyncio.sleep(0)
    twee = asyncio.ensure_future(opslag.write(verander, "b", "a", tellers[1]))
    await asyncio.gather(een, twee)
    assert len(tellers[0]) + len(tellers[1]) >= 3  # run again, and perhaps once more
    namen = await opslag.read(
        lambda conn: {"".join(sorted(n)) for n in conn.execute(sa.select(PARTIJ.c.naam)).scalars()}
    )
    assert namen == {"aab", "abb"}
    await opslag.close()


async def test_two_nodes_fill_and_empty_the_same_lanes_without_deadlock(postgres_url: str, stort: Stort):
    """Locks on lanes are taken in one order: no transaction has to be run again."""
    knopen = [Opslag(postgres_url, schrijvers=2) for _ in range(2)]
    herkansingen: list[int] = []
    for knoop in knopen:
        sa.event.listen(knoop._schrijfengine, "handle_error", lambda _ctx: herkansingen.append(1))
    namen = [f"9901{n:04}" for n in range(6)]

    async def vul(knoop: Opslag, n: int) -> None:
        for stap in range(10):
            await knoop.write(lambda conn, s=stap: [stort(conn, namen[(n * s + k) % 6]) for k in (0, 3, 1)])

    async def leeg(knoop: Opslag) -> None:
        for _ in range(40):
            for lease in (await knoop.write_lane("\U0010ffff", lanes.claim, 2, 3)).leases:
                for kop in lease.koppen:
                    assert await knoop.write_lane(lease.lane, lanes.complete, lease, kop) is lanes.Vervolg.DOOR
                assert await knoop.write_lane(lease.lane, lanes.release, lease)

    await asyncio.gather(*(vul(knoop, n) for knoop in knopen for n in range(1, 9)), *(leeg(k) for k in knopen * 3))
    assert herkansingen == []
    lane, a = schema.lane.c, schema.aflevering.c
    telling = sa.select(a.lane, sa.func.count().filter(a.open)).group_by(a.lane)
    open_ = await knopen[0].read(lambda conn: dict(conn.execute(telling).all()))
    geteld = await knopen[0].read(lambda conn: dict(conn.execute(sa.select(lane.naam, lane.pending)).all()))
    assert open_ == geteld
    for knoop in knopen:
        await knoop.close()


async def test_a_frozen_node_does_not_hold_its_locks_for_ever(opslag: Opslag):
    """The database ends a transaction in which a node stopped talking; what it did is undone, others go on."""

    def setting(conn: sa.Connection) -> str:
        return str(conn.execute(sa.text("SHOW idle_in_transaction_session_timeout")).scalar_one())

    assert await opslag.write(setting) == "10s"


async def test_options_in_the_url_come_beside_those_of_the_hub(postgres_url: str):
    opslag = Opslag(_impatient(postgres_url))

    def settings(conn: sa.Connection) -> list[str]:
        namen = ("lock_timeout", "idle_in_transaction_session_timeout", "synchronous_commit", "enable_seqscan")
        return [str(conn.execute(sa.text(f"SHOW {naam}")).scalar_one()) for naam in namen]

    assert await opslag.write(settings) == ["200ms", "10s", "on", "off"]
    assert await opslag.read(settings) == ["200ms", "10s", "on", "on"]
    await opslag.close()


@pytest.mark.parametrize("halverwege", [True, False])
async def test_a_node_frozen_at_the_rows_of_a_statement_loses_its_locks(
    opslag: Opslag, postgres_url: str, *, halverwege: bool
):
    """There no timeout of PostgreSQL applies: another node ends the session.

    What was cut off halfway is done again, once; of what was cut off at its commit nothing is said to be done.
    """
    stil, verder = threading.Event(), threading.Event()

    def halt() -> None:
        stil.set()
        assert verder.wait(60)

    @sa.event.listens_for(opslag._schrijfengine, "do_executemany")
    def freeze(cursor: psycopg.Cursor, opdracht: str, waarden: Sequence[dict[str, str]], _context: object) -> bool:
        def rijen() -> Iterator[dict[str, str]]:
            for rij in waarden:
                yield rij
                if halverwege:
                    halt()

        cursor.executemany(opdracht, rijen())
        halt()
        return True

    def verleng(conn: sa.Connection, erbij: str) -> None:
        conn.execute(VERLENG, [{"welke": code, "erbij": erbij} for code in ("a", "b")])

    for code in ("a", "b"):
        await opslag.write(voeg_toe, code)
    ander = Opslag(postgres_url, schrijvers=1)
    bevroren = asyncio.ensure_future(opslag.write(verleng, "1"))
    assert await asyncio.to_thread(stil.wait, 30)
    while not await ander.read(end_silent, 0, 0):  # noqa: ASYNC110 - what was sent has to arrive first
        await asyncio.sleep(0.01)
    await ander.write(verleng, "2")
    assert not bevroren.done()
    verder.set()
    with contextlib.nullcontext() if halverwege else pytest.raises(CommitOnzeker):
        await bevroren
    namen = await ander.read(lambda conn: set(conn.execute(sa.select(PARTIJ.c.naam)).scalars()))
    assert namen == ({"a21", "b21"} if halverwege else {"a2", "b2"})
    await ander.close()


async def test_who_needs_a_row_that_another_holds_on_to_keeps_nobody_else_waiting(opslag: Opslag, postgres_url: str):
    for code in ("a", "b"):
        await opslag.write(voeg_toe, code)

    def noem(conn: sa.Connection, code: str) -> None:
        conn.execute(sa.update(PARTIJ).where(PARTIJ.c.code == code).values(naam="nieuw"))

    ander = Opslag(_impatient(postgres_url))
    dsn = sa.make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, application_name="beheerder") as houder:
        houder.execute("SELECT code FROM partij WHERE code = 'a' FOR UPDATE")
        bezet, vrij, alleen = await in_one_group(ander, [_outcome(ander.write(noem, code)) for code in ("a", "b", "a")])
        assert vrij is None
        for fout in (bezet, alleen, await _outcome(ander.write(noem, "a"))):
            assert type(fout) is OpslagFout
            assert "te lang bezet" in str(fout)
        assert await ander.read(lambda conn: set(conn.execute(sa.select(PARTIJ.c.naam)).scalars())) >= {"nieuw"}
    await ander.write(noem, "a")
    await ander.close()


async def _outcome(bewerking: Awaitable[object]) -> object:
    try:
        return await bewerking
    except OpslagFout as fout:
        return fout


def _impatient(url: str) -> str:
    return sa.make_url(url).update_query_dict({"options": "-c lock_timeout=200"}).render_as_string(hide_password=False)


async def test_who_wants_to_migrate_waits_for_who_does(leeg_postgres_url: str):
    dsn = sa.make_url(leeg_postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    wacht = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'"
        " AND query_start < clock_timestamp() - interval '0.6 s'"
    )
    with psycopg.connect(dsn, application_name="beheerder") as houder, psycopg.connect(dsn, autocommit=True) as kijker:
        houder.execute(str(_MIGRATIESLOT))
        bezig = asyncio.create_task(asyncio.to_thread(upgrade, _impatient(leeg_postgres_url)))
        while not bezig.done() and kijker.execute(wacht).fetchone() == (0,):  # noqa: ASYNC110 - another session
            await asyncio.sleep(0.02)
        assert not bezig.done()
    await bezig
    await asyncio.to_thread(upgrade, leeg_postgres_url)


async def test_a_table_that_another_holds_is_no_wrong_address(leeg_postgres_url: str):
    dsn = sa.make_url(leeg_postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, application_name="beheerder") as houder:
        houder.execute("CREATE TABLE bericht (id text)")
        with pytest.raises(OpslagFout, match="niets veranderd; probeer het opnieuw"):
            await asyncio.to_thread(upgrade, _impatient(leeg_postgres_url))
        houder.rollback()
    await asyncio.to_thread(upgrade, leeg_postgres_url)


async def test_a_session_that_is_not_of_the_hub_is_left_alone(opslag: Opslag, postgres_url: str):
    dsn = sa.make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, application_name="beheerder") as conn, conn.pipeline():
        conn.execute("SELECT code FROM partij FOR UPDATE")
        staat = sa.text("SELECT state, wait_event FROM pg_stat_activity WHERE application_name = 'beheerder'")
        while await opslag.read(lambda lezer: tuple(lezer.execute(staat).one())) != ("active", "ClientRead"):  # noqa: ASYNC110 - same
            await asyncio.sleep(0.01)
        assert await opslag.read(end_silent, 0, 0) == 0


async def test_a_plan_from_when_a_table_was_empty_does_not_read_all_of_it_later(opslag: Opslag):
    """PostgreSQL keeps the plan with which a session checks a foreign key."""
    lezingen = sa.text("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'partij'")

    def mag_zenden(conn: sa.Connection, code: str) -> int:
        conn.execute(schema.machtiging.insert().values(partij=code, richting="zenden", berichtsoort="*"))
        return int(conn.execute(lezingen).scalar_one())

    def add_many(conn: sa.Connection) -> None:
        for nummer in range(500):
            voeg_toe(conn, f"{nummer:04}")

    await opslag.write(lambda conn: conn.exec_driver_sql("ANALYZE partij"))  # as the hub does when it starts
    await opslag.write(voeg_toe, "eerst")
    await opslag.write(mag_zenden, "eerst")
    await opslag.write(add_many)
    assert await opslag.write(mag_zenden, "0499") == 0


def test_an_outcome_is_tried_again_for_longer_than_a_node_can_hold_a_lane():
    """One frozen while it sends loses its session after the time of a lease, at the next look of another node."""
    tries_ms = (len(_HERKANSINGEN_S) + 1) * GEDULD_MS
    assert sum(_HERKANSINGEN_S) * 1000 + tries_ms > LEASE_MS + 5000
