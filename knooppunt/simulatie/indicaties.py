"""The indications that the simulated register holds: read from a file, and resolved as GraphQL asks for them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from graphql import ExecutionResult, GraphQLSchema, build_schema, graphql_sync
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knooppunt.configuratie import ConfiguratieFout

_PAKKET = files("knooppunt.simulatie")


class _Deel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Profielregel(_Deel):
    """A zorgprofiel in the file."""

    code: str = Field(pattern="^[0-9]{1,4}$")
    begin: date
    einde: date | None = None


class Indicatieregel(_Deel):
    """An indication in the file."""

    kenmerk: UUID
    bsn: str = Field(pattern="^[0-9]{9}$")
    afgifte: date
    begin: date
    einde: date | None = None
    vervallen: date | None = None
    zorgkantoor: str = Field(pattern="^[0-9]{4}$")
    profielen: tuple[Profielregel, ...] = ()


class _Bestand(_Deel):
    indicatie: tuple[Indicatieregel, ...] = ()


def read_indications(pad: Path | None) -> tuple[Indicatieregel, ...]:
    """Read a TOML file with indications, or the built-in ones.

    Raises:
        ConfiguratieFout: the file cannot be read, or is not in the shape of the built-in one.
    """
    try:
        tekst = (_PAKKET / "indicaties.toml").read_text("utf-8") if pad is None else pad.read_text("utf-8")
        return _Bestand.model_validate(tomllib.loads(tekst)).indicatie
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise ConfiguratieFout(f"{pad} is niet te lezen als TOML.") from None
    except ValidationError as fout:
        plekken = ", ".join(".".join(map(str, f["loc"])) for f in fout.errors(include_input=False)[:5])
        raise ConfiguratieFout(f"{pad} heeft niet de vorm van een bestand met indicaties: {plekken}.") from None


@cache
def register_schema(versie: int) -> GraphQLSchema:
    """Return the schema of Indicatieregister 1 or 2, as far as it is simulated."""
    return build_schema((_PAKKET / f"indicatieregister{versie}.graphql").read_text("utf-8"))


def execute(versie: int, vraag: Mapping[str, Any], indicaties: tuple[Indicatieregel, ...]) -> ExecutionResult:
    """Answer a GraphQL request as that version of the register does."""

    def of_bsn(_info: object, bsn: str) -> list[dict[str, Any]]:
        return [_fields(indicatie) for indicatie in indicaties if indicatie.bsn == bsn]

    def that_fit(_info: object, where: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        return [_fields(indicatie) for indicatie in indicaties if _fits(indicatie, where or {})]

    return graphql_sync(
        register_schema(versie),
        str(vraag.get("query", "")),
        root_value={"getWlzIndicatiesVoorBsn": of_bsn, "wlzIndicatie": that_fit},
        variable_values=vraag.get("variables"),
        operation_name=vraag.get("operationName"),
    )


def _fits(indicatie: Indicatieregel, where: Mapping[str, Any]) -> bool:
    waarden = {
        "wlzindicatieID": str(indicatie.kenmerk),
        "initieelVerantwoordelijkZorgkantoor": indicatie.zorgkantoor,
    }
    gezocht = {veld: (filter_ or {}).get("eq") for veld, filter_ in where.items()}
    return all(waarde is None or waarden[veld] == waarde for veld, waarde in gezocht.items())


def _fields(indicatie: Indicatieregel) -> dict[str, Any]:
    return {
        "wlzindicatieID": str(indicatie.kenmerk),
        "bsn": indicatie.bsn,
        "besluitnummer": indicatie.kenmerk.int % 1_000_000,
        "soortWlzindicatie": "1",
        "afgiftedatum": _day(indicatie.afgifte),
        "ingangsdatum": _day(indicatie.begin),
        "einddatum": _day(indicatie.einde),
        "vervaldatum": _day(indicatie.vervallen),
        "initieelVerantwoordelijkZorgkantoor": indicatie.zorgkantoor,
        "geindiceerdZorgzwaartepakket": [
            {
                "geindiceerdZorgzwaartepakketID": str(uuid5(NAMESPACE_OID, f"{indicatie.kenmerk}-{nummer}")),
                "zzpCode": profiel.code,
                "ingangsdatum": _day(profiel.begin),
                "einddatum": _day(profiel.einde),
                "financiering": "1",
            }
            for nummer, profiel in enumerate(indicatie.profielen)
        ],
    }


def _day(dag: date | None) -> str | None:
    return None if dag is None else dag.isoformat()
