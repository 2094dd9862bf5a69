"""The berichten of the hub's log to rehearse a release with, opened from the kluis one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select, tuple_

from istandaarden.bestanden import Onleesbaar
from istandaarden.standaardmap import in_gebruik
from routing import schema
from routing.kluis import Kluis, KluisFout, Verzegeld, VerzegeldePayload
from routing.status import Status

_GREEP = 20


@dataclass(frozen=True, slots=True)
class Oefenbericht:
    """A stored bericht: its referentienummer, its zender, and its payload."""

    referentienummer: str
    zender: str
    payload: VerzegeldePayload

    def chunks(self) -> Iterator[bytes]:
        """Yield the payload.

        Raises:
            Onleesbaar: the kluis cannot open it.
        """
        try:
            yield from self.payload.chunks()
        except KluisFout as fout:
            raise Onleesbaar(str(fout)) from fout


def stored(
    conn: Connection, kluis: Kluis, standaard: str | None, vanaf: datetime | None, tot: datetime | None
) -> Iterator[Oefenbericht]:
    """Yield the i-berichten that were accepted, in the order of receipt; a few at a time are in memory.

    Args:
        conn: connection that only reads; between two handfuls its transaction ends.
        kluis: opens the payloads.
        standaard: only of this standaard.
        vanaf: received at or after this moment, with a time zone.
        tot: received before this moment, with a time zone.
    """
    b, p = schema.bericht.c, schema.payload.c
    codes = {soort.code for soort in in_gebruik() if standaard is None or soort.standaard == standaard}
    keuze: Select[Any] = (
        select(
            b.id,
            b.referentienummer,
            b.zender,
            b.ontvangen_op,
            b.payload_grootte,
            b.payload_digest,
            p.sleutel_id,
            p.datasleutel,
            p.inhoud,
        )
        .join_from(schema.bericht, schema.payload)
        .where(b.functie.in_(sorted(codes)), b.geldend, b.status != Status.AFGEKEURD.value)
        .order_by(b.ontvangen_op, b.id)
        .limit(_GREEP)
    )
    if vanaf is not None:
        keuze = keuze.where(b.ontvangen_op >= round(vanaf.timestamp() * 1000))
    if tot is not None:
        keuze = keuze.where(b.ontvangen_op < round(tot.timestamp() * 1000))
    rijen = conn.execute(keuze).all()
    while rijen:
        conn.rollback()
        yield from (_open(kluis, rij) for rij in rijen)
        laatste = rijen[-1]
        verder = tuple_(b.ontvangen_op, b.id) > tuple_(laatste.ontvangen_op, laatste.id)
        rijen = conn.execute(keuze.where(verder)).all()


def _open(kluis: Kluis, rij: Row[Any]) -> Oefenbericht:
    verzegeld = Verzegeld(rij.sleutel_id, bytes(rij.datasleutel), bytes(rij.inhoud))
    payload = kluis.open_stream(rij.id, "payload", verzegeld, size=rij.payload_grootte, digest=rij.payload_digest)
    return Oefenbericht(rij.referentienummer, rij.zender, payload)
