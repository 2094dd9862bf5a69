"""Dying at a named point, in a process of its own: what was acknowledged is there afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from sjabloon import make_tables

from routing import breekpunt, schema
from routing.databank import make_engine, parse_url

SCRIPT = """
import asyncio, sys
from routing import schema
from routing.opslag import Opslag

def voeg_toe(conn, code):
    conn.execute(schema.partij.insert().values(code=code, soort="gemeente", naam=code))

async def main():
    opslag = Opslag(sys.argv[1])
    for n in range(5):
        await opslag.write(voeg_toe, str(n))
        print(n, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize(("punt", "bewaard"), [("voor_commit:3", 2), ("na_commit:3", 3)])
def test_a_process_that_dies_loses_nothing_it_acknowledged(tmp_path: Path, punt: str, bewaard: int):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    make_tables(url)
    klaar = subprocess.run(
        [sys.executable, "-c", SCRIPT, url],
        env=os.environ | {"KNOOPPUNT_CRASH": punt},
        capture_output=True,
        text=True,
        check=False,
    )
    assert klaar.returncode == -signal.SIGKILL, klaar.stderr
    assert klaar.stdout.split() == ["0", "1"]
    engine = make_engine(parse_url(url), schrijft=False)
    with engine.connect() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(schema.partij)).scalar() == bewaard
    engine.dispose()


_NAAM = "    breekpunt.name_commit(conn, 'claim' if code == '3' else 'intake')\n"
NAMED = SCRIPT.replace("    conn.execute(", f"{_NAAM}    conn.execute(").replace(
    "import schema", "import breekpunt, schema"
)


@pytest.mark.parametrize(
    ("punt", "gezegd", "bewaard"),
    [("voor_commit_claim", 3, 3), ("na_commit_claim", 3, 4), ("voor_commit_intake:3", 2, 2)],
)
def test_a_commit_is_known_by_what_it_holds(tmp_path: Path, punt: str, gezegd: int, bewaard: int):
    url, lont = f"sqlite:///{tmp_path / 'x.db'}", tmp_path / "lont"
    make_tables(url)
    lont.write_text(punt)
    klaar = subprocess.run(
        [sys.executable, "-c", NAMED, url],
        env=os.environ | {"KNOOPPUNT_CRASH": f"@{lont}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert klaar.returncode == -signal.SIGKILL, klaar.stderr
    assert len(klaar.stdout.split()) == gezegd
    engine = make_engine(parse_url(url), schrijft=False)
    with engine.connect() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(schema.partij)).scalar() == bewaard
    engine.dispose()


@pytest.mark.parametrize("waarde", ["onzin", "voor_commit:x", "voor_commit:-1"])
def test_a_wrong_name_is_refused(waarde: str):
    with pytest.raises(ValueError, match="KNOOPPUNT_CRASH"):
        breekpunt._read(waarde)


def test_without_the_variable_nothing_happens():
    for punt in breekpunt.PUNTEN:
        breekpunt.reach(punt)
