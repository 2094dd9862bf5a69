"""Dying before and after every commit and every send, on every configuration: nothing acknowledged is lost.

One field trial per configuration; each crash point is a round of its own, with its own balance. With three nodes the
other two keep working while the third dies, and the sender goes on by the nodes that are left.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from proefhub import Deelnemer, Knoop
from veldproef import DOOF, OPSTELLINGEN, WISSEL, Opstelling, Uitslag, Veldproef, field_trial

from routing import breekpunt

ONDERHOUD = ("verval", "onderhoud")
PAUZEER = (
    "INSERT INTO lane (naam, kanaal, paused_by, paused_at) VALUES (:lane, 'push', 'proef', 1)"
    " ON CONFLICT (naam) DO UPDATE SET paused_by = 'proef', paused_at = 1"
)
PUNTEN = [punt for punt in breekpunt.PUNTEN if punt not in {"voor_commit", "na_commit", "voor_bevestiging"}]
"""All but the two that do not say which commit, and the one of collecting at VECOZO (`test_vecozo.py`)."""
_KORT = ["na_commit_intake", "na_commit_claim", "voor_commit_uitkomst", "na_verzending"]
"""For every day; a turn of maintenance comes once a minute, and is left to the whole matrix."""


async def round_under_load(proef: Veldproef, punt: str, aantal: int) -> Uitslag:
    """Let a node die at a point while berichten stream in, start it again, and draw up the balance."""
    slachtoffer = proef.knopen[-1]
    eerder = proef.snapshot()
    proef.arm(slachtoffer, punt)
    await proef.under_load(proef.die_at(slachtoffer, punt), aantal)
    return proef.difference(punt, eerder)


async def round_of_maintenance(proef: Veldproef, punt: str, wissel: Deelnemer) -> Uitslag:
    """Let a node die at a point of maintenance, with the other nodes frozen so that the work is its own to do."""
    slachtoffer, *anderen = reversed(proef.knopen)
    eerder = proef.snapshot()
    proef.arm(slachtoffer, punt)
    with hold(proef, slachtoffer, anderen):
        if "verval" in punt:
            proef.execute(PAUZEER, lane=DOOF.code)  # or its turn might find out first that the term is over
            ref = await proef.send(DOOF.code)
            proef.execute("UPDATE aflevering SET expires_at = 1 WHERE open AND lane = :lane", lane=DOOF.code)
        else:
            ref = await proef.send(wissel.code)
            await proef.let_collect(wissel)
        await proef.die_at(slachtoffer, punt)
    await proef.drain()
    uitslag = proef.difference(punt, eerder)
    if "verval" in punt:
        uitslag.verloren += proef.fault_reports(ref) != 1  # the zender is told, and once
    return uitslag


@contextlib.contextmanager
def hold(proef: Veldproef, slachtoffer: Knoop, anderen: list[Knoop]) -> Iterator[None]:
    """Freeze the other nodes and leave them out of the traffic."""
    alle = list(proef.knopen)
    for knoop in anderen:
        knoop.freeze()
    proef.knopen[:] = [slachtoffer]
    try:
        yield
    finally:
        proef.knopen[:] = alle
        for knoop in anderen:
            knoop.thaw()


async def campaign(proef: Veldproef, uitslagen: list[Uitslag], punten: Iterable[str], aantal: int) -> None:
    """Play a round per point; each must balance."""
    wissels = iter(WISSEL)
    for punt in punten:
        if punt.endswith(ONDERHOUD):
            wissel = next(wissels) if punt.endswith("onderhoud") else WISSEL[0]
            uitslag = await round_of_maintenance(proef, punt, wissel)
        else:
            uitslag = await round_under_load(proef, punt, aantal)
        uitslagen.append(uitslag)
        uitslag.check()
        assert uitslag.gevallen == 1


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("opstelling", "punten"),
    [
        ("sqlite", [*_KORT, "voor_commit_ophalen"]),
        ("postgresql-3", ["na_commit_uitkomst", "voor_commit_ophalen"]),
    ],
    indirect=["opstelling"],
)
async def test_death_at_a_named_point_loses_nothing(tmp_path: Path, opstelling: Opstelling, punten: list[str]):
    uitslagen: list[Uitslag] = []
    async with field_trial(tmp_path, opstelling) as proef:
        await campaign(proef, uitslagen, punten, 12)
    herhaald, onderbroken = (sum(getattr(u, naam) for u in uitslagen) for naam in ("herhaald", "onderbroken"))
    print(f"\n{len(uitslagen)} punten, {herhaald} herhaald, {onderbroken} onderbroken")


@pytest.mark.traag
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("opstelling", OPSTELLINGEN, indirect=True)
async def test_the_whole_matrix(tmp_path: Path, opstelling: Opstelling, uitslagen: list[Uitslag]):
    async with field_trial(tmp_path, opstelling) as proef:
        await campaign(proef, uitslagen, PUNTEN, 30)
