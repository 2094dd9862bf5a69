"""Sections of the configuration about whom the hub asks by itself: VECOZO, the BRP and the Wlz-register."""

from __future__ import annotations

from pydantic import Field

from knooppunt.sectie import Buitenadres, Codes, Pad, Sectie
from routing.wlz.oordeel import WMO_MOGELIJK


class VecozoSectie(Sectie):
    """VECOZO, for zorgaanbieder codes without an aansluiting here; the address stands in the register."""

    ophalen_seconden: float = Field(30, gt=0, description="How often is looked what waits for us at VECOZO.")
    status_seconden: float = Field(
        30,
        gt=0,
        description="How often is looked which berichten VECOZO must be asked about; each one ever less often.",
    )


class BrpSectie(Sectie):
    """The BRP, for lookups of the woonplaatsbeginsel (see `docs/koppelingen.md`)."""

    url: Buitenadres | None = Field(
        None, description="Base of the Personen API, without `/personen`; without it the BRP is not asked."
    )
    historie_url: Buitenadres | None = Field(
        None,
        description="Base of the historie API, without `/verblijfplaatshistorie`; not every gemeente offers it. "
        "Without it, addresses of the past are named as missing.",
    )
    ca: Pad | None = Field(
        None,
        description="PEM file with the authorities its certificate is trusted by; those of the machine when absent.",
    )
    certificaat: Pad | None = Field(None, description="PEM file with our certificate for the BRP (mutual TLS).")
    sleutel: Pad | None = Field(None, description="PEM file with the private key of `certificaat`.")
    api_sleutel_bestand: Pad | None = Field(None, description="File with an API key on its first line.")
    api_sleutel_kop: str = Field(
        "X-API-KEY", pattern="^[A-Za-z0-9-]+$", description="Header in which the API key is sent."
    )
    token_url: Buitenadres | None = Field(
        None, description="Server that gives OAuth 2.0 tokens (client credentials), in the place of an API key."
    )
    token_client: str | None = Field(None, pattern="^[!-9;-~]+$", description="Our client id there, without a colon.")
    token_wachtwoord_bestand: Pad | None = Field(
        None, description="File with the secret of that client on its first line."
    )
    token_scope: str | None = Field(None, min_length=1, description="Scope to ask for.")
    antwoord_seconden: float = Field(10, gt=0, description="Seconds to wait for one answer.")
    geheel_seconden: float = Field(
        30, gt=0, description="Seconds for one question with all its attempts (429, 503 and a broken connection)."
    )
    gelijktijdig: int = Field(4, ge=1, le=100, description="Questions on their way at once.")
    per_seconde: float = Field(20, gt=0, le=1000, description="Questions per second, at this node.")


class WlzSectie(Sectie):
    """The Wlz-register of the CIZ, for the toets and for signals (see `docs/wlz.md`)."""

    toets_url: Buitenadres | None = Field(
        None, description="GraphQL endpoint of Indicatieregister 1, asked about one BSN; without it there is no toets."
    )
    kopie_url: Buitenadres | None = Field(
        None,
        description="GraphQL endpoint of Indicatieregister 2, asked about a zorgkantoor; without it no signals.",
    )
    token_url: Buitenadres | None = Field(None, description="Server that gives OAuth 2.0 tokens (client credentials).")
    token_client: str | None = Field(None, min_length=1, description="Our client id there.")
    token_geheim_bestand: Pad | None = Field(
        None,
        description="File with the secret of that client on its first line; without it our certificate says enough.",
    )
    token_scope: str = Field(
        "registers/wlzindicatieregister/indicaties/indicatie:read", min_length=1, description="Scope to ask for."
    )
    ca: Pad | None = Field(
        None,
        description="PEM file with the authorities its certificate is trusted by; those of the machine when absent.",
    )
    certificaat: Pad | None = Field(None, description="PEM file with our certificate for the register (mutual TLS).")
    sleutel: Pad | None = Field(None, description="PEM file with the private key of `certificaat`.")
    antwoord_seconden: float = Field(10, gt=0, description="Seconds to wait for the answer about one BSN.")
    kopie_seconden: float = Field(300, gt=0, description="Seconds to wait for the answer about one zorgkantoor.")
    kopie_uren: float = Field(
        24,
        gt=0,
        description="Hours after which the register is read anew and compared with the lists of clients; less than one "
        "only to try out.",
    )
    kijk_seconden: float = Field(
        900, gt=0, description="Seconds between two looks whether the copy is too old, or a client new."
    )
    zorgkantoren: Codes = Field(
        tuple(str(code) for code in range(5501, 5534)),
        min_length=1,
        description="Zorgkantoren (list COD001) that together are the whole register.",
    )
    profielen_wmo: Codes = Field(
        WMO_MOGELIJK,
        description="Zorgprofielen (list COD163) with which the Wmo is still possible: the answer is `ONBEKEND` then.",
    )
    signaal_dagen: float = Field(42, ge=1, description="Days that a signal can be read.")
    webhooks: Pad | None = Field(
        None, description="TOML file with a `[[webhook]]` per gemeente that wants its signals told: see `docs/wlz.md`."
    )
