"""Level 2: requests and their answers (315, 317, 319)."""

from __future__ import annotations

from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.regels.boek import Overtreding, klasseregel

_ZORGVERLENERS = {"02", "03", "04", "05"}
_AFGEWEZEN, _IN_ONDERZOEK = "1", "2"
_WOONPLAATSBEGINSEL = "8"


@klasseregel("CD043", "AangevraagdProduct", advies="Vul ze beide, of laat ze beide weg.")
def beschikking(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A beschikking is named by number and date."""
    nummer, datum = product.heeft("BeschikkingNummer"), product.heeft("BeschikkingIngangsdatum")
    if nummer == datum:
        return None
    weg = "BeschikkingIngangsdatum" if nummer else "BeschikkingNummer"
    return Overtreding(product, weg, f"{weg} ontbreekt.")


@klasseregel("CD066", "Verwijzer", advies="Laat de naam weg: de code zegt genoeg.")
def no_name_with_code(verwijzer: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A verwijzer with a code has no name."""
    if verwijzer.tekst("Type") not in _ZORGVERLENERS:
        return None
    return Overtreding(verwijzer, "Naam") if verwijzer.heeft("ZorgverlenerCode") and verwijzer.heeft("Naam") else None


@klasseregel("CD067", "Verwijzer", advies="Vul de zorgverlenercode, of anders de naam.")
def name_without_code(verwijzer: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A verwijzer without a code has a name."""
    if verwijzer.tekst("Type") not in _ZORGVERLENERS:
        return None
    if verwijzer.heeft("ZorgverlenerCode") or verwijzer.heeft("Naam"):
        return None
    return Overtreding(verwijzer, "Naam", "Naam en ZorgverlenerCode ontbreken beide.")


@klasseregel("CD068", "Verwijzer", advies="Laat de zorgverlenercode weg, of verbeter het type.")
def code_of_zorgverlener(verwijzer: Klasse, _bericht: Bericht) -> Overtreding | None:
    """Only who has such a code is named by it."""
    if verwijzer.heeft("ZorgverlenerCode") and verwijzer.tekst("Type") not in _ZORGVERLENERS:
        return Overtreding(verwijzer, "ZorgverlenerCode")
    return None


@klasseregel("CD085", "Antwoord", advies="Voeg de reden toe.")
def reason_for_refusal(antwoord: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A refusal says why."""
    if antwoord.tekst("VerzoekAntwoord") == _AFGEWEZEN and not antwoord.heeft("RedenAfwijzingVerzoek"):
        return Overtreding(antwoord, "RedenAfwijzingVerzoek", "RedenAfwijzingVerzoek ontbreekt.")
    return None


@klasseregel("CD086", "Antwoord", advies="Laat de reden weg, of wijs het verzoek af met antwoord 1.")
def no_reason_yet(antwoord: Klasse, _bericht: Bericht) -> Overtreding | None:
    """What is not refused has no reason for a refusal."""
    if antwoord.tekst("VerzoekAntwoord") == _IN_ONDERZOEK and antwoord.heeft("RedenAfwijzingVerzoek"):
        return Overtreding(antwoord, "RedenAfwijzingVerzoek")
    return None


@klasseregel("TR377", "Antwoord", advies="Voeg Woonplaatsbeginsel toe met de gemeente die wel verantwoordelijk is.")
def responsible_gemeente(antwoord: Klasse, _bericht: Bericht) -> Overtreding | None:
    """Who refuses on the woonplaatsbeginsel names the responsible gemeente."""
    reden = antwoord.tekst("RedenAfwijzingVerzoek")
    if reden == _WOONPLAATSBEGINSEL and not antwoord.heeft("Woonplaatsbeginsel"):
        return Overtreding(antwoord, "Woonplaatsbeginsel", "Woonplaatsbeginsel ontbreekt.")
    return None


@klasseregel("TR409", "Antwoord", advies="Laat Woonplaatsbeginsel weg, of kies reden 8.")
def no_responsible_gemeente(antwoord: Klasse, _bericht: Bericht) -> Overtreding | None:
    """Who refuses for another reason names no gemeente."""
    reden = antwoord.tekst("RedenAfwijzingVerzoek")
    if reden not in {None, _WOONPLAATSBEGINSEL} and antwoord.heeft("Woonplaatsbeginsel"):
        return Overtreding(antwoord, "Woonplaatsbeginsel")
    return None


@klasseregel("TR352", "Verzoek", advies="Noem alle lopende toewijzingen van de cliënt, of gebruik een 315.")
def something_existing(verzoek: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A request for change is about something that exists."""
    bestaand = "OngewijzigdeProducten/OngewijzigdProduct", "TeWijzigenProducten/TeWijzigenProduct"
    return None if any(verzoek.kinderen(pad) for pad in bestaand) else Overtreding(verzoek)


@klasseregel("TR353", "Verzoek", advies="Zeg wat er moet veranderen, of stuur geen verzoek.")
def something_new(verzoek: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A request for change changes something."""
    anders = "TeWijzigenProducten/TeWijzigenProduct", "NieuweProducten/NieuwProduct"
    return None if any(verzoek.kinderen(pad) for pad in anders) else Overtreding(verzoek)


@klasseregel("TR380", "NieuwProduct", advies="Kies een latere ingangsdatum.")
def new_is_later(product: Klasse, bericht: Bericht) -> Overtreding | None:
    """A new product begins after the request for it."""
    begin, nu = product.datum("GewensteIngangsdatum"), bericht.dagtekening
    return (
        Overtreding(product, "GewensteIngangsdatum") if begin is not None and nu is not None and begin <= nu else None
    )
