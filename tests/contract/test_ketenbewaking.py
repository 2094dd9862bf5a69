"""The chain watch on both databases: what waits, since when, what ends it, and who may see it."""

from __future__ import annotations

import time
import uuid
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from inleveren import ANDER, CERT, Inleveraar, break_schema
from sqlalchemy import Connection, select
from verhaal import AANBIEDER, BSN, GEMEENTE, Verhaal

from istandaarden.catalogus import ingebouwd
from istandaarden.schakels import Rol, Schakel, Schakelsoort
from istandaarden.voorbeeld import make_voorbeeld
from knooppunt import inzicht
from knooppunt.ketenzicht import Openvraag, Schakelpunt, Wacht, count_late, open_terms, timeline
from routing import schema
from routing.bericht import Aanlevering, Berichtcode, Envelop, Foutinhoud, Stuurgegevens, Systeem
from routing.fouten import make_fout
from routing.herzending import resend
from routing.ketenbewaking.kalender import Kalender, start_of
from routing.ketenbewaking.ketenboek import Ketenboek
from routing.klok import Klok
from routing.kluis import Kluis
from routing.logboek import set_status
from routing.opslag import Opslag
from routing.payload import DREMPEL, Payload
from routing.poorten import Ontvangstsoort
from routing.status import Status
from routing.vastlegging import Termijnen

DAG_MS = 86_400_000
MAANDAG = date(2026, 2, 2)
K = Kalender()
OPGEGAAN = "0457"
"""Weesp, since 24 March 2022 part of Amsterdam (`GEMEENTE`)."""


class Hub(Inleveraar):
    """An intake, and the chain watch that looks at what it stored."""

    def __init__(self, opslag: Opslag, sleutels: Path, klok: Klok) -> None:
        super().__init__(opslag, Kluis.create(sleutels))
        self.klok = klok
        self.travel(MAANDAG)

    def travel(self, dag: date) -> None:
        """Make it ten in the morning of a day."""
        self.klok.verschuiving_ms = start_of(dag) + 10 * 3_600_000 - round(time.time() * 1000)

    async def fault(self, van: str, naar: str, over: str) -> None:
        """Hand in a Fo01 of a partij."""
        inhoud = Foutinhoud("StUF055", "client", "Onleesbaar")
        sg = Stuurgegevens(
            Berichtcode.FO01, Systeem(van, "App"), Systeem(naar), str(uuid.uuid4()), "20260202100000", over
        )
        payload = Payload(b"<b/>")
        ontvangst = await self.intake.accept(Aanlevering(Envelop(sg, fout=inhoud), payload, CERT[van], "stuf"))
        assert ontvangst.soort is Ontvangstsoort.AANGENOMEN

    async def waits(self, *partijen: str, **anders: Any) -> list[Wacht]:
        vraag = Openvraag(partijen=frozenset(partijen) if partijen else None, **anders)
        return list(await self.opslag.read(open_terms, K, vraag))

    async def rules(self) -> list[str]:
        return [w.regel for w in await self.waits()]

    async def case(self, nummer: str, *partijen: str) -> tuple[Schakelpunt, ...]:
        def read(conn: Connection) -> tuple[Schakelpunt, ...]:
            bericht = inzicht.find(conn, nummer)
            return timeline(conn, K, bericht, frozenset(partijen) if partijen else None)

        return await self.opslag.read(read)

    async def id_of(self, nummer: str) -> str:
        return (await self.opslag.read(inzicht.find, nummer)).id


@pytest.fixture
async def hub(opslag: Opslag, klok: Klok, tmp_path: Path) -> Hub:
    hub = Hub(opslag, tmp_path / "sleutels", klok)
    await hub.register()
    return hub


@pytest.fixture
def v() -> Verhaal:
    return Verhaal("iwmo")


