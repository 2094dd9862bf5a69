"""The box from which an ontvanger collects his berichten: list, read, confirm; and how it stands with a bericht.

Everything is limited to the partijen for which the caller may act: what is not theirs does not exist for them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, or_, select, text

from routing import breekpunt, lanes, logboek, schema
from routing.bericht import Envelop, Foutinhoud
from routing.envelopvorm import from_json
from routing.kluis import Kluis, Verzegeld
from routing.opslag import Opslag
from routing.poorten import UitgaandePayload
from routing.status import Status

_a, _b, _p = schema.aflevering.c, schema.bericht.c, schema.payload.c
_PER_KEER = 500


@dataclass(frozen=True, slots=True)
class Klaarstaand:
    """A bericht that waits to be collected. `digest` is the SHA-256 of the payload in hex, `size` its bytes."""

    bericht_id: str
    envelop: Envelop
    ontvangen_op: datetime
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Statusregel:
    """How it stands with a bericht; moments are in UTC.

    `fout` says why it was refused or not delivered and `melder` who said so; its `plek` is empty, since the log does
    not keep it.
    """

    envelop: Envelop
    status: Status
    status_op: datetime
    ontvangen_op: datetime
    fout: Foutinhoud | None
    melder: str | None


class Afhaalbak:
    """Pull with confirmation: a bericht stays in the box, in order, until its ontvanger confirms it."""

    def __init__(self, opslag: Opslag, kluis: Kluis) -> None:
        self._opslag = opslag
        self._kluis = kluis

    async def list_ready(
        self,
        partijen: AbstractSet[str],
        *,
        limit: int,
        functie: str | None = None,
        versie: str | int | None = None,
        subversie: str | int | None = None,
        conversatie: str | None = None,
        cross_ref: str | None = None,
    ) -> list[Klaarstaand]:
        """Return what waits for these partijen, oldest first, at most `limit`.

        Args:
            partijen: codes for which the caller may act.
            limit: how many at most.
            functie: only this functie.
            versie: only this functieVersie; 3, "3" and "0003" are the same.
            subversie: only this functieSubversie.
            conversatie: only this conversation.
            cross_ref: only answers to this referentienummer.
        """
        keuze = _waiting(partijen)
        for kolom, waarde in ((_b.functie, functie), (_b.conversatie, conversatie), (_b.cross_ref, cross_ref)):
            if waarde is not None:
                keuze = keuze.where(kolom == waarde)
        return await self._opslag.read(_list, keuze, limit, versie, subversie)

    async def open(
        self, partijen: AbstractSet[str], referentienummer: str
    ) -> tuple[Klaarstaand, UitgaandePayload] | None:
        """Return a waiting bericht with its payload, which is decrypted when it is read; None when there is none.

        The bericht stays in the box. When two zenders used the same referentienummer, the oldest comes first.
        """
        rij = await self._opslag.read(_find_sealed, partijen, referentienummer)
        if rij is None:
            return None
        klaarstaand = _to_klaarstaand(rij)
        verzegeld = Verzegeld(rij.sleutel_id, bytes(rij.datasleutel), bytes(rij.inhoud))
        return klaarstaand, self._kluis.open_stream(
            rij.id, "payload", verzegeld, size=klaarstaand.size, digest=klaarstaand.digest
        )

    async def confirm(self, partijen: AbstractSet[str], referentienummer: str) -> bool:
        """Note, durably, that a waiting bericht arrived: it leaves the box with status Bezorgd.

        Returns:
            False when nothing with this referentienummer waits for these partijen (any more).
        """
        return await self._opslag.write(_confirm, partijen, referentienummer)

    async def statuses(
        self,
        partijen: AbstractSet[str],
        *,
        referentienummer: str | None = None,
        conversatie: str | None = None,
        limit: int = 250,
    ) -> list[Statusregel]:
        """Return how it stands with berichten these partijen sent or are to receive, newest first.

        What was refused on arrival is shown to its zender only: it never was on its way to anybody.
        """
        return await self._opslag.read(_statuses, partijen, referentienummer, conversatie, limit)


def _waiting(partijen: AbstractSet[str]) -> Select[Any]:
    keuze = (
        select(
            _a.id.label("aflevering_id"),
            _a.lane,
            _b.id,
            _b.envelop,
            _b.status,
            _b.ontvangen_op,
            _b.payload_digest,
            _b.payload_grootte,
        )
        .join_from(schema.aflevering, schema.lane, schema.lane.c.naam == _a.lane)
        .join(schema.bericht, _b.id == _a.bericht_id)
        .where(_a.lane.in_(sorted(partijen)), text("aflevering.open"), schema.lane.c.kanaal == "pull")
    )
    # Within one lane the index already has the order; across lanes the row number is the order of arrival.
    return keuze.order_by(_a.seq if len(partijen) == 1 else _a.id)


def _list(
    conn: Connection, keuze: Select[Any], limit: int, versie: str | int | None, subversie: str | int | None
) -> list[Klaarstaand]:
    if versie is None and subversie is None:
        return [_to_klaarstaand(rij) for rij in conn.execute(keuze.limit(limit))]
    gevonden: list[Klaarstaand] = []
    with contextlib.closing(conn.execution_options(yield_per=_PER_KEER).execute(keuze)) as rijen:
        for rij in rijen:
            klaarstaand = _to_klaarstaand(rij)
            p = klaarstaand.envelop.parameters
            if p and _same(versie, p.functie_versie) and _same(subversie, p.functie_subversie):
                gevonden.append(klaarstaand)
                if len(gevonden) == limit:
                    break
    return gevonden


def _same(gevraagd: str | int | None, gevonden: str) -> bool:
    return gevraagd is None or str(gevraagd).lstrip("0") == gevonden.lstrip("0")


def _find_sealed(conn: Connection, partijen: AbstractSet[str], referentienummer: str) -> Row[Any] | None:
    keuze = _waiting(partijen).where(_b.referentienummer == referentienummer).limit(1)
    keuze = keuze.join(schema.payload, _p.bericht_id == _b.id).add_columns(_p.sleutel_id, _p.datasleutel, _p.inhoud)
    return conn.execute(keuze).first()


def _confirm(conn: Connection, partijen: AbstractSet[str], referentienummer: str) -> bool:
    rij = conn.execute(_waiting(partijen).where(_b.referentienummer == referentienummer).limit(1)).first()
    if rij is None or not lanes.confirm(conn, rij.lane, rij.aflevering_id):
        return False
    breekpunt.name_commit(conn, "ophalen")
    if rij.status != Status.WORDT_AANGEBODEN:  # it waited for a push before its ontvanger changed his kanaal
        logboek.set_status(conn, rij.id, Status.WORDT_AANGEBODEN, "aanbieden", {"kanaal": "pull"})
    logboek.set_status(conn, rij.id, Status.BEZORGD, "opgehaald", {"door": rij.lane})
    return True


def _statuses(
    conn: Connection, partijen: AbstractSet[str], referentienummer: str | None, conversatie: str | None, limit: int
) -> list[Statusregel]:
    wie = sorted(partijen)
    keuze = (
        select(_b.envelop, _b.status, _b.status_op, _b.ontvangen_op, _b.fout_code, _b.fout_melder, _b.fout_omschrijving)
        .where(
            _b.geldend,
            or_(_b.zender.in_(wie), and_(_b.ontvanger.in_(wie), _b.status != Status.AFGEKEURD.value)),
        )
        .order_by(_b.ontvangen_op.desc(), _b.id)
        .limit(limit)
    )
    for kolom, waarde in ((_b.referentienummer, referentienummer), (_b.conversatie, conversatie)):
        if waarde is not None:
            keuze = keuze.where(kolom == waarde)
    return [
        Statusregel(
            envelop=from_json(rij.envelop),
            status=Status(rij.status),
            status_op=_moment(rij.status_op),
            ontvangen_op=_moment(rij.ontvangen_op),
            fout=Foutinhoud(rij.fout_code, "", rij.fout_omschrijving or "") if rij.fout_code else None,
            melder=rij.fout_melder,
        )
        for rij in conn.execute(keuze)
    ]


def _to_klaarstaand(rij: Row[Any]) -> Klaarstaand:
    return Klaarstaand(
        rij.id, from_json(rij.envelop), _moment(rij.ontvangen_op), rij.payload_digest, rij.payload_grootte
    )


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
