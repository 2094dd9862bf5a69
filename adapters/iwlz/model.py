"""What the register answers, checked strictly: a field that is absent or of another kind makes the answer unusable."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from routing.wlz.indicatie import Indicatie, Profiel

Bsn = Annotated[str, Field(pattern=r"^[0-9]{9}$")]


class _Deel(BaseModel):
    """Part of an answer; more than was asked is no harm, a GraphQL server may not send it anyway."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, strict=True)


class Zorgzwaartepakket(_Deel):
    """GeindiceerdZorgzwaartepakket."""

    zzpCode: Annotated[str, Field(pattern=r"^[0-9]{1,4}$")]  # noqa: N815 - the name on the wire
    ingangsdatum: date
    einddatum: date | None

    def value(self) -> Profiel:
        """Give it as routing knows it."""
        return Profiel(self.zzpCode, self.ingangsdatum, self.einddatum)


class WlzIndicatie(_Deel):
    """What both versions have in common."""

    wlzindicatieID: UUID  # noqa: N815 - the name on the wire
    bsn: Bsn = Field(repr=False)
    afgiftedatum: date
    ingangsdatum: date
    einddatum: date | None


class IndicatieVanBsn(WlzIndicatie):
    """Of Indicatieregister 1."""

    geindiceerdZorgzwaartepakket: list[Zorgzwaartepakket] | None  # noqa: N815 - the name on the wire

    def value(self) -> Indicatie:
        """Give it as routing knows it; this version knows no vervaldatum."""
        profielen = tuple(pakket.value() for pakket in self.geindiceerdZorgzwaartepakket or ())
        return Indicatie(self.wlzindicatieID, self.afgiftedatum, self.ingangsdatum, self.einddatum, profielen=profielen)


class IndicatieVanZorgkantoor(WlzIndicatie):
    """Of Indicatieregister 2."""

    initieelVerantwoordelijkZorgkantoor: str  # noqa: N815 - the name on the wire
    vervaldatum: date | None

    def value(self) -> Indicatie:
        """Give it as routing knows it."""
        return Indicatie(self.wlzindicatieID, self.afgiftedatum, self.ingangsdatum, self.einddatum, self.vervaldatum)


class VanBsn(_Deel):
    """`data` of the question about a BSN.

    The schema lets the list be null. Whoever reads that as "nothing" answers NEE for a register that said nothing, so
    it is refused; an empty list is nothing.
    """

    getWlzIndicatiesVoorBsn: list[IndicatieVanBsn]  # noqa: N815 - the name on the wire


class VanZorgkantoor(_Deel):
    """`data` of the question about a zorgkantoor."""

    wlzIndicatie: list[IndicatieVanZorgkantoor]  # noqa: N815 - the name on the wire


class Token(BaseModel):
    """Answer of the token endpoint (RFC 6749 §5.1)."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    access_token: Annotated[str, Field(pattern=r"^[!-~]{1,8192}$", repr=False)]
    token_type: Annotated[str, Field(pattern="^(?i:bearer)$")]
    expires_in: Annotated[int, Field(gt=0)] = 300


VAN_BSN = TypeAdapter(VanBsn)
VAN_ZORGKANTOOR = TypeAdapter(VanZorgkantoor)
