"""Who of the people around a youth matter: the mother at birth, and who has gezag."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from adapters.brp.fouten import unusable
from adapters.brp.personen import (
    EenhoofdigOuderlijkGezag,
    Gezagsrelatie,
    GezamenlijkGezag,
    GezamenlijkOuderlijkGezag,
    Ouder,
    Persoon,
    Voogdij,
)
from routing.woonplaats.feiten import Gezagssoort
from routing.woonplaats.feitenbron import Reden

_VROUW, _MAN = "V", "M"


@dataclass(frozen=True, slots=True)
class Drager:
    """One who has gezag; `bsn` is None when the register does not know him as a person."""

    wie: Gezagssoort
    bsn: str | None = field(default=None, repr=False)


def find_mothers(jeugdige: Persoon) -> list[str] | Reden:
    """Give the BSN of the mother: of two when both may be it, for the BRP does not say who gave birth.

    Who became a mother only after the birth, by adoption for example, was not the mother then.
    """
    geboren = jeugdige.geboorte.datum.laatste if jeugdige.geboorte.datum is not None else None
    moeders = [o for o in jeugdige.ouders if _sex(o) == _VROUW and not _came_later(o, geboren)]
    if any(o.in_onderzoek.burgerservicenummer or o.in_onderzoek.geslacht for o in jeugdige.ouders):
        return Reden.IN_ONDERZOEK
    bsns = [o.burgerservicenummer for o in moeders if o.burgerservicenummer is not None]
    if not bsns or len(bsns) < len(moeders):
        return Reden.MOEDER_ONBEKEND
    return bsns


def find_holders(jeugdige: Persoon) -> list[Drager] | Reden:
    """Give who has gezag over the youth, each once.

    Relations in which the youth itself has gezag over somebody come along in the answer and are left out.

    Raises:
        Bronfout: an ouder with gezag is not among the ouders.
    """
    over = [r for r in jeugdige.gezag if r.minderjarige.burgerservicenummer == jeugdige.burgerservicenummer]
    if not over:
        return Reden.GEEN_GEZAG
    if jeugdige.in_onderzoek.indicatie_gezag_minderjarige or any(r.in_onderzoek for r in over):
        return Reden.IN_ONDERZOEK
    namen = _names(jeugdige.ouders)
    return list(dict.fromkeys(drager for relatie in over for drager in _of_relation(relatie, namen)))


def _of_relation(relatie: Gezagsrelatie, namen: dict[str, Gezagssoort]) -> list[Drager]:
    match relatie:
        case GezamenlijkOuderlijkGezag(ouders=ouders):
            return [_parent(o.burgerservicenummer, namen) for o in ouders]
        case EenhoofdigOuderlijkGezag(ouder=ouder):
            return [_parent(ouder.burgerservicenummer, namen)]
        case GezamenlijkGezag(ouder=ouder, derde=derde):
            return [
                _parent(ouder.burgerservicenummer, namen),
                Drager(Gezagssoort.VOOGD, derde.burgerservicenummer),
            ]
        case Voogdij(derden=derden):
            # Nobody named may be a gecertificeerde instelling, but the BRP does not say so; the asker may know.
            return [Drager(Gezagssoort.VOOGD, d.burgerservicenummer) for d in derden] or [Drager(Gezagssoort.VOOGD)]
        case _:
            return [Drager(Gezagssoort.ONBEKEND)]


def _parent(bsn: str | None, namen: dict[str, Gezagssoort]) -> Drager:
    if bsn is None:
        return Drager(namen.get("", Gezagssoort.OUDER1))
    if bsn not in namen:
        raise unusable("een ouder met gezag staat niet bij de ouders")
    return Drager(namen[bsn], bsn)


def _names(ouders: tuple[Ouder, ...]) -> dict[str, Gezagssoort]:
    """Say what each ouder is called: mother and father where that tells them apart, else ouder 1 and 2."""
    geslachten = [_sex(o) for o in ouders]
    met_geslacht = len(set(geslachten)) == len(ouders) and set(geslachten) <= {_VROUW, _MAN}
    namen: dict[str, Gezagssoort] = {}
    for ouder in ouders:
        nummer = Gezagssoort.OUDER2 if ouder.ouder_aanduiding == "2" else Gezagssoort.OUDER1
        sekse = Gezagssoort.MOEDER if _sex(ouder) == _VROUW else Gezagssoort.VADER
        namen[ouder.burgerservicenummer or ""] = sekse if met_geslacht else nummer
    return namen


def _sex(ouder: Ouder) -> str | None:
    return ouder.geslacht.code if ouder.geslacht is not None else None


def _came_later(ouder: Ouder, geboren: date | None) -> bool:
    sinds = ouder.datum_ingang_familierechtelijke_betrekking
    return sinds is not None and sinds.eerste is not None and geboren is not None and sinds.eerste > geboren
