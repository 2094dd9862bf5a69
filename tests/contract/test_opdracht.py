"""Changes for many values, and several together, do what they would do one by one, on both databases."""

from __future__ import annotations

import os

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    select,
    update,
)

from routing import bundel
from routing.invoeging import Invoeging
from routing.opdracht import run_many
from routing.opslag import Opslag

_TABELLEN = MetaData()
_TABEL = Table(
    "proef",
    _TABELLEN,
    Column("sleutel", LargeBinary, primary_key=True),
    Column("naam", Text),
    Column("getal", BigInteger),
    Column("waar", Boolean),
)
_INVOEGING = Invoeging(_TABEL, "sleutel", "naam", "getal", "waar")
_ANDER = Table("ander", _TABELLEN, Column("naam", Text, primary_key=True), Column("inhoud", LargeBinary))
_INHOUD = Invoeging(_ANDER, "naam", "inhoud")
_VERANDER = (
    update(_TABEL)
    .where(_TABEL.c.sleutel == bindparam("welke"), _TABEL.c.naam != "blijft")
    .values(naam=bindparam("hoe"), getal=_TABEL.c.getal + bindparam("erbij"), waar=bindparam("zo"))
)


@pytest.mark.parametrize("aantal", [1, 2, 300])
async def test_each_value_changes_what_it_finds_and_the_count_is_their_sum(opslag: Opslag, aantal: int) -> None:
    begin = [(bytes([n % 256, n // 256]), "blijft" if n % 3 == 2 else "", n, True) for n in range(aantal)]
    nieuw = "'\"\\ {}, é € \U0001f600 \n\t%s :a ?"

    def change(conn: Connection) -> int:
        _TABEL.create(conn)
        _INVOEGING.insert(conn, begin)
        waarden = [{"welke": rij[0], "hoe": nieuw, "erbij": 2**40, "zo": None} for rij in begin]
        return run_many(
            conn, _VERANDER, [*waarden, {"welke": b"onbekend", "hoe": "", "erbij": 0, "zo": False}]
        ).rowcount

    def read(conn: Connection) -> set[tuple[object, ...]]:
        return {tuple(rij) for rij in conn.execute(select(_TABEL))}

    erna = {rij if rij[1] == "blijft" else (rij[0], nieuw, rij[2] + 2**40, None) for rij in begin}
    assert await opslag.write(change) == sum(rij[1] != "blijft" for rij in begin)
    assert await opslag.read(read) == erna


async def test_a_later_part_finds_what_an_earlier_one_did_to_its_table(opslag: Opslag) -> None:
    groot = os.urandom(100_000)

    def change(conn: Connection) -> None:
        _TABELLEN.create_all(conn)
        waarden = [{"welke": b"een", "hoe": "nieuw", "erbij": 1, "zo": False}]
        bundel.run(
            conn,
            [
                (_INVOEGING, [(b"een", "", 0, True), (b"twee", "", 0, True)]),
                (_INHOUD, [("a", None), ("b", b"")]),
                (_VERANDER, waarden),
                (_VERANDER, []),
                (_VERANDER, waarden),
                (_INHOUD, [("c", groot)]),
                (_INVOEGING, [(b"drie", "", 0, True)]),
            ],
        )

    def read(conn: Connection) -> list[set[tuple[object, ...]]]:
        return [{tuple(rij) for rij in conn.execute(select(tabel))} for tabel in (_TABEL, _ANDER)]

    await opslag.write(change)
    rijen, inhoud = await opslag.read(read)
    assert rijen == {(b"een", "nieuw", 2, False), (b"twee", "", 0, True), (b"drie", "", 0, True)}
    assert inhoud == {("a", None), ("b", b""), ("c", groot)}
