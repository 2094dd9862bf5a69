"""Room for files that are handed in: how many and how large together, so that they cannot fill the memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from knooppunt.api.probleem import Probleem

_MIB: Final = 1024 * 1024
_WACHT_S: Final = 10


class Inleverruimte:
    """Counts the files that are being taken in at this node.

    Args:
        tegelijk: how many at the same time.
        mib_tegelijk: how large together.
    """

    def __init__(self, tegelijk: int = 4, mib_tegelijk: int = 48) -> None:
        self._vrij = tegelijk
        self._vrije_bytes = mib_tegelijk * _MIB

    @contextmanager
    def take(self, omvang: int) -> Iterator[None]:
        """Hold room for a file of `omvang` bytes.

        Raises:
            Probleem: 503 when there is none.
        """
        if self._vrij < 1 or self._vrije_bytes < omvang:
            detail = "Andere bestanden worden nog ingenomen; probeer het zo dadelijk opnieuw."
            raise Probleem(503, "Het knooppunt kan dit bestand nu niet aannemen.", detail, opnieuw_na=_WACHT_S)
        self._vrij -= 1
        self._vrije_bytes -= omvang
        try:
            yield
        finally:
            self._vrij += 1
            self._vrije_bytes += omvang
