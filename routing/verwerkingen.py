"""The processing log: which data about whom was processed, and beside it who asked, for what and why.

Two tables, by the decisions of Logboek Dataverwerkingen (Logius, 1-10-2024): `verwerking` holds one line per operation
and data subject and names no user; `verantwoording` holds who, purpose, case and reason of a whole trace, and names the
operation that began it. Both only grow: nothing changes a line, and it goes when its retention term has passed. Data
subjects are HMACs, so that a BSN that is known finds its lines and the lines give no BSN.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import IntEnum

from sqlalchemy import Connection, delete, insert, select

from routing import schema
from routing.dienst import Wet, diensten
from routing.klok import now_ms
from routing.kluis import Kluis
from routing.partij import KETENPARTIJEN
from routing.toestemming import Aanleiding, Aanvrager, Toestemming, Weg, Weigergrond

TOEGESTAAN = "toegestaan"
"""The `besluit` of a question that might be asked; a refusal begins with ``geweigerd``."""

_DOEL = "verwerkingen"
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_RIJEN = 500
_ONBEKEND = "onbekend"
_v, _w = schema.verwerking.c, schema.verantwoording.c


class Statuscode(IntEnum):
    """How an operation went (`status_code` of Logboek Dataverwerkingen)."""

    ONBEKEND = 0
    GOED = 1
    FOUT = 2


@dataclass(frozen=True, slots=True)
class Betrokkene:
    """A data subject as the log keeps him: the HMAC of his BSN, and which key made it."""

    sleutel_id: str
    kenmerk: bytes


class Betrokkenen:
    """Turns a BSN into what the log keeps of it."""

    def __init__(self, kluis: Kluis) -> None:
        self._sleutels = kluis.derive(_DOEL)
        self._actief = kluis.actief

    def of(self, bsn: str) -> Betrokkene:
        """Give the data subject of a BSN, under the newest key."""
        return self._under(self._actief, bsn)

    def all_of(self, bsn: str) -> tuple[Betrokkene, ...]:
        """Give what the log may hold of a BSN, under every key there is; to find lines with."""
        return tuple(self._under(sleutel_id, bsn) for sleutel_id in self._sleutels)

    def _under(self, sleutel_id: str, bsn: str) -> Betrokkene:
        return Betrokkene(sleutel_id, hmac.new(self._sleutels[sleutel_id], bsn.encode(), hashlib.sha256).digest())


@dataclass(frozen=True, slots=True)
class Herkomst:
    """The operation at the asker that led to ours (W3C Trace Context), as the asker told it."""

    trace_id: str
    operation_id: str
    entiteit: str

    @classmethod
    def read(cls, traceparent: str, entiteit: str) -> Herkomst | None:
        """Read the header ``traceparent``; None when it is absent or of another form, which is no fault."""
        gevonden = _TRACEPARENT.fullmatch(traceparent.strip())
        if gevonden is None or not int(gevonden[1], 16) or not int(gevonden[2], 16):
            return None
        return cls(gevonden[1], gevonden[2], entiteit)


@dataclass(frozen=True, slots=True)
class Spoor:
    """Ids of one operation; `child` gives those of an operation inside it."""

    trace_id: str
    operation_id: str
    ouder: str | None = None
    herkomst: Herkomst | None = None

    @classmethod
    def begin(cls, herkomst: Herkomst | None = None) -> Spoor:
        """Start a trace of our own; the asker's stays his, and is named as the foreign operation."""
        return cls(secrets.token_hex(16), secrets.token_hex(8), herkomst=herkomst)

    def child(self) -> Spoor:
        """Start an operation inside this one."""
        return Spoor(self.trace_id, secrets.token_hex(8), self.operation_id)


_spoor: ContextVar[Spoor | None] = ContextVar("spoor", default=None)


@contextmanager
def tracing(spoor: Spoor) -> Iterator[None]:
    """Let what is asked of others inside the block name this operation."""
    vorige = _spoor.set(spoor)
    try:
        yield
    finally:
        _spoor.reset(vorige)


def traceparent() -> str | None:
    """Give the header ``traceparent`` for a question to another party; None outside a traced operation."""
    spoor = _spoor.get()
    return None if spoor is None else f"00-{spoor.trace_id}-{spoor.operation_id}-01"


@dataclass(frozen=True, slots=True)
class Verwerking:
    """One line: one operation on the data of at most one person; moments in ms since 1970."""

    spoor: Spoor
    naam: str
    activiteit: str
    status: Statuscode
    begin: int
    eind: int
    betrokkene: Betrokkene | None


def record(conn: Connection, verwerkingen: Iterable[Verwerking]) -> None:
    """Add lines, inside the transaction that stores what they are about."""
    rijen = [
        {
            "trace_id": v.spoor.trace_id,
            "operation_id": v.spoor.operation_id,
            "parent_operation_id": v.spoor.ouder,
            "foreign_trace_id": v.spoor.herkomst.trace_id if v.spoor.herkomst else None,
            "foreign_operation_id": v.spoor.herkomst.operation_id if v.spoor.herkomst else None,
            "foreign_entity": v.spoor.herkomst.entiteit if v.spoor.herkomst else None,
            "status_code": v.status.value,
            "name": v.naam,
            "start_time": v.begin,
            "end_time": v.eind,
            "processing_activity_id": v.activiteit,
            "sleutel_id": v.betrokkene.sleutel_id if v.betrokkene else None,
            "data_subject_id": v.betrokkene.kenmerk if v.betrokkene else None,
        }
        for v in verwerkingen
    ]
    if rijen:
        conn.execute(insert(schema.verwerking), rijen)


