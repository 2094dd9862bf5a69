"""Installs an official package: whole, or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from istandaarden.pakket import LIJST, Pakket, Pakketfout, read_packages
from istandaarden.pakketbron import read_source
from istandaarden.pakketcontrole import inspect
from istandaarden.pakketproces import compile_apart

_NAAM = re.compile(r"[\w][\w .+-]{0,79}")


class PakketGeweigerd(ValueError):
    """A package that is not installed; `redenen` are Dutch, all of them at once."""

    def __init__(self, redenen: list[str]) -> None:
        super().__init__("; ".join(redenen))
        self.redenen = redenen


@dataclass(frozen=True, slots=True)
class Installatie:
    """What was done: `nieuw` is False when the same package was there already; `overgeslagen` counts other files."""

    pakket: Pakket
    nieuw: bool
    overgeslagen: int


def install(
    bron: Path, map_: Path, standaarden: Collection[str], *, naam: str | None = None, vervang: bool = False
) -> Installatie:
    """Install a package.

    Args:
        bron: folder or ZIP with the published schemas, and stylesheets if there are any.
        map_: folder of the installed packages; made when it is not there.
        standaarden: those we know, as namespaces write them.
        naam: name for people and of its folder; without it that of `bron`.
        vervang: take the place of another package of that name.

    Raises:
        PakketGeweigerd: it is refused, and nothing has changed.
        OSError: `map_` cannot be written.
    """
    naam = naam or (bron.stem if bron.suffix.lower() == ".zip" else bron.resolve().name)
    if not _NAAM.fullmatch(naam) or naam.endswith((".", " ")):
        raise PakketGeweigerd([f"{naam!r} kan geen naam van een pakket zijn; geef er een met --naam"])
    gelezen = read_source(bron)
    if gelezen.redenen:
        raise PakketGeweigerd(gelezen.redenen)
    controle = inspect(gelezen.bestanden, standaarden)
    doel = map_ / naam
    eerder, botsing = _compare_installed(map_, naam, controle.berichten)
    if controle.redenen or botsing:
        raise PakketGeweigerd(controle.redenen + botsing)
    pakket = Pakket(
        naam=naam,
        map=doel,
        berichten=controle.berichten,
        stijlen=tuple(controle.stijlen),
        te_nieuw=tuple(controle.te_nieuw),
        digesten={pad: hashlib.sha256(data).hexdigest() for pad, data in gelezen.bestanden.items()},
        controles=controle.controles,
    )
    if eerder is not None and eerder.digesten == pakket.digesten:
        return Installatie(eerder, nieuw=False, overgeslagen=gelezen.overgeslagen)
    if doel.exists() and not vervang:
        raise PakketGeweigerd(
            [f"er is al een ander pakket {naam}; vervang het met --vervang, of geef dit een andere naam"]
        )
    _place(pakket, gelezen.bestanden, map_)
    return Installatie(pakket, nieuw=True, overgeslagen=gelezen.overgeslagen)


def _compare_installed(map_: Path, naam: str, berichten: Collection[str]) -> tuple[Pakket | None, list[str]]:
    """Find the package that has this name, and name the others that describe the same berichten."""
    try:
        pakketten = read_packages(map_)
    except Pakketfout as fout:
        return None, [str(fout)]
    eerder = next((pakket for pakket in pakketten if pakket.naam == naam), None)
    botsing = [
        f"pakket {pakket.naam} beschrijft {len(dubbel)} van deze berichten al; verwijder het eerst"
        for pakket in pakketten
        if pakket is not eerder and (dubbel := pakket.berichten.keys() & set(berichten))
    ]
    return eerder, botsing


def _place(pakket: Pakket, bestanden: dict[str, bytes], map_: Path) -> None:
    """Write the package beside its place, compile it there, and move it into place in one step."""
    map_.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".nieuw-", dir=map_) as tijdelijk:
        nieuw = Path(tijdelijk, "pakket")
        for pad, data in bestanden.items():
            (nieuw / pad).parent.mkdir(parents=True, exist_ok=True)
            (nieuw / pad).write_bytes(data)
        dataclasses.replace(pakket, map=nieuw).write_list()
        if redenen := compile_apart(nieuw):
            raise PakketGeweigerd(redenen)
        oud = Path(tijdelijk, "oud")
        if pakket.map.exists():
            pakket.map.rename(oud)
        try:
            nieuw.rename(pakket.map)
        except OSError:
            if oud.exists():
                oud.rename(pakket.map)
            raise


def remove(naam: str, map_: Path) -> bool:
    """Take an installed package away; say whether there was one."""
    plek = map_ / naam
    if not _NAAM.fullmatch(naam) or not (plek / LIJST).is_file():
        return False
    with tempfile.TemporaryDirectory(prefix=".weg-", dir=map_) as tijdelijk:
        plek.rename(Path(tijdelijk, "pakket"))
    return True