async def test_a_heenbericht_waits_until_its_retour_is_there(hub: Hub, v: Verhaal) -> None:
    heen = v.wijs_toe()
    nummer = await hub.send(heen)
    (wacht,) = await hub.waits()
    assert (wacht.referentienummer, wacht.wat, wacht.regel) == (nummer, "WMO302", "OP090")
    assert (wacht.vanaf, wacht.uiterlijk, wacht.te_laat) == (MAANDAG, date(2026, 2, 5), False)
    assert not await hub.waits(alleen_te_laat=True)
    hub.travel(date(2026, 2, 9))
    (wacht,) = await hub.waits(alleen_te_laat=True)
    assert (wacht.te_laat, wacht.werkdagen_te_laat) == (True, 2)
    assert await hub.opslag.read(count_late, K) == {("WMO301", "OP090"): 1}
    retour = await hub.send(v.retour(heen), over=nummer)
    assert not await hub.waits()
    assert not await hub.opslag.read(count_late, K)
    eerste, tweede = await hub.case(nummer)
    assert [(w.afloop, w.door, w.te_laat) for w in eerste.wacht] == [("beantwoord", retour, True)]
    assert (tweede.bericht.referentienummer, tweede.wacht) == (retour, ())


async def test_without_a_known_crossrefnummer_the_keys_inside_link(hub: Hub, v: Verhaal) -> None:
    een, twee = v.wijs_toe(), v.wijs_toe()
    await hub.send(een)
    nummer = await hub.send(twee)
    await hub.send(v.retour(een))
    assert [w.referentienummer for w in await hub.waits()] == [nummer]


async def test_a_crossrefnummer_goes_before_the_keys_inside(hub: Hub, v: Verhaal) -> None:
    een = await hub.send(v.wijs_toe(identificatie="7"))
    twee = v.wijs_toe(identificatie="7")
    nummer = await hub.send(twee)
    await hub.send(v.retour(twee, "9056"), over=nummer)
    assert [w.referentienummer for w in await hub.waits()] == [een]


async def test_used_before_without_a_crossrefnummer_answers_nobody(hub: Hub, v: Verhaal) -> None:
    heen = v.wijs_toe()
    nummer = await hub.send(heen)
    await hub.send(v.retour(heen, "9056"))
    assert [w.referentienummer for w in await hub.waits()] == [nummer]


async def test_a_correction_with_the_same_identificatie_waits_for_a_retour_of_its_own(hub: Hub, v: Verhaal) -> None:
    fout, goed = v.wijs_toe(identificatie="7"), v.wijs_toe(identificatie="7")
    eerste = await hub.send(fout)
    await hub.send(v.retour(fout, "0001"))
    assert not await hub.waits()
    nummer = await hub.send(goed)
    assert [w.referentienummer for w in await hub.waits()] == [nummer]
    zaak = {p.bericht.referentienummer: [w.afloop for w in p.wacht] for p in await hub.case(nummer)}
    assert (zaak[eerste], zaak[nummer]) == (["beantwoord"], ["wacht"])
    await hub.send(v.retour(goed))
    assert not await hub.waits()


async def test_a_correction_of_a_request_is_not_refused_by_the_retour_before_it(hub: Hub, v: Verhaal) -> None:
    fout, goed = v.vraag(identificatie="7"), v.vraag({"ReferentieAanbieder": "VOT-2"}, identificatie="7")
    await hub.send(fout)
    await hub.send(v.retour(fout, "0001"))
    nummer = await hub.send(goed)
    assert [(w.referentienummer, w.regel) for w in await hub.waits()] == [(nummer, "OP090"), (nummer, "OP274")]
    await hub.send(v.retour(goed, "0001"))
    assert not await hub.waits()


async def test_a_retour_that_names_no_bericht_leaves_an_earlier_one_waiting(hub: Hub, v: Verhaal) -> None:
    een, twee = v.vraag(identificatie="7"), v.vraag({"ReferentieAanbieder": "VOT-2"}, identificatie="7")
    nummer = await hub.send(een)
    await hub.send(twee)
    await hub.send(v.retour(twee, "0001"))
    assert [(w.referentienummer, w.regel) for w in await hub.waits()] == [(nummer, "OP090"), (nummer, "OP274")]
    drie = v.vraag({"ReferentieAanbieder": "VOT-3"}, identificatie="7")
    await hub.send(drie)
    await hub.send(v.retour(drie))
    assert [(w.referentienummer == nummer, w.regel) for w in await hub.waits()] == [
        (True, "OP090"),
        (True, "OP274"),
        (False, "OP274"),
    ]


