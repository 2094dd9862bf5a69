"""What storing a bericht costs beside the bare INSERTs and commit of the straight line, in groups of the same size.

The hub runs what `Intake` hands in with `Opslag.write_together`: bericht, sealed payload, history, and the place in a
lane. The straight line writes a row each for bericht, payload and gebeurtenis. Judging and sealing is done before the
clock starts. Nothing here asserts a time; docs/prestaties.md says what was measured.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import threading
import time
from collections.abc import AsyncIterator
from itertools import cycle, islice, product
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from belasting import MENGSEL
from lijnproef import ONTVANGERS, ZENDER, other_schema, spread
from rechte_lijn import Bericht, KaleOpslag, open_opslag
from sqlalchemy import Connection

from adapters.stufggk.envelop_schrijven import compose
from istandaarden.catalogus import ingebouwd
from istandaarden.voorbeeld import make_voorbeeld
from knooppunt.simulatie.opstellen import compose_envelop
from routing import registerimport, tijdstip
from routing.bericht import Aanlevering, Identiteit
from routing.foutbericht import Foutmelder
from routing.intake import Intake
from routing.kluis import Kluis
from routing.nummering import new_key, new_uuid
from routing.opslag import Opslag, upgrade
from routing.payload import Payload
from routing.poorten import Ontvangstsoort
from routing.register import RegisterBron
from routing.toetsing import Toetser
from routing.vastlegging import Termijnen

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

_RONDES = 9
_GROEPEN = {1: 100, 16: 20, 64: 20}
"""How many groups of each size are written in a round."""
_CERT = Identiteit("0" * 20, "aa" * 32)


class _Kosten(NamedTuple):
    """What a round took: seconds by the clock, and of the processor in this process (so not of PostgreSQL)."""

    duur: float
    rekentijd: float


class Proef:
    """One log of the hub and one of the straight line, for groups of one size."""

    def __init__(self, url: str, lijn_url: str, kluis: Kluis, groep: int) -> None:
        self._groep = groep
        self.opslag = Opslag(url, groep=groep)
        self.kaal: KaleOpslag = open_opslag(lijn_url)
        self._bron = RegisterBron()
        melder = Foutmelder(kluis, self._bron, Termijnen(push=60_000, pull=60_000))
        self._intake = Intake(self.opslag, melder, Toetser(), lambda _lane: None)
        self._mengsel = cycle(_mix())

    async def register(self) -> None:
        """Let everybody of the straight line take part."""
        tekst = "".join(
            f'[[partij]]\ncode = "{d.code}"\nnaam = "{d.naam}"\nurl = "https://127.0.0.1:1/"\n'
            f'identiteiten = ["oin:{nummer:020}"]\nmag_zenden = ["WMO*", "JW*"]\nmag_ontvangen = ["WMO*", "JW*"]\n'
            for nummer, d in enumerate((ZENDER, *ONTVANGERS))
        )
        await self.opslag.write(registerimport.store, registerimport.parse_toml(tekst))
        await self._bron.refresh(self.opslag)

    async def round(self, *, hub_eerst: bool) -> tuple[_Kosten, _Kosten]:
        """Let both sides write the same berichten; return what that cost the hub and the straight line."""
        offertes = [_offer(*een) for een in islice(self._mengsel, self._groep * _GROEPEN[self._groep])]
        opdrachten = [await self._prepare(een) for een in offertes]
        rijen = [_row(een) for een in offertes]
        if hub_eerst:
            return await self._write(opdrachten), await self._write_bare(rijen)
        kaal = await self._write_bare(rijen)
        return await self._write(opdrachten), kaal

    async def _prepare(self, aanlevering: Aanlevering) -> Any:
        besluit = await self._intake._judge(aanlevering)
        antwoord = await self._intake._beantwoorder.prepare(aanlevering, besluit)
        return self._intake._prepare(aanlevering, besluit, (new_uuid(), tijdstip.now()), antwoord)

    async def _write(self, opdrachten: list[Any]) -> _Kosten:
        bezet, verder = threading.Event(), threading.Event()

        def hold(_conn: Connection) -> None:
            bezet.set()
            assert verder.wait(60)

        # All stand in the queue before the clock starts, and one more behind them: no group waits for who may join it.
        eerste = asyncio.ensure_future(self.opslag.write(hold))
        await asyncio.to_thread(bezet.wait)
        taken = [self.opslag.write_together(self._intake._store, een) for een in opdrachten]
        laatste = asyncio.ensure_future(self.opslag.write(lambda _conn: None))
        while self.opslag._rij.qsize() <= len(taken):  # noqa: ASYNC110 - the loop passes them on
            await asyncio.sleep(0)
        begin = time.perf_counter(), time.process_time()
        verder.set()
        uitslagen = await asyncio.gather(*taken)
        kosten = _Kosten(time.perf_counter() - begin[0], time.process_time() - begin[1])
        await asyncio.gather(eerste, laatste)
        assert all(uitslag and uitslag[0].soort is Ontvangstsoort.AANGENOMEN for uitslag in uitslagen)
        return kosten

    async def _write_bare(self, rijen: list[Bericht]) -> _Kosten:
        begin = time.perf_counter(), time.process_time()
        for plek in range(0, len(rijen), self._groep):
            await self.kaal.commit(rijen[plek : plek + self._groep], [])
        return _Kosten(time.perf_counter() - begin[0], time.process_time() - begin[1])

    async def close(self) -> None:
        await self.opslag.close()
        self.kaal.close()


def _mix() -> list[tuple[str, str, bytes]]:
    """Return functie, ontvanger and payload of what is written in turn: what the whole line is measured with."""
    mengsel = []
    for (functie, grootte), ontvanger in product(MENGSEL, ONTVANGERS):
        payload = make_voorbeeld(ingebouwd().find(functie, "3.2"), grootte=grootte)
        payload = re.sub(rb"(:Afzender>)[^<]+", rb"\g<1>" + ZENDER.code.encode(), payload, count=1)
        payload = re.sub(rb"(:Ontvanger>)[^<]+", rb"\g<1>" + ontvanger.code.encode(), payload, count=1)
        mengsel.append((functie, ontvanger.code, payload))
    return mengsel


def _offer(functie: str, ontvanger: str, payload: bytes) -> Aanlevering:
    envelop = compose_envelop(van=ZENDER.code, naar=ontvanger, functie=functie)
    return Aanlevering(envelop, Payload(payload), _CERT, "stuf")


def _row(aanlevering: Aanlevering) -> Bericht:
    sg = aanlevering.envelop.stuurgegevens
    soap = b"".join(compose(aanlevering.envelop, aanlevering.payload).chunks())
    wie = sg.zender.organisatie, sg.ontvanger.organisatie
    return Bericht(new_key(), *wie, sg.referentienummer, sg.functie or "", soap)


@pytest.fixture(params=list(_GROEPEN))
def groep(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
async def proef(request: pytest.FixtureRequest, tmp_path: Path, groep: int) -> AsyncIterator[Proef]:
    url, lijn_url = f"sqlite:///{tmp_path / 'hub.db'}", f"sqlite:///{tmp_path / 'lijn.db'}"
    if request.param == "PostgreSQL":
        url = str(request.getfixturevalue("postgres_url"))
        lijn_url = other_schema(url)
    upgrade(url)
    proef = Proef(url, lijn_url, Kluis.create(tmp_path / "sleutels"), groep)
    try:
        await proef.register()
        yield proef
    finally:
        await proef.close()


async def test_storing_beside_a_bare_commit(proef: Proef, groep: int, request: pytest.FixtureRequest) -> None:
    await proef.round(hub_eerst=True)  # warms up
    rondes = [await proef.round(hub_eerst=bool(n % 2)) for n in range(_RONDES)]
    per_s = [kaal.duur / hub.duur for hub, kaal in rondes]
    rekentijd = [kaal.rekentijd / hub.rekentijd for hub, kaal in rondes]
    aantal = groep * _GROEPEN[groep]
    hub_us, kaal_us = (statistics.median(kant.duur for kant in rij) / aantal * 1e6 for rij in zip(*rondes, strict=True))
    databank = request.node.callspec.params["proef"]
    print(
        f"\nvastleggen op {databank} in groepen van {groep}, tegen kale INSERTs en commit: {spread(per_s)} per "
        f"seconde, {spread(rekentijd)} naar rekentijd ({hub_us:.0f} tegen {kaal_us:.0f} us per bericht)"
    )
    assert statistics.median(per_s) > 0.02
