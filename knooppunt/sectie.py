"""What a section of the configuration is, and the kinds of values that more than one section has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator


def _anchor(pad: Path, info: ValidationInfo) -> Path:
    """Read a relative path from the folder of the TOML file, so that the working directory does not matter."""
    basis = info.context
    return Path(basis) / pad.expanduser() if basis is not None else pad


Pad = Annotated[Path, AfterValidator(_anchor)]
Poort = Annotated[int, Field(ge=0, le=65535)]


def _split(waarde: object) -> object:
    """Let an environment variable hold a list: values with spaces or commas between them."""
    return re.split(r"[,\s]+", waarde.strip()) if isinstance(waarde, str) else waarde


Codes = Annotated[tuple[Annotated[str, Field(pattern="^[0-9]{1,4}$")], ...], BeforeValidator(_split)]


def _outside(waarde: str) -> str:
    if not re.match(r"https://[^/@\s]+(/|$)|http://(127\.0\.0\.1|localhost)(:\d+)?(/|$)", waarde):
        raise ValueError("moet met https:// beginnen (http:// alleen voor 127.0.0.1) en mag geen naam bevatten")
    return waarde


Buitenadres = Annotated[str, AfterValidator(_outside)]
"""Address of a service outside the koppelvlak."""


class Sectie(BaseModel):
    """A section of the TOML file; a key that is not described is refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True, allow_inf_nan=False
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_as_number(cls, waarde: object, info: ValidationInfo) -> object:
        if isinstance(waarde, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise ValueError("mag geen true of false zijn")
        return waarde
