"""What pydantic finds wrong with what somebody sent, in Dutch: place and fault, never the value."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

_WOORDEN = {
    "bool_parsing": "moet true of false zijn",
    "bool_type": "moet true of false zijn",
    "date_from_datetime_parsing": "moet een datum zijn als 2022-01-31",
    "date_parsing": "moet een datum zijn als 2022-01-31",
    "date_type": "moet een datum zijn als 2022-01-31",
    "enum": "moet een van deze waarden zijn: {expected}",
    "list_type": "moet een lijst zijn",
    "model_type": "moet een object zijn",
    "string_too_long": "mag ten hoogste {max_length} tekens hebben",
    "string_too_short": "moet ten minste {min_length} tekens hebben",
    "string_type": "moet tekst zijn",
    "too_long": "mag ten hoogste {max_length} onderdelen hebben",
    "tuple_type": "moet een lijst zijn",
}
_PATRONEN = {
    "^[0-9]{4}$": "moet een gemeentecode van vier cijfers zijn",
    "^[0-9]{9}$": "moet uit negen cijfers bestaan",
}


def faults(fout: ValidationError, model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Say in Dutch what pydantic found: ``brp[0].van``, ``moet een datum zijn als 2022-01-31``."""
    for bevinding in fout.errors(include_url=False, include_input=False):
        yield _place(bevinding["loc"]), _say(bevinding, model)


def _place(loc: tuple[int | str, ...]) -> str:
    pad = ""
    for deel in loc:
        pad += f"[{deel}]" if isinstance(deel, int) else f".{deel}" if pad else deel
    return pad or "het geheel"


def _say(fout: ErrorDetails, model: type[BaseModel]) -> str:
    gegevens = {naam: str(waarde).replace(" or ", " of ") for naam, waarde in fout.get("ctx", {}).items()}
    if fout["type"] == "missing":
        return "ontbreekt"
    if fout["type"] == "extra_forbidden":
        return f"is onbekend{_nearest(fout['loc'], model)}"
    if fout["type"] == "string_pattern_mismatch":
        return _PATRONEN.get(gegevens["pattern"], "bevat tekens die niet kunnen")
    return _WOORDEN.get(fout["type"], "heeft een ongeldige waarde").format(**gegevens)


def _nearest(loc: tuple[int | str, ...], model: Any) -> str:
    for deel in loc[:-1]:
        if isinstance(deel, str):
            model = next(m for m in _parts(_fields(model)[deel].annotation))
    namen = [*model.model_fields]
    dichtbij = difflib.get_close_matches(str(loc[-1]), namen, n=1, cutoff=0.5)
    return f" (bedoelde u {dichtbij[0]}?)" if dichtbij else f" (bekend zijn: {', '.join(namen)})"


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Give the fields under both of their names."""
    return model.model_fields | {veld.alias: veld for veld in model.model_fields.values() if veld.alias}


def _parts(soort: Any) -> Iterator[type[BaseModel]]:
    """Give the models inside a type such as ``tuple[Vorm, ...] | None``."""
    if isinstance(soort, type) and issubclass(soort, BaseModel):
        yield soort
    for deel in get_args(soort):
        yield from _parts(deel)
