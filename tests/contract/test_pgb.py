"""The dates of the going over in the register, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from istandaarden.releases import NEDERLAND
from routing import schema
from routing.klok import now
from routing.opslag import Opslag
from routing.pgb import Overstap
from routing.pgbimport import Wijziging, store
from routing.register import RegisterBron
from routing.registerimport import Importfout, parse_toml
from routing.registerimport import store as store_partijen
from routing.status import Status

EEN, TWEE = "0363", "0599"


def change(gemeente: str, datum: date | None, tkb_tot: date | None = None) -> Wijziging:
    return Wijziging(gemeente, Overstap(gemeente, datum, tkb_tot) if datum else None)


async def today(opslag: Opslag) -> date:
    return (await opslag.read(now)).astimezone(NEDERLAND).date()


async def test_a_running_hub_follows_and_an_import_of_partijen_leaves_the_date(opslag: Opslag):
    bron = RegisterBron()
    eigen = Overstap(EEN, date(2026, 3, 1), date(2026, 5, 31))
    wijzigingen = [Wijziging(EEN, eigen), change("", date(2026, 1, 1))]
    assert await opslag.write(store, wijzigingen) == 2
    assert await bron.refresh(opslag)
    assert bron.current().overstap(EEN) == eigen
    assert bron.current().overstap(TWEE) == Overstap("", date(2026, 1, 1))
    await opslag.write(store_partijen, parse_toml(f'[[partij]]\ncode = "{EEN}"\n'))
    await bron.refresh(opslag)
    assert bron.current().overstap(EEN) == eigen
    await opslag.write(store, [change(EEN, None)])
    await bron.refresh(opslag)
    assert bron.current().overstap(EEN) == Overstap("", date(2026, 1, 1))


async def test_with_one_error_nothing_changes(opslag: Opslag):
    with pytest.raises(Importfout) as fout:
        await opslag.write(
            store,
            [
                change(EEN, date(2026, 1, 1)),
                Wijziging("9999", None, "regel 3"),
                change("SVB", date(2026, 1, 1)),
                change(EEN, None),
            ],
        )
    assert list(fout.value.fouten) == [
        "regel 3: '9999' is geen gemeente in het register",
        "'SVB' is geen gemeente in het register",
        f"gemeente {EEN} staat er tweemaal",
    ]
    assert (await opslag.read(lambda conn: conn.execute(select(schema.pgb_overstap)).all())) == []


async def test_there_is_no_way_back_once_vws_has_toekenningen(opslag: Opslag, stort: Callable[..., str]):
    vandaag = await today(opslag)
    morgen, gisteren = vandaag + timedelta(days=1), vandaag - timedelta(days=1)
    await opslag.write(store, [change("", vandaag), change(TWEE, vandaag)])
    await opslag.write(stort, "VWS", zender=EEN, functie="WMO501")
    await opslag.write(stort, "VWS", zender=TWEE, functie="JW501", status=Status.AFGEKEURD.value)
    for wijziging in (change("", None), change("", morgen), change(EEN, morgen)):
        with pytest.raises(Importfout, match=f"gemeente {EEN} zond al toekenningen aan VWS"):
            await opslag.write(store, [wijziging])
    await opslag.write(store, [change(TWEE, None), change(EEN, gisteren)])
    await opslag.write(store, [change("", morgen)])  # EEN has a date of its own now
