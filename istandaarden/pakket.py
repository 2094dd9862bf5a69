"""An official package as it is installed: a folder with published schemas and stylesheets, and a list of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

from istandaarden.model import ROOT
from istandaarden.pakketschema import compile_schema, compile_xslt
from istandaarden.stijlrapport import make_report
from istandaarden.veilig import Stijlblad, printable

LIJST = "pakket.json"
"""File in the folder of a package that says what it holds; written last, so a folder without it is no package."""


class Pakketfout(ValueError):
    """An installed package cannot be used; the text is Dutch and names it."""


@dataclass(frozen=True, slots=True)
class Pakket:
    """A package in its folder.

    `berichten` is the path of the schema of each bericht by its namespace, `controles` that of the stylesheet that
    checks it, for those that have one; `stijlen` are all stylesheets, of which `te_nieuw` cannot be compiled here
    (XSLT 2 and later); `digesten` is the SHA-256 of every file by its path.
    """

    naam: str
    map: Path
    berichten: Mapping[str, str]
    stijlen: tuple[str, ...]
    te_nieuw: tuple[str, ...]
    digesten: Mapping[str, str]
    controles: Mapping[str, str] = field(default_factory=dict)

    def read_files(self) -> dict[str, bytes]:
        """Read every file.

        Raises:
            Pakketfout: one is gone, or is not what was installed.
        """
        bestanden = {}
        for pad, digest in self.digesten.items():
            try:
                bestanden[pad] = (self.map / pad).read_bytes()
            except OSError as fout:
                raise Pakketfout(f"Pakket {self.naam}: {pad} kan niet worden gelezen ({fout.strerror}).") from None
            if hashlib.sha256(bestanden[pad]).hexdigest() != digest:
                raise Pakketfout(f"Pakket {self.naam}: {pad} is veranderd; installeer het pakket opnieuw.")
        return bestanden

    def compile_all(self) -> Iterator[str]:
        """Compile every schema and every stylesheet that can be, and run every check on an empty bericht.

        Yields:
            In Dutch what does not compile, or gives no Rapport.
        """
        bestanden = self.read_files()
        schemas = [pad for pad in bestanden if pad not in self.stijlen]
        stijlen = [pad for pad in self.stijlen if pad not in self.te_nieuw]
        for pad in (*schemas, *stijlen):
            try:
                if pad in self.stijlen:
                    yield from self._try_out(pad, compile_xslt(bestanden, pad))
                else:
                    compile_schema(bestanden, pad)
            except (etree.XMLSchemaParseError, etree.XSLTParseError, etree.XSLTApplyError, LookupError) as fout:
                yield f"{pad} kan niet worden gebruikt: {printable(' '.join(str(fout).split()), 300)}"

    def _try_out(self, pad: str, stijl: Stijlblad) -> Iterator[str]:
        for naamruimte, controle in self.controles.items():
            if controle == pad and make_report(stijl, etree.Element(f"{{{naamruimte}}}{ROOT}")) is None:
                yield f"{pad} geeft van een bericht geen Rapport"

    def write_list(self) -> None:
        """Write `LIJST` in the folder."""
        velden = {
            "naam": self.naam,
            "berichten": dict(self.berichten),
            "stijlen": list(self.stijlen),
            "te_nieuw": list(self.te_nieuw),
            "controles": dict(self.controles),
            "digesten": dict(self.digesten),
        }
        (self.map / LIJST).write_text(json.dumps(velden, indent=1, ensure_ascii=False), encoding="utf-8")


def read_package(map_: Path) -> Pakket:
    """Read the list of an installed package.

    Raises:
        Pakketfout: there is none, or it cannot be read.
    """
    try:
        ruw: dict[str, Any] = json.loads((map_ / LIJST).read_text(encoding="utf-8"))
        return Pakket(
            naam=str(ruw["naam"]),
            map=map_,
            berichten=dict(ruw["berichten"]),
            stijlen=tuple(ruw["stijlen"]),
            te_nieuw=tuple(ruw["te_nieuw"]),
            digesten=dict(ruw["digesten"]),
            controles=dict(ruw.get("controles", {})),
        )
    except (OSError, ValueError, KeyError, TypeError) as fout:
        raise Pakketfout(f"In {map_} staat geen bruikbaar pakket: {LIJST} ontbreekt of is onleesbaar.") from fout


def read_packages(map_: Path) -> tuple[Pakket, ...]:
    """Read every package in a folder, by name; none when there is no such folder.

    Raises:
        Pakketfout: one cannot be used, or two describe the same bericht.
    """
    if not map_.is_dir():
        return ()
    plekken = sorted(plek for plek in map_.iterdir() if plek.is_dir() and not plek.name.startswith("."))
    pakketten = tuple(read_package(plek) for plek in plekken)
    van: dict[str, str] = {}
    for pakket in pakketten:
        for naamruimte in pakket.berichten:
            if naamruimte in van:
                melding = f"De pakketten {van[naamruimte]} en {pakket.naam} beschrijven allebei {naamruimte}."
                raise Pakketfout(f"{melding} Verwijder een van de twee.")
            van[naamruimte] = pakket.naam
    return pakketten
