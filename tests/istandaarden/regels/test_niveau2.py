"""Level 2 by hand: where each rule begins and ends, and where iWmo and iJw differ.

Written from the statements of the rules and the official check, not from the functions.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from typing import Any

import pytest

Maker = Callable[..., Any]
_CONTACT = "Client/Contactgegevens/Contact"
_TOEGEWEZEN = "Client/ToegewezenProducten/ToegewezenProduct"
_AANGEVRAAGD = "Client/AangevraagdeProducten/AangevraagdProduct"
_NIEUW = "Client/Verzoek/NieuweProducten/NieuwProduct"
_WIJZIG = "Client/Verzoek/TeWijzigenProducten/TeWijzigenProduct"
_PRESTATIE = "Declaratie/Clienten/Client/Prestaties/Prestatie"
_EIND_2020 = {"Ingangsdatum": date(2020, 1, 1), "Einddatum": date(2020, 12, 31)}
_BEGIN_2021 = {"Ingangsdatum": date(2020, 1, 1), "Einddatum": date(2021, 1, 1)}


def check(proef: Any, wijzigingen: dict[str, Any], codes: set[str]) -> None:
    for pad, waarde in wijzigingen.items():
        proef.set(pad, waarde)
    assert proef.codes == codes


def merge(proef: Any, pad: str, waarden: dict[str, Any]) -> None:
    proef.at(pad).update(waarden)


@pytest.mark.parametrize(
    ("wijzigingen", "codes"),
    [
        ({"Client/Bsn": "000000000"}, set()),  # passes the official check
        ({"Client/Bsn": "999900007"}, {"CS002"}),
        ({"Client/Communicatie": {"Vorm": "3"}}, set()),
        ({"Client/Communicatie": {"Vorm": "3", "Taal": "Fries"}}, {"CD007"}),
        ({"Client/Communicatie": {"Vorm": "1"}}, {"CD007"}),
        ({"Client/Communicatie": None}, set()),
        ({f"{_CONTACT}/Adres/LandCode": None}, {"CD005"}),
        ({f"{_CONTACT}/Soort": "02", f"{_CONTACT}/Adres/Postcode": None}, {"CD005"}),  # and not CS089 as well
        ({f"{_CONTACT}/Adres/LandCode": "BE", f"{_CONTACT}/Adres/Postcode": "B-1000"}, set()),
        ({f"{_CONTACT}/Adres/LandCode": "BE", f"{_CONTACT}/Adres/Huis": None}, set()),
        ({f"{_CONTACT}/Adres/Huis": None}, {"CD025"}),
        ({f"{_CONTACT}/Adres/Postcode": "0123AB"}, {"CS089"}),
        ({f"{_CONTACT}/Adres/Postcode": "1234 AB"}, {"CS089"}),
        ({f"{_CONTACT}/Adres": None}, {"CD034"}),
        ({f"{_CONTACT}/Adres": None, f"{_CONTACT}/Soort": "02"}, set()),
        ({f"{_CONTACT}/Adres": None, f"{_CONTACT}/Soort": "03"}, {"CD034"}),
        ({f"{_CONTACT}/Telefoon": None}, set()),
        (
            {f"{_CONTACT}/Telefoon": None, f"{_CONTACT}/Soort": "02", f"{_CONTACT}/Adres": {"Plaatsnaam": "X"}},
            {"TR006"},
        ),
        ({f"{_CONTACT}/Soort": "02"}, set()),
        ({f"{_CONTACT}/Periode": {}}, {"CD009"}),  # an empty period is a period
        ({f"{_CONTACT}[1]/Periode/Begindatum": None}, {"CS003"}),
        ({f"{_CONTACT}[1]/Periode": {}}, set()),
        ({f"{_CONTACT}[1]/Soort": "01", f"{_CONTACT}[1]/Periode": None}, {"TR101"}),
        ({f"{_CONTACT}[0]/Soort": "04"}, {"TR061", "TR101"}),
        ({"Client/Geboortedatum": {"Datum": "1900-01-01", "DatumGebruik": "3"}}, set()),  # unknown: no age
        ({"Client/Geboortedatum": {"Datum": "1900-01-01"}}, {"TR002"}),
        ({"Client/Geboortedatum": {"Datum": "1905-06-17"}}, set()),  # 120 on the day itself
        ({"Client/Geboortedatum": {"Datum": "1905-06-16"}}, {"TR002"}),
        ({"Client/Geboortedatum": {"Datum": "1980-03-01", "DatumGebruik": "1"}}, set()),
        ({"Client/Geboortedatum": {"Datum": "1980-03-02", "DatumGebruik": "1"}}, {"CS139"}),
        ({"Client/Geboortedatum": {"Datum": "1980-03-01", "DatumGebruik": "2"}}, {"CS139"}),
        ({"Client/Geboortedatum": {"Datum": "1980-01-01", "DatumGebruik": "2"}}, set()),
        ({"Client/Geboortedatum": {"Datum": "2025-06-17"}}, set()),
        ({"Client/Geboortedatum": {"Datum": "2025-06-18"}}, {"TR134"}),
        ({"Client/Geboortedatum": {"Datum": "12025-06-18"}}, {"TR134"}),  # a date to XML Schema
        ({"Client/Geboortedatum": {"Datum": "-0044-03-15"}}, {"TR002"}),
        ({"Client/Relaties/Relatie/Geboortedatum": {"Datum": "1900-01-01"}}, {"TR002"}),
        ({f"{_TOEGEWEZEN}/Toewijzingsdatum": "2025-06-17"}, set()),
        ({f"{_TOEGEWEZEN}/Toewijzingsdatum": "2025-06-18"}, {"TR134"}),
        ({f"{_TOEGEWEZEN}/Omvang/Eenheid": "84"}, set()),
        ({f"{_TOEGEWEZEN}/Omvang": {"Volume": 1, "Eenheid": "84", "Frequentie": "1"}}, {"CS338"}),
        ({f"{_TOEGEWEZEN}/Omvang": {"Volume": 1, "Eenheid": "04", "Frequentie": "1"}}, set()),
        ({f"{_TOEGEWEZEN}/Omvang": {"Volume": 1, "Eenheid": "04", "Frequentie": "2"}}, set()),
    ],
)
@pytest.mark.parametrize("bericht", ["WMO301", "JW301"])
def test_toewijzing(proef: Maker, bericht: str, wijzigingen: dict[str, Any], codes: set[str]):
    basis = proef(bericht)
    basis.set(f"{_TOEGEWEZEN}/Omvang/Frequentie", "4")
    check(basis, wijzigingen, codes)


@pytest.mark.parametrize(
    ("waarden", "codes"),
    [
        ({}, set()),
        ({"Omvang": None}, {"CD041"}),
        ({"Omvang": None, "Budget": 1}, {"CD041"}),
        ({"Budget": 1}, {"CD078"}),
        ({"Product": {"Categorie": "="}, "Omvang": None}, set()),
        ({"Product": {"Categorie": "="}}, {"CD080"}),
        ({"Product": {"Categorie": "="}, **_EIND_2020}, set()),
        ({"Product": {"Categorie": "="}, **_BEGIN_2021}, {"CD080"}),
        ({"Product": {"Categorie": "="}, "Budget": 1, **_EIND_2020}, {"CD077"}),
        ({"Product": {"Categorie": "="}, "Omvang": None, "Budget": 1}, set()),
        ({"Product": {"Categorie": "="}, "Omvang": None, "Budget": 1, "Einddatum": None}, {"CD075"}),
        ({"Product": None, "Omvang": None, "Budget": 1}, set()),
        ({"Product": None, "Omvang": None}, {"CD079"}),
        ({"Einddatum": None}, set()),
        ({"Einddatum": None, "Omvang": {"Volume": 1, "Eenheid": "04", "Frequentie": "2"}}, {"CD076"}),
        ({"RedenWijziging": "01"}, {"CS336"}),
        ({"RedenWijziging": "13"}, {"CS335"}),
        ({"RedenWijziging": "13", "Einddatum": None}, set()),
        ({"RedenWijziging": "13", "Ingangsdatum": "2025-01-01", "Einddatum": "2025-01-01"}, set()),
        ({"Ingangsdatum": "2025-01-01", "Einddatum": "2025-01-01"}, set()),
        ({"Ingangsdatum": "2025-01-02", "Einddatum": "2025-01-01"}, {"CS003"}),
        ({"Omvang": {"Volume": 1, "Eenheid": "14", "Frequentie": "1"}, **_EIND_2020}, set()),
        ({"Omvang": {"Volume": 1, "Eenheid": "14", "Frequentie": "1"}, **_BEGIN_2021}, {"CS338"}),
        ({"Omvang": {"Volume": 1, "Eenheid": "14", "Frequentie": "1"}, "Einddatum": None}, {"CS338"}),
    ],
)
@pytest.mark.parametrize("bericht", ["WMO301", "JW301"])
def test_one_product(proef: Maker, bericht: str, waarden: dict[str, Any], codes: set[str]):
    basis = proef(bericht, grootte=1)
    eigen = basis.at(_TOEGEWEZEN)
    merge(basis, _TOEGEWEZEN, {"Omvang": {"Volume": 1, "Eenheid": "04", "Frequentie": "4"}, "RedenWijziging": "04"})
    if (waarden.get("Product") or {}).get("Categorie") == "=":
        waarden = {**waarden, "Product": {"Categorie": eigen["Product"]["Categorie"]}}
    merge(basis, _TOEGEWEZEN, waarden)
    assert basis.codes == codes


@pytest.mark.parametrize(
    ("naam", "iwmo", "ijw"),
    [
        ({"NaamGebruik": "1"}, set(), set()),
        ({"NaamGebruik": "2"}, {"CS050"}, {"CS050"}),
        ({"NaamGebruik": "6"}, {"CS050"}, {"CS318"}),
        ({"NaamGebruik": "4", "Partnernaam": {"Achternaam": "X"}}, set(), set()),
        ({"NaamGebruik": "1", "Partnernaam": {"Achternaam": "X"}}, set(), set()),
        ({"NaamGebruik": "5", "Partnernaam": {"Achternaam": "X"}}, {"CS050"}, {"CS050"}),
    ],
)
def test_naamgebruik_differs(proef: Maker, naam: dict[str, Any], iwmo: set[str], ijw: set[str]):
    for bericht, codes in (("WMO301", iwmo), ("JW301", ijw)):
        check(proef(bericht), {"Client/Naam": {"Geslachtsnaam": {"Achternaam": "X"}, **naam}}, codes)


def test_a_relatie_may_be_an_organisation_in_ijw_only(proef: Maker):
    naam = {"Client/Relaties/Relatie/Naam": {"Geslachtsnaam": {"Achternaam": "X"}, "NaamGebruik": "6"}}
    check(proef("JW301"), naam, set())
    check(proef("WMO301"), naam, {"CS050"})


OVERLAP = {
    "301": (_TOEGEWEZEN, "Ingangsdatum", "Einddatum", "TR302"),
    "315": (_AANGEVRAAGD, "ToewijzingIngangsdatum", "ToewijzingEinddatum", "TR386"),
    "317": (_NIEUW, "GewensteIngangsdatum", "Einddatum", "TR410"),
}


@pytest.mark.parametrize("bericht", ["WMO301", "JW301", "WMO315", "JW315", "WMO317", "JW317"])
def test_overlap(proef: Maker, bericht: str):
    pad, begin, einde, code = OVERLAP[bericht[-3:]]

    def judge(een: dict[str, Any], ander: dict[str, Any]) -> set[str]:
        basis = proef(bericht)
        for nummer, waarden in enumerate((een, ander)):
            product = basis.at(f"{pad}[{nummer}]")
            product.update({begin: waarden["van"], einde: waarden.get("tot")})
            product["Product"] = waarden.get("product")
            if not (waarden.get("product") or {}).get("Code"):
                product["Omvang"] = None
                product["Budget"] = None if waarden.get("tot") is None or waarden.get("product") else 1
            else:
                product["Omvang"]["Frequentie"] = "4"
        return basis.codes  # type: ignore[no-any-return]  # of a test helper

    cat, ander = ("01", "02") if bericht.startswith("WMO") else ("40", "41")
    a, b, zonder = {"Categorie": cat, "Code": "A"}, {"Categorie": cat, "Code": "B"}, {"Categorie": cat}
    heel = {"van": "2026-01-01", "tot": "2026-12-31"}
    later = {"van": "2026-12-31", "tot": "2027-03-01"}
    na = {"van": "2027-01-01", "tot": "2027-03-01"}
    open_ = {"van": "2026-06-01"}
    assert judge({**heel, "product": a}, {**later, "product": a}) == {code}
    assert judge({**later, "product": a}, {**heel, "product": a}) == {code}
    assert judge({**heel, "product": a}, {**na, "product": a}) == set()
    assert judge({**heel, "product": a}, {**heel, "product": b}) == set()
    assert judge({**heel, "product": a}, {**heel, "product": zonder}) == {code}
    assert judge({**heel, "product": zonder}, {**heel, "product": zonder}) == {code} | (
        {"TR101"} if bericht.endswith("317") else set()
    )
    assert judge({**heel, "product": zonder}, {**heel, "product": {"Categorie": ander}}) == set()
    assert judge({**heel, "product": None}, {**heel, "product": {"Categorie": ander, "Code": "A"}}) == {code}
    assert judge({**heel, "product": a}, {**open_, "product": a}) == {code}
    assert judge({**open_, "product": a}, {**na, "product": a}) == {code}
    assert judge({**open_, "product": a}, {"van": "2026-01-01", "tot": "2026-05-31", "product": a}) == set()


@pytest.mark.parametrize("bericht", ["WMO301", "WMO315", "WMO317"])
def test_hulpmiddelen_may_overlap_in_iwmo(proef: Maker, bericht: str):
    pad, begin, einde, code = OVERLAP[bericht[-3:]]
    basis = proef(bericht)
    for nummer in (0, 1):
        basis.at(f"{pad}[{nummer}]").update({begin: "2026-01-01", einde: f"2026-12-3{nummer}"})
        basis.at(f"{pad}[{nummer}]")["Product"] = {"Categorie": "12", "Code": "A"}
    assert basis.codes - {"TR101"} == set()
    for nummer in (0, 1):
        basis.at(f"{pad}[{nummer}]")["Product"] = {"Categorie": "15", "Code": "A"}
    assert code in basis.codes


@pytest.mark.parametrize("reden", ["13", "01"])
def test_a_deleted_toewijzing_does_not_overlap(proef: Maker, reden: str):
    basis = proef("JW301")
    basis.at(f"{_TOEGEWEZEN}[1]").update(deepcopy(basis.at(f"{_TOEGEWEZEN}[0]")), ToewijzingNummer=7)
    assert basis.codes == {"TR302"}
    basis.at(f"{_TOEGEWEZEN}[1]").update(RedenWijziging=reden, Einddatum=basis.at(f"{_TOEGEWEZEN}[1]/Ingangsdatum"))
    assert basis.codes == ({"CS336"} if reden == "01" else set())


def test_keys(proef: Maker):
    def doubled(bericht: str, pad: str, **anders: Any) -> set[str]:
        basis = proef(bericht)
        lijst, _, naam = pad.rpartition("/")
        rij = basis.at(lijst)[naam]
        rij.append({**deepcopy(rij[0]), **anders})
        return basis.codes  # type: ignore[no-any-return]  # of a test helper

    assert doubled("JW305", "Client/StartProducten/StartProduct") == {"TR101"}
    assert doubled("JW305", "Client/StartProducten/StartProduct", Begindatum="2025-01-01") == set()
    assert doubled("JW305", "Client/StartProducten/StartProduct", Product=None) == set()
    assert doubled("WMO307", "Client/StopProducten/StopProduct") == {"TR101"}
    assert doubled("WMO307", "Client/StopProducten/StopProduct", RedenBeeindiging="02") == set()
    assert doubled("WMO317", _WIJZIG) == {"TR101"}
    assert doubled("WMO317", _WIJZIG, ToewijzingNummer=1) == set()
    assert doubled("JW301", "Client/Relaties/Relatie") == {"TR101"}
    assert doubled("JW323", "Declaratie/Clienten/Client") >= {"TR101"}


def test_a_missing_part_of_a_key_equals_a_missing_part(proef: Maker):
    basis = proef("WMO305")
    for nummer in (0, 1):
        product = {"Begindatum": "2025-05-01", "ToewijzingNummer": None, "Product": None}
        basis.at(f"Client/StartProducten/StartProduct[{nummer}]").update(product)
    assert basis.codes == {"TR101"}


def test_one_reference_for_two_products_or_one_product_twice(proef: Maker):
    basis = proef("WMO315")
    basis.set(f"{_AANGEVRAAGD}[1]/ReferentieAanbieder", basis.at(f"{_AANGEVRAAGD}[0]/ReferentieAanbieder"))
    assert basis.codes == {"TR383"}
    basis.set(f"{_AANGEVRAAGD}[1]/Product", basis.at(f"{_AANGEVRAAGD}[0]/Product"))
    basis.set(f"{_AANGEVRAAGD}[1]/ToewijzingIngangsdatum", "2040-01-01")
    basis.set(f"{_AANGEVRAAGD}[1]/ToewijzingEinddatum", "2040-01-31")
    assert basis.codes == {"TR101"}


@pytest.mark.parametrize("type_", ["01", "02", "03", "04", "05", "06", "08"])
def test_verwijzer(proef: Maker, type_: str):
    def codes(**verwijzer: str) -> set[str]:
        return proef("JW315").set(f"{_AANGEVRAAGD}/Verwijzer", {"Type": type_, **verwijzer}).codes  # type: ignore[no-any-return]  # of a test helper

    zorgverlener = type_ in {"02", "03", "04", "05"}
    assert codes(ZorgverlenerCode="42420001") == (set() if zorgverlener else {"CD068"})
    assert codes(Naam="X") == set()
    assert codes() == ({"CD067"} if zorgverlener else set())
    assert codes(ZorgverlenerCode="42420001", Naam="X") == ({"CD066"} if zorgverlener else {"CD068"})


@pytest.mark.parametrize(
    ("antwoord", "iwmo", "ijw"),
    [
        ({"VerzoekAntwoord": "1", "RedenAfwijzingVerzoek": "2"}, set(), set()),
        ({"VerzoekAntwoord": "1"}, {"CD085"}, {"CD085"}),
        ({"VerzoekAntwoord": "2"}, set(), set()),
        ({"VerzoekAntwoord": "2", "RedenAfwijzingVerzoek": "2"}, {"CD086"}, {"CD086"}),
        ({"VerzoekAntwoord": "1", "RedenAfwijzingVerzoek": "8"}, set(), {"TR377"}),
    ],
)
def test_antwoord(proef: Maker, antwoord: dict[str, str], iwmo: set[str], ijw: set[str]):
    for bericht, codes in (("WMO319", iwmo), ("JW319", ijw)):
        check(proef(bericht), {"Antwoord": {"ReferentieAanbieder": "R", **antwoord}}, codes)


def test_woonplaatsbeginsel_goes_with_reason_8(proef: Maker):
    basis = proef("JW319")
    assert basis.codes == set()
    assert basis.set("Antwoord/RedenAfwijzingVerzoek", "9").codes == {"TR409"}
    assert basis.set("Antwoord/RedenAfwijzingVerzoek", None).codes == {"CD085"}


@pytest.mark.parametrize(
    ("wijzigingen", "codes"),
    [
        ({"Client/Verzoek/NieuweProducten": None}, set()),
        ({"Client/Verzoek/TeWijzigenProducten": None}, set()),
        ({"Client/Verzoek/OngewijzigdeProducten": None}, set()),
        ({"Client/Verzoek/TeWijzigenProducten": None, "Client/Verzoek/OngewijzigdeProducten": None}, {"TR352"}),
        ({"Client/Verzoek/TeWijzigenProducten": None, "Client/Verzoek/NieuweProducten": None}, {"TR353"}),
        ({f"{_NIEUW}/GewensteIngangsdatum": "2025-06-18"}, set()),
        ({f"{_NIEUW}/GewensteIngangsdatum": "2025-06-17"}, {"TR380"}),
        ({f"{_WIJZIG}/GewensteIngangsdatum": "2025-06-17"}, set()),
        ({f"{_WIJZIG}/Budget": 1}, {"CD077"}),
        ({f"{_WIJZIG}/Budget": 1, f"{_WIJZIG}/Omvang": None}, set()),
        ({f"{_WIJZIG}/Budget": 1, f"{_WIJZIG}/Omvang": None, f"{_WIJZIG}/Einddatum": None}, {"CD075"}),
        ({f"{_NIEUW}/Product/Code": None}, {"CD096"}),
    ],
)
@pytest.mark.parametrize("bericht", ["WMO317", "JW317"])
def test_wijziging(proef: Maker, bericht: str, wijzigingen: dict[str, Any], codes: set[str]):
    check(proef(bericht, grootte=1), wijzigingen, codes)


@pytest.mark.parametrize(
    ("wijzigingen", "codes"),
    [
        ({"StatusAanlevering": "3"}, set()),
        ({"StatusAanlevering": "2"}, {"CS058"}),
        ({"StatusAanlevering": "9"}, {"CS058"}),
        ({"Begindatum": "2025-06-17", "Einddatum": "2025-06-17"}, set()),
        ({"Begindatum": "2025-06-17", "Einddatum": "2025-06-16"}, {"TR018"}),
        ({"Begindatum": "2025-06-18", "Einddatum": "2025-06-18"}, {"TR134"}),
    ],
)
def test_start_and_stop(proef: Maker, wijzigingen: dict[str, Any], codes: set[str]):
    stop = proef("JW307")
    merge(stop, "Client/StopProducten/StopProduct", wijzigingen)
    assert stop.codes == codes
    start = proef("WMO305")
    zonder_einde = {naam: waarde for naam, waarde in wijzigingen.items() if naam != "Einddatum"}
    merge(start, "Client/StartProducten/StartProduct", zonder_einde)
    assert start.codes == codes - {"TR018"}


_MEI = {"Begindatum": "2025-05-01", "Einddatum": "2025-05-31"}


@pytest.mark.parametrize(
    ("wijzigingen", "codes"),
    [
        ({"ProductPeriode": {"Begindatum": "2025-05-31", "Einddatum": "2025-05-31"}}, set()),
        ({"ProductPeriode": {"Begindatum": "2024-02-29", "Einddatum": "2024-02-29"}}, set()),
        ({"ProductPeriode": {"Begindatum": "2025-04-30", "Einddatum": "2025-05-31"}}, {"CS337"}),
        ({"ProductPeriode": {"Begindatum": "2024-05-01", "Einddatum": "2025-05-31"}}, {"CS337"}),
        ({"ProductPeriode": {"Begindatum": "2021-01-01", "Einddatum": "2021-01-31"}}, set()),
        ({"ProductPeriode": {"Begindatum": "2020-12-01", "Einddatum": "2020-12-31"}}, {"CS100"}),
        ({"ProductPeriode": {"Begindatum": "2020-05-01", "Einddatum": "2020-05-31"}}, {"CS100", "TR335"}),
        ({"ProductPeriode": {"Begindatum": "2025-05-31", "Einddatum": "2025-05-30"}}, {"TR137"}),
        ({"ProductPeriode": {"Begindatum": "2025-06-01", "Einddatum": "2025-06-17"}}, {"TR319"}),
        ({"ProductPeriode": {"Begindatum": "2025-06-17", "Einddatum": "2025-06-18"}}, {"TR137", "TR319"}),
        ({"ProductPeriode": {"Begindatum": "2025-06-18", "Einddatum": "2025-06-19"}}, {"TR134", "TR319"}),
        ({"Eenheid": "83", "ProductTarief": None, "GeleverdVolume": 5, "IngediendBedrag": (5, "D")}, set()),
        ({"Eenheid": "83", "ProductTarief": None, "GeleverdVolume": 6, "IngediendBedrag": (5, "D")}, {"CS339"}),
        ({"Eenheid": "83", "ProductTarief": 1, "GeleverdVolume": 5, "IngediendBedrag": (5, "D")}, {"CD087"}),
        ({"ProductTarief": None}, {"CD087"}),
        ({"IngediendBedrag": (0, "D")}, set()),
        ({"IngediendBedrag": (7, "C")}, {"CD060"}),
        ({"IngediendBedrag": (7, "C"), "ProductReferentie": ("A", "B")}, set()),
        ({"IngediendBedrag": (0, "C"), "ProductReferentie": ("A", "B")}, {"CS325"}),
        ({"ProductReferentie": ("A", "B")}, {"CD060"}),
        ({"IngediendBedrag": (7, "C"), "ProductReferentie": ("A", "A")}, {"TR316"}),
    ],
)
@pytest.mark.parametrize("bericht", ["WMO323", "JW323"])
def test_prestatie(proef: Maker, bericht: str, wijzigingen: dict[str, Any], codes: set[str]):
    basis = proef(bericht, grootte=1)
    prestatie = basis.at(_PRESTATIE)
    prestatie["IngediendBedrag"] = (5, "D")
    prestatie.update(wijzigingen)
    bedrag, richting = prestatie["IngediendBedrag"]
    prestatie["IngediendBedrag"] = {"Bedrag": bedrag, "DebetCredit": richting}
    if isinstance(prestatie["ProductReferentie"], tuple):
        eigen, vorig = prestatie["ProductReferentie"]
        prestatie["ProductReferentie"] = {"ReferentieNummer": eigen, "VorigReferentieNummer": vorig}
    totaal = {"TotaalBedrag": bedrag, "DebetCredit": richting if bedrag else "D"}
    check(basis, {"Declaratie/DeclaratiePeriode": _MEI, "Declaratie/TotaalIngediendBedrag": totaal}, codes)


@pytest.mark.parametrize(
    ("periode", "codes"),
    [
        (("2024-02-01", "2024-02-29"), {"TR319"}),
        (("2025-05-01", "2025-05-30"), {"CS340", "TR319"}),
        (("2025-05-02", "2025-05-31"), {"CS340"}),
        (("2025-04-01", "2025-05-31"), {"CS340"}),
        (("2025-05-31", "2025-05-01"), {"CS340", "TR137", "TR319"}),
    ],
)
def test_declaratieperiode(proef: Maker, periode: tuple[str, str], codes: set[str]):
    begin, einde = periode
    check(proef("JW323"), {"Declaratie/DeclaratiePeriode": {"Begindatum": begin, "Einddatum": einde}}, codes)


@pytest.mark.parametrize(
    ("dagtekening", "einde", "oud"),
    [
        ("2026-06-30", "2021-06-30", False),
        ("2026-07-01", "2021-06-30", True),
        ("2028-02-29", "2023-02-28", False),  # five years before 29 February is 28 February
        ("2028-03-01", "2023-02-28", True),
    ],
)
def test_five_years(proef: Maker, dagtekening: str, einde: str, oud: bool):  # noqa: FBT001 - the outcome
    periode = {"Begindatum": f"{einde[:7]}-01", "Einddatum": einde}
    basis = proef("WMO323", grootte=1).set("Declaratie/DeclaratieDagtekening", dagtekening)
    check(basis, {f"{_PRESTATIE}/ProductPeriode": periode}, {"TR335"} if oud else set())


def test_totals(proef: Maker):
    basis = proef("WMO323", grootte=1)
    bedrag = basis.at(f"{_PRESTATIE}/IngediendBedrag/Bedrag")
    totaal = "Declaratie/TotaalIngediendBedrag"
    check(basis, {totaal: {"TotaalBedrag": f"00{bedrag}", "DebetCredit": "D"}}, set())
    check(basis, {totaal: {"TotaalBedrag": bedrag, "DebetCredit": "C"}}, {"TR358"})
    credit = {"IngediendBedrag": {"Bedrag": bedrag, "DebetCredit": "C"}}
    merge(basis, _PRESTATIE, {**credit, "ProductReferentie": {"ReferentieNummer": "A", "VorigReferentieNummer": "B"}})
    assert basis.codes == set()
    check(
        basis, {f"{_PRESTATIE}/IngediendBedrag/Bedrag": 0, totaal: {"TotaalBedrag": 0, "DebetCredit": "C"}}, {"CS325"}
    )


def test_credits_look_over_clients(proef: Maker):
    def codes(een: tuple[str, str | None], ander: tuple[str, str | None]) -> set[str]:
        basis = proef("WMO323", grootte=30)  # two clients
        for nummer, (eigen, vorig) in enumerate((een, ander)):
            prestatie = basis.at(f"Declaratie/Clienten/Client[{nummer}]/Prestaties/Prestatie")
            prestatie["ProductReferentie"] = {"ReferentieNummer": eigen, "VorigReferentieNummer": vorig}
            prestatie["IngediendBedrag"]["DebetCredit"] = "C" if vorig else "D"
        return basis.codes - {"TR358"}  # type: ignore[no-any-return]  # of a test helper

    assert codes(("A", "X"), ("B", "Y")) == set()
    assert codes(("A", "X"), ("B", "X")) == {"TR315"}
    assert codes(("A", None), ("B", "A")) == {"TR316"}
    assert codes(("A", "B"), ("B", None)) == {"TR316"}


def test_the_same_debet_counts_per_client(proef: Maker):
    basis = proef("JW323", grootte=30)
    clienten = basis.at("Declaratie/Clienten")["Client"]
    een = clienten[0]["Prestaties"]["Prestatie"][0]
    dubbel = {**deepcopy(een), "ProductReferentie": {"ReferentieNummer": "ANDERS"}}
    clienten[1]["Prestaties"]["Prestatie"].append(dubbel)
    assert basis.codes == {"TR358"}
    clienten[0]["Prestaties"]["Prestatie"].append(dubbel)
    assert basis.codes == {"TR358", "TR416"}
    dubbel["ToewijzingNummer"] = 1
    assert basis.codes == {"TR358"}


@pytest.mark.parametrize("bericht", ["WMO325", "JW325"])
def test_declaratieantwoord(proef: Maker, bericht: str):
    def codes(**wijzigingen: Any) -> set[str]:
        basis = proef(bericht, grootte=1)
        bedrag = basis.at("DeclaratieAntwoord/Clienten/Client/Prestaties/Prestatie/IngediendBedrag/Bedrag")
        standaard = {
            "TotaalIngediendBedrag": {"TotaalBedrag": bedrag + 100, "DebetCredit": "D"},
            "TotaalToegekendBedrag": {"TotaalBedrag": 100, "DebetCredit": "D"},
        }
        merge(basis, "DeclaratieAntwoord", {**standaard, **wijzigingen})
        return basis.codes  # type: ignore[no-any-return]  # of a test helper

    nul = {"TotaalBedrag": 0, "DebetCredit": "D"}
    afgekeurd = {"RetourCode": ["9333"]}
    assert codes() == set()
    assert codes(RetourCodes={"RetourCode": ["8001"]}) == set()
    assert codes(TotaalToegekendBedrag={"TotaalBedrag": 99, "DebetCredit": "D"}) == {"TR342"}
    assert codes(TotaalToegekendBedrag={"TotaalBedrag": 100, "DebetCredit": "C"}) == {"TR342"}
    assert codes(RetourCodes=afgekeurd) == {"TR342"}
    assert codes(RetourCodes=afgekeurd, TotaalToegekendBedrag=nul) == set()
    assert codes(RetourCodes=afgekeurd, TotaalToegekendBedrag=nul, Clienten=None) == set()
    assert codes(Clienten=None, TotaalToegekendBedrag={"TotaalBedrag": 0, "DebetCredit": "C"}) == {"CS325", "TR342"}
