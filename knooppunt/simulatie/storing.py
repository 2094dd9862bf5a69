"""Faults on demand of a simulated partij: which there are, how they are written, and whose turn it is.

A fault is written ``SOORT[:WAARDE][@KEER][/WAARBIJ]``: ``laat:5s@0.1`` is one answer in ten five seconds late, and
``fout:503@3/WMO301`` refuses every third WMO301. With the same seed and the same berichten in the same order, the
same ones go wrong.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class Storingsoort(StrEnum):
    """What can go wrong; the value is what users write."""

    LAAT = "laat"
    KWIJT = "kwijt"
    FOUT = "fout"
    AFGEBROKEN = "afgebroken"
    WARTAAL = "wartaal"
    VERKEERD = "verkeerd"
    VERLOPEN = "verlopen"
    GRAPHQL = "graphql"


class Verkeerd(StrEnum):
    """What is wrong with a wrong retour."""

    VERWIJZING = "verwijzing"
    INHOUD = "inhoud"
    DUBBEL = "dubbel"


class Graphqlfout(StrEnum):
    """What is wrong with an answer in GraphQL that says HTTP 200."""

    FOUTEN = "fouten"
    HALF = "half"
    NIETS = "niets"
    ANDER = "ander"


UITLEG = {
    Storingsoort.LAAT: "verwerkt, en antwoordt zo veel later (laat:5s, laat:200ms; zonder waarde 5s)",
    Storingsoort.KWIJT: "verwerkt, maar het antwoord gaat verloren: de verbinding breekt",
    Storingsoort.FOUT: "verwerkt niet en antwoordt met een HTTP-fout (fout:503; zonder waarde 500)",
    Storingsoort.AFGEBROKEN: "leest alles, verwerkt niet, en verbreekt de verbinding",
    Storingsoort.WARTAAL: "verwerkt, en antwoordt met iets onleesbaars",
    Storingsoort.VERKEERD: "stuurt een verkeerd retour: verkeerd:verwijzing (naar een bericht dat er niet is), "
    "verkeerd:inhoud (onleesbaar) of verkeerd:dubbel (tweemaal)",
    Storingsoort.VERLOPEN: "toont een verlopen certificaat; daarvoor ligt de sleutel van de testautoriteit naast --ca",
    Storingsoort.GRAPHQL: "alleen ciz: antwoordt met HTTP 200 en graphql:fouten (en geen gegevens), graphql:half "
    "(fouten en een deel), graphql:niets (null in plaats van een lijst) of graphql:ander (over een ander)",
}
"""Per kind what it does, as `--help` and the documentation say it."""

ALGEMEEN = frozenset(Storingsoort) - {Storingsoort.GRAPHQL}
"""What any simulated partij that listens can have."""

NIET_VERWERKT = frozenset({Storingsoort.FOUT, Storingsoort.AFGEBROKEN})
"""After these the partij has not taken in what was offered."""

_VORM = re.compile(r"(?P<soort>[a-z]+)(?::(?P<waarde>[^@/]+))?(?:@(?P<keer>[^@/]+))?(?:/(?P<bij>[A-Za-z0-9*]{1,30}))?")
_DUUR = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s)")
_LANGST = 3600.0


class Storingsfout(ValueError):
    """A fault that cannot be read; the text is Dutch and names it."""


@dataclass(frozen=True, slots=True)
class Storing:
    """One fault on demand.

    `seconden` is for a late answer, `status` for an HTTP fault, `verkeerd` for a wrong retour, `graphql` for an answer
    in GraphQL. It strikes a share `aandeel` (0-1) of what fits, or every `elke`-th when that is given. `bij` is the
    functie, or the verrichting of the simulator (``ophalen``), it is limited to, with ``*`` for any ending; None is
    everything.
    """

    tekst: str
    soort: Storingsoort
    seconden: float = 0.0
    status: int = 500
    verkeerd: Verkeerd = Verkeerd.VERWIJZING
    graphql: Graphqlfout = Graphqlfout.FOUTEN
    aandeel: float = 1.0
    elke: int | None = None
    bij: str | None = None

    def fits(self, wat: str | None) -> bool:
        """Say whether this fault is about a functie or verrichting; None is one without a name."""
        return self.bij is None or (wat is not None and fnmatchcase(wat, self.bij))


def read_storing(tekst: str) -> Storing:
    """Read one fault as users write it.

    Raises:
        Storingsfout: it cannot be read.
    """
    tekst = tekst.strip()
    delen = _VORM.fullmatch(tekst)
    if delen is None or delen["soort"] not in set(Storingsoort):
        raise _unreadable(tekst, f"de vorm is SOORT[:WAARDE][@KEER][/WAARBIJ], met SOORT een van {', '.join(UITLEG)}")
    soort = Storingsoort(delen["soort"])
    aandeel, elke = _read_keer(tekst, delen["keer"])
    gevuld: dict[str, object] = {"seconden": 5.0} if soort is Storingsoort.LAAT else {}
    if (waarde := delen["waarde"]) is not None:
        gevuld = _read_waarde(tekst, soort, waarde)
    if soort is Storingsoort.VERLOPEN and delen["bij"] is not None:
        raise _unreadable(tekst, "een certificaat wordt getoond voordat er een bericht is; laat /WAARBIJ weg")
    return Storing(tekst, soort, aandeel=aandeel, elke=elke, bij=delen["bij"], **gevuld)  # type: ignore[arg-type] # each key has the type of its field


def _read_waarde(tekst: str, soort: Storingsoort, waarde: str) -> dict[str, object]:
    match soort:
        case Storingsoort.LAAT:
            duur = _DUUR.fullmatch(waarde)
            seconden = float(duur[1]) / (1000 if duur[2] == "ms" else 1) if duur else _LANGST + 1
            if seconden > _LANGST:
                raise _unreadable(tekst, "schrijf de duur als 5s, 0.5s of 200ms, ten hoogste 3600s")
            return {"seconden": seconden}
        case Storingsoort.FOUT:
            if not re.fullmatch("[45][0-9][0-9]", waarde):
                raise _unreadable(tekst, "een HTTP-fout is een getal van 400 tot en met 599")
            return {"status": int(waarde)}
        case Storingsoort.VERKEERD:
            if waarde not in set(Verkeerd):
                raise _unreadable(tekst, f"wat er verkeerd is, is een van {', '.join(Verkeerd)}")
            return {"verkeerd": Verkeerd(waarde)}
        case Storingsoort.GRAPHQL:
            if waarde not in set(Graphqlfout):
                raise _unreadable(tekst, f"wat er mis is met het antwoord, is een van {', '.join(Graphqlfout)}")
            return {"graphql": Graphqlfout(waarde)}
        case _:
            raise _unreadable(tekst, f"{soort} heeft geen waarde")


def _read_keer(tekst: str, keer: str | None) -> tuple[float, int | None]:
    if keer is None:
        return 1.0, None
    if re.fullmatch(r"[1-9][0-9]{0,5}", keer):
        return 1.0, int(keer)
    if re.fullmatch(r"0?\.[0-9]{1,6}", keer) and float(keer) > 0:
        return float(keer), None
    raise _unreadable(tekst, "achter @ staat een deel (0.1) of een heel getal (3: elke derde)")


def _unreadable(tekst: str, waarom: str) -> Storingsfout:
    return Storingsfout(f"De storing {tekst[:80]!r} is niet te lezen: {waarom}.")


class Storingen:
    """The faults of one simulated partij, which can be switched while it runs.

    Args:
        regels: the faults; the first one that strikes counts.
        zaad: seed of what is left to chance.
        kent: the kinds this partij can have.

    Raises:
        Storingsfout: a fault is of a kind that this partij does not have.
    """

    def __init__(
        self, regels: Iterable[Storing] = (), *, zaad: int = 0, kent: frozenset[Storingsoort] = ALGEMEEN
    ) -> None:
        self._zaad, self._kent = zaad, kent
        self._regels: list[_Regel] = []
        self.getroffen: dict[str, int] = {}
        """How often each fault struck, by its text."""
        self.switch(regels)

    @property
    def regels(self) -> tuple[Storing, ...]:
        """The faults that are on."""
        return tuple(regel.storing for regel in self._regels)

    def switch(self, regels: Iterable[Storing]) -> None:
        """Put these faults in the place of what was on; counting starts anew.

        Raises:
            Storingsfout: one is of a kind that this partij does not have; nothing changed then.
        """
        nieuw = list(regels)
        for storing in nieuw:
            if storing.soort not in self._kent:
                kent = ", ".join(sorted(self._kent))
                raise Storingsfout(f"Deze partij kan de storing {storing.soort} niet spelen; wel: {kent}.")
        self._regels = [_Regel(s, random.Random(f"{self._zaad} {nr} {s.tekst}")) for nr, s in enumerate(nieuw)]  # noqa: S311 - repeatable on purpose

    def draw(self, wat: str | None = None) -> Storing | None:
        """Say which fault strikes the next request or bericht, if any; an expired certificate is none of these.

        Args:
            wat: its functie, or the verrichting of the simulator.
        """
        return self._draw(
            regel
            for regel in self._regels
            if regel.storing.soort is not Storingsoort.VERLOPEN and regel.storing.fits(wat)
        )

    def draw_verlopen(self) -> bool:
        """Say whether the next connection is shown an expired certificate."""
        return self._draw(r for r in self._regels if r.storing.soort is Storingsoort.VERLOPEN) is not None

    def _draw(self, regels: Iterable[_Regel]) -> Storing | None:
        geraakt = [regel.storing for regel in regels if regel.strikes()]  # every rule counts, also when another strikes
        if not geraakt:
            return None
        self.getroffen[geraakt[0].tekst] = self.getroffen.get(geraakt[0].tekst, 0) + 1
        return geraakt[0]


@dataclass(slots=True)
class _Regel:
    storing: Storing
    kans: random.Random
    geteld: int = 0

    def strikes(self) -> bool:
        self.geteld += 1
        if self.storing.elke is not None:
            return self.geteld % self.storing.elke == 0
        return self.storing.aandeel >= 1 or self.kans.random() < self.storing.aandeel
