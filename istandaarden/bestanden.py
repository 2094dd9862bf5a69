"""Finds berichten on disk: files, folders and ZIPs, without ever unpacking to disk or trusting what a ZIP says."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

INGANGEN_MAX = 10_000
"""Files in one ZIP."""

TOTAAL_MAX = 1024 * 1024 * 1024
"""Bytes that the files of one ZIP may take together once unpacked."""

VERHOUDING_MAX = 200
"""How many times larger than packed a file in a ZIP may be, from `_RUIM` bytes on; a real 323 reaches some 60."""

_RUIM = 1024 * 1024
_BLOK = 128 * 1024
"""Bytes that are read at a time."""

_LEZEN = os.O_RDONLY | getattr(os, "O_BINARY", 0)
"""How files are opened: without a Python file around them, which costs as much as the opening, reading and closing."""

_XML, _ARCHIEF = ".xml", ".zip"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_VERSLEUTELD = 0x1


class Onleesbaar(OSError):
    """A file that cannot be read; the text is a Dutch sentence."""


class Vondst(NamedTuple):
    """One file that may hold a bericht, on its own or inside a ZIP.

    `nummer` is its place in the ZIP, because a name may occur there twice; `reden` says why it cannot be read, if so.
    """

    pad: str
    ingang: str | None = None
    nummer: int = 0
    reden: str | None = None

    @property
    def naam(self) -> str:
        """Name for people, without characters that a terminal would obey: ``map/a.zip!WMO305.xml``."""
        return as_shown(self.pad if self.ingang is None else f"{self.pad}!{self.ingang}")


def as_shown(naam: str) -> str:
    """Give a name without characters that a terminal would obey."""
    return naam if naam.isprintable() else "".join(teken if teken.isprintable() else "?" for teken in naam)


def find(paden: Iterable[Path], skip: Callable[[str], None] = lambda _naam: None) -> Iterator[Vondst]:
    """Give the files behind paths: a file itself, ``*.xml`` and ZIPs in a folder and below, and ``*.xml`` in a ZIP.

    Args:
        paden: files, folders and ZIPs.
        skip: called with the name of each file in a folder or ZIP that is passed over for its extension. Anything else
            that is not read, such as a ZIP in a ZIP, is a find with a `reden`.
    """
    for pad in paden:
        try:
            if stat.S_ISDIR(pad.stat().st_mode):
                vondsten = _in_folder(pad, skip)
                eerste = next(vondsten, None)
                yield eerste or Vondst(str(pad), reden="Deze map bevat geen XML-bestanden.")
                yield from vondsten
            else:
                yield from _in_file(str(pad), skip)
        except OSError as fout:
            yield Vondst(str(pad), reden=_in_words(fout))


def _in_folder(map_: Path, skip: Callable[[str], None]) -> Iterator[Vondst]:
    def complain(fout: OSError) -> None:
        onleesbaar.append(Vondst(str(fout.filename), reden=_in_words(fout)))

    onleesbaar: list[Vondst] = []
    for plek, submappen, namen in os.walk(map_, onerror=complain):
        hier = str(Path(plek, "_"))[:-1]  # without ./ in front; a Path per file costs as much as reading it
        submappen.sort()
        for naam in submappen:
            if os.path.islink(pad := f"{plek}{os.sep}{naam}"):  # noqa: PTH114 - as below
                yield Vondst(pad, reden="Dit is een koppeling naar een map; die wordt niet gevolgd.")
        for naam in sorted(namen):
            if naam.lower().endswith((_XML, _ARCHIEF)):
                yield from _in_file(hier + naam, skip)
            else:
                skip(f"{plek}{os.sep}{naam}")
    yield from onleesbaar


def _in_file(pad: str, skip: Callable[[str], None]) -> Iterator[Vondst]:
    try:
        if not stat.S_ISREG(os.stat(pad).st_mode):  # noqa: PTH116 - as above
            yield Vondst(pad, reden="Dit is geen gewoon bestand.")
        elif _is_zip(pad):
            yield from _in_zip(pad, skip)
        else:
            yield Vondst(pad)
    except OSError as fout:
        yield Vondst(pad, reden=_in_words(fout))


def _is_zip(pad: str) -> bool:
    bestand = os.open(pad, _LEZEN)
    try:
        return os.read(bestand, 4) in _ZIP
    finally:
        os.close(bestand)


def _in_zip(pad: str, skip: Callable[[str], None]) -> Iterator[Vondst]:
    try:
        with zipfile.ZipFile(pad) as archief:
            ingangen = archief.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, UnicodeError):
        yield Vondst(pad, reden="Dit ZIP-bestand is beschadigd.")
        return
    if len(ingangen) > INGANGEN_MAX:
        yield Vondst(pad, reden=f"Dit ZIP-bestand bevat meer dan {INGANGEN_MAX} bestanden.")
        return
    if sum(info.file_size for info in ingangen) > TOTAAL_MAX:
        yield Vondst(pad, reden=f"Dit ZIP-bestand wordt uitgepakt groter dan {TOTAAL_MAX} bytes.")
        return
    gevonden = False
    for nummer, info in enumerate(ingangen):
        naam = info.filename.lower()
        if naam.endswith(_XML):
            yield Vondst(pad, info.filename, nummer, _suspect(info))
        elif naam.endswith(_ARCHIEF):
            yield Vondst(pad, info.filename, nummer, "Een ZIP-bestand in een ZIP-bestand wordt niet gelezen.")
        elif info.is_dir():
            continue
        else:
            skip(f"{pad}!{info.filename}")
            continue
        gevonden = True
    if not gevonden:
        yield Vondst(pad, reden="Dit ZIP-bestand bevat geen XML-bestanden.")


def _suspect(info: zipfile.ZipInfo) -> str | None:
    if info.flag_bits & _VERSLEUTELD:
        return "Dit bestand is met een wachtwoord beveiligd."
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "Dit bestand is ingepakt op een manier die niet wordt gelezen; alleen gewoon ZIP (deflate) mag."
    if info.file_size > _RUIM and info.file_size > VERHOUDING_MAX * max(info.compress_size, 1):
        return f"Dit bestand is uitgepakt meer dan {VERHOUDING_MAX} keer zo groot; dat lijkt op een ZIP-bom."
    return None


def open_all(vondsten: Iterable[Vondst]) -> Iterator[tuple[Vondst, Callable[[], Iterator[bytes]]]]:
    """Open finds one after another, a ZIP with many of them only once.

    Yields:
        A find, and a function that gives its content in pieces of at most 128 KiB, from the start each time. Use it
        before asking for the next find. Of a ZIP no more is unpacked than is read. The pieces raise `Onleesbaar` when
        the find cannot be read.
    """
    with ExitStack() as stapel:
        open_pad, archief = "", None
        for vondst in vondsten:
            if vondst.ingang is None or vondst.reden is not None:
                yield vondst, partial(_read_file, vondst)
                continue
            if vondst.pad != open_pad:
                stapel.close()
                with suppress(OSError, zipfile.BadZipFile):
                    archief = None
                    archief = stapel.enter_context(zipfile.ZipFile(vondst.pad))
                open_pad = vondst.pad
            yield vondst, partial(_read_entry, vondst.nummer, archief)


def read_begin(chunks: Iterator[bytes], genoeg: int) -> bytes:
    """Read pieces of a find to its end, or until there are at least `genoeg` bytes; they may be short."""
    begin = next(chunks, b"")
    for deel in chunks:
        begin += deel
        if len(begin) >= genoeg:
            break
    return begin


def _read_file(vondst: Vondst) -> Iterator[bytes]:
    if vondst.reden is not None:
        raise Onleesbaar(vondst.reden)
    try:
        bestand = os.open(vondst.pad, _LEZEN)
        try:
            while blok := os.read(bestand, _BLOK):
                yield blok
        finally:
            os.close(bestand)
    except OSError as fout:
        raise Onleesbaar(_in_words(fout)) from fout


def _read_entry(nummer: int, archief: zipfile.ZipFile | None) -> Iterator[bytes]:
    try:
        with _open_entry(nummer, archief) as bestand:
            while blok := bestand.read(_BLOK):
                yield blok
    except (zipfile.BadZipFile, zlib.error, EOFError, LookupError, NotImplementedError, RuntimeError) as fout:
        raise Onleesbaar("Dit bestand in het ZIP-bestand is beschadigd.") from fout
    except OSError as fout:
        raise Onleesbaar(_in_words(fout)) from fout


def _open_entry(nummer: int, archief: zipfile.ZipFile | None) -> IO[bytes]:
    if archief is None:
        raise zipfile.BadZipFile
    return archief.open(archief.infolist()[nummer])


def _in_words(fout: OSError) -> str:
    match fout:
        case FileNotFoundError():
            return "Dit bestand bestaat niet."
        case PermissionError():
            return "Dit bestand mag niet worden gelezen."
        case _:
            return "Dit bestand kan niet worden gelezen."
