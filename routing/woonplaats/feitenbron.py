"""Port: where the facts about a youth come from that a register holds (facts on the lookups §4.3).

An adapter asks a register and says what it found; it decides nothing. What it cannot say it leaves open and names, so
that the decision can say what is missing. Stays and the actual stay are known to the asker only and are never filled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from routing.woonplaats.feiten import Feiten


class Feit(StrEnum):
    """A fact that can be asked for; the value is its name in `Feiten` and in `Bepaling.ontbrekend`."""

    ADRES = "brp"
    MOEDER = "moeder_gemeente_bij_geboorte"
    GEZAG = "gezag"


class Reden(StrEnum):
    """Why a fact is missing or not complete, as a Dutch sentence."""

    GEEN_HISTORIE = "De gegevens van nu zeggen dit niet, en de historie van verblijfplaatsen wordt niet aangeboden."
    GEEN_PERIODE = "De historie kent geen verblijfplaats op de gevraagde datum."
    DATUM_ONVOLLEDIG = (
        "Een datum in de BRP is onvolledig of onbekend; daardoor is dit op de gevraagde datum niet zeker."
    )
    IN_ONDERZOEK = "Het gegeven is in de BRP in onderzoek."
    AFGEVOERD = "De persoonslijst is afgevoerd of gewist."
    GEBOORTEDATUM_ONVOLLEDIG = "De geboortedatum is in de BRP onvolledig of onbekend."
    MOEDER_ONBEKEND = "De BRP noemt geen moeder met een BSN van wie zij al bij de geboorte het kind was."
    MEER_MOEDERS = "De BRP noemt twee moeders die bij de geboorte niet in dezelfde gemeente waren ingeschreven."
    NIET_GEVONDEN = "De ouder of voogd staat niet in de BRP."
    GEEN_GEZAG = "De BRP geeft geen gezag; dat is zo bij wie nu 18 of ouder is."
    WOONPLAATS_ONBEKEND = "Van wie het gezag heeft is op de gevraagde datum geen woonadres bekend."


class Voorbehoud(StrEnum):
    """What the asker has to know beside the facts, as a Dutch sentence."""

    NIET_IN_BRP = "Dit BSN staat niet in de BRP; controleer het."
    OVERLEDEN = "De jeugdige is overleden."
    GEZAG_VAN_NU = "Het gezag is dat van nu; de BRP geeft geen gezag uit het verleden."


@dataclass(frozen=True, slots=True)
class Feitenvraag:
    """A question about one youth; ask for no more than the decision needs, and go on from what it says is missing.

    `vanaf` is the first day whose address matters, such as the day before a stay; without it that is `peildatum`.
    """

    bsn: str = field(repr=False)
    peildatum: date
    nodig: frozenset[Feit] = frozenset({Feit.ADRES})
    vanaf: date | None = None


@dataclass(frozen=True, slots=True)
class Registerfeiten:
    """The facts that a register gave; what was not asked for or not found is None in `feiten`.

    `ontbrekend` says per fact why it is None or does not reach as far as was asked. `geraadpleegd` holds the BSNs of
    others whose data were read for it: for the processing log, and for nothing else.
    """

    feiten: Feiten
    ontbrekend: Mapping[Feit, Reden] = field(default_factory=dict)
    voorbehoud: tuple[Voorbehoud, ...] = ()
    geraadpleegd: frozenset[str] = field(default=frozenset(), repr=False)


class Bronfoutsoort(StrEnum):
    """What kept a register from answering."""

    ONGELDIG_BSN = "ongeldig_bsn"
    ONGELDIGE_DATUM = "ongeldige_datum"
    NIET_GEAUTORISEERD = "niet_geautoriseerd"
    VERZOEK_GEWEIGERD = "verzoek_geweigerd"
    TE_VEEL = "te_veel"
    ONBEREIKBAAR = "onbereikbaar"
    STORING = "storing"
    CERTIFICAAT = "certificaat"
    ONBRUIKBAAR = "onbruikbaar_antwoord"


_OPNIEUW = frozenset({Bronfoutsoort.TE_VEEL, Bronfoutsoort.ONBEREIKBAAR, Bronfoutsoort.STORING})
_VAN_EEN = frozenset({Bronfoutsoort.ONGELDIG_BSN, Bronfoutsoort.ONGELDIGE_DATUM, Bronfoutsoort.ONBRUIKBAAR})


class Bronfout(Exception):
    """A register did not answer; the text is Dutch and holds no personal data.

    `opnieuw_na` is how many seconds the register asked to wait, when it did. `geraadpleegd` holds the BSNs of others
    that were asked about before or while it failed: for the processing log, and for nothing else. `geheel`: the whole
    answer is none of this register, whoever was asked about.
    """

    def __init__(
        self,
        soort: Bronfoutsoort,
        melding: str,
        opnieuw_na: float | None = None,
        geraadpleegd: frozenset[str] = frozenset(),
        *,
        geheel: bool = False,
    ) -> None:
        super().__init__(melding)
        self.soort = soort
        self.opnieuw_na = opnieuw_na
        self.geraadpleegd = geraadpleegd
        self.geheel = geheel

    def having_asked(self, bsns: Iterable[str]) -> Bronfout:
        """Give the same fault for one question, with who else was asked about for it."""
        anderen = self.geraadpleegd | frozenset(bsns)
        return Bronfout(self.soort, str(self), self.opnieuw_na, anderen, geheel=self.geheel)

    @property
    def opnieuw(self) -> bool:
        """Whether the same question may be answered later."""
        return self.soort in _OPNIEUW

    @property
    def of_one(self) -> bool:
        """Whether it is about one question only; any other holds for all, until it passes or somebody mends it."""
        return self.soort in _VAN_EEN and not self.geheel


class Feitenbron(Protocol):
    """A register that holds facts about youths."""

    async def fetch(self, vragen: Sequence[Feitenvraag]) -> list[Registerfeiten | Bronfout]:
        """Answer each question, in order. Never raises for what the register does: that is a `Bronfout`."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
