"""Faults on demand: how they are written, that they repeat, and what the other side sees of each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import aiohttp
import pytest

from adapters.stufggk.server import PAD
from istandaarden.opbouw import build
from knooppunt.demo.casus import wmo_casus
from knooppunt.pki import make_demo
from knooppunt.simulatie.bediening import serve_switch
from knooppunt.simulatie.brp.server import KENT as BRP_KENT
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.grootboek import Richting
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.storing import Storingen, Storingsfout, Storingsoort, Verkeerd, read_storing
from knooppunt.simulatie.stuf import StufPartij
from knooppunt.simulatie.verlopen import expired_client, expiring_server
from knooppunt.simulatie.verzending import StufZender
from knooppunt.tls import client_context, server_context
from routing.poorten import Uitkomst, Uitkomstsoort

CASUS = wmo_casus(date(2026, 3, 4))
PAYLOAD = build(CASUS.berichtsoort("315"), CASUS.inhoud("315"))


def test_a_fault_is_read_with_its_value_its_turn_and_what_it_is_about() -> None:
    storing = read_storing("laat:200ms@0.1/WMO*")
    assert (storing.soort, storing.seconden, storing.aandeel) == (Storingsoort.LAAT, 0.2, 0.1)
    assert storing.fits("WMO301")
    assert not storing.fits("JW301")
    assert not storing.fits(None)
    assert read_storing("fout:503@3").elke == 3
    assert read_storing("fout").status == 500
    assert read_storing("verkeerd:dubbel").verkeerd is Verkeerd.DUBBEL


@pytest.mark.parametrize(
    "tekst",
    ["", "stuk", "laat:5", "laat:9999s", "fout:200", "fout:x", "kwijt:3", "kwijt@0", "kwijt@1.5", "kwijt@0.0",
     "verkeerd:iets", "verlopen/WMO301", "laat:5s@0.1@3", "kwijt/WMO 301", "laat:٥s"],
)  # fmt: skip
def test_a_fault_that_cannot_be_read_is_named_in_dutch(tekst: str) -> None:
    with pytest.raises(Storingsfout, match="is niet te lezen"):
        read_storing(tekst)


def test_the_same_seed_strikes_the_same_ones_and_another_seed_others() -> None:
    def lot(zaad: int) -> list[bool]:
        storingen = Storingen([read_storing("kwijt@0.3")], zaad=zaad)
        return [storingen.draw("WMO301") is not None for _ in range(200)]

    assert lot(1) == lot(1)
    assert lot(1) != lot(2)
    assert 30 < sum(lot(1)) < 90


def test_every_third_is_counted_per_fault_and_among_what_fits() -> None:
    storingen = Storingen([read_storing("fout@3/WMO301")])
    beurten = [storingen.draw(functie) is not None for functie in ("WMO301", "JW301", "WMO301", "JW301", "WMO301")]
    assert beurten == [False, False, False, False, True]
    assert storingen.getroffen == {"fout@3/WMO301": 1}


def test_a_kind_that_a_partij_cannot_have_is_refused_and_changes_nothing() -> None:
    storingen = Storingen([read_storing("laat:1s")], kent=frozenset({Storingsoort.LAAT}))
    with pytest.raises(Storingsfout, match="kan de storing fout niet spelen; wel: laat"):
        storingen.switch([read_storing("fout")])
    assert [s.tekst for s in storingen.regels] == ["laat:1s"]
    for vreemd in ("graphql:half", "verkeerd:dubbel"):
        with pytest.raises(Storingsfout, match="kan de storing"):
            Storingen([read_storing(vreemd)], kent=BRP_KENT)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    map_ = tmp_path_factory.mktemp("pki")
    make_demo(map_, [("gemeente", "00000001999999990193"), ("aanbieder", "00000001999999991001")])
    return map_


@asynccontextmanager
async def _pair(pki: Path, *storingen: str) -> AsyncIterator[tuple[StufPartij, StufPartij]]:
    """A gemeente with faults, and an aanbieder without; each is the other's hub."""
    eigen = credentials(pki / "gemeente.pem", pki / "gemeente.key", pki / "ca.pem")
    ander = credentials(pki / "aanbieder.pem", pki / "aanbieder.key", pki / "ca.pem")
    lot = Storingen(map(read_storing, storingen))
    gemeente = StufPartij(
        CASUS.gemeente, "g", server=expiring_server(eigen, lot), client=client_context(eigen), storingen=lot
    )
    aanbieder = StufPartij(CASUS.aanbieder, "a", server=server_context(ander), client=client_context(ander))
    try:
        aanbieder.connect_hub((await gemeente.start()).removesuffix(PAD))
        gemeente.connect_hub((await aanbieder.start()).removesuffix(PAD))
        yield gemeente, aanbieder
    finally:
        await gemeente.close()
        await aanbieder.close()


