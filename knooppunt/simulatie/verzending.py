"""Offering a bericht to a hub over StUF-GGk, as the software of a partij does."""

from __future__ import annotations

import ssl
import uuid
from dataclasses import dataclass

from adapters.stufggk.client import StufBezorger
from knooppunt.simulatie.grootboek import Boeking
from routing.bericht import Envelop
from routing.partij import Aansluiting, Kanaal, Protocol
from routing.payload import Payload
from routing.poorten import Uitkomst, Zending


@dataclass(frozen=True, slots=True)
class Verzending:
    """A bericht that was offered to the hub, and what the hub said at once."""

    boeking: Boeking
    uitkomst: Uitkomst

    @property
    def referentienummer(self) -> str:
        """The referentienummer under which it was sent."""
        return self.boeking.referentienummer


class StufZender:
    """Offers berichten to a hub over StUF-GGk."""

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        """Take the address of the hub's koppelvlak and a TLS context with the certificate of the partij."""
        self._hub = Aansluiting("hub", (), Kanaal.PUSH, Protocol.STUF, url)
        self._bezorger = StufBezorger(context)

    async def send(self, envelop: Envelop, payload: bytes, *, mogelijk_aangekomen: bool = False) -> Uitkomst:
        """Offer one bericht once, and say what the hub answered; an earlier time it may have arrived."""
        inhoud = Payload(payload)
        return await self._bezorger.deliver(Zending(str(uuid.uuid4()), envelop, inhoud, self._hub, mogelijk_aangekomen))

    async def close(self) -> None:
        """Release connections."""
        await self._bezorger.close()
