"""A valid bericht with everything in it, of which a test changes what it is about."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any, Self

import pytest

from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import build
from istandaarden.toets import Oordeel, validate
from istandaarden.voorbeeldinhoud import VERHALEN, Verteller
from istandaarden.voorbeeldwaarden import fit

DAGTEKENING = date(2025, 6, 17)


class Proef:
    """One bericht in the making; paths lead from the root, ``Client/Relaties/Relatie[1]/Soort``, indexes from 0."""

    def __init__(self, code: str, grootte: int = 2) -> None:
        self.soort = ingebouwd().find(code, "3.2")
        model = ingebouwd().model(self.soort)
        dobbel = Random(1)  # noqa: S311 - repeatable, not secret
        verteller = Verteller(model, dobbel, 1 if code.endswith("319") else grootte, rijk=True)
        verteller.dagtekening = DAGTEKENING
        inhoud = {"Header": verteller.header(), **VERHALEN[code[-3:]](verteller)}
        self.inhoud: dict[str, Any] = fit(model.wortel, inhoud, dobbel)

    def set(self, pad: str, waarde: Any) -> Self:
        """Put a value in a place, None to leave it out."""
        *weg, naam = pad.split("/")
        plek = self.at("/".join(weg)) if weg else self.inhoud
        naam, _, nummer = naam.partition("[")
        if nummer:
            plek[naam][int(nummer[:-1])] = waarde
        else:
            plek[naam] = waarde
        return self

    def at(self, pad: str) -> Any:
        """Give what is in a place, of a row the first unless an index says otherwise."""
        plek: Any = self.inhoud
        for stap in pad.split("/"):
            delen = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", stap)
            assert delen
            plek = plek[delen[1]]
            if isinstance(plek, list):
                plek = plek[int(delen[2] or 0)]
        return plek

    def bytes(self) -> bytes:
        return build(self.soort, self.inhoud)

    def judge(self) -> Oordeel:
        return validate(self.bytes(), niveau=2)

    @property
    def codes(self) -> set[str]:
        return {bevinding.code for bevinding in self.judge().bevindingen}


@pytest.fixture
def proef() -> Callable[..., Proef]:
    return Proef
