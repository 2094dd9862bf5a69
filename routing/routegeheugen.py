"""What was decided on one bericht holds for the next like it, until the register changes or a moment passes.

A Di01 that goes on is decided on by who hands it in, from whom and to whom it is and what it is, the register, and the
moment; thousands a day differ in nothing of that. Only such decisions are remembered: everything that is refused,
answers another bericht or has something odd is decided on anew.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final

from istandaarden.releases import NEDERLAND, Kalender
from routing.bericht import Aanlevering, Berichtcode, Bestandsvorm, Identiteit
from routing.geadresseerde import RESPIJT
from routing.register import Register
from routing.route import GROOTSTE_STUF, Besluit, Verwezen, decide

_HOOGSTENS: Final = 20_000
"""Decisions that are remembered; beyond that all are forgotten."""

_Sleutel = tuple[Identiteit, str, str, str | None, str, str, Bestandsvorm]


class Routegeheugen:
    """Decides as `routing.route.decide`.

    Args:
        standaardgeneratie: generation of fault codes for a sender that is not in the register.
        respijt: how long a gemeentecode leads to the successor after its end.
    """

    def __init__(self, standaardgeneratie: str = "B", respijt: timedelta = RESPIJT) -> None:
        self._standaardgeneratie = standaardgeneratie
        self._respijt = respijt
        self._besluiten: dict[_Sleutel, Besluit] = {}
        self._register: Register | None = None
        self._van = self._tot = datetime.max.replace(tzinfo=NEDERLAND)

    def decide(
        self, aanlevering: Aanlevering, register: Register, verwezen: Verwezen | None, moment: datetime
    ) -> Besluit:
        """Decide on one aanlevering; for the arguments see `routing.route.decide`."""
        sleutel = _key(aanlevering) if verwezen is None else None
        if sleutel is None:
            return decide(aanlevering, register, verwezen, moment, self._standaardgeneratie, respijt=self._respijt)
        if register is not self._register or not self._van <= moment < self._tot or len(self._besluiten) > _HOOGSTENS:
            self._besluiten, self._register = {}, register
            # UTC, as the moment of an intake: to compare moments of two zones costs as much as all the rest here.
            self._van, self._tot = moment, next_change(register.kalender, moment).astimezone(UTC)
        besluit = self._besluiten.get(sleutel)
        if besluit is None:
            besluit = decide(aanlevering, register, None, moment, self._standaardgeneratie, respijt=self._respijt)
            if besluit.fout is not None:
                return besluit
            self._besluiten[sleutel] = besluit
        # A new one: what is found in the payload is added to it.
        return Besluit(
            [*besluit.stappen],
            functie=besluit.functie,
            aansluiting=besluit.aansluiting,
            nog_dicht=besluit.nog_dicht,
        )


def _key(aanlevering: Aanlevering) -> _Sleutel | None:
    """Give all of an aanlevering that a decision rests on; None when there is more to it than this."""
    sg, parameters = aanlevering.envelop.stuurgegevens, aanlevering.envelop.parameters
    if (
        sg.berichtcode is not Berichtcode.DI01
        or parameters is None
        or aanlevering.bevindingen
        or aanlevering.payload.size > GROOTSTE_STUF
    ):
        return None
    return (
        aanlevering.identiteit,
        sg.zender.organisatie,
        sg.ontvanger.organisatie,
        sg.functie,
        parameters.functie_versie,
        parameters.functie_subversie,
        parameters.vorm,
    )


def next_change(kalender: Kalender, moment: datetime) -> datetime:
    """Give the first moment after `moment` at which a release opens or closes for anybody, or a day begins."""
    morgen = moment.astimezone(NEDERLAND).date() + timedelta(days=1)
    momenten = (*kalender.algemeen.values(), *kalender.eigen.values())
    later = (tijd for deel in momenten for tijd in deel.tijden.values() if tijd is not None and tijd > moment)
    return min([datetime.combine(morgen, time(), NEDERLAND), *later])
