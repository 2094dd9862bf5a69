"""The hub beside the straight line, everything on: what authorisation, encryption, order and history cost.

Both sides listen and deliver over mutual TLS with the same certificates, on the same kind of database, and get the same
berichten from the same process, in turns. Nothing here asserts a time, only ratios within one run, and those only where
something must be broken; a target is printed with whether it is met, and docs/prestaties.md says what was measured.
"""

from __future__ import annotations

import asyncio
import re
import statistics
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import psutil
import pytest
from lijnproef import HUB, KAAL, LIJN, ONTVANGERS, ZENDER, Lijnproef, Meting, other_schema, spread
from proefhub import Proefhub

from adapters.stufggk.envelop_schrijven import compose
from adapters.stufggk.server import PAD
from istandaarden.catalogus import ingebouwd
from istandaarden.voorbeeld import make_voorbeeld
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.verzending import StufZender
from routing.payload import Payload
from routing.poorten import Uitkomstsoort

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

_RONDES, _AANTAL, _TEGELIJK = 5, 1500, 64
_RUSTIG = 40  # berichten per second that leave room for the large one
_MIB = 1024 * 1024


@pytest.fixture(params=["sqlite-1", "sqlite-2", "postgresql-1", "postgresql-2"])
async def proef(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Lijnproef]:
    """On which database, and of how many processes the hub is."""
    databank, _, processen = str(request.param).partition("-")
    hub_url, lijn_url = None, f"sqlite:///{tmp_path / 'lijn.db'}"
    if databank == "postgresql":
        hub_url = str(request.getfixturevalue("postgres_url"))
        lijn_url = other_schema(hub_url)
    hub = await asyncio.to_thread(Proefhub, tmp_path, (ZENDER, *ONTVANGERS), hub_url)
    proef = Lijnproef(hub, lijn_url, int(processen))
    try:
        await proef.start()
        yield proef
    finally:
        await proef.close()


async def test_accepted_and_delivered_per_second_and_waiting_at_half_of_that(proef: Lijnproef) -> None:
    vol = await _turns(proef, {HUB: None, LIJN: None})
    per_s = {kant: statistics.median(m.per_s for m in rij) for kant, rij in vol.items()}
    verhouding = [hub.per_s / lijn.per_s for hub, lijn in _pairs(vol)]
    rekentijd = [lijn.cpu_us / hub.cpu_us for hub, lijn in _pairs(vol)]
    print(f"\naangenomen en bezorgd, knooppunt van {proef.processen} processen:")
    for kant, rij in vol.items():
        cpu, p99 = statistics.median(m.cpu_us for m in rij), statistics.median(m.p99_ms for m in rij)
        kb = statistics.median(m.kb for m in rij)
        print(
            f"  {kant:11} {per_s[kant]:5.0f}/s, p99 tot Bv03 {p99:.0f} ms; per bericht {cpu:.0f} us rekentijd en "
            f"{kb:.0f} kB geschreven"
        )
    print(f"  hub : rechte lijn = {spread(verhouding)} per seconde, {spread(rekentijd)} naar rekentijd")
    print(f"  doel ten minste 0,6 per seconde: {_met(statistics.median(verhouding) >= 0.6)}")

    half = await _turns(proef, {kant: per_s[kant] / 2 for kant in vol})
    wachten = [hub.p99_ms / lijn.p99_ms for hub, lijn in _pairs(half)]
    print("op halve kracht:")
    for kant, rij in half.items():
        p50, p99 = statistics.median(m.p50_ms for m in rij), statistics.median(m.p99_ms for m in rij)
        print(f"  {kant:11} p50 tot Bv03 {p50:.0f} ms, p99 {p99:.0f} ms")
    print(f"  p99 hub : rechte lijn = {spread(wachten)}; doel ten hoogste 2: {_met(statistics.median(wachten) <= 2)}")
    await proef.all_marked(2 * (_RONDES + 1) * _AANTAL)
    assert statistics.median(verhouding) > 0.1


