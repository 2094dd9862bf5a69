from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from istandaarden.standaardmap import VARIABELE
from knooppunt.cli.serve import _clear
from knooppunt.configuratie import ConfiguratieFout, Koppelvlak
from knooppunt.configuratiebestand import load
from knooppunt.hub import Hub
from knooppunt.pki import make_demo
from knooppunt.tls import client_context
from routing.kluis import Kluis

REPO = Path(__file__).parents[2]
OIN = "00000001999999990001"


@dataclass
class Node:
    """A folder in which `config/enkel.toml` can run, and the hub that runs there."""

    map: Path
    process: asyncio.subprocess.Process | None = None

    @property
    def config(self) -> Path:
        return self.map / "config" / "enkel.toml"

    @property
    def klaar(self) -> Path:
        return self.map / "klaar.json"

    def environment(self, **anders: str) -> dict[str, str]:
        poorten = {"KNOOPPUNT_KOPPELVLAK__POORT": "0", "KNOOPPUNT_BEHEER__POORT": "0"}
        return {"PATH": os.environ["PATH"]} | poorten | {f"KNOOPPUNT_{naam}": waarde for naam, waarde in anders.items()}

    def context(self, naam: str = "gemeente") -> ssl.SSLContext:
        pki = self.map / "var" / "pki"
        return client_context(
            Koppelvlak(certificaat=pki / f"{naam}.pem", sleutel=pki / f"{naam}.key", ca=pki / "ca.pem")
        )

    async def run(self, *opdracht: str, omgeving: Mapping[str, str] | None = None) -> tuple[int | None, str]:
        """Run a command to its end; returns exit code and standard error."""
        proces = await self._start(*opdracht, omgeving=omgeving or self.environment())
        _, fouten = await proces.communicate()
        return proces.returncode, fouten.decode()

    async def start(self, *opties: str, omgeving: Mapping[str, str] | None = None) -> dict[str, str]:
        """Start the hub and return what it announces."""
        self.process = await self._start(
            "serve",
            "--config",
            str(self.config),
            "--klaar-bestand",
            str(self.klaar),
            *opties,
            omgeving=omgeving or self.environment(),
        )
        assert self.process.stderr is not None
        async for regel in self.process.stderr:
            if b"knooppunt luistert" in regel:
                break
        else:
            pytest.fail("the hub did not start")
        return json.loads(self.klaar.read_text())

    async def _start(self, *opdracht: str, omgeving: Mapping[str, str]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from knooppunt.cli import main; main()",
            *opdracht,
            env=omgeving,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )

    async def stop(self, teken: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal and return exit code and the rest of standard error."""
        assert self.process is not None
        assert self.process.stderr is not None
        self.process.send_signal(teken)
        rest = await self.process.stderr.read()
        return await self.process.wait(), rest.decode()


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    shutil.copytree(REPO / "config", tmp_path / "config")
    make_demo(tmp_path / "var" / "pki", [("gemeente", OIN)])
    node = Node(tmp_path)
    yield node
    if node.process is not None and node.process.returncode is None:
        node.process.kill()
        await node.process.communicate()


@pytest.fixture
def node_with_key(node: Node) -> Node:
    Kluis.create(node.map / "var" / "sleutels")
    return node


async def test_the_example_runs_from_its_three_commands_to_a_clean_end(node: Node):
    assert await node.run("sleutel", "maak", "--config", str(node.config)) == (0, "")
    klaar = await node.start()
    assert klaar["pid"] == node.process.pid
    async with aiohttp.ClientSession() as sessie:
        for pad in ("livez", "readyz", "metrics"):
            async with sessie.get(f"{klaar['beheer']}/{pad}") as antwoord:
                assert antwoord.status == 200, await antwoord.text()
        tls = node.context()
        async with sessie.get(f"{klaar['koppelvlak']}/niets", ssl=tls) as antwoord:
            assert antwoord.status == 404
        async with sessie.get(f"{klaar['koppelvlak']}/ggk/0210/OntvangAsynchroon?wsdl", ssl=tls) as antwoord:
            assert antwoord.status == 200
            assert b"OntvangAsynchroon" in await antwoord.read()
        zonder = ssl.create_default_context(cafile=node.map / "var" / "pki" / "ca.pem")
        with pytest.raises(aiohttp.ClientError):
            await sessie.get(f"{klaar['koppelvlak']}/niets", ssl=zonder)
        code, rest = await node.stop()  # while connections are kept alive
    assert code == 0
    assert "Traceback" not in rest
    assert not node.klaar.exists()


async def test_ctrl_c_ends_it_as_well_and_it_starts_again(node_with_key: Node):
    await node_with_key.start()
    assert (await node_with_key.stop(signal.SIGINT))[0] == 0
    await node_with_key.start()
    assert (await node_with_key.stop())[0] == 0


async def test_a_second_hub_on_the_same_file_is_refused(node_with_key: Node):
    await node_with_key.start()
    code, fouten = await node_with_key.run("serve", "--config", str(node_with_key.config))
    assert code == 2
    assert "al in gebruik door een ander knooppunt" in fouten
    assert "Traceback" not in fouten


def _remove_pki(node: Node) -> dict[str, str]:
    shutil.rmtree(node.map / "var" / "pki")
    return {}


def _remove_keys(node: Node) -> dict[str, str]:
    shutil.rmtree(node.map / "var" / "sleutels")
    return {}


def _damage_database(node: Node) -> dict[str, str]:
    (node.map / "var" / "knooppunt.db").write_bytes(b"geen database" * 1000)
    return {}


@pytest.mark.parametrize(
    ("bederf", "melding"),
    [
        (_remove_pki, "koppelvlak.certificaat"),
        (_remove_keys, "staat geen sleutel"),
        (_damage_database, "De database is niet te gebruiken (DatabaseError)"),
        (lambda _: {"KOPPELVLAK__ADRES": "192.0.2.1"}, "koppelvlak: op 192.0.2.1 poort 0 is niet te luisteren"),
        (lambda _: {"DATABASE__URL": "sqlite:///geen/map/k.db"}, "De database is niet te openen"),
        (lambda _: {"DATABASE__URL": "postgresql://u:geheim@127.0.0.1:1/x"}, "database"),
    ],
)
async def test_what_cannot_run_is_said_in_dutch_and_leaves_nothing_behind(
    node_with_key: Node, bederf: Callable[[Node], dict[str, str]], melding: str
):
    configuratie = load(node_with_key.config, node_with_key.environment(**bederf(node_with_key)))
    taken = asyncio.all_tasks()
    with pytest.raises(ConfiguratieFout) as fout:
        async with Hub(configuratie, upgrade=True):
            pytest.fail("the hub started")
    assert melding in str(fout.value)
    assert "geheim" not in str(fout.value)
    assert asyncio.all_tasks() == taken


async def test_a_mistake_in_the_functies_of_the_operator_keeps_the_hub_from_starting(node_with_key: Node):
    eigen = node_with_key.map / "standaarden"
    eigen.mkdir()
    (eigen / "functies.toml").write_text('[[functie]]\nnamen = ["GMSD"]\n', "utf-8")
    omgeving = node_with_key.environment(STANDAARDEN=str(eigen))
    code, fouten = await node_with_key.run("serve", "--config", str(node_with_key.config), omgeving=omgeving)
    assert (code, len(fouten.splitlines())) == (2, 1)
    assert "functies.toml: hier klopt de sleutel of de waarde niet: functie.0.versies" in fouten


async def test_a_home_folder_that_may_not_be_looked_at_is_told_in_one_line(node_with_key: Node):
    omgeving = node_with_key.environment()
    omgeving["XDG_DATA_HOME"] = str(node_with_key.map / ("x" * 300))  # root, who runs tests, may look everywhere
    code, fouten = await node_with_key.run("serve", "--config", str(node_with_key.config), omgeving=omgeving)
    assert (code, len(fouten.splitlines())) == (2, 1)
    assert f"Noem in {VARIABELE} een andere map" in fouten


async def test_a_fault_in_the_configuration_ends_with_code_2_and_no_traceback(node: Node):
    for opdracht in ("serve", "db upgrade", "sleutel maak"):
        omgeving = node.environment(KOPPELVLAK__POORT="x")
        code, fouten = await node.run(*opdracht.split(), "--config", str(node.config), omgeving=omgeving)
        assert (code, len(fouten.splitlines())) == (2, 1)
        assert "koppelvlak.poort moet een geheel getal zijn." in fouten


def test_who_waits_for_the_ready_file_never_finds_it_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    klaar, gezien = tmp_path / "klaar.json", []
    klaar.write_text("{}")  # of an earlier run
    echt = Path.touch
    monkeypatch.setattr(Path, "touch", lambda pad: (echt(pad), gezien.append(klaar.exists())))
    _clear(klaar)
    assert (gezien, list(tmp_path.iterdir())) == ([False], [])


async def test_postgresql_waits_for_an_explicit_upgrade(node_with_key: Node, leeg_postgres_url: str):
    omgeving = node_with_key.environment(DATABASE__URL=leeg_postgres_url)
    code, fouten = await node_with_key.run("serve", "--config", str(node_with_key.config), omgeving=omgeving)
    assert code == 2
    assert "knooppunt db upgrade" in fouten
    klaar = await node_with_key.start("--upgrade", omgeving=omgeving)
    async with aiohttp.ClientSession() as sessie, sessie.get(f"{klaar['beheer']}/readyz") as antwoord:
        assert (antwoord.status, (await antwoord.json())["controles"]) == (
            200,
            dict.fromkeys(("koppelvlak", "database", "migraties", "sleutels", "ruimte"), True),
        )
    assert (await node_with_key.stop())[0] == 0
    assert await node_with_key.run("db", "upgrade", "--config", str(node_with_key.config), omgeving=omgeving) == (0, "")


async def test_a_hub_runs_inside_a_test_and_tells_when_it_is_not_ready(node_with_key: Node):
    configuratie = load(node_with_key.config, node_with_key.environment())
    async with Hub(configuratie) as hub, aiohttp.ClientSession() as sessie:
        async with sessie.get(f"{hub.beheer_url}/readyz") as antwoord:
            assert antwoord.status == 200
        hub._refuse_ready()  # what happens first when the hub is told to stop
        async with sessie.get(f"{hub.beheer_url}/readyz") as antwoord:
            assert (await antwoord.json())["controles"]["koppelvlak"] is False
        shutil.rmtree(configuratie.sleutels.map)
        async with sessie.get(f"{hub.beheer_url}/readyz") as antwoord:
            assert antwoord.status == 503
            assert (await antwoord.json())["controles"]["sleutels"] is False
        async with sessie.get(
            f"{hub.koppelvlak_url}/vsp/berichten/rest-pull/v1/berichten", ssl=node_with_key.context()
        ) as a:
            assert a.status == 403  # no partij has this certificate
