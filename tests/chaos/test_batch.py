"""A batch in a process of its own, against the simulated BRP: killed, gone on with, and nobody asked about twice."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psutil
import pytest
from sjabloon import make_tables

from istandaarden.voorbeeldwaarden import bsns
from knooppunt.pki import make_demo
from knooppunt.simulatie.brp import personen
from knooppunt.simulatie.brp.server import BrpSimulator
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.registerimport import parse_toml, store
from routing.woonplaats.batch import PORTIE

_MIB = 1024 * 1024


@dataclass
class Proef:
    """A folder with all that the command needs, and the BRP it asks."""

    map: Path
    brp: BrpSimulator

    async def run(self, uit: str = "uit.csv", **omgeving: str) -> tuple[int, str, float]:
        """Run the command; return its exit code, what it said, and the most memory it held in MiB."""
        opdracht = ["woonplaats", "batch", "in.csv", "--uit", uit, "--partij", "0344", "--doel", "controle"]
        proces = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from knooppunt.cli import main; main()",
            *opdracht,
            "--zaak",
            "Z-17",
            cwd=self.map,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=os.environ | omgeving,
        )
        spreken = asyncio.create_task(proces.communicate())
        hoogst = 0.0
        while not spreken.done():
            try:
                hoogst = max(hoogst, psutil.Process(proces.pid).memory_info().rss / _MIB)
            except psutil.NoSuchProcess:
                break
            await asyncio.wait([spreken], timeout=0.1)
        tekst, _ = await spreken
        return proces.returncode or 0, tekst.decode(), hoogst

    def asked(self) -> Counter[str]:
        """How often each BSN was asked for."""
        return Counter(bsn for bevraging in self.brp.bevragingen for bsn in bevraging.bsns)

    def results(self, naam: str = "uit.csv") -> list[dict[str, str]]:
        with (self.map / naam).open(encoding="utf-8", newline="") as stroom:
            return list(csv.DictReader(stroom, delimiter=";"))

    def portions(self, rijen: Sequence[tuple[str, str]]) -> list[set[str]]:
        """The BSNs of each portion of the batch with these lines; the HMAC of a question gives the order."""
        regels = "SELECT count(*), batch_id FROM batchregel GROUP BY batch_id ORDER BY 1 DESC LIMIT 1"
        with closing(sqlite3.connect(self.map / "knooppunt.db")) as conn:
            aantal, batch_id = conn.execute(regels).fetchone()
            volgorde = conn.execute("SELECT nummer FROM batchregel WHERE batch_id = ? ORDER BY vraag", (batch_id,))
            wie = [rijen[nummer - 1][0] for (nummer,) in volgorde]
        assert aantal == len(rijen)
        return [set(wie[i : i + PORTIE]) for i in range(0, len(wie), PORTIE)]


def _persons() -> dict[str, personen.Testpersoon]:
    """Every test number as somebody with one address since long ago."""
    iemand = next(p for p in personen.builtin_persons().values() if len(p.plekken) == 1 and not p.opschorting)
    return {bsn: personen.Testpersoon(bsn, "20100501", iemand.inschrijving, iemand.plekken) for bsn in bsns()}


@pytest.fixture
async def proef(tmp_path: Path) -> AsyncIterator[Proef]:
    make_demo(tmp_path / "pki", [("gemeente", "00000001999999990344")])
    Kluis.create(tmp_path / "sleutels")
    url = f"sqlite:///{tmp_path / 'knooppunt.db'}"
    make_tables(url)
    opslag = Opslag(url)
    await opslag.write(store, parse_toml('[[partij]]\ncode = "0344"\nmag_bevragen = ["woonplaats-batch:jeugdwet"]\n'))
    await opslag.close()
    brp = BrpSimulator(_persons(), met_historie=False)
    adres = await brp.start()
    (tmp_path / "knooppunt.toml").write_text(
        '[koppelvlak]\ncertificaat = "pki/hub.pem"\nsleutel = "pki/hub.key"\nca = "pki/ca.pem"\n'
        f'[brp]\nurl = "{adres}"\nper_seconde = 1000\nantwoord_seconden = 60\ngeheel_seconden = 120\n'
        "[opvragen]\nbatch_per_minuut = 60_000_000\n",
        encoding="utf-8",
    )
    yield Proef(tmp_path, brp)
    await brp.close()


def _write(map_: Path, rijen: list[tuple[str, str]]) -> None:
    with (map_ / "in.csv").open("w", encoding="utf-8", newline="") as stroom:
        schrijver = csv.writer(stroom, delimiter=";")
        schrijver.writerow(["bsn", "peildatum", "kenmerk"])
        schrijver.writerows([bsn, dag, f"K{nummer}"] for nummer, (bsn, dag) in enumerate(rijen, 1))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("punt", "dubbel"), [("na_commit:13", 0), ("voor_commit:13", 200)])
async def test_killed_halfway_it_goes_on_and_asks_nobody_twice(proef: Proef, punt: str, dubbel: int) -> None:
    """Commits 1-8 take the file in, each next one answers 200; only what was not written can be asked again."""
    vragen = [(bsn, "2024-03-01") for bsn in bsns()[:2000]]
    _write(proef.map, [*vragen, *vragen[:100], ("999990018", "2024-03-01"), ("12", "gisteren")])
    code, _, _ = await proef.run(KNOOPPUNT_CRASH=punt)
    assert code == -signal.SIGKILL
    assert sum(proef.asked().values()) == 1000
    assert not (proef.map / "uit.csv").exists()
    code, tekst, _ = await proef.run()
    assert (code, "2102 regels, 2000 verschillende vragen, 2 onbruikbaar" in tekst) == (1, True)
    assert "999990018" not in tekst
    keren = Counter(proef.asked().values())
    assert keren == Counter({1: 2000 - dubbel, 2: dubbel} if dubbel else {1: 2000})
    uit = proef.results()
    assert [rij["kenmerk"] for rij in uit] == [f"K{n}" for n in range(1, 2103)]
    assert all(rij["gemeente"] for rij in uit[:2100])
    assert uit[2100]["fouten"] == "bsn moet een BSN zijn: negen cijfers die de elfproef doorstaan"
    assert "peildatum" in uit[2101]["fouten"]
    assert "bsn" in uit[2101]["fouten"]


@pytest.mark.timeout(300)
async def test_the_same_file_again_asks_nothing_and_gives_the_same(proef: Proef) -> None:
    _write(proef.map, [(bsn, "2024-03-01") for bsn in bsns()[:300]])
    assert (await proef.run())[0] == 0
    eerste, gevraagd = proef.results(), len(proef.brp.bevragingen)
    code, _, _ = await proef.run("uit.json")
    assert (code, len(proef.brp.bevragingen)) == (0, gevraagd)
    uit = json.loads((proef.map / "uit.json").read_text("utf-8"))
    assert [rij["gemeente"] for rij in uit] == [rij["gemeente"] for rij in eerste]
    assert gevraagd == 300 / 20  # twenty at a time


@pytest.mark.traag
@pytest.mark.timeout(3600)
async def test_a_hundred_thousand_stream_in_bounded_memory(proef: Proef) -> None:
    """Killed before a commit and after one: only the portion whose answers were not written is asked a second time.

    The file is taken in with 203 commits; each next one holds the answers to a portion of 200.
    """
    dagen = [str(date(2024, 3, 1) + timedelta(days=n)) for n in range(12)]
    alle = [(bsn, dag) for dag in dagen for bsn in bsns()][:100_000]
    _write(proef.map, alle[:2000])
    _, _, klein = await proef.run("klein.csv")
    proef.brp.bevragingen.clear()
    _write(proef.map, alle)
    begin = time.monotonic()
    runs = [await proef.run(KNOOPPUNT_CRASH=punt) for punt in ("voor_commit:353", "na_commit:151")]
    assert [code for code, _, _ in runs] == [-signal.SIGKILL] * 2
    runs.append(await proef.run())
    code, tekst, _ = runs[-1]
    minuten, groot = (time.monotonic() - begin) / 60, max(hoogst for _, _, hoogst in runs)
    assert (code, "100000 verschillende vragen" in tekst) == (0, True)

    porties = proef.portions(alle)
    verwacht = Counter(bsn for portie in [*porties, porties[149]] for bsn in portie)
    verzoeken = [len(bevraging.bsns) for bevraging in proef.brp.bevragingen]
    print(f"\n{minuten:.1f} minutes, killed twice; {klein:.0f} MiB for 2,000, {groot:.0f} MiB for 100,000")
    print(f"memory: {groot / klein:.2f} times that of 2,000")
    print(f"asked: {sum(verzoeken)} BSNs in {len(verzoeken)} requests for 100,000 questions about {len(verwacht)} BSNs")
    print(f"asked again: {len(porties[149])} BSNs, of the portion that was not written; of answered ones: none")
    assert proef.asked() == verwacht
    assert len(verzoeken) == sum(-(-len(portie) // 20) for portie in [*porties, porties[149]])
    uit = proef.results()
    assert [rij["kenmerk"] for rij in uit] == [f"K{n}" for n in range(1, 100_001)]
    assert all(rij["gemeente"] and not rij["fouten"] for rij in uit)
    assert groot < 1.25 * klein
