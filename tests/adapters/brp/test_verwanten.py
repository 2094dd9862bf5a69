"""Who the mother was, and who has gezag, from an answer of the Personen API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from brppersonen import ANDER, KIND, MOEDER, VADER, ZUSJE

from adapters.brp.personen import Persoon
from adapters.brp.verwanten import Drager, find_holders, find_mothers
from routing.woonplaats.feiten import Gezagssoort
from routing.woonplaats.feitenbron import Bronfout, Reden


def youth(**rest: Any) -> Persoon:
    ouders = [
        {"burgerservicenummer": MOEDER, "geslacht": {"code": "V"}, "ouderAanduiding": "1"},
        {"burgerservicenummer": VADER, "geslacht": {"code": "M"}, "ouderAanduiding": "2"},
    ]
    geboren = {"type": "Datum", "datum": "2015-03-10", "langFormaat": "10 maart 2015"}
    persoon = {"burgerservicenummer": KIND, "geboorte": {"datum": geboren}, "ouders": ouders} | rest
    return Persoon.model_validate_json(json.dumps(persoon))


def mother(bsn: str, van: str | None = None, **rest: Any) -> dict[str, Any]:
    sinds = {"type": "Datum", "datum": van, "langFormaat": "x"}
    extra = {"datumIngangFamilierechtelijkeBetrekking": sinds} if van else {}
    return {"burgerservicenummer": bsn, "geslacht": {"code": "V"}} | extra | rest


def gezag(soort: str, over: str = KIND, **rest: Any) -> dict[str, Any]:
    return {"type": soort, "minderjarige": {"burgerservicenummer": over}} | rest


@pytest.mark.parametrize(
    ("ouders", "verwacht"),
    [
        ([mother(MOEDER)], [MOEDER]),
        ([mother(MOEDER, "2015-03-10"), mother(ANDER, "2019-01-01")], [MOEDER]),
        ([mother(ANDER, "2019-01-01")], Reden.MOEDER_ONBEKEND),
        ([mother(MOEDER), mother(ANDER)], [MOEDER, ANDER]),
        ([mother(MOEDER), {"geslacht": {"code": "V"}}], Reden.MOEDER_ONBEKEND),
        ([{"burgerservicenummer": MOEDER}], Reden.MOEDER_ONBEKEND),
        ([mother(MOEDER, inOnderzoek={"burgerservicenummer": True})], Reden.IN_ONDERZOEK),
        ([], Reden.MOEDER_ONBEKEND),
    ],
)
def test_the_mother_is_who_was_so_at_birth(ouders: list[dict[str, Any]], verwacht: list[str] | Reden) -> None:
    assert find_mothers(youth(ouders=ouders)) == verwacht


OUDER, VAD = {"burgerservicenummer": MOEDER, "naam": {}}, {"burgerservicenummer": VADER, "naam": {}}
BEKEND = {"type": "BekendeDerde", "burgerservicenummer": ANDER}
MOE = Drager(Gezagssoort.MOEDER, MOEDER)


@pytest.mark.parametrize(
    ("relaties", "verwacht"),
    [
        ([gezag("EenhoofdigOuderlijkGezag", ouder=OUDER)], [MOE]),
        ([gezag("EenhoofdigOuderlijkGezag", ouder=OUDER)] * 2, [MOE]),
        ([gezag("GezamenlijkOuderlijkGezag", ouders=[OUDER, VAD])], [MOE, Drager(Gezagssoort.VADER, VADER)]),
        ([gezag("GezamenlijkGezag", ouder=OUDER, derde=BEKEND)], [MOE, Drager(Gezagssoort.VOOGD, ANDER)]),
        ([gezag("GezamenlijkGezag", ouder=OUDER, derde={"type": "OnbekendeDerde"})], [MOE, Drager(Gezagssoort.VOOGD)]),
        ([gezag("Voogdij", derden=[BEKEND])], [Drager(Gezagssoort.VOOGD, ANDER)]),
        ([gezag("Voogdij", derden=[])], [Drager(Gezagssoort.VOOGD)]),
        ([gezag("TijdelijkGeenGezag", toelichting="x")], [Drager(Gezagssoort.ONBEKEND)]),
        ([gezag("GezagNietTeBepalen", toelichting="x")], [Drager(Gezagssoort.ONBEKEND)]),
        ([gezag("EenhoofdigOuderlijkGezag", over=ZUSJE, ouder=OUDER)], Reden.GEEN_GEZAG),
        ([gezag("EenhoofdigOuderlijkGezag", ouder=OUDER, inOnderzoek=True)], Reden.IN_ONDERZOEK),
        ([], Reden.GEEN_GEZAG),
    ],
)
def test_every_kind_of_gezag_is_known(relaties: list[dict[str, Any]], verwacht: list[Drager] | Reden) -> None:
    assert find_holders(youth(gezag=relaties)) == verwacht


def test_a_young_mother_is_not_taken_for_who_has_gezag_over_her() -> None:
    """A minor who has gezag over her own child has that relation in her answer too."""
    eigen_kind = gezag("EenhoofdigOuderlijkGezag", over=ZUSJE, ouder={"burgerservicenummer": KIND, "naam": {}})
    assert find_holders(youth(gezag=[eigen_kind, gezag("Voogdij", derden=[BEKEND])])) == [
        Drager(Gezagssoort.VOOGD, ANDER)
    ]


def test_gezag_of_an_ouder_who_is_not_one_is_a_fault() -> None:
    with pytest.raises(Bronfout, match="staat niet bij de ouders"):
        find_holders(youth(gezag=[gezag("EenhoofdigOuderlijkGezag", ouder={"burgerservicenummer": ANDER})]))


def test_a_bearer_shows_no_bsn() -> None:
    assert MOEDER not in repr(MOE)
