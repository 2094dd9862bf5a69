"""The answer to a woonplaats question in JSON: the same over CLI and API (facts on the lookups §4.3)."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from routing.woonplaats.besluit import Bepaling, Regel, Regime, Zekerheid


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