@pytest.mark.parametrize("proef", ["sqlite-1"], indirect=True)
async def test_accepting_beside_bare_aiohttp(proef: Lijnproef) -> None:
    metingen = await _turns(proef, {HUB: None, KAAL: None}, alleen_aannemen=True)
    verhouding = [hub.per_s / kaal.per_s for hub, kaal in zip(metingen[HUB], metingen[KAAL], strict=True)]
    print(f"\nhub : aiohttp dat alleen een Bv03 antwoordt = {spread(verhouding)} per seconde")


async def _turns(
    proef: Lijnproef, tempo: dict[str, float | None], *, alleen_aannemen: bool = False
) -> dict[str, list[Meting]]:
    """Let the sides take turns; the first round warms up and does not count."""
    metingen: dict[str, list[Meting]] = {kant: [] for kant in tempo}
    for ronde in range(_RONDES + 1):
        for kant in tempo if ronde % 2 else reversed(tempo):
            meting = await proef.run(kant, _AANTAL, _TEGELIJK, tempo[kant], alleen_aannemen=alleen_aannemen)
            metingen[kant].append(meting)
    return {kant: rij[1:] for kant, rij in metingen.items()}


def _met(gehaald: object) -> str:
    return "gehaald" if gehaald else "niet gehaald"


def _pairs(metingen: dict[str, list[Meting]]) -> Iterable[tuple[Meting, Meting]]:
    return zip(metingen[HUB], metingen[LIJN], strict=True)


@pytest.mark.parametrize("proef", ["sqlite-1"], indirect=True)
async def test_small_berichten_beside_one_of_24_mib(proef: Lijnproef) -> None:
    groot = await asyncio.to_thread(_declaratie)
    envelop = compose_envelop(van=ONTVANGERS[0].code, naar=ZENDER.code, functie="WMO323")
    omvang = compose(envelop, Payload(groot)).lengte
    assert 23 * _MIB < omvang < 25 * _MIB
    _, client = proef.hub.credentials(ONTVANGERS[0].code)
    zender = StufZender(proef.hub.basis + PAD, client)
    assert proef.hub.proces is not None
    proces = psutil.Process(proef.hub.proces.pid)
    try:
        await proef.run(HUB, _AANTAL, _TEGELIJK)
        rust = await proef.run(HUB, 10 * _RUSTIG, 8, _RUSTIG)
        voor = hoogste = proces.memory_info().rss
        druk = asyncio.create_task(proef.run(HUB, 10 * _RUSTIG, 8, _RUSTIG))
        verzending = asyncio.create_task(zender.send(envelop, groot))
        while not (druk.done() and verzending.done()):
            hoogste = max(hoogste, proces.memory_info().rss)
            await asyncio.sleep(0.01)  # a sample of the memory of another process
        assert verzending.result().soort is Uitkomstsoort.BEZORGD
    finally:
        await zender.close()
    groei, ernaast = (hoogste - voor) / omvang, druk.result()
    vertraging = ernaast.p99_ms / rust.p99_ms
    print(
        f"\nenvelop van {omvang / _MIB:.1f} MiB: het proces groeit {groei:.2f} x; p99 van kleine ernaast "
        f"{vertraging:.1f} x die in rust ({ernaast.p99_ms:.0f} tegen {rust.p99_ms:.0f} ms)"
    )
    print(f"  doel minder dan 4 x en minder dan 10 x: {_met(groei < 4 and vertraging < 10)}")
    assert groei < 4


def _declaratie() -> bytes:
    """A WMO323 that fills an envelope of 24 MiB."""
    soort = ingebouwd().find("WMO323", "3.2")
    per_stuk = len(make_voorbeeld(soort, grootte=2000)) / 2000
    data = make_voorbeeld(soort, grootte=int(23.9 * _MIB * 3 / 4 / per_stuk))
    data = re.sub(rb"(:Afzender>)[^<]+", rb"\g<1>" + ONTVANGERS[0].code.encode(), data, count=1)
    return re.sub(rb"(:Ontvanger>)[^<]+", rb"\g<1>" + ZENDER.code.encode(), data, count=1)
