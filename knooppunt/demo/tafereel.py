"""One act of the demo: what is told of it, which berichten travelled, and that its checks were all reached."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp

from knooppunt.demo.controle import Controles
from knooppunt.demo.zaaksysteem import Antwoord
from knooppunt.simulatie.grootboek import Boeking

_ONVERWACHT = (aiohttp.ClientError, OSError, LookupError, ValueError, TypeError)  # a TimeoutError is an OSError


class Uitgebleven(Exception):
    """What an act waited for did not come; the text says in Dutch what."""


@contextmanager
def expecting(wat: str) -> Iterator[None]:
    """Wait for something inside: say what when it takes too long.

    Raises:
        Uitgebleven: a wait inside ended with a TimeoutError.
    """
    try:
        yield
    except TimeoutError:
        raise Uitgebleven(wat) from None


@dataclass(frozen=True, slots=True)
class Regel:
    """A line of the report: whether what it says went as it should (None: it only explains), and how deep it stands."""

    tekst: str
    goed: bool | None = None
    diepte: int = 0


@dataclass(slots=True)
class Tafereel:
    """An act as the report shows it; `boekingen` are the berichten that travelled, in order."""

    titel: str
    regels: list[Regel] = field(default_factory=list)
    boekingen: list[Boeking] = field(default_factory=list)

    @property
    def goed(self) -> bool:
        """Whether everything in it went as it should."""
        return all(regel.goed is not False for regel in self.regels)

    def tell(self, tekst: str, *, goed: bool | None = None, uitleg: Iterable[str] = ()) -> None:
        """Add a line, and below it what explains it."""
        self.regels.append(Regel(tekst, goed))
        self.regels += [Regel(deel, diepte=1) for deel in uitleg]


async def perform(tafereel: Tafereel, spel: Awaitable[None], controles: Controles) -> Tafereel:
    """Play an act to its end; whatever breaks it off is a check that failed, so that the other acts go on."""
    verwacht, gevonden = "dat alle stappen lukken", ""
    try:
        await spel
    except Uitgebleven as fout:
        verwacht, gevonden = str(fout), "dat dit uitbleef"
    except _ONVERWACHT as fout:
        gevonden = f"{type(fout).__name__} {fout}".strip()
    if not controles.check(f"{tafereel.titel}: gespeeld tot het einde", not gevonden, gevonden, verwacht):
        tafereel.tell(f"Afgebroken: verwacht {verwacht}, gevonden {gevonden}", goed=False)
    return tafereel


def refuse(
    tafereel: Tafereel, controles: Controles, naam: str, wat: str, antwoord: Antwoord, *, status: int, woord: str
) -> None:
    """Check and tell that a question was refused: with this status, and in words that name why."""
    goed = controles.equal(f"{naam}: HTTP-status", antwoord.status, status)
    goed &= controles.check(
        f"{naam}: de uitleg noemt {woord}", woord in antwoord.uitleg, antwoord.uitleg or "geen uitleg"
    )
    tafereel.tell(f"{wat}: geweigerd ({antwoord.status}). {antwoord.uitleg}", goed=goed)


def day_in_words(iso: str) -> str:
    """Return a day in ISO 8601 as the report writes it: ``1-6-2021``."""
    jaar, maand, dag = iso.split("-")
    return f"{int(dag)}-{int(maand)}-{jaar}"
