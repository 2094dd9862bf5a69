"""How models of the API look: camelCase JSON, and parameters that are read strictly."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel


class Vorm(BaseModel):
    """Something the API gives."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")


class Vraag(BaseModel):
    """The parameters of a request, of path and query together; what is not described is refused."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=False, frozen=True, extra="forbid", hide_input_in_errors=True
    )


def _flag(waarde: object) -> object:
    if waarde in (True, False):
        return waarde
    if waarde not in ("true", "false"):
        raise ValueError("moet true of false zijn")
    return waarde == "true"


def _whole(waarde: object) -> object:
    if isinstance(waarde, str) and not re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", waarde):
        raise ValueError("moet een geheel getal zijn")
    return waarde


Vlag = Annotated[bool, BeforeValidator(_flag)]
"""A boolean in a query: ``true`` or ``false``, in no other spelling."""

Geheel = Annotated[int, BeforeValidator(_whole)]
"""A whole number in a query."""
