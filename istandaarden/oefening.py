"""Rehearsal of a release: which berichten of today would be rejected in it, and for which rules.

Each bericht is judged as what it is and as what it would be (`istandaarden.omzetting`), on its schema and the rules of
level 2; what is wrong only then counts. Nothing is kept of a bericht but names of elements and codes of rules.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from istandaarden.bestanden import Onleesbaar
from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import Catalogus, Onbekend
from istandaarden.herkenning import Onherkenbaar, recognise
from istandaarden.kop import Kop
from istandaarden.model import Berichtsoort
from istandaarden.omzetting import convert
from istandaarden.regels.boek import rules_for
from istandaarden.toets import validate_stream
from istandaarden.weigering import XmlGeweigerd

VOORBEELDEN = 3
"""Names of berichten that are kept per rule."""

_NIVEAU = 2
_PLAATS = re.compile(r"\[\d+\]")
_CODE = re.compile(r"[0-9]{4}|[0-9]{8}")

Chunks = Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True, order=True)
class Breuk:
    """What a bericht breaks: `code` is ``XSD``, a rule, or ``RELEASE`` when the release has no such bericht at all."""

    berichtsoort: str
    code: str
    niveau: int
    plaats: str


@dataclass(slots=True)
class Telling:
    """How many berichten something is the matter with, and the names of the first few.

    `melding` is what the first of them is told, without any value.
    """

    aantal: int = 0
    melding: str = ""
    voorbeelden: list[str] = field(default_factory=list)

    def add(self, naam: str, melding: str = "") -> None:
        """Count one more."""
        self.aantal += 1
        self.melding = self.melding or melding
        if len(self.voorbeelden) < VOORBEELDEN:
            self.voorbeelden.append(naam)


@dataclass(slots=True)
class Partijtelling:
    """How it goes with the berichten of one zender."""

    bekeken: int = 0
    afgekeurd: int = 0
    breuken: Counter[Breuk] = field(default_factory=Counter)


@dataclass(slots=True)
class Uitkomst:
    """What a rehearsal found.

    `naar` holds the releases that were tried, per standaard; `afgekeurd` counts berichten that are right today, or
    wrong in another way; `al_fout` those that are as wrong today; `onleesbaar` what is no known bericht at all;
    `overgeslagen` is by reason, in Dutch; `zonder_regels` names the releases of which no rules of level 2 are known, so
    that only the schema was tried.
    """

    naar: set[str] = field(default_factory=set)
    goed: int = 0
    afgekeurd: int = 0
    al_fout: int = 0
    onleesbaar: Telling = field(default_factory=Telling)
    overgeslagen: Counter[str] = field(default_factory=Counter)
    zonder_regels: set[str] = field(default_factory=set)
    partijen: dict[str, Partijtelling] = field(default_factory=dict)
    breuken: dict[Breuk, Telling] = field(default_factory=dict)

    @property
    def bekeken(self) -> int:
        """How many berichten were judged in the other release."""
        return self.goed + self.afgekeurd + self.al_fout


class Oefening:
    """Rehearses berichten one after another; `uitkomst` is what was found so far.

    Args:
        catalogus: the berichtsoorten to know.
        naar: the release to try; without it, for each bericht the first one after its own.
        standaard: only berichten of this standaard.
    """

    def __init__(self, catalogus: Catalogus, naar: str | None = None, standaard: str | None = None) -> None:
        self._catalogus = catalogus
        self._naar = naar
        self._standaard = standaard
        self.uitkomst = Uitkomst()

    def add(self, naam: str, chunks: Chunks, partij: str | None = None) -> None:
        """Try one bericht.

        Args:
            naam: what people find it by: a referentienummer or the name of a file.
            chunks: gives the bericht from its start each time it is called.
            partij: its zender; without it, what the Header says.
        """
        try:
            soort = recognise(chunks(), self._catalogus)
            if self._standaard is None or soort.standaard == self._standaard:
                self._rehearse(naam, chunks, soort, partij)
        except (Onleesbaar, Onherkenbaar, XmlGeweigerd):
            self.uitkomst.onleesbaar.add(naam)

    def _rehearse(self, naam: str, chunks: Chunks, soort: Berichtsoort, partij: str | None) -> None:
        naar = self._naar or self._next(soort)
        if naar is None:
            self.uitkomst.overgeslagen[f"na {soort.titel} {soort.release} is geen release bekend"] += 1
            return
        if naar == soort.release:
            self.uitkomst.overgeslagen[f"is al van {soort.titel} {naar}"] += 1
            return
        if not any(ander.standaard == soort.standaard and ander.release == naar for ander in self._catalogus):
            self.uitkomst.overgeslagen[f"van {soort.titel} is geen release {naar} bekend"] += 1
            return
        nu = validate_stream(chunks, catalogus=self._catalogus, niveau=_NIVEAU)
        if any(bevinding.niveau == 1 for bevinding in nu.bevindingen):
            self.uitkomst.naar.add(f"{soort.titel} {naar}")
            self._count(naam, partij or "onbekend", {}, fout=True)
            return
        nieuw = self._differences(chunks, soort, naar, nu.bevindingen)
        if nieuw is None:
            self.uitkomst.overgeslagen[f"van {soort.code} is alleen het schema bekend, niet de opbouw"] += 1
            return
        self.uitkomst.naar.add(f"{soort.titel} {naar}")
        self._count(naam, partij or _sender(soort, nu.kop), nieuw, fout=bool(nu.bevindingen))

    def _next(self, soort: Berichtsoort) -> str | None:
        releases = self._catalogus.releases  # oldest first
        later = releases[releases.index(soort.release) + 1 :]
        van_standaard = {ander.release for ander in self._catalogus if ander.standaard == soort.standaard}
        return next((release for release in later if release in van_standaard), None)

    def _differences(
        self, chunks: Chunks, soort: Berichtsoort, naar: str, nu: tuple[Bevinding, ...]
    ) -> dict[Breuk, str] | None:
        """Give what is wrong in the other release only, with its melding; None when it cannot be tried."""
        try:
            doel = self._catalogus.find(soort.code, naar)
        except Onbekend:
            return {Breuk(soort.code, "RELEASE", 1, ""): f"Release {naar} van {soort.titel} heeft geen {soort.code}."}
        van, model = self._catalogus.find_model(soort), self._catalogus.find_model(doel)
        if van is None or model is None:
            return None
        if not any(regel.niveau == _NIVEAU for regel in rules_for(doel)):
            self.uitkomst.zonder_regels.add(f"{doel.titel} {naar}")
        straks = validate_stream(
            lambda: convert(chunks(), van, model), verwacht=doel, catalogus=self._catalogus, niveau=_NIVEAU
        )
        bekend = {(bevinding.code, bevinding.plaats) for bevinding in nu}
        return {
            Breuk(soort.code, bevinding.code, bevinding.niveau, _PLAATS.sub("", bevinding.plaats)): bevinding.melding
            for bevinding in straks.bevindingen
            if (bevinding.code, bevinding.plaats) not in bekend
        }

    def _count(self, naam: str, partij: str, nieuw: Mapping[Breuk, str], *, fout: bool) -> None:
        telling = self.uitkomst.partijen.setdefault(partij, Partijtelling())
        telling.bekeken += 1
        if not nieuw:
            self.uitkomst.al_fout += fout
            self.uitkomst.goed += not fout
            return
        self.uitkomst.afgekeurd += 1
        telling.afgekeurd += 1
        for breuk, melding in nieuw.items():
            telling.breuken[breuk] += 1
            self.uitkomst.breuken.setdefault(breuk, Telling()).add(naam, melding)


def _sender(soort: Berichtsoort, kop: Kop | None) -> str:
    """Give who sends a valid bericht: a retour travels against its Header."""
    code = (kop.ontvanger if soort.is_retour else kop.afzender) if kop else None
    return code if code is not None and _CODE.fullmatch(code) else "onbekend"
