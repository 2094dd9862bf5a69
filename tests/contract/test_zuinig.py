"""How many statements a bericht costs, on both databases: this is where the speed of the hub is won or lost."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from meeteller import Meeteller, in_one_group
from sqlalchemy import Connection, func, select

from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import build
from routing import registerimport, schema
from routing.aflevering import Afleveraar, Instellingen
from routing.bericht import Aanlevering, Envelop, Identiteit, Parameters, Stuurgegevens, Systeem
from routing.bericht import Berichtcode as Code
from routing.foutbericht import Foutmelder
from routing.intake import Intake
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.overdracht import Overdracht
from routing.partij import Protocol
from routing.payload import Payload
from routing.poorten import Ontvangstsoort, Uitkomst, Uitkomstsoort, Zending
from routing.register import RegisterBron
from routing.toetsing import Toetser
from routing.vastlegging import Termijnen

_ZENDER = Identiteit("1" * 20, "aa" * 32)
_REGISTER = f"""
[[partij]]
code = "0363"
url = "https://127.0.0.1:1/"
identiteiten = ["oin:{_ZENDER.oin}"]
mag_zenden = ["WMO319"]
""" + "".join(
    f"""
[[partij]]
code = "9000000{n}"
naam = "Zorg {n}"
identiteiten = ["oin:{n + 2:020}"]
url = "https://127.0.0.1:1/"
mag_ontvangen = ["WMO319"]
"""
    for n in range(8)
)


def _content(n: int) -> bytes:
    kop = {
        "Afzender": "0363",
        "Ontvanger": f"9000000{n % 8}",
        "BerichtIdentificatie": {"Identificatie": str(n), "Dagtekening": "2026-01-05"},
        "XsdVersie": {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"},
    }
    antwoord = {"ReferentieAanbieder": f"R{n}", "VerzoekAntwoord": "2"}
    return build(ingebouwd().find("WMO319", "3.2"), {"Header": kop, "Antwoord": antwoord})


class _Bezorger:
    def __init__(self) -> None:
        self.inhoud: list[bytes] = []

    async def deliver(self, zending: Zending) -> Uitkomst:
        self.inhoud.append(b"".join(zending.payload.chunks()))
        return Uitkomst(Uitkomstsoort.BEZORGD, "Bv03", 200)

    async def close(self) -> None:
        """Nothing to release."""


class Straat:
    """Intake and delivery on a log with one writer."""

    def __init__(self, opslag: Opslag, sleutels: Path) -> None:
        self.opslag = opslag
        bron = self.bron = RegisterBron()
        kluis = Kluis.create(sleutels)
        melder = Foutmelder(kluis, bron, Termijnen(push=60_000, pull=60_000))
        overdracht = Overdracht()
        self.bezorger = _Bezorger()
        self.afleveraar = Afleveraar(
            opslag,
            kluis,
            bron,
            {Protocol.STUF: self.bezorger},
            melder.report_failure,
            instellingen=Instellingen(poll_s=600, hartslag_s=600),
            overdracht=overdracht,
        )
        self.intake = Intake(opslag, melder, Toetser(), self.afleveraar.wake, overdracht=overdracht)

    async def accept(self, n: int, referentienummer: str = "") -> Ontvangstsoort:
        sg = Stuurgegevens(
            Code.DI01,
            Systeem("0363", "Suite"),
            Systeem(f"9000000{n % 8}", "GGk"),
            referentienummer or str(uuid.uuid4()),
            "20260105120000",
            functie="WMO319",
        )
        envelop = Envelop(sg, Parameters("0001", "0000", "0003", "0002"))
        return (await self.intake.accept(Aanlevering(envelop, Payload(_content(n)), _ZENDER, "stuf"))).soort

    async def delivered(self) -> int:
        def count(conn: Connection) -> int:
            return conn.execute(select(func.count()).where(schema.bericht.c.status == "Bezorgd")).scalar_one()

        return await self.opslag.read(count)


@pytest.fixture
async def straat(database_url: str, tmp_path: Path) -> AsyncIterator[Straat]:
    opslag = Opslag(database_url, schrijvers=1)
    straat = Straat(opslag, tmp_path / "sleutels")
    await opslag.write(registerimport.store, registerimport.parse_toml(_REGISTER))
    await straat.bron.refresh(opslag)
    yield straat
    await straat.afleveraar.stop()
    await opslag.close()


@pytest.mark.parametrize("aantal", [1, 40])
async def test_a_group_of_any_size_is_accepted_with_the_same_few_statements(straat: Straat, aantal: int) -> None:
    await straat.opslag.moment()  # once a second, whatever comes in
    teller = Meeteller(straat.opslag)
    uitkomsten = await in_one_group(straat.opslag, (straat.accept(n) for n in range(aantal)))
    assert uitkomsten == [Ontvangstsoort.AANGENOMEN] * aantal
    opdrachten = teller.take()
    if straat.opslag._schrijfengine.dialect.name == "postgresql":
        # aangehouden, bericht, slot op de lane, lane met aflevering, payload met ketenschakel, gebeurtenis
        assert len(opdrachten) == 6, opdrachten
    else:  # aangehouden, bericht, payload, ketenschakel, lane, aflevering, gebeurtenis
        assert len(opdrachten) == 7, opdrachten


async def test_a_repetition_inside_the_group_is_told_from_the_rest(straat: Straat) -> None:
    dubbel = str(uuid.uuid4())
    uitkomsten = await in_one_group(
        straat.opslag, [straat.accept(1, dubbel), straat.accept(2), straat.accept(1, dubbel)]
    )
    assert uitkomsten == [Ontvangstsoort.AANGENOMEN, Ontvangstsoort.AANGENOMEN, Ontvangstsoort.HERHAALD]


async def test_what_has_just_come_in_is_delivered_without_reading_it_again(straat: Straat) -> None:
    await in_one_group(straat.opslag, (straat.accept(n) for n in range(8)))
    teller = Meeteller(straat.opslag)
    straat.afleveraar.start()
    while await straat.delivered() < 8:  # noqa: ASYNC110 - what is awaited is in the database
        await asyncio.sleep(0)
    opdrachten = [opdracht for opdracht in teller.take() if "count(" not in opdracht]
    assert sorted(straat.bezorger.inhoud) == sorted(map(_content, range(8)))
    assert not any("payload.inhoud" in opdracht for opdracht in opdrachten)
    # One claim for all eight lanes, with one look at their heads; outcomes are closed as they happen to come together.
    assert sum("json_each" in opdracht for opdracht in opdrachten) == 1
    assert sum("SELECT lane.lease_token" in opdracht for opdracht in opdrachten) <= 8
