"""Files with questions and with answers, CSV or JSON, read and written a few lines at a time.

A line that is no question is reported by its number, with everything that is wrong and without a value out of it. The
answers hold no BSN: the number of the line, and its own `kenmerk`, say which is which.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, TextIO

from pydantic import ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from knooppunt.vormfouten import faults
from knooppunt.woonplaats.antwoordvorm import Antwoordvorm
from knooppunt.woonplaats.feitenvorm import Vraagvorm
from knooppunt.woonplaats.jsonobject import Objectfout, check_object
from routing.bsn import GEEN_BSN, holds_bsn, is_bsn
from routing.woonplaats.batch import Regel, Resultaat
from routing.woonplaats.opvragen import Opgave, Uitkomst

SOORTEN: Final = (".csv", ".json")
PORTIE: Final = 500
_HAP: Final = 64 * 1024
_GROOTSTE_REGEL: Final = 256 * 1024
_KENMERK: Final = 100
_VERBLIJF: Final = {"verblijf_soort": "soort", "verblijf_van": "van", "verblijf_tot": "tot"}
_KOLOMMEN: Final = ("bsn", "peildatum", "kenmerk", *_VERBLIJF, "werkelijk_verblijf", "laatst_bij", "geboortedatum")
_UIT: Final = (
    "regel",
    "kenmerk",
    "gemeente",
    "gemeentenaam",
    "rechtsregel",
    "zekerheid",
    "referentiedatum",
    "ontbreekt",
    "opmerkingen",
    "fouten",
)
_GEVAARLIJK: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


class Bestandsfout(ValueError):
    """The file as a whole cannot be read; nothing was asked. The message is Dutch and holds no value."""


class Batchvorm(Vraagvorm):
    """A line: a BSN, a day, and what is known of the youth; `kenmerk` is what its owner calls it."""

    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True, hide_input_in_errors=True
    )

    bsn: Annotated[str, Field(pattern="^[0-9]{9}$", repr=False)]
    kenmerk: Annotated[str, Field(max_length=_KENMERK)] = ""


class Vormgever:
    """Writes questions and answers of a batch (`routing.woonplaats.batch.Vormgever`)."""

    def read(self, vraag: bytes) -> Opgave:
        """Read a question that was taken in."""
        vorm = Batchvorm.model_validate_json(vraag)
        return Opgave(vorm.bsn, vorm.facts())

    def show(self, uitkomst: Uitkomst, opgave: Opgave) -> bytes:
        """Write an answer, or what kept the register from one."""
        if uitkomst.fout is not None:
            return json.dumps({"fout": str(uitkomst.fout)}).encode()
        vorm = Antwoordvorm.answer("", uitkomst, opgave.feiten)
        return vorm.model_dump_json(by_alias=True, exclude={"vraag_id"}).encode()


def digest(pad: Path) -> bytes:
    """Give the SHA-256 of a file.

    Raises:
        Bestandsfout: it cannot be read.
    """
    try:
        with pad.open("rb") as stroom:
            return hashlib.file_digest(stroom, "sha256").digest()
    except OSError as fout:
        raise Bestandsfout(f"{pad} is niet te lezen ({fout.strerror}).") from None


def read(pad: Path) -> Iterator[Sequence[Regel]]:
    """Read the lines of a file, some at a time; its ending says whether it is CSV or JSON.

    Raises:
        Bestandsfout: while reading, when the file as a whole is no good.
    """
    try:
        with pad.open("rb") as stroom:
            yield from read_stream(stroom, pad.suffix.lower())
    except OSError as fout:
        raise Bestandsfout(f"{pad} is niet te lezen ({fout.strerror}).") from None


def read_stream(bytes_: BinaryIO, soort: str) -> Iterator[Sequence[Regel]]:
    """Read the lines out of a stream, which is closed.

    Raises:
        Bestandsfout: while reading, when it is no good as a whole.
    """
    leeg = True
    try:
        with TextIOWrapper(bytes_, "utf-8-sig", newline="") as stroom:
            rijen = _csv_rows(stroom) if soort == ".csv" else _json_rows(stroom)
            regels = (_line(nummer, rij) for nummer, rij in enumerate(rijen, 1))
            while deel := list(islice(regels, PORTIE)):
                leeg = False
                yield deel
    except UnicodeDecodeError:
        raise Bestandsfout("Het bestand is niet in UTF-8 geschreven.") from None
    if leeg:
        raise Bestandsfout("Er staat geen enkele vraag in het bestand.")


def _line(nummer: int, rij: object) -> Regel:
    kenmerk, bsn = (rij.get("kenmerk"), rij.get("bsn")) if isinstance(rij, Mapping) else (None, None)
    naam = kenmerk[:_KENMERK] if isinstance(kenmerk, str) else ""
    van_wie = re.sub("[^0-9]", "", str(bsn))  # in JSON it may be a number, which lost its zero
    met_bsn = holds_bsn(naam, van_wie if len(van_wie) in {8, 9} else "")
    veilig = "" if met_bsn else naam
    try:
        vorm = Batchvorm.model_validate(rij)
    except ValidationError as fout:
        return Regel(nummer, veilig, fouten=tuple(" ".join(deel) for deel in faults(fout, Batchvorm)))
    if not is_bsn(vorm.bsn):
        return Regel(nummer, veilig, fouten=(f"bsn {GEEN_BSN}",))
    if met_bsn:
        return Regel(nummer, "", fouten=("kenmerk mag geen BSN zijn of bevatten",))
    return Regel(nummer, naam, vorm.model_dump_json(exclude={"kenmerk"}).encode())


def _csv_rows(stroom: TextIO) -> Iterator[object]:
    kop = stroom.readline(_GROOTSTE_REGEL).rstrip("\r\n")
    teken = ";" if ";" in kop else ","
    kolommen = [kolom.strip().lower() for kolom in next(csv.reader([kop], delimiter=teken), [])]
    onbekend = [kolom[:40] for kolom in kolommen if kolom not in _KOLOMMEN]
    if onbekend or len(set(kolommen)) < len(kolommen) or not {"bsn", "peildatum"} <= set(kolommen):
        raise Bestandsfout(f"De kop moet bsn en peildatum noemen, en verder alleen: {', '.join(_KOLOMMEN[2:])}.")
    rijen = csv.reader(_lines(stroom), delimiter=teken, strict=True)
    while True:
        try:
            velden = next(rijen)
        except StopIteration:
            return
        except csv.Error:
            raise Bestandsfout(f"Regel {rijen.line_num + 1} is geen geldige CSV.") from None
        if velden:
            yield _from_csv(kolommen, velden)


def _lines(stroom: TextIO) -> Iterator[str]:
    while regel := stroom.readline(_GROOTSTE_REGEL):
        yield regel


def _from_csv(kolommen: Sequence[str], velden: Sequence[str]) -> object:
    if len(velden) != len(kolommen):
        return None  # is no object, and is reported as such
    gevuld = {kolom: veld.strip() for kolom, veld in zip(kolommen, velden, strict=True) if veld.strip()}
    verblijf = {_VERBLIJF[kolom]: gevuld.pop(kolom) for kolom in _VERBLIJF if kolom in gevuld}
    return gevuld | ({"verblijf": [verblijf]} if verblijf else {})


def _json_rows(stroom: TextIO) -> Iterator[object]:
    """Read the values of a JSON array, or one after another, holding no more than one and what follows it."""
    lezer, buffer, nummer = json.JSONDecoder(object_pairs_hook=check_object), "", 0
    eerste = True
    while True:
        hap = stroom.read(_HAP)
        buffer = (buffer + hap).lstrip(" \t\r\n,") if not eerste else (buffer + hap).lstrip()
        if eerste and buffer:
            eerste = False
            buffer = buffer.removeprefix("[").lstrip()
        while buffer and not buffer.startswith("]"):
            try:
                waarde, eind = lezer.raw_decode(buffer)
            except Objectfout as fout:
                raise Bestandsfout(f"Vraag {nummer + 1} {fout}.") from None
            except (ValueError, RecursionError):
                if not hap or len(buffer) > _GROOTSTE_REGEL:
                    raise Bestandsfout(f"Vraag {nummer + 1} is geen geldige JSON.") from None
                break
            if eind == len(buffer) and hap:
                break  # a number may go on in the next piece
            nummer += 1
            yield waarde
            buffer = buffer[eind:].lstrip(" \t\r\n,")
        if not hap:
            if buffer.removeprefix("]").strip():
                raise Bestandsfout("Na de laatste vraag staat nog iets.")
            return


async def write(pad: Path, resultaten: AsyncIterator[Resultaat]) -> int:
    """Write the answers, in one move once all are there; return how many lines have `fouten`.

    Raises:
        OSError: it cannot be written.
    """
    tijdelijk = pad.with_name(f".{pad.name}.deel")
    try:
        with tijdelijk.open("w", encoding="utf-8", newline="") as stroom:
            tijdelijk.chmod(0o600)
            fout = await (_write_csv if pad.suffix.lower() == ".csv" else _write_json)(stroom, resultaten)
        tijdelijk.replace(pad)
        return fout
    finally:
        tijdelijk.unlink(missing_ok=True)


async def _write_csv(stroom: TextIO, resultaten: AsyncIterator[Resultaat]) -> int:
    fout = 0
    schrijver = csv.writer(stroom, delimiter=";", lineterminator="\r\n")
    schrijver.writerow(_UIT)
    async for resultaat in resultaten:
        a = shape(resultaat)
        fout += bool(a["fouten"])
        schrijver.writerow(
            safe_cell(cel)
            for cel in (
                str(resultaat.nummer),
                resultaat.kenmerk,
                *(str(a.get(naam) or "") for naam in ("gemeente", "gemeentenaam", "regel", "zekerheid")),
                str(a.get("referentiedatum") or ""),
                ", ".join(a.get("ontbrekendeGegevens", ())),
                " ".join(a.get("opmerkingen", ())),
                "; ".join(a["fouten"]),
            )
        )
    return fout


async def _write_json(stroom: TextIO, resultaten: AsyncIterator[Resultaat]) -> int:
    teken, fout = "[", 0
    async for resultaat in resultaten:
        a = {"regelnummer": resultaat.nummer, "kenmerk": resultaat.kenmerk} | shape(resultaat)
        fout += bool(a["fouten"])
        stroom.write(f"{teken}\n{json.dumps(a, ensure_ascii=False)}")
        teken = ","
    stroom.write("\n]\n")
    return fout


def shape(resultaat: Resultaat) -> dict[str, Any]:
    """Give an answer its JSON form; `fouten` holds what was wrong with the line or kept the register from answering."""
    antwoord: dict[str, Any] = json.loads(resultaat.antwoord) if resultaat.antwoord is not None else {}
    fout = antwoord.pop("fout", None)
    return antwoord | {"fouten": [*resultaat.fouten, *([fout] if fout else [])]}


def safe_cell(tekst: str) -> str:
    """Keep a spreadsheet from taking a text for a formula (OWASP, CSV injection)."""
    return f"'{tekst}" if tekst.startswith(_GEVAARLIJK) else tekst
