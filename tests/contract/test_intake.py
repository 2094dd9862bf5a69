"""What the intake stores and answers, on both databases: the duplicate table, refusals, Fo01 and nothing in between."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, Row, func, select

from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import build
from routing import registerimport, schema
from routing.bericht import (
    Aanlevering,
    Berichtcode,
    Bestandsvorm,
    Envelop,
    Foutinhoud,
    Identiteit,
    Parameters,
    Stuurgegevens,
    Systeem,
)
from routing.envelopvorm import from_json
from routing.foutbericht import Foutmelder
from routing.intake import Intake
from routing.kluis import Kluis, Verzegeld, VerzegeldePayload
from routing.opslag import Opslag
from routing.payload import DREMPEL, Payload
from routing.poorten import Ontvangst, Ontvangstsoort
from routing.register import RegisterBron
from routing.status import Status
from routing.toetsing import Toetser
from routing.vastlegging import Termijnen

_GEMEENTE, _AANBIEDER = "0363", "90000001"
_CERT_G = Identiteit("1" * 20, "aa" * 32)
_CERT_A = Identiteit("2" * 20, "bb" * 32)
_REGISTER = f"""
[[partij]]
code = "{_GEMEENTE}"
url = "https://127.0.0.1:1/ggk"
identiteiten = ["oin:{_CERT_G.oin}"]
mag_zenden = ["WMO*", "Dummy"]
mag_ontvangen = ["WMO*"]

[[partij]]
code = "{_AANBIEDER}"
naam = "Zorg voor Elkaar"
kanaal = "pull"
protocol = "vsp"
identiteiten = ["oin:{_CERT_A.oin}"]
mag_zenden = ["WMO*"]
mag_ontvangen = ["WMO301", "WMO306"]
fout_generatie = "A"

