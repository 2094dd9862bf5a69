"""One attempt at delivery: open what is stored, hand it to the bezorger of the protocol, and say how it went."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from routing import breekpunt, schema
from routing.bericht import Envelop
from routing.envelopvorm import from_json
from routing.foutplek import place
from routing.kluis import Kluis, Verzegeld
from routing.lanes import Kop
from routing.opslag import Opslag
from routing.overdracht import Overdracht, Overgedragen
from routing.partij import Aansluiting, Kanaal, Protocol
from routing.poorten import Bezorger, UitgaandePayload, Uitkomst, Uitkomstsoort, Zending
from routing.tijdgrens import Tijdgrenzen

_log = structlog.get_logger(__name__)

KLEIN: Final = 16 * 1024
"""Bytes of payload up to which berichten of several lanes are read together."""


@dataclass(frozen=True, slots=True)
class Inhoud:
    """What is needed to offer a bericht, as stored."""

    envelop: str
    verzegeld: Verzegeld
    grootte: int
    digest: str


class Vondst:
    """The berichten of one claim: in memory what has just come in, the rest read from the log.

    What is small is read at once for all lanes of the claim; a large bericht is read by its own turn, so that nobody
    else waits for it.

    Args:
        opslag: the log.
        overdracht: what the intake of this process has just stored.
        koppen: what will be offered.
    """

    def __init__(self, opslag: Opslag, overdracht: Overdracht, koppen: Iterable[Kop]) -> None:
        self._opslag = opslag
        self._overdracht = overdracht
        self._koppen = tuple(koppen)
        self._inhoud: dict[str, Inhoud | Overgedragen] = {}
        self._lezing: asyncio.Future[dict[str, Inhoud]] | None = None

    async def give(self, koppen: Iterable[Kop]) -> dict[str, Inhoud | Overgedragen]:
        """Give what there is of these berichten, which are of the claim.

        Raises:
            OpslagFout: the log cannot be read.
        """
        if self._koppen:
            self._search()
        ids = {kop.bericht_id for kop in koppen}
        eigen = {bericht_id: self._inhoud.pop(bericht_id) for bericht_id in ids & self._inhoud.keys()}
        if self._lezing is not None and not ids <= eigen.keys():
            with contextlib.suppress(DBAPIError):  # of one row: each turn then reads its own
                samen = await asyncio.shield(self._lezing)
                eigen |= {bericht_id: samen.pop(bericht_id) for bericht_id in ids & samen.keys()}
        if rest := [bericht_id for bericht_id in ids if bericht_id not in eigen]:
            eigen |= await self._opslag.read(_load, rest)
        return eigen

    def _search(self) -> None:
        """Look in memory, and read what is not there; by the first turn, since the claim may overtake the intake."""
        koppen, self._koppen = self._koppen, ()
        klein: list[str] = []
        for kop in koppen:
            if (vers := self._overdracht.take(kop.bericht_id)) is not None:
                self._inhoud[kop.bericht_id] = vers
            elif kop.grootte <= KLEIN:
                klein.append(kop.bericht_id)
        if klein:
            self._lezing = asyncio.ensure_future(self._opslag.read(_load, klein))


@dataclass(frozen=True, slots=True)
class Aanbieder:
    """Makes attempts; `verzending_s` is how long one may take at most, in seconds."""

    kluis: Kluis
    bezorgers: Mapping[Protocol, Bezorger]
    verzending_s: float
    tijdgrenzen: Tijdgrenzen = field(default_factory=Tijdgrenzen)

    async def offer(self, kop: Kop, aansluiting: Aansluiting | None, inhoud: Inhoud | Overgedragen | None) -> Uitkomst:
        """Make one attempt; whatever goes wrong on our side is retryable."""
        if kop.vervallen:
            return Uitkomst(Uitkomstsoort.VERVALLEN, "De termijn is verstreken.")
        if aansluiting is None or aansluiting.protocol not in self.bezorgers:
            return Uitkomst(Uitkomstsoort.TIJDELIJK, "De ontvanger is nu niet aangesloten.", kenmerk="niet_aangesloten")
        if aansluiting.kanaal is not Kanaal.PUSH:  # maintenance lets the lane follow
            return Uitkomst(Uitkomstsoort.TIJDELIJK, "De ontvanger haalt zijn berichten voortaan zelf op.")
        breekpunt.reach("voor_verzending")
        begonnen = False
        try:
            if inhoud is None:
                raise LookupError("bericht without payload")  # noqa: TRY301 - handled like any other fault of ours
            envelop, payload = self._open(kop.bericht_id, inhoud)
            zending = Zending(kop.bericht_id, envelop, payload, aansluiting, kop.mogelijk_aangekomen)
            begonnen = True
            with self.tijdgrenzen.begin(self.verzending_s):
                uitkomst = await self.bezorgers[aansluiting.protocol].deliver(zending)
        except TimeoutError:
            zin = "De ontvanger antwoordde niet binnen de tijd."
            return Uitkomst(Uitkomstsoort.TIJDELIJK, zin, kenmerk="verbinding.tijd", mogelijk_aangekomen=begonnen)
        except Exception as fout:  # noqa: BLE001 - a bug in an adapter may not stop a lane
            _log.error("fout bij het aanbieden", bericht_id=kop.bericht_id, **place(fout))
            zin = "Het aanbieden mislukte door een fout in het knooppunt."
            return Uitkomst(Uitkomstsoort.TIJDELIJK, zin, kenmerk="knooppunt", mogelijk_aangekomen=begonnen)
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