@pytest.mark.parametrize("met_crossref", [True, False])
async def test_an_answer_to_a_declaratie_is_not_about_a_later_one(hub: Hub, v: Verhaal, *, met_crossref: bool) -> None:
    een, twee = v.declareer(identificatie="7"), v.declareer(identificatie="7", nummer="D2")
    nummer = await hub.send(een)
    if met_crossref:
        tweede = await hub.send(twee)
        await hub.send(v.beantwoord(een), over=nummer)
    else:
        await hub.send(v.beantwoord(een))
        tweede = await hub.send(twee)
    assert [w.referentienummer for w in await hub.waits()] == [tweede]
    await hub.send(v.beantwoord(twee, nummer="D2"), over=tweede if met_crossref else None)
    assert not await hub.waits()


async def test_a_retour_before_its_heenbericht(hub: Hub, v: Verhaal) -> None:
    heen = v.wijs_toe()
    await hub.send(v.retour(heen))
    await hub.send(heen)
    assert not await hub.waits()


async def test_a_retour_that_comes_twice(hub: Hub, v: Verhaal) -> None:
    heen = v.wijs_toe()
    nummer = await hub.send(heen)
    retour = v.retour(heen)
    terug = await hub.send(retour, over=nummer)
    assert await hub.send(retour, over=nummer, nummer=terug) == terug
    assert hub.ontvangst.soort is Ontvangstsoort.HERHAALD
    await hub.send(retour, over=nummer)
    assert not await hub.waits()
    assert len(await hub.case(nummer)) == 3


async def test_a_retour_of_another_aanbieder_ends_nothing(hub: Hub, v: Verhaal) -> None:
    heen = v.wijs_toe()
    nummer = await hub.send(heen)
    vals = v.retour(heen).replace(AANBIEDER.encode(), ANDER.encode())
    await hub.send(vals, van=ANDER)
    await hub.send(vals, van=ANDER, over=nummer)
    assert [w.referentienummer for w in await hub.waits()] == [nummer]
    assert len(await hub.case(nummer)) == 1


async def test_a_heenbericht_that_is_refused_never_waits(hub: Hub, v: Verhaal) -> None:
    nummer = await hub.send(break_schema(v.wijs_toe()))
    assert (await hub.opslag.read(inzicht.find, nummer)).status == "Afgekeurd"
    assert not await hub.waits()
    goed = await hub.send(v.wijs_toe(), nummer=nummer)
    assert [w.referentienummer for w in await hub.waits()] == [goed]  # the Fo01 was about the first try


async def test_a_fault_message_of_the_ontvanger_ends_the_waiting(hub: Hub, v: Verhaal) -> None:
    nummer = await hub.send(v.wijs_toe())
    await hub.fault(AANBIEDER, GEMEENTE, nummer)
    assert not await hub.waits()
    eerste, _ = await hub.case(nummer)
    assert [w.afloop for w in eerste.wacht] == ["geëindigd met een foutbericht"]


async def test_a_bericht_that_is_offered_again_waits_again_from_that_day(hub: Hub, v: Verhaal) -> None:
    heen = v.wijs_toe()
    nummer = await hub.send(heen)
    wie = await hub.id_of(nummer)
    termijnen = Termijnen(DAG_MS, DAG_MS)

    def give_up(conn: Connection) -> None:
        conn.execute(sa.update(schema.aflevering).values(open=False))
        set_status(conn, wie, Status.BEZORGING_AFGEBROKEN)
        hub.foutmelder.report_failure(conn, wie, make_fout("bezorging_gestaakt", "B"))

    await hub.opslag.write(give_up)
    assert not await hub.waits()
    hub.travel(date(2026, 2, 9))
    await hub.opslag.write(lambda conn: resend(conn, wie, termijnen, "test", register=hub.bron.current()))
    (wacht,) = await hub.waits()
    assert (wacht.referentienummer, wacht.vanaf, wacht.uiterlijk) == (nummer, date(2026, 2, 9), date(2026, 2, 12))
    assert [w.afloop for punt in await hub.case(nummer) for w in punt.wacht] == ["wacht"]
    hub.travel(date(2026, 2, 13))
    await hub.opslag.write(give_up)  # once more in vain
    assert not await hub.waits()
    await hub.opslag.write(lambda conn: resend(conn, wie, termijnen, "test", register=hub.bron.current()))
    assert [w.vanaf for w in await hub.waits()] == [date(2026, 2, 13)]
    await hub.send(v.retour(heen), over=nummer)
    assert not await hub.waits()


