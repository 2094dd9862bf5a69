"""The answer to a woonplaats question in JSON: the same over CLI and API (facts on the lookups §4.3)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from routing.woonplaats.besluit import Bepaling, Regel, Regime, Zekerheid
from routing.woonplaats.feiten import Feiten
from routing.woonplaats.opvragen import Uitkomst


class Bepalingvorm(BaseModel):
    """Which gemeente is responsible on `peildatum`, by which rule, how firm, and why. Never an address or a BSN."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    peildatum: date
    regime: Regime
    gemeente: str | None
    gemeentenaam: str | None
    gemeente_toen: str | None
    regel: Regel
    paragraaf: str | None
    zekerheid: Zekerheid
    referentiedatum: date | None
    herindeling_toegepast: bool
    motivering: tuple[str, ...]
    ontbrekende_gegevens: tuple[str, ...]

    @classmethod
    def of(cls, bepaling: Bepaling) -> Bepalingvorm:
        """Give a decision its JSON form."""
        return cls(
            peildatum=bepaling.peildatum,
            regime=bepaling.regime,
            gemeente=bepaling.gemeente,
            gemeentenaam=bepaling.gemeentenaam,
            gemeente_toen=bepaling.gemeente_toen,
            regel=bepaling.regel,
            paragraaf=bepaling.paragraaf,
            zekerheid=bepaling.zekerheid,
            referentiedatum=bepaling.referentiedatum,
            herindeling_toegepast=bepaling.herindeling_toegepast,
            motivering=bepaling.motivering,
            ontbrekende_gegevens=bepaling.ontbrekend,
        )


class Bronvermelding(BaseModel):
    """Where facts came from, and when."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    bron: Literal["BRP", "opgave"]
    tijdstip: datetime


class Antwoordvorm(Bepalingvorm):
    """A decision as the answer to a lookup."""

    vraag_id: str
    bronnen: tuple[Bronvermelding, ...]
    opmerkingen: tuple[str, ...]

    @classmethod
    def answer(cls, vraag_id: str, uitkomst: Uitkomst, opgegeven: Feiten) -> Antwoordvorm:
        """Make the answer, with what the asker should know of the register beside the decision."""
        nu = datetime.now(UTC)
        bronnen = [Bronvermelding(bron="BRP", tijdstip=nu)] if uitkomst.gevraagd else []
        if opgegeven != Feiten(opgegeven.peildatum):
            bronnen.append(Bronvermelding(bron="opgave", tijdstip=nu))
        ontbrekend = set(uitkomst.bepaling.ontbrekend)
        redenen = [str(reden) for feit, reden in uitkomst.redenen.items() if feit in ontbrekend]
        return cls(
            **Bepalingvorm.of(uitkomst.bepaling).model_dump(),
            vraag_id=vraag_id,
            bronnen=tuple(bronnen),
            opmerkingen=tuple(dict.fromkeys((*(str(v) for v in uitkomst.voorbehoud), *redenen))),
        )
