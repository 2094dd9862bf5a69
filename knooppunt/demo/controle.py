"""Checks of the demo: what was expected, what was found, and the verdict over all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Engine

from knooppunt import inzicht
from knooppunt.simulatie.grootboek import Boeking, Grootboek
from routing.status import Status

WACHT = 60.0
"""Seconds that any single outcome may take; only reached when something is broken."""


@dataclass(frozen=True, slots=True)
class Controle:
    """One check: what should hold, and whether it did; `gevonden` tells what was seen instead of `verwacht`."""

    naam: str
    goed: bool
    gevonden: str = ""
    verwacht: str = ""

    def __str__(self) -> str:
        """Return what is to be said about it when it failed."""
        verwacht = f"verwacht {self.verwacht}, gevonden " if self.verwacht else ""
        return f"{self.naam}: {verwacht}{self.gevonden or ('niets' if verwacht else 'klopt niet')}"


@dataclass(slots=True)
class Controles:
    """All checks of one run."""

    engine: Engine
    lijst: list[Controle] = field(default_factory=list)

    def check(self, naam: str, goed: bool, gevonden: str = "", verwacht: str = "") -> bool:  # noqa: FBT001 - the outcome is the subject
        """Note one check; `naam` says what should hold, `verwacht` only what it leaves unsaid."""
        self.lijst.append(Controle(naam, goed, "" if goed else gevonden, verwacht))
        return goed

    def equal(self, naam: str, gevonden: object, verwacht: object) -> bool:
        """Note one check, on two values that must be equal; neither may hold a BSN, for both are printed."""
        goed = gevonden == verwacht
        self.lijst.append(Controle(naam, goed, "" if goed else _words(gevonden), _words(verwacht)))
        return goed

    @property
    def mislukt(self) -> list[Controle]:
        """The checks that failed."""
        return [controle for controle in self.lijst if not controle.goed]

    async def dossier(self, boeking: Boeking, klaar: Callable[[inzicht.Dossier], bool]) -> inzicht.Dossier | None:
        """Return what the hub knows of a bericht, as soon as `klaar` holds; the last state when it never does."""
        zender = boeking.envelop.stuurgegevens.zender.organisatie
        laatste: inzicht.Dossier | None = None
        try:
            async with asyncio.timeout(WACHT):
                while laatste is None or not klaar(laatste):
                    await asyncio.sleep(0.05)
                    laatste = await asyncio.to_thread(self._read, boeking.referentienummer, zender)
        except TimeoutError:
            pass  # the checks on the last state say what is missing
        return laatste

    def _read(self, referentie: str, zender: str) -> inzicht.Dossier | None:
        with self.engine.connect() as conn:
            try:
                return inzicht.dossier(conn, inzicht.find(conn, referentie, zender))
            except LookupError:
                return None

    async def delivered(self, boeking: Boeking, bij: Grootboek, antwoord_op: str | None = None) -> None:
        """Check that a bericht reached its ontvanger: status, identical bytes in both ledgers, the link it carries."""
        naam = f"{boeking.functie} {boeking.referentienummer[:8]}"
        dossier = await self.dossier(boeking, lambda d: d.bericht.status == Status.BEZORGD)
        status = dossier.bericht.status if dossier else "onbekend in het knooppunt"
        self.check(f"{naam} is bezorgd", status == Status.BEZORGD, status)
        aangekomen = bij.received(boeking.referentienummer)
        digest = aangekomen.digest if aangekomen else "niet aangekomen"
        gelijk = aangekomen is not None and aangekomen.payload == boeking.payload
        self.check(f"{naam} kwam byte voor byte hetzelfde aan", gelijk, digest)
        if dossier is None:
            return
        self.check(f"{naam} staat met dezelfde digest in het knooppunt", dossier.bericht.digest == boeking.digest)
        if antwoord_op is not None:
            verband = {b.referentienummer for b in dossier.gesprek}
            goed = dossier.bericht.cross_ref == antwoord_op and antwoord_op in verband
            self.check(f"{naam} hoort bij {antwoord_op[:8]}", goed, f"verwijst naar {dossier.bericht.cross_ref}")


def _words(waarde: object) -> str:
    match waarde:
        case None:
            return "niets"
        case bool():
            return "ja" if waarde else "nee"
        case set() | frozenset():
            return _words(sorted(waarde, key=str))
        case list() | tuple():
            return ", ".join(_words(deel) for deel in waarde) or "niets"
    return str(waarde)