async def test_a_fault_message_about_a_retour_lets_the_heenbericht_wait_again(hub: Hub, v: Verhaal) -> None:
    heen = v.wijs_toe()
    nummer = await hub.send(heen)
    terug = await hub.send(v.retour(heen), over=nummer)
    await hub.fault(GEMEENTE, AANBIEDER, terug)
    assert [w.referentienummer for w in await hub.waits()] == [nummer]
    await hub.send(v.retour(heen), over=nummer)
    assert not await hub.waits()


async def test_a_retour_that_cannot_be_delivered_lets_the_heenbericht_wait_again(hub: Hub, v: Verhaal) -> None:
    heen = v.wijs_toe()
    nummer = await hub.send(heen)
    terug = await hub.id_of(await hub.send(v.retour(heen)))
    await hub.opslag.write(hub.foutmelder.report_failure, terug, make_fout("bezorging_gestaakt", "B"))
    assert [w.referentienummer for w in await hub.waits()] == [nummer]


async def test_a_declaratie_waits_for_its_answer_by_the_keys_inside(hub: Hub, v: Verhaal) -> None:
    een, twee = v.declareer(), v.declareer(nummer="D2")
    nummer = await hub.send(een)
    ander = await hub.send(twee)
    wacht, _ = await hub.waits()
    assert (wacht.wat, wacht.regel, wacht.uiterlijk) == ("WMO325", "OP090x4", date(2026, 2, 16))
    antwoord = await hub.send(v.beantwoord(een))
    assert [w.referentienummer for w in await hub.waits()] == [ander]
    assert [p.bericht.referentienummer for p in await hub.case(nummer)] == [nummer, antwoord]


async def test_a_request_is_followed_to_its_toewijzing(hub: Hub, v: Verhaal) -> None:
    vraag = v.vraag({}, {"ReferentieAanbieder": "VOT-2"}, dag=MAANDAG)
    nummer = await hub.send(vraag)
    assert await hub.rules() == ["OP090", "OP274", "OP274"]  # per product
    await hub.send(v.retour(vraag), over=nummer)
    await hub.send(v.antwoord("1", "VOT-2"))
    assert sorted(await hub.rules()) == ["OP090", "OP274"]  # that of the 319 itself
    hub.travel(date(2026, 2, 6))
    await hub.send(v.antwoord("2"))
    wacht = next(w for w in await hub.waits() if w.regel == "OP274")
    assert (wacht.termijn, wacht.uiterlijk) == ("8 weken", date(2026, 3, 30))
    toewijzing = v.wijs_toe(v.toewijzing(ReferentieAanbieder="VOT-1"))
    await hub.send(toewijzing)
    assert set(await hub.rules()) == {"OP090"}
    start = await hub.send(v.start())
    zaak = await hub.case(start)
    assert [p.bericht.functie for p in zaak] == ["WMO315", "WMO316", "WMO319", "WMO319", "WMO301", "WMO305"]


@pytest.mark.parametrize("rotatie", [False, True])
async def test_the_successor_of_a_gemeente_decides_on_a_request_to_its_old_code(
    hub: Hub, v: Verhaal, tmp_path: Path, *, rotatie: bool
) -> None:
    vraag = v.vraag().replace(GEMEENTE.encode(), OPGEGAAN.encode())
    nummer = await hub.send(vraag, naar=OPGEGAAN)
    await hub.send(v.retour(vraag), over=nummer, van=GEMEENTE, naar=AANBIEDER)
    assert await hub.rules() == ["OP274"]
    if rotatie:
        hub.open(Kluis.create(tmp_path / "sleutels"))
    toewijzing = v.wijs_toe(v.toewijzing(ReferentieAanbieder="VOT-1"))
    besluit = await hub.send(toewijzing)
    assert await hub.rules() == ["OP090"]
    assert nummer in [p.bericht.referentienummer for p in await hub.case(besluit)]
    await hub.send(v.retour(toewijzing, "0001"), over=besluit)
    assert [(w.referentienummer, w.regel) for w in await hub.waits()] == [(nummer, "OP274")]


