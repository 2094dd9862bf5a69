"""Writing a bericht into the log: one row, its sealed payload, its first gebeurtenissen and its place in a lane."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection, select

from routing import schema, uitstel
from routing.bericht import Envelop
from routing.envelopvorm import to_json_pair
from routing.fouten import Fout
from routing.invoeging import Invoeging
from routing.klok import now_ms
from routing.kluis import Kluis, Verzegeld
from routing.lanes import enqueue
from routing.logboek import record
from routing.nummering import new_key
from routing.partij import Aansluiting, Kanaal
from routing.payload import Payload
from routing.status import Status

_BERICHT = Invoeging(schema.bericht, *(kolom.name for kolom in schema.bericht.c), overslaan=True)
_OP_ZENDER = itemgetter(1, 5)  # and referentienummer
_PAYLOAD = Invoeging(schema.payload, *(kolom.name for kolom in schema.payload.c))


@dataclass(frozen=True, slots=True)
class Termijnen:
    """How long delivery goes on, in milliseconds, per kanaal."""

    push: int
    pull: int

    def of(self, aansluiting: Aansluiting) -> int:
        """Return the term for this aansluiting."""
        return self.push if aansluiting.kanaal is Kanaal.PUSH else self.pull


class Vastlegging(NamedTuple):
    """A bericht ready to be written; made outside the transaction, since sealing a payload takes time."""

    bericht_id: str
    envelop: Envelop
    envelop_json: str
    digest: str
    conversatie: str
    kanaal: str
    payload_digest: str
    payload_grootte: int
    verzegeld: Verzegeld
    ontvangst_referentie: str
    ontvangst_tijdstip: str


def prepare(
    kluis: Kluis,
    envelop: Envelop,
    payload: Payload,
    *,
    conversatie: str,
    kanaal: str,
    ontvangst: tuple[str, str],
) -> Vastlegging:
    """Number a bericht, seal its payload and work out what makes this bericht identical to a repetition of it.

    Args:
        kluis: where the payload is sealed.
        envelop: as handed in.
        payload: finished payload.
        conversatie: referentienummer of the first bericht of the conversation.
        kanaal: ``stuf``, ``vsp`` or ``hub``.
        ontvangst: referentienummer and tijdstip of the receipt.
    """
    # The tijdstip says when a bericht was offered, not what it is; over VSP it is even ours.
    geheel, tijdloos = to_json_pair(envelop)
    bericht_id = new_key()
    digest = hashlib.sha256(f"{payload.digest}\n{tijdloos}".encode()).hexdigest()
    verzegeld = kluis.seal(bericht_id, "payload", payload.compressed)
    inhoud = (payload.digest, payload.size, verzegeld)
    return Vastlegging(bericht_id, envelop, geheel, digest, conversatie, kanaal, *inhoud, *ontvangst)


def insert_berichten(conn: Connection, nieuw: Sequence[tuple[Vastlegging, Status, Fout | None]]) -> set[str]:
    """Insert rows of berichten; the unique index decides, so there is no check beforehand.

    Returns:
        The bericht_ids that were inserted. Of the others, a bericht of that zender with that referentienummer is
        already there, or goes before it in this row.
    """
    if not nieuw:
        return set()
    nu = now_ms(conn)
    rijen = [_row(vastlegging, status, fout, nu) for vastlegging, status, fout in nieuw]
    # Two nodes that are offered the same berichten then wait for each other in one place only.
    rijen.sort(key=_OP_ZENDER)
    ids = {vastlegging.bericht_id for vastlegging, _, _ in nieuw}
    if _BERICHT.insert(conn, rijen) == len(rijen):
        return ids
    return set(conn.execute(select(schema.bericht.c.id).where(schema.bericht.c.id.in_(ids))).scalars())


def insert_bericht(conn: Connection, nieuw: Vastlegging, status: Status, fout: Fout | None) -> bool:
    """Insert one row; False when a bericht of this zender with this referentienummer is already there."""
    return bool(insert_berichten(conn, [(nieuw, status, fout)]))


def _row(nieuw: Vastlegging, status: Status, fout: Fout | None, nu: int) -> tuple[object, ...]:
    """Make the row of a bericht, in the order of the columns of its table."""
    sg = nieuw.envelop.stuurgegevens
    return (
        nieuw.bericht_id,
        sg.zender.organisatie,
        sg.ontvanger.organisatie,
        sg.berichtcode.value,
        sg.functie,
        sg.referentienummer,
        sg.cross_ref,
        nieuw.conversatie,
        True,
        status.value,
        nu,
        nu,
        nieuw.kanaal,
        nieuw.envelop_json,
        nieuw.digest,
        nieuw.payload_digest,
        nieuw.payload_grootte,
        nieuw.ontvangst_referentie,
        nieuw.ontvangst_tijdstip,
        fout.code if fout else None,
        fout.melder if fout else None,
        fout.omschrijving if fout else None,
    )


def complete(
    conn: Connection,
    nieuw: Vastlegging,
    gebeurtenissen: Iterable[tuple[str, Status, Mapping[str, object] | str]],
    lane: tuple[Aansluiting, int] | None,
) -> None:
    """Write what belongs to an inserted bericht: payload, gebeurtenissen and, with a lane, its aflevering.

    Args:
        conn: connection inside the transaction that inserted the row.
        nieuw: the bericht.
        gebeurtenissen: (soort, status, toelichting) in order, as for `routing.logboek.record`.
        lane: aansluiting and term in milliseconds, or None when nothing is to be delivered.
    """
    verzegeld = nieuw.verzegeld
    rij = (nieuw.bericht_id, verzegeld.sleutel_id, verzegeld.datasleutel, verzegeld.inhoud, now_ms(conn))
    uitstel.insert_later(conn, _PAYLOAD, rij)
    for soort, status, toelichting in gebeurtenissen:
        record(conn, nieuw.bericht_id, soort, status, toelichting)
    if lane is not None:
        aansluiting, termijn = lane
        enqueue(conn, aansluiting.partij, aansluiting.kanaal, nieuw.bericht_id, termijn)


def status_after_intake(aansluiting: Aansluiting) -> Status:
    """Return the status of a bericht that waits for delivery: a pull box offers it at once."""
    return Status.WORDT_VERWERKT if aansluiting.kanaal is Kanaal.PUSH else Status.WORDT_AANGEBODEN
