"""Named points at which a test may let the process die, to prove that nothing acknowledged is lost there.

``KNOOPPUNT_CRASH=voor_commit:3`` kills the process (SIGKILL, no clean-up) when it reaches that point the third time.
"""

from __future__ import annotations

import itertools
import os
import signal
from typing import Final

PUNTEN: Final = ("voor_commit", "na_commit", "voor_verzending", "na_verzending")
"""Before and after the commit of a group of operations; before and after one attempt at delivery."""


def _read(waarde: str) -> tuple[str, int]:
    punt, _, keer = waarde.partition(":")
    if punt and punt not in PUNTEN:
        raise ValueError(f"KNOOPPUNT_CRASH: {punt!r} is geen breekpunt; kies uit {', '.join(PUNTEN)}")
    if keer and not keer.isdecimal():
        raise ValueError(f"KNOOPPUNT_CRASH: {keer!r} is geen aantal")
    return punt, int(keer or 1)


_PUNT, _KEER = _read(os.environ.get("KNOOPPUNT_CRASH", ""))
_teller = itertools.count(1)  # next() is atomic, so threads need no lock


def reach(punt: str) -> None:
    """Die here when the environment says so; otherwise do nothing."""
    if punt == _PUNT and next(_teller) == _KEER:
        os.kill(os.getpid(), signal.SIGKILL)
