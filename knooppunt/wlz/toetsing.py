"""The Wlz-registertoets as both API and command line ask it: the register, the judgement and the form of the answer."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import Field

from knooppunt.api.vorm import Vorm
from routing.opvraging import Antwoord
from routing.wlz.oordeel import Status, judge
from routing.wlz.register import Bevraging, Oorzaak, RegisterFout

DIENST: Final = "wlz-toets"
_NEDERLAND = ZoneInfo("Europe/Amsterdam")


class Toetsantwoord(Vorm):
    """Whether somebody has a Wlz-indication. Dates are there with `JA` only."""

    vraag_id: str = Field(description="Kenmerk van de vraag.")
    status: Status = Field(
        description="`JA`: er is een indicatie. `NEE`: er is geen, of zij is voorbij. `ONBEKEND`: er is een indicatie "
        "met een zorgprofiel waarbij hulp uit de Wmo nog mogelijk is; overleg met het CIZ of de cliënt."
    )
    afgiftedatum: date | None = Field(description="Dag van het besluit.")
    ingangsdatum: date | None = Field(description="Eerste dag van de indicatie.")
    einddatum: date | None = Field(description="Laatste dag van de indicatie; leeg als zij doorloopt.")
    peildatum: date = Field(description="Dag waarvoor het antwoord geldt: die van de vraag, in Nederland.")
    registermoment: datetime = Field(description="Wanneer het register is gevraagd; daarvan is het antwoord.")


class Toetsing:
    """Asks and judges.

    Args:
        register: the register; None when the hub is not connected to it.
        wmo_mogelijk: codes of zorgprofielen with which the Wmo is still possible.
    """

    def __init__(self, register: Bevraging | None, wmo_mogelijk: Collection[str]) -> None:
        self._register = register
        self._wmo_mogelijk = frozenset(wmo_mogelijk)

    async def search(self, bsn: str, vraag_id: str) -> Antwoord:
        """Find the answer to one question.

        Raises:
            RegisterFout: the register cannot say.
        """
        if self._register is None:
            raise RegisterFout(Oorzaak.NIET_AANGESLOTEN)
        moment = datetime.now(UTC).replace(microsecond=0)
        indicaties = await self._register.indications_of(bsn)
        dag = moment.astimezone(_NEDERLAND).date()
        oordeel = judge(indicaties, dag, self._wmo_mogelijk)
        vorm = Toetsantwoord(
            vraag_id=vraag_id,
            status=oordeel.status,
            afgiftedatum=oordeel.afgiftedatum,
            ingangsdatum=oordeel.ingangsdatum,
            einddatum=oordeel.einddatum,
            peildatum=dag,
            registermoment=moment,
        )
        return Antwoord(vorm.model_dump_json(by_alias=True).encode())