async def _offer(gemeente: StufPartij, pki: Path, functie: str = "WMO315") -> Uitkomst:
    context = client_context(credentials(pki / "aanbieder.pem", pki / "aanbieder.key", pki / "ca.pem"))
    zender = StufZender(gemeente.url, context)
    try:
        return await zender.send(compose_envelop(van=CASUS.aanbieder, naar=CASUS.gemeente, functie=functie), PAYLOAD)
    finally:
        await zender.close()


@pytest.mark.parametrize(
    ("storing", "soort", "geboekt"),
    [
        ("laat:1ms", Uitkomstsoort.BEZORGD, 1),
        ("kwijt", Uitkomstsoort.TIJDELIJK, 1),
        ("fout:503", Uitkomstsoort.TIJDELIJK, 0),
        ("afgebroken", Uitkomstsoort.TIJDELIJK, 0),
        ("wartaal", Uitkomstsoort.TIJDELIJK, 1),
        ("verlopen", Uitkomstsoort.TIJDELIJK, 0),
        ("fout/JW315", Uitkomstsoort.BEZORGD, 1),
    ],
)
async def test_what_a_fault_does_to_the_answer_and_to_the_ledger(
    pki: Path, storing: str, soort: Uitkomstsoort, geboekt: int
) -> None:
    async with _pair(pki, storing) as (gemeente, _):
        assert (await _offer(gemeente, pki)).soort is soort
        assert len(gemeente.grootboek.of(Richting.ONTVANGEN)) == geboekt


async def test_a_lost_answer_is_made_good_by_offering_again_and_booked_once(pki: Path) -> None:
    async with _pair(pki, "kwijt@2", "fout@3") as (gemeente, aanbieder):
        gemeente.storingen.draw("WMO315")  # so that the first offer is the second turn
        verzending = await aanbieder.send("WMO315", PAYLOAD, gemeente.code)
        assert verzending.uitkomst.soort is Uitkomstsoort.BEZORGD
        assert len(gemeente.grootboek.of(Richting.ONTVANGEN)) == 1
        assert gemeente.grootboek.herhalingen >= 1


@pytest.mark.parametrize("wat", list(Verkeerd))
async def test_a_wrong_retour_is_wrong_in_the_way_that_was_asked(pki: Path, wat: Verkeerd) -> None:
    async with _pair(pki, f"verkeerd:{wat}") as (gemeente, aanbieder):
        verzending = await aanbieder.send("WMO315", PAYLOAD, gemeente.code)
        eerste = await aanbieder.grootboek.wait_for(lambda b: b.functie == "WMO316", 20)
        wijst_goed = eerste.envelop.stuurgegevens.cross_ref == verzending.referentienummer
        assert wijst_goed == (wat is not Verkeerd.VERWIJZING)
        assert eerste.payload.endswith(b">\n") == (wat is not Verkeerd.INHOUD)
        if wat is Verkeerd.DUBBEL:
            tweede = await aanbieder.grootboek.wait_for(lambda b: b.referentienummer != eerste.referentienummer, 20)
            assert tweede.payload == eerste.payload


async def test_faults_are_switched_while_the_partij_runs(pki: Path) -> None:
    async with (
        _pair(pki) as (gemeente, _),
        serve_switch(gemeente.storingen, 0) as adres,
        aiohttp.ClientSession() as sessie,
    ):
        assert (await _offer(gemeente, pki)).soort is Uitkomstsoort.BEZORGD
        async with sessie.put(adres, data="fout:503/WMO315\n\nlaat:1ms\n") as antwoord:
            assert antwoord.status == 200
        assert (await _offer(gemeente, pki)).http_status == 503
        async with sessie.get(adres) as antwoord:
            assert (await antwoord.text()).splitlines()[0] == "fout:503/WMO315  (trof 1 maal)"
        async with sessie.put(adres, data="stuk") as antwoord:
            assert antwoord.status == 400
            assert "is niet te lezen" in await antwoord.text()
        async with sessie.delete(adres) as antwoord:
            assert await antwoord.text() == "Geen storingen.\n"
        assert (await _offer(gemeente, pki)).soort is Uitkomstsoort.BEZORGD


async def test_a_web_page_elsewhere_cannot_switch_faults() -> None:
    async with (
        serve_switch(Storingen(), 0) as adres,
        aiohttp.ClientSession() as sessie,
        sessie.get(adres, headers={"Host": "kwaad.example"}) as antwoord,
    ):
        assert antwoord.status == 403


async def test_an_expired_client_certificate_is_not_let_in(pki: Path) -> None:
    async with _pair(pki) as (gemeente, _):
        eigen = credentials(pki / "aanbieder.pem", pki / "aanbieder.key", pki / "ca.pem")
        zender = StufZender(gemeente.url, expired_client(eigen))
        envelop = compose_envelop(van=CASUS.aanbieder, naar=CASUS.gemeente, functie="WMO315")
        uitkomst = await zender.send(envelop, PAYLOAD)
        await zender.close()
        assert uitkomst.soort is Uitkomstsoort.TIJDELIJK
        assert not gemeente.grootboek.boekingen
