"""From intake to delivery through memory: what was just committed need not be read, unsealed and unpacked again.

The database stays the truth: which bericht is delivered, in which order and whether it still may be, is decided there,
and whatever is not found here is read there. Nothing is kept but a bounded number of bytes for a first attempt.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from routing.bericht import Envelop
from routing.payload import Payload

RUIMTE: Final = 16 * 1024 * 1024
"""Bytes of payload that may wait here; beyond that the oldest make room."""


@dataclass(frozen=True, slots=True)
class Overgedragen:
    """A bericht as it was received."""

    envelop: Envelop
    payload: Payload


class Overdracht:
    """Berichten that were committed and wait for their first attempt; to be used on the event loop."""

    def __init__(self, ruimte: int = RUIMTE) -> None:
        self._ruimte = ruimte
        self._vol = 0
        self._berichten: OrderedDict[str, Overgedragen] = OrderedDict()

    def put(self, bericht_id: str, envelop: Envelop, payload: Payload) -> None:
        """Keep a committed bericht; a large one, which lives compressed only, is left to the database."""
        if payload.plain is None:
            return
        self._berichten[bericht_id] = Overgedragen(envelop, payload)
        self._vol += payload.size
        while self._vol > self._ruimte:
            _, oudste = self._berichten.popitem(last=False)
            self._vol -= oudste.payload.size

    def take(self, bericht_id: str) -> Overgedragen | None:
        """Give a bericht and forget it; None when it was not kept."""
        bericht = self._berichten.pop(bericht_id, None)
        if bericht is not None:
            self._vol -= bericht.payload.size
        return bericht
