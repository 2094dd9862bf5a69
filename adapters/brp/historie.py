"""An answer of the historie API (2.0): the addresses of one person, newest first. Streets are not read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from adapters.brp.datum import Datum
from adapters.brp.personen import Adresonderzoek
from adapters.brp.vorm import Gemeente, Vorm, Waarde


class BinnenlandsVoorkomen(Vorm):
    """An address or place in the Netherlands during a period.

    `verblijft_niet_op_adres_vanaf` is the day since when it is established that the person does not live there.
    """

    type: Literal["Adres", "Locatie"]
    functie_adres: Waarde | None = None
    gemeente_van_inschrijving: Gemeente | None = None
    datum_van: Datum | None = None
    datum_tot: Datum | None = None
    verblijft_niet_op_adres_vanaf: Datum | None = None
    in_onderzoek: Adresonderzoek = Adresonderzoek()


class AnderVoorkomen(Vorm):
    """Abroad or unknown during a period."""

    type: Literal["VerblijfplaatsBuitenland", "VerblijfplaatsOnbekend"]
    datum_van: Datum | None = None
    datum_tot: Datum | None = None
    in_onderzoek: Adresonderzoek = Adresonderzoek()


Voorkomen = Annotated[BinnenlandsVoorkomen | AnderVoorkomen, Field(discriminator="type")]


class HistorieAntwoord(Vorm):
    """The verblijfplaatsen in the period that was asked."""

    verblijfplaatsen: Annotated[tuple[Voorkomen, ...], Field(max_length=1000)] = ()
