"""SVB, VWS, CAK and CBS through a running hub: the whole of a pgb, before and after the going over."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from pgbketen import GEDULD, GEMEENTE, Pgbketen, ieb, ipgb501, tkb

from istandaarden.retour import build_retour
from istandaarden.toets import validate
from knooppunt.simulatie.klok import today
from knooppunt.simulatie.storing import read_storing
from routing.poorten import Uitkomstsoort

DAG = timedelta(days=1)


@pytest.fixture
async def keten(tmp_path: Path) -> AsyncIterator[Pgbketen]:
    async with Pgbketen(tmp_path) as keten:
        yield keten


async def test_a_gemeente_goes_from_the_svb_to_vws(keten: Pgbketen):
    vandaag = today()
    einde = vandaag + 10 * DAG
    zend = keten.gemeente.send

    inhoud = tkb("SVB-1", vandaag, einde)
    oud = await zend("TKB001-0100", inhoud, "SVB", release="1.0")
    assert (await keten.arrived("SVB", oud.referentienummer)).payload == inhoud
    vroeg = await zend("WMO501", ipgb501("VWS-0", vandaag, einde), "VWS", release="2.1")
    fout = (await keten.got("Fo01", vroeg.referentienummer)).envelop.fout
    assert fout is not None
    assert fout.code == "IB023"
    assert "geen overstapdatum" in fout.omschrijving

    await keten.move(vandaag)

    laat = await zend("TKB001-0100", tkb("SVB-2", vandaag, einde), "SVB", release="1.0")
    assert await keten.got("Fo01", laat.referentienummer)
    toekenning = await zend("WMO501", ipgb501("VWS-1", vandaag, einde), "VWS", release="2.1")
    retour = await keten.got("WMO502", toekenning.referentienummer)
    assert validate(retour.payload).geldig
    assert b"RetourCode>" not in retour.payload
    keten.later(days=10 + 97)
    keten.later(days=1)
    bab = await keten.got("BAB001-0100")  # of before the going over, and still home
    assert b"<Budgetnummer>SVB-1</Budgetnummer>" in bab.payload
    assert b"<Besteed>50000</Besteed>" in bab.payload
    afsluiting = await keten.got("WMO507")
    assert validate(afsluiting.payload).geldig
    for waarde in (b"VWS-1", b"FunctieBudgetBesteed>50000<", b"RedenBudgetafsluiting>1<"):
        assert waarde in afsluiting.payload

    goed = build_retour(afsluiting.payload, (), identificatie="R508", dagtekening=vandaag)
    assert goed is not None
    antwoord = await zend("WMO508", goed, "VWS", antwoord_op=afsluiting.referentienummer, release="2.1")
    assert await keten.arrived("VWS", antwoord.referentienummer)
    assert not any(partij.mislukt for partij in keten.partijen.values())


async def test_vws_tells_a_conflict_and_refuses_by_rule(keten: Pgbketen):
    vandaag = today()
    await keten.move(vandaag)

    async def grant(*args: object, **velden: object) -> bytes:
        verzonden = await keten.gemeente.send("WMO501", ipgb501(*args, **velden), "VWS", release="2.1")  # type: ignore[arg-type]  # a table of cases
        return (await keten.got("WMO502", verzonden.referentienummer)).payload

    begin, einde = vandaag - 50 * DAG, vandaag + 49 * DAG
    assert b"RetourCode>" not in await grant("B-1", begin, einde)
    assert b"9574" in await grant("B-1", einde + DAG, einde + 2 * DAG)
    assert b"9562" in await grant("B-2", einde + DAG, einde + 2 * DAG, oud="NIETS")
    assert b"9502" in await grant("B-3", begin, einde)
    assert b"RetourCode>" not in await grant("B-4", begin, einde, oud="B-1", bedrag=100)
    keten.later(days=1)
    conflict = await keten.got("WMO507")
    for waarde in (b"B-4", b"FunctieBudgetBesteed>25000<", b"RedenBudgetafsluiting>3<"):
        assert waarde in conflict.payload


async def test_the_cak_answers_and_refuses(keten: Pgbketen):
    vandaag = today()
    await keten.open_ieb()

    async def send(functie: str, nummer: int, retour: str, dag: date = vandaag) -> bytes:
        verzonden = await keten.gemeente.send(functie, ieb(functie, nummer, dag), "CAK", release="1.0")
        return (await keten.got(retour, verzonden.referentienummer)).payload

    assert b"RetourCode>" not in await send("WMO401", 1, "WMO402")
    assert b"9329" in await send("WMO401", 2, "WMO402")
    assert b"9330" in await send("WMO403", 7, "WMO404")
    assert b"9328" in await send("WMO403", 1, "WMO404", vandaag - DAG)
    assert b"RetourCode>" not in await send("WMO403", 1, "WMO404")
    assert b"RetourCode>" not in await send("WMO401", 2, "WMO402")
    assert b"9114" in await send("WMO401", 3, "WMO402", vandaag - 400 * DAG)
    assert b"9115" in await send("WMO403", 2, "WMO404", vandaag + 40 * DAG)
    kapot = ieb("WMO401", 3, vandaag).replace(b"EbStartdatum>", b"EbBegin>")
    verzonden = await keten.gemeente.send("WMO401", kapot, "CAK", release="1.0")
    fout = (await keten.got("Fo01", verzonden.referentienummer)).envelop.fout
    assert fout is not None
    assert fout.code == "IB001"
    assert keten.partijen["CAK"].grootboek.received(verzonden.referentienummer) is None


async def test_what_the_cbs_cannot_read_comes_back_with_its_own_fo01(keten: Pgbketen):
    verzonden = await keten.gemeente.send("Dummy", b"a;b\r\n1\r\n", "CBS", release="2.2", bestandsnaam="opgave.csv")
    assert await keten.arrived("CBS", verzonden.referentienummer)
    foutbericht = await keten.got("Fo01", verzonden.referentienummer)
    assert foutbericht.envelop.stuurgegevens.zender.organisatie == "CBS"
    assert foutbericht.envelop.fout is not None
    assert foutbericht.envelop.fout.code == "IB001"


async def test_what_only_vws_can_judge_comes_back_with_its_own_ib001(keten: Pgbketen):
    vandaag = today()
    await keten.move(vandaag)
    vreemd = ipgb501("B-1", vandaag, vandaag).replace(b"Zorgfunctie>", b"Functiecode>")
    verzonden = await keten.gemeente.send("WMO501", vreemd, "VWS", release="2.1")
    assert await keten.arrived("VWS", verzonden.referentienummer)
    foutbericht = await keten.got("Fo01", verzonden.referentienummer)
    assert foutbericht.envelop.stuurgegevens.zender.organisatie == "VWS"
    assert foutbericht.envelop.fout is not None
    assert foutbericht.envelop.fout.code == "IB001"


_AAN = {"SVB": ("TKB001-0100", "1.0"), "VWS": ("WMO508", "2.1"), "CAK": ("WMO405", "4.0"), "CBS": ("Dummy", "2.2")}


async def offer(keten: Pgbketen, code: str) -> str:
    """Send a ketenpartij something that gets no answer, and return its referentienummer."""
    functie, release = _AAN[code]
    verzending = await keten.gemeente.send(
        functie,
        b"a;b\r\n" if code == "CBS" else tkb("X", today(), today()),
        code,
        antwoord_op=str(uuid.uuid4()) if functie == "WMO508" else None,
        release=release,
        bestandsnaam="opgave.csv" if code == "CBS" else None,
    )
    assert verzending.uitkomst.soort is Uitkomstsoort.BEZORGD
    return verzending.referentienummer


async def until(waar: Callable[[], object]) -> None:
    """Wait for what tells nobody: a fault strikes in the handshake, a repetition is only counted."""
    async with asyncio.timeout(GEDULD):
        while not waar():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("storing", "herhaald"),
    [
        ("laat:2s", True),
        ("kwijt", True),
        ("wartaal", True),
        ("fout:500", False),
        ("afgebroken", False),
        ("verlopen", False),
    ],
)
@pytest.mark.parametrize("code", _AAN)
async def test_a_ketenpartij_that_fails_gets_it_again_and_has_it_once(
    keten: Pgbketen,
    code: str,
    storing: str,
    herhaald: bool,  # noqa: FBT001 - a table
):
    keten.storingen[code].switch([read_storing(storing)])
    nummer = await offer(keten, code)
    await until(lambda: keten.storingen[code].getroffen)
    keten.storingen[code].switch([])
    await keten.arrived(code, nummer)
    grootboek = keten.partijen[code].grootboek
    if herhaald:
        await until(lambda: grootboek.herhalingen)
    assert sum(b.referentienummer == nummer for b in grootboek.boekingen) == 1


@pytest.mark.parametrize("code", _AAN)
async def test_a_ketenpartij_that_refuses_is_told_to_the_gemeente(keten: Pgbketen, code: str):
    keten.storingen[code].switch([read_storing("fout:400")])
    nummer = await offer(keten, code)
    fout = (await keten.got("Fo01", nummer)).envelop.fout
    assert fout is not None
    assert fout.code == "KNP002"


async def grant(keten: Pgbketen, storing: str) -> str:
    """Send VWS a good 501 while it answers wrongly; return its referentienummer."""
    await keten.move(today())
    keten.storingen["VWS"].switch([read_storing(storing)])
    inhoud = ipgb501("B-1", today(), today())
    return (await keten.gemeente.send("WMO501", inhoud, "VWS", release="2.1")).referentienummer


async def test_a_502_about_an_unknown_bericht_is_delivered(keten: Pgbketen):
    nummer = await grant(keten, "verkeerd:verwijzing")
    assert (await keten.got("WMO502")).envelop.stuurgegevens.cross_ref != nummer


async def test_a_502_that_is_no_xml_is_refused_and_vws_is_told(keten: Pgbketen):
    await grant(keten, "verkeerd:inhoud")
    fout = await keten.partijen["VWS"].grootboek.wait_for(lambda b: b.functie == "Fo01", GEDULD)
    assert fout.envelop.fout is not None
    assert fout.envelop.fout.code == "IB001"
    assert not [b for b in keten.gemeente.grootboek.boekingen if b.functie == "WMO502"]


async def test_a_502_under_two_numbers_is_delivered_twice(keten: Pgbketen):
    nummer = await grant(keten, "verkeerd:dubbel")
    await until(lambda: keten.gemeente.grootboek.count_answers(nummer) == 2)


@pytest.mark.parametrize(
    ("van", "naar", "functie", "release", "inhoud", "naam"),
    [
        (GEMEENTE, "SVB", "TKB001-0100", "1.0", b"<TKB>", None),
        (GEMEENTE, "SVB", "TKB002-0100", "1.0", b"1;2", "toekenning.xml"),
        ("SVB", GEMEENTE, "BAB001-0100", "1.0", b"BAB", None),
        (GEMEENTE, "CBS", "Dummy", "2.2", b"geen pdf", "opgave.pdf"),
    ],
)
async def test_a_file_that_is_not_what_it_says_goes_no_further(
    keten: Pgbketen, *, van: str, naar: str, functie: str, release: str, inhoud: bytes, naam: str | None
):
    partijen = {GEMEENTE: keten.gemeente, **keten.partijen}
    verzonden = await partijen[van].send(functie, inhoud, naar, release=release, bestandsnaam=naam)
    foutbericht = await partijen[van].grootboek.wait_for(
        lambda b: b.envelop.stuurgegevens.cross_ref == verzonden.referentienummer, GEDULD
    )
    assert foutbericht.envelop.fout is not None
    assert foutbericht.envelop.fout.code == "IB001"
    assert partijen[naar].grootboek.received(verzonden.referentienummer) is None
