"""What went wrong with a question to the BRP, in our faults; nothing of what the other side wrote is quoted.

Only codes and field names of its problem+json are taken over, and only when no digit is in them that could be part of
a BSN.
"""

from __future__ import annotations

import re
import ssl

import aiohttp
from pydantic import ValidationError

from adapters.brp.vorm import Vorm
from routing.woonplaats.feitenbron import Bronfout, Bronfoutsoort

_NAAM = re.compile(r"[A-Za-z_.]{1,80}")
_DATUMS = frozenset({"peildatum", "datumVan", "datumTot"})
_VOLGNUMMER = re.compile(r"[.\[]\d{1,3}\]?")


class _OngeldigeParameter(Vorm):
    name: str = ""
    code: str = ""


class Probleem(Vorm):
    """The problem+json of both APIs (RFC 7807 with `code` and `invalidParams`)."""

    code: str = ""
    invalid_params: tuple[_OngeldigeParameter, ...] = ()


def read_problem(inhoud: bytes) -> Probleem:
    """Read a problem; an empty one when it is none."""
    try:
        return Probleem.model_validate_json(inhoud)
    except ValidationError:
        return Probleem()


def judge(status: int, probleem: Probleem, opnieuw_na: float | None = None) -> Bronfout:
    """Say what an answer other than 200 means."""
    code = f", {probleem.code}" if _NAAM.fullmatch(probleem.code) else ""
    waar = f"HTTP {status}{code}"
    if status in {401, 403}:
        velden = _fields(probleem)
        return Bronfout(
            Bronfoutsoort.NIET_GEAUTORISEERD,
            f"De BRP staat deze vraag niet toe ({waar}){velden}. Controleer het certificaat, de sleutel of het token, "
            "en of de autorisatie deze gegevens omvat.",
        )
    if status == 400 and any(p.name.startswith("burgerservicenummer") for p in probleem.invalid_params):
        return Bronfout(Bronfoutsoort.ONGELDIG_BSN, f"De BRP neemt dit BSN niet aan ({waar}).")
    if status == 400 and probleem.invalid_params and all(p.name in _DATUMS for p in probleem.invalid_params):
        return Bronfout(Bronfoutsoort.ONGELDIGE_DATUM, f"De BRP neemt deze datum niet aan ({waar}){_fields(probleem)}.")
    if status == 429:
        wachten = f" Zij vraagt {opnieuw_na:.0f} seconden te wachten." if opnieuw_na is not None else ""
        return Bronfout(
            Bronfoutsoort.TE_VEEL, f"De BRP krijgt te veel vragen van ons ({waar}).{wachten}", opnieuw_na=opnieuw_na
        )
    if status == 503:
        return Bronfout(Bronfoutsoort.ONBEREIKBAAR, f"De BRP is tijdelijk niet beschikbaar ({waar}).", opnieuw_na)
    if status >= 500:
        return Bronfout(Bronfoutsoort.STORING, f"De BRP kan niet antwoorden door een storing ({waar}).")
    if status >= 400:
        return Bronfout(
            Bronfoutsoort.VERZOEK_GEWEIGERD,
            f"De BRP weigert de vraag zoals het knooppunt haar stelt ({waar}){_fields(probleem)}. Controleer het adres "
            "en de versie van de API.",
        )
    melding = f"De BRP antwoordde met HTTP {status}; dat hoort niet bij deze API. Controleer het adres."
    return Bronfout(Bronfoutsoort.ONBRUIKBAAR, melding, geheel=True)


def _fields(probleem: Probleem) -> str:
    namen = dict.fromkeys(_VOLGNUMMER.sub("", p.name) for p in probleem.invalid_params[:10])
    bekend = [naam for naam in namen if _NAAM.fullmatch(naam)]
    return f"; het gaat om {', '.join(bekend)}" if bekend else ""


def unusable(wat: str, *, geheel: bool = False) -> Bronfout:
    """Make the fault for an answer that cannot be used; `wat` says what is wrong, without a value out of it."""
    raad = " Controleer het adres en de versie van de API." if geheel else ""
    melding = f"Het antwoord van de BRP is niet te gebruiken: {wat}.{raad}"
    return Bronfout(Bronfoutsoort.ONBRUIKBAAR, melding, geheel=geheel)


def describe(fout: ValidationError) -> Bronfout:
    """Make the fault for an answer that is not as described, with the place of the first deviation."""
    eerste = fout.errors(include_url=False, include_input=False, include_context=False)[0]
    if eerste["type"] == "json_invalid":
        return unusable("het is geen geldige JSON", geheel=True)
    plaats = ".".join(str(deel) for deel in eerste["loc"])
    in_een_deel = any(isinstance(deel, int) for deel in eerste["loc"])
    waar = f"{fout.error_count()} afwijking(en) van de beschrijving, de eerste bij {plaats or 'het geheel'}"
    return unusable(waar, geheel=not in_een_deel)


def connection_fault(fout: Exception) -> Bronfout:
    """Make the fault for a connection that failed."""
    if isinstance(fout, TimeoutError):
        return Bronfout(Bronfoutsoort.ONBEREIKBAAR, "De BRP antwoordde niet binnen de tijd.")
    if isinstance(fout, aiohttp.ClientSSLError | ssl.SSLError) or isinstance(fout.__cause__, ssl.SSLError):
        return Bronfout(
            Bronfoutsoort.CERTIFICAAT,
            "Het certificaat van de BRP deugt niet, of de BRP neemt het onze niet aan; er is niets gevraagd. "
            "Controleer of beide nog geldig zijn.",
        )
    if isinstance(fout, aiohttp.ClientResponseError):
        return unusable("het is geen geldig HTTP", geheel=True)
    if isinstance(fout.__cause__, ConnectionResetError) or isinstance(fout, aiohttp.ServerDisconnectedError):
        # TLS 1.3: who refuses our certificate does so after the handshake, and often all we see is this.
        return Bronfout(
            Bronfoutsoort.ONBEREIKBAAR,
            "De BRP verbreekt de verbinding. Blijft dat zo, controleer dan of zij ons certificaat aanneemt.",
        )
    return Bronfout(Bronfoutsoort.ONBEREIKBAAR, f"Geen verbinding met de BRP ({type(fout).__name__}).")
