"""What the database does for a claim and a completion, with 50,000 and 500,000 berichten waiting: plans are pinned."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from routing import lanes, logboek, schema, statistiek, termijn
from routing.databank import make_engine, parse_url
from routing.klok import now_ms
from routing.opdracht import pack_update
from routing.opslag import ACHTERAAN, Opslag
from routing.status import Status

VULLING = """
INSERT INTO lane (naam, kanaal, pending, tail, head, turn)
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
SELECT 'L' || i, 'push', CASE WHEN i = 0 THEN {lang} WHEN i <= 500 THEN {kort} / 500 ELSE 0 END, {alle},
  {alle} - {open}, i FROM n;

INSERT INTO bericht (id, zender, ontvanger, berichtcode, referentienummer, conversatie, geldend, status, status_op,
  ontvangen_op, kanaal, envelop, envelop_digest, payload_digest, payload_grootte, ontvangst_referentie,
  ontvangst_tijdstip)
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {alle} - 1)
SELECT 'b' || i, '0344', 'x', 'Di01', 'r' || i, 'c' || i, true, 'Wordt verwerkt', 0, 0, 'stuf', '{{}}', 'x', 'x', 0,
  'x', 'x' FROM n;

INSERT INTO aflevering (lane, seq, bericht_id, open, expires_at)
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {alle} - 1)
SELECT CASE WHEN i % {open} < {lang} THEN 'L0' ELSE 'L' || (1 + i % 500) END, i, 'b' || i, i >= {alle} - {open},
  9000000000000 FROM n;
