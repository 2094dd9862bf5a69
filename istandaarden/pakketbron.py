"""Reads a package, a folder or a ZIP, into memory, without trusting a name or a size in it."""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

SCHEMA, STYLESHEET = ".xsd", (".xslt", ".xsl")
BESTANDEN_MAX = 2_000
"""Files in a package; the iWlz set, the largest we know of, has some 200."""
BESTAND_MAX = 4 * 1024 * 1024
"""Bytes of one file; the largest basisschema that was published takes 150 KiB."""
TOTAAL_MAX = 64 * 1024 * 1024
"""Bytes of all files together."""

_BLOK = 64 * 1024
_NAAM = re.compile(r"""[^\x00-\x1f\x7f/\\:*?"<>|]{1,100}""")  # what no system takes for more than a name
_INGANGEN_MAX = 10_000
_VERSLEUTELD = 0x1


@dataclass(slots=True)
class Pakketbron:
    """What was found: schemas and stylesheets by their path (``/`` between the parts), and what stands in the way.

    `overgeslagen` counts other files, such as a letter or a spreadsheet; they are not installed.
    """

    bestanden: dict[str, bytes] = field(default_factory=dict)
    redenen: list[str] = field(default_factory=list)
    overgeslagen: int = 0


def read_source(pad: Path) -> Pakketbron:
    """Read a folder or a ZIP.

    Returns:
        Everything that is wrong as `redenen`, in Dutch; use `bestanden` only when there are none.
    """
    bron = Pakketbron()
    try:
        if pad.is_dir():
            _read_folder(pad, bron)
        elif zipfile.is_zipfile(pad):
            _read_zip(pad, bron)
        elif pad.exists():
            bron.redenen.append(f"{_shown(pad.name)} is geen map en geen (leesbaar) ZIP-bestand")
        else:
            bron.redenen.append(f"{_shown(pad.name)} bestaat niet")
    except OSError as fout:
        bron.redenen.append(f"{_shown(pad.name)} kan niet worden gelezen: {fout.strerror or fout}")
    if not bron.redenen and not any(_is_schema(naam) for naam in bron.bestanden):
        bron.redenen.append("er is geen enkel schema (.xsd) in gevonden")
    return bron


def _read_folder(map_: Path, bron: Pakketbron) -> None:
    totaal = 0
    for pad in _walk(map_):
        naam = pad.relative_to(map_).as_posix()
        soort = pad.lstat().st_mode
        if not _wanted(naam):
            bron.overgeslagen += 1
        elif not stat.S_ISREG(soort):
            wat = "een koppeling (symlink)" if stat.S_ISLNK(soort) else "geen gewoon bestand"
            bron.redenen.append(f"{_shown(naam)} is {wat}")
        elif _accept(naam, bron):
            with pad.open("rb") as bestand:
                bron.bestanden[naam] = bestand.read(min(BESTAND_MAX, TOTAAL_MAX - totaal) + 1)
            totaal += len(bron.bestanden[naam])
            if not _fits(naam, totaal, bron):
                return


def _walk(map_: Path) -> Iterator[Path]:
    """Give every file below a folder, in a fixed order; links to folders are not followed."""

    def refuse(fout: OSError) -> None:
        raise fout

    for plek, mappen, namen in os.walk(map_, onerror=refuse):
        for submap in mappen:
            if (pad := Path(plek, submap)).is_symlink():
                raise OSError(0, f"{_shown(pad.relative_to(map_).as_posix())} is een koppeling (symlink)")
        mappen.sort()
        yield from (Path(plek, naam) for naam in sorted(namen))


def _read_zip(pad: Path, bron: Pakketbron) -> None:
    try:
        with zipfile.ZipFile(pad) as archief:
            if len(archief.infolist()) > _INGANGEN_MAX:
                bron.redenen.append(f"het ZIP-bestand bevat meer dan {_INGANGEN_MAX} bestanden")
                return
            totaal = 0
            for info in archief.infolist():
                if info.is_dir():
                    _safe(info.filename, bron)
                    continue
                if not _wanted(info.filename):
                    if _safe(info.filename, bron):
                        bron.overgeslagen += 1
                    continue
                reden = _suspect(info)
                if reden:
                    bron.redenen.append(f"{_shown(info.filename)} {reden}")
                elif _accept(info.filename, bron):
                    data = _unpack(archief, info, min(BESTAND_MAX, TOTAAL_MAX - totaal))
                    bron.bestanden[info.filename] = data
                    totaal += len(data)
                    if not _fits(info.filename, totaal, bron):
                        return
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, LookupError):
        bron.redenen.append(f"{_shown(pad.name)} is een beschadigd ZIP-bestand")


