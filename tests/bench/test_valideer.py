"""`knooppunt valideer` on ten thousand files beside bare lxml on the same files, both with all processors."""

from __future__ import annotations

import itertools
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from istandaarden.catalogus import Berichtsoort, ingebouwd
from istandaarden.voorbeeld import Voorbeeldfout, make_voorbeeld
from istandaarden.xsd import write_all

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

_BESTANDEN = 10_000
_RONDES = 5
_KAAL = Path(__file__).with_name("kaal.py")


def samples(soort: Berichtsoort) -> Iterator[bytes]:
    """Valid berichten of one to some eight kilobytes."""
    for grootte, zaad in itertools.product((1, 4, 8), range(3)):
        try:
            yield make_voorbeeld(soort, grootte=grootte, zaad=zaad)
        except Voorbeeldfout:  # nothing in it can be repeated
            yield make_voorbeeld(soort, zaad=zaad)


def seconds(bestanden: int, pyc: Path, *opdracht: str) -> float:
    """Run a program over a number of files; give the processor time of all its processes.

    That is what limits it when all processors are busy, and it does not depend on what else the machine does. Python
    runs as it does for a user: it finds modules compiled, in `pyc`, and collects what it writes.
    """
    omgeving = {naam: waarde for naam, waarde in os.environ.items() if not naam.startswith("PYTHON")}
    omgeving |= {"KNOOPPUNT_STANDAARDEN": "", "PYTHONPYCACHEPREFIX": str(pyc)}
    voor = resource.getrusage(resource.RUSAGE_CHILDREN)
    uit = subprocess.run([sys.executable, *opdracht], capture_output=True, check=True, env=omgeving)
    na = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert uit.stdout.count(b"\n") == uit.stdout.count(b": geldig\n") == bestanden
    return na.ru_utime + na.ru_stime - voor.ru_utime - voor.ru_stime


def test_ten_thousand_files_beside_bare_lxml(tmp_path: Path) -> None:
    alle, een, schemas, pyc = (tmp_path / naam for naam in ("alle", "een", "schemas", "pyc"))
    soorten = [soort for soort in ingebouwd() if soort.release == "3.2"]
    inhoud = [data for soort in soorten for data in samples(soort)]
    for map_, aantal in ((alle, _BESTANDEN), (een, 1)):
        map_.mkdir()
        for nummer, data in zip(range(aantal), itertools.cycle(inhoud), strict=False):
            (map_ / f"{nummer:05d}.xml").write_bytes(data)
    for naam, tekst in write_all(ingebouwd().models()).items():
        (schemas / naam).parent.mkdir(parents=True, exist_ok=True)
        (schemas / naam).write_text(tekst, encoding="utf-8")
    valideer = "-c", "from knooppunt.cli import main; main()", "valideer"

    def turn(aantal: int, map_: Path) -> tuple[float, float, float]:
        return (
            seconds(aantal, pyc, str(_KAAL), str(map_), str(schemas)),
            seconds(aantal, pyc, *valideer, str(map_), "--niveau", "1"),
            seconds(aantal, pyc, *valideer, str(map_)),
        )

    turn(1, een)  # compiles the modules
    rondes = [(turn(_BESTANDEN, alle), turn(1, een)) for _ in range(_RONDES)]
    geheel, zonder = (
        [statistics.median((a[0] - b[0] * af) / (a[plek] - b[plek] * af) for a, b in rondes) for plek in (1, 2)]
        for af in (0, 1)
    )
    gemiddeld = sum(map(len, inhoud)) / len(inhoud) / 1000
    print(f"\n{_BESTANDEN} bestanden van gemiddeld {gemiddeld:.1f} kB, als deel van het tempo van kaal lxml:")
    print(f"alleen het schema {geheel[0]:.2f} met opstarten, {zonder[0]:.2f} zonder;", end=" ")
    print(f"met de regels van niveau 2 {geheel[1]:.2f} en {zonder[1]:.2f}")
    assert geheel[0] >= 0.5
