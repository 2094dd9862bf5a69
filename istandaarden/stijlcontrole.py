"""The official check of level 2: an XSLT of a package, run on a bericht in a process of its own.

The official stylesheets of iStandaarden (public for iWlz: repository iStandaarden/iWlz-Xslt) are XSLT 1.0, one per
bericht and named after it, ``WMO301.xsl``. They turn a bericht into a Rapport with the rules it breaks.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from lxml import etree

from istandaarden.bevinding import Bevinding
from istandaarden.model import Berichtsoort
from istandaarden.pakket import Pakket
from istandaarden.regels.boek import regels
from istandaarden.stijlrapport import RAPPORT, ControleAfgebroken, GeenRapport
from istandaarden.veilig import printable

_CODE = re.compile(r"[A-Z]{2}\d{3}\w{0,4}")
_RETOURCODE = re.compile(r"\w{4}")
_VERSIE = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}")
_WACHTTIJD = 180  # seconds; the process itself stops much sooner, unless the machine is very busy
_WAARDE_MAX = 200
_VAN_BUITEN = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGKILL})
"""With these a process is ended by somebody else: a service that stops, the machine that has no memory left. What it
does to itself (`SIGXCPU`, `SIGSEGV`) it does again with the same bericht."""


@dataclass(frozen=True, slots=True)
class Stijlcontrole:
    """The stylesheet of a package that checks one bericht."""

    pakket: Pakket
    naamruimte: str

    def __str__(self) -> str:
        """Name it for people."""
        return f"stylesheet {self.pakket.controles[self.naamruimte]} van pakket {self.pakket.naam}"

    def judge(
        self, chunks: Callable[[], Iterator[bytes]], soort: Berichtsoort
    ) -> tuple[tuple[Bevinding, ...], str | None]:
        """Run it on a bericht that satisfies its schema.

        Args:
            chunks: gives the bericht.
            soort: its berichtsoort.

        Returns:
            The findings in the order of the bericht. The text is ours where we know the rule; what the stylesheet says
            about it may quote the bericht, and is the value that was found. And its version, if it tells one that can
            stand in a retour.

        Raises:
            GeenRapport: there is no verdict.
            ControleAfgebroken: there is none now.
        """
        try:
            proces = subprocess.run(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-I", "-m", "istandaarden.stijlproces", str(self.pakket.map), self.naamruimte],
                input=b"".join(chunks()),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                check=False,
                timeout=_WACHTTIJD,
            )
        except subprocess.TimeoutExpired as fout:
            raise GeenRapport(str(self)) from fout
        if -proces.returncode in _VAN_BUITEN:
            raise ControleAfgebroken(f"De controle door {self} is afgebroken; bied het bericht opnieuw aan.")
        if proces.returncode != 0:
            raise GeenRapport(str(self))
        rapport = json.loads(proces.stdout)
        bevindingen = [_finding(rij, soort, self.pakket.naam) for rij in rapport["fouten"]]
        bevindingen.sort(key=lambda bevinding: (bevinding.regel == 0, bevinding.regel))
        versie = (rapport["versie"] or "").strip()
        return tuple(bevindingen), versie if _VERSIE.fullmatch(versie) else None


def find_checks(
    bomen: Mapping[str, etree._Element],
    berichten: Iterable[str],
    closure: Callable[[str], Iterable[str]],
) -> tuple[dict[str, str], list[str]]:
    """Find which stylesheets of a package check which of its berichten.

    A check is named after its bericht, it or what it imports writes a Rapport, and neither an XSLTHeader in it nor a
    folder it is in names another standaard or release.

    Args:
        bomen: the stylesheets by path.
        berichten: namespaces of the berichten.
        closure: gives the paths of a stylesheet and all it imports.

    Returns:
        The path of the check of each bericht that has one, by its namespace, and in Dutch where two compete.
    """
    schrijvers = [pad for pad in bomen if any(_writes_report(bomen[deel]) for deel in closure(pad) if deel in bomen)]
    controles: dict[str, str] = {}
    redenen = []
    for naamruimte in berichten:
        standaard, release, bericht = naamruimte.split("/")[3:6]
        kandidaten = [
            pad
            for pad in schrijvers
            if PurePosixPath(pad).stem.lower() == bericht and _fits(bomen[pad], pad, standaard, release)
        ]
        if len(kandidaten) > 1:
            redenen.append(f"{' en '.join(kandidaten)} controleren hetzelfde bericht ({naamruimte})")
        elif kandidaten:
            controles[naamruimte] = kandidaten[0]
    return controles, redenen


def _writes_report(boom: etree._Element) -> bool:
    return any(RAPPORT.fullmatch(str(element.tag)) for element in boom.iter("{*}Rapport"))


def _fits(boom: etree._Element, pad: str, standaard: str, release: str) -> bool:
    """Tell whether nothing in a stylesheet, or in the folders it is in, says that it is of something else."""
    for kop in boom.iter("{*}XSLTHeader"):
        genoemd = (kop.findtext("{*}Standaard") or "").strip().lower(), kop.findtext("{*}StandaardRelease") or ""
        return genoemd == (standaard, release.replace("_", "."))
    releases = [deel for deel in PurePosixPath(pad).parts[:-1] if re.fullmatch(r"\d{1,2}[_.]\d{1,2}", deel)]
    return not releases or releases[-1].replace(".", "_") == release


def _finding(rij: Mapping[str, str | int | None], soort: Berichtsoort, pakket: str) -> Bevinding:
    """Put one Fout of a Rapport into our words."""
    if meer := rij.get("meer"):
        melding = f"Er zijn nog {meer} fouten die niet apart zijn uitgeschreven."
        return Bevinding("XSLT", 2, str(rij["plaats"]), 0, melding)
    gemeld, ook = str(rij["code"]), str(rij["ook"])
    code = gemeld if _CODE.fullmatch(gemeld) else "XSLT"
    regel = regels().get((code, soort.standaard))
    if regel is not None and regel.applies(soort):
        melding = f"{regel.stelling} {regel.advies}".strip()
    else:
        melding = f"De controle van pakket {pakket} keurt dit af met code {printable(gemeld, 20)}."
    if ook:
        melding += f" Zie ook {ook}."
    eigen = str(rij["retourcode"] or "")
    retourcode = eigen if _RETOURCODE.fullmatch(eigen) else (regel.retourcode if regel else None)
    details = str(rij["details"] or "")
    waarde = f"{details[:_WAARDE_MAX]}…" if len(details) > _WAARDE_MAX else details
    return Bevinding(code, 2, str(rij["plaats"]), int(rij["regel"] or 0), melding, retourcode, waarde or None)
