"""Named points at which a test may let the process die, to prove that nothing acknowledged is lost there.

``KNOOPPUNT_CRASH=voor_commit_intake:3`` kills the process (SIGKILL, no clean-up) when it reaches that point the third
time. ``KNOOPPUNT_CRASH=@FILE`` reads the same from a file each time, so that a running process can be told to die; a
file that is absent or empty names no point. Without the variable a point costs one comparison.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

_SLEUTEL: Final = "knooppunt.breekpunt"

COMMITS: Final = ("intake", "claim", "uitkomst", "verval", "onderhoud", "ophalen")
"""What a commit can hold: a stored bericht, a claimed lane, the outcome of an attempt, a term that passed, other
maintenance, and a bericht that its ontvanger confirmed."""

PUNTEN: Final = (
    "voor_commit",
    "na_commit",
    *(f"{wanneer}_commit_{soort}" for soort in COMMITS for wanneer in ("voor", "na")),
    "voor_verzending",
    "na_verzending",
    "voor_bevestiging",
)
"""Before and after the commit of a group of operations, whatever it holds or only with the operation that is named;
before and after one attempt at delivery; between storing what was collected elsewhere and confirming it there."""


def _read(waarde: str) -> tuple[str, int]:
    punt, _, keer = waarde.partition(":")
    if punt and punt not in PUNTEN:
        raise ValueError(f"KNOOPPUNT_CRASH: {punt!r} is geen breekpunt; kies uit {', '.join(PUNTEN)}")
    if keer and not keer.isdecimal():
        raise ValueError(f"KNOOPPUNT_CRASH: {keer!r} is geen aantal")
    return punt, int(keer or 1)


_WAARDE: Final = os.environ.get("KNOOPPUNT_CRASH", "")
if not _WAARDE.startswith("@"):
    _read(_WAARDE)
_bereikt: Counter[str] = Counter()
_teller = threading.Lock()  # writers reach their points in threads


def reach(punt: str) -> None:
    """Die here when the environment says so; otherwise do nothing."""
    if not _WAARDE:
        return
    opdracht = _order()
    gekozen, keer = _read(opdracht)
    if punt == gekozen:
        with _teller:
            _bereikt[opdracht] += 1
            if _bereikt[opdracht] == keer:
                os.kill(os.getpid(), signal.SIGKILL)


def _order() -> str:
    if not _WAARDE.startswith("@"):
        return _WAARDE
    try:
        return Path(_WAARDE[1:]).read_text("ascii")
    except FileNotFoundError:
        return ""


def begin(conn: Connection) -> None:
    """Start a transaction on `conn`: nothing is in it yet."""
    if _WAARDE:
        conn.info[_SLEUTEL] = set()


def name_commit(conn: Connection, soort: str) -> None:
    """Say, inside an operation, what the commit of this transaction will hold; `soort` is one of `COMMITS`."""
    if _WAARDE:
        conn.info.setdefault(_SLEUTEL, set()).add(soort)


def reach_commit(wanneer: str, conn: Connection) -> None:
    """Die here when the environment names this commit, or something that it holds.

    Args:
        wanneer: ``voor`` or ``na``.
        conn: on which the transaction is to be committed, or was.
    """
    if _WAARDE:
        reach(f"{wanneer}_commit")
        for soort in conn.info.get(_SLEUTEL, ()):
            reach(f"{wanneer}_commit_{soort}")