@pytest.mark.parametrize(("dag", "wacht"), [(date(2022, 3, 23), True), (date(2022, 3, 24), False)])
async def test_nobody_decides_for_a_gemeente_before_it_took_that_one_over(
    hub: Hub, v: Verhaal, dag: date, *, wacht: bool
) -> None:
    await hub.send(v.vraag().replace(GEMEENTE.encode(), OPGEGAAN.encode()), naar=OPGEGAAN)
    wie = await hub.id_of(await hub.send(v.antwoord("1", "VOT-2")))
    boek = Ketenboek(hub.kluis)
    besluit = boek.mark([Schakel(Schakelsoort.VERZOEK, ("iwmo", GEMEENTE, AANBIEDER, "VOT-1"), Rol.AFWIJZING)])
    sg = Stuurgegevens(Berichtcode.DI01, Systeem(GEMEENTE), Systeem(AANBIEDER), "n", "20220323100000", functie="WMO319")
    hub.travel(dag)  # no release of that day is still taken
    await hub.opslag.write(lambda conn: boek.store(conn, wie, Envelop(sg), besluit, None))
    assert ("OP274" in await hub.rules()) is wacht


async def test_a_toewijzing_that_is_refused_leaves_the_request_waiting(hub: Hub, v: Verhaal) -> None:
    vraag, toewijzing = v.vraag(), v.wijs_toe(v.toewijzing(ReferentieAanbieder="VOT-1"))
    await hub.send(v.retour(vraag), over=await hub.send(vraag))
    nummer = await hub.send(toewijzing)
    assert await hub.rules() == ["OP090"]
    await hub.send(v.retour(toewijzing, "0001"), over=nummer)
    assert await hub.rules() == ["OP274"]
    tweede = v.wijs_toe(v.toewijzing(ReferentieAanbieder="VOT-1"))
    await hub.send(tweede)
    await hub.send(v.retour(tweede))
    assert await hub.rules() == []


@pytest.mark.parametrize("met_crossref", [True, False])
async def test_a_request_that_is_refused_waits_for_nothing(hub: Hub, v: Verhaal, *, met_crossref: bool) -> None:
    vraag = v.vraag()
    nummer = await hub.send(vraag)
    await hub.send(v.retour(vraag, "0001"), over=nummer if met_crossref else None)
    assert not await hub.waits()
    eerste, _ = await hub.case(nummer)
    assert {w.regel: w.afloop for w in eerste.wacht} == {
        "OP090": "beantwoord",
        "OP274": "geëindigd: afgekeurd met een retourbericht",
    }


@pytest.mark.parametrize("met_crossref", [True, False])
async def test_a_refusal_that_comes_back_lets_all_of_the_request_wait_again(
    hub: Hub, v: Verhaal, *, met_crossref: bool
) -> None:
    vraag = v.vraag()
    nummer = await hub.send(vraag)
    terug = await hub.send(v.retour(vraag, "0001"), over=nummer if met_crossref else None)
    assert not await hub.waits()
    await hub.fault(AANBIEDER, GEMEENTE, terug)
    assert await hub.rules() == ["OP090", "OP274"]


async def test_a_start_that_is_reported_late_says_so_without_its_days(hub: Hub, v: Verhaal) -> None:
    await hub.send(v.wijs_toe())
    hub.travel(date(2026, 2, 10))
    op_tijd = await hub.send(v.start({"Begindatum": date(2026, 2, 3)}))
    terug = await hub.send(v.start({"Begindatum": MAANDAG, "StatusAanlevering": "3"}))
    laat = await hub.send(v.start({"Begindatum": MAANDAG}))
    opmerkingen = {p.bericht.referentienummer: p.opmerkingen for p in await hub.case(laat)}
    assert (opmerkingen[op_tijd], opmerkingen[terug]) == ((), ())
    assert opmerkingen[laat] == ("Deze melding van de start kwam later dan de 5 werkdagen van OP271.",)


