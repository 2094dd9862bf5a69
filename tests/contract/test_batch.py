"""A batch: each different question once, kept sealed, logged per person, and never asked again once it was answered."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text, update

from routing import schema
from routing.dienst import Wet
from routing.incident import Incidentboek, find
from routing.klok import Klok
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.opvraaggrens import Geblokkeerd, Grenzen, TeVeel
from routing.partij import Machtiging, Richting
from routing.register import Register, RegisterBron
from routing.toestemming import Aanleiding, Aanvrager, GeenToestemming, Weg
from routing.verwerkingen import Betrokkenen
from routing.woonplaats import batch as module
from routing.woonplaats.batch import Batches, Onderbroken, Regel, Resultaat, Stand, remove_batches
from routing.woonplaats.feiten import Adresperiode, Adressoort, Feiten
from routing.woonplaats.feitenbron import Bronfout, Bronfoutsoort, Feitenvraag, Registerfeiten, Voorbehoud
from routing.woonplaats.opvragen import Opgave, Uitkomst

_WIE = Aanvrager("0344", "gebruiker:proef", Weg.CLI)
_WAAROM = Aanleiding("woonplaats-batch", Wet.JEUGDWET, "controle", "Z-17")
_BSNS = ("999990019", "999990032", "999990044", "999990056", "999990068")
_DAG = date(2024, 3, 1)
_RUIM = Grenzen(per_minuut=1000, batch_per_minuut=60_000_000)
_WOONADRES = Adresperiode(Adressoort.WOONADRES, "0344", date(2020, 1, 1))


class Vorm:
    def read(self, vraag: bytes) -> Opgave:
        return Opgave(vraag.decode(), Feiten(_DAG))

    def show(self, uitkomst: Uitkomst, _opgave: Opgave) -> bytes:
        return json.dumps({"gemeente": uitkomst.bepaling.gemeente, "fout": str(uitkomst.fout or "")}).encode()


class Bron:
    """Knows everybody, keeps count, and fails with what it is told for whom it is told."""

    def __init__(self) -> None:
        self.gevraagd: list[str] = []
        self.fouten: dict[str, Bronfoutsoort] = {}
        self.onbekend: set[str] = set()

    async def fetch(self, vragen: Sequence[Feitenvraag]) -> list[Registerfeiten | Bronfout]:
        self.gevraagd += [vraag.bsn for vraag in vragen]
        return [
            Bronfout(self.fouten[vraag.bsn], "stuk")
            if vraag.bsn in self.fouten
            else Registerfeiten(Feiten(_DAG), voorbehoud=(Voorbehoud.NIET_IN_BRP,))
            if vraag.bsn in self.onbekend
            else Registerfeiten(replace(Feiten(_DAG), brp=(_WOONADRES,)))
            for vraag in vragen
        ]

    async def close(self) -> None:
        raise AssertionError


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PORTIE", 2)


@pytest.fixture
def batches(opslag: Opslag, kluis: Kluis) -> Batches:
    bron = RegisterBron(Register.of((), (), [Machtiging("0344", Richting.BEVRAGEN, "woonplaats-batch:jeugdwet")]))
    return Batches(opslag, kluis, bron, Vorm(), boek=Incidentboek(), grenzen=_RUIM)


def _lines(bsns: Iterable[str] = _BSNS) -> list[list[Regel]]:
    return [[Regel(n, f"kenmerk-{n}", bsn.encode())] for n, bsn in enumerate(bsns, 1)]


async def _results(batches: Batches, werk: module.Batch) -> list[Resultaat]:
    return [resultaat async for resultaat in batches.results(werk, _WIE)]


async def _count(opslag: Opslag, tabel: Any) -> int:
    return await opslag.read(lambda conn: conn.execute(select(func.count()).select_from(tabel)).scalar_one())


async def test_every_line_gets_its_answer_in_the_order_of_the_file(batches: Batches) -> None:
    werk, bron, standen = await batches.open(_WIE, _WAAROM, b"d"), Bron(), []
    await batches.take_in(werk, [*_lines(), [Regel(6, "kenmerk-6", fouten=("bsn ontbreekt", "peildatum ontbreekt"))]])
    await batches.run(werk, bron, standen.append)
    uit = await _results(batches, werk)
    assert [(r.nummer, r.kenmerk) for r in uit] == [(n, f"kenmerk-{n}") for n in range(1, 7)]
    assert all(json.loads(r.antwoord or b"")["gemeente"] == "0344" for r in uit[:5])
    assert (uit[5].antwoord, uit[5].fouten) == (None, ("bsn ontbreekt", "peildatum ontbreekt"))
    assert standen[0] == Stand(6, 1, 5, 0)
    assert standen[-1] == await batches.progress(werk) == Stand(6, 1, 5, 5)


async def test_the_same_question_twice_is_asked_once(batches: Batches) -> None:
    werk, bron = await batches.open(_WIE, _WAAROM, b"d"), Bron()
    await batches.take_in(werk, _lines([*_BSNS, *_BSNS]))
    await batches.run(werk, bron, lambda _stand: None)
    assert sorted(bron.gevraagd) == sorted(_BSNS)
    assert [r.antwoord is not None for r in await _results(batches, werk)] == [True] * 10


async def test_after_an_interruption_only_what_was_not_answered_is_asked(batches: Batches, opslag: Opslag) -> None:
    werk, bron = await batches.open(_WIE, _WAAROM, b"d"), Bron()
    await batches.take_in(werk, _lines())
    bron.fouten = {_BSNS[2]: Bronfoutsoort.ONBEREIKBAAR}
    with pytest.raises(Onderbroken):
        await batches.run(werk, bron, lambda _stand: None)
    bron.fouten = {}
    weer = await batches.open(_WIE, _WAAROM, b"d")
    assert (weer.batch_id, weer.gelezen) == (werk.batch_id, True)
    await batches.run(weer, bron, lambda _stand: None)
    assert sorted(bron.gevraagd) == sorted([*_BSNS, _BSNS[2]])
    codes = select(schema.verwerking.c.status_code)
    assert sorted(await opslag.read(lambda conn: conn.execute(codes).scalars().all())) == [1, 1, 1, 1, 1, 2]
    await batches.run(weer, bron, lambda _stand: None)
    assert len(bron.gevraagd) == 6


@pytest.mark.parametrize(
    "fout", [Bronfout(Bronfoutsoort.STORING, "stuk", geraadpleegd=frozenset(_BSNS[4:])), OSError("weg")]
)
async def test_whom_was_asked_about_is_logged_also_when_no_answer_came(
    batches: Batches, opslag: Opslag, kluis: Kluis, fout: Exception
) -> None:
    class Stuk(Bron):
        async def fetch(self, vragen: Sequence[Feitenvraag]) -> list[Registerfeiten | Bronfout]:
            if isinstance(fout, Bronfout):
                return [fout] * len(vragen)
            raise fout

    werk = await batches.open(_WIE, _WAAROM, b"d")
    await batches.take_in(werk, _lines(_BSNS[:2]))
    with pytest.raises((Onderbroken, OSError)):
        await batches.run(werk, Stuk(), lambda _stand: None)
    rijen = await opslag.read(lambda conn: conn.execute(select(schema.verwerking)).all())
    bsns = {*_BSNS[:2], *(fout.geraadpleegd if isinstance(fout, Bronfout) else ())}
    assert {rij.data_subject_id for rij in rijen} == {Betrokkenen(kluis).of(bsn).kenmerk for bsn in bsns}
    assert {(rij.trace_id, rij.status_code) for rij in rijen} == {(werk.spoor.trace_id, 2)}
    assert (await batches.progress(werk)).klaar == 0


@pytest.mark.parametrize(
    "soort", [Bronfoutsoort.ONGELDIG_BSN, Bronfoutsoort.ONGELDIGE_DATUM, Bronfoutsoort.ONBRUIKBAAR]
)
async def test_a_fault_of_one_is_an_answer_for_that_line_only(batches: Batches, soort: Bronfoutsoort) -> None:
    werk, bron = await batches.open(_WIE, _WAAROM, b"d"), Bron()
    bron.fouten = {_BSNS[1]: soort}
    await batches.take_in(werk, _lines())
    await batches.run(werk, bron, lambda _stand: None)
    assert [json.loads(r.antwoord or b"")["fout"] for r in await _results(batches, werk)] == ["", "stuk", "", "", ""]


@pytest.mark.parametrize(
    "fout",
    [Bronfout(soort, "doe iets") for soort in Bronfoutsoort if not Bronfout(soort, "").of_one]
    + [Bronfout(Bronfoutsoort.ONBRUIKBAAR, "doe iets", geheel=geheel) for geheel in (True, False)],
    ids=lambda fout: f"{fout.soort}-{fout.geheel}",
)
async def test_a_fault_of_the_line_leaves_its_questions_open(batches: Batches, fout: Bronfout) -> None:
    """From the second portion on; a fault of each person in it is one of the line as well."""

    class Stuk(Bron):
        async def fetch(self, vragen: Sequence[Feitenvraag]) -> list[Registerfeiten | Bronfout]:
            goed = await super().fetch(vragen)
            return goed if len(self.gevraagd) <= 2 else [fout] * len(vragen)

    wie = replace(_WIE, weg=Weg.API)
    werk, bron = await batches.open(wie, _WAAROM, b"d"), Stuk()
    await batches.take_in(werk, _lines())
    with pytest.raises(Onderbroken, match="doe iets"):
        await batches.run(werk, bron, lambda _stand: None)
    assert (await batches.progress(werk)).klaar == 2
    for _ in range(2):
        await batches.answer_waiting(bron)
    assert len(bron.gevraagd) == 6  # the hub tried once, and then waits a while
    await batches.run(werk, Bron(), lambda _stand: None)
    assert not any(json.loads(r.antwoord or b"")["fout"] for r in await _results(batches, werk))


async def test_a_file_that_was_half_taken_in_is_taken_in_anew(batches: Batches) -> None:
    def breaks() -> Iterable[list[Regel]]:
        yield from _lines(_BSNS[:2])
        raise OSError("weg")

    werk = await batches.open(_WIE, _WAAROM, b"d")
    with pytest.raises(OSError, match="weg"):
        await batches.take_in(werk, breaks())
    weer = await batches.open(_WIE, _WAAROM, b"d")
    assert (weer.batch_id, weer.gelezen) == (werk.batch_id, False)
    await batches.take_in(weer, _lines(_BSNS[3:]))
    assert await batches.progress(weer) == Stand(2, 0, 2, 0)


async def test_another_purpose_or_partij_is_another_batch(batches: Batches) -> None:
    werk = await batches.open(_WIE, _WAAROM, b"d")
    assert (await batches.open(_WIE, replace(_WAAROM, doel="overdracht"), b"d")).batch_id != werk.batch_id
    assert (await batches.open(_WIE, _WAAROM, b"e")).batch_id != werk.batch_id
    with pytest.raises(GeenToestemming):
        await batches.open(replace(_WIE, partij="0363"), _WAAROM, b"d")


async def test_what_is_kept_and_logged_cannot_be_read(batches: Batches, opslag: Opslag) -> None:
    werk = await batches.open(_WIE, _WAAROM, b"d")
    await batches.take_in(werk, _lines())
    await batches.run(werk, Bron(), lambda _stand: None)
    tabellen = (schema.batch, schema.batchvraag, schema.batchregel, schema.verwerking, schema.verantwoording)
    alles = [await opslag.read(lambda conn, t=t: repr(conn.execute(select(t)).all())) for t in tabellen]
    assert not any(geheim in "".join(alles) for geheim in (*_BSNS, "kenmerk-1"))
    sporen = await opslag.read(lambda conn: set(conn.execute(select(schema.verwerking.c.trace_id)).scalars()))
    assert sporen == {werk.spoor.trace_id}  # and by it who asked, and why


async def test_the_next_portion_comes_from_the_index_of_what_is_open(batches: Batches, opslag: Opslag) -> None:
    """Without it each portion would walk past everything that was answered."""

    def plan(conn: Connection) -> str:
        if conn.dialect.name == "postgresql":
            conn.execute(text("SET LOCAL enable_seqscan = off"))
            conn.execute(text("SET LOCAL enable_sort = off"))
        vraag = module.next_open("x").compile(dialect=conn.dialect, compile_kwargs={"literal_binds": True})
        uitleg = "EXPLAIN QUERY PLAN" if conn.dialect.name == "sqlite" else "EXPLAIN"
        return repr(conn.exec_driver_sql(f"{uitleg} {vraag}").all())

    assert "ix_batchvraag_open" in await opslag.read(plan)


async def test_a_partij_waits_for_its_pace_and_another_does_not(opslag: Opslag, kluis: Kluis, klok: Klok) -> None:
    """One portion of two, which is what a minute allows; then nothing of that partij until the minute is over."""
    wie = (replace(_WIE, weg=Weg.API), replace(_WIE, partij="0363", weg=Weg.API))
    machtigingen = [Machtiging(een.partij, Richting.BEVRAGEN, "woonplaats-batch:jeugdwet") for een in wie]
    bron_ = RegisterBron(Register.of((), (), machtigingen))
    batches = Batches(opslag, kluis, bron_, Vorm(), boek=Incidentboek(), grenzen=Grenzen(batch_per_minuut=2))
    bron, werk = Bron(), []
    for een in wie:
        werk.append(await batches.open(een, _WAAROM, b"d"))
        await batches.take_in(werk[-1], _lines())
    for beurt in range(1, 4):
        await batches.answer_waiting(bron)
        assert await batches.waiting() == []
        assert [(await batches.progress(een)).klaar for een in werk] == [min(2 * beurt, 5)] * 2
        klok.verschuiving_ms += 61_000
    assert Counter(bron.gevraagd) == dict.fromkeys(_BSNS, 2)


async def test_too_many_unknown_bsns_stop_the_batches_of_a_partij(opslag: Opslag, kluis: Kluis) -> None:
    """Until the operator closes the incident; what was answered stays, and then it goes on."""
    boek, wie = Incidentboek(), replace(_WIE, weg=Weg.API)
    bron_ = RegisterBron(Register.of((), (), [Machtiging("0344", Richting.BEVRAGEN, "woonplaats-batch:jeugdwet")]))
    grenzen = replace(_RUIM, onbekend_per_dag=2, batch_onbekend_procent=50)
    batches = Batches(opslag, kluis, bron_, Vorm(), boek=boek, grenzen=grenzen)
    werk, bron = await batches.open(wie, _WAAROM, b"d"), Bron()
    await batches.take_in(werk, _lines())
    bron.onbekend = set(_BSNS)
    await batches.answer_waiting(bron)
    assert await batches.progress(werk) == Stand(5, 0, 5, 2, gestopt=str(Geblokkeerd()))
    await batches.answer_waiting(bron)
    with pytest.raises(Geblokkeerd):
        await batches.run(werk, bron, lambda _stand: None)
    with pytest.raises(Geblokkeerd):
        await batches.open(wie, _WAAROM, b"een ander bestand")
    assert len(bron.gevraagd) == 2

    (geval,) = await opslag.read(find, alleen_open=True)
    assert (geval.oorzaak, geval.onderwerp) == ("opvragingen_geblokkeerd", "0344/woonplaats-batch")
    assert geval.feiten == {"onbekende_bsns": 2, "antwoorden": 2}
    await opslag.write(boek.close, geval.nummer, "uitgezocht")
    bron.onbekend = {bsn for bsn in _BSNS if bsn in bron.gevraagd}  # the others are known: no share of the rest
    await batches.answer_waiting(bron)
    assert await batches.progress(werk) == Stand(5, 0, 5, 5)
    assert sorted(bron.gevraagd) == sorted(_BSNS)


async def test_a_machtiging_that_is_withdrawn_stops_the_batch_and_closes_its_answers(
    opslag: Opslag, kluis: Kluis
) -> None:
    """After the first portion; what was answered stays, and once it is granted again the rest follows."""
    mag = Register.of((), (), [Machtiging("0344", Richting.BEVRAGEN, "woonplaats-batch:jeugdwet")])
    register, wie = RegisterBron(mag), replace(_WIE, weg=Weg.API)
    lezer = replace(wie, identiteit="oin:lezer")

    class Intrekking(Bron):
        async def fetch(self, vragen: Sequence[Feitenvraag]) -> list[Registerfeiten | Bronfout]:
            register._register = Register.of((), (), ())
            return await super().fetch(vragen)

    batches = Batches(opslag, kluis, register, Vorm(), boek=Incidentboek(), grenzen=_RUIM)
    werk, bron = await batches.open(wie, _WAAROM, b"d"), Intrekking()
    await batches.take_in(werk, _lines())
    await batches.answer_waiting(bron)
    stand = await batches.progress(werk)
    assert (len(bron.gevraagd), stand.klaar) == (2, 2)
    assert "niet gemachtigd" in stand.gestopt
    assert await batches.waiting() == []
    with pytest.raises(GeenToestemming):
        await batches.run(werk, bron, lambda _stand: None)
    with pytest.raises(GeenToestemming):
        await batches.page(werk, lezer, 0, 10)
    assert len(bron.gevraagd) == 2

    register._register = mag
    await batches.answer_waiting(Bron())
    assert await batches.progress(werk) == Stand(5, 0, 5, 5)
    assert len(await batches.page(werk, lezer, 0, 10)) == 5
    w = schema.verantwoording.c
    vraag = select(w.besluit, w.zaakkenmerk, w.reden).where(w.identiteit == "oin:lezer").order_by(w.id)
    geweigerd, gelezen = await opslag.read(lambda conn: conn.execute(vraag).all())
    assert tuple(geweigerd) == ("geweigerd: machtiging", "", "")
    assert (gelezen.besluit, gelezen.zaakkenmerk) == ("toegestaan", "Z-17")
    assert werk.spoor.trace_id in gelezen.reden


async def test_handing_in_has_the_limits_of_any_lookup(opslag: Opslag, kluis: Kluis) -> None:
    bron = RegisterBron(Register.of((), (), [Machtiging("0344", Richting.BEVRAGEN, "woonplaats-batch:jeugdwet")]))
    batches = Batches(opslag, kluis, bron, Vorm(), boek=Incidentboek(), grenzen=Grenzen(per_minuut=1))
    await batches.open(_WIE, _WAAROM, b"d")
    with pytest.raises(TeVeel):
        await batches.open(_WIE, _WAAROM, b"e")


async def test_a_batch_that_cannot_be_read_holds_up_no_other(
    batches: Batches, opslag: Opslag, caplog: pytest.LogCaptureFixture
) -> None:
    wie, werk, bron = replace(_WIE, weg=Weg.API), [], Bron()
    for digest in (b"d", b"e"):
        werk.append(await batches.open(wie, _WAAROM, digest))
        await batches.take_in(werk[-1], _lines())
    stuk = update(schema.batchvraag).where(schema.batchvraag.c.batch_id == werk[0].batch_id).values(inhoud=b"stuk")
    await opslag.write(lambda conn: conn.execute(stuk) and None)
    await batches.answer_waiting(bron)
    assert [(await batches.progress(een)).klaar for een in werk] == [0, 5]
    assert not any(bsn in caplog.text for bsn in _BSNS)


async def test_a_batch_goes_when_its_term_has_passed(batches: Batches, opslag: Opslag, klok: Klok) -> None:
    werk = await batches.open(_WIE, _WAAROM, b"d")
    await batches.take_in(werk, _lines())
    assert await opslag.write(remove_batches, 5000) == 0
    klok.verschuiving_ms += 10_000
    assert await opslag.write(remove_batches, 5000) == 1
    assert [await _count(opslag, t) for t in (schema.batch, schema.batchvraag, schema.batchregel)] == [0, 0, 0]
