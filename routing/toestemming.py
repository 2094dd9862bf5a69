"""May this lookup be made? Nothing is looked up without a `Toestemming`, and only `authorise` gives one.

Denied unless the register grants the partij the dienst under that law, the law allows it on the day asked, and the
purpose is one of the closed list of the dienst.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from routing.bsn import holds_bsn
from routing.dienst import Dienst, Wet, diensten
from routing.partij import Richting
from routing.register import Register

_ZAAKKENMERK = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._/:-]{0,59}")
_REDEN_LENGTE = 500


class Weigergrond(StrEnum):
    """Why a lookup is refused."""

    DIENST = "dienst"
    MACHTIGING = "machtiging"
    WET = "wet"
    DOEL = "doel"
    ZAAKKENMERK = "zaakkenmerk"
    REDEN = "reden"
    PERSOON = "persoon"
    VRAAG_ID = "vraagId"


class Weg(StrEnum):
    """Over which way a question came."""

    API = "api"
    CLI = "cli"
    TAAK = "taak"  # by the hub itself, on behalf of who asked for it once


class GeenToestemming(Exception):
    """The lookup may not be made; the message says in Dutch why, without personal data."""

    def __init__(self, grond: Weigergrond, melding: str) -> None:
        self.grond = grond
        super().__init__(melding)


@dataclass(frozen=True, slots=True)
class Aanvrager:
    """Who asks: a partij, the identity that was proven (``oin:…``, ``sha256:…`` or ``gebruiker:…``), over which way.

    `persoon` is the person as the asker names him, None when it asks as an organisation.
    """

    partij: str
    identiteit: str
    weg: Weg
    persoon: str | None = None


@dataclass(frozen=True, slots=True)
class Aanleiding:
    """What for: dienst, law, purpose, case, and a reason in words where there is one or the dienst asks for one."""

    dienst: str
    wet: Wet
    doel: str
    zaakkenmerk: str
    reden: str = ""


_SLEUTEL: Final = object()


@dataclass(frozen=True, slots=True)
class Toestemming:
    """Proof that a lookup may be made; `authorise` makes it, and nothing else can."""

    aanvrager: Aanvrager
    aanleiding: Aanleiding
    dienst: Dienst
    sleutel: object

    def __post_init__(self) -> None:
        if self.sleutel is not _SLEUTEL:
            raise TypeError("only routing.toestemming.authorise makes a Toestemming")


def authorise(register: Register, aanvrager: Aanvrager, aanleiding: Aanleiding, dag: date, bsn: str) -> Toestemming:
    """Decide whether a lookup may be made.

    Args:
        register: who may use what.
        aanvrager: who asks.
        aanleiding: what for.
        dag: today; the law must be in force then.
        bsn: of whom, empty for a question about nobody in particular. Neither it nor the BSN of anybody else may stand
            in zaakkenmerk, reason and `persoon`, which are kept readable (`routing.bsn.holds_bsn`).

    Raises:
        GeenToestemming: it may not.
    """
    refuse_bsn(Weigergrond.PERSOON, aanvrager.persoon or "", bsn)
    dienst = diensten().get(aanleiding.dienst)
    if dienst is None:
        raise GeenToestemming(Weigergrond.DIENST, "Deze dienst bestaat niet.")
    wet = aanleiding.wet
    if register.machtiging(aanvrager.partij, Richting.BEVRAGEN, dienst.machtiging(wet)) is None:
        wie = "Deze partij" if holds_bsn(aanvrager.partij, bsn) else f"Partij {aanvrager.partij}"
        melding = f"{wie} is niet gemachtigd voor {dienst.machtiging(wet)}."
        raise GeenToestemming(Weigergrond.MACHTIGING, melding)
    if not dienst.is_allowed(wet, dag):
        vanaf = dienst.wetten.get(wet)
        wanneer = f"pas vanaf {vanaf:%d-%m-%Y}" if vanaf else "niet"
        raise GeenToestemming(Weigergrond.WET, f"De dienst {dienst.naam} mag voor de wet {wet} {wanneer}.")
    if aanleiding.doel not in dienst.doelen:
        melding = f"Het doel moet een van deze zijn: {', '.join(dienst.doelen)}."
        raise GeenToestemming(Weigergrond.DOEL, melding)
    if not _ZAAKKENMERK.fullmatch(aanleiding.zaakkenmerk):
        melding = "Het zaakkenmerk moet 1 tot 60 letters, cijfers, spaties of tekens uit . _ / : - hebben."
        raise GeenToestemming(Weigergrond.ZAAKKENMERK, melding)
    if len(aanleiding.reden) > _REDEN_LENGTE or not aanleiding.reden.isprintable():
        melding = f"De reden mag ten hoogste {_REDEN_LENGTE} leesbare tekens hebben."
        raise GeenToestemming(Weigergrond.REDEN, melding)
    if dienst.reden and not any(map(str.isalnum, aanleiding.reden)):
        melding = f"Bij {dienst.naam} is een reden nodig: zeg in woorden waarom u het vraagt."
        raise GeenToestemming(Weigergrond.REDEN, melding)
    refuse_bsn(Weigergrond.ZAAKKENMERK, aanleiding.zaakkenmerk, bsn)
    refuse_bsn(Weigergrond.REDEN, aanleiding.reden, bsn)
    return Toestemming(aanvrager, aanleiding, dienst, _SLEUTEL)


def refuse_bsn(veld: Weigergrond, tekst: str, bsn: str) -> None:
    """Refuse a text that is kept readable and gives a BSN away: that of the person asked about, or another.

    Raises:
        GeenToestemming: it does; the message does not repeat it.
    """
    if holds_bsn(tekst, bsn):
        raise GeenToestemming(veld, f"In het veld {veld} mag geen BSN staan: het wordt leesbaar bewaard.")
