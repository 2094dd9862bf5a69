"""An UPDATE for many values does what it would do for each of them, on both databases."""

from __future__ import annotations

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

from routing.invoeging import Invoeging
from routing.opdracht import run_many
from routing.opslag import Opslag

_TABEL = Table(
    "proef",
    MetaData(),
    Column("sleutel", LargeBinary, primary_key=True),
    Column("naam", Text),
    Column("getal", BigInteger),
    Column("waar", Boolean),
)
_INVOEGING = Invoeging(_TABEL, "sleutel", "naam", "getal", "waar")
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
