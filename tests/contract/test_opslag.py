"""What every caller may count on, on both databases."""

from __future__ import annotations

import asyncio
import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from routing import schema
from routing.databank import make_engine, parse_url
from routing.klok import Klok, now_ms
from routing.opslag import CommitOnzeker, Opslag, OpslagFout, OpslagGesloten, upgrade

PARTIJ = schema.partij


def voeg_toe(conn: sa.Connection, code: str, *, mislukt: bool = False) -> str:
    conn.execute(PARTIJ.insert().values(code=code, soort="gemeente", naam=code))
    if mislukt:
        raise ValueError(code)
    return code


def codes(conn: sa.Connection) -> list[str]:
    return sorted(conn.execute(sa.select(PARTIJ.c.code)).scalars())


def opmaak(conn: sa.Connection) -> dict[str, str]:
    """Return what `compare_metadata` does not look at: the text of every index, and how PostgreSQL stores tables."""
    if conn.dialect.name == "sqlite":
        vraag = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    else:
        vraag = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
            " UNION ALL SELECT relname, array_to_string(reloptions, ',') FROM pg_class"
            " WHERE relkind = 'r' AND reloptions IS NOT NULL"
        )
    return {naam: sql for naam, sql in conn.execute(sa.text(vraag)) if not naam.startswith(("alembic", "pk_alembic"))}


async def test_result_is_seen_by_a_reader_once_write_returns(opslag: Opslag):
    assert await opslag.write(voeg_toe, "0001") == "0001"
    assert await opslag.read(codes) == ["0001"]


async def test_only_the_guilty_operation_of_a_group_fails(opslag: Opslag):
    uitkomsten = await asyncio.gather(
        *(opslag.write(voeg_toe, f"{n:04}", mislukt=n % 10 == 3) for n in range(40)), return_exceptions=True
    )
    assert [str(u) for u in uitkomsten if isinstance(u, ValueError)] == ["0003", "0013", "0023", "0033"]
    assert len(await opslag.read(codes)) == 36


async def test_a_failing_statement_of_one_does_not_cost_the_others(opslag: Opslag):
    uitkomsten = await asyncio.gather(*(opslag.write(voeg_toe, "0001") for _ in range(5)), return_exceptions=True)
    assert sorted(type(u).__name__ for u in uitkomsten) == ["IntegrityError"] * 4 + ["str"]
    assert await opslag.read(codes) == ["0001"]


async def test_what_waits_goes_into_one_transaction(database_url: str):
    opslag = Opslag(database_url, schrijvers=1, groep=64)
    commits: list[int] = []
    sa.event.listen(opslag._schrijfengine, "commit", lambda _conn: commits.append(1))
    bezet, verder = threading.Event(), threading.Event()

    def houd_op(_conn: sa.Connection) -> None:
        bezet.set()
        assert verder.wait(30)

    eerste = asyncio.ensure_future(opslag.write(houd_op))
    await asyncio.to_thread(bezet.wait, 30)
    wachtenden = [asyncio.ensure_future(opslag.write(voeg_toe, f"{n:04}")) for n in range(100)]
    await asyncio.sleep(0)
    verder.set()
    await asyncio.gather(eerste, *wachtenden)
    assert len(commits) == 3  # the first alone, then 64 and 36
    await opslag.close()


async def test_a_cancelled_caller_does_not_stop_the_writer(opslag: Opslag):
    taak = asyncio.ensure_future(opslag.write(voeg_toe, "0001"))
    await asyncio.sleep(0)
    taak.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taak
    await opslag.write(voeg_toe, "0002")
    await opslag.close()
    assert taak.cancelled()


async def test_close_finishes_what_was_handed_in_and_refuses_more(opslag: Opslag, database_url: str):
    taken = [asyncio.ensure_future(opslag.write(voeg_toe, f"{n:04}")) for n in range(200)]
    await asyncio.sleep(0)
    await opslag.close()
    await opslag.close()
    assert len(await asyncio.gather(*taken)) == 200
    with pytest.raises(OpslagGesloten):
        await opslag.write(voeg_toe, "9999")
    with pytest.raises(OpslagGesloten):
        await opslag.read(codes)


async def test_readers_cannot_write(opslag: Opslag):
    with pytest.raises((OpslagFout, sa.exc.InternalError)):
        await opslag.read(voeg_toe, "0001")
    assert await opslag.read(codes) == []


async def test_clock_stands_still_within_a_transaction_and_travels_with_klok(opslag: Opslag, klok: Klok):
    eerste = await opslag.write(lambda conn: (now_ms(conn), now_ms(conn)))
    assert eerste[0] == eerste[1]
    klok.verschuiving_ms += 86_400_000
    assert await opslag.read(now_ms) >= eerste[0] + 86_400_000


async def test_a_commit_that_breaks_is_never_taken_for_done(opslag: Opslag, monkeypatch: pytest.MonkeyPatch):
    await opslag.write(voeg_toe, "0001")

    def breekt(self: sa.Connection) -> None:
        raise sa.exc.OperationalError("COMMIT", {}, Exception("weg"), connection_invalidated=True)

    with monkeypatch.context() as patch:
        patch.setattr(sa.Connection, "commit", breekt)
        with pytest.raises(CommitOnzeker):
            await opslag.write(voeg_toe, "0002")
    await opslag.write(voeg_toe, "0003")
    assert await opslag.read(codes) == ["0001", "0003"]


def test_migrations_make_exactly_the_tables_of_the_schema(lege_database_url: str):
    upgrade(lege_database_url)
    upgrade(lege_database_url)
    engine = make_engine(parse_url(lege_database_url), schrijft=True)
    with engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []
        van_migraties = opmaak(conn)
    with engine.begin() as conn:
        schema.metadata.drop_all(conn)
        schema.metadata.create_all(conn)
        assert opmaak(conn) == van_migraties
    engine.dispose()


def test_a_newer_database_is_refused(lege_database_url: str):
    upgrade(lege_database_url)
    engine = make_engine(parse_url(lege_database_url), schrijft=True)
    with engine.begin() as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(OpslagFout, match="nieuwere versie"):
        upgrade(lege_database_url)