[[partij]]
code = "CBS"
url = "https://127.0.0.1:1/cbs"
identiteiten = ["oin:{"3" * 20}"]
mag_ontvangen = ["Dummy"]
"""


class Huis:
    """An intake with everything behind it, and eyes on the tables."""

    def __init__(self, opslag: Opslag, sleutels: Path) -> None:
        self.opslag = opslag
        self.kluis = Kluis.create(sleutels)
        self.bron = RegisterBron()
        self.gewekt: list[str] = []
        self.foutmelder = Foutmelder(self.kluis, self.bron, Termijnen(push=60_000, pull=60_000))
        self.intake = Intake(opslag, self.foutmelder, Toetser(), self.gewekt.append)

    async def rows(self, referentienummer: str) -> list[Row[object]]:
        def read(conn: Connection) -> list[Row[object]]:
            tabel = schema.bericht
            waar = tabel.c.referentienummer == referentienummer
            return list(conn.execute(select(tabel).where(waar).order_by(tabel.c.geldend)))

        return await self.opslag.read(read)

    async def faults(self, referentienummer: str) -> list[tuple[Envelop, bytes]]:
        """Every Fo01 of the hub about this bericht, with its stored payload."""

        def read(conn: Connection) -> list[tuple[Envelop, bytes]]:
            b, p = schema.bericht, schema.payload
            rijen = conn.execute(
                select(b, p.c.sleutel_id, p.c.datasleutel, p.c.inhoud)
                .join(p, p.c.bericht_id == b.c.id)
                .where(b.c.cross_ref == referentienummer, b.c.berichtcode == "Fo01")
            )
            return [
                (
                    from_json(r.envelop),
                    b"".join(
                        VerzegeldePayload(
                            self.kluis,
                            r.id,
                            "payload",
                            Verzegeld(r.sleutel_id, r.datasleutel, r.inhoud),
                            size=r.payload_grootte,
                            digest=r.payload_digest,
                        ).chunks()
                    ),
                )
                for r in rijen
            ]

        return await self.opslag.read(read)

    async def open_afleveringen(self) -> list[str]:
        def read(conn: Connection) -> list[str]:
            return list(conn.execute(select(schema.aflevering.c.lane).where(schema.aflevering.c.open)).scalars())

        return await self.opslag.read(read)


@pytest.fixture
async def huis(opslag: Opslag, tmp_path: Path) -> Huis:
    huis = Huis(opslag, tmp_path / "sleutels")
    await opslag.write(registerimport.store, registerimport.parse_toml(_REGISTER))
    assert await huis.bron.refresh(opslag)
    return huis


def _inhoud(bsn: str = "999990019", afzender: str = _AANBIEDER) -> bytes:
    return build(ingebouwd().find("WMO305", "3.2"), _gegevens(bsn, afzender))


def _gegevens(bsn: str = "999990019", afzender: str = _AANBIEDER) -> dict[str, dict[str, object]]:
    return {
        "Header": {
            "Afzender": afzender,
            "Ontvanger": _GEMEENTE,
            "BerichtIdentificatie": {"Identificatie": "1", "Dagtekening": "2026-01-05"},
            "XsdVersie": {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"},
        },
        "Client": {
            "Bsn": bsn,
            "Geboortedatum": {"Datum": "1980-01-02"},
            "Geslacht": "1",
            "Naam": {"Geslachtsnaam": {"Achternaam": "Proef"}},
            "StartProducten": {"StartProduct": [{"Begindatum": "2026-01-02", "StatusAanlevering": "1"}]},
        },
    }


def _aanlevering(inhoud: bytes | None = None, **sg: object) -> Aanlevering:
    """A correct WMO305 of the zorgaanbieder."""
    stuurgegevens = Stuurgegevens(
        berichtcode=Berichtcode.DI01,
        zender=Systeem(_AANBIEDER, "App"),
        ontvanger=Systeem(_GEMEENTE, "GGk"),
        referentienummer=str(uuid.uuid4()),
        tijdstip="20260105120000",
        functie="WMO305",
    )
    envelop = Envelop(replace(stuurgegevens, **sg), Parameters("0001", "0000", "0003", "0002"))  # type: ignore[arg-type]  # the test names the fields
    return Aanlevering(envelop, Payload(inhoud or _inhoud()), _CERT_A, "vsp")


def _ref(aanlevering: Aanlevering) -> str:
    return aanlevering.envelop.stuurgegevens.referentienummer


async def test_a_correct_bericht_is_stored_sealed_explained_and_waiting(huis: Huis) -> None:
    aanlevering = _aanlevering()
    antwoord = await huis.intake.accept(aanlevering)
    assert antwoord.soort is Ontvangstsoort.AANGENOMEN
    (rij,) = await huis.rows(_ref(aanlevering))
    assert rij.status == Status.WORDT_VERWERKT
    assert rij.payload_digest == aanlevering.payload.digest
    assert await huis.open_afleveringen() == [_GEMEENTE] == huis.gewekt
    assert await huis.faults(_ref(aanlevering)) == []

    def history(conn: Connection) -> list[tuple[str, str, dict[str, object]]]:
        g = schema.gebeurtenis
        rijen = conn.execute(select(g).where(g.c.bericht_id == rij.id).order_by(g.c.id))
        return [(r.soort, r.status, json.loads(r.toelichting)) for r in rijen]

    ontvangen, route = await huis.opslag.read(history)
    assert (ontvangen[0], ontvangen[1]) == ("ontvangen", Status.ONTVANGEN)
    assert ontvangen[2]["indiener"] == _CERT_A.oin
    assert [stap["naam"] for stap in route[2]["stappen"]] == [  # type: ignore[attr-defined]  # JSON
        "zender", "envelop", "functie", "release", "machtiging zender", "ontvanger", "inhoud", "kop",
    ]  # fmt: skip


async def test_no_part_of_the_payload_is_readable_in_any_table(huis: Huis) -> None:
    await huis.intake.accept(_aanlevering(_inhoud(bsn="999990019")))
    await huis.intake.accept(_aanlevering(_inhoud(bsn="99999001x")))  # its Fo01 tells the value that was found

    def everything(conn: Connection) -> str:
        return "".join(repr(rij) for tabel in schema.metadata.sorted_tables for rij in conn.execute(select(tabel)))

    alles = await huis.opslag.read(everything)
    assert "Proef" not in alles
    assert "99999001" not in alles


# --- the duplicate table (design §3) -------------------------------------------------------------------------------


async def test_same_content_again_gets_the_very_same_receipt(huis: Huis) -> None:
    aanlevering = _aanlevering()
    eerste = await huis.intake.accept(aanlevering)
    tweede = await huis.intake.accept(aanlevering)
    assert tweede == replace(eerste, soort=Ontvangstsoort.HERHAALD)
    assert len(await huis.open_afleveringen()) == 1


async def test_only_another_tijdstip_is_a_repetition(huis: Huis) -> None:
    aanlevering = _aanlevering()
    await huis.intake.accept(aanlevering)
    sg = replace(aanlevering.envelop.stuurgegevens, tijdstip="20260105120001")
    later = replace(aanlevering, envelop=replace(aanlevering.envelop, stuurgegevens=sg))
    assert (await huis.intake.accept(later)).soort is Ontvangstsoort.HERHAALD


@pytest.mark.parametrize("anders", ["inhoud", "envelop"])
async def test_other_content_under_the_same_number_is_a_conflict(huis: Huis, anders: str) -> None:
    aanlevering = _aanlevering()
    await huis.intake.accept(aanlevering)
    if anders == "inhoud":
        ander = replace(aanlevering, payload=Payload(_inhoud(bsn="999994669")))
    else:
        sg = replace(aanlevering.envelop.stuurgegevens, zender=Systeem(_AANBIEDER, "Andere app"))
        ander = replace(aanlevering, envelop=replace(aanlevering.envelop, stuurgegevens=sg))
    antwoord = await huis.intake.accept(ander)
    assert antwoord.soort is Ontvangstsoort.GEWEIGERD
    assert antwoord.fout is not None
    assert antwoord.fout.code == "StUF016"
    assert len(await huis.rows(_ref(aanlevering))) == 1


async def test_a_refused_bericht_repeated_gets_its_receipt_and_no_second_fo01(huis: Huis) -> None:
    aanlevering = _aanlevering(b"<kapot")
    eerste = await huis.intake.accept(aanlevering)
    tweede = await huis.intake.accept(aanlevering)
    assert tweede == replace(eerste, soort=Ontvangstsoort.HERHAALD)
    assert len(await huis.faults(_ref(aanlevering))) == 1


async def test_after_a_refusal_a_mended_bericht_may_use_the_number_again(huis: Huis) -> None:
    kapot = _aanlevering(b"<kapot")
    await huis.intake.accept(kapot)
    antwoord = await huis.intake.accept(replace(kapot, payload=Payload(_inhoud())))
    assert antwoord.soort is Ontvangstsoort.AANGENOMEN
    oud, nieuw = await huis.rows(_ref(kapot))
    assert (oud.status, oud.geldend, nieuw.geldend) == (Status.AFGEKEURD, False, True)
    assert await huis.open_afleveringen() == [_AANBIEDER, _GEMEENTE]


async def test_after_a_machtiging_the_same_bericht_may_be_tried_again(huis: Huis) -> None:
    await huis.opslag.write(
        registerimport.store, registerimport.parse_toml(_REGISTER.replace('["WMO*"]', '["WMO307"]'))
    )
    await huis.bron.refresh(huis.opslag)
    aanlevering = _aanlevering()
    await huis.intake.accept(aanlevering)
    assert len(await huis.faults(_ref(aanlevering))) == 1
    await huis.opslag.write(registerimport.store, registerimport.parse_toml(_REGISTER))
    await huis.bron.refresh(huis.opslag)
    assert (await huis.intake.accept(aanlevering)).soort is Ontvangstsoort.AANGENOMEN


async def test_many_at_once_with_one_number_are_stored_once(huis: Huis) -> None:
    aanlevering = _aanlevering()
    antwoorden = await asyncio.gather(*(huis.intake.accept(aanlevering) for _ in range(20)))
    soorten = sorted(a.soort for a in antwoorden)
    assert soorten == ["aangenomen", *["herhaald"] * 19]
    assert len({a.referentienummer for a in antwoorden}) == 1
    assert len(await huis.open_afleveringen()) == 1


async def test_two_senders_may_use_the_same_number(huis: Huis) -> None:
    een = _aanlevering()
    sg = replace(
        een.envelop.stuurgegevens, zender=Systeem(_GEMEENTE, "App"), ontvanger=Systeem("CBS", "GGk"), functie="Dummy"
    )
    twee = Aanlevering(
        Envelop(sg, Parameters("0001", "0000", "0002", "0002", Bestandsvorm.TEKST, "q1.csv")),
        Payload(b"a;b"),
        _CERT_G,
        "stuf",
    )
    assert (await huis.intake.accept(een)).soort is Ontvangstsoort.AANGENOMEN
    assert (await huis.intake.accept(twee)).soort is Ontvangstsoort.AANGENOMEN


# --- refusals ------------------------------------------------------------------------------------------------------


async def test_an_invalid_payload_is_acknowledged_and_comes_back_as_fo01_with_all_findings(huis: Huis) -> None:
    aanlevering = _aanlevering(_inhoud(bsn="geen").replace(b"2026-01-02", b"2026-02-31"))
    assert (await huis.intake.accept(aanlevering)).soort is Ontvangstsoort.AANGENOMEN
    (rij,) = await huis.rows(_ref(aanlevering))
    assert (rij.status, rij.fout_code) == (Status.AFGEKEURD, "StUF055")  # this partij has the codes of 2018
    ((envelop, body),) = await huis.faults(_ref(aanlevering))
    assert envelop.stuurgegevens.ontvanger.organisatie == _AANBIEDER
    assert envelop.fout is not None
    assert envelop.fout.details == "WMO305-00030002"
    assert body.count(b"<kn:bevinding>") == 2
    assert b"/Bericht/Client/Bsn" in body
    assert b"/Bericht/Client/StartProducten/StartProduct/Begindatum" in body
    assert huis.gewekt == [_AANBIEDER]

    def explanation(conn: Connection) -> str:
        g = schema.gebeurtenis
        return conn.execute(select(g.c.toelichting).where(g.c.bericht_id == rij.id, g.c.soort == "route")).scalar_one()

    uitleg = json.loads(await huis.opslag.read(explanation))
    assert uitleg["oorzaak"] == "payload_ongeldig"
    assert uitleg["bevindingen"][0]["plaats"] == "/Bericht/Client/Bsn"
    assert "geen" not in [b.get("waarde") for b in uitleg["bevindingen"]]


async def test_a_header_that_contradicts_its_envelope_is_refused(huis: Huis) -> None:
    aanlevering = _aanlevering(_inhoud(afzender="90000009"))
    await huis.intake.accept(aanlevering)
    (rij,) = await huis.rows(_ref(aanlevering))
    assert (rij.status, rij.fout_code) == (Status.AFGEKEURD, "CC09")


@pytest.mark.parametrize(
    ("inhoud", "code"),
    [(b"", "StUF055"), (b"\xff\xfe", "StUF055"), (b"<!DOCTYPE a><a/>", "StUF055"), (b"geen xml", "StUF055")],
)
async def test_hostile_and_empty_payloads_come_back_as_fo01(huis: Huis, inhoud: bytes, code: str) -> None:
    aanlevering = replace(_aanlevering(), payload=Payload(inhoud))
    assert (await huis.intake.accept(aanlevering)).soort is Ontvangstsoort.AANGENOMEN
    (rij,) = await huis.rows(_ref(aanlevering))
    assert rij.fout_code == code


async def test_a_sender_without_right_to_speak_leaves_no_trace_in_the_log(huis: Huis) -> None:
    antwoord = await huis.intake.accept(replace(_aanlevering(), identiteit=_CERT_G))
    assert (antwoord.soort, antwoord.fout and antwoord.fout.code) == (Ontvangstsoort.GEWEIGERD, "StUF013")

    def count(conn: Connection) -> int:
        return conn.execute(select(func.count()).select_from(schema.bericht)).scalar_one()

    assert await huis.opslag.read(count) == 0


async def test_when_nothing_can_be_stored_the_sender_is_told_to_come_back(huis: Huis) -> None:
    await huis.opslag.close()
    antwoord = await huis.intake.accept(_aanlevering())
    assert antwoord.soort is Ontvangstsoort.GEWEIGERD
    assert antwoord.fout is not None
    assert (antwoord.fout.code, antwoord.fout.plek) == ("StUF046", "server")


# --- answers and faults from partijen ------------------------------------------------------------------------------


def _fo01(over: str) -> Aanlevering:
    envelop = Envelop(
        Stuurgegevens(
            Berichtcode.FO01, Systeem(_GEMEENTE, "App"), Systeem(_AANBIEDER, "App"), str(uuid.uuid4()), "20260106", over
        ),
        fout=Foutinhoud("StUF055", "client", "Bericht is niet te lezen"),
    )
    return Aanlevering(envelop, Payload(b"<body/>"), _CERT_G, "stuf")


async def test_a_fo01_of_the_receiver_goes_back_to_the_sender_and_stands_in_both_histories(huis: Huis) -> None:
    heen = _aanlevering()
    await huis.intake.accept(heen)
    assert (await huis.intake.accept(_fo01(_ref(heen)))).soort is Ontvangstsoort.AANGENOMEN
    assert await huis.open_afleveringen() == [_GEMEENTE, _AANBIEDER]
    (rij,) = await huis.rows(_ref(heen))

    def kinds(conn: Connection) -> list[str]:
        g = schema.gebeurtenis
        return list(conn.execute(select(g.c.soort).where(g.c.bericht_id == rij.id).order_by(g.c.id)).scalars())

    assert await huis.opslag.read(kinds) == ["ontvangen", "route", "foutbericht ontvangen"]


async def test_a_fo01_about_nothing_is_refused_at_the_door(huis: Huis) -> None:
    antwoord = await huis.intake.accept(_fo01(str(uuid.uuid4())))
    assert antwoord.fout is not None
    assert antwoord.fout.code == "StUF043"


async def test_an_answer_joins_the_conversation_of_its_question(huis: Huis) -> None:
    heen = _aanlevering()
    await huis.intake.accept(heen)
    fo01 = _fo01(_ref(heen))
    await huis.intake.accept(fo01)
    (rij,) = await huis.rows(_ref(fo01))
    assert rij.conversatie == _ref(heen)


# --- large ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("geldig", [True, False])
async def test_a_large_payload_is_judged_in_a_process_of_its_own(huis: Huis, geldig: bool) -> None:  # noqa: FBT001 - parametrised
    soort = ingebouwd().find("WMO305", "3.2")
    producten = [{"Begindatum": "2026-01-02", "StatusAanlevering": "1"}] * (DREMPEL // 100)
    if not geldig:
        producten[7] = {"Begindatum": "onzin", "StatusAanlevering": "1"}
    groot = build(
        soort, _gegevens() | {"Client": _gegevens()["Client"] | {"StartProducten": {"StartProduct": producten}}}
    )
    aanlevering = replace(_aanlevering(), payload=Payload(groot))
    assert aanlevering.payload.plain is None
    antwoord: Ontvangst = await huis.intake.accept(aanlevering)
    assert antwoord.soort is Ontvangstsoort.AANGENOMEN
    (rij,) = await huis.rows(_ref(aanlevering))
    assert rij.status == (Status.WORDT_VERWERKT if geldig else Status.AFGEKEURD)
    assert len(await huis.faults(_ref(aanlevering))) == (0 if geldig else 1)
