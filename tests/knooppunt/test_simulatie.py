from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from adapters.stufggk.server import PAD
from istandaarden.opbouw import build
from knooppunt.demo.casus import wmo_casus
from knooppunt.pki import make_demo
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.grootboek import Grootboek, Richting
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.stuf import StufPartij
from knooppunt.simulatie.verzending import StufZender
from knooppunt.tls import client_context, server_context
from routing.bericht import Berichtcode, Bestandsvorm
from routing.poorten import Uitkomstsoort

CASUS = wmo_casus(date(2026, 3, 4))
PAYLOAD = build(CASUS.berichtsoort("315"), CASUS.inhoud("315"))


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    map_ = tmp_path_factory.mktemp("pki")
    make_demo(map_, [("gemeente", "00000001999999990193"), ("aanbieder", "00000001999999991001")])
    return map_


@pytest.fixture
async def paar(pki: Path) -> AsyncIterator[tuple[StufPartij, StufPartij]]:
    """Two partijen that have each other as hub: what one sends, the other receives."""
    partijen = []
    for stam, code in (("gemeente", CASUS.gemeente), ("aanbieder", CASUS.aanbieder)):
        instellingen = credentials(pki / f"{stam}.pem", pki / f"{stam}.key", pki / "ca.pem")
        partijen.append(
            StufPartij(code, stam, server=server_context(instellingen), client=client_context(instellingen))
        )
    gemeente, aanbieder = partijen
    aanbieder.connect_hub((await gemeente.start()).removesuffix(PAD))
    gemeente.connect_hub((await aanbieder.start()).removesuffix(PAD))
    yield gemeente, aanbieder
    for partij in partijen:
        await partij.close()


async def test_a_heenbericht_is_booked_unchanged_and_answered(paar: tuple[StufPartij, StufPartij]) -> None:
    gemeente, aanbieder = paar
    verzending = await aanbieder.send("WMO315", PAYLOAD, gemeente.code)
    assert verzending.uitkomst.soort is Uitkomstsoort.BEZORGD
    retour = await aanbieder.grootboek.wait_for(lambda b: b.functie == "WMO316", 20)
    assert retour.envelop.stuurgegevens.cross_ref == verzending.referentienummer
    assert retour.envelop.stuurgegevens.berichtcode is Berichtcode.DU01
    aangekomen = gemeente.grootboek.received(verzending.referentienummer)
    assert aangekomen is not None
    assert aangekomen.payload == PAYLOAD
    verstuurd = gemeente.grootboek.sent(retour.referentienummer)
    assert verstuurd is not None
    assert verstuurd.digest == retour.digest
    assert gemeente.grootboek.count_answers(verzending.referentienummer) == 0
    assert aanbieder.grootboek.count_answers(verzending.referentienummer) == 1


async def test_the_same_bericht_twice_is_booked_once_and_another_under_its_number_is_refused(
    paar: tuple[StufPartij, StufPartij], pki: Path
) -> None:
    gemeente, aanbieder = paar
    context = client_context(credentials(pki / "aanbieder.pem", pki / "aanbieder.key", pki / "ca.pem"))
    zender = StufZender(gemeente.url, context)
    envelop = compose_envelop(van=aanbieder.code, naar=gemeente.code, functie="WMO316")
    try:
        for _ in range(2):
            assert (await zender.send(envelop, PAYLOAD)).soort is Uitkomstsoort.BEZORGD
        anders = await zender.send(envelop, PAYLOAD.replace(b"Johanna", b"Jacoba"))
    finally:
        await zender.close()
    assert anders.soort is Uitkomstsoort.BLIJVEND
    assert anders.fout is not None
    assert anders.fout.code == "StUF016"
    assert len(gemeente.grootboek.of(Richting.ONTVANGEN)) == 1
    assert gemeente.grootboek.herhalingen == 2


async def test_a_partij_can_be_down_and_come_back_on_its_address(paar: tuple[StufPartij, StufPartij]) -> None:
    gemeente, aanbieder = paar
    adres = gemeente.url
    await gemeente.stop()
    verstuurd = asyncio.Event()
    aanbieder.grootboek.meld = lambda _: verstuurd.set()
    bezig = asyncio.create_task(aanbieder.send("WMO315", PAYLOAD, gemeente.code))
    await verstuurd.wait()
    assert not gemeente.grootboek.boekingen
    assert await gemeente.start() == adres
    assert (await bezig).uitkomst.soort is Uitkomstsoort.BEZORGD


async def test_a_partij_without_a_hub_says_so(pki: Path) -> None:
    instellingen = credentials(pki / "gemeente.pem", pki / "gemeente.key", pki / "ca.pem")
    partij = StufPartij("0193", "x", server=server_context(instellingen), client=client_context(instellingen))
    with pytest.raises(RuntimeError, match="connect"):
        await partij.send("WMO301", b"<x/>", "99010001")


async def test_ledger_gives_up_waiting() -> None:
    with pytest.raises(TimeoutError):
        await Grootboek().wait_for(lambda _: True, 0.01)


def test_envelope_says_what_it_answers_and_which_release() -> None:
    heen = compose_envelop(van="0193", naar="99010001", functie="WMO301")
    assert heen.stuurgegevens.berichtcode is Berichtcode.DI01
    assert heen.parameters is not None
    assert (heen.parameters.functie_versie, heen.parameters.functie_subversie) == ("0003", "0002")
    retour = compose_envelop(
        van="99010001",
        naar="0193",
        functie="X",
        antwoord_op=heen.stuurgegevens.referentienummer,
        release="4",
        bestandsnaam="a.csv",
    )
    assert retour.stuurgegevens.berichtcode is Berichtcode.DU01
    assert retour.parameters is not None
    assert retour.parameters.vorm is Bestandsvorm.TEKST
    assert (retour.parameters.functie_versie, retour.parameters.functie_subversie) == ("0004", "0000")
