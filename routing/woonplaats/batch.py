"""Many questions at once: a file is taken in whole, answered in portions, and read out again.

Each different question is kept once and asked once. A portion is answered in one transaction, with its lines in the
processing log; whatever happens in between, what was answered stays answered and is not asked again. Everything is
sealed, and memory holds one portion.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, Row, Select, bindparam, delete, exists, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from routing import schema
from routing.dienst import Dienst, diensten
from routing.foutplek import place
from routing.incident import Incidentboek
from routing.klok import now_ms
from routing.kluis import Kluis, Verzegeld
from routing.ladder import Ladder
from routing.opslag import Opslag
from routing.opvraaggrens import Geblokkeerd, Grenzen, is_blocked, objection
from routing.payload import Payload, decompress
from routing.register import RegisterBron
from routing.toestemming import Aanleiding, Aanvrager, GeenToestemming, Weg, authorise
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
from routing.woonplaats.batchgrens import duration, judge, note, wait_ms
from routing.woonplaats.batchtoestemming import account_reading, refusal
from routing.woonplaats.feitenbron import Bronfout, Bronfoutsoort, Feitenbron
from routing.woonplaats.opvragen import Opgave, Uitkomst, determine_with

PORTIE: Final = 200
"""Questions answered together: ten requests of twenty to the BRP."""

_VEEL: Final = 20  # whose answers cannot be read: then it is not them
_log = structlog.get_logger(__name__)

_LADDER: Final = Ladder(eerste_s=10, langste_s=900)
_DOEL: Final = "batches"
_NEDERLAND = ZoneInfo("Europe/Amsterdam")
_b, _v, _r = schema.batch.c, schema.batchvraag.c, schema.batchregel.c
_OPEN: Final = text("NOT batchvraag.klaar")  # literal, as in the partial index
_NIEUW: Final = {
    dialect: nieuw(schema.batchvraag).on_conflict_do_nothing()
    for dialect, nieuw in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}


_Beantwoord = Sequence[tuple[bytes, Opgave, Uitkomst]]


@dataclass(frozen=True, slots=True)
class Regel:
    """A line of the file: its number, what its owner calls it, and its question, or all that is wrong with it."""

    nummer: int
    kenmerk: str
    vraag: bytes | None = field(default=None, repr=False)
    fouten: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resultaat:
    """What became of a line; `antwoord` is None when there was no question."""

    nummer: int
    kenmerk: str
    antwoord: bytes | None
    fouten: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """A file that was taken in, or is to be."""

    batch_id: str
    partij: str
    spoor: Spoor
    dienst: Dienst
    gelezen: bool


@dataclass(frozen=True, slots=True)
class Stand:
    """How far a batch is: lines, lines that are no question, different questions, and answered ones.

    `gestopt` says in Dutch why nothing more is asked: the partij is kept from the dienst until the operator has
    decided, or it may not ask any more. Empty when it goes on.
    """

    regels: int
    onbruikbaar: int
    vragen: int
    klaar: int
    gestopt: str = ""


class Vormgever(Protocol):
    """How a question and its answer are written."""

    def read(self, vraag: bytes) -> Opgave:
        """Read a question that was taken in."""
        ...

    def show(self, uitkomst: Uitkomst, opgave: Opgave) -> bytes:
        """Write an answer."""
        ...


class Onderbroken(Exception):
    """The register does not answer now; what was answered is kept, and the same file goes on from there."""


class Batches:
    """Takes files in and answers them.

    Args:
        opslag: the log.
        kluis: seals questions and answers.
        register_bron: who may.
        vormgever: how they are written.
        boek: where it is told that somebody seems to guess.
        grenzen: how much may be asked.
    """

    def __init__(
        self,
        opslag: Opslag,
        kluis: Kluis,
        register_bron: RegisterBron,
        vormgever: Vormgever,
        *,
        boek: Incidentboek,
        grenzen: Grenzen | None = None,
    ) -> None:
        self._opslag = opslag
        self._kluis = kluis
        self._sleutels = kluis.derive(_DOEL)
        self._betrokkenen = Betrokkenen(kluis)
        self._register_bron = register_bron
        self._vormgever = vormgever
        self._boek = boek
        self._grenzen = grenzen or Grenzen()
        self._onderbroken, self._weer_op = 0, 0.0
        self._portie = min(PORTIE, self._grenzen.batch_per_minuut)

    async def open(
        self, aanvrager: Aanvrager, aanleiding: Aanleiding, digest: bytes, herkomst: Herkomst | None = None
    ) -> Batch:
        """Start a batch, or find the one of the same file for the same purpose.

        Raises:
            GeenToestemming: it may not be asked.
            TeVeel: not now.
            Geblokkeerd: not until the operator has looked at it.
        """
        dag = datetime.now(_NEDERLAND).date()
        try:
            toestemming = authorise(self._register_bron.current(), aanvrager, aanleiding, dag, "")
        except GeenToestemming as fout:
            await self._opslag.write(account_refusal, aanvrager, aanleiding, fout.grond)
            raise
        tekst = json.dumps([digest.hex(), aanleiding.doel, aanleiding.zaakkenmerk, aanvrager.weg.value])
        kenmerken = {sleutel_id: self._hmac(sleutel_id, tekst.encode()) for sleutel_id in self._sleutels}

        def find_or_make(conn: Connection) -> Batch | Exception:
            """Find or make it, or say why not; a refusal is accounted for, so it is returned and not raised."""
            dienst, spoor = toestemming.dienst, Spoor.begin(herkomst)
            bezwaar = objection(conn, self._boek, self._grenzen, aanvrager.partij, dienst.naam)
            if bezwaar is not None:
                if isinstance(bezwaar, Geblokkeerd):
                    account_refusal(conn, aanvrager, aanleiding, "geblokkeerd")
                return bezwaar
            begin = account(conn, spoor, toestemming)
            welke = (
                _b.kanaal == aanvrager.weg.value,
                _b.partij == aanvrager.partij,
                _b.dienst == dienst.naam,
                _b.kenmerk.in_(list(kenmerken.values())),
            )
            rij = conn.execute(select(schema.batch).where(*welke)).first()
            if rij is not None:
                return _batch(rij)
            batch_id = str(uuid.uuid4())
            conn.execute(
                insert(schema.batch).values(
                    id=batch_id,
                    partij=aanvrager.partij,
                    dienst=dienst.naam,
                    kenmerk=kenmerken[self._kluis.actief],
                    trace_id=spoor.trace_id,
                    operation_id=spoor.operation_id,
                    begonnen_op=begin,
                    kanaal=aanvrager.weg.value,
                    gelezen=False,
                )
            )
            return Batch(batch_id, aanvrager.partij, spoor, dienst, gelezen=False)

        batch = await self._opslag.write(find_or_make)
        if isinstance(batch, Exception):
            raise batch
        return batch

    async def take_in(self, batch: Batch, regels: Iterable[Sequence[Regel]]) -> None:
        """Keep all lines, some at a time; what an earlier try left half is replaced.

        Raises:
            Exception: what reading the lines raised; the batch can be taken in anew.
        """
        await self._opslag.write(_empty, batch.batch_id)
        for deel in regels:
            await self._opslag.write(self._keep, batch.batch_id, deel)
        gelezen = update(schema.batch).where(_b.id == batch.batch_id).values(gelezen=True)
        await self._opslag.write(lambda conn: conn.execute(gelezen) and None)

    def _keep(self, conn: Connection, batch_id: str, regels: Sequence[Regel]) -> None:
        rijen: list[dict[str, Any]] = []
        vragen: list[dict[str, Any]] = []
        for regel in regels:
            vraag = None if regel.vraag is None else self._hmac(self._kluis.actief, regel.vraag)
            inhoud = json.dumps([regel.kenmerk, regel.fouten]).encode()
            zegel = self._seal(f"{batch_id}|{regel.nummer}", inhoud)
            rijen.append({"batch_id": batch_id, "nummer": regel.nummer, "vraag": vraag} | zegel)
            if vraag is not None and regel.vraag is not None:
                zegel = self._seal(_name(batch_id, vraag), regel.vraag)
                vragen.append({"batch_id": batch_id, "kenmerk": vraag, "klaar": False} | zegel)
        conn.execute(insert(schema.batchregel), rijen)
        if vragen:
            conn.execute(_NIEUW[conn.dialect.name], vragen)

    async def run(self, batch: Batch, bron: Feitenbron | None, meld: Callable[[Stand], None]) -> None:
        """Answer what is not answered yet.

        Args:
            batch: a batch that was taken in.
            bron: the register.
            meld: hears after every portion how far it is.

        Raises:
            Onderbroken: the register does not answer now.
            Geblokkeerd: too many BSNs are unknown; the operator has to decide.
            GeenToestemming: the partij may not ask this any more.
        """
        stand = await self.progress(batch)
        meld(stand)
        while stand.klaar < stand.vragen:
            await asyncio.sleep(await self._wait_ms(batch) / 1000)
            if not (aantal := await self._take_portion(batch, bron)):
                return  # another run of the same file answered the rest
            stand = replace(stand, klaar=stand.klaar + aantal)
            meld(stand)

    async def answer_waiting(self, bron: Feitenbron | None) -> None:
        """Answer the batches that the hub has to answer, a portion of each in turn, until none may go on now.

        One that cannot be answered holds up no other; it is tried again with the next call. While the register does not
        answer there is ever more time between two tries: each is about people, and stands in the log.
        """
        if time.monotonic() < self._weer_op:
            return
        mislukt: set[str] = set()
        while ronde := [batch for batch in await self.waiting() if batch.batch_id not in mislukt]:
            for batch in ronde:
                try:
                    if not await self._wait_ms(batch):  # another batch of the partij may have gone first
                        await self._take_portion(batch, bron)
                        self._onderbroken = 0
                except Onderbroken as fout:
                    self._onderbroken += 1
                    self._weer_op = time.monotonic() + _LADDER.bound_s(self._onderbroken)
                    _log.warning("batch wacht op de BRP", reden=str(fout))
                    return
                except GeenToestemming as fout:
                    _log.warning("batch gestopt: geen toestemming meer", partij=batch.partij, grond=fout.grond.value)
                except Geblokkeerd:
                    _log.warning("batch gestopt: te veel onbekende BSN's", partij=batch.partij)
                except Exception as fout:  # noqa: BLE001 - whatever it is, the others go on
                    _log.error("batch niet beantwoord", batch=batch.batch_id, **place(fout))
                    mislukt.add(batch.batch_id)

    async def _wait_ms(self, batch: Batch) -> int:
        langste = duration(self._portie, self._grenzen)
        return await self._opslag.read(wait_ms, batch.partij, batch.dienst.naam, langste)

    async def _take_portion(self, batch: Batch, bron: Feitenbron | None) -> int:
        """Answer one portion and return how many that were.

        Raises:
            GeenToestemming: the partij may not ask this any more.
            Geblokkeerd: the partij is kept from the dienst.
            Onderbroken: the register does not answer now.
        """
        await self._register_bron.refresh(self._opslag)  # a batch may take hours
        if (geweigerd := await self._opslag.read(self._refusal, batch)) is not None:
            raise geweigerd
        if await self._opslag.read(is_blocked, batch.partij, batch.dienst.naam):
            raise Geblokkeerd
        vragen = await self._opslag.read(_next, batch.batch_id, self._portie)
        opgaven = await asyncio.to_thread(self._read, batch, vragen)
        begin = await self._opslag.read(now_ms)
        try:
            with tracing(batch.spoor):
                uitkomsten = await determine_with(bron, opgaven)
        except BaseException:
            gevraagd = [(opgave.bsn, Statuscode.FOUT) for opgave in opgaven]
            await asyncio.shield(self._opslag.write(self._log, batch, gevraagd, begin))
            raise
        storing = _common(uitkomsten, max(2, min(_VEEL, self._portie)))
        goed = [
            (rij.kenmerk, opgave, uitkomst)
            for rij, opgave, uitkomst in zip(vragen, opgaven, uitkomsten, strict=True)
            if uitkomst.fout is None or (uitkomst.fout.of_one and not (storing and storing.of_one))
        ]
        gevraagd = list(_asked(opgaven, uitkomsten))
        antwoorden = await asyncio.to_thread(self._sealed, batch, goed)
        verder_op = begin + duration(len(vragen), self._grenzen)
        await self._opslag.write(self._answer, batch, goed, antwoorden, gevraagd, begin=begin, verder_op=verder_op)
        if storing is not None:
            raise Onderbroken(str(storing))
        return len(goed)

    def _read(self, batch: Batch, vragen: Sequence[Row[Any]]) -> list[Opgave]:
        return [self._vormgever.read(self._open(_name(batch.batch_id, rij.kenmerk), rij)) for rij in vragen]

    def _sealed(self, batch: Batch, goed: _Beantwoord) -> list[dict[str, Any]]:
        """Write and seal the answers, outside the transaction: others wait for that one."""
        return [
            {"welk_kenmerk": kenmerk}
            | self._seal(_name(batch.batch_id, kenmerk), self._vormgever.show(uitkomst, opgave))
            for kenmerk, opgave, uitkomst in goed
        ]

    def _answer(
        self,
        conn: Connection,
        batch: Batch,
        goed: _Beantwoord,
        antwoorden: Sequence[dict[str, Any]],
        gevraagd: Iterable[tuple[str, Statuscode]],
        *,
        begin: int,
        verder_op: int,
    ) -> None:
        self._log(conn, batch, gevraagd, begin)
        if antwoorden:
            welke = (_v.batch_id == batch.batch_id, _v.kenmerk == bindparam("welk_kenmerk"))
            conn.execute(update(schema.batchvraag).where(*welke).values(klaar=True), antwoorden)
        note(conn, batch.batch_id, verder_op, len(goed), sum(uitkomst.unknown for _, _, uitkomst in goed))
        wie_wat = {"partij": batch.partij, "dienst": batch.dienst.naam, "batch_id": batch.batch_id}
        judge(conn, self._boek, self._grenzen, **wie_wat)

    def _log(self, conn: Connection, batch: Batch, gevraagd: Iterable[tuple[str, Statuscode]], begin: int) -> None:
        naam, activiteit, eind = batch.dienst.omschrijving, batch.dienst.activiteit, now_ms(conn)
        record(
            conn,
            (
                Verwerking(batch.spoor.child(), naam, activiteit, status, begin, eind, self._betrokkenen.of(bsn))
                for bsn, status in gevraagd
            ),
        )

    async def progress(self, batch: Batch) -> Stand:
        """Say how far a batch is."""
        stand = await self._opslag.read(_count, batch)
        if stand.klaar < stand.vragen and (geweigerd := await self._opslag.read(self._refusal, batch)) is not None:
            return replace(stand, gestopt=str(geweigerd))
        return stand

    def _refusal(self, conn: Connection, batch: Batch) -> GeenToestemming | None:
        return refusal(conn, self._register_bron.current(), batch.spoor.trace_id)

    async def results(self, batch: Batch, lezer: Aanvrager) -> AsyncIterator[Resultaat]:
        """Give what became of each line, in the order of the file; once it is accounted for who reads them.

        Raises:
            GeenToestemming: they may not be read any more.
        """
        await self._account_reading(batch, lezer)
        na = 0
        while deel := await self._page(batch, na, PORTIE):
            for resultaat in deel:
                yield resultaat
            na = deel[-1].nummer

    async def page(self, batch: Batch, lezer: Aanvrager, na: int, aantal: int) -> list[Resultaat]:
        """Give what became of at most `aantal` lines after line `na`, of a batch whose questions are all answered.

        Raises:
            GeenToestemming: they may not be read any more.
        """
        await self._account_reading(batch, lezer)
        return await self._page(batch, na, aantal)

    async def _account_reading(self, batch: Batch, lezer: Aanvrager) -> None:
        await self._register_bron.refresh(self._opslag)
        register, trace_id = self._register_bron.current(), batch.spoor.trace_id
        geweigerd = await self._opslag.write(account_reading, register, trace_id, lezer)
        if geweigerd is not None:
            raise geweigerd

    async def _page(self, batch: Batch, na: int, aantal: int) -> list[Resultaat]:
        rijen = await self._opslag.read(_page, batch.batch_id, na, aantal)
        return [self._result(batch, rij) for rij in rijen]

    def _result(self, batch: Batch, rij: Row[Any]) -> Resultaat:
        kenmerk, fouten = json.loads(self._open(f"{batch.batch_id}|{rij.nummer}", rij))
        antwoord = None
        if rij.vraag is not None:
            zegel = Verzegeld(rij.a_sleutel_id, rij.a_datasleutel, rij.a_inhoud)
            antwoord = self._unseal(_name(batch.batch_id, rij.vraag), zegel)
        return Resultaat(rij.nummer, kenmerk, antwoord, tuple(fouten))

    async def find(self, partijen: Collection[str], batch_id: str) -> Batch | None:
        """Find a batch of one of these partijen."""
        welke = (_b.id == batch_id, _b.partij.in_(sorted(partijen)))
        rij = await self._opslag.read(lambda conn: conn.execute(select(schema.batch).where(*welke)).first())
        return None if rij is None else _batch(rij)

    async def waiting(self) -> list[Batch]:
        """Give the batches that the hub has to answer and that may go on now, oldest first."""
        vragen = exists().where(_v.batch_id == _b.id, _OPEN)
        welke = select(schema.batch).where(_b.gelezen, _b.kanaal == Weg.API.value, vragen).order_by(_b.begonnen_op)
        langste = duration(self._portie, self._grenzen)

        def find(conn: Connection) -> list[Batch]:
            batches = [_batch(rij) for rij in conn.execute(welke).all()]
            return [
                batch
                for batch in batches
                if self._refusal(conn, batch) is None
                and not is_blocked(conn, batch.partij, batch.dienst.naam)
                and not wait_ms(conn, batch.partij, batch.dienst.naam, langste)
            ]

        return await self._opslag.read(find)

    def _hmac(self, sleutel_id: str, inhoud: bytes) -> bytes:
        return hmac.new(self._sleutels[sleutel_id], inhoud, hashlib.sha256).digest()

    def _seal(self, naam: str, inhoud: bytes) -> dict[str, Any]:
        zegel = self._kluis.seal(naam, _DOEL, Payload(inhoud).compressed)
        return {"sleutel_id": zegel.sleutel_id, "datasleutel": zegel.datasleutel, "inhoud": zegel.inhoud}

    def _open(self, naam: str, rij: Row[Any]) -> bytes:
        return self._unseal(naam, Verzegeld(rij.sleutel_id, rij.datasleutel, rij.inhoud))

    def _unseal(self, naam: str, zegel: Verzegeld) -> bytes:
        return b"".join(decompress(self._kluis.open(naam, _DOEL, zegel)))


def _batch(rij: Row[Any]) -> Batch:
    spoor = Spoor(rij.trace_id, rij.operation_id)
    return Batch(rij.id, rij.partij, spoor, diensten()[rij.dienst], rij.gelezen)


def _name(batch_id: str, kenmerk: bytes) -> str:
    return f"{batch_id}|{kenmerk.hex()}"


def _asked(opgaven: Iterable[Opgave], uitkomsten: Iterable[Uitkomst]) -> Iterator[tuple[str, Statuscode]]:
    """Give about whom was asked, answered or not: what did not come back may have been read all the same."""
    for opgave, uitkomst in zip(opgaven, uitkomsten, strict=True):
        status = Statuscode.GOED if uitkomst.fout is None else Statuscode.FOUT
        for bsn in (opgave.bsn, *sorted(uitkomst.geraadpleegd - {opgave.bsn})):
            yield bsn, status


def _common(uitkomsten: Sequence[Uitkomst], veel: int) -> Bronfout | None:
    """Give a fault that holds for whoever is asked about; so does one of each of `veel` persons or more."""
    fouten = [uitkomst.fout for uitkomst in uitkomsten if uitkomst.fout is not None]
    onleesbaar = [fout for fout in fouten if fout.soort is Bronfoutsoort.ONBRUIKBAAR]
    if len(onleesbaar) == len(uitkomsten) >= veel:
        return onleesbaar[0]
    return next((fout for fout in fouten if not fout.of_one), None)


def _empty(conn: Connection, batch_id: str) -> None:
    conn.execute(delete(schema.batchregel).where(_r.batch_id == batch_id))
    conn.execute(delete(schema.batchvraag).where(_v.batch_id == batch_id))


def next_open(batch_id: str, aantal: int = PORTIE) -> Select[Any]:
    """Select the next portion of questions that are not answered."""
    return select(schema.batchvraag).where(_v.batch_id == batch_id, _OPEN).order_by(_v.kenmerk).limit(aantal)


def _next(conn: Connection, batch_id: str, aantal: int) -> Sequence[Row[Any]]:
    return conn.execute(next_open(batch_id, aantal)).all()


def _page(conn: Connection, batch_id: str, na: int, aantal: int) -> Sequence[Row[Any]]:
    antwoord = schema.batchvraag
    vraag = (
        select(schema.batchregel)
        .add_columns(
            _v.sleutel_id.label("a_sleutel_id"), _v.datasleutel.label("a_datasleutel"), _v.inhoud.label("a_inhoud")
        )
        .outerjoin(antwoord, (_v.batch_id == _r.batch_id) & (_v.kenmerk == _r.vraag))
        .where(_r.batch_id == batch_id, _r.nummer > na)
        .order_by(_r.nummer)
        .limit(aantal)
    )
    return conn.execute(vraag).all()


def _count(conn: Connection, batch: Batch) -> Stand:
    batch_id = batch.batch_id
    regels = select(func.count()).where(_r.batch_id == batch_id)
    vragen = select(func.count()).where(_v.batch_id == batch_id)
    alle = conn.execute(vragen).scalar_one()
    nog_open = conn.execute(vragen.where(_OPEN)).scalar_one()
    return Stand(
        regels=conn.execute(regels).scalar_one(),
        onbruikbaar=conn.execute(regels.where(_r.vraag.is_(None))).scalar_one(),
        vragen=alle,
        klaar=alle - nog_open,
        gestopt=str(Geblokkeerd()) if nog_open and is_blocked(conn, batch.partij, batch.dienst.naam) else "",
    )


def remove_batches(conn: Connection, termijn_ms: int) -> int:
    """Remove one batch whose term has passed, with all that is in it; return how many, 0 when there is none."""
    oud = select(_b.id).where(_b.begonnen_op < now_ms(conn) - termijn_ms).order_by(_b.begonnen_op).limit(1)
    batch_id = conn.execute(oud).scalar()
    if batch_id is None:
        return 0
    _empty(conn, batch_id)
    return conn.execute(delete(schema.batch).where(_b.id == batch_id)).rowcount