async def test_a_start_before_a_late_toewijzing_counts_from_the_toewijzing(hub: Hub, v: Verhaal) -> None:
    hub.travel(date(2026, 2, 9))
    await hub.send(v.wijs_toe())
    hub.travel(date(2026, 2, 16))
    (punt,) = [p for p in await hub.case(await hub.send(v.start())) if p.bericht.functie == "WMO305"]
    assert punt.opmerkingen == ()


@pytest.mark.parametrize("melding", ["start", "stop"])
async def test_a_later_toewijzing_gives_a_start_or_stop_no_new_term(hub: Hub, v: Verhaal, melding: str) -> None:
    hub.travel(date(2026, 1, 5))
    await hub.send(v.wijs_toe())
    hub.travel(date(2026, 2, 20))
    await hub.send(v.wijs_toe(v.toewijzing(Toewijzingsdatum=date(2026, 2, 20), RedenWijziging="07")))
    hub.travel(date(2026, 2, 25))
    dag = {"Begindatum": date(2026, 1, 6)}
    laat = await hub.send(v.start(dag) if melding == "start" else v.stop(dag | {"Einddatum": date(2026, 2, 10)}))
    (punt,) = [p for p in await hub.case(laat) if p.bericht.referentienummer == laat]
    assert len(punt.opmerkingen) == 1


@pytest.mark.parametrize("terug", ["crossref", "sleutels", "foutbericht"])
async def test_a_toewijzing_that_came_back_assigned_nothing(hub: Hub, v: Verhaal, terug: str) -> None:
    hub.travel(date(2026, 1, 5))
    eerste = v.wijs_toe()
    nummer = await hub.send(eerste)
    if terug == "foutbericht":
        await hub.fault(AANBIEDER, GEMEENTE, nummer)
    else:
        await hub.send(v.retour(eerste, "0001"), over=nummer if terug == "crossref" else None)
    hub.travel(date(2026, 2, 20))
    await hub.send(v.wijs_toe())
    hub.travel(date(2026, 2, 25))
    op_tijd = await hub.send(v.start({"Begindatum": date(2026, 1, 6)}))
    (punt,) = [p for p in await hub.case(op_tijd) if p.bericht.referentienummer == op_tijd]
    assert punt.opmerkingen == ()


@pytest.mark.parametrize("soort", ["toewijzing", "declaratie"])
async def test_what_the_hub_answers_itself_does_not_wait(hub: Hub, v: Verhaal, soort: str) -> None:
    heen = v.wijs_toe() if soort == "toewijzing" else v.declareer()
    await hub.register(AANBIEDER if soort == "toewijzing" else GEMEENTE)
    nummer = await hub.send(heen)
    assert not await hub.waits()
    assert len(await hub.case(nummer)) == 2


async def test_a_case_stays_one_when_a_new_key_comes_in_use(hub: Hub, v: Verhaal, tmp_path: Path) -> None:
    heen = v.wijs_toe()
    nummer = await hub.send(heen)
    hub.open(Kluis.create(tmp_path / "sleutels"))
    await hub.send(v.retour(heen))
    assert not await hub.waits()
    assert len(await hub.case(nummer)) == 2
    await hub.send(v.start())
    assert len(await hub.case(nummer)) == 3


async def test_a_large_bericht_is_linked_like_a_small_one(hub: Hub) -> None:
    groot = make_voorbeeld(ingebouwd().find("WMO301", "3.2"), grootte=500)
    assert len(groot) > DREMPEL
    van, naar = (_header(groot, naam) for naam in ("Afzender", "Ontvanger"))
    data = groot.replace(van, GEMEENTE.encode()).replace(naar, AANBIEDER.encode())
    nummer = await hub.send(data)
    (wacht,) = await hub.waits()
    assert wacht.referentienummer == nummer

    def count(conn: Connection) -> int:
        return int(conn.execute(select(sa.func.count()).select_from(schema.ketenschakel)).scalar_one())

    assert await hub.opslag.read(count) > 500


def _header(data: bytes, naam: str) -> bytes:
    return data.split(f":{naam}>".encode(), 1)[1].split(b"<", 1)[0]


