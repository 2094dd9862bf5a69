"""The facts that the decision rests on, as the asker states them or as a register gave them.

They hold codes of gemeenten and dates only: no BSN, no name, no address. A gemeente is a CBS code of four digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Adressoort(StrEnum):
    """What kind of address the BRP holds."""

    WOONADRES = "W"
    BRIEFADRES = "B"
    BUITENLAND = "buitenland"
    ONBEKEND = "onbekend"  # left for an unknown destination, or an address that is not known


@dataclass(frozen=True, slots=True)
class Adresperiode:
    """One address in the BRP, from `van` up to and not including `tot`; without `van` it has no known beginning.

    An open period ends where the next one begins. `aantekening_226`: the note that the youth does not live there
    (Wet BRP art. 2.26, code 089999); `in_onderzoek`: that is being looked into. `opgegeven`: stated by the asker
    instead of read in the BRP.
    """

    soort: Adressoort
    gemeente: str | None = None
    van: date | None = None
    tot: date | None = None
    aantekening_226: bool = False
    in_onderzoek: bool = False
    opgegeven: bool = False

    @property
    def impossible(self) -> bool:
        """Whether it ends before it begins; then it covers no day."""
        return _ends_before(self.van, self.tot)


class Verblijfsoort(StrEnum):
    """Where a youth stays, other than at home."""

    PLEEGOUDER = "pleegouder"
    GEZINSHUIS = "gezinshuis"
    JEUGDHULPAANBIEDER = "jeugdhulpaanbieder"
    WMO_OPVANG = "wmo_opvang"
    BESCHERMD_WONEN = "beschermd_wonen"
    WLZ_INSTELLING = "wlz_instelling"
    JUSTITIELE_INRICHTING = "jji"
    JJI_NAZORG = "jji_nazorg"  # jeugdhulp or jeugdreclassering in connection with a stay in a JJI
    MOEDER_KIND_HUIS = "moeder_kind_huis"
    OPVANG_ASIEL = "azc"
    ZIEKENHUIS = "ziekenhuis"
    VAKANTIE = "vakantie"


@dataclass(frozen=True, slots=True)
class Verblijf:
    """A stay from its first up to and including its last day (`tot`); without `tot` it goes on.

    Without `van` the first day is not known. `deeltijd`: part-time, such as weekends in a logeerhuis.
    """

    soort: Verblijfsoort
    van: date | None = None
    tot: date | None = None
    deeltijd: bool = False

    @property
    def impossible(self) -> bool:
        """Whether it ends before it begins; then it covers no day."""
        return _ends_before(self.van, self.tot)

    def covers(self, dag: date) -> bool:
        """Say whether the stay covers a day, taking an unknown first day as long ago."""
        return (self.van is None or self.van <= dag) and (self.tot is None or dag <= self.tot)


class Gezagssoort(StrEnum):
    """Who has gezag over the youth; only the definition up to 2021 asks for it."""

    MOEDER = "moeder"
    VADER = "vader"
    OUDER1 = "ouder1"
    OUDER2 = "ouder2"
    VOOGD = "voogd"  # a natural person
    VOOGD_GI = "voogd_gi"  # a gecertificeerde instelling
    ONBEKEND = "onbekend"  # none for the time being, or not to be established


@dataclass(frozen=True, slots=True)
class Gezagsdrager:
    """One who has gezag on the day asked, and where he lives; `buitenland`: not in the Netherlands."""

    wie: Gezagssoort
    gemeente: str | None = None
    buitenland: bool = False


@dataclass(frozen=True, slots=True)
class Feiten:
    """Everything that may matter for one youth on `peildatum`; None means that the fact is not known to the asker.

    `brp` and `gezag` may be empty: that says there is no registration, or nobody known with gezag.
    `moeder_gemeente_bij_geboorte` is where the mother was registered as ingezetene when the youth was born (``1999``:
    in the RNI), `werkelijk_verblijf` where the youth actually stays when help is asked, `laatst_bij` the parent with
    whom the youth stays or last stayed. `gezag_van_nu`: `gezag` is that of today, and may have been another on the
    peildatum. `geheim` (secrecy in the BRP) does not change the outcome.
    """

    peildatum: date
    geboortedatum: date | None = None
    brp: tuple[Adresperiode, ...] | None = None
    verblijf: tuple[Verblijf, ...] = ()
    moeder_gemeente_bij_geboorte: str | None = None
    werkelijk_verblijf: str | None = None
    gezag: tuple[Gezagsdrager, ...] | None = None
    gezag_van_nu: bool = False
    laatst_bij: Gezagssoort | None = None
    ongeboren: bool = False
    zonder_bsn: bool = False
    geheim: bool = False


def _ends_before(van: date | None, tot: date | None) -> bool:
    return van is not None and tot is not None and tot < van
