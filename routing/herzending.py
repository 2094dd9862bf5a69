"""Offering a bericht again after its delivery was broken off: same bericht, new aflevering, never two at once."""

from __future__ import annotations

from sqlalchemy import Connection, select, text, update

from routing import doorgifte, schema
from routing.geadresseerde import find_aansluiting
from routing.ketenbewaking.ketenboek import resume
from routing.klok import now
from routing.lanes import AANGEKOMEN, enqueue
from routing.logboek import OPNIEUW, set_status
from routing.partij import TUSSENPARTIJ
from routing.register import Register, read_register
from routing.status import OngeldigeOvergang, Status
from routing.vastlegging import Termijnen, status_after_intake


class NietMogelijk(ValueError):
    """The bericht cannot be offered again; the text says in Dutch why."""


def resend(
    conn: Connection,
    bericht_id: str,
    termijnen: Termijnen,
    wie: str,
    *,
    register: Register | None = None,
    na_aflevering: int | None = None,
) -> Status:
    """Put a bericht at the end of the lane of its ontvanger again, and return its new status.

    The transition table decides whether that may: it lets a bericht go on whose delivery was broken off or expired, and
    no other. What the ontvanger gets is the stored bericht under its own referentienummer, so that one who did
    receive it before recognises the repetition.

    Args:
        conn: connection inside a transaction of `Opslag.write`.
        bericht_id: of which bericht.
        termijnen: how long delivery goes on.
        wie: who asked for it, for the history.
        register: who is connected; None reads it, for who resends one bericht.
        na_aflevering: the aflevering that broke off when it was decided to resend; None for the latest one.

    Raises:
        NietMogelijk: an aflevering is still open, the status does not allow it, the ontvanger is not connected, or the
            bericht was offered again after `na_aflevering`.
    """
    b, a = schema.bericht.c, schema.aflevering.c
    # The row lock makes two resends of one bericht wait for each other (PostgreSQL; SQLite has a single writer).
    rij = conn.execute(
        select(b.ontvanger, b.status, b.geldend, b.functie).where(b.id == bericht_id).with_for_update()
    ).one()
    laatste = conn.execute(
        select(a.id, a.open).where(a.bericht_id == bericht_id).order_by(a.id.desc()).limit(1)
    ).first()
    if laatste is not None and laatste.open:
        raise NietMogelijk("Dit bericht wordt nog aangeboden; een tweede aflevering ernaast kan niet.")
    if na_aflevering is not None and laatste is not None and laatste.id != na_aflevering:
        raise NietMogelijk("Dit bericht is intussen al opnieuw aangeboden.")
    if not rij.geldend:
        raise NietMogelijk("Een latere poging met hetzelfde referentienummer verving dit bericht.")
    aansluiting = find_aansluiting(register or read_register(conn), rij.ontvanger, now(conn))
    if aansluiting is None:
        raise NietMogelijk(f"Ontvanger {rij.ontvanger} heeft geen aansluiting meer.")
    status = status_after_intake(aansluiting)
    try:
        set_status(conn, bericht_id, status, OPNIEUW, {"door": wie, "na": rij.status})
    except OngeldigeOvergang:
        raise NietMogelijk(
            f"Een bericht met status {rij.status} wordt niet opnieuw aangeboden; dat kan alleen na "
            f"{Status.BEZORGING_AFGEBROKEN} of {Status.VERVALLEN}."
        ) from None
    # The fault of the earlier delivery stays in the history; on the bericht itself it would contradict the new status.
    conn.execute(
        update(schema.bericht)
        .where(b.id == bericht_id)
        .values(fout_code=None, fout_melder=None, fout_omschrijving=None)
    )
    eerder = select(a.id).where(a.bericht_id == bericht_id, a.lane == aansluiting.partij, text(AANGEKOMEN))
    enqueue(
        conn,
        aansluiting.partij,
        aansluiting.kanaal,
        bericht_id,
        termijnen.of(aansluiting),
        mogelijk_aangekomen=conn.execute(eerder.limit(1)).first() is not None,
    )
    resume(conn, bericht_id)
    if aansluiting.partij == TUSSENPARTIJ and rij.functie is not None:
        doorgifte.drop(conn, bericht_id)  # whatever was known of its earlier journey
        doorgifte.follow(conn, bericht_id)
    return status
