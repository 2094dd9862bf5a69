"""What a simulated partij sent and received, with digests, so that an outcome can be compared byte for byte."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from routing.bericht import Envelop


class Richting(StrEnum):
    """Whether a partij sent a bericht or got it."""

    VERZONDEN = "verzonden"
    ONTVANGEN = "ontvangen"


@dataclass(frozen=True, slots=True)
class Boeking:
    """One bericht as the partij itself saw it; `digest` is the SHA-256 of `payload`, in hex."""

    richting: Richting
    envelop: Envelop
    payload: bytes
    digest: str

    @property
    def referentienummer(self) -> str:
        """The referentienummer of the envelope."""
        return self.envelop.stuurgegevens.referentienummer

    @property
    def functie(self) -> str:
        """The functie of the envelope; ``Fo01`` where there is none."""
        return self.envelop.stuurgegevens.functie or self.envelop.stuurgegevens.berichtcode.value


class Grootboek:
    """Ledger of one partij; used from one event loop. `meld` hears of every boeking."""

    def __init__(self, meld: Callable[[Boeking], None] | None = None) -> None:
        self.boekingen: list[Boeking] = []
        self.herhalingen = 0
        """How often a bericht came in that had been booked before (delivery is at least once)."""
        self._nieuw = asyncio.Condition()
        self.meld = meld

    async def record(self, richting: Richting, envelop: Envelop, payload: bytes) -> Boeking:
        """Book one bericht and wake whoever waits for it."""
        boeking = Boeking(richting, envelop, payload, hashlib.sha256(payload).hexdigest())
        async with self._nieuw:
            self.boekingen.append(boeking)
            self._nieuw.notify_all()
        if self.meld is not None:
            self.meld(boeking)
        return boeking

    def of(self, richting: Richting) -> list[Boeking]:
        """Return the boekingen in one direction, in order."""
        return [boeking for boeking in self.boekingen if boeking.richting is richting]

    def received(self, referentienummer: str) -> Boeking | None:
        """Return the bericht with this referentienummer when it was received."""
        return next(
            (b for b in self.of(Richting.ONTVANGEN) if b.referentienummer == referentienummer),
            None,
        )

    def sent(self, referentienummer: str) -> Boeking | None:
        """Return the bericht with this referentienummer when it was sent."""
        return next((b for b in self.of(Richting.VERZONDEN) if b.referentienummer == referentienummer), None)

    def count_answers(self, referentienummer: str) -> int:
        """Return how many received berichten refer to this referentienummer."""
        return sum(1 for b in self.of(Richting.ONTVANGEN) if b.envelop.stuurgegevens.cross_ref == referentienummer)

    async def wait_for(self, past: Callable[[Boeking], bool], seconden: float) -> Boeking:
        """Return the first received bericht that fits; wait for it when it is not there yet.

        Raises:
            TimeoutError: nothing that fits arrived within `seconden`.
        """

        def gevonden() -> Boeking | None:
            return next((b for b in self.of(Richting.ONTVANGEN) if past(b)), None)

        async with asyncio.timeout(seconden), self._nieuw:
            while (boeking := gevonden()) is None:
                await self._nieuw.wait()
            return boeking
