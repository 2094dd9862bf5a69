"""The decision with facts from a register: no more is asked than it needs, and the register goes before the asker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from routing.woonplaats.besluit import Regel, Zekerheid
from routing.woonplaats.feiten import (
    Adresperiode,
    Adressoort,
    Feiten,
    Gezagsdrager,
    Gezagssoort,
    Verblijf,
    Verblijfsoort,
)
from routing.woonplaats.feitenbron import (
    Bronfout,
    Bronfoutsoort,
    Feit,
    Feitenvraag,
    Reden,
    Registerfeiten,
    Voorbehoud,
)
from routing.woonplaats.opvragen import Opgave, determine_with

_DAG = date(2024, 3, 1)
_BSN, _MOEDER = "999990019", "999990032"
_WOONADRES = Adresperiode(Adressoort.WOONADRES, "0344", date(2020, 1, 1))


class Bron:
    """A register that knows what it is given, and keeps what it was asked."""

    def __init__(self, *antwoorden: Registerfeiten | Bronfout) -> None:
        self.antwoorden = list(antwoorden)
        self.vragen: list[Sequence[Feitenvraag]] = []

    async def fetch(self, vragen: Sequence[Feitenvraag]) -> list[Registerfeiten | Bronfout]:
        self.vragen.append(vragen)
        return [self.antwoorden.pop(0) for _ in vragen]

    async def close(self) -> None:
        raise AssertionError


def _opgave(**feiten: object) -> Opgave:
    return Opgave(_BSN, replace(Feiten(_DAG), **feiten))  # type: ignore[arg-type]


def _found(**feiten: object) -> Registerfeiten:
    return Registerfeiten(replace(Feiten(_DAG, geboortedatum=date(2010, 5, 1)), **feiten))  # type: ignore[arg-type]


async def test_an_address_is_enough_and_nothing_else_is_asked() -> None:
    bron = Bron(_found(brp=(_WOONADRES,)))
    (uit,) = await determine_with(bron, [_opgave()])
    assert (uit.bepaling.gemeente, uit.bepaling.regel, uit.bepaling.zekerheid) == ("0344", Regel.N1, Zekerheid.VAST)
    assert [[v.nodig for v in vragen] for vragen in bron.vragen] == [[{Feit.ADRES}]]


async def test_of_a_stay_the_day_before_it_is_asked() -> None:
    bron = Bron(_found(brp=(_WOONADRES,)))
    verblijf = (Verblijf(Verblijfsoort.PLEEGOUDER, date(2023, 6, 5)),)
    (uit,) = await determine_with(bron, [_opgave(verblijf=verblijf)])
    assert (uit.bepaling.regel, bron.vragen[0][0].vanaf) == (Regel.N2, date(2023, 6, 4))


async def test_the_mother_is_asked_only_when_the_address_leads_to_her() -> None:
    brief = Adresperiode(Adressoort.BRIEFADRES, "0363", date(2020, 1, 1))
    moeder = replace(_found(moeder_gemeente_bij_geboorte="0109"), geraadpleegd=frozenset({_MOEDER}))
    bron = Bron(_found(brp=(brief,)), moeder)
    (uit,) = await determine_with(bron, [_opgave()])
    assert (uit.bepaling.gemeente, uit.bepaling.regel, uit.geraadpleegd) == ("0109", Regel.N3A, {_MOEDER})
    assert [v.nodig for vragen in bron.vragen for v in vragen] == [{Feit.ADRES}, {Feit.MOEDER}]


async def test_before_2022_it_asks_for_gezag_and_never_for_the_address_of_a_minor() -> None:
    dag = date(2021, 12, 31)
    gezag = (Gezagsdrager(Gezagssoort.MOEDER, "0599"),)
    bron = Bron(Registerfeiten(Feiten(dag, geboortedatum=date(2010, 5, 1), gezag=gezag)))
    (uit,) = await determine_with(bron, [Opgave(_BSN, Feiten(dag))])
    assert (uit.bepaling.gemeente, uit.bepaling.regel) == ("0599", Regel.O1)
    assert [v.nodig for vragen in bron.vragen for v in vragen] == [{Feit.GEZAG}]


async def test_gezag_of_today_makes_an_answer_about_an_earlier_day_provisional() -> None:
    dag = date(2021, 6, 1)
    gezag = (Gezagsdrager(Gezagssoort.MOEDER, "0599"),)
    feiten = Feiten(dag, geboortedatum=date(2010, 5, 1), gezag=gezag)
    bron = Bron(Registerfeiten(feiten, voorbehoud=(Voorbehoud.GEZAG_VAN_NU,)))
    (uit,) = await determine_with(bron, [Opgave(_BSN, Feiten(dag))])
    assert (uit.bepaling.gemeente, uit.bepaling.regel, uit.bepaling.zekerheid, uit.bepaling.ontbrekend) == (
        "0599", Regel.O1, Zekerheid.VOORLOPIG, ("gezag",),
    )  # fmt: skip
    assert len(bron.vragen) == 1
    (uit,) = await determine_with(bron, [Opgave(_BSN, feiten)])  # who knows the gezag of then may state it
    assert (uit.bepaling.zekerheid, len(bron.vragen)) == (Zekerheid.VAST, 1)


async def test_without_history_a_stated_address_gives_a_provisional_answer() -> None:
    verblijf = (Verblijf(Verblijfsoort.GEZINSHUIS, date(2019, 6, 5)),)
    eerder = Adresperiode(Adressoort.WOONADRES, "0599", date(2015, 1, 1))
    antwoord = replace(_found(brp=(_WOONADRES,)), ontbrekend={Feit.ADRES: Reden.GEEN_HISTORIE})
    (uit,) = await determine_with(Bron(antwoord), [_opgave(verblijf=verblijf, brp=(eerder,))])
    assert (uit.bepaling.gemeente, uit.bepaling.zekerheid) == ("0599", Zekerheid.VOORLOPIG)
    assert uit.redenen == {Feit.ADRES: Reden.GEEN_HISTORIE}


async def test_the_register_goes_before_what_is_stated() -> None:
    bron = Bron(_found(brp=(_WOONADRES,)))
    (uit,) = await determine_with(bron, [_opgave(brp=(Adresperiode(Adressoort.WOONADRES, "0599"),))])
    assert (uit.bepaling.gemeente, uit.bepaling.zekerheid) == ("0344", Zekerheid.VAST)


async def test_without_a_register_stated_facts_are_all_there_is() -> None:
    (uit,) = await determine_with(None, [_opgave(brp=(_WOONADRES,))])
    assert (uit.bepaling.gemeente, uit.bepaling.zekerheid, uit.gevraagd) == ("0344", Zekerheid.VOORLOPIG, frozenset())
    (uit,) = await determine_with(None, [_opgave()])
    assert (uit.bepaling.gemeente, uit.bepaling.ontbrekend) == (None, ("brp",))


async def test_a_fact_that_the_register_does_not_have_is_asked_once() -> None:
    bron = Bron(replace(_found(), ontbrekend={Feit.ADRES: Reden.GEEN_PERIODE}))
    (uit,) = await determine_with(bron, [_opgave()])
    assert (uit.bepaling.gemeente, len(bron.vragen)) == (None, 1)


async def test_an_unknown_person_is_known_as_such() -> None:
    antwoord = Registerfeiten(
        Feiten(_DAG, brp=()), {Feit.MOEDER: Reden.MOEDER_ONBEKEND}, (Voorbehoud.NIET_IN_BRP,), frozenset()
    )
    (uit,) = await determine_with(Bron(antwoord, antwoord), [_opgave()])
    assert uit.unknown
    assert uit.bepaling.gemeente is None


async def test_a_fault_of_one_leaves_the_others_as_they_are() -> None:
    fout = Bronfout(Bronfoutsoort.STORING, "storing")
    bron = Bron(fout, _found(brp=(_WOONADRES,)))
    een, twee = await determine_with(bron, [_opgave(), Opgave(_MOEDER, Feiten(_DAG))])
    assert (een.fout, twee.fout, twee.bepaling.gemeente) == (fout, None, "0344")
    assert [len(vragen) for vragen in bron.vragen] == [2]
    assert _BSN not in repr(bron.vragen)
