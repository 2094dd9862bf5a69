"""`POST /woonplaatsbeginsel/bepalingen`: which gemeente is responsible for a youth, from the BRP and what is stated."""

from __future__ import annotations

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from knooppunt.api.eindpunt import Aanroep, Eindpunt, own_partijen
from knooppunt.api.opvragen import FOUTEN, Opvraagvorm, answer
from knooppunt.api.probleem import Probleem
from knooppunt.api.scope import Scope
from knooppunt.woonplaats.antwoordvorm import Antwoordvorm
from knooppunt.woonplaats.feitenvorm import Vraagvorm
from routing.dienst import Wet
from routing.opvraging import Antwoord, Opvragingen, Soort
from routing.woonplaats.feitenbron import Bronfout, Feitenbron
from routing.woonplaats.opvragen import Opgave, determine_with

DIENST = "woonplaats"


class Woonplaatsvraag(Opvraagvorm, Vraagvorm):
    """A youth, a day, and what the asker knows of him beside the BRP: stays above all."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=False, frozen=True, extra="forbid", hide_input_in_errors=True
    )


class Woonplaats:
    """The operation.

    Args:
        opvragingen: decides, logs and remembers.
        bron: the BRP, None when it is not connected; then stated facts are all there is.
    """

    def __init__(self, opvragingen: Opvragingen, bron: Feitenbron | None) -> None:
        self._opvragingen = opvragingen
        self._bron = bron

    def endpoints(self) -> tuple[Eindpunt, ...]:
        """Give the operations."""
        return (
            Eindpunt(
                pad="/woonplaatsbeginsel/bepalingen",
                naam="bepaalWoonplaats",
                samenvatting="Welke gemeente is verantwoordelijk voor de jeugdhulp, volgens welke regel, en waarom.",
                toegang=own_partijen,
                scope=Scope.WOONPLAATS,
                vraag=Woonplaatsvraag,
                antwoord=Antwoordvorm,
                handler=self._determine,
                fouten=FOUTEN | {502: "De BRP geeft geen bruikbaar antwoord."},
                methode="POST",
            ),
        )

    async def _determine(self, aanroep: Aanroep, vraag: Woonplaatsvraag) -> bytes:
        async def search(vraag_id: str) -> Antwoord:
            (uitkomst,) = await determine_with(self._bron, [Opgave(vraag.bsn, vraag.facts())])
            if uitkomst.fout is not None:
                raise uitkomst.fout.having_asked(uitkomst.geraadpleegd)
            vorm = Antwoordvorm.answer(vraag_id, uitkomst, vraag.facts())
            soort = Soort.ONBEKEND if uitkomst.unknown else Soort.BEANTWOORD
            return Antwoord(vorm.model_dump_json(by_alias=True).encode(), soort, uitkomst.geraadpleegd)

        try:
            return await answer(self._opvragingen, aanroep, vraag, dienst=DIENST, wet=Wet.JEUGDWET, search=search)
        except Bronfout as fout:
            raise _as_problem(fout) from None


def _as_problem(fout: Bronfout) -> Probleem:
    if fout.opnieuw:
        wachten = round(fout.opnieuw_na) if fout.opnieuw_na else 60
        return Probleem(503, "De BRP kan nu niet antwoorden.", str(fout), opnieuw_na=max(1, wachten))
    return Probleem(502, "De BRP geeft geen bruikbaar antwoord.", str(fout))
