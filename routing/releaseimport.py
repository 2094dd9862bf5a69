"""Import of release moments from TOML: everything that is wrong is listed at once, and then nothing is stored.

The file has the form of the built-in calendar (`istandaarden/releases.toml`): ``[[release]]`` tables with
`standaarden`, `release` and moments; with `partijen` they hold for those only. A table replaces what was imported
before for the same release (and partij); ``vervalt = true`` takes that away.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeGuard

from sqlalchemy import Connection, delete, insert

from istandaarden.releases import Kalenderfout, Moment, Momenten, read_moments
from istandaarden.standaardmap import in_gebruik
from routing import schema
from routing.register import next_versie, read_register
from routing.registerimport import Importfout
from routing.releasekalender import Sleutel, lay_over, read_imported

_VELDEN = ("standaarden", "release", "partijen", "vervalt", *(moment.value for moment in Moment))
_RELEASE = re.compile(r"[1-9][0-9]?\.(?:0|[1-9][0-9]?)")


@dataclass(frozen=True, slots=True)
class Inlezing:
    """What a file says: moments per key, None where they are taken away, and everything that is wrong with it."""

    momenten: Mapping[Sleutel, Momenten | None]
    plaatsen: Mapping[Sleutel, str]
    fouten: tuple[str, ...]


def read_calendar(pad: Path) -> Inlezing:
    """Read a file; what is wrong with it is in the result, so that `store` can tell everything at once."""
    try:
        ruw = tomllib.loads(pad.read_text(encoding="utf-8-sig"))
    except OSError as fout:
        return Inlezing({}, {}, (f"{pad}: dit bestand is niet te lezen ({fout.strerror})",))
    except UnicodeDecodeError:
        return Inlezing({}, {}, (f"{pad}: dit bestand is geen UTF-8-tekst",))
    except tomllib.TOMLDecodeError as fout:
        return Inlezing({}, {}, (f"{pad}: geen geldige TOML: {fout}",))
    return parse_calendar(ruw)


def parse_calendar(ruw: Mapping[str, object]) -> Inlezing:
    """Read what TOML made of a file."""
    fouten = [f"onbekende sleutel {sleutel!r}; verwacht [[release]]" for sleutel in ruw if sleutel != "release"]
    tabellen = ruw.get("release", [])
    if not isinstance(tabellen, list) or not all(isinstance(tabel, dict) for tabel in tabellen):
        return Inlezing({}, {}, (*fouten, "'release' moet een reeks tabellen zijn: [[release]]"))
    momenten: dict[Sleutel, Momenten | None] = {}
    plaatsen: dict[Sleutel, str] = {}
    for nummer, tabel in enumerate(tabellen, 1):
        plaats = f"release {nummer} ({tabel.get('release', 'zonder nummer')})"
        gevonden = list(_form_errors(tabel))
        if not gevonden:
            nieuw, gevonden = _moments(tabel)
            for sleutel in _keys(tabel):
                if sleutel in momenten:
                    gevonden.append(f"{_name(sleutel)} staat ook al bij {plaatsen[sleutel]}")
                momenten[sleutel], plaatsen[sleutel] = nieuw, plaats
        fouten += [f"{plaats}: {fout}" for fout in gevonden]
    if not tabellen and not fouten:
        fouten.append("het bestand noemt geen enkele release")
    return Inlezing(momenten, plaatsen, tuple(fouten))


def store(conn: Connection, inlezing: Inlezing) -> int:
    """Put moments in the register and return for how many releases (per partij); running hubs follow within a second.

    Args:
        conn: connection inside a transaction.
        inlezing: from `read_calendar`.

    Raises:
        Importfout: with everything that is wrong in the file, and in the calendar that it would make.
    """
    bekend = read_register(conn).partijen
    fouten = list(inlezing.fouten)
    fouten += [
        f"{plaats}: partij {sleutel[0]!r} staat niet in het register"
        for sleutel, plaats in inlezing.plaatsen.items()
        if sleutel[0] and sleutel[0] not in bekend
    ]
    straks = read_imported(conn)
    for sleutel, momenten in inlezing.momenten.items():
        straks.pop(sleutel, None)
        if momenten is not None:
            straks[sleutel] = momenten
    fouten += _disorder(straks, inlezing)
    if fouten:
        raise Importfout(dict.fromkeys(fouten))
    tabel = schema.releasemoment
    for partij, standaard, release in inlezing.momenten:
        wie = (tabel.c.partij == partij, tabel.c.standaard == standaard, tabel.c.release == release)
        conn.execute(delete(tabel).where(*wie))
    rijen = [
        {
            "partij": partij,
            "standaard": standaard,
            "release": release,
            "moment": moment.value,
            "tijd": None if tijd is None else round(tijd.timestamp() * 1000),
        }
        for (partij, standaard, release), momenten in inlezing.momenten.items()
        if momenten is not None
        for moment, tijd in momenten.tijden.items()
    ]
    if rijen:
        conn.execute(insert(tabel), rijen)
    next_versie(conn)
    return len(inlezing.momenten)


def _form_errors(tabel: Mapping[str, object]) -> Iterator[str]:
    for veld in tabel:
        if veld not in _VELDEN:
            nabij = difflib.get_close_matches(veld, _VELDEN, n=1)
            yield f"onbekend veld {veld!r}" + (f"; bedoelt u {nabij[0]!r}?" if nabij else "")
    release = tabel.get("release")
    if not isinstance(release, str) or not _RELEASE.fullmatch(release):
        yield 'release ontbreekt of is geen nummer tussen aanhalingstekens, zoals "3.3"'
    bekend = dict.fromkeys(soort.standaard for soort in in_gebruik())
    standaarden = tabel.get("standaarden")
    if not _is_texts(standaarden):
        yield f"standaarden moet een lijst zijn van een of meer van {', '.join(bekend)}"
    else:
        for onbekend in (s for s in standaarden if s not in bekend):
            yield f"standaard {onbekend!r} bestaat niet; kies uit {', '.join(bekend)}"
    if "partijen" in tabel and not _is_texts(tabel["partijen"]):
        yield "partijen moet een lijst van codes zijn, elk tussen aanhalingstekens"
    if not isinstance(tabel.get("vervalt", False), bool):
        yield "vervalt is true of false"


def _is_texts(waarde: object) -> TypeGuard[list[str]]:
    return isinstance(waarde, list) and bool(waarde) and all(isinstance(deel, str) and deel for deel in waarde)


def _keys(tabel: Mapping[str, object]) -> Iterator[Sleutel]:
    partijen, standaarden = tabel.get("partijen"), tabel["standaarden"]
    assert _is_texts(standaarden)  # noqa: S101 - `_form_errors` found nothing
    for partij in dict.fromkeys(partijen) if _is_texts(partijen) else ("",):
        for standaard in dict.fromkeys(standaarden):
            yield partij, standaard, str(tabel["release"])


def _moments(tabel: Mapping[str, object]) -> tuple[Momenten | None, list[str]]:
    """Read the moments of a table, with what is wrong with each of them."""
    tijden: dict[Moment, datetime | None] = {}
    fouten: list[str] = []
    for moment in Moment:
        try:
            tijden |= dict(read_moments({moment: tabel.get(moment)}))
        except Kalenderfout as fout:
            fouten.append(str(fout))
    vervalt = tabel.get("vervalt", False)
    genoemd = any(moment in tabel for moment in Moment)
    if vervalt and genoemd:
        fouten.append("met vervalt = true horen hier geen momenten")
    if not vervalt and not genoemd:
        fouten.append(f"noem een of meer van {', '.join(Moment)}, of vervalt = true")
    return None if vervalt else Momenten(tijden), fouten


def _disorder(straks: Mapping[Sleutel, Momenten], inlezing: Inlezing) -> Iterator[str]:
    """Yield what stands in the wrong order once the file is laid over the calendar, also for partijen it names not."""
    kalender = lay_over(straks)
    for sleutel in dict.fromkeys((*inlezing.momenten, *straks)):
        partij, standaard, release = sleutel
        momenten = kalender.moments(standaard, release, partij or None)
        if momenten is not None and (fout := momenten.disorder()) is not None:
            yield f"{inlezing.plaatsen.get(sleutel, _name(sleutel))}: {fout}"


def _name(sleutel: Sleutel) -> str:
    partij, standaard, release = sleutel
    return f"{standaard} {release}" + (f" voor {partij}" if partij else "")
