"""Configuration of a running hub: one TOML file, environment variables over it, secrets from neither TOML nor code.

The field descriptions below are the reference: `docs/configuratie.md` repeats them, and a test holds the two together.
Reading the file and wording what is wrong with it stands in `knooppunt.configuratiebestand`.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from knooppunt.bronsecties import BrpSectie, VecozoSectie, WlzSectie
from knooppunt.sectie import Pad, Poort, Sectie
from routing.ladder import LANGSTE_WACHT_MS
from routing.poorten import Uitkomstsoort
from routing.uitkomstklassen import KENMERK, KLASSEN


class ConfiguratieFout(ValueError):
    """What is wrong with the configuration: one Dutch sentence per fault, without any secret in it."""

    def __init__(self, *meldingen: str) -> None:
        self.meldingen = meldingen
        super().__init__("\n".join(meldingen))


def _from_text(waarde: object) -> object:
    """Read the table from an environment variable, which holds text."""
    if not isinstance(waarde, str):
        return waarde
    try:
        return json.loads(waarde)
    except ValueError:
        raise ValueError('is in een omgevingsvariabele een JSON-object, zoals {"http.404": "blijvend"}') from None


def _only_known(tabel: dict[str, Uitkomstsoort]) -> dict[str, Uitkomstsoort]:
    for kenmerk, klasse in tabel.items():
        if not KENMERK.fullmatch(kenmerk):
            raise ValueError(f"kent kenmerk {kenmerk!r} niet; voorbeelden: http.404, http.5xx, fout.StUF055")
        if klasse not in KLASSEN:
            raise ValueError(f"geeft {kenmerk!r} een klasse die een antwoord niet kan hebben: {klasse.value}")
    return tabel


Klassentabel = Annotated[dict[str, Uitkomstsoort], BeforeValidator(_from_text), AfterValidator(_only_known)]


class Database(Sectie):
    """Where berichten, register and afleveringen are kept."""

    url: str = Field(
        "sqlite:///knooppunt.db",
        repr=False,
        description="SQLAlchemy URL: `sqlite:///file` for one node, `postgresql://user@host/name` for more. "
        "A relative SQLite file is read from the folder of the TOML file. In the TOML the URL holds no password; "
        "in the environment variable it may.",
    )
    wachtwoord_bestand: Pad | None = Field(None, description="File with the database password on its first line.")

    @field_validator("url")
    @classmethod
    def _complete(cls, waarde: str, info: ValidationInfo) -> str:
        try:
            url = make_url(waarde)
        except ArgumentError:
            raise ValueError("is geen database-URL; voorbeeld: sqlite:///knooppunt.db") from None
        if url.get_backend_name() == "sqlite":
            if not url.database or url.database == ":memory:":
                raise ValueError("moet een bestand noemen: een SQLite-database in het geheugen bewaart niets")
            bestand = Path(url.database).expanduser()
            return url.set(
                drivername="sqlite", database=str(Path(info.context) / bestand if info.context else bestand)
            ).render_as_string(hide_password=False)
        if url.get_backend_name() == "postgresql":
            return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        raise ValueError("moet met sqlite:// of postgresql:// beginnen")

    def full_url(self) -> str:
        """The SQLAlchemy URL with the password from `wachtwoord_bestand`.

        Raises:
            ConfiguratieFout: the password file cannot be read or is empty.
        """
        if self.wachtwoord_bestand is None:
            return self.url
        try:
            wachtwoord = self.wachtwoord_bestand.read_text("utf-8").split("\n", 1)[0].rstrip("\r")
        except (OSError, UnicodeDecodeError):
            raise ConfiguratieFout(
                f"database.wachtwoord_bestand: {self.wachtwoord_bestand} is niet te lezen."
            ) from None
        if not wachtwoord:
            raise ConfiguratieFout(f"database.wachtwoord_bestand: {self.wachtwoord_bestand} is leeg.")
        return make_url(self.url).set(password=wachtwoord).render_as_string(hide_password=False)


class Sleutels(Sectie):
    """Where the keys are that payloads are encrypted with."""

    map: Pad = Field(
        Path("sleutels"),
        description="Folder of the wrapping keys, one file per key, made by `knooppunt sleutel maak`.",
    )


class Koppelvlak(Sectie):
    """The mutual-TLS listener for gemeenten, zorgaanbieders and national parties."""

    adres: str = Field("127.0.0.1", description="Address to listen on; `0.0.0.0` for every IPv4 interface.")
    poort: Poort = Field(8443, description="TCP port; 0 takes a free one (see `--klaar-bestand`).")
    certificaat: Pad = Field(
        description="PEM file with the hub's certificate and its intermediates. It serves as server certificate here "
        "and as client certificate on outgoing deliveries."
    )
    sleutel: Pad = Field(description="PEM file with the private key of `certificaat`, without a passphrase.")
    ca: Pad = Field(
        description="PEM file with the authorities whose certificates are trusted, of connecting clients and of "
        "servers that berichten are delivered to. No other authority counts, those of the machine neither."
    )
    tls_minimum: Literal["1.2", "1.3"] = Field("1.2", description="Oldest TLS version that is accepted.")
    publieke_url: str | None = Field(
        None,
        description="Address as clients see it, for the WSDL, when it is not `https://adres:poort`.",
    )
    max_verbindingen: int = Field(1000, ge=1, description="Connections open at the same time; one more is closed.")
    rust_seconden: float = Field(
        75,
        gt=0,
        description="Seconds a connection may be open without a complete request header: idle keep-alive connections "
        "and clients that send their header drop by drop are closed after it.",
    )
    verzoek_seconden: float = Field(
        300,
        gt=0,
        description="Seconds from the header of a request until its answer is written; a body that takes longer to "
        "arrive is refused with 408.",
    )

    @field_validator("publieke_url")
    @classmethod
    def _https(cls, waarde: str | None) -> str | None:
        if waarde is not None and not waarde.startswith("https://"):
            raise ValueError("moet met https:// beginnen")
        return waarde.rstrip("/") if waarde else waarde


class Beheer(Sectie):
    """The listener of the operator: `/livez`, `/readyz`, `/metrics`, without TLS and without identification."""

    adres: str = Field("127.0.0.1", description="Address to listen on; keep it on loopback or a management network.")
    poort: Poort = Field(8081, description="TCP port; 0 takes a free one.")


class HubSectie(Sectie):
    """Who the hub is in the stuurgegevens of berichten it makes itself (Bv03, Fo01), and of what a node consists."""

    organisatie: str = Field("IB", min_length=1, max_length=200, description="`organisatie` of the hub as zender.")
    applicatie: str = Field(
        "GGKWebservice", min_length=1, max_length=50, description="`applicatie` of the hub as zender."
    )
    fout_generatie: Literal["A", "B"] = Field(
        "B",
        description="Generation of fault codes (A: 2018, B: 2025) for a sender that is not in the register; a "
        "registered partij has its own.",
    )
    processen: int = Field(
        1,
        ge=0,
        le=64,
        description="Processes of this node: each uses one core, 0 makes as many as there are. They share the address "
        "of the koppelvlak, have a port of their own for beheer (`beheer.poort` and those that follow it), and every "
        "limit of a node holds for each of them.",
    )

    def count_processes(self) -> int:
        """Give the number of processes."""
        return self.processen or len(os.sched_getaffinity(0))


class AfleveringSectie(Sectie):
    """How berichten are delivered to a partij that is called by the hub (push) or that fetches them (pull)."""

    gelijktijdig: int = Field(
        32,
        ge=1,
        le=1024,
        description="Partijen that berichten are delivered to at the same time; one at a time each, unless its "
        "`max_gelijktijdig` in the register is more.",
    )
    push_dagen: float = Field(5, gt=0, description="Days a push delivery is tried before the sender gets a Fo01.")
    pull_dagen: float = Field(5, gt=0, description="Days a bericht waits to be fetched before the sender gets a Fo01.")
    ladder_eerste_seconden: float = Field(
        60,
        gt=0,
        description="Longest wait after the first failure; it doubles with every further one. The actual wait is drawn "
        "at random below it.",
    )
    ladder_langste_seconden: float = Field(
        3600,
        gt=0,
        le=LANGSTE_WACHT_MS / 1000,
        description="Longest wait after any number of failures; at most an hour.",
    )
    verbinding_seconden: float = Field(10, gt=0, description="Seconds to connect to the server of a partij.")
    antwoord_seconden: float = Field(
        60, gt=0, description="Seconds to wait for the answer of a partij; a large bericht gets more time."
    )
    oude_gemeentecode_dagen: int = Field(
        1826,
        ge=0,
        le=36525,
        description="Days after a merger of gemeenten that a bericht to the old code goes to the successor; later it "
        "is refused. Of a gemeente that was split every bericht is.",
    )


class ToelatingSectie(Sectie):
    """How much may be handed in at once; above it the answer is 429 or 503 with Retry-After, before a body is read."""

    quota_berichten: int = Field(
        60_000,
        ge=1,
        description="Berichten that a partij may hand in per minute, at this node; a certificate that acts for several "
        "partijen has the sum. `quota_berichten` in the register goes before it.",
    )
    quota_mib: int = Field(
        4096,
        ge=1,
        description="MiB that a partij may hand in per minute; `quota_mib` in the register goes before.",
    )
    tegelijk: int = Field(
        512,
        ge=1,
        description="Berichten that may be on their way in at once; a quarter of them for one certificate.",
    )
    mib_tegelijk: int = Field(
        512,
        ge=1,
        description="MiB that may be on their way in at once; a request without a length counts as the largest. A "
        "quarter of them for one certificate.",
    )
    schrijfrij: int = Field(4096, ge=1, description="Operations that may wait for the database.")


class BewakingSectie(Sectie):
    """When the operator hears of something, and when the hub takes nothing more."""

    schijf_waarschuwing_mib: int = Field(
        2048, ge=0, description="Free MiB on the disk of the SQLite file below which there is an incident."
    )
    schijf_weiger_mib: int = Field(
        512, ge=0, description="Free MiB below which new berichten are refused with 503, until there is room again."
    )
    achterstand_waarschuwing: int = Field(
        100_000, ge=1, description="Berichten waiting in all above which there is an incident."
    )
    achterstand_weiger: int = Field(
        2_000_000, ge=1, description="Berichten waiting in all above which new ones are refused with 503."
    )
    oudste_uren: float = Field(
        24, gt=0, description="Hours that a bericht may wait for its ontvanger before there is an incident."
    )
    certificaat_dagen: int = Field(
        30, ge=1, description="Days before its end that a certificate, ours or of an ontvanger, is an incident."
    )
    interval_seconden: float = Field(15, gt=0, description="Seconds between two looks.")


class NotificatieSectie(Sectie):
    """Where incidents are told: a webhook that takes CloudEvents in the NL GOV profile."""

    url: str | None = Field(None, description="The https address; without it, incidents stand in the log only.")
    token_bestand: Pad | None = Field(
        None, description="File with the secret on its first line, sent as a bearer token (`Authorization`)."
    )
    ca: Pad | None = Field(
        None,
        description="PEM file with the authorities that the webhook's certificate is trusted by; those of the "
        "machine when absent.",
    )
    bron: str | None = Field(
        None,
        description="`source` of the events, a URN in the namespace `nld`. When absent it is made of the OIN in "
        "`koppelvlak.certificaat`, or of `hub.organisatie`.",
    )
    interval_seconden: float = Field(
        5, gt=0, description="Seconds between two looks whether something is to be told, to gemeenten too (`[wlz]`)."
    )

    @field_validator("url")
    @classmethod
    def _https(cls, waarde: str | None) -> str | None:
        if waarde is not None and not re.match("https://[^/@]+(/|$)", waarde):
            raise ValueError("moet met https:// beginnen en mag geen naam of wachtwoord bevatten")
        return waarde

    @field_validator("bron")
    @classmethod
    def _urn(cls, waarde: str | None) -> str | None:
        if waarde is not None and not re.fullmatch("urn:nld:[!-~]+", waarde):
            raise ValueError("moet een URN zijn die met urn:nld: begint")
        return waarde

    def token(self) -> str | None:
        """The secret from `token_bestand`.

        Raises:
            ConfiguratieFout: the file cannot be read, or its first line is no token.
        """
        if self.token_bestand is None:
            return None
        try:
            token = self.token_bestand.read_text("ascii").split("\n", 1)[0].strip()
        except (OSError, UnicodeDecodeError):
            raise ConfiguratieFout(f"notificatie.token_bestand: {self.token_bestand} is niet te lezen.") from None
        if not token or not token.isprintable() or " " in token:
            raise ConfiguratieFout(f"notificatie.token_bestand: in {self.token_bestand} staat geen bruikbaar token.")
        return token


class UitkomstenSectie(Sectie):
    """What an answer means for the delivery, where that differs from the table in docs/bezorging.md."""

    stuf: Klassentabel = Field(
        {},
        description="Table of kenmerk to `bezorgd`, `tijdelijk` or `blijvend` for StUF (protocol stuf and soap), "
        'for example `{"http.404" = "blijvend", "fout.IB999" = "tijdelijk"}`.',
    )
    vsp: Klassentabel = Field({}, description="The same for partijen with protocol vsp.")


class BewarenSectie(Sectie):
    """How long things are kept. What was not delivered is never removed, whatever stands here."""

    inhoud_dagen: float = Field(
        30, ge=0, description="Days the payload is kept after its ontvanger confirmed it, or after it was refused."
    )
    dossier_dagen: float = Field(
        1461,
        ge=0,
        description="The same, for a bericht that rules across berichten need (`regelniveau` 3 or 4): without it they "
        "would not know an allocation any more. Not less than `inhoud_dagen`.",
    )
    gegevens_dagen: float = Field(
        1461,
        ge=1,
        description="Days everything else about a bericht is kept: four years. Not less than `dossier_dagen`.",
    )
    beheer_dagen: float = Field(
        365,
        ge=1,
        description="Days that a closed incident is kept, and a herzending that does not run, after its last change.",
    )

    @field_validator("dossier_dagen", "gegevens_dagen")
    @classmethod
    def _not_less(cls, waarde: float, info: ValidationInfo) -> float:
        korter = "inhoud_dagen" if info.field_name == "dossier_dagen" else "dossier_dagen"
        if korter in info.data and waarde < info.data[korter]:
            raise ValueError(f"mag niet korter zijn dan {korter}")
        return waarde


class OpvragenSectie(Sectie):
    """Lookups of personal data: how much one partij may ask of one dienst, and how long is kept what they leave."""

    per_minuut: int = Field(120, ge=1, description="Lookups in a minute; more is refused with 429.")
    per_dag: int = Field(5000, ge=1, description="Lookups in 24 hours; more is refused with 429. A batch counts once.")
    onbekend_per_dag: int = Field(
        25,
        ge=1,
        description="BSNs that the register does not know in 24 hours, after which the partij is kept from the dienst "
        "until the operator closes the incident.",
    )
    batch_per_minuut: int = Field(
        3000, ge=1, description="Questions that the batches of one partij ask in a minute; they wait for the rest."
    )
    batch_onbekend_procent: float = Field(
        5,
        ge=0,
        le=100,
        description="Share of BSNs in the batches of a partij that the register may not know; with more of them, and "
        "more than `onbekend_per_dag` in 24 hours, its batches stop until the operator closes the incident.",
    )
    batch_tegelijk: int = Field(4, ge=1, description="Files with a batch that this node takes in at the same time.")
    batch_mib_tegelijk: int = Field(
        48,
        ge=24,
        description="MiB of such files at the same time; one without a length counts as the largest, 24. More is "
        "refused with 503, before it is read.",
    )
    antwoord_dagen: float = Field(42, gt=0, description="Days that an answer is kept, to be given again on request.")
    log_dagen: float = Field(
        1827, ge=183, description="Days that the processing log is kept; at least half a year (BIO 12.4.2)."
    )


class OauthSectie(Sectie):
    """Access tokens for the API, from this hub itself (see `docs/api.md`)."""

    token_seconden: int = Field(300, ge=30, le=3600, description="Seconds that an access token counts.")


class RegelsSectie(Sectie):
    """Rules above the schema, for partijen that ask for them with their `regelniveau` in the register."""

    contract: Pad | None = Field(
        None,
        description="CSV with the productcodes that gemeenten and aanbieders agreed, and their prices in cents: "
        "`categorie` and `code`, and optionally `gemeente`, `aanbieder`, `standaard`, `eenheid`, `tarief`, `vanaf`, "
        "`tot`. Without it, productcodes and prices are not checked.",
    )


class KetenSectie(Sectie):
    """How the terms of the chain are counted (see `docs/ketenbewaking.md`)."""

    bevrijdingsdag: Literal["lustrum", "jaarlijks"] = Field(
        "lustrum",
        description="Whether 5 May is a working day: `lustrum` makes it a day off once in five years (2025, 2030), "
        "`jaarlijks` every year.",
    )


class StufSectie(Sectie):
    """StUF-GGk, the SOAP interface of gemeenten."""

    max_envelop_mib: int = Field(25, ge=1, le=1024, description="Largest SOAP envelope in MiB; more is refused (413).")


class Logging(Sectie):
    """What the hub says about itself on standard error. No payload, BSN or query string is ever logged."""

    niveau: Literal["debug", "info", "warning", "error"] = Field("info", description="Least serious level that shows.")
    vorm: Literal["json", "tekst"] = Field("json", description="`json`: one object per line; `tekst`: for people.")
    toegang: bool = Field(default=True, description="One line per request, with route and status.")


class Configuratie(BaseModel):
    """The whole file; each field is a section."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    database: Database
    sleutels: Sleutels
    koppelvlak: Koppelvlak
    beheer: Beheer
    hub: HubSectie
    aflevering: AfleveringSectie
    uitkomsten: UitkomstenSectie
    bewaren: BewarenSectie
    opvragen: OpvragenSectie
    oauth: OauthSectie
    toelating: ToelatingSectie
    bewaking: BewakingSectie
    notificatie: NotificatieSectie
    regels: RegelsSectie
    keten: KetenSectie
    stuf: StufSectie
    vecozo: VecozoSectie
    brp: BrpSectie
    wlz: WlzSectie
    logging: Logging
