"""Ports: what routing asks of the adapters, and what it offers them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from routing.bericht import Aanlevering, Envelop, Foutinhoud
from routing.fouten import Fout
from routing.partij import Aansluiting


class Ontvangstsoort(StrEnum):
    """What the intake did with an aanlevering."""

    AANGENOMEN = "aangenomen"  # stored durably; this includes a bericht that gets a Fo01 afterwards
    HERHAALD = "herhaald"  # the same bericht was stored before: the earlier answer is given again
    GEWEIGERD = "geweigerd"  # not stored: a synchronous fault


@dataclass(frozen=True, slots=True)
class Ontvangst:
    """Answer of the intake; a channel turns it into Bv03 or Fo03, or into 204, 400 or 422.

    `referentienummer` and `tijdstip` are those of the receipt, stored with the bericht, so that a repeated
    aanlevering gets the very same receipt. `fout` is filled when `soort` is GEWEIGERD.
    """

    soort: Ontvangstsoort
    referentienummer: str
    tijdstip: str
    bericht_id: str | None = None
    fout: Fout | None = None


class Innemer(Protocol):
    """The intake as adapters see it."""

    async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
        """Check, route and store one bericht in a single durable transaction, then answer."""
        ...


class Uitkomstsoort(StrEnum):
    """Outcome class of one attempt at delivery."""

    BEZORGD = "bezorgd"
    TIJDELIJK = "tijdelijk"  # try again later
    BLIJVEND = "blijvend"  # trying again will not help: give up and tell the sender
    VERVALLEN = "vervallen"  # the term passed: no bezorger says this, the clock does


@dataclass(frozen=True, slots=True)
class Uitkomst:
    """Result of one attempt. `toelichting` is a Dutch sentence without personal data.

    `fout` is the fault body the other side gave, to be passed on to the sender; `opnieuw_na` is the other
    side's wish in seconds (Retry-After); `kenmerk` is what in the answer decided, a key of `routing.uitkomstklassen`.
    `mogelijk_aangekomen`: the other side may have what was sent; nothing says clearly that it did not take it.
    """

    soort: Uitkomstsoort
    toelichting: str
    http_status: int | None = None
    fout: Foutinhoud | None = None
    opnieuw_na: float | None = None
    kenmerk: str = ""
    mogelijk_aangekomen: bool = False


class UitgaandePayload(Protocol):
    """A stored payload, decrypted while it is read; `size` is the number of bytes that `chunks` yields."""

    size: int
    digest: str

    def chunks(self) -> Iterator[bytes]:
        """Yield the payload exactly as it was received."""
        ...


@dataclass(frozen=True, slots=True)
class Zending:
    """One bericht on its way to one aansluiting.

    `mogelijk_aangekomen`: an earlier attempt may have reached the ontvanger, so that "not unique" means that it did.
    """

    bericht_id: str
    envelop: Envelop
    payload: UitgaandePayload
    aansluiting: Aansluiting
    mogelijk_aangekomen: bool = False


class Bezorger(Protocol):
    """Delivers over one protocol. Never raises for what the other side does: that is an `Uitkomst`."""

    async def deliver(self, zending: Zending) -> Uitkomst:
        """Make one attempt and say how it went."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class Melder(Protocol):
    """Sends events to one bestemming. Never raises for what the other side does: that is an `Uitkomst`."""

    async def send(self, event: bytes) -> Uitkomst:
        """Make one attempt to send a CloudEvent in JSON."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
