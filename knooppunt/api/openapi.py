"""The OpenAPI 3.1 document, made from the operations and their models, so that it cannot describe anything else."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from knooppunt.api.eindpunt import Eindpunt
from knooppunt.api.probleem import SOORT, Probleemvorm
from knooppunt.api.scope import Scope
from knooppunt.api.tokenloket import PAD

VERSIE = "1.0.0"
"""Version of the API, in the header API-Version of every answer (NL API Design Rules, API-57)."""

_KOP = {"API-Version": {"description": "Versie van de API.", "required": True, "schema": {"type": "string"}}}
_OVERAL = {
    400: "Een parameter ontbreekt, klopt niet, komt dubbel voor of bestaat niet.",
    401: "Het access token is verlopen, of geldt hier niet.",
    403: "Het certificaat hoort bij geen partij die dit mag vragen, of het access token is voor iets anders.",
    500: "Er ging iets mis bij het knooppunt; probeer het later opnieuw.",
    503: "Het knooppunt kan nu niet antwoorden; probeer het later opnieuw.",
}
_MET_INHOUD = {
    400: "Een veld ontbreekt, klopt niet, komt dubbel voor of bestaat niet.",
    413: "De inhoud is te groot.",
    415: "De inhoud is van een andere soort dan beschreven.",
}
_BESTAND: dict[str, dict[str, Any]] = {
    "application/json": {"type": "array", "minItems": 1, "items": {"type": "object"}}
}
_CERTIFICAAT, _TOKEN = "certificaat", "token"
_REF = "#/components/schemas/{model}"


def describe(eindpunten: Iterable[Eindpunt], basis: str) -> dict[str, Any]:
    """Make the document.

    Args:
        eindpunten: all operations.
        basis: path or address under which they are found, without a closing slash.
    """
    lijst = tuple(eindpunten)
    uit: list[type[BaseModel]] = [*dict.fromkeys(e.antwoord for e in lijst), Probleemvorm]
    in_: list[type[BaseModel]] = [*dict.fromkeys(e.vraag for e in lijst if e.methode == "POST")]
    schemas = models_json_schema(
        [*((model, "serialization") for model in uit), *((model, "validation") for model in in_)],
        ref_template=_REF,
    )[1]["$defs"]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Knooppunt",
            "version": VERSIE,
            "description": "Vragen aan het berichtenknooppunt: waar een bericht is, en welk antwoord nog ontbreekt.",
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": basis}],
        "security": [{_CERTIFICAAT: []}],
        "paths": _paths(lijst),
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                _CERTIFICAAT: {
                    "type": "mutualTLS",
                    "description": "Het certificaat dat bij de aansluiting van uw partij is geregistreerd.",
                },
                _TOKEN: {
                    "type": "oauth2",
                    "description": "Access token van dit knooppunt, gebonden aan het certificaat (RFC 8705). Het "
                    "beperkt wat een verbinding mag; zonder token geldt alleen het certificaat.",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": PAD,
                            "scopes": {scope.value: scope.uitleg for scope in Scope},
                        }
                    },
                },
            },
        },
    }


def _paths(eindpunten: Iterable[Eindpunt]) -> dict[str, dict[str, Any]]:
    paden: dict[str, dict[str, Any]] = {}
    for eindpunt in eindpunten:
        paden.setdefault(eindpunt.pad, {})[eindpunt.methode.lower()] = _operation(eindpunt)
    return paden


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return {"schema": {"$ref": _REF.format(model=model.__name__)}}


def _operation(eindpunt: Eindpunt) -> dict[str, Any]:
    goed, fout = _schema(eindpunt.antwoord), _schema(Probleemvorm)
    antwoorden: dict[str, Any] = {
        "200": {"description": HTTPStatus.OK.phrase, "headers": _KOP, "content": {"application/json": goed}}
    }
    inhoud = _body(eindpunt)
    for status, zin in sorted((_OVERAL | (_MET_INHOUD if inhoud else {}) | eindpunt.fouten).items()):
        antwoorden[str(status)] = {"description": zin, "headers": _KOP, "content": {SOORT: fout}}
    return {
        "operationId": eindpunt.naam,
        "summary": eindpunt.samenvatting,
        "security": [{_CERTIFICAAT: []}, {_CERTIFICAAT: [], _TOKEN: [eindpunt.scope.value]}],
        "parameters": [] if eindpunt.takes_json else list(_parameters(eindpunt)),
        "responses": antwoorden,
    } | inhoud


def _body(eindpunt: Eindpunt) -> dict[str, Any]:
    if eindpunt.takes_json:
        soorten = {"application/json": _schema(eindpunt.vraag)}
    else:
        soorten = {soort: {"schema": _BESTAND.get(soort, {"type": "string"})} for soort in eindpunt.bestand}
    return {"requestBody": {"required": True, "content": soorten}} if soorten else {}


def _parameters(eindpunt: Eindpunt) -> Iterable[dict[str, Any]]:
    schema = eindpunt.vraag.model_json_schema()
    for naam, vorm in schema["properties"].items():
        in_pad = f"{{{naam}}}" in eindpunt.pad
        waarde = _without_null(vorm)
        yield {
            "name": naam,
            "in": "path" if in_pad else "query",
            "required": in_pad or naam in schema.get("required", ()),
            "description": waarde.pop("description", ""),
            "schema": waarde,
        }


def _without_null(vorm: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out has no value null."""
    keuzes = [keuze for keuze in vorm.get("anyOf", ()) if keuze.get("type") != "null"]
    rest = {naam: deel for naam, deel in vorm.items() if naam not in {"anyOf", "title"}}
    if rest.get("default", "") is None:
        del rest["default"]
    return rest | (keuzes[0] if keuzes else {})