"""
"""One lane with nine tenths of what waits, 500 lanes with the rest, 500 idle lanes, and berichten that are done."""


def vul(conn: sa.Connection, wachtend: int) -> None:
    maten = {"open": wachtend, "alle": wachtend * 2, "lang": wachtend * 9 // 10, "kort": wachtend // 10}
    for opdracht in VULLING.format(**maten).split(";\n"):
        if opdracht.strip():
            conn.exec_driver_sql(opdracht.replace("%", "%%") if conn.dialect.name == "postgresql" else opdracht)


def plan(conn: sa.Connection, opdracht: sa.Executable, waarden: dict[str, object]) -> str:
    vertaald = opdracht.compile(dialect=conn.dialect)
    sql = vertaald.construct_expanded_state({naam: waarden.get(naam, vast) for naam, vast in vertaald.params.items()})
    if conn.dialect.name == "sqlite":
        uitleg = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql.statement}", tuple(sql.positional_parameters))
        return "\n".join(rij.detail for rij in uitleg)
    uitgevoerd = conn.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql.statement}", sql.parameters)
    (rij,) = uitgevoerd.scalars()
    return json.dumps(rij[0]["Plan"] if isinstance(rij, list) else rij["Plan"])


def plan_at_once(conn: sa.Connection, wijziging: sa.Update, waarden: list[dict[str, object]]) -> str:
    """Return the plan of PostgreSQL for an UPDATE of several rows; their number and values make no difference to it."""
    pakket = pack_update(conn, wijziging, waarden)
    uitgevoerd = conn.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {pakket.sql}", dict(pakket.waarden))
    (rij,) = uitgevoerd.scalars()
    return json.dumps(rij[0]["Plan"] if isinstance(rij, list) else rij["Plan"])


def aangeraakt(knoop: dict[str, object]) -> float:
    """Return the most rows that any node of a PostgreSQL plan handled."""
    onder = [aangeraakt(deel) for deel in knoop.get("Plans", [])]
    eigen = (knoop["Actual Rows"] + knoop.get("Rows Removed by Filter", 0)) * knoop["Actual Loops"]
    return max([eigen, *onder])


def check(naam: str, tekst: str) -> None:
    """Hold one plan to its index: a handful of rows on PostgreSQL, no scan and no sorting on SQLite."""
    if tekst.startswith("{"):
        assert aangeraakt(json.loads(tekst)) <= 20, (naam, tekst)
        return
    assert "TEMP B-TREE" not in tekst, (naam, tekst)
    assert "SCAN aflevering" not in tekst, (naam, tekst)
    assert "SCAN payload" not in tekst, (naam, tekst)
    if naam != "gereed":
        assert "SCAN lane" not in tekst, (naam, tekst)
    else:
        assert tekst.splitlines()[0] == "SCAN lane USING INDEX ix_lane_claim"


@pytest.mark.parametrize(
    "wachtend", [50_000, pytest.param(500_000, marks=[pytest.mark.traag, pytest.mark.timeout(1800)])]
)
async def test_claim_and_completion_touch_ready_lanes_and_heads_and_nothing_else(opslag: Opslag, wachtend: int):
    await opslag.write(vul, wachtend)
    dialect = opslag._schrijfengine.dialect.name
    for met_statistiek in (False, True):
        if met_statistiek:
            await opslag.write(statistiek.refresh)
        elif dialect == "postgresql":
            continue  # there, autovacuum sees to it within a minute; a fresh table is guessed at
        (lease,) = (await opslag.write_lane(ACHTERAAN, lanes.claim, 1, 10)).leases
        nu = await opslag.read(now_ms)
        houder = {"welke": lease.lane, "token": lease.token, "nu": nu}
        eerste, tweede = ({"aflevering": kop.aflevering_id} for kop in lease.koppen[:2])
        uitstel = {"wachten": 0, "mislukt": 1, "breuk": "weg", "breuk_op": nu}
        for naam, vraag, waarden in (
            ("gereed", lanes._GEREED, {"nu": 1, "aantal": 4}),
            ("koppen", lanes._KOPPEN[dialect], {"vanaf": json.dumps({"L0": wachtend}), "aantal": 16}),
            ("houders", lanes._HOUDERS[dialect], {"tokens": [lease.token], "nu": nu}),
            ("nog open", lanes._NOG_NIET_DICHT[dialect], {"ids": [lease.koppen[0].aflevering_id]}),
            ("hartslag", lanes._HARTSLAG, houder),
            ("sluit de lane", lanes._SLUIT_LANE[True, True], houder | {"wachten": 0, "dicht": 1}),
            ("sluit de aflevering", lanes._SLUIT, eerste | {"nu": nu, "pogingen": 1, "aangekomen": False}),
            ("stel de lane uit", lanes._STEL_UIT_LANE[True], houder | tweede | uitstel),
            ("stel de aflevering uit", lanes._STEL_UIT, tweede | {"aangekomen": False}),
            ("geef vrij", lanes._GEEF_VRIJ, houder | {"wachten": 0}),
            ("verlopen", termijn._VERLOPEN_LANES, {"nu": 1, "aantal": 1000}),
            ("vooraan in lane", termijn._VOORAAN, {"welke": "L0", "vanaf": wachtend}),
            ("verlopen in lane", termijn._VERLOPEN, {"welke": "L0", "nu": 1, "aantal": 100}),
            ("verlopen apart", termijn._VERLOPEN_APART, {"nu": 1, "aantal": 100}),
        ):
            check(naam, await opslag.write(plan, vraag, waarden))  # some lock rows, so not on a reader

        if dialect == "postgresql":
            twee = [{"welke": "L0"} | eerste | houder, {"welke": "L1"} | tweede | houder | {"token": "geen"}]
            alles = {
                "nu": nu,
                "pogingen": 1,
                "aangekomen": False,
                "wachten": 0,
                "dicht": 1,
                "beurt": 1,
                "vooraan": 1,
                "is_breed": False,
            }
            waarden = [alles | {"welk": "b1"} | een for een in twee]
            for naam, wijziging in (
                ("neem samen", lanes._NEEM),
                ("sluit lanes samen", lanes._SLUIT_LANE[True, True]),
                ("sluit samen", lanes._SLUIT),
                ("status samen", logboek._OVERGANG[Status.BEZORGD]),
            ):
                check(naam, await opslag.write(plan_at_once, wijziging, waarden))

    # The lane with the backlog and a short one cost the same statements.
    await opslag.write(maak_gelijk)
    kosten: list[int] = []
    sa.event.listen(opslag._schrijfengine, "before_cursor_execute", lambda *_: kosten.append(1))
    prijs = []
    for naam in ("L0", "L1"):
        kosten.clear()
        (lease,) = (await opslag.write_lane(ACHTERAAN, lanes.claim, 1, 10)).leases
        assert (lease.lane, len(lease.koppen)) == (naam, 10)
        prijs.append(len(kosten))
    assert prijs[0] == prijs[1]


def test_a_plan_for_the_heads_that_was_made_while_there_was_nothing_holds_when_there_is(postgres_url: str):
    engine = make_engine(parse_url(postgres_url), schrijft=True)
    with engine.begin() as conn:
        for tabel in ("lane", "aflevering", "bericht"):
            conn.exec_driver_sql(f"ANALYZE {tabel}")
        conn.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
        vraag = str(lanes._KOPPEN["postgresql"].compile(dialect=conn.dialect))
        vraag = vraag.replace("%(vanaf)s", "$1").replace("%(aantal)s", "$2").replace("::VARCHAR", "")
        conn.exec_driver_sql(f"PREPARE koppen (text, int) AS {vraag}")
        conn.exec_driver_sql("""EXECUTE koppen ('{"L1": 0}', 4)""")
        vul(conn, 1000)
        uitleg = conn.exec_driver_sql("""EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE koppen ('{"L1": 0}', 4)""")
        (rij,) = uitleg.scalars()
        check("koppen", json.dumps(rij[0]["Plan"]))
    engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_was_noted_of_a_small_table_is_forgotten_on_sqlite(opslag: Opslag):
    await opslag.write(lambda conn: (vul(conn, 100), conn.exec_driver_sql("ANALYZE")))

    def noted(conn: sa.Connection) -> set[str]:
        return set(conn.exec_driver_sql("SELECT tbl FROM sqlite_stat1").scalars())

    assert {"lane", "aflevering", "bericht"} <= await opslag.read(noted)
    await opslag.write(statistiek.refresh)
    assert not {"lane", "aflevering", "bericht"} & await opslag.read(noted)


def maak_gelijk(conn: sa.Connection) -> None:
    """Give L0 and L1 the first two turns, and no holder."""
    lane = schema.lane
    vrij = {"next_due": 0, "leased_until": 0, "lease_token": None, "breaker_since": None}
    conn.execute(sa.update(lane).values(**vrij))
    for beurt, naam in enumerate(("L0", "L1"), -2):
        conn.execute(sa.update(lane).where(lane.c.naam == naam).values(turn=beurt))
