"""Room for new berichten: free space beside the SQLite file, and how much waits for delivery already.

Refusing begins while there is still enough room to finish what was taken in: deliveries, history and Fo01's are written
as before. PostgreSQL's disk cannot be seen from here; there the backlog alone counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from knooppunt.configuratie import BewakingSectie
from routing.incident import Feiten

_MIB: Final = 1024 * 1024
_HOUDBAAR_S: Final = 1.0


def free_mib(map_: Path) -> int:
    """Return the MiB that are free for us on the disk of a folder.

    Raises:
        OSError: the folder cannot be looked at.
    """
    schijf = os.statvfs(map_)
    return schijf.f_bavail * schijf.f_frsize // _MIB


class Ruimte:
    """Whether there is room.

    Args:
        map_: folder of the SQLite file, None for PostgreSQL.
        grenzen: watermarks.
        meet: measures the free MiB of a folder.

    Attributes:
        wachtend: berichten that wait for delivery, as last looked up by who follows them.
    """

    def __init__(self, map_: Path | None, grenzen: BewakingSectie, meet: Callable[[Path], int] = free_mib) -> None:
        self.wachtend = 0
        self._map = map_
        self._grenzen = grenzen
        self._meet = meet
        self._gemeten_op = -_HOUDBAAR_S
        self._vrij: int | None = None

    def free(self) -> int | None:
        """Return the free MiB, at most a second old; None when that cannot be known."""
        nu = time.monotonic()
        if self._map is not None and nu - self._gemeten_op >= _HOUDBAAR_S:
            self._gemeten_op = nu
            try:
                self._vrij = self._meet(self._map)
            except OSError:
                self._vrij = None
        return self._vrij

    def refusal(self) -> str | None:
        """Return the cause in the fault table when nothing new may come in, else None."""
        vrij = self.free()
        vol = vrij is not None and vrij < self._grenzen.schijf_weiger_mib
        return "knooppunt_vol" if vol or self.wachtend > self._grenzen.achterstand_weiger else None

    def incidents(self) -> dict[str, Feiten]:
        """Return what is to be told about the disk, by cause."""
        vrij = self.free()
        if vrij is None:
            return {}
        for oorzaak, grens in (
            ("schijf_vol", self._grenzen.schijf_weiger_mib),
            ("schijf_bijna_vol", self._grenzen.schijf_waarschuwing_mib),
        ):
            if vrij < grens:
                return {oorzaak: {"vrij_mib": vrij, "grens_mib": grens}}
        return {}