def _suspect(info: zipfile.ZipInfo) -> str | None:
    if info.flag_bits & _VERSLEUTELD:
        return "is met een wachtwoord beveiligd"
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "is ingepakt op een manier die niet wordt gelezen; alleen gewoon ZIP (deflate) mag"
    soort = stat.S_IFMT(info.external_attr >> 16)
    if soort not in {0, stat.S_IFREG}:
        return "is geen gewoon bestand"
    return None


def _unpack(archief: zipfile.ZipFile, info: zipfile.ZipInfo, hoogstens: int) -> bytes:
    """Unpack at most one byte more than is allowed, whatever size the ZIP claims."""
    delen, over = [], hoogstens + 1
    with archief.open(info) as bestand:
        while over > 0 and (blok := bestand.read(min(_BLOK, over))):
            delen.append(blok)
            over -= len(blok)
    return b"".join(delen)


def _accept(naam: str, bron: Pakketbron) -> bool:
    """Judge the name of a file that is wanted."""
    if not _safe(naam, bron):
        return False
    if len(bron.bestanden) >= BESTANDEN_MAX:
        reden = f"het pakket bevat meer dan {BESTANDEN_MAX} schema's en stylesheets"
        if reden not in bron.redenen:
            bron.redenen.append(reden)
        return False
    if any(naam.lower() == ander.lower() for ander in bron.bestanden):
        bron.redenen.append(f"{_shown(naam)} staat er twee keer in")
        return False
    return True


def _safe(naam: str, bron: Pakketbron) -> bool:
    """Refuse a path that could end outside the folder of the package, here or on another system."""
    delen = naam.rstrip("/").split("/")
    if all(_NAAM.fullmatch(deel) and deel.strip(". ") for deel in delen):
        return True
    bron.redenen.append(f"{_shown(naam)} is geen naam binnen het pakket")
    return False


def _fits(naam: str, totaal: int, bron: Pakketbron) -> bool:
    if len(bron.bestanden[naam]) > BESTAND_MAX:
        bron.redenen.append(f"{_shown(naam)} is groter dan {BESTAND_MAX} bytes")
        return False
    if totaal > TOTAAL_MAX:
        bron.redenen.append(f"het pakket is uitgepakt groter dan {TOTAAL_MAX} bytes")
        return False
    return True


def _wanted(naam: str) -> bool:
    verborgen = naam.startswith("__MACOSX/") or naam.rpartition("/")[2].startswith(".")  # a Mac adds such files
    return not verborgen and naam.lower().endswith((SCHEMA, *STYLESHEET))


def _is_schema(naam: str) -> bool:
    return naam.lower().endswith(SCHEMA)


def schemas(bestanden: Mapping[str, bytes]) -> list[str]:
    """Name the schemas among files."""
    return [naam for naam in bestanden if _is_schema(naam)]


def stylesheets(bestanden: Mapping[str, bytes]) -> list[str]:
    """Name the stylesheets among files."""
    return [naam for naam in bestanden if not _is_schema(naam)]


def resolve(naam: str, verwijzing: str) -> str | None:
    """Find the path that a reference inside a file points at, None when it leads out of the package.

    Args:
        naam: path of the file that refers.
        verwijzing: what it says, such as ``basisschema.xsd`` or ``../iwmo/basisschema.xsd``.
    """
    if ":" in verwijzing or "\\" in verwijzing or verwijzing.startswith("/") or "%" in verwijzing:
        return None
    delen: list[str] = list(PurePosixPath(naam).parent.parts)
    for deel in verwijzing.split("/"):
        if deel == "..":
            if not delen:
                return None
            delen.pop()
        elif deel not in {"", "."}:
            delen.append(deel)
    return "/".join(delen)


def _shown(naam: str) -> str:
    kort = naam if len(naam) <= 120 else f"{naam[:120]}…"
    return "".join(teken if teken.isprintable() else "?" for teken in kort)
