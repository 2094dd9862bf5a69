"""The processing log: what it keeps and what it never keeps, that it only grows, and that it is found again."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import DBAPIError

from routing import schema
from routing.dienst import Wet, diensten
from routing.klok import Klok
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.partij import Machtiging, Richting
from routing.register import Register
from routing.toestemming import Aanleiding, Aanvrager, Toestemming, Weg, authorise
from routing.verwerkingen import (
    Betrokkenen,
    Herkomst,
    Spoor,
    Statuscode,
    Verwerking,
    account,
    account_refusal,
    find,
    record,
    remove_older,
)

_BSN, _ANDER = "999990019", "999990032"
_DIENST = diensten()["woonplaats"]


def _toestemming(partij: str = "0344") -> Toestemming:
    register = Register.of((), (), [Machtiging(partij, Richting.BEVRAGEN, "woonplaats:jeugdwet")])
    wie = Aanvrager(partij, f"oin:0000000199999999{partij}", Weg.API, "j.devries")
    waarom = Aanleiding("woonplaats", Wet.JEUGDWET, "onderzoek", "Z-17", "twijfel na verhuizing")
    return authorise(register, wie, waarom, date(2026, 11, 25), _BSN)


def _ask(conn: Connection, betrokkenen: Betrokkenen, partij: str = "0344", herkomst: Herkomst | None = None) -> Spoor:
    spoor = Spoor.begin(herkomst)
    nu = account(conn, spoor, _toestemming(partij))
    regels = [
        Verwerking(s, _DIENST.omschrijving, _DIENST.activiteit, Statuscode.GOED, nu, nu + 40, betrokkenen.of(bsn))
        for s, bsn in ((spoor, _BSN), (spoor.child(), _ANDER))
    ]
    record(conn, regels)
    return spoor


async def test_a_line_says_what_and_about_whom_and_names_no_user(opslag: Opslag, kluis: Kluis) -> None:
    betrokkenen = Betrokkenen(kluis)
    herkomst = Herkomst.read("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "oin:1")
    spoor = await opslag.write(_ask, betrokkenen, herkomst=herkomst)
    regels = await opslag.read(lambda conn: conn.execute(select(schema.verwerking)).mappings().all())
    een, kind = (dict(regel) for regel in regels)
    assert (een["trace_id"], een["operation_id"], een["parent_operation_id"]) == (
        spoor.trace_id,
        spoor.operation_id,
        None,
    )
    assert (een["foreign_trace_id"], een["foreign_operation_id"], een["foreign_entity"]) == (
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "00f067aa0ba902b7",
        "oin:1",
    )
    assert (kind["trace_id"], kind["parent_operation_id"]) == (spoor.trace_id, spoor.operation_id)
    assert een["processing_activity_id"] == "urn:knooppunt:verwerkingsactiviteit:woonplaats"
    assert (een["status_code"], een["end_time"] - een["start_time"]) == (1, 40)
    assert een["data_subject_id"] != kind["data_subject_id"]
    for waarde in ("j.devries", "0344", "Z-17", "onderzoek", _BSN):
        assert waarde not in repr(regels)


async def test_beside_it_stands_who_asked_for_whom_and_why(opslag: Opslag, kluis: Kluis) -> None:
    await opslag.write(_ask, Betrokkenen(kluis))
    rij = await opslag.read(lambda conn: conn.execute(select(schema.verantwoording)).mappings().one())
    gelezen = {
        naam: rij[naam] for naam in ("partij", "persoon", "dienst", "wet", "doel", "zaakkenmerk", "reden", "besluit")
    }
    assert gelezen == {
        "partij": "0344",
        "persoon": "j.devries",
        "dienst": "woonplaats",
        "wet": "jeugdwet",
        "doel": "onderzoek",
        "zaakkenmerk": "Z-17",
        "reden": "twijfel na verhuizing",
        "besluit": "toegestaan",
    }


async def test_a_person_finds_what_one_partij_asked_also_after_a_new_key(
    opslag: Opslag, kluis: Kluis, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await opslag.write(_ask, Betrokkenen(kluis))
    await opslag.write(_ask, Betrokkenen(kluis), "0363")
    later = Betrokkenen(Kluis.create(_folder(kluis, tmp_path_factory)))
    await opslag.write(_ask, later)
    regels = await opslag.read(find, "0344", later.all_of(_BSN))
    assert [(regel.partij, regel.doel, regel.persoon) for regel in regels] == [("0344", "onderzoek", "j.devries")] * 2
    assert len(await opslag.read(find, "0344", later.all_of(_ANDER))) == 2  # the parent was consulted too
    assert await opslag.read(find, "0344", later.all_of("999990044")) == []


def _folder(kluis: Kluis, tmp_path_factory: pytest.TempPathFactory) -> object:
    """Give a folder with the key of `kluis` in it."""
    map_ = tmp_path_factory.mktemp("sleutels")
    map_.chmod(0o700)
    sleutel = map_ / f"{kluis.actief}.sleutel"
    sleutel.write_bytes(kluis._ruw[kluis.actief])
    sleutel.chmod(0o600)
    return map_


@pytest.mark.parametrize("tabel", [schema.verwerking, schema.verantwoording], ids=lambda t: t.name)
async def test_the_database_refuses_to_change_a_line(opslag: Opslag, kluis: Kluis, tabel: object) -> None:
    await opslag.write(_ask, Betrokkenen(kluis))
    with pytest.raises(DBAPIError, match="een logregel verandert niet"):
        await opslag.write(lambda conn: conn.execute(update(tabel).values(trace_id="0")))  # type: ignore[arg-type]


async def test_a_refused_question_is_accounted_for_without_data(opslag: Opslag) -> None:
    wie = Aanvrager("0344", "oin:1", Weg.API)
    waarom = Aanleiding("woonplaats", Wet.JEUGDWET, "nieuwsgierig", f"zaak van {_BSN}", f"{_BSN}")
    await opslag.write(account_refusal, wie, waarom, "doel")
    rij = await opslag.read(lambda conn: conn.execute(select(schema.verantwoording)).mappings().one())
    assert (rij["besluit"], rij["zaakkenmerk"], rij["reden"]) == ("geweigerd: doel", "", "")
    assert await opslag.read(lambda conn: conn.execute(select(schema.verwerking)).all()) == []


async def test_a_refusal_keeps_no_more_of_who_and_why_than_is_known_to_be_no_bsn(opslag: Opslag) -> None:
    for partij, dienst, doel, persoon, grond in (
        (_BSN, "woonplaats", _BSN, None, "machtiging"),
        ("10000008", _BSN, "onderzoek", None, "dienst"),
        ("0344", "woonplaats", "onderzoek", f"1{_BSN}", "persoon"),
        ("CAK", "woonplaats", "onderzoek", "j.devries", "zaakkenmerk"),
    ):
        wie = Aanvrager(partij, "gebruiker:x", Weg.CLI, persoon)
        await opslag.write(account_refusal, wie, Aanleiding(dienst, Wet.JEUGDWET, doel, _BSN, _BSN), grond)
    w = schema.verantwoording.c
    rijen = await opslag.read(lambda c: c.execute(select(w.partij, w.dienst, w.doel, w.persoon).order_by(w.id)).all())
    assert [tuple(rij) for rij in rijen] == [
        ("onbekend", "woonplaats", "onbekend", None),
        ("onbekend", "onbekend", "onbekend", None),
        ("0344", "woonplaats", "onderzoek", None),
        ("CAK", "woonplaats", "onderzoek", "j.devries"),
    ]


async def test_lines_go_when_their_term_has_passed_and_not_before(opslag: Opslag, kluis: Kluis, klok: Klok) -> None:
    await opslag.write(_ask, Betrokkenen(kluis))
    klok.verschuiving_ms += 1000
    assert await opslag.write(remove_older, 100_000) == 0
    klok.verschuiving_ms += 200_000
    await opslag.write(_ask, Betrokkenen(kluis))
    assert await opslag.write(remove_older, 100_000) == 3
    assert await opslag.read(lambda conn: conn.execute(text("SELECT count(*) FROM verwerking")).scalar()) == 2


@pytest.mark.parametrize("kop", ["", "onzin", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "00-" + "f" * 32 + "-x-01"])
def test_a_trace_header_of_another_form_is_ignored(kop: str) -> None:
    assert Herkomst.read(kop, "oin:1") is None
