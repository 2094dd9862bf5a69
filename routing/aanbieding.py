"""One attempt at delivery: open what is stored, hand it to the bezorger of the protocol, and say how it went."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, select

from routing import bezorging, breekpunt, schema
from routing.envelopvorm import from_json
from routing.foutplek import place
from routing.kluis import Kluis, Verzegeld
from routing.lanes import Kop
from routing.partij import Aansluiting, Kanaal, Protocol
from routing.poorten import Bezorger, Uitkomst, Uitkomstsoort, Zending

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Inhoud:
    """What is needed to offer a bericht, as stored."""

    envelop: str
    verzegeld: Verzegeld
    grootte: int
    digest: str


@dataclass(frozen=True, slots=True)
class Aanbieder:
    """Makes attempts; `verzending_s` is how long one may take at most, in seconds."""

    kluis: Kluis
    bezorgers: Mapping[Protocol, Bezorger]
    verzending_s: float

    async def offer(self, kop: Kop, aansluiting: Aansluiting | None, inhoud: Inhoud | None) -> Uitkomst:
        """Make one attempt; whatever goes wrong on our side is retryable."""
        if kop.vervallen:
            return Uitkomst(Uitkomstsoort.VERVALLEN, "De termijn is verstreken.")
        if aansluiting is None or aansluiting.protocol not in self.bezorgers:
            return Uitkomst(Uitkomstsoort.TIJDELIJK, "De ontvanger is nu niet aangesloten.", kenmerk="niet_aangesloten")
        if aansluiting.kanaal is not Kanaal.PUSH:  # maintenance lets the lane follow
            return Uitkomst(Uitkomstsoort.TIJDELIJK, "De ontvanger haalt zijn berichten voortaan zelf op.")
        breekpunt.reach("voor_verzending")
        try:
            if inhoud is None:
                raise LookupError("bericht without payload")  # noqa: TRY301 - handled like any other fault of ours
            payload = self.kluis.open_stream(
                kop.bericht_id, "payload", inhoud.verzegeld, size=inhoud.grootte, digest=inhoud.digest
            )
            zending = Zending(kop.bericht_id, from_json(inhoud.envelop), payload, aansluiting, bezorging.number(kop))
            async with asyncio.timeout(self.verzending_s):
                uitkomst = await self.bezorgers[aansluiting.protocol].deliver(zending)
        except TimeoutError:
            zin = "De ontvanger antwoordde niet binnen de tijd."
            return Uitkomst(Uitkomstsoort.TIJDELIJK, zin, kenmerk="verbinding.tijd")
        except Exception as fout:  # noqa: BLE001 - a bug in an adapter may not stop a lane
            _log.error("fout bij het aanbieden", bericht_id=kop.bericht_id, **place(fout))
            return Uitkomst(
                Uitkomstsoort.TIJDELIJK, "Het aanbieden mislukte door een fout in het knooppunt.", kenmerk="knooppunt"
            )
        breekpunt.reach("na_verzending")
        return uitkomst


def load(conn: Connection, bericht_ids: Sequence[str]) -> dict[str, Inhoud]:
    """Read envelope and sealed payload of the berichten of one turn."""
    b, p = schema.bericht.c, schema.payload.c
    rijen = conn.execute(
        select(b.id, b.envelop, b.payload_grootte, b.payload_digest, p.sleutel_id, p.datasleutel, p.inhoud)
        .join(schema.payload, p.bericht_id == b.id)
        .where(b.id.in_(bericht_ids))
    )
    return {
        rij.id: Inhoud(
            rij.envelop,
            Verzegeld(rij.sleutel_id, bytes(rij.datasleutel), bytes(rij.inhoud)),
            rij.payload_grootte,
            rij.payload_digest,
        )
        for rij in rijen
    }
