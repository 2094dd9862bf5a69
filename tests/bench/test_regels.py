"""What the rules of level 2 cost on top of the schema: time for small berichten, memory for a large declaratie."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from verhouding import ratio

from istandaarden.catalogus import Berichtsoort, ingebouwd
from istandaarden.toets import validate
from istandaarden.voorbeeld import make_voorbeeld

pytestmark = pytest.mark.bench

_MET_REGELS = [soort for soort in ingebouwd() if soort.release == "3.2"]
_PRESTATIES = 20_000

_PROCES = """
import json, sys
from pathlib import Path
from istandaarden.catalogus import ingebouwd
from istandaarden.toets import validate
from istandaarden.voorbeeld import make_voorbeeld

def piek():  # of this process alone: ru_maxrss begins with what the process that started it had
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024

soort = ingebouwd().find(sys.argv[2], "3.2")
assert validate(make_voorbeeld(soort), niveau=2).geldig  # everything that is read once has been read
begin = piek()
data = Path(sys.argv[1]).read_bytes()
oordeel = validate(data, niveau=2)
print(json.dumps({"geldig": oordeel.geldig, "groei": piek() - begin, "omvang": len(data)}))
"""


@pytest.mark.parametrize("soort", _MET_REGELS, ids=lambda soort: soort.code)
def test_schema_and_rules_beside_the_schema_alone(soort: Berichtsoort) -> None:
    data = make_voorbeeld(soort)
    alles, schema = (partial(validate, data, verwacht=soort, niveau=niveau) for niveau in (2, 1))
    assert alles().geldig
    gemeten = ratio(schema, alles, 40)
    print(f"\n{soort.code}, {len(data)} bytes: {gemeten.verhouding:.2f} van het schema alleen")
    assert gemeten.verhouding >= 0.5


@pytest.mark.parametrize("code", ["WMO323", "JW323"])
def test_memory_of_a_large_declaratie(code: str, tmp_path: Path) -> None:
    """In a process of its own, so that the peak is that of this one bericht."""
    bestand = tmp_path / "groot.xml"
    bestand.write_bytes(make_voorbeeld(ingebouwd().find(code, "3.2"), grootte=_PRESTATIES))
    uit = subprocess.run(
        [sys.executable, "-c", _PROCES, str(bestand), code], capture_output=True, text=True, check=True
    ).stdout
    gemeten = json.loads(uit)
    keer = gemeten["groei"] / gemeten["omvang"]
    print(f"\n{code} met {_PRESTATIES} prestaties, {gemeten['omvang'] / 1e6:.1f} MB: geheugen {keer:.1f} x de omvang")
    assert gemeten["geldig"]
    assert gemeten["groei"] > 0
    assert keer < 10
