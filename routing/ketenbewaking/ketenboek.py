"""What the hub keeps of every i-bericht to follow the keten: its keys as HMAC, and whether it may still wait.

Written in the transaction that stores the bericht, as far as that can be for all of its group together. `open` is a
hint that may be true for too long and never false too soon; what is true follows from what passed on the key
(`ketenbewaking.verwachting`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from sqlalchemy import Connection, Select, bindparam, func, literal, select, union, update

from istandaarden.gemeenten import taken_over
from istandaarden.schakels import Rol, Schakel, Schakelsoort, accepting
from routing import schema, uitstel
from routing.bericht import Envelop
from routing.invoeging import Invoeging
from routing.ketenbewaking.kalender import Kalender, day_of
from routing.ketenbewaking.schakelstand import assigned_at
from routing.ketenbewaking.termijnen import RETOUREN, terms_of
from routing.ketenbewaking.verwachting import is_report_late
from routing.klok import now_ms
from routing.kluis import Kluis
from routing.logboek import record

_DOEL = "keten"
_LENGTE = 16
_SCHEIDING = "\x1f"  # occurs in no bericht: XML does not know it
_HOOGSTENS = 1000
"""Keys that are kept of one bericht; a 301 or 317 is about one client and has a handful."""

_SLUITEND = frozenset({Rol.RETOUR, Rol.ANTWOORD, Rol.TOEWIJZING, Rol.AFWIJZING, Rol.WOONPLAATS})

_NOEMEND = RETOUREN | {Rol.ANTWOORD}
"""What is about the one bericht that its crossRefnummer names."""

_s = schema.ketenschakel.c
_NOTEER = Invoeging(schema.ketenschakel, *(kolom.name for kolom in schema.ketenschakel.c if kolom.name != "id"))
_SLUIT = update(schema.ketenschakel).where(_s.open).values(open=False)
_vraagt = schema.ketenschakel.alias("vraagt")
_SLUIT_LAATSTE = _SLUIT.where(
    _s.id
    == select(func.max(_vraagt.c.id))
    .where(_vraagt.c.kenmerk == bindparam("welk"), _vraagt.c.rol == Rol.VRAAG.value)
    .scalar_subquery()
)
"""For an answer that names no bericht: what was asked before the latest may still wait."""
_SLUIT_UITWISSELING = _SLUIT.where(_s.bericht_id == bindparam("welk"), _s.soort == Schakelsoort.UITWISSELING.value)


class Gemerkt(NamedTuple):
    """A schakel with its key as HMAC: `kenmerk` by the newest key, `ouder` by those before it."""

    schakel: Schakel
    kenmerk: bytes
    ouder: tuple[bytes, ...]


class Ketenboek:
    """Keeps the schakels of berichten and watches the terms of starts and stops."""

    def __init__(self, kluis: Kluis, kalender: Kalender | None = None) -> None:
        sleutels = {sleutel_id: HMAC(sleutel, SHA256()) for sleutel_id, sleutel in kluis.derive(_DOEL).items()}
        self._nieuwste = sleutels.pop(kluis.actief)
        self._ouder = tuple(sleutels.values())
        self._kalender = kalender or Kalender()

    def mark(self, schakels: Sequence[Schakel]) -> tuple[Gemerkt, ...]:
        """Make the HMACs; needs no database."""
        gemerkt = []
        for schakel in schakels[:_HOOGSTENS]:
            tekst = _SCHEIDING.join((schakel.soort, *schakel.sleutel)).encode()
            ouder = tuple([_hmac(sleutel, tekst) for sleutel in self._ouder]) if self._ouder else ()
            gemerkt.append(Gemerkt(schakel, _hmac(self._nieuwste, tekst), ouder))
        return tuple(gemerkt)

    def store(
        self, conn: Connection, bericht_id: str, envelop: Envelop, schakels: Sequence[Gemerkt], over: str | None
    ) -> None:
        """Write the schakels of an accepted bericht, in the transaction that stores it.

        Args:
            conn: connection inside that transaction.
            bericht_id: of which bericht.
            envelop: its envelope.
            schakels: from `mark`.
            over: the bericht that it answers according to its crossRefnummer, if the hub knows that one.
        """
        if not schakels:
            return
        moment = now_ms(conn)
        gevonden = self._join_older(conn, (*schakels, *self.mark(_under_old_codes(schakels, day_of(moment)))))
        functie = envelop.stuurgegevens.functie or ""
        wie = (
            moment,
            envelop.stuurgegevens.zender.organisatie,
            envelop.stuurgegevens.ontvanger.organisatie,
        )
        beantwoord = {antwoord["welk"] for antwoord in uitstel.waiting(conn, _SLUIT_LAATSTE)}
        if beantwoord and any(g.kenmerk in beantwoord and _is_open(g.schakel, functie) for g in gevonden):
            uitstel.settle(conn)  # an answer ends what was asked before it, and nothing else
        uitstel.insert_later(conn, _NOTEER, *(_row(bericht_id, g, functie, over, wie) for g in gevonden))
        self._settle(conn, gevonden, over)
        self._check_report(conn, bericht_id, functie, gevonden)

    def _join_older(self, conn: Connection, schakels: Sequence[Gemerkt]) -> Sequence[Gemerkt]:
        """Take the kenmerk that is in use where an older key made it, so that a case stays one across a rotation."""
        if not self._ouder:
            return schakels
        oud = {kenmerk: g for g in schakels for kenmerk in g.ouder}
        bekend = conn.execute(select(_s.kenmerk).where(_s.kenmerk.in_(oud)).distinct()).scalars()
        in_gebruik = {oud[bytes(kenmerk)].kenmerk: bytes(kenmerk) for kenmerk in bekend}
        return [g._replace(kenmerk=in_gebruik.get(g.kenmerk, g.kenmerk)) for g in schakels]

    def _settle(self, conn: Connection, schakels: Sequence[Gemerkt], over: str | None) -> None:
        """Lower the hint of what this bericht answers."""
        rollen = {g.schakel.rol for g in schakels}
        if over is not None and rollen & _NOEMEND:
            if rollen & _SLUITEND:
                uitstel.later(conn, _SLUIT_UITWISSELING, {"welk": over})
            else:
                retract(conn, over)
        elif Rol.AFKEURING in rollen:
            _retract_latest(conn, [g.kenmerk for g in schakels])
        elif beantwoord := [{"welk": g.kenmerk} for g in schakels if _ends(g.schakel)]:
            uitstel.later(conn, _SLUIT_LAATSTE, *beantwoord)

    def _check_report(self, conn: Connection, bericht_id: str, functie: str, schakels: Sequence[Gemerkt]) -> None:
        """Note in the history of a 305 or 307 that it came too late; the days themselves are not kept."""
        if not terms_of(functie, Schakelsoort.TOEWIJZING):
            return
        vandaag = day_of(now_ms(conn))
        delen = (g for g in schakels if g.schakel.soort is Schakelsoort.TOEWIJZING)
        gemeld = {g.kenmerk: dag for g in delen if (dag := g.schakel.dag) is not None}
        # A toewijzing can only lengthen the term: what is in time without one needs no look at the tables.
        laat = {k: dag for k, dag in gemeld.items() if is_report_late(functie, vandaag, dag, None, self._kalender)}
        if not laat:
            return
        uitstel.settle(conn)
        toegewezen = {kenmerk: day_of(ms) for kenmerk, ms in assigned_at(conn, list(laat)).items()}
        gemist = [
            termijn
            for kenmerk, dag in laat.items()
            if (termijn := is_report_late(functie, vandaag, dag, toegewezen.get(kenmerk), self._kalender))
        ]
        if gemist:
            zin = f"Deze {gemist[0].antwoord} kwam later dan de {gemist[0].aantal} werkdagen van {gemist[0].regel}."
            record(conn, bericht_id, "termijn", None, {"regel": gemist[0].regel, "te_laat": True, "toelichting": zin})


def answered(heen: Sequence[Gemerkt]) -> tuple[Gemerkt, ...]:
    """Give the schakels of the retour with which the hub itself accepts a heenbericht."""
    return tuple(g._replace(schakel=accepting(g.schakel)) for g in heen if g.schakel.soort is Schakelsoort.UITWISSELING)


def _under_old_codes(schakels: Sequence[Gemerkt], dag: date) -> list[Schakel]:
    """Give the schakels by which a decision is also about a request to a gemeente that its zender had taken over.

    The reference of a request is unique per aanbieder, whoever decides on it; the number of a toewijzing is unique per
    gemeente, and says nothing under another code.
    """
    return [
        schakel._replace(sleutel=(standaard, oud, *rest))
        for schakel, *_ in schakels
        if schakel.soort is Schakelsoort.VERZOEK and schakel.rol is not Rol.VRAAG
        for standaard, gemeente, *rest in (schakel.sleutel,)
        for oud in sorted(taken_over(gemeente, dag))
    ]


def _row(
    bericht_id: str, gemerkt: Gemerkt, functie: str, over: str | None, wie: tuple[int, str, str]
) -> tuple[object, ...]:
    """Make the row of a schakel, in the order of the columns of its table; `wie` is moment, zender and ontvanger."""
    schakel = gemerkt.schakel
    return (
        bericht_id,
        schakel.soort.value,
        gemerkt.kenmerk,
        schakel.rol.value,
        over if schakel.rol in _NOEMEND else None,
        _is_open(schakel, functie),
        *wie,
        schakel.dag.isoformat() if schakel.rol is Rol.VRAAG and schakel.dag else None,
    )


def _is_open(schakel: Schakel, functie: str) -> bool:
    return schakel.rol is Rol.VRAAG and bool(terms_of(functie, schakel.soort))


def retract(conn: Connection, bericht_id: str) -> None:
    """Adjust the hints when a bericht comes back: it waits for nothing, and what it answered waits again.

    Args:
        conn: connection inside the transaction that stores the Fo01, or the retour that refuses.
        bericht_id: the bericht that came back.
    """
    wie = select(literal(bericht_id))
    uitstel.settle(conn)
    conn.execute(_SLUIT.where(_s.bericht_id.in_(wie)))
    _reopen(conn, wie)


def _retract_latest(conn: Connection, kenmerken: Sequence[bytes]) -> None:
    """Adjust the hints when a retour refuses by its keys: the latest bericht, unless that turns out not to count.

    So only the latest stops waiting, and what any of them answered waits again.
    """
    uitstel.settle(conn)
    vraagt = _s.kenmerk.in_(kenmerken), _s.rol == Rol.VRAAG.value
    laatste = select(_s.bericht_id).where(*vraagt).order_by(_s.id.desc()).limit(1)
    conn.execute(_SLUIT.where(_s.bericht_id == laatste.scalar_subquery()))
    _reopen(conn, select(_s.bericht_id).where(*vraagt))


def resume(conn: Connection, bericht_id: str) -> None:
    """Adjust the hint when a bericht is offered again: it waits for its answer once more.

    Args:
        conn: connection inside the transaction that offers it.
        bericht_id: the bericht; a Fo01 about its earlier journey ends nothing any longer (`logboek.offered_again_at`).
    """
    uitstel.settle(conn)
    vraagt = update(schema.ketenschakel).where(_s.bericht_id == bericht_id, _s.rol == Rol.VRAAG.value)
    conn.execute(vraagt.values(open=True))


def _reopen(conn: Connection, wie: Select[str]) -> None:
    """Let everything wait again that these berichten answered."""
    ingetrokken = schema.ketenschakel.alias("ingetrokken")
    antwoorden = [rol.value for rol in Rol if rol not in {Rol.VRAAG, Rol.DEEL}]
    kenmerken = select(ingetrokken.c.kenmerk).where(
        ingetrokken.c.bericht_id.in_(wie), ingetrokken.c.rol.in_(antwoorden)
    )
    over = select(ingetrokken.c.over).where(ingetrokken.c.bericht_id.in_(wie), ingetrokken.c.over.is_not(None))
    gevraagd = select(_vraagt.c.bericht_id).where(_vraagt.c.rol == Rol.VRAAG.value, _vraagt.c.kenmerk.in_(kenmerken))
    # All that such a bericht asked: a retour that refused it by its keys ended the waiting for a decision as well.
    conn.execute(
        update(schema.ketenschakel)
        .where(_s.rol == Rol.VRAAG.value, _s.bericht_id.in_(union(gevraagd, over)))
        .values(open=True)
    )


def _ends(schakel: Schakel) -> bool:
    """Say whether nothing is waited for any more on a key when this is right; 'in onderzoek' is not the end."""
    return schakel.soort is not Schakelsoort.TOEWIJZING and schakel.rol in _SLUITEND


def _hmac(sleutel: HMAC, tekst: bytes) -> bytes:
    som = sleutel.copy()  # working a key in costs as much as the rest
    som.update(tekst)
    return som.finalize()[:_LENGTE]
