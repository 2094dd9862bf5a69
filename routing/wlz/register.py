"""The register of the CIZ as routing sees it: ports, and why it did not answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from routing.wlz.indicatie import Indicatie


class Oorzaak(StrEnum):
    """Why the register did not answer; the value is the sentence that a user reads."""

    NIET_AANGESLOTEN = "Het knooppunt is niet aangesloten op het Wlz-register."
    TIJD = "Het Wlz-register antwoordde niet op tijd."
    VERBINDING = "Het Wlz-register is niet bereikbaar."
    CERTIFICAAT = "Het certificaat van het Wlz-register, of dat van het knooppunt, is niet geldig."
    TOEGANG = "Het Wlz-register laat het knooppunt niet toe."
    DRUK = "Het Wlz-register heeft het te druk."
    STORING = "Het Wlz-register heeft een storing."
    ONVOLLEDIG = "Het Wlz-register kon de vraag niet of niet volledig beantwoorden."
    GEKROMPEN = "Het Wlz-register telt minder dan de helft van wat het eerder telde."
    ONBEGRIJPELIJK = "Het antwoord van het Wlz-register is niet zoals beschreven."


class RegisterFout(Exception):
    """The register cannot say. That is never `NEE`, and never `ONBEKEND`: those are answers of the register.

    Nothing that came with the answer is kept in it, for a register may repeat the BSN in its own words.
    """

    def __init__(self, oorzaak: Oorzaak) -> None:
        self.oorzaak = oorzaak
        super().__init__(oorzaak.value)


class Bevraging(Protocol):
    """Asks the register about one person."""

    async def indications_of(self, bsn: str) -> Sequence[Indicatie]:
        """Give everything the register has about this person, as it is now; empty when that is nothing.

        Raises:
            RegisterFout: the register cannot say.
        """
        ...


@dataclass(frozen=True, slots=True)
class Registerregel:
    """An indication with the person it is about, for the copy of the register."""

    bsn: str
    indicatie: Indicatie

    def __repr__(self) -> str:
        """Leave the person out: this may end up in a log."""
        return "Registerregel(…)"


class Registerbron(Protocol):
    """Gives the whole register, per zorgkantoor, for the copy."""

    async def lines_of(self, zorgkantoor: str) -> Sequence[Registerregel]:
        """Give all indications for which this zorgkantoor was the first to be responsible (COD001, four digits).

        Raises:
            RegisterFout: the register cannot say; nothing may be concluded from what is missing then.
        """
        ...