def account(conn: Connection, spoor: Spoor, toestemming: Toestemming) -> int:
    """Write who asks and why, before anything is looked up; return the moment in ms since 1970."""
    return _account(conn, spoor, toestemming.aanvrager, toestemming.aanleiding, TOEGESTAAN)


def account_refusal(conn: Connection, aanvrager: Aanvrager, aanleiding: Aanleiding, grond: str) -> int:
    """Write that a question was refused, and on what ground; no data were processed, so there is no line about it.

    What was refused may hold anything, a BSN too. So zaakkenmerk and reason are left out, and `persoon` where that was
    the ground; a dienst, purpose or partij that is none is ``onbekend``.
    """
    dienst = diensten().get(aanleiding.dienst)
    doel = aanleiding.doel if dienst is not None and aanleiding.doel in dienst.doelen else _ONBEKEND
    kaal = Aanleiding(_ONBEKEND if dienst is None else dienst.naam, aanleiding.wet, doel, "")
    wie = replace(
        aanvrager,
        partij=aanvrager.partij if _is_partij(conn, aanvrager.partij) else _ONBEKEND,
        persoon=None if grond == Weigergrond.PERSOON else aanvrager.persoon,
    )
    return _account(conn, Spoor.begin(), wie, kaal, f"geweigerd: {grond}")


def _is_partij(conn: Connection, code: str) -> bool:
    """Say whether a text is the code of a gemeente or ketenpartij, or in the register (eight digits may be a BSN)."""
    if re.fullmatch("[0-9]{4}", code) or code in KETENPARTIJEN:
        return True
    return conn.execute(select(schema.partij.c.code).where(schema.partij.c.code == code)).first() is not None


def _account(conn: Connection, spoor: Spoor, wie: Aanvrager, waarom: Aanleiding, besluit: str) -> int:
    nu = now_ms(conn)
    conn.execute(
        insert(schema.verantwoording).values(
            trace_id=spoor.trace_id,
            operation_id=spoor.operation_id,
            moment=nu,
            partij=wie.partij,
            identiteit=wie.identiteit,
            persoon=wie.persoon,
            kanaal=wie.weg.value,
            dienst=waarom.dienst,
            wet=waarom.wet.value,
            doel=waarom.doel,
            zaakkenmerk=waarom.zaakkenmerk,
            reden=waarom.reden,
            besluit=besluit,
        )
    )
    return nu


def find_account(conn: Connection, trace_id: str) -> tuple[Aanvrager, Aanleiding] | None:
    """Give who asked what belongs to a trace, and why; None when its term has passed."""
    rij = conn.execute(select(schema.verantwoording).where(_w.trace_id == trace_id)).first()
    if rij is None:
        return None
    wie = Aanvrager(rij.partij, rij.identiteit, Weg(rij.kanaal), rij.persoon)
    return wie, Aanleiding(rij.dienst, Wet(rij.wet), rij.doel, rij.zaakkenmerk, rij.reden)


@dataclass(frozen=True, slots=True)
class Logregel:
    """A line with who asked it and why, as the partij that asked may see it; moments in ms since 1970."""

    trace_id: str
    operation_id: str
    parent_operation_id: str | None
    status: Statuscode
    naam: str
    begin: int
    eind: int
    activiteit: str
    partij: str
    identiteit: str
    persoon: str | None
    kanaal: str
    dienst: str
    wet: str
    doel: str
    zaakkenmerk: str
    reden: str


def find(conn: Connection, partij: str, betrokkene: Sequence[Betrokkene], limiet: int = 1000) -> list[Logregel]:
    """Find the lines about a person that came of questions of one partij, newest first."""
    w = schema.verantwoording
    rijen = conn.execute(
        select(schema.verwerking, w.c.partij, w.c.identiteit, w.c.persoon, w.c.kanaal, w.c.dienst, w.c.wet)
        .add_columns(w.c.doel, w.c.zaakkenmerk, w.c.reden)
        .join(w, w.c.trace_id == _v.trace_id)
        .where(_v.data_subject_id.in_([b.kenmerk for b in betrokkene]), w.c.partij == partij)
        .order_by(_v.start_time.desc(), _v.id.desc())
        .limit(limiet)
    )
    return [
        Logregel(
            trace_id=rij.trace_id,
            operation_id=rij.operation_id,
            parent_operation_id=rij.parent_operation_id,
            status=Statuscode(rij.status_code),
            naam=rij.name,
            begin=rij.start_time,
            eind=rij.end_time,
            activiteit=rij.processing_activity_id,
            partij=rij.partij,
            identiteit=rij.identiteit,
            persoon=rij.persoon,
            kanaal=rij.kanaal,
            dienst=rij.dienst,
            wet=rij.wet,
            doel=rij.doel,
            zaakkenmerk=rij.zaakkenmerk,
            reden=rij.reden,
        )
        for rij in rijen
    ]


def remove_older(conn: Connection, termijn_ms: int) -> int:
    """Remove lines whose retention term has passed, some at a time; return how many, 0 when all are gone."""
    tot = now_ms(conn) - termijn_ms
    weg = 0
    for tabel, moment in ((schema.verwerking, _v.end_time), (schema.verantwoording, _w.moment)):
        oud = select(tabel.c.id).where(moment < tot).order_by(moment).limit(_RIJEN)
        weg += conn.execute(delete(tabel).where(tabel.c.id.in_(oud))).rowcount
    return weg
