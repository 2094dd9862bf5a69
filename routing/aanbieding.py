"""One attempt at delivery: open what is stored, hand it to the bezorger of the protocol, and say how it went."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, select

from routing import bezorging, breekpunt, schema
from routing.bericht import Envelop
from routing.envelopvorm import from_json
from routing.foutplek import place
from routing.kluis import Kluis, Verzegeld
from routing.lanes import Kop
from routing.opslag import Opslag
from routing.overdracht import Overdracht, Overgedragen
from routing.partij import Aansluiting, Kanaal, Protocol
from routing.poorten import Bezorger, UitgaandePayload, Uitkomst, Uitkomstsoort, Zending

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
    """Makes attempts; `verzending_s` is how long one may take at most, in seconds.

    `overdracht` holds berichten that the intake of this process has just stored.
    """

    kluis: Kluis
    bezorgers: Mapping[Protocol, Bezorger]
    verzending_s: float
    overdracht: Overdracht

    async def find(self, opslag: Opslag, koppen: Iterable[Kop]) -> dict[str, Inhoud | Overgedragen]:
        """Find what is to be offered: in memory when it has just come in, else in the log."""
        ids = [kop.bericht_id for kop in koppen]
        inhoud: dict[str, Inhoud | Overgedragen] = {
            bericht_id: vers for bericht_id in ids if (vers := self.overdracht.take(bericht_id)) is not None
        }
        if rest := [bericht_id for bericht_id in ids if bericht_id not in inhoud]:
            inhoud |= await opslag.read(_load, rest)
        return inhoud

    async def offer(self, kop: Kop, aansluiting: Aansluiting | None, inhoud: Inhoud | Overgedragen | None) -> Uitkomst:
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
            envelop, payload = self._open(kop.bericht_id, inhoud)
            zending = Zending(kop.bericht_id, envelop, payload, aansluiting, bezorging.number(kop))
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

    def _open(self, bericht_id: str, inhoud: Inhoud | Overgedragen) -> tuple[Envelop, UitgaandePayload]:
        if isinstance(inhoud, Overgedragen):
            return inhoud.envelop, inhoud.payload
        payload = self.kluis.open_stream(
            bericht_id, "payload", inhoud.verzegeld, size=inhoud.grootte, digest=inhoud.digest
        )
        return from_json(inhoud.envelop), payload


def _load(conn: Connection, bericht_ids: Sequence[str]) -> dict[str, Inhoud]:
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
