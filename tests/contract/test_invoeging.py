"""Rows that go in together are the rows that come out, on both databases, whatever their values and their number."""

from __future__ import annotations

import os

from sqlalchemy import Column, Connection, LargeBinary, MetaData, Table, Text, select
from sqlalchemy.types import BigInteger, Boolean

from routing.invoeging import Invoeging
from routing.opslag import Opslag

_TABEL = Table(
    "proef",
    MetaData(),
    Column("naam", Text, primary_key=True),
    Column("getal", BigInteger),
    Column("waar", Boolean),
    Column("inhoud", LargeBinary),
)
_INVOEGING = Invoeging(_TABEL, "naam", "getal", "waar", "inhoud", overslaan=True)


async def test_what_goes_in_comes_out_and_a_row_that_is_there_is_left_out(opslag: Opslag) -> None:
    lastig = [
        ("'\"\\ {}, é € \U0001f600 \n\t%s :a ?", 2**62, True, b"\0\xff\\x00"),
        ("NULL", None, None, None),
        ("", 0, False, b""),
    ]
    veel = [(f"rij {n}", -n, n % 2 == 0, os.urandom(8)) for n in range(600)]
    groot = [("groot", 1, True, os.urandom(300_000)), ("ernaast", 2, False, b"klein")]

    def insert(conn: Connection) -> list[int]:
        _TABEL.create(conn)
        return [_INVOEGING.insert(conn, rijen) for rijen in (lastig, veel, groot, [*groot, ("nieuw", 3, True, b"x")])]

    def read(conn: Connection) -> set[tuple[object, ...]]:
        return {(rij.naam, rij.getal, rij.waar, rij.inhoud) for rij in conn.execute(select(_TABEL))}

    assert await opslag.write(insert) == [3, 600, 2, 1]
    assert await opslag.read(read) == {*lastig, *veel, *groot, ("nieuw", 3, True, b"x")}
