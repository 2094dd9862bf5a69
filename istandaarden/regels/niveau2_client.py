"""Level 2: the client, his relaties and how to reach them (301; BSN and birth date elsewhere too)."""

from __future__ import annotations

import re
from datetime import date
from operator import mul

from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.regels.boek import Overtreding, klasseregel

_POSTCODE = re.compile(r"[1-9][0-9]{3}[A-Z]{2}")
_POSTCODE_IPGB = re.compile(r"[1-9][0-9]{3}[A-Za-z]{2}")
_ONBEKENDE_DAG = date(1900, 1, 1)
_JAREN = 120
_MET_PARTNER = {"1", "2", "3", "4"}
_ZONDER_PARTNER = {"iwmo": {"1"}, "ijw": {"1", "6"}, "ipgb": {"1"}}
_GEEN_MENS = "6"
_ADRES_VEREIST = {"01", "03"}
_TIJDELIJK = "04"
_TAALTOLK = "1"
_GEWICHTEN = (9, 8, 7, 6, 5, 4, 3, 2, -1)


@klasseregel("CS002", "Client Relatie", advies="Controleer het BSN.")
def elfproef(persoon: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A BSN passes the elfproef; so does 000000000, as in the official check."""
    nummer = persoon.tekst("Bsn")
    if nummer is None or passes_elfproef(nummer):
        return None
    return Overtreding(persoon, "Bsn")


def passes_elfproef(nummer: str) -> bool:
    """Tell whether nine digits pass the elfproef of a BSN."""
    som: int = sum(map(mul, _GEWICHTEN, map(int, nummer)))
    return som % 11 == 0


@klasseregel("CD005", "Adres", advies="Vul ze beide, of laat ze beide weg.")
def postcode_and_land(adres: Klasse, _bericht: Bericht) -> Overtreding | None:
    """Postcode and LandCode come together."""
    postcode, land = adres.heeft("Postcode"), adres.heeft("LandCode")
    if postcode == land:
        return None
    weg = "LandCode" if postcode else "Postcode"
    return Overtreding(adres, weg, f"{weg} ontbreekt.")


@klasseregel("CD007", "Communicatie", advies="Vul de taal bij vorm 1, en laat hem anders weg.")
def taal(communicatie: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A language is given for an interpreter of languages only."""
    genoemd = communicatie.heeft("Taal")
    if genoemd == (communicatie.tekst("Vorm") == _TAALTOLK):
        return None
    return Overtreding(communicatie, "Taal", "" if genoemd else "Taal ontbreekt.")


@klasseregel("CD009", "Contact", advies="Laat Periode weg, of gebruik soort 04.")
def periode(contact: Klasse, _bericht: Bericht) -> Overtreding | None:
    """Only a temporary address has a period."""
    if contact.heeft("Periode") and contact.tekst("Soort") != _TIJDELIJK:
        return Overtreding(contact, "Periode")
    return None


@klasseregel("CD025", "Adres", advies="Vul het huisnummer.")
def huisnummer(adres: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A Dutch address has a house number."""
    if adres.tekst("LandCode") == "NL" and not adres.heeft("Huis/Huisnummer"):
        return Overtreding(adres, "Huis", "Huisnummer ontbreekt.")
    return None


@klasseregel("CD034", "Contact", advies="Vul de postcode met de landcode.")
def postcode_required(contact: Klasse, _bericht: Bericht) -> Overtreding | None:
    """The address of the BRP and that where someone stays have a postcode."""
    if contact.tekst("Soort") in _ADRES_VEREIST and not contact.heeft("Adres/Postcode"):
        return Overtreding(contact, "Adres", "Postcode ontbreekt.")
    return None


@klasseregel("CS089", "Adres", advies="Schrijf de postcode als 1234AB.")
def dutch_postcode(adres: Klasse, bericht: Bericht) -> Overtreding | None:
    """A Dutch postcode has the Dutch form; that there is none is for CD005. iPgb takes small letters too."""
    if adres.tekst("LandCode") != "NL":
        return None
    postcode = adres.tekst("Postcode")
    vorm = _POSTCODE_IPGB if bericht.standaard == "ipgb" else _POSTCODE
    return None if postcode is None or vorm.fullmatch(postcode) else Overtreding(adres, "Postcode")


@klasseregel("CS050", "Naam", advies="Kies een naamgebruik dat past bij de namen die er staan.")
def naamgebruik(naam: Klasse, bericht: Bericht) -> Overtreding | None:
    """The use of names fits the names; iWmo and iJw differ where there is no partner."""
    gebruik = naam.tekst("NaamGebruik")
    mag = _MET_PARTNER if naam.heeft("Partnernaam") else _ZONDER_PARTNER[bericht.standaard]
    return None if gebruik is None or gebruik in mag else Overtreding(naam, "NaamGebruik")


@klasseregel("CS318", "Naam", advies="Kies het naamgebruik van de persoon.")
def client_is_human(naam: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A client is no organisation."""
    if naam.tekst("NaamGebruik") == _GEEN_MENS and naam.ouder is not None and naam.ouder.naam == "Client":
        return Overtreding(naam, "NaamGebruik")
    return None


@klasseregel("CS139", "Geboortedatum", advies="Vul bij een onbekende dag of maand een 01, of laat DatumGebruik weg.")
def datumgebruik(geboorte: Klasse, _bericht: Bericht) -> Overtreding | None:
    """What is unknown of a birth date is filled with ones."""
    gebruik = geboorte.tekst("DatumGebruik")
    if gebruik is None:
        return None
    dag = geboorte.datum("Datum")
    if dag is None:
        return None
    klopt = {"1": dag.day == 1, "2": (dag.month, dag.day) == (1, 1), "3": dag == _ONBEKENDE_DAG}
    return None if klopt.get(gebruik, True) else Overtreding(geboorte, "Datum")


@klasseregel("TR002", "Geboortedatum", advies="Controleer de geboortedatum.")
def age(geboorte: Klasse, bericht: Bericht) -> Overtreding | None:
    """Nobody is older than 120, unless his birth date is unknown altogether."""
    dag = geboorte.datum("Datum")
    if dag is None or (dag == _ONBEKENDE_DAG and geboorte.tekst("DatumGebruik") == "3"):
        return None
    nu = bericht.dagtekening
    if nu is None or (dag.year + _JAREN, dag.month, dag.day) >= (nu.year, nu.month, nu.day):
        return None
    return Overtreding(geboorte, "Datum")


@klasseregel("TR006", "Contact", advies="Voeg een telefoonnummer toe, of het huisnummer met de postcode.")
def reachable(contact: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A contact says how to reach someone, by telephone or by post."""
    if contact.heeft("Telefoon") or (contact.heeft("Adres/Huis") and contact.heeft("Adres/Postcode")):
        return None
    return Overtreding(contact)


@klasseregel("TR061", "Contactgegevens", advies="Voeg een BRP-, correspondentie- of verblijfadres toe.")
def lasting_address(gegevens: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A client has an address that is not temporary."""
    if any(contact.tekst("Soort") in {"01", "02", "03"} for contact in gegevens.kinderen("Contact")):
        return None
    return Overtreding(gegevens)
