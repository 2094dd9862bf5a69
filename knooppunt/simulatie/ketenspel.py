"""What simulated ketenpartijen have in common: judging what they are sent, and sending of their own accord."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import Onbekend
from istandaarden.retour import build_retour
from istandaarden.standaardmap import in_gebruik
from istandaarden.toets import validate
from knooppunt.simulatie.antwoord import Antwoord
from knooppunt.simulatie.stuf import StufPartij
from routing.bericht import Envelop
from routing.fouten import Fout, make_fout
from routing.functies import versie_of
from routing.poorten import Uitkomstsoort

TUSSENPOOS = 0.2
"""Seconds between two looks at the calendar."""


@dataclass(frozen=True, slots=True)
class Zending:
    """A bericht that a ketenpartij sends of its own accord."""

    naar: str
    bericht: Antwoord


class Ketenspel(Protocol):
    """How a ketenpartij is played; both methods may be called from any thread."""

    def answer(self, heen: Envelop, payload: bytes) -> Sequence[Antwoord] | Fout:
        """Say what goes back on a bericht: see `knooppunt.simulatie.stuf.Beantwoording`."""

    def due(self) -> Sequence[Zending]:
        """Give what is to be sent today or was to be before, each once."""


async def play(partij: StufPartij, spel: Ketenspel) -> None:
    """Send what is due, until cancelled; what the hub does not take is told in `partij.mislukt`."""
    while True:
        for zending in await asyncio.to_thread(spel.due):
            b = zending.bericht
            verzending = await partij.send(b.functie, b.payload, zending.naar, release=b.release)
            if verzending.uitkomst.soort is not Uitkomstsoort.BEZORGD:
                partij.mislukt.append(f"{b.functie}: {verzending.uitkomst.toelichting}")
        await asyncio.sleep(TUSSENPOOS)


def release_of(heen: Envelop) -> str:
    """Return the release that an envelope names."""
    p = heen.parameters
    return versie_of(p.functie_versie, p.functie_subversie) if p is not None else ""


def refusal(heen: Envelop, payload: bytes, niveau: int) -> tuple[Fout | None, tuple[Bevinding, ...]]:
    """Judge a payload as a ketenpartij does.

    Returns:
        The IB001 it raises when the payload does not satisfy its schema, or the findings of the rules above that.
    """
    functie, release = heen.stuurgegevens.functie or "", release_of(heen)
    try:
        soort = in_gebruik().find(functie, release)
    except Onbekend as fout:
        return make_fout("functie_onbekend", "B", str(fout)), ()
    oordeel = validate(payload, verwacht=soort, niveau=niveau)
    if any(bevinding.niveau == 1 for bevinding in oordeel.bevindingen):
        return make_fout("payload_ongeldig_ketenpartij", "B", "", oordeel.bevindingen), ()
    return None, oordeel.bevindingen


def make_retour(heen: Envelop, payload: bytes, bevindingen: Sequence[Bevinding], dag: date) -> Antwoord:
    """Make the retour of a heenbericht that satisfies its schema."""
    release = release_of(heen)
    retour = build_retour(payload, bevindingen, identificatie=new_identification(), dagtekening=dag)
    soort = in_gebruik().find(heen.stuurgegevens.functie or "", release)
    assert retour is not None  # noqa: S101 - nothing was found on level 1
    assert soort.retour is not None  # noqa: S101 - only heenberichten are answered
    return Antwoord(soort.retour, retour, release)


def finding(code: str, plaats: str, melding: str, retourcode: str) -> Bevinding:
    """Make a finding of a rule across berichten."""
    return Bevinding(code, 3, plaats, 0, melding, retourcode)


def new_identification() -> str:
    """Make an identificatie of at most twelve characters."""
    return uuid.uuid4().hex[:12].upper()