async def test_the_tables_hold_nothing_that_can_be_read(hub: Hub, v: Verhaal) -> None:
    await hub.send(v.vraag())
    await hub.send(v.wijs_toe(v.toewijzing(ReferentieAanbieder="VOT-1")))

    def dump(conn: Connection) -> str:
        rijen = conn.execute(select(schema.ketenschakel)).mappings()
        delen = (waarde for rij in rijen for naam, waarde in rij.items() if naam not in {"zender", "ontvanger", "id"})
        return " ".join(bytes(w).decode("latin-1") if isinstance(w, bytes | memoryview) else str(w) for w in delen)

    tekst = await hub.opslag.read(dump)
    assert "uitwisseling" in tekst
    for geheim in (BSN, "VOT-1", GEMEENTE, AANBIEDER):
        assert geheim not in tekst


async def test_a_partij_sees_both_sides_of_its_own_and_nothing_else(hub: Hub, v: Verhaal) -> None:
    heen = v.wijs_toe()
    nummer = await hub.send(heen)
    ander = v.wijs_toe().replace(AANBIEDER.encode(), ANDER.encode())
    vreemd = await hub.send(ander, naar=ANDER)
    assert [w.referentienummer for w in await hub.waits(GEMEENTE)] == [nummer, vreemd]
    assert [w.referentienummer for w in await hub.waits(AANBIEDER)] == [nummer]
    assert [w.referentienummer for w in await hub.waits(ANDER)] == [vreemd]
    assert len(await hub.waits(AANBIEDER, ANDER)) == 2
    # A bericht of its own that points at somebody else's case is not a way into it.
    wijst = await hub.send(v.start().replace(AANBIEDER.encode(), ANDER.encode()), van=ANDER, over=nummer)
    assert [p.bericht.referentienummer for p in await hub.case(wijst, ANDER)] == [vreemd, wijst]
    assert await hub.case(wijst, AANBIEDER) == ()


async def test_a_refused_bericht_is_known_to_its_zender_only(hub: Hub, v: Verhaal) -> None:
    nummer = await hub.send(break_schema(v.wijs_toe()))
    assert len(await hub.opslag.read(inzicht.visible_to, nummer, frozenset({GEMEENTE}))) == 1
    assert not await hub.opslag.read(inzicht.visible_to, nummer, frozenset({AANBIEDER}))
    assert not await hub.opslag.read(inzicht.visible_to, nummer[:8], frozenset({GEMEENTE}))


async def test_a_long_list_is_given_in_pieces_without_gaps(hub: Hub, v: Verhaal) -> None:
    nummers = [await hub.send(v.wijs_toe()) for _ in range(5)]
    gezien: list[str] = []
    na = 0
    while deel := await hub.waits(na=na, aantal=2):
        gezien += [w.referentienummer for w in deel]
        na = deel[-1].volgnummer
    assert gezien == nummers


async def test_following_the_keten_costs_few_statements(hub: Hub, v: Verhaal) -> None:
    heen = v.wijs_toe()
    kosten: list[str] = []
    sa.event.listen(
        hub.opslag._schrijfengine,
        "before_cursor_execute",
        lambda _c, _k, opdracht, *_: kosten.append(opdracht) if "ketenschakel" in opdracht else None,
    )
    nummer = await hub.send(heen)
    assert len(kosten) == 1
    await hub.send(v.retour(heen), over=nummer)
    assert len(kosten) == 3


async def test_what_waits_is_found_by_index(hub: Hub, v: Verhaal) -> None:
    for _ in range(3):
        await hub.send(v.wijs_toe())

    def plan(conn: Connection, vraag: str) -> str:
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        uitleg = "EXPLAIN QUERY PLAN " if conn.dialect.name == "sqlite" else "EXPLAIN "
        return " ".join(str(rij) for rij in conn.exec_driver_sql(uitleg + vraag))

    vraag = "SELECT id FROM ketenschakel WHERE open AND zender = '0363' ORDER BY id LIMIT 5"
    assert "ix_ketenschakel_open_zender" in await hub.opslag.read(plan, vraag)
    vraag = "SELECT id FROM ketenschakel WHERE open AND ontvanger = '0363' ORDER BY id LIMIT 5"
    assert "ix_ketenschakel_open_ontvanger" in await hub.opslag.read(plan, vraag)
