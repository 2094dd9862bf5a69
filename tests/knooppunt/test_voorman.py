"""A node of several processes: one address, and a foreman who starts again what ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
from proefhub import Deelnemer, Proefhub

from istandaarden.catalogus import ingebouwd
from istandaarden.voorbeeld import make_voorbeeld
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.stuf import PAD
from knooppunt.simulatie.verzending import StufZender
from knooppunt.voorman import Werkplek
from routing.poorten import Uitkomst, Uitkomstsoort

pytestmark = pytest.mark.timeout(300)

_GEMEENTE, _AANBIEDER = Deelnemer("0363", "Amsterdam"), Deelnemer("90000001", "Zorg")
_TWEE = {"KNOOPPUNT_HUB__PROCESSEN": "2"}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Proefhub]:
    hub = await asyncio.to_thread(Proefhub, tmp_path, (_GEMEENTE, _AANBIEDER))
    await hub.register({})
    try:
        yield hub
    finally:
        await hub.stop()


def _announced(hub: Proefhub) -> dict[str, Any]:
    gemeld: dict[str, Any] = json.loads((hub.map / "hub.json").read_text("utf-8"))
    return gemeld


def _pids(hub: Proefhub) -> list[int]:
    assert hub.proces is not None
    return [proces.pid for proces in psutil.Process(hub.proces.pid).children()]


async def _until(waar: Callable[[], object], seconden: float = 60) -> None:
    async with asyncio.timeout(seconden):
        while not waar():  # noqa: ASYNC110 - other processes: there is no event to wait for
            await asyncio.sleep(0.02)


async def _send(hub: Proefhub) -> Uitkomst:
    """Send a bericht over a connection of its own."""
    _, client = hub.credentials(_GEMEENTE.code)
    zender = StufZender(hub.basis + PAD, client)
    payload = make_voorbeeld(ingebouwd().find("WMO305", "3.2"))
    try:
        return await zender.send(
            compose_envelop(van=_GEMEENTE.code, naar=_AANBIEDER.code, functie="WMO305"),
            payload.replace(b"0344", b"0363"),
        )
    finally:
        await zender.close()


async def _metrics(url: str) -> str:
    async with aiohttp.ClientSession() as sessie, sessie.get(f"{url}/metrics") as antwoord:
        return await antwoord.text()


async def test_the_processes_share_an_address_and_have_their_own_beheer(hub: Proefhub):
    await hub.start(**_TWEE)
    leden = _announced(hub)["processen"]
    assert sorted(lid["pid"] for lid in leden) == sorted(_pids(hub))
    assert len({lid["beheer"] for lid in leden}) == 2
    for _ in range(
        24
    ):  # over how many connections the kernel gives both a turn is chance: one in 8 million it does not
        assert (await _send(hub)).soort in (Uitkomstsoort.BEZORGD, Uitkomstsoort.BLIJVEND)
    for lid in leden:
        assert "knooppunt_ontvangen_total{" in await _metrics(lid["beheer"])
    pids = _pids(hub)
    assert await hub.stop() == 0
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not (hub.map / "hub.json").exists()


async def test_beheer_takes_the_ports_that_follow(hub: Proefhub):
    with socket.socket() as een, socket.socket() as twee:
        for poort in range(20_000, 60_000, 2):
            try:
                een.bind(("127.0.0.1", poort))
                twee.bind(("127.0.0.1", poort + 1))
            except OSError:
                continue
            break
    await hub.start(**_TWEE, KNOOPPUNT_BEHEER__POORT=str(poort))
    assert [lid["beheer"] for lid in _announced(hub)["processen"]] == [
        f"http://127.0.0.1:{poort}",
        f"http://127.0.0.1:{poort + 1}",
    ]


async def test_a_process_that_dies_is_started_again(hub: Proefhub):
    await hub.start(**_TWEE)
    eerste, tweede = _pids(hub)
    os.kill(tweede, signal.SIGKILL)
    await _until(lambda: len(_pids(hub)) == 2 and tweede not in _pids(hub))
    assert eerste in _pids(hub)
    for _ in range(8):
        assert (await _send(hub)).soort is not Uitkomstsoort.TIJDELIJK
    assert await hub.stop() == 0
    assert "proces eindigde" in (hub.map / "hub.log").read_text("utf-8")


async def test_a_process_that_hangs_is_killed_and_started_again(hub: Proefhub):
    await hub.start(**_TWEE, KNOOPPUNT_LEASE_MS="2000")
    _, tweede = _pids(hub)
    os.kill(tweede, signal.SIGSTOP)
    await _until(lambda: len(_pids(hub)) == 2 and tweede not in _pids(hub))
    assert await hub.stop() == 0
    assert "proces zit vast" in (hub.map / "hub.log").read_text("utf-8")


async def test_processes_stop_by_themselves_when_the_foreman_is_gone(hub: Proefhub):
    await hub.start(**_TWEE)
    pids = _pids(hub)
    await hub.kill()
    await _until(lambda: not any(psutil.pid_exists(pid) for pid in pids))
    await hub.start(**_TWEE)  # the database is free again
    assert (await _send(hub)).soort is not Uitkomstsoort.TIJDELIJK


def test_a_foreman_who_left_something_unread_is_gone_all_the_same():
    """Then the line breaks with an error instead of ending."""
    hier, daar = socket.socketpair()
    daar.settimeout(0)
    plek = Werkplek(1, hier, hier, daar)
    assert not plek.is_left_alone()  # nothing to read yet
    assert plek.report()
    hier.close()
    assert plek.is_left_alone()
    assert not plek.report()
    daar.close()


async def test_who_cannot_start_again_takes_no_connections(hub: Proefhub):
    await hub.start(**_TWEE, KNOOPPUNT_LEASE_MS="2000")
    sleutel = hub.map / "pki" / "hub.key"
    heel = sleutel.read_bytes()
    sleutel.write_text("geen sleutel", "utf-8")
    eerste, tweede = _pids(hub)
    os.kill(tweede, signal.SIGKILL)
    log = hub.map / "hub.log"
    await _until(lambda: log.read_text("utf-8").count("proces eindigde") == 2)  # killed, and then not able to start
    for _ in range(3):  # before the next try to start it, five seconds after the last
        assert (await _send(hub)).soort is not Uitkomstsoort.TIJDELIJK
    sleutel.write_bytes(heel)
    await _until(lambda: len(_pids(hub)) == 2)
    assert eerste in _pids(hub)
    assert await hub.stop() == 0


async def test_when_it_stops_no_new_connections_are_taken(hub: Proefhub):
    await hub.start(**_TWEE)
    poort = int(hub.basis.rpartition(":")[2])
    traag = socket.create_connection(("127.0.0.1", poort))  # keeps one of the two waiting for a handshake
    assert hub.proces is not None
    hub.proces.terminate()

    def is_refused() -> bool:
        try:
            socket.create_connection(("127.0.0.1", poort), 1).close()
        except ConnectionRefusedError:
            return True
        return False

    await _until(is_refused)
    traag.close()
    assert await hub.stop() == 0


@pytest.mark.parametrize(
    ("wat", "melding"), [("bestand", "De database is niet te"), ("poort", "beheer.poort: na 65535 is er geen plaats")]
)
async def test_a_database_or_port_that_cannot_be_is_said_in_words(hub: Proefhub, wat: str, melding: str):
    poort = "0"
    if wat == "bestand":
        (hub.map / "kapot.db").write_bytes(b"geen database " * 500)
        hub.database_url = f"sqlite:///{hub.map / 'kapot.db'}"
    else:
        poort = "65535"
    with pytest.raises(RuntimeError, match=melding) as fout:
        await hub.start(**_TWEE, KNOOPPUNT_BEHEER__POORT=poort)
    assert "Traceback" not in str(fout.value)


async def test_what_keeps_a_process_from_starting_is_said_once(hub: Proefhub):
    (hub.map / "pki" / "hub.key").write_text("geen sleutel", "utf-8")
    with pytest.raises(RuntimeError) as fout:
        await hub.start(**_TWEE)
    assert str(fout.value).count("zonder wachtwoord") == 1
    assert "Traceback" not in str(fout.value)
    assert hub.proces is not None
    assert hub.proces.returncode == 2


async def test_two_hubs_do_not_share_an_address(hub: Proefhub, tmp_path_factory: pytest.TempPathFactory):
    """The kernel would give each of them half of the berichten."""
    await hub.start(**_TWEE)
    ander = await asyncio.to_thread(Proefhub, tmp_path_factory.mktemp("ander"), (_GEMEENTE,))
    with pytest.raises(RuntimeError, match="is niet te luisteren"):
        await ander.start(**_TWEE, KNOOPPUNT_KOPPELVLAK__POORT=hub.basis.rpartition(":")[2])


async def test_a_new_database_gets_its_tables_once(hub: Proefhub):
    hub.database_url = f"sqlite:///{hub.map / 'nieuw.db'}"
    await hub.start(**_TWEE)
    (antwoord,) = {(await _send(hub)).soort for _ in range(4)}
    assert antwoord is not Uitkomstsoort.TIJDELIJK


async def test_one_sqlite_file_has_one_node_of_however_many_processes(hub: Proefhub):
    await hub.start(**_TWEE)
    eerste, hub.proces = hub.proces, None
    try:
        with pytest.raises(RuntimeError, match="al in gebruik door een ander knooppunt"):
            await hub.start(**_TWEE)
    finally:
        hub.proces = eerste
