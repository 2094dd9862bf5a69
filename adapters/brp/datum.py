"""Dates of the BRP: a day, a month, a year, or unknown. What is not known exactly is a range."""

from __future__ import annotations

import calendar
import re
from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from adapters.brp.vorm import Vorm


def _iso(waarde: object) -> date:
    """Read a day as 2022-01-31 and nothing else: pydantic takes digits for seconds since 1970."""
    if not isinstance(waarde, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", waarde):
        raise ValueError("not a day")
    return date.fromisoformat(waarde)


class VolledigeDatum(Vorm):
    """A day."""

    type: Literal["Datum"]
    datum: Annotated[date, BeforeValidator(_iso)]

    @property
    def eerste(self) -> date:
        """The day."""
        return self.datum

    @property
    def laatste(self) -> date:
        """The day."""
        return self.datum


class JaarMaandDatum(Vorm):
    """Some day in a month."""

    type: Literal["JaarMaandDatum"]
    jaar: Annotated[int, Field(ge=1, le=9999)]
    maand: Annotated[int, Field(ge=1, le=12)]

    @property
    def eerste(self) -> date:
        """First day it can be."""
        return date(self.jaar, self.maand, 1)

    @property
    def laatste(self) -> date:
        """Last day it can be."""
        return date(self.jaar, self.maand, calendar.monthrange(self.jaar, self.maand)[1])


class JaarDatum(Vorm):
    """Some day in a year."""

    type: Literal["JaarDatum"]
    jaar: Annotated[int, Field(ge=1, le=9999)]

    @property
    def eerste(self) -> date:
        """First day it can be."""
        return date(self.jaar, 1, 1)

    @property
    def laatste(self) -> date:
        """Last day it can be."""
        return date(self.jaar, 12, 31)


class DatumOnbekend(Vorm):
    """A day that nobody knows."""

    type: Literal["DatumOnbekend"]
    eerste: ClassVar[None] = None
    laatste: ClassVar[None] = None


Datum = Annotated[VolledigeDatum | JaarMaandDatum | JaarDatum | DatumOnbekend, Field(discriminator="type")]
