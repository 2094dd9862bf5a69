"""The terms of the chain as one table: which berichtsoort, how long, what ends it, and the rule that says so.

Source: iStandaarden iWmo and iJw 3.2, bedrijfsregels OP090, OP090x4, OP271, OP272, OP274, OP346 and OP359.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from istandaarden.schakels import Rol, Schakelsoort
from routing.ketenbewaking.kalender import Kalender


class Soort(StrEnum):
    """Kinds of term."""

    RETOUR = "retour"
    DECLARATIE = "declaratie"
    VERZOEK = "verzoek"
    ONDERZOEK = "onderzoek"
    WOONPLAATS = "woonplaats"
    START = "start"
    STOP = "stop"


class Eenheid(StrEnum):
    """What a term is counted in."""

    WERKDAGEN = "werkdagen"
    WEKEN = "weken"


@dataclass(frozen=True, slots=True)
class Termijn:
    """One term.

    `nummers` are the berichtsoorten without prefix that begin it (for start and stop: that are held to it), and
    `standaarden` those it is for; `link` is the key by which what ends it is found and `einde` the roles that do.
    `antwoord` says in Dutch what is waited for, with ``{p}`` for the prefix and ``{r}`` for the number of the retour.
    `vanaf_dagtekening`: it counts from the Dagtekening of the bericht, not from the day on which the hub took it.
    """

    soort: Soort
    nummers: frozenset[str]
    aantal: int
    eenheid: Eenheid
    regel: str
    link: Schakelsoort
    einde: frozenset[Rol]
    antwoord: str
    standaarden: frozenset[str] = frozenset({"WMO", "JW"})
    vanaf_dagtekening: bool = False

    def last_day(self, vanaf: date, kalender: Kalender) -> date:
        """Give the last day on which what is waited for is in time."""
        if self.eenheid is Eenheid.WERKDAGEN:
            return kalender.add_workdays(vanaf, self.aantal)
        return kalender.add_weeks(vanaf, self.aantal)

    def expected(self, functie: str) -> str:
        """Say in Dutch what is waited for after a bericht of this functie."""
        return self.antwoord.format(p=functie[:-3], r=int(functie[-3:]) + 1)


RETOUREN = frozenset({Rol.RETOUR, Rol.AFKEURING, Rol.DUBBEL})
"""What a retour can be to its heenbericht; each ends the waiting for it."""

_BESLIST = frozenset({Rol.TOEWIJZING, Rol.AFWIJZING, Rol.WOONPLAATS})
_U, _V, _T = Schakelsoort.UITWISSELING, Schakelsoort.VERZOEK, Schakelsoort.TOEWIJZING
_DAGEN, _WEKEN = Eenheid.WERKDAGEN, Eenheid.WEKEN
_HEEN = frozenset({"301", "305", "307", "315", "317", "319"})
_BESLUIT = "{p}301 of {p}319"
_VOT, _VOW = frozenset({"315"}), frozenset({"317"})

TERMIJNEN = (
    Termijn(Soort.RETOUR, _HEEN, 3, _DAGEN, "OP090", _U, RETOUREN, "{p}{r}"),
    Termijn(Soort.DECLARATIE, frozenset({"323"}), 10, _DAGEN, "OP090x4", _U, frozenset({Rol.ANTWOORD}), "{p}325"),
    Termijn(Soort.VERZOEK, _VOT, 5, _DAGEN, "OP274", _V, _BESLIST | {Rol.ONDERZOEK}, _BESLUIT),
    Termijn(Soort.VERZOEK, _VOW, 5, _DAGEN, "OP346", _V, _BESLIST | {Rol.ONDERZOEK}, _BESLUIT),
    Termijn(Soort.ONDERZOEK, _VOT, 8, _WEKEN, "OP274", _V, _BESLIST, _BESLUIT, vanaf_dagtekening=True),
    Termijn(Soort.ONDERZOEK, _VOW, 8, _WEKEN, "OP346", _V, _BESLIST, _BESLUIT, vanaf_dagtekening=True),
    Termijn(
        Soort.WOONPLAATS,
        _VOT,
        2,
        _WEKEN,
        "OP359",
        _V,
        frozenset({Rol.WOONPLAATS}),
        "afwijzing op woonplaatsbeginsel",
        standaarden=frozenset({"JW"}),
    ),
    Termijn(Soort.START, frozenset({"305"}), 5, _DAGEN, "OP271", _T, frozenset({Rol.DEEL}), "melding van de start"),
    Termijn(Soort.STOP, frozenset({"307"}), 5, _DAGEN, "OP272", _T, frozenset({Rol.DEEL}), "melding van de stop"),
)
"""Every term the hub can see. A 303 (up to release 2.4) has none: its rules are not in the sources."""


@lru_cache(maxsize=1024)  # the chain watch asks it several times for each bericht
def terms_of(functie: str, link: Schakelsoort) -> tuple[Termijn, ...]:
    """Give the terms that are about a functie and a kind of key, such as ``WMO315`` and a verzoek."""
    standaard, nummer = functie[:-3], functie[-3:]
    return tuple(t for t in TERMIJNEN if t.link is link and nummer in t.nummers and standaard in t.standaarden)
