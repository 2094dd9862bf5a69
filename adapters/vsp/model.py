# ruff: noqa: N815 - the fields carry the names of the wire
"""What travels over the VSP shaped REST interface, with the limits of the published descriptions.

Read JSON with ``X.model_validate_json``; unknown fields, wrong types and wrong lengths are refused. Write with `dump`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, TypeAdapter
from pydantic_core import PydanticCustomError

from istandaarden.xmltekens import GEEN_XML

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _check_uuid(waarde: str) -> str:
    if not _UUID.fullmatch(waarde):
        raise PydanticCustomError("uuid_vorm", "Dit is geen UUID van de vorm 8-4-4-4-12 hexadecimale cijfers.")
    return waarde.lower()


def _check_kenmerk(waarde: str) -> str:
    # An identifier with a control or direction mark in it reads differently than it compares, and splits log lines.
    if not waarde.isprintable():
        raise PydanticCustomError("stuurteken", "Stuurtekens en onzichtbare tekens zijn hier niet toegestaan.")
    return waarde


def _check_tekst(waarde: str) -> str:
    if GEEN_XML.search(waarde):
        raise PydanticCustomError("stuurteken", "Een teken dat niet in XML mag staan, is niet toegestaan.")
    return waarde


Uuid = Annotated[str, AfterValidator(_check_uuid)]
"""A UUID of any version; written in lower case, since UUIDs compare without regard to case (RFC 9562)."""

_Tekst60 = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_check_kenmerk)]
_Tekst100 = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_check_kenmerk)]
_Tekst150 = Annotated[str, Field(min_length=1, max_length=150), AfterValidator(_check_kenmerk)]
_Waarde = Annotated[str, Field(min_length=1, max_length=250), AfterValidator(_check_tekst)]
_Gevuld = Annotated[str, Field(min_length=1)]
_Versie = Annotated[int, Field(ge=0, le=999)]


class _Vorm(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Relatie(_Vorm):
    """A partij in a role: ``Gemeente``, ``Instelling`` ...; `code` is its CBS or AGB code."""

    rol: _Tekst100
    code: _Tekst100 | None = None


class Berichtstroom(_Vorm):
    """Which exchange a bericht belongs to."""

    berichttype: _Tekst60
    berichtsubtype: _Tekst60 | None = None
    berichtversie: _Versie
    berichtsubversie: _Versie
    actie: _Tekst60


class Routeringgegevens(_Vorm):
    """From whom, to whom, what. The description for pull asks for one geadresseerde or more, push for none or more."""

    afzender: Relatie
    geadresseerden: Annotated[tuple[Relatie, ...], Field(max_length=100)]
    berichtstroom: Berichtstroom


class Referentiegegevens(_Vorm):
    """Identifiers: `traceerId` is this bericht, `alsAntwoordOp` the traceerId of another, `referentieId` is free."""

    conversatieId: Uuid
    traceerId: Uuid
    alsAntwoordOp: Uuid | None = None
    referentieId: _Tekst150 | None = None


class SleutelWaardePaar(_Vorm):
    """One key of the verwerkingscontext with its values."""

    sleutel: _Tekst100
    # Not strict: kanaalgegevens, which come back from the log as Python objects, hold a list here.
    waarde: Annotated[tuple[_Waarde, ...], Field(min_length=1, max_length=100, strict=False)]


class BerichtMetadata(_Vorm):
    """Everything of a bericht except its payload, as it is pushed."""

    routeringgegevens: Routeringgegevens
    referentiegegevens: Referentiegegevens
    verwerkingscontext: Annotated[tuple[SleutelWaardePaar, ...], Field(min_length=1, max_length=100)] | None = None


class Checksum(_Vorm):
    """Digest of a payload: `algoritme` is ``SHA256``, `waarde` hexadecimal in lower case."""

    algoritme: Annotated[str, Field(min_length=1, max_length=10)]
    waarde: _Waarde


class HttpsDownload(_Vorm):
    """Where a payload can be fetched; `grootte` in bytes."""

    url: str
    grootte: Annotated[int, Field(ge=1)]
    checksum: Checksum


class Basisgegevens(_Vorm):
    """When the bericht came in, and its payload."""

    ontvangenOp: AwareDatetime
    payload: HttpsDownload


class Gereedstaand(BerichtMetadata):
    """A bericht that waits to be collected (``BerichtMetadata`` of the pull description)."""

    basisgegevens: Basisgegevens


class ZoekpadOpBerichtstroom(_Vorm):
    """Search by berichtstroom and, if wanted, geadresseerde."""

    zoekpadType: Literal["ZoekpadOpBerichtstroom"] = "ZoekpadOpBerichtstroom"
    berichttype: _Tekst60
    berichtsubtype: _Tekst60 | None = None
    berichtversie: _Versie | None = None
    berichtsubversie: _Versie | None = None
    actie: _Tekst60 | None = None
    geadresseerdeRol: _Tekst100 | None = None
    geadresseerdeCode: _Tekst100 | None = None


class ZoekpadOpConversatieId(_Vorm):
    """Search by conversation."""

    zoekpadType: Literal["ZoekpadOpConversatieId"] = "ZoekpadOpConversatieId"
    conversatieId: Uuid


class ZoekpadOpAlsAntwoordOp(_Vorm):
    """Search for the answers to a heenbericht."""

    zoekpadType: Literal["ZoekpadOpAlsAntwoordOp"] = "ZoekpadOpAlsAntwoordOp"
    alsAntwoordOp: Uuid


Zoekpad = Annotated[
    ZoekpadOpBerichtstroom | ZoekpadOpConversatieId | ZoekpadOpAlsAntwoordOp, Field(discriminator="zoekpadType")
]

ZOEKPAD: TypeAdapter[Zoekpad] = TypeAdapter(Zoekpad)
"""Reads any of the three search paths, told apart by `zoekpadType`."""


class Berichtstatus(StrEnum):
    """Statuses of the interface."""

    ONTVANGEN = "Ontvangen"
    DEELS_ONTVANGEN = "DeelsOntvangen"
    DEELBERICHT_AANLEVERING_AFGEKEURD = "DeelberichtAanleveringAfgekeurd"
    WORDT_VERWERKT = "WordtVerwerkt"
    AFGEKEURD_DOOR_DIENST = "AfgekeurdDoorDienst"
    VERWERKING_VOLTOOID = "VerwerkingVoltooid"
    WORDT_AANGEBODEN = "WordtAangeboden"
    BEZORGD = "Bezorgd"
    AANBIEDEN_MISLUKT = "AanbiedenMislukt"
    BEZORGING_AFGEBROKEN = "BezorgingAfgebroken"


class Melding(_Vorm):
    """Why a bericht was rejected."""

    code: _Gevuld
    omschrijving: _Gevuld
    toelichting: _Gevuld | None = None


class BerichtstatusGegevens(_Vorm):
    """Where one bericht is now."""

    referentiegegevens: Referentiegegevens
    berichtstroom: Berichtstroom
    berichtstatus: Berichtstatus
    berichtstatusGewijzigdOp: AwareDatetime
    meldingen: Annotated[tuple[Melding, ...], Field(min_length=1, max_length=100)] | None = None
    berichtOntvangenOp: AwareDatetime


class ValidationProblemDetails(BaseModel):
    """Why a request was not accepted (RFC 9457 with `errors` per field); further members are allowed."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    type: str | None = None
    title: str | None = None
    status: int | None = None
    detail: str | None = None
    instance: str | None = None
    errors: dict[str, list[str]] | None = None


GEREED: TypeAdapter[list[Gereedstaand]] = TypeAdapter(list[Gereedstaand])
"""The answer to listing and searching."""

STATUSSEN: TypeAdapter[list[BerichtstatusGegevens]] = TypeAdapter(list[BerichtstatusGegevens])
"""The answer to asking for statuses."""


def dump(vorm: BaseModel | list[Gereedstaand] | list[BerichtstatusGegevens]) -> bytes:
    """Write as JSON in UTF-8; absent fields are left out, never null."""
    if isinstance(vorm, BaseModel):
        return vorm.model_dump_json(exclude_none=True).encode()
    return b"[" + b",".join(dump(deel) for deel in vorm) + b"]"
