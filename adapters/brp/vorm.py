"""What all parts of an answer of the BRP share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

Bsn = Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$")]
Gemeentecode = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]


class Vorm(BaseModel):
    """A part of an answer: what we do not know is let be, and no value shows in a fault."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, strict=True, hide_input_in_errors=True, alias_generator=to_camel
    )


class Waarde(Vorm):
    """A code from a table, such as that of the genders."""

    code: str


class Gemeente(Vorm):
    """A gemeente; 1999 is the registration of non-residents (RNI)."""

    code: Gemeentecode
