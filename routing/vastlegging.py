"""Writing a bericht into the log: one row, its sealed payload, its first gebeurtenissen and its place in a lane."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from routing import schema, uitstel
from routing.bericht import Envelop
from routing.envelopvorm import to_json_pair
from routing.fouten import Fout
from routing.klok import now_ms
from routing.kluis import Kluis, Verzegeld
from routing.lanes import enqueue
from routing.logboek import record
from routing.partij import Aansluiting, Kanaal
from routing.payload import Payload
from routing.status import Status

# Made once: building a statement costs more than running it.
_BERICHT = {
    dialect: insert(schema.bericht).on_conflict_do_nothing().returning(schema.bericht.c.id)
    for dialect, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}
_PAYLOAD = schema.payload.insert()


@dataclass(frozen=True, slots=True)
class Termijnen:
    """How long delivery goes on, in milliseconds, per kanaal."""

    push: int
    pull: int

    def of(self, aansluiting: Aansluiting) -> int:
        """Return the term for this aansluiting."""
        return self.push if aansluiting.kanaal is Kanaal.PUSH else self.pull


@dataclass(frozen=True, slots=True)
class Vastlegging:
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
    bericht_id: str,
    envelop: Envelop,
    payload: Payload,
    *,
    conversatie: str,
    kanaal: str,
    ontvangst: tuple[str, str],
) -> Vastlegging:
    """Seal the payload and work out what makes this bericht identical to a repetition of it.

    Args:
        kluis: where the payload is sealed.
        bericht_id: UUID of the hub for this bericht.
        envelop: as handed in.
        payload: finished payload.
        conversatie: referentienummer of the first bericht of the conversation.
        kanaal: ``stuf``, ``vsp`` or ``hub``.
        ontvangst: referentienummer and tijdstip of the receipt.
    """
    # The tijdstip says when a bericht was offered, not what it is; over VSP it is even ours.
    geheel, tijdloos = to_json_pair(envelop)
    return Vastlegging(
        bericht_id=bericht_id,
        envelop=envelop,
        envelop_json=geheel,
        digest=hashlib.sha256(f"{payload.digest}\n{tijdloos}".encode()).hexdigest(),
        conversatie=conversatie,
        kanaal=kanaal,
        payload_digest=payload.digest,
        payload_grootte=payload.size,
        verzegeld=kluis.seal(bericht_id, "payload", payload.compressed),
        ontvangst_referentie=ontvangst[0],
        ontvangst_tijdstip=ontvangst[1],
    )


def insert_berichten(conn: Connection, nieuw: Sequence[tuple[Vastlegging, Status, Fout | None]]) -> set[str]:
    """Insert rows of berichten; the unique index decides, so there is no check beforehand.

    Returns:
        The bericht_ids that were inserted. Of the others, a bericht of that zender with that referentienummer is
        already there, or goes before it in this row.
    """
    if not nieuw:
        return set()
    rijen = [_row(vastlegging, status, fout, now_ms(conn)) for vastlegging, status, fout in nieuw]
    # Two nodes that are offered the same berichten then wait for each other in one place only.
    rijen.sort(key=itemgetter("zender", "referentienummer"))
    return set(conn.execute(_BERICHT[conn.dialect.name], rijen).scalars())


def insert_bericht(conn: Connection, nieuw: Vastlegging, status: Status, fout: Fout | None) -> bool:
    """Insert one row; False when a bericht of this zender with this referentienummer is already there."""
    return bool(insert_berichten(conn, [(nieuw, status, fout)]))


def _row(nieuw: Vastlegging, status: Status, fout: Fout | None, nu: int) -> dict[str, object]:
    sg = nieuw.envelop.stuurgegevens
    return {
        "id": nieuw.bericht_id,
        "zender": sg.zender.organisatie,
        "ontvanger": sg.ontvanger.organisatie,
        "berichtcode": sg.berichtcode.value,
        "functie": sg.functie,
        "referentienummer": sg.referentienummer,
        "cross_ref": sg.cross_ref,
        "conversatie": nieuw.conversatie,
        "geldend": True,
        "status": status.value,
        "status_op": nu,
        "ontvangen_op": nu,
        "kanaal": nieuw.kanaal,
        "envelop": nieuw.envelop_json,
        "envelop_digest": nieuw.digest,
        "payload_digest": nieuw.payload_digest,
        "payload_grootte": nieuw.payload_grootte,
        "ontvangst_referentie": nieuw.ontvangst_referentie,
        "ontvangst_tijdstip": nieuw.ontvangst_tijdstip,
        "fout_code": fout.code if fout else None,
        "fout_melder": fout.melder if fout else None,
        "fout_omschrijving": fout.omschrijving if fout else None,
    }


def complete(
    conn: Connection,
    nieuw: Vastlegging,
    gebeurtenissen: Iterable[tuple[str, Status, Mapping[str, object]]],
    lane: tuple[Aansluiting, int] | None,
) -> None:
    """Write what belongs to an inserted bericht: payload, gebeurtenissen and, with a lane, its aflevering.

    Args:
        conn: connection inside the transaction that inserted the row.
        nieuw: the bericht.
        gebeurtenissen: (soort, status, toelichting) in order.
        lane: aansluiting and term in milliseconds, or None when nothing is to be delivered.
    """
    verzegeld = nieuw.verzegeld
    uitstel.later(
        conn,
        _PAYLOAD,
        {
            "bericht_id": nieuw.bericht_id,
            "sleutel_id": verzegeld.sleutel_id,
            "datasleutel": verzegeld.datasleutel,
            "inhoud": verzegeld.inhoud,
            "ontvangen_op": now_ms(conn),
        },
    )
    for soort, status, toelichting in gebeurtenissen:
        record(conn, nieuw.bericht_id, soort, status, toelichting)
    if lane is not None:
        aansluiting, termijn = lane
        enqueue(conn, aansluiting.partij, aansluiting.kanaal, nieuw.bericht_id, termijn)


def status_after_intake(aansluiting: Aansluiting) -> Status:
    """Return the status of a bericht that waits for delivery: a pull box offers it at once."""
    return Status.WORDT_VERWERKT if aansluiting.kanaal is Kanaal.PUSH else Status.WORDT_AANGEBODEN
