"""The decision with facts from a register: asks for no more than it needs, and goes on from what it says is missing.

What the asker states counts where the register says nothing; it is marked as stated, so that the answer is provisional.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from routing.woonplaats.bepaling import NIEUW_VANAF, determine
from routing.woonplaats.besluit import Bepaling
from routing.woonplaats.feiten import Feiten
from routing.woonplaats.feitenbron import Bronfout, Feit, Feitenbron, Feitenvraag, Reden, Registerfeiten, Voorbehoud
from routing.woonplaats.verblijfsketen import find_chain

_GEBOORTEDATUM: Final = "geboortedatum"
"""Is given with every answer of a register; asking for another fact brings it along."""


@dataclass(frozen=True, slots=True)
class Opgave:
    """A youth, and what the asker states about him."""

    bsn: str = field(repr=False)
    feiten: Feiten


@dataclass(slots=True)
class Uitkomst:
    """The decision about one youth; `fout` when the register did not answer, and then there is no decision."""

    bepaling: Bepaling
    fout: Bronfout | None = None
    redenen: dict[Feit, Reden] = field(default_factory=dict)
    voorbehoud: tuple[Voorbehoud, ...] = ()
    geraadpleegd: frozenset[str] = field(default=frozenset(), repr=False)
    gevraagd: frozenset[Feit] = frozenset()

    @property
    def unknown(self) -> bool:
        """Whether the register does not know the BSN."""
        return Voorbehoud.NIET_IN_BRP in self.voorbehoud


async def determine_with(bron: Feitenbron | None, opgaven: Sequence[Opgave]) -> list[Uitkomst]:
    """Decide about each youth, in order.

    Args:
        bron: the register; without one the stated facts are all there is.
        opgaven: the youths; the register is asked about all of them together.
    """
    feiten = [_as_stated(opgave.feiten) for opgave in opgaven]
    uitkomsten = [Uitkomst(determine(een)) for een in feiten]
    while bron is not None:
        vragen = {
            nummer: _question(opgave, feiten[nummer], uitkomst)
            for nummer, (opgave, uitkomst) in enumerate(zip(opgaven, uitkomsten, strict=True))
            if uitkomst.fout is None and _needs(uitkomst)
        }
        if not vragen:
            break
        antwoorden = await bron.fetch(list(vragen.values()))
        for (nummer, vraag), antwoord in zip(vragen.items(), antwoorden, strict=True):
            uitkomst = uitkomsten[nummer]
            uitkomst.gevraagd |= vraag.nodig
            if isinstance(antwoord, Bronfout):
                uitkomst.fout = antwoord
                uitkomst.geraadpleegd |= antwoord.geraadpleegd
                continue
            feiten[nummer] = _merge(feiten[nummer], antwoord, vraag.nodig)
            uitkomst.redenen |= antwoord.ontbrekend
            uitkomst.voorbehoud = tuple(dict.fromkeys((*uitkomst.voorbehoud, *antwoord.voorbehoud)))
            uitkomst.geraadpleegd |= antwoord.geraadpleegd
            uitkomst.bepaling = determine(feiten[nummer])
    return uitkomsten


def _as_stated(feiten: Feiten) -> Feiten:
    """Mark every stated address as such: only a register can say that it is one of the BRP."""
    return replace(feiten, brp=feiten.brp and tuple(replace(adres, opgegeven=True) for adres in feiten.brp))


def _needs(uitkomst: Uitkomst) -> frozenset[Feit]:
    """Give the facts that the decision misses and that were not asked for yet."""
    ontbrekend = set(uitkomst.bepaling.ontbrekend)
    nodig = {feit for feit in Feit if feit in ontbrekend}
    if _GEBOORTEDATUM in ontbrekend and not uitkomst.gevraagd:
        nodig.add(Feit.GEZAG if uitkomst.bepaling.peildatum < NIEUW_VANAF else Feit.ADRES)
    return frozenset(nodig) - uitkomst.gevraagd


def _question(opgave: Opgave, feiten: Feiten, uitkomst: Uitkomst) -> Feitenvraag:
    return Feitenvraag(opgave.bsn, feiten.peildatum, _needs(uitkomst), _first_day(feiten))


def _first_day(feiten: Feiten) -> date | None:
    """Give the day before the stay that covers the peildatum, whose address counts from 2022 on."""
    keten = find_chain(feiten.verblijf, feiten.peildatum) if feiten.peildatum >= NIEUW_VANAF else None
    return keten.van - timedelta(days=1) if keten is not None and keten.van is not None else None


def _merge(opgegeven: Feiten, antwoord: Registerfeiten, nodig: Iterable[Feit]) -> Feiten:
    """Let the register speak, and the asker where it is silent."""
    gevonden, stil = antwoord.feiten, antwoord.ontbrekend
    waarden: dict[str, object] = {_GEBOORTEDATUM: gevonden.geboortedatum or opgegeven.geboortedatum}
    if Feit.ADRES in nodig:
        waarden["brp"] = _addresses(opgegeven, gevonden, stil)
    if Feit.MOEDER in nodig and gevonden.moeder_gemeente_bij_geboorte is not None:
        waarden["moeder_gemeente_bij_geboorte"] = gevonden.moeder_gemeente_bij_geboorte
    if Feit.GEZAG in nodig and gevonden.gezag is not None:
        waarden["gezag"] = gevonden.gezag
        waarden["gezag_van_nu"] = Voorbehoud.GEZAG_VAN_NU in antwoord.voorbehoud
    return replace(opgegeven, geheim=gevonden.geheim or opgegeven.geheim, **waarden)  # type: ignore[arg-type] # names and types of Feiten


def _addresses(opgegeven: Feiten, gevonden: Feiten, stil: Mapping[Feit, Reden]) -> object:
    """Add stated addresses where the BRP does not reach as far back as was asked, or knows nobody."""
    if gevonden.brp and Feit.ADRES not in stil:
        return gevonden.brp
    if gevonden.brp is None and opgegeven.brp is None:
        return None
    return (*(gevonden.brp or ()), *(opgegeven.brp or ()))
