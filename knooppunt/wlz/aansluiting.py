"""The Wlz-register and the signals as they are configured: certificates, secrets, and the webhooks of gemeenten."""

from __future__ import annotations

import ssl
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.iwlz.register import Instellingen, IwlzRegister
from adapters.iwlz.token import Inloggegevens
from adapters.notificatie.webhook import Webhook
from knooppunt.beheertaken import event_source
from knooppunt.bronsecties import WlzSectie
from knooppunt.configuratie import Configuratie, ConfiguratieFout
from knooppunt.geheim import read_secret
from knooppunt.tls import partner_context
from routing.incident import Incidentboek
from routing.kluis import Kluis
from routing.onderhoud import Taak
from routing.opslag import Opslag
from routing.poorten import Melder
from routing.register import RegisterBron
from routing.verwerkingen import Betrokkenen
from routing.wlz.clientenlijst import Clientenlijst, bestemming
from routing.wlz.registerkopie import Registerkopie
from routing.wlz.signalering import Signalering
from routing.wlz.vergelijking import Melding, Vergelijking

_UUR_MS, _DAG_MS = 3_600_000, 86_400_000


class _Webhook(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    gemeente: str = Field(pattern="^[0-9]{4}$")
    url: str = Field(pattern=r"^https://[^/@\s]+(/\S*)?$")
    token_bestand: Path | None = None
    ca: Path | None = None


class _Webhooks(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    webhook: tuple[_Webhook, ...] = ()


def open_register(sectie: WlzSectie) -> IwlzRegister | None:
    """Make the connection to the register; None when none is configured.

    Raises:
        ConfiguratieFout: a file cannot be used, or keys do not go together.
    """
    if sectie.toets_url is None and sectie.kopie_url is None:
        return None
    if sectie.token_url is None or sectie.token_client is None:
        raise ConfiguratieFout("wlz.token_url en wlz.token_client: zonder deze geeft het register geen toegang.")
    if (sectie.certificaat is None) != (sectie.sleutel is None):
        raise ConfiguratieFout("wlz.certificaat en wlz.sleutel: geef beide of geen van beide.")
    bestand = sectie.token_geheim_bestand
    geheim = None if bestand is None else read_secret("wlz.token_geheim_bestand", bestand)
    instellingen = Instellingen(
        sectie.toets_url,
        sectie.kopie_url,
        Inloggegevens(sectie.token_url, sectie.token_client, sectie.token_scope, geheim),
        antwoord_s=sectie.antwoord_seconden,
        kopie_s=sectie.kopie_seconden,
    )
    tls = partner_context("wlz", ca=sectie.ca, certificaat=sectie.certificaat, sleutel=sectie.sleutel)
    return IwlzRegister(instellingen, tls)


def open_webhooks(sectie: WlzSectie) -> Mapping[str, Melder]:
    """Make what tells gemeenten, by bestemming.

    Raises:
        ConfiguratieFout: the file, or one that it names, cannot be used.
    """
    if sectie.webhooks is None:
        return {}
    naam = sectie.webhooks
    try:
        lijst = _Webhooks.model_validate(tomllib.loads(naam.read_text("utf-8"))).webhook
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise ConfiguratieFout(f"wlz.webhooks: {naam} is niet te lezen als TOML.") from None
    except ValidationError as fout:
        plekken = ", ".join(".".join(map(str, f["loc"])) for f in fout.errors(include_input=False))
        raise ConfiguratieFout(f"wlz.webhooks: in {naam} klopt dit niet: {plekken}.") from None
    if len({webhook.gemeente for webhook in lijst}) < len(lijst):
        raise ConfiguratieFout(f"wlz.webhooks: in {naam} staat een gemeente tweemaal.")
    return {bestemming(webhook.gemeente): _open(naam.parent, webhook) for webhook in lijst}


def _open(map_: Path, webhook: _Webhook) -> Webhook:
    sleutel = f"wlz.webhooks, gemeente {webhook.gemeente}"
    token = None if webhook.token_bestand is None else read_secret(sleutel, map_ / webhook.token_bestand)
    try:
        tls = ssl.create_default_context(cafile=None if webhook.ca is None else map_ / webhook.ca)
    except (OSError, ssl.SSLError):
        raise ConfiguratieFout(f"{sleutel}: {webhook.ca} is niet te lezen of bevat geen certificaten.") from None
    return Webhook(webhook.url, token, f"knooppunt-{webhook.gemeente}", tls)


def make_task(
    configuratie: Configuratie,
    opslag: Opslag,
    kluis: Kluis,
    register_bron: RegisterBron,
    register: IwlzRegister | None,
    *,
    webhooks: Mapping[str, Melder],
    boek: Incidentboek,
) -> tuple[Taak, ...]:
    """Make the periodic task that reads the register and tells gemeenten; none without `wlz.kopie_url`."""
    sectie = configuratie.wlz
    if register is None or sectie.kopie_url is None:
        return ()
    gemeenten = frozenset(naam.removeprefix(bestemming("")) for naam in webhooks)
    melding = Melding(event_source(configuratie), gemeenten) if gemeenten else None
    kopie = Registerkopie(kluis)
    signalering = Signalering(
        opslag,
        kopie,
        register,
        Vergelijking(kopie, Clientenlijst(kluis), Betrokkenen(kluis), melding),
        register_bron.current,
        zorgkantoren=sectie.zorgkantoren,
        elke_ms=round(sectie.kopie_uren * _UUR_MS),
        bewaar_ms=round(sectie.signaal_dagen * _DAG_MS),
        boek=boek,
    )
    return (Taak("wlz-signalen", sectie.kijk_seconden, signalering.turn),)
