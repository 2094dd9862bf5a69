"""The facts about a youth in JSON: what may stand in it, and in Dutch what is wrong with it.

Names may be written with underscores (``moeder_gemeente_bij_geboorte``), as in files, or in camelCase, as over the API.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from knooppunt.vormfouten import faults
from routing.woonplaats.feiten import (
    Adresperiode,
    Adressoort,
    Feiten,
    Gezagsdrager,
    Gezagssoort,
    Verblijf,
    Verblijfsoort,
)


def _only_iso(waarde: object) -> object:
    """Refuse numbers, which pydantic would take for seconds since 1970, also when they are written as text."""
    if isinstance(waarde, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", waarde):
        raise PydanticCustomError("date_type", "not a date")
    if isinstance(waarde, int | float):
        raise PydanticCustomError("date_type", "not a date")
    return waarde


Dag = Annotated[date, BeforeValidator(_only_iso)]
"""A day as 2022-01-31."""

Gemeentecode = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]

_PERIODEN = 200  # more addresses or stays than anybody has


class Vorm(BaseModel):
    """What all parts share: names in two spellings, and nothing that is not known."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)


class Adresvorm(Vorm):
    """An address in the BRP: `van` included, `tot` not."""

    soort: Adressoort
    gemeente: Gemeentecode | None = None
    van: Dag | None = None
    tot: Dag | None = None
    aantekening_226: Annotated[bool, Field(alias="aantekening226", strict=True)] = False
    in_onderzoek: Annotated[bool, Field(strict=True)] = False
    opgegeven: Annotated[bool, Field(strict=True)] = False


class Verblijfvorm(Vorm):
    """A stay: first and last day included."""

    soort: Verblijfsoort
    van: Dag | None = None
    tot: Dag | None = None
    deeltijd: Annotated[bool, Field(strict=True)] = False


class Gezagvorm(Vorm):
    """Who has gezag, and where he lives."""

    wie: Gezagssoort
    gemeente: Gemeentecode | None = None
    buitenland: Annotated[bool, Field(strict=True)] = False


class Opgavevorm(Vorm):
    """What somebody can state about a youth; see `routing.woonplaats.feiten.Feiten` for what each fact means."""

    peildatum: Dag
    geboortedatum: Dag | None = None
    brp: Annotated[tuple[Adresvorm, ...], Field(max_length=_PERIODEN)] | None = None
    verblijf: Annotated[tuple[Verblijfvorm, ...], Field(max_length=_PERIODEN)] = ()
    moeder_gemeente_bij_geboorte: Gemeentecode | None = None
    werkelijk_verblijf: Gemeentecode | None = None
    gezag: Annotated[tuple[Gezagvorm, ...], Field(max_length=_PERIODEN)] | None = None
    laatst_bij: Gezagssoort | None = None

    def facts(self) -> Feiten:
        """Give the facts as the decision takes them."""
        velden = {
            f.name: getattr(self, f.name) for f in dataclasses.fields(Feiten) if f.name in type(self).model_fields
        }
        brp, gezag = self.brp, self.gezag
        velden["brp"] = None if brp is None else tuple(Adresperiode(**dict(adres)) for adres in brp)
        velden["verblijf"] = tuple(Verblijf(**dict(verblijf)) for verblijf in self.verblijf)
        velden["gezag"] = None if gezag is None else tuple(Gezagsdrager(**dict(drager)) for drager in gezag)
        return Feiten(**velden)


class Feitenvorm(Opgavevorm):
    """All facts about one youth, of whom there need be no BSN."""

    ongeboren: Annotated[bool, Field(strict=True)] = False
    zonder_bsn: Annotated[bool, Field(strict=True)] = False
    geheim: Annotated[bool, Field(strict=True)] = False


class Feitenfout(ValueError):
    """The facts cannot be used; `fouten` are Dutch sentences, one per fault, that name the place and no value."""

    def __init__(self, fouten: tuple[str, ...]) -> None:
        self.fouten = fouten
        super().__init__("\n".join(fouten))


def read_facts(inhoud: object) -> Feiten:
    """Read the facts about one youth from parsed JSON.

    Raises:
        Feitenfout: with every fault.
    """
    try:
        return Feitenvorm.model_validate(inhoud).facts()
    except ValidationError as fout:
        raise Feitenfout(tuple(" ".join(deel) for deel in faults(fout, Feitenvorm))) from None
