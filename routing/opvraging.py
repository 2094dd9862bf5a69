"""A lookup from question to answer: allowed, accounted for, made once, logged, and only then answered.

Two transactions around the search. The first one writes who asks and why, and takes the question; the second one writes
the lines of the processing log together with the answer. No line, no answer. A question that is asked again under the
same id gets the answer it got before, and no register is asked twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from routing import opvraaggrens, schema
from routing.incident import Incidentboek
from routing.klok import now_ms
from routing.kluis import Kluis, Verzegeld
from routing.opslag import Opslag
from routing.opvraaggrens import Geblokkeerd, Grenzen, objection
from routing.payload import Payload, decompress
from routing.register import RegisterBron
from routing.toestemming import (
    Aanleiding,
    Aanvrager,
    GeenToestemming,
    Toestemming,
    Weigergrond,
    authorise,
    refuse_bsn,
)
from routing.verwerkingen import (
    Betrokkenen,
    Herkomst,
    Spoor,
    Statuscode,
    Verwerking,
    account,
    account_refusal,
    record,
    tracing,
)
from routing.woonplaats.feitenbron import Bronfout

_DOEL = "opvragingen"
_VELD = "antwoord"
_BEZIG_MS: Final = 5 * 60_000
"""How long a question that was taken counts as being answered; after that whoever answered it is gone."""
_RIJEN = 500
_NEDERLAND = ZoneInfo("Europe/Amsterdam")
_NEMEN: Final = {
    dialect: nieuw(schema.opvraging).on_conflict_do_nothing().returning(schema.opvraging.c.id)
    for dialect, nieuw in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}
_o = schema.opvraging.c


class Soort(StrEnum):
    """How a lookup ended."""

    BEANTWOORD = "beantwoord"
    ONBEKEND = opvraaggrens.ONBEKEND  # the register does not know the person
    MISLUKT = "mislukt"


@dataclass(frozen=True, slots=True)
class Opvraging:
    """A question about one person.

    `inhoud` is the whole question in one fixed notation: the same id with another `inhoud` is another question.
    """

    aanvrager: Aanvrager
    aanleiding: Aanleiding
    bsn: str = field(repr=False)
    vraag_id: str
    inhoud: bytes = field(repr=False)
    herkomst: Herkomst | None = None


@dataclass(frozen=True, slots=True)
class Antwoord:
    """What the search found: the answer as it goes out, and the BSNs of others whose data it read."""

    inhoud: bytes = field(repr=False)
    soort: Soort = Soort.BEANTWOORD
    geraadpleegd: Collection[str] = field(default=(), repr=False)


class Bezig(Exception):
    """The same question is being answered at this moment."""


class AndereVraag(Exception):
    """The id was used before, for another question."""


@dataclass(frozen=True, slots=True)
class _Geopend:
    spoor: Spoor
    begin: int


class Opvragingen:
    """Answers questions.

    Args:
        opslag: the log.
        kluis: seals the answers, and gives the keys of the HMACs.
        register_bron: who may ask what.
        boek: where it is told that somebody seems to guess.
        grenzen: how much may be asked.
    """

    def __init__(
        self,
        opslag: Opslag,
        kluis: Kluis,
        register_bron: RegisterBron,
        boek: Incidentboek,
        grenzen: Grenzen | None = None,
    ) -> None:
        self._opslag = opslag
        self._kluis = kluis
        self._sleutels = kluis.derive(_DOEL)
        self._betrokkenen = Betrokkenen(kluis)
        self._register_bron = register_bron
        self._boek = boek
        self._grenzen = grenzen or Grenzen()

    async def ask(self, vraag: Opvraging, search: Callable[[], Awaitable[Antwoord]]) -> bytes:
        """Answer a question; `search` is called when it may be asked and was not answered before.

        Raises:
            GeenToestemming: it may not be asked.
            TeVeel: not now.
            Geblokkeerd: not until the operator has looked at it.
            Bezig: somebody is answering it.
            AndereVraag: its id belongs to another question.
            Exception: what `search` raised; the log says that it failed, about whom a `Bronfout` names as well.
        """
        toestemming = await self._allow(vraag)
        opening = await self._opslag.write(self._open, vraag, toestemming)
        if isinstance(opening, bytes):
            return opening
        if isinstance(opening, Exception):
            raise opening
        try:
            with tracing(opening.spoor):
                antwoord = await search()
        except BaseException as fout:
            anderen = fout.geraadpleegd if isinstance(fout, Bronfout) else ()
            mislukt = Antwoord(b"", Soort.MISLUKT, anderen)
            await asyncio.shield(self._opslag.write(self._close, vraag, toestemming, opening, mislukt))
            raise
        await self._opslag.write(self._close, vraag, toestemming, opening, antwoord)
        return antwoord.inhoud

    async def _allow(self, vraag: Opvraging) -> Toestemming:
        dag = datetime.now(_NEDERLAND).date()
        register = self._register_bron.current()
        try:
            toestemming = authorise(register, vraag.aanvrager, vraag.aanleiding, dag, vraag.bsn)
            refuse_bsn(Weigergrond.VRAAG_ID, vraag.vraag_id, vraag.bsn)
        except GeenToestemming as fout:
            await self._opslag.write(account_refusal, vraag.aanvrager, vraag.aanleiding, fout.grond)
            raise
        return toestemming

    def _open(self, conn: Connection, vraag: Opvraging, toestemming: Toestemming) -> _Geopend | bytes | Exception:
        """Take the question, or say why not; a refusal is accounted for, so it is returned and not raised."""
        wie, dienst = vraag.aanvrager.partij, toestemming.dienst.naam
        welke = and_(_o.partij == wie, _o.dienst == dienst, _o.vraag_id == vraag.vraag_id)
        eerder = conn.execute(select(schema.opvraging).where(welke).with_for_update()).first()
        if eerder is not None and not self._is_same(eerder, vraag):
            return AndereVraag()
        if eerder is not None and eerder.inhoud is not None:
            return self._repeat(conn, eerder, vraag, toestemming)
        if eerder is not None and eerder.uitkomst is None and eerder.begonnen_op > now_ms(conn) - _BEZIG_MS:
            return Bezig()
        if (bezwaar := objection(conn, self._boek, self._grenzen, wie, dienst)) is not None:
            if isinstance(bezwaar, Geblokkeerd):
                account_refusal(conn, vraag.aanvrager, vraag.aanleiding, "geblokkeerd")
            return bezwaar
        spoor, begin = Spoor.begin(vraag.herkomst), now_ms(conn)
        begonnen = {"trace_id": spoor.trace_id, "begonnen_op": begin, "uitkomst": None}
        if eerder is not None:
            conn.execute(update(schema.opvraging).where(welke).values(begonnen))
        elif not self._take(conn, vraag, begonnen):
            return Bezig()
        account(conn, spoor, toestemming)
        return _Geopend(spoor, begin)

    def _take(self, conn: Connection, vraag: Opvraging, begonnen: dict[str, Any]) -> bool:
        """Take a new question; False when another node did at the same moment."""
        sleutel = self._kluis.actief
        rij = {
            "partij": vraag.aanvrager.partij,
            "dienst": vraag.aanleiding.dienst,
            "vraag_id": vraag.vraag_id,
            "vraag_sleutel": sleutel,
            "vraag_kenmerk": self._hmac(sleutel, vraag.inhoud),
        }
        return conn.execute(_NEMEN[conn.dialect.name], rij | begonnen).first() is not None

    def _hmac(self, sleutel_id: str, inhoud: bytes) -> bytes:
        return hmac.new(self._sleutels[sleutel_id], inhoud, hashlib.sha256).digest()

    def _is_same(self, eerder: Row[Any], vraag: Opvraging) -> bool:
        bekend = eerder.vraag_sleutel in self._sleutels
        return bekend and hmac.compare_digest(eerder.vraag_kenmerk, self._hmac(eerder.vraag_sleutel, vraag.inhoud))

    def _repeat(self, conn: Connection, eerder: Row[Any], vraag: Opvraging, toestemming: Toestemming) -> bytes:
        """Give an answer that was given before; that is shown to somebody again, so it is logged again."""
        spoor = Spoor.begin(vraag.herkomst)
        nu = account(conn, spoor, toestemming)
        record(conn, [self._line(_Geopend(spoor, nu), toestemming, vraag.bsn, nu, Statuscode.GOED)])
        verzegeld = Verzegeld(eerder.sleutel_id, eerder.datasleutel, eerder.inhoud)
        return b"".join(decompress(self._kluis.open(_name(vraag), _VELD, verzegeld)))

    def _close(
        self, conn: Connection, vraag: Opvraging, toestemming: Toestemming, opening: _Geopend, antwoord: Antwoord
    ) -> None:
        eind = now_ms(conn)
        status = Statuscode.FOUT if antwoord.soort is Soort.MISLUKT else Statuscode.GOED
        anderen = sorted(set(antwoord.geraadpleegd) - {vraag.bsn})
        delen = [(opening, vraag.bsn), *((_Geopend(opening.spoor.child(), opening.begin), bsn) for bsn in anderen)]
        record(conn, [self._line(deel, toestemming, bsn, eind, status) for deel, bsn in delen])
        waarden: dict[str, Any] = {"uitkomst": antwoord.soort.value}
        if antwoord.soort is not Soort.MISLUKT:
            zegel = self._kluis.seal(_name(vraag), _VELD, Payload(antwoord.inhoud).compressed)
            waarden |= {"sleutel_id": zegel.sleutel_id, "datasleutel": zegel.datasleutel, "inhoud": zegel.inhoud}
        # by trace: who took the question over meanwhile has a trace of his own, and gives the answer
        conn.execute(update(schema.opvraging).where(_o.trace_id == opening.spoor.trace_id).values(waarden))

    def _line(self, deel: _Geopend, toestemming: Toestemming, bsn: str, eind: int, status: Statuscode) -> Verwerking:
        naam, activiteit = toestemming.dienst.omschrijving, toestemming.dienst.activiteit
        return Verwerking(deel.spoor, naam, activiteit, status, deel.begin, eind, self._betrokkenen.of(bsn))


def _name(vraag: Opvraging) -> str:
    """Give what a sealed answer is bound to."""
    return f"{vraag.aanvrager.partij}|{vraag.aanleiding.dienst}|{vraag.vraag_id}"


def remove_answers(conn: Connection, termijn_ms: int) -> int:
    """Remove questions with their answers whose term has passed, some at a time; return how many."""
    oud = select(_o.id).where(_o.begonnen_op < now_ms(conn) - termijn_ms).order_by(_o.begonnen_op).limit(_RIJEN)
    return conn.execute(delete(schema.opvraging).where(_o.id.in_(oud))).rowcount
