"""From a BSN and a day to facts, through real sockets and a simulated BRP, and on to the decision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from brppersonen import ANDER, KIND, MOEDER, VADER, ZUSJE, child, parent, persons

from adapters.brp.bron import BrpFeitenbron
from adapters.brp.velden import GEZAGSDRAGER, of_youth
from adapters.brp.velden import MOEDER as MOEDERVELDEN
from knooppunt.simulatie.brp.personen import builtin_persons
from knooppunt.simulatie.brp.server import BrpSimulator
from routing.woonplaats.bepaling import determine
from routing.woonplaats.besluit import Regel
from routing.woonplaats.feiten import Adresperiode, Adressoort, Gezagsdrager, Gezagssoort, Verblijf, Verblijfsoort
from routing.woonplaats.feitenbron import (
    Bronfout,
    Bronfoutsoort,
    Feit,
    Feitenvraag,
    Reden,
    Registerfeiten,
    Voorbehoud,
)

Simuleer = Callable[..., Awaitable[BrpSimulator]]
Maak = Callable[..., BrpFeitenbron]
DAG = date(2026, 3, 1)
ADRES, MET_MOEDER, MET_GEZAG = (frozenset({feit}) for feit in Feit)


async def een(bron: BrpFeitenbron, vraag: Feitenvraag) -> Registerfeiten:
    (uit,) = await bron.fetch([vraag])
    assert isinstance(uit, Registerfeiten), uit
    return uit


async def test_only_the_fields_of_the_fact_are_asked(simuleer: Simuleer, vraag_aan: Maak) -> None:
    brp = await simuleer(persons(child(gezag="12")))
    bron = vraag_aan(brp.url)
    for nodig in (ADRES, MET_MOEDER, MET_GEZAG):
        await een(bron, Feitenvraag(KIND, DAG, nodig))
    assert [(b.verrichting, b.velden) for b in brp.bevragingen] == [
        ("personen", of_youth(ADRES)),
        ("personen", of_youth(MET_MOEDER)),
        ("personen", MOEDERVELDEN),
        ("personen", of_youth(MET_GEZAG)),
        ("personen", GEZAGSDRAGER),
    ]
    gevraagd = {veld for b in brp.bevragingen for veld in b.velden}
    assert not any(veld.startswith(("naam", "adressering", "verblijfplaats.verblijfadres")) for veld in gevraagd)


async def test_an_address_that_holds_long_enough_needs_no_history(simuleer: Simuleer, vraag_aan: Maak) -> None:
    brp = await simuleer(persons(child()))
    uit = await een(vraag_aan(brp.url), Feitenvraag(KIND, DAG, vanaf=date(2016, 1, 1)))
    assert uit.feiten.brp == (Adresperiode(Adressoort.WOONADRES, "0344", van=date(2015, 3, 10)),)
    assert uit.feiten.geboortedatum == date(2015, 3, 10)
    assert uit.ontbrekend == {}
    assert [b.verrichting for b in brp.bevragingen] == ["personen"]


VERHUISD = child(vorige_gemeente="0599", gemeente_tot="20220201", inschrijving="20220201")
PLEEG = (Verblijf(Verblijfsoort.PLEEGOUDER, van=date(2022, 2, 1)),)


async def test_the_address_before_a_stay_comes_from_the_history(simuleer: Simuleer, vraag_aan: Maak) -> None:
    brp = await simuleer(persons(VERHUISD))
    uit = await een(vraag_aan(brp.url), Feitenvraag(KIND, date(2023, 1, 1), vanaf=date(2022, 1, 31)))
    bepaling = determine(replace(uit.feiten, verblijf=PLEEG))
    assert (bepaling.gemeente, bepaling.regel) == ("0599", Regel.N2)
    assert uit.ontbrekend == {}


async def test_without_history_the_missing_address_is_named(simuleer: Simuleer, vraag_aan: Maak) -> None:
    brp = await simuleer(persons(VERHUISD), met_historie=False)
    bron = vraag_aan(brp.url, historie=False)
    uit = await een(bron, Feitenvraag(KIND, date(2023, 1, 1), vanaf=date(2022, 1, 31)))
    assert uit.ontbrekend == {Feit.ADRES: Reden.GEEN_HISTORIE}
    bepaling = determine(replace(uit.feiten, verblijf=PLEEG))
    assert bepaling.gemeente is None
    assert bepaling.ontbrekend == ("brp",)
    zonder_verblijf = determine(uit.feiten)
    assert (zonder_verblijf.gemeente, zonder_verblijf.regel) == ("0344", Regel.N1)


@pytest.mark.parametrize(
    ("anders", "regel"),
    [
        ({"functieAdres": "B"}, Regel.N3A),
        ({"inOnderzoek": "089999", "inOnderzoekVanaf": "20250101"}, Regel.N3A),
        ({"inOnderzoek": "089999"}, Regel.N3A),
        ({"inOnderzoek": "080000"}, Regel.HANDMATIG),
        ({"landVertrek": "6024", "gemeente": "1999"}, Regel.HANDMATIG),
        ({"geheim": "7"}, Regel.N1),
    ],
)
async def test_what_the_brp_says_of_an_address_leads_to_its_rule(
    simuleer: Simuleer, vraag_aan: Maak, anders: dict[str, str], regel: Regel
) -> None:
    brp = await simuleer(persons(child(moeder_gemeente_bij_geboorte="0109", **anders)))
    vraag = Feitenvraag(KIND, date(2026, 3, 4), ADRES | MET_MOEDER)
    uit = await een(vraag_aan(brp.url), vraag)
    assert uit.feiten.geheim is ("geheim" in anders)
    bepaling = determine(uit.feiten)
    assert bepaling.regel is regel
    if regel is Regel.N3A:
        assert bepaling.gemeente == "0109"


async def test_a_later_note_does_not_change_the_past(simuleer: Simuleer, vraag_aan: Maak) -> None:
    brp = await simuleer(persons(child(inOnderzoek="089999", inOnderzoekVanaf="20250101")))
    uit = await een(vraag_aan(brp.url), Feitenvraag(KIND, date(2023, 1, 1)))
    assert determine(uit.feiten).regel is Regel.N1


@pytest.mark.parametrize(
    ("moeder", "gemeente", "reden"),
    [
        (parent(MOEDER, gemeente="0363", inschrijving="20100101"), "0363", None),
        (parent(MOEDER, vorige_gemeente="0109", gemeente_tot="20160101", inschrijving="20160101"), "0109", None),
        (parent(MOEDER, gemeente="1999", landVertrek="6024", inschrijving="20100101"), "1999", None),
        (
            parent(MOEDER, gemeente="0363", inschrijving="20150000", vorige_gemeente="0109"),
            None,
            Reden.DATUM_ONVOLLEDIG,
        ),
        (parent(MOEDER, inschrijving="20200101"), None, Reden.GEEN_PERIODE),
        (parent(MOEDER, opschorting="F"), None, Reden.AFGEVOERD),
        (parent(MOEDER, opschorting="O", gemeente="0363"), "0363", None),
    ],
)
async def test_where_the_mother_was_registered_at_birth(
    simuleer: Simuleer, vraag_aan: Maak, moeder: dict[str, str], gemeente: str | None, reden: Reden | None
) -> None:
    brp = await simuleer(persons(child(), moeder))
    uit = await een(vraag_aan(brp.url), Feitenvraag(KIND, DAG, MET_MOEDER))
    assert uit.feiten.moeder_gemeente_bij_geboorte == gemeente
    assert uit.ontbrekend == ({Feit.MOEDER: reden} if reden else {})
    assert uit.feiten.brp is None


@pytest.mark.parametrize(
    ("anders", "gemeente", "reden"),
    [
        ({"ouder1": "", "ouder1Geslacht": ""}, None, Reden.MOEDER_ONBEKEND),
        ({"ouder1": ""}, None, Reden.MOEDER_ONBEKEND),
        ({"ouder2Geslacht": "V"}, None, Reden.MEER_MOEDERS),
        ({"ouder2": ANDER, "ouder2Geslacht": "V"}, "0363", None),
        ({"geboortedatum": "20150000"}, None, Reden.GEBOORTEDATUM_ONVOLLEDIG),
    ],
)
async def test_who_was_the_mother(
    simuleer: Simuleer, vraag_aan: Maak, anders: dict[str, str], gemeente: str | None, reden: Reden | None
) -> None:
    ouders = parent(MOEDER, gemeente="0363"), parent(VADER, gemeente="0599"), parent(ANDER, gemeente="0363")
    brp = await simuleer(persons(child(**anders), *ouders))
    uit = await een(vraag_aan(brp.url), Feitenvraag(KIND, DAG, MET_MOEDER))
    assert uit.feiten.moeder_gemeente_bij_geboorte == gemeente
    assert uit.ontbrekend == ({Feit.MOEDER: reden} if reden else {})


OUD = date(2021, 12, 1)


@pytest.mark.parametrize(
    ("anders", "gezag"),
    [
        ({"gezag": "1"}, (Gezagsdrager(Gezagssoort.MOEDER, "0363"),)),
        ({"gezag": "2"}, (Gezagsdrager(Gezagssoort.VADER, "0599"),)),
        ({"gezag": "12"}, (Gezagsdrager(Gezagssoort.MOEDER, "0363"), Gezagsdrager(Gezagssoort.VADER, "0599"))),
        (
            {"gezag": "12", "ouder2Geslacht": "V"},
            (Gezagsdrager(Gezagssoort.OUDER1, "0363"), Gezagsdrager(Gezagssoort.OUDER2, "0599")),
        ),
        ({"gezag": "1D"}, (Gezagsdrager(Gezagssoort.MOEDER, "0363"), Gezagsdrager(Gezagssoort.VOOGD))),
        ({"gezag": "D"}, (Gezagsdrager(Gezagssoort.VOOGD),)),
        ({"gezag": "C"}, (Gezagsdrager(Gezagssoort.ONBEKEND),)),
    ],
)
async def test_who_has_gezag_and_where_he_lived(
    simuleer: Simuleer, vraag_aan: Maak, anders: dict[str, str], gezag: tuple[Gezagsdrager, ...]
) -> None:
    moeder = parent(MOEDER, gemeente="0344", inschrijving="20230101", vorige_gemeente="0363")
    brp = await simuleer(persons(child(**anders), moeder, parent(VADER, gemeente="0599")))
    uit = await een(vraag_aan(brp.url), Feitenvraag(KIND, OUD, MET_GEZAG))
    assert uit.feiten.gezag == gezag
    assert uit.voorbehoud == (Voorbehoud.GEZAG_VAN_NU,)
    onbekend = any(d.gemeente is None and d.wie is Gezagssoort.VOOGD for d in gezag)
    assert uit.ontbrekend == ({Feit.GEZAG: Reden.NIET_GEVONDEN} if onbekend else {})


@pytest.mark.parametrize(
    ("moeder", "drager", "reden"),
    [
        (parent(MOEDER, gemeente="1999", landVertrek="6024"), Gezagsdrager(Gezagssoort.MOEDER, buitenland=True), None),
        (parent(MOEDER, functieAdres="B"), Gezagsdrager(Gezagssoort.MOEDER), Reden.WOONPLAATS_ONBEKEND),
        (parent(MOEDER, inOnderzoek="080000"), Gezagsdrager(Gezagssoort.MOEDER), Reden.IN_ONDERZOEK),
        (parent(MOEDER, opschorting="W"), Gezagsdrager(Gezagssoort.MOEDER), Reden.AFGEVOERD),
    ],
)
async def test_where_who_has_gezag_does_not_live(
    simuleer: Simuleer, vraag_aan: Maak, moeder: dict[str, str], drager: Gezagsdrager, reden: Reden | None
) -> None:
    brp = await simuleer(persons(child(gezag="1"), moeder))
    uit = await een(vraag_aan(brp.url), Feitenvraag(KIND, OUD, MET_GEZAG))
    assert uit.feiten.gezag == (drager,)
    assert uit.ontbrekend == ({Feit.GEZAG: reden} if reden else {})


async def test_an_adult_has_nobody_with_gezag(simuleer: Simuleer, vraag_aan: Maak) -> None:
    brp = await simuleer(persons(child(geboortedatum="20040101", gezag="1")))
    uit = await een(vraag_aan(brp.url), Feitenvraag(KIND, OUD, MET_GEZAG))
    assert uit.feiten.gezag is None
    assert uit.ontbrekend == {Feit.GEZAG: Reden.GEEN_GEZAG}


async def test_a_bsn_that_is_not_in_the_brp_is_said_to_be(simuleer: Simuleer, vraag_aan: Maak) -> None:
    brp = await simuleer(persons(child()))
    uit = await een(vraag_aan(brp.url), Feitenvraag(ZUSJE, DAG, frozenset(Feit)))
    assert uit.feiten.brp == ()
    assert uit.voorbehoud == (Voorbehoud.NIET_IN_BRP,)
    assert set(uit.ontbrekend) == {Feit.MOEDER, Feit.GEZAG}


@pytest.mark.parametrize(
    ("opschorting", "voorbehoud", "ontbrekend"),
    [("O", (Voorbehoud.OVERLEDEN,), {}), ("F", (), {Feit.ADRES: Reden.AFGEVOERD})],
)
async def test_a_list_that_is_not_kept_up(
    simuleer: Simuleer,
    vraag_aan: Maak,
    opschorting: str,
    voorbehoud: tuple[Voorbehoud, ...],
    ontbrekend: dict[Feit, Reden],
) -> None:
    brp = await simuleer(persons(child(opschorting=opschorting)))
    uit = await een(vraag_aan(brp.url), Feitenvraag(KIND, DAG))
    assert (uit.voorbehoud, uit.ontbrekend) == (voorbehoud, ontbrekend)
    assert (uit.feiten.brp is None) is (opschorting == "F")


async def test_a_batch_goes_in_twenties_and_keeps_its_order(simuleer: Simuleer, vraag_aan: Maak) -> None:
    personen = builtin_persons()
    brp = await simuleer(personen)
    bsns = [*sorted(personen)[:45], "123456789", "x", "000000000", min(personen)]
    uit = await vraag_aan(brp.url).fetch([Feitenvraag(bsn, date(2026, 3, 4)) for bsn in bsns])
    assert sorted(len(b.bsns) for b in brp.bevragingen if b.verrichting == "personen") == [5, 20, 20]
    soorten = [u.soort for u in uit if isinstance(u, Bronfout)]
    assert soorten == [Bronfoutsoort.ONGELDIG_BSN] * 3
    assert uit[0] == uit[-1]
    for bsn, antwoord in zip(bsns[:45], uit, strict=False):
        assert isinstance(antwoord, Registerfeiten)
        plek = personen[bsn].plekken[-1]
        assert antwoord.feiten.brp
        assert antwoord.feiten.brp[0].gemeente == (None if plek.gemeente == "1999" else plek.gemeente)


async def test_one_person_that_cannot_be_read_does_not_spoil_the_others(
    simuleer: Simuleer, vraag_aan: Maak, monkeypatch: pytest.MonkeyPatch
) -> None:
    from knooppunt.simulatie.brp import server

    echt = server.show_person

    def vervalst(persoon: Any, vandaag: date) -> dict[str, Any]:
        uit = echt(persoon, vandaag)
        return uit | ({"verblijfplaats": {"type": "Maan"}} if persoon.bsn == ZUSJE else {})

    monkeypatch.setattr(server, "show_person", vervalst)
    brp = await simuleer(persons(child(), child(ZUSJE)))
    goed, fout = await vraag_aan(brp.url).fetch([Feitenvraag(KIND, DAG), Feitenvraag(ZUSJE, DAG)])
    assert isinstance(goed, Registerfeiten)
    assert isinstance(fout, Bronfout)
    assert (fout.soort, fout.of_one) == (Bronfoutsoort.ONBRUIKBAAR, True)
    assert "verblijfplaats" in str(fout)


async def test_neither_question_nor_facts_show_a_bsn() -> None:
    assert KIND not in repr(Feitenvraag(KIND, DAG))
