"""`config/cluster` runs as it is written: three nodes on one PostgreSQL that behave as one hub."""

from __future__ import annotations

import asyncio
import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest
from proefhub import Knoop
from veldproef import bericht

from adapters.vsp.client import VspClient, VspFout
from adapters.vsp.model import Gereedstaand
from istandaarden.standaardmap import VARIABELE
from knooppunt.beheer import GEDULD_SECONDEN
from knooppunt.cli import read_command
from knooppunt.configuratie import Koppelvlak
from knooppunt.configuratiebestand import load
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.stuf import PAD
from knooppunt.simulatie.verzending import StufZender
from knooppunt.simulatie.vsp import PAD as VSP_PAD
from knooppunt.tls import client_context
from routing.bericht import Envelop
from routing.databank import STILTE_MS, parse_url
from routing.lanes import LEASE_MS
from routing.poorten import Uitkomstsoort

T = TypeVar("T")
REPO = Path(__file__).parents[2]
CLUSTER = REPO / "config" / "cluster"
CONTAINER = (CLUSTER / "Containerfile").read_text("utf-8")
_UTRECHT, _ANKER = "0344", "99020002"  # of config/demo/partijen.toml


class Cluster:
    """Three nodes in a copy of `config`, prepared with the commands of its README."""

    def __init__(self, map_: Path, url: str) -> None:
        shutil.copytree(REPO / "config", map_ / "config")
        self.map = map_ / "config" / "cluster"
        self.omgeving = {
            "KNOOPPUNT_DATABASE__URL": url,
            "KNOOPPUNT_KOPPELVLAK__ADRES": "127.0.0.1",
            "KNOOPPUNT_KOPPELVLAK__POORT": "0",
            "KNOOPPUNT_BEHEER__ADRES": "127.0.0.1",
            "KNOOPPUNT_STANDAARDEN": str(self.map / "standaarden"),
            "KNOOPPUNT_BEHEER__POORT": "0",
        }
        self.knopen = [Knoop(self.map, url, f"node{n}") for n in (1, 2, 3)]

    def prepare(self, *, register: bool) -> None:
        """Do what the README says to do once, apart from the tables: the part about the register, or all before it."""
        blok = re.search(r"# once:.*?\n\n", (self.map / "README.md").read_text("utf-8"), re.DOTALL)
        assert blok is not None
        for opdracht in blok[0].splitlines()[1:]:
            if opdracht and (register == ("partij importeer" in opdracht)) and "db upgrade" not in opdracht:
                self.run(opdracht)

    def run(self, opdracht: str) -> None:
        """Run a line of the README as it stands, with `knooppunt` from this checkout."""
        knooppunt = f'knooppunt() {{ "{sys.executable}" -c "from knooppunt.cli import main; main()" "$@"; }}'
        subprocess.run(
            ["bash", "-ec", f"{knooppunt}\n{opdracht}"],
            cwd=self.map,
            env=os.environ | self.omgeving | {"PYTHONPATH": str(REPO)},
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def client(self, naam: str):
        pki = self.map / "pki"
        return client_context(credentials(pki / f"{naam}.pem", pki / f"{naam}.key", pki / "ca.pem"))


@pytest.fixture
async def cluster(tmp_path: Path, postgres_url: str) -> AsyncIterator[Cluster]:
    cluster = Cluster(tmp_path, postgres_url)
    yield cluster
    for knoop in cluster.knopen:
        await knoop.stop()


async def beheer(knoop: Knoop, pad: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as sessie, sessie.get(f"{knoop.beheer}/{pad}") as antwoord:
        return antwoord.status, await antwoord.text()


def waiting_to_be_collected(metrics: str) -> str:
    return re.findall(r'^knooppunt_wachtend\{kanaal="pull"\} (\S+)$', metrics, re.MULTILINE)[0]


@pytest.mark.timeout(180)
async def test_three_nodes_are_one_hub(cluster: Cluster):
    await asyncio.to_thread(cluster.prepare, register=False)
    # All three make the tables of an empty database at the same moment.
    opties = {naam: waarde for naam, waarde in cluster.omgeving.items() if "DATABASE" not in naam}
    await asyncio.gather(*(knoop.start("--upgrade", **opties) for knoop in cluster.knopen))
    assert [(await beheer(knoop, "readyz"))[0] for knoop in cluster.knopen] == [200, 200, 200]
    await asyncio.to_thread(cluster.prepare, register=True)

    envelop = compose_envelop(van=_UTRECHT, naar=_ANKER, functie="WMO319")
    ref, payload = envelop.stuurgegevens.referentienummer, bericht(1, _ANKER, _UTRECHT)
    een, twee, drie = (
        (
            StufZender(knoop.basis + PAD, cluster.client("utrecht")),
            VspClient(knoop.basis + VSP_PAD, cluster.client("anker")),
        )
        for knoop in cluster.knopen
    )
    try:
        # Until each node has seen that the register changed.
        await until(lambda: accepted(een[0], envelop, payload))
        klaar = await until(lambda: in_box(twee[1]))
        assert [b.referentiegegevens.traceerId for b in klaar] == [ref]
        tellers = [waiting_to_be_collected((await beheer(knoop, "metrics"))[1]) for knoop in cluster.knopen]
        assert tellers == ["1.0"] * 3
        assert b"".join((await twee[1].download(klaar[0])).chunks()) == payload
        await until(lambda: in_box(drie[1]))
        await drie[1].confirm(ref)
        assert await twee[1].list_ready() == []
        # The same again, at another node: the earlier receipt, nothing new to collect.
        assert (await drie[0].send(envelop, payload, mogelijk_aangekomen=True)).soort is Uitkomstsoort.BEZORGD
        assert await twee[1].list_ready() == []
        # One node stops, in order; the others go on.
        assert await cluster.knopen[0].stop() == 0
        volgende = compose_envelop(van=_UTRECHT, naar=_ANKER, functie="WMO319")
        assert (await twee[0].send(volgende, bericht(2, _ANKER, _UTRECHT))).soort is Uitkomstsoort.BEZORGD
        assert len(await drie[1].list_ready()) == 1
    finally:
        for zender, ophaler in (een, twee, drie):
            await zender.close()
            await ophaler.close()


async def until(kijk: Callable[[], Awaitable[T]]) -> T:
    """Look again and again until there is something to see, and return it."""
    async with asyncio.timeout(30):
        while True:
            if gezien := await kijk():
                return gezien
            await asyncio.sleep(0.05)  # another process: what it answers is the signal


async def accepted(zender: StufZender, envelop: Envelop, payload: bytes) -> bool:
    return (await zender.send(envelop, payload)).soort is Uitkomstsoort.BEZORGD


async def in_box(ophaler: VspClient) -> list[Gereedstaand]:
    """What waits; nothing while this node does not know the partij yet."""
    try:
        return await ophaler.list_ready()
    except VspFout:
        return []


def service() -> configparser.SectionProxy:
    eenheid = configparser.ConfigParser(strict=False, interpolation=None)
    eenheid.optionxform = str  # type: ignore[assignment,method-assign]  # systemd keys have capitals
    eenheid.read(CLUSTER / "knooppunt@.service")
    return eenheid["Service"]


def exec_line() -> list[str]:
    assert (service()["Restart"], service()["KillMode"]) == ("always", "mixed")
    return service()["ExecStart"].split()


def exec_environment() -> dict[str, str]:
    naam, waarde = service()["Environment"].split("=")
    return {naam: waarde}


def container_line() -> list[str]:
    regels = dict(re.findall(r"^(ENTRYPOINT|CMD) \[(.*)\]$", CONTAINER, re.MULTILINE))
    return [deel.strip().strip('"') for deel in f"{regels['ENTRYPOINT']}, {regels['CMD']}".split(",")]


@pytest.mark.parametrize("regel", [exec_line(), container_line()], ids=["systemd", "container"])
def test_what_starts_a_node_is_a_command_that_exists(regel: list[str]):
    programma, *rest = regel
    assert Path(programma).name == "knooppunt"
    assert rest[0] == "serve"
    assert read_command("serve").make_context("serve", rest[1:]).params["config"] == Path(
        "/etc/knooppunt/knooppunt.toml"
    )


def test_the_container_copies_what_is_there():
    for bronnen in re.findall(r"^COPY (?!--from)(.*) \S+$", CONTAINER, re.MULTILINE):
        for bron in bronnen.split():
            assert (REPO / bron).exists(), bron


def test_what_a_node_needs_stands_in_its_folder_and_not_in_a_home():
    configuratie = load(CLUSTER / "knooppunt.toml", {})
    database = parse_url(configuratie.database.url)
    assert (database.query["sslmode"], database.query["target_session_attrs"]) == ("verify-full", "read-write")
    assert " " not in configuratie.database.url
    standaarden = {exec_environment()[VARIABELE], *re.findall(rf"^ENV {VARIABELE}=(.*)$", CONTAINER, re.MULTILINE)}
    lijst = (CLUSTER / "README.md").read_text("utf-8")
    for pad in (Path(str(database.query["sslrootcert"])), *map(Path, standaarden)):
        assert f"`{pad.relative_to('/etc/knooppunt')}`" in lijst
    assert len(standaarden) == 1


def test_the_balancer_reaches_the_beheer_of_a_node():
    balancer = (CLUSTER / "haproxy.cfg").read_text("utf-8")
    beheer = load(CLUSTER / "knooppunt.toml", {}).beheer
    assert not ip_address(beheer.adres).is_loopback
    assert f"check port {beheer.poort} " in balancer
    assert f"EXPOSE {load(CLUSTER / 'knooppunt.toml', {}).koppelvlak.poort} {beheer.poort}\n" in CONTAINER


def test_the_balancer_outwaits_what_all_nodes_share_and_cuts_nobody_off():
    tekst = (CLUSTER / "haproxy.cfg").read_text("utf-8")
    assert "on-marked-down" not in tekst
    getallen = {
        naam: int(re.findall(rf"^(?!\s*#).*\b{naam} (\d+)", tekst, re.MULTILINE)[0])
        for naam in ("timeout check", "inter", "fall", "timeout server")
    }
    assert getallen["timeout check"] > GEDULD_SECONDEN
    geduld_ms = getallen["inter"] * getallen["fall"] * 1000
    assert geduld_ms > LEASE_MS + STILTE_MS  # longer than a frozen node can hold a row
    assert geduld_ms >= 3 * 30_000  # three times as long as a node seeks a lost primary
    assert getallen["timeout server"] > Koppelvlak.model_fields["verzoek_seconden"].default


def test_systemd_accepts_the_unit(tmp_path: Path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    tekst = (CLUSTER / "knooppunt@.service").read_text("utf-8").replace("/opt/knooppunt/bin/knooppunt", "/bin/true")
    (tmp_path / "knooppunt@.service").write_text(tekst, "utf-8")
    klaar = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "knooppunt@.service")], capture_output=True, text=True, check=False
    )
    assert "knooppunt@" not in klaar.stderr, klaar.stderr
