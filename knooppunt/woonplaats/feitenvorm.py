"""The facts about a youth in JSON: what may stand in it, and in Dutch what is wrong with it.

Names may be written with underscores (``moeder_gemeente_bij_geboorte``), as in files, or in camelCase, as over the API.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

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

_WOORDEN = {
    "bool_parsing": "moet true of false zijn",
    "bool_type": "moet true of false zijn",
    "date_from_datetime_parsing": "moet een datum zijn als 2022-01-31",
    "date_parsing": "moet een datum zijn als 2022-01-31",
    "date_type": "moet een datum zijn als 2022-01-31",
    "enum": "moet een van deze waarden zijn: {expected}",
    "list_type": "moet een lijst zijn",
    "model_type": "moet een object zijn",
    "string_pattern_mismatch": "moet een gemeentecode van vier cijfers zijn",
    "string_too_long": "mag ten hoogste {max_length} tekens hebben",
    "string_too_short": "mag niet leeg zijn",
    "string_type": "moet tekst zijn",
    "too_long": "mag ten hoogste {max_length} onderdelen hebben",
    "tuple_type": "moet een lijst zijn",
}


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


class Jeugdigevorm(Vorm):
    """All facts about one youth but the day asked; see `routing.woonplaats.feiten.Feiten` for what each means."""

    geboortedatum: Dag | None = None
    brp: Annotated[tuple[Adresvorm, ...], Field(max_length=_PERIODEN)] | None = None
    verblijf: Annotated[tuple[Verblijfvorm, ...], Field(max_length=_PERIODEN)] = ()
    moeder_gemeente_bij_geboorte: Gemeentecode | None = None
    werkelijk_verblijf: Gemeentecode | None = None
    gezag: Annotated[tuple[Gezagvorm, ...], Field(max_length=_PERIODEN)] | None = None
    laatst_bij: Gezagssoort | None = None
    ongeboren: Annotated[bool, Field(strict=True)] = False
    zonder_bsn: Annotated[bool, Field(strict=True)] = False
    geheim: Annotated[bool, Field(strict=True)] = False

    def facts_on(self, peildatum: date) -> Feiten:
        """Give the facts as the decision takes them, asked for a day."""
        velden = {naam: getattr(self, naam) for naam in Jeugdigevorm.model_fields} | {"peildatum": peildatum}
        brp, gezag = self.brp, self.gezag
        velden["brp"] = None if brp is None else tuple(Adresperiode(**dict(adres)) for adres in brp)
        velden["verblijf"] = tuple(Verblijf(**dict(verblijf)) for verblijf in self.verblijf)
        velden["gezag"] = None if gezag is None else tuple(Gezagsdrager(**dict(drager)) for drager in gezag)
        return Feiten(**velden)


class Feitenvorm(Jeugdigevorm):
    """All facts about one youth, and the day asked."""

    peildatum: Dag


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
        vorm = Feitenvorm.model_validate(inhoud)
    except ValidationError as fout:
        raise Feitenfout(tuple(describe(fout, Feitenvorm))) from None
    return vorm.facts_on(vorm.peildatum)


def describe(fout: ValidationError, vorm: type[Vorm]) -> Iterator[str]:
    """Say in Dutch what pydantic found wrong with a vorm: ``brp[0].van moet een datum zijn als 2022-01-31``."""
    for bevinding in fout.errors(include_url=False, include_input=False):
        yield f"{_place(bevinding['loc'])} {_say(bevinding, vorm)}"


def _place(loc: tuple[int | str, ...]) -> str:
    pad = ""
    for deel in loc:
        pad += f"[{deel}]" if isinstance(deel, int) else f".{deel}" if pad else deel
    return pad or "het geheel"


def _say(fout: ErrorDetails, vorm: type[Vorm]) -> str:
    gegevens = {naam: str(waarde).replace(" or ", " of ") for naam, waarde in fout.get("ctx", {}).items()}
    if fout["type"] == "missing":
        return "ontbreekt"
    if fout["type"] == "extra_forbidden":
        return f"is onbekend{_nearest(fout['loc'], vorm)}"
    if fout["type"] == "value_error":
        return str(fout["ctx"]["error"])
    return _WOORDEN.get(fout["type"], "heeft een ongeldige waarde").format(**gegevens)


def _nearest(loc: tuple[int | str, ...], vorm: type[Vorm]) -> str:
    model: Any = vorm
    for deel in loc[:-1]:
        if isinstance(deel, str):
            model = next(m for m in _parts(model.model_fields[deel].annotation))
    namen = [*model.model_fields]
    dichtbij = difflib.get_close_matches(str(loc[-1]), namen, n=1, cutoff=0.5)
    return f" (bedoelde u {dichtbij[0]}?)" if dichtbij else f" (bekend zijn: {', '.join(namen)})"


def _parts(soort: Any) -> Iterator[type[Vorm]]:
    """Give the models inside a type such as ``tuple[Adresvorm, ...] | None``."""
    if isinstance(soort, type) and issubclass(soort, Vorm):
        yield soort
    for deel in get_args(soort):
        yield from _parts(deel)
