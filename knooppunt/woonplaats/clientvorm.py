"""A client on the list of a gemeente, for the transfer at the change of definition: facts and running toewijzingen."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator

from istandaarden.gemeenten import is_gemeente
from knooppunt.woonplaats.feitenvorm import Dag, Feitenfout, Gemeentecode, Jeugdigevorm, Vorm
from routing.bsn import holds_bsn
from routing.woonplaats.overdracht import LAATSTE_DAG

_TOEWIJZINGEN = 500  # more than anybody has


def _existing(code: str) -> str:
    if not is_gemeente(code, LAATSTE_DAG):
        raise ValueError(f"moet een gemeente zijn die op {LAATSTE_DAG:%d-%m-%Y} bestond")
    return code


def _no_bsn(tekst: str) -> str:
    """Refuse a BSN: a list for another gemeente has no need of it."""
    if holds_bsn(tekst):
        raise ValueError("is een BSN of lijkt erop, of bevat er een; gebruik een eigen nummer of laat het weg")
    return tekst


Tekst = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_no_bsn)]


class Toewijzingvorm(Vorm):
    """A running toewijzing; `einde` is its last day."""

    product: Tekst
    aanbieder: Tekst
    begin: Dag
    einde: Dag | None = None
    nummer: Tekst | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.einde is not None and self.einde < self.begin:
            raise ValueError("eindigt voor zij begint")
        return self


class Clientvorm(Jeugdigevorm):
    """One client: the gemeente that has it on its list, the reference it uses, the facts and the toewijzingen."""

    gemeente: Annotated[Gemeentecode, AfterValidator(_existing)]
    kenmerk: Tekst
    toewijzingen: Annotated[tuple[Toewijzingvorm, ...], Field(max_length=_TOEWIJZINGEN)] = ()


def read_client(inhoud: object) -> Clientvorm:
    """Read one client.

    Raises:
        Feitenfout: with every fault.
    """
    try:
        return Clientvorm.model_validate(inhoud)
    except ValidationError as fout:
        raise Feitenfout.of(fout, Clientvorm) from None
