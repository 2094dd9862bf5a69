"""Setting the dates of the going over from SVB to VWS: from CSV or from a command, all or nothing.

The file has the columns ``gemeente``, ``datum`` and ``tkb_tot``; ``*`` stands for every gemeente without a date of its
own, and an empty ``datum`` takes a date away.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from istandaarden.releases import NEDERLAND
from routing import schema
from routing.functies import Pgb, functies
from routing.klok import now
from routing.partij import Partijsoort
from routing.pgb import VWS, Overstap, overstap_of, payer
from routing.register import Register, next_versie, read_register
from routing.registerimport import Importfout
from routing.status import Status

IEDEREEN = "*"
_KOLOMMEN = ("gemeente", "datum", "tkb_tot")


@dataclass(frozen=True, slots=True)
class Wijziging:
    """What is to become of the date of a gemeente, empty for everybody; without `overstap` it is taken away."""

    gemeente: str
    overstap: Overstap | None
    plaats: str = ""


def read_changes(pad: Path) -> tuple[Wijziging, ...]:
    """Read a CSV file with a heading; the separator is ``;`` or ``,``.

    Raises:
        Importfout: the file cannot be read, or with everything that is wrong in it.
    """
    try:
        tekst = pad.read_text(encoding="utf-8-sig")
    except OSError as fout:
        raise Importfout([f"{pad}: dit bestand is niet te lezen ({fout.strerror})"]) from fout
    except UnicodeDecodeError as fout:
        raise Importfout([f"{pad}: dit bestand is geen UTF-8-tekst"]) from fout
    fouten: list[str] = []
    wijzigingen: list[Wijziging] = []
    try:
        for plaats, velden in _read_rows(tekst):
            try:
                wijzigingen.append(make_change(velden["gemeente"], velden["datum"], velden["tkb_tot"], plaats))
            except ValueError as fout:
                fouten.append(f"{plaats}: {fout}")
    except ValueError as fout:
        fouten.append(str(fout))
    if not fouten and not wijzigingen:
        fouten.append("het bestand noemt geen enkele gemeente")
    if fouten:
        raise Importfout(fouten)
    return tuple(wijzigingen)


def _read_rows(tekst: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the lines with their place, every column in each.

    Raises:
        ValueError: in Dutch, when it is no CSV with the right columns.
    """
    kop = tekst.splitlines()[0] if tekst.strip() else ""
    lezer = csv.DictReader(io.StringIO(tekst), delimiter=";" if ";" in kop else ",", strict=True)
    try:
        namen = list(lezer.fieldnames or ())
        if onbekend := [naam for naam in namen if naam not in _KOLOMMEN]:
            raise ValueError(f"onbekende kolom {onbekend[0]!r}; verwacht {', '.join(_KOLOMMEN)}")
        if namen and not {"gemeente", "datum"} <= set(namen):
            raise ValueError("de kop noemt geen gemeente en datum")
        for rij in lezer:
            plaats = f"regel {lezer.line_num}"
            if None in rij:
                raise ValueError(f"{plaats}: meer kolommen dan de kop heeft")
            yield plaats, {naam: (rij.get(naam) or "").strip() for naam in _KOLOMMEN}
    except csv.Error as fout:
        raise ValueError(f"regel {lezer.line_num}: geen geldige CSV ({fout})") from None


def make_change(gemeente: str, datum: str, tkb_tot: str, plaats: str = "") -> Wijziging:
    """Make one change from text.

    Raises:
        ValueError: in Dutch, what is wrong with it.
    """
    code = "" if gemeente == IEDEREEN else gemeente
    dag, tot = _read_date("datum", datum), _read_date("tkb_tot", tkb_tot)
    if dag is None:
        if tot is not None:
            raise ValueError("tkb_tot hoort bij een datum")
        return Wijziging(code, None, plaats)
    if tot is not None and tot < dag:
        raise ValueError("tkb_tot ligt voor de datum van de overstap")
    return Wijziging(code, Overstap(code, dag, tot), plaats)


def _read_date(naam: str, tekst: str) -> date | None:
    if not tekst:
        return None
    try:
        return date.fromisoformat(tekst)
    except ValueError:
        raise ValueError(f"{naam} is geen datum zoals 2026-01-31") from None


def store(conn: Connection, wijzigingen: Iterable[Wijziging]) -> int:
    """Put dates in the register and return how many changed; running hubs follow within a second.

    Args:
        conn: connection inside a transaction.
        wijzigingen: a later one about the same gemeente is refused.

    Raises:
        Importfout: with everything that is wrong; nothing is stored then.
    """
    nieuw, register = list(wijzigingen), read_register(conn)
    fouten = list(_unknown(nieuw, register))
    straks: dict[str, Overstap] = dict(register.overstappen)
    for wijziging in nieuw:
        straks.pop(wijziging.gemeente, None)
        if wijziging.overstap is not None:
            straks[wijziging.gemeente] = wijziging.overstap
    fouten += _turned_back(conn, register, straks)
    if fouten:
        raise Importfout(fouten)
    tabel = schema.pgb_overstap
    for wijziging in nieuw:
        conn.execute(delete(tabel).where(tabel.c.gemeente == wijziging.gemeente))
        if (o := wijziging.overstap) is not None:
            tot = o.tkb_tot.isoformat() if o.tkb_tot else None
            conn.execute(insert(tabel).values(gemeente=o.gemeente, datum=o.datum.isoformat(), tkb_tot=tot))
    next_versie(conn)
    return len(nieuw)


def _unknown(nieuw: list[Wijziging], register: Register) -> Iterator[str]:
    gezien: set[str] = set()
    for wijziging in nieuw:
        waar = f"{wijziging.plaats}: " if wijziging.plaats else ""
        partij = register.partij(wijziging.gemeente)
        if wijziging.gemeente and (partij is None or partij.soort is not Partijsoort.GEMEENTE):
            yield f"{waar}{wijziging.gemeente!r} is geen gemeente in het register"
        if wijziging.gemeente in gezien:
            yield f"{waar}gemeente {wijziging.gemeente or IEDEREEN} staat er tweemaal"
        gezien.add(wijziging.gemeente)


def _turned_back(conn: Connection, register: Register, straks: Mapping[str, Overstap]) -> Iterator[str]:
    """Yield the gemeenten that would go back to the SVB although VWS was sent toekenningen of theirs.

    Those budgets would be out of reach: neither their changes nor their afsluiting could travel any more.
    """
    vandaag = now(conn).astimezone(NEDERLAND).date()
    b = schema.bericht.c
    namen = sorted({f.naam for f in functies().values() if f.pgb is Pgb.TOEKENNING and f.naar == VWS})
    for gemeente in sorted(code for code, p in register.partijen.items() if p.soort is Partijsoort.GEMEENTE):
        if payer(register.overstap(gemeente), vandaag) != VWS or payer(overstap_of(straks, gemeente), vandaag) == VWS:
            continue
        verzonden = select(b.id).where(
            b.zender == gemeente,
            b.geldend,
            b.functie.in_(namen),
            b.ontvanger == VWS,
            b.status != Status.AFGEKEURD,
        )
        if conn.execute(verzonden.limit(1)).first() is not None:
            yield f"gemeente {gemeente} zond al toekenningen aan VWS en kan niet terug naar de SVB"
