"""Playing a care case through the hub, step by step, with a check on every outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from istandaarden.opbouw import build
from knooppunt.demo.casus import Casus
from knooppunt.demo.controle import WACHT, Controles
from knooppunt.demo.draaiboek import VERHAAL, Stap
from knooppunt.simulatie.grootboek import Boeking, Grootboek
from knooppunt.simulatie.verzending import Verzending
from routing.poorten import Uitkomstsoort


class Speler(Protocol):
    """A simulated partij as the story sees it, whatever it speaks."""

    code: str
    naam: str
    grootboek: Grootboek
    mislukt: list[str]

    async def send(self, functie: str, payload: bytes, naar: str) -> Verzending:
        """Send one heenbericht through the hub."""
        ...


@dataclass(slots=True)
class Verloop:
    """What was played of one case: the referentienummers in order."""

    titel: str
    boekingen: list[Boeking] = field(default_factory=list)


async def play(
    casus: Casus,
    gemeente: Speler,
    aanbieder: Speler,
    controles: Controles,
    meld: Callable[[str], None],
    *,
    stappen: Sequence[Stap] = VERHAAL,
) -> Verloop:
    """Play one case from request to declaration, or some steps of it, and check every outcome.

    Stops at the first step that fails, because every next step builds on it.
    """
    verloop = Verloop(casus.titel)
    for stap in stappen:
        van, naar = (gemeente, aanbieder) if stap.van == "gemeente" else (aanbieder, gemeente)
        functie, terug = f"{casus.familie}{stap.heen}", f"{casus.familie}{stap.terug}"
        payload = build(casus.berichtsoort(stap.heen), casus.inhoud(stap.heen))
        verzending = await van.send(functie, payload, naar.code)
        verloop.boekingen.append(verzending.boeking)
        uitkomst = verzending.uitkomst
        aangenomen = uitkomst.soort is Uitkomstsoort.BEZORGD
        if not controles.check(f"{functie} is aangenomen door het knooppunt", aangenomen, uitkomst.toelichting):
            break
        antwoord = await await_answer(van, naar, verzending.boeking, terug, controles)
        await controles.delivered(verzending.boeking, naar.grootboek)
        if antwoord is None:
            break
        verloop.boekingen.append(antwoord)
        meld(f"{van.naam} {stap.wat}: {functie} → {naar.naam} antwoordt met {terug}")
    return verloop


async def await_answer(van: Speler, naar: Speler, heen: Boeking, functie: str, controles: Controles) -> Boeking | None:
    """Wait until `van` got the answer of `naar` to `heen`, and check it; None when it did not come.

    The result is the bericht as `naar` sent it, so that what arrived is compared with its origin.
    """

    def past(boeking: Boeking) -> bool:
        return boeking.envelop.stuurgegevens.cross_ref == heen.referentienummer and boeking.functie == functie

    naam = f"{van.naam} kreeg {functie} op {heen.functie} {heen.referentienummer[:8]}"
    try:
        aangekomen = await van.grootboek.wait_for(past, WACHT)
    except TimeoutError:
        controles.check(naam, goed=False, gevonden="; ".join(naar.mislukt) or "niets ontvangen")
        return None
    verstuurd = naar.grootboek.sent(aangekomen.referentienummer)
    if not controles.check(naam, verstuurd is not None, f"{naar.naam} verstuurde dit antwoord niet"):
        return None
    assert verstuurd is not None  # noqa: S101 - the check above says so, for the type checker
    await controles.delivered(verstuurd, van.grootboek, antwoord_op=heen.referentienummer)
    return verstuurd
