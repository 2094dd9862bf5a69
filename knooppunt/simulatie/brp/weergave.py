"""A test person as the APIs show it: everything the simulator knows, before fields are chosen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from istandaarden.gemeenten import gemeentenaam
from knooppunt.simulatie.brp.personen import Plek, Testpersoon

RNI: Final = "1999"
_MAANDEN: Final = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)
_FUNCTIES: Final = {"W": "woonadres", "B": "briefadres"}
_GESLACHTEN: Final = {"M": "man", "V": "vrouw", "O": "onbekend"}
_OPSCHORTING: Final = {
    "E": "emigratie",
    "F": "fout",
    "M": "ministerieel besluit",
    "O": "overlijden",
    "R": "pl is aangelegd in de rni",
    "W": "wissen",
}
_NIET_OP_ADRES: Final = "089999"
_VOLWASSEN: Final = 18


def show_date(datum: str) -> dict[str, Any]:
    """Write a date of LO3 (JJJJMMDD, zeros for what is unknown) in one of its four forms."""
    jaar, maand, dag = int(datum[:4]), int(datum[4:6]), int(datum[6:])
    if not jaar:
        return {"type": "DatumOnbekend", "onbekend": True, "langFormaat": "onbekend"}
    if not maand:
        return {"type": "JaarDatum", "jaar": jaar, "langFormaat": str(jaar)}
    if not dag:
        return {
            "type": "JaarMaandDatum",
            "jaar": jaar,
            "maand": maand,
            "langFormaat": f"{_MAANDEN[maand - 1]} {jaar}",
        }
    iso = date(jaar, maand, dag).isoformat()
    return {"type": "Datum", "datum": iso, "langFormaat": f"{dag} {_MAANDEN[maand - 1]} {jaar}"}


def show_person(persoon: Testpersoon, vandaag: date) -> dict[str, Any]:
    """Write a person for the Personen API."""
    plek = persoon.plekken[-1]
    uit: dict[str, Any] = {
        "burgerservicenummer": persoon.bsn,
        "geboorte": {"datum": show_date(persoon.geboortedatum)},
        "gemeenteVanInschrijving": _gemeente(plek.gemeente),
        "datumInschrijvingInGemeente": show_date(persoon.inschrijving),
        "verblijfplaats": _present_place(plek),
        "ouders": [_parent(o.aanduiding, o.bsn, o.geslacht, persoon) for o in persoon.ouders],
        "gezag": list(_gezag(persoon, vandaag)),
    }
    naam = {
        "voornamen": persoon.voornamen,
        "voorvoegsel": persoon.voorvoegsel,
        "geslachtsnaam": persoon.geslachtsnaam,
    }
    uit["naam"] = {deel: waarde for deel, waarde in naam.items() if waarde}
    if (leeftijd := _age(persoon, vandaag)) is not None and persoon.opschorting != "O":
        uit["leeftijd"] = leeftijd
    return uit | _always(persoon)


def show_history(persoon: Testpersoon, van: date, tot: date) -> dict[str, Any]:
    """Write the places in a period (`tot` not included), newest first, for the historie API."""
    delen = [_past_place(plek) for plek in reversed(persoon.plekken) if _overlaps(plek, van, tot)]
    return {"verblijfplaatsen": delen} | _always(persoon)


def _always(persoon: Testpersoon) -> dict[str, Any]:
    uit: dict[str, Any] = {}
    if persoon.geheim:
        uit["geheimhoudingPersoonsgegevens"] = True
    if persoon.opschorting:
        reden = {"code": persoon.opschorting, "omschrijving": _OPSCHORTING[persoon.opschorting]}
        uit["opschortingBijhouding"] = {"reden": reden}
    return uit


def _gemeente(code: str) -> dict[str, Any]:
    naam = "Registratie Niet Ingezetenen (RNI)" if code == RNI else gemeentenaam(code)
    return {"code": code} | ({"omschrijving": naam} if naam else {})


def _kind(plek: Plek) -> str:
    if plek.land:
        return "VerblijfplaatsOnbekend" if plek.land == "0000" else "VerblijfplaatsBuitenland"
    return "VerblijfplaatsOnbekend" if plek.gemeente == RNI else "Adres"


def _address(plek: Plek) -> dict[str, Any]:
    if _kind(plek) == "VerblijfplaatsBuitenland":
        return {"verblijfadres": {"land": {"code": plek.land}}}
    if _kind(plek) == "VerblijfplaatsOnbekend":
        return {}
    adres: dict[str, Any] = {"postcode": plek.postcode} if plek.postcode else {}
    if plek.huisnummer:
        adres["huisnummer"] = int(plek.huisnummer)
    functie = {"code": plek.functie, "omschrijving": _FUNCTIES[plek.functie]}
    return {"functieAdres": functie} | ({"verblijfadres": adres} if adres else {})


def _under_investigation(plek: Plek) -> dict[str, Any]:
    if not plek.onderzoek or plek.onderzoek == _NIET_OP_ADRES:
        return {}
    delen = {"type": True, "datumVan": True}
    sinds = {"datumIngangOnderzoek": show_date(plek.onderzoek_vanaf)} if plek.onderzoek_vanaf else {}
    return {"inOnderzoek": delen | sinds}


def _present_place(plek: Plek) -> dict[str, Any]:
    uit = {"type": _kind(plek), "datumVan": show_date(plek.van)} | _address(plek) | _under_investigation(plek)
    if plek.onderzoek == _NIET_OP_ADRES and _kind(plek) == "Adres":
        uit["indicatieVastgesteldVerblijftNietOpAdres"] = True
        if plek.onderzoek_vanaf:
            uit["inOnderzoek"] = {"datumIngangOnderzoek": show_date(plek.onderzoek_vanaf)}
    return uit


def _past_place(plek: Plek) -> dict[str, Any]:
    uit = {
        "type": _kind(plek),
        "gemeenteVanInschrijving": _gemeente(plek.gemeente),
        "datumVan": show_date(plek.van),
    }
    uit |= _address(plek) | _under_investigation(plek)
    if plek.tot:
        uit["datumTot"] = show_date(plek.tot)
    if plek.onderzoek == _NIET_OP_ADRES and _kind(plek) == "Adres":
        uit["verblijftNietOpAdresVanaf"] = show_date(plek.onderzoek_vanaf or "00000000")
    return uit


def _overlaps(plek: Plek, van: date, tot: date) -> bool:
    """Say whether a place may fall in a period; what is unknown in a date is read as widely as it can be."""
    jaar, maand, dag = plek.tot[:4], plek.tot[4:6], plek.tot[6:]
    eind = f"{jaar}{'99' if maand == '00' else maand}{'99' if dag == '00' else dag}"
    if plek.tot in {"", "00000000"}:
        eind = "99991231"
    return plek.van < f"{tot:%Y%m%d}" and f"{van:%Y%m%d}" < eind


def _age(persoon: Testpersoon, vandaag: date) -> int | None:
    jaar, maanddag = int(persoon.geboortedatum[:4]), persoon.geboortedatum[4:]
    if maanddag.endswith("00"):
        return None
    return max(0, vandaag.year - jaar - (vandaag.strftime("%m%d") < maanddag))


def _parent(aanduiding: str, bsn: str, geslacht: str, kind: Testpersoon) -> dict[str, Any]:
    uit: dict[str, Any] = {
        "ouderAanduiding": aanduiding,
        "datumIngangFamilierechtelijkeBetrekking": show_date(kind.geboortedatum),
    }
    if bsn:
        uit["burgerservicenummer"] = bsn
    if geslacht:
        uit["geslacht"] = {"code": geslacht, "omschrijving": _GESLACHTEN[geslacht]}
    return uit


def _gezag(persoon: Testpersoon, vandaag: date) -> Iterator[dict[str, Any]]:
    """Give the gezag over a minor, from the code of LO3 (11.32.10) and else from who the parents are."""
    leeftijd = _age(persoon, vandaag)
    if leeftijd is None or leeftijd >= _VOLWASSEN or persoon.opschorting:
        return
    bekend = {o.aanduiding: {"burgerservicenummer": o.bsn, "naam": {}} for o in persoon.ouders if o.bsn}
    basis = {"minderjarige": {"burgerservicenummer": persoon.bsn}}
    code = persoon.gezag or "".join(bekend)
    ouders = [bekend[nummer] for nummer in code if nummer in bekend]
    if code == "12" and len(ouders) == 2:
        yield basis | {"type": "GezamenlijkOuderlijkGezag", "ouders": ouders}
    elif code in {"1", "2"} and ouders:
        yield basis | {"type": "EenhoofdigOuderlijkGezag", "ouder": ouders[0]}
    elif code in {"1D", "2D"} and ouders:
        yield basis | {"type": "GezamenlijkGezag", "ouder": ouders[0], "derde": {"type": "OnbekendeDerde"}}
    elif code == "D":
        yield basis | {"type": "Voogdij", "derden": []}
    else:
        yield basis | {
            "type": "GezagNietTeBepalen",
            "toelichting": "Het gezag is uit deze testgegevens niet af te leiden.",
        }
