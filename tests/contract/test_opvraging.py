"""A lookup: allowed and accounted for first, logged before the answer, made once, limited, stopped when it guesses."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from routing import incident, schema
from routing.dienst import Wet
from routing.incident import Incidentboek
from routing.klok import Klok
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.opvraaggrens import Geblokkeerd, Grenzen, TeVeel
from routing.opvraging import (
    AndereVraag,
    Antwoord,
    Bezig,
    Opvraging,
    Opvragingen,
    Soort,
    remove_answers,
)
from routing.partij import Machtiging, Richting
from routing.register import Register, RegisterBron
from routing.toestemming import Aanleiding, Aanvrager, GeenToestemming, Weg

_BSN, _MOEDER = "999990019", "999990032"
_VRAAG = Opvraging(
    Aanvrager("0344", "oin:00000001999999990344", Weg.API),
    Aanleiding("woonplaats", Wet.JEUGDWET, "toewijzing", "Z-17"),
    _BSN,
    "v-1",
    b'{"peildatum":"2026-11-25"}',
)


class Zoeker:
    """A search that counts how often it was made."""

    def __init__(self, soort: Soort = Soort.BEANTWOORD, fout: Exception | None = None) -> None:
        self.keer = 0
        self.soort, self.fout = soort, fout
        self.begonnen, self.verder = asyncio.Event(), asyncio.Event()
        self.verder.set()

    async def __call__(self) -> Antwoord:
        self.keer += 1
        self.begonnen.set()
        await self.verder.wait()
        if self.fout is not None:
            raise self.fout
        return Antwoord(f"antwoord {self.keer}".encode(), self.soort, {_MOEDER, _BSN})


def _desk(opslag: Opslag, kluis: Kluis, grenzen: Grenzen | None = None) -> Opvragingen:
    bron = RegisterBron(Register.of((), (), [Machtiging("0344", Richting.BEVRAGEN, "woonplaats:jeugdwet")]))
    return Opvragingen(opslag, kluis, bron, Incidentboek(), grenzen)


async def _rows(opslag: Opslag, tabel: Any) -> list[dict[str, Any]]:
    return await opslag.read(lambda conn: [dict(rij) for rij in conn.execute(select(tabel).order_by("id")).mappings()])


async def _count(opslag: Opslag, tabel: Any) -> int:
    return await opslag.read(lambda conn: conn.execute(select(func.count()).select_from(tabel)).scalar_one())


async def test_an_answer_leaves_a_line_per_person_and_one_account(opslag: Opslag, kluis: Kluis) -> None:
    assert await _desk(opslag, kluis).ask(_VRAAG, Zoeker()) == b"antwoord 1"
    regels, (wie,) = await _rows(opslag, schema.verwerking), await _rows(opslag, schema.verantwoording)
    assert [regel["status_code"] for regel in regels] == [1, 1]
    assert len({regel["data_subject_id"] for regel in regels}) == 2
    assert {regel["trace_id"] for regel in regels} == {wie["trace_id"]}
    assert [regel["parent_operation_id"] for regel in regels] == [None, wie["operation_id"]]
    assert (wie["partij"], wie["doel"], wie["zaakkenmerk"], wie["kanaal"]) == ("0344", "toewijzing", "Z-17", "api")


async def test_nothing_that_is_kept_can_be_read(opslag: Opslag, kluis: Kluis) -> None:
    await _desk(opslag, kluis).ask(_VRAAG, Zoeker())
    for tabel in (schema.opvraging, schema.verwerking, schema.verantwoording):
        inhoud = repr(await _rows(opslag, tabel))
        assert not any(geheim in inhoud for geheim in (_BSN, _MOEDER, "antwoord 1"))


async def test_who_asks_is_written_before_anything_is_looked_up(opslag: Opslag, kluis: Kluis) -> None:
    zoeker = Zoeker()
    zoeker.verder.clear()
    taak = asyncio.create_task(_desk(opslag, kluis).ask(_VRAAG, zoeker))
    await zoeker.begonnen.wait()
    assert (await _count(opslag, schema.verantwoording), await _count(opslag, schema.verwerking)) == (1, 0)
    with pytest.raises(Bezig):
        await _desk(opslag, kluis).ask(_VRAAG, Zoeker())
    zoeker.verder.set()
    assert await taak == b"antwoord 1"


async def test_without_a_line_there_is_no_answer(opslag: Opslag, kluis: Kluis, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("full")

    monkeypatch.setattr("routing.opvraging.record", fail)
    with pytest.raises(RuntimeError, match="full"):
        await _desk(opslag, kluis).ask(_VRAAG, Zoeker())
    (rij,) = await _rows(opslag, schema.opvraging)
    assert rij["inhoud"] is None


async def test_asked_again_it_is_the_same_answer_and_a_new_line(opslag: Opslag, kluis: Kluis) -> None:
    zoeker, loket = Zoeker(), _desk(opslag, kluis)
    assert [await loket.ask(_VRAAG, zoeker) for _ in range(3)] == [b"antwoord 1"] * 3
    assert (zoeker.keer, await _count(opslag, schema.verantwoording)) == (1, 3)
    assert await _count(opslag, schema.verwerking) == 4


async def test_an_id_belongs_to_one_question_of_one_partij(opslag: Opslag, kluis: Kluis) -> None:
    loket = _desk(opslag, kluis)
    await loket.ask(_VRAAG, Zoeker())
    with pytest.raises(AndereVraag):
        await loket.ask(replace(_VRAAG, inhoud=b"iets anders"), Zoeker())
    machtigingen = [Machtiging("0363", Richting.BEVRAGEN, "woonplaats:jeugdwet")]
    ander = Opvragingen(opslag, kluis, RegisterBron(Register.of((), (), machtigingen)), Incidentboek())
    zoeker = Zoeker()
    await ander.ask(replace(_VRAAG, aanvrager=replace(_VRAAG.aanvrager, partij="0363")), zoeker)
    assert zoeker.keer == 1


async def test_a_search_that_failed_is_logged_and_may_be_tried_again(opslag: Opslag, kluis: Kluis) -> None:
    loket = _desk(opslag, kluis)
    with pytest.raises(OSError, match="weg"):
        await loket.ask(_VRAAG, Zoeker(fout=OSError("weg")))
    assert [regel["status_code"] for regel in await _rows(opslag, schema.verwerking)] == [2]
    assert await loket.ask(_VRAAG, Zoeker()) == b"antwoord 1"


async def test_who_died_while_answering_does_not_keep_the_question(opslag: Opslag, kluis: Kluis, klok: Klok) -> None:
    traag, loket = Zoeker(), _desk(opslag, kluis)
    traag.verder.clear()
    eerste = asyncio.create_task(loket.ask(_VRAAG, traag))
    await traag.begonnen.wait()
    klok.verschuiving_ms += 6 * 60_000
    assert await loket.ask(_VRAAG, Zoeker()) == b"antwoord 1"
    traag.soort = Soort.ONBEKEND
    traag.verder.set()
    await eerste
    (rij,) = await _rows(opslag, schema.opvraging)
    assert rij["uitkomst"] == "beantwoord"  # the late one did not write over it


async def test_many_at_once_ask_the_register_once(opslag: Opslag, kluis: Kluis) -> None:
    zoeker, loket = Zoeker(), _desk(opslag, kluis)
    uit = await asyncio.gather(*(loket.ask(_VRAAG, zoeker) for _ in range(8)), return_exceptions=True)
    assert zoeker.keer == 1
    assert Counter(type(een) for een in uit)[bytes] >= 1
    assert {type(een) for een in uit} <= {bytes, Bezig}


async def test_without_toestemming_nothing_is_looked_up_and_it_is_accounted_for(opslag: Opslag, kluis: Kluis) -> None:
    zoeker = Zoeker()
    for fout in (
        replace(_VRAAG, aanvrager=replace(_VRAAG.aanvrager, partij="0363")),
        replace(_VRAAG, aanleiding=replace(_VRAAG.aanleiding, doel="")),
        replace(_VRAAG, vraag_id=f"v-{_MOEDER}"),
    ):
        with pytest.raises(GeenToestemming):
            await _desk(opslag, kluis).ask(fout, zoeker)
    assert zoeker.keer == 0
    besluiten = [rij["besluit"] for rij in await _rows(opslag, schema.verantwoording)]
    assert besluiten == ["geweigerd: machtiging", "geweigerd: doel", "geweigerd: vraagId"]
    assert await _count(opslag, schema.opvraging) == 0
    assert await _count(opslag, schema.verwerking) == 0


async def test_more_than_may_be_asked_waits(opslag: Opslag, kluis: Kluis, klok: Klok) -> None:
    loket = _desk(opslag, kluis, Grenzen(per_minuut=2, per_dag=3))
    for nummer in range(2):
        await loket.ask(replace(_VRAAG, vraag_id=str(nummer)), Zoeker())
    with pytest.raises(TeVeel) as te_veel:
        await loket.ask(replace(_VRAAG, vraag_id="2"), Zoeker())
    assert te_veel.value.wachttijd == 60
    klok.verschuiving_ms += 61_000
    await loket.ask(replace(_VRAAG, vraag_id="2"), Zoeker())
    klok.verschuiving_ms += 61_000
    with pytest.raises(TeVeel):
        await loket.ask(replace(_VRAAG, vraag_id="3"), Zoeker())


async def test_who_guesses_is_stopped_until_the_operator_has_looked(opslag: Opslag, kluis: Kluis) -> None:
    """Attack 81: enumeration of BSNs."""
    loket, boek = _desk(opslag, kluis, Grenzen(onbekend_per_dag=3)), Incidentboek()

    async def guess(nummer: int) -> bytes:
        return await loket.ask(replace(_VRAAG, vraag_id=f"g{nummer}"), Zoeker(Soort.ONBEKEND))

    for nummer in range(3):
        await guess(nummer)
    for nummer in (3, 4):
        with pytest.raises(Geblokkeerd):
            await guess(nummer)
    (geval,) = await opslag.read(incident.find, alleen_open=True)
    assert (geval.oorzaak, geval.onderwerp, geval.feiten) == (
        "opvragingen_geblokkeerd",
        "0344/woonplaats",
        {"onbekende_bsns": 3},
    )
    assert await opslag.write(boek.close, geval.nummer, "uitgezocht")
    await guess(5)  # counts from the moment it was looked at
    assert [rij["besluit"] for rij in await _rows(opslag, schema.verantwoording)].count("geweigerd: geblokkeerd") == 2


async def test_answers_go_when_their_term_has_passed(opslag: Opslag, kluis: Kluis, klok: Klok) -> None:
    zoeker, loket = Zoeker(), _desk(opslag, kluis)
    await loket.ask(_VRAAG, zoeker)
    klok.verschuiving_ms += 1000
    assert await opslag.write(remove_answers, 5000) == 0
    klok.verschuiving_ms += 10_000
    assert await opslag.write(remove_answers, 5000) == 1
    assert await loket.ask(_VRAAG, zoeker) == b"antwoord 2"
