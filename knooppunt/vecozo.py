"""What one node at a time does with VECOZO: collecting what waits there, and asking after what it took over."""

from __future__ import annotations

from collections.abc import Callable

from adapters.vsp.halen import Haler
from adapters.vsp.tussenpartij import Tussenpartij
from adapters.vsp.volgen import Statusvolger
from knooppunt.configuratie import Configuratie
from routing.bezorging import Foutmelding
from routing.foutbericht import Foutmelder
from routing.onderhoud import Beurt, Taak
from routing.poorten import Innemer
from routing.route import generation_for


def vecozo_tasks(
    configuratie: Configuratie,
    tussenpartij: Tussenpartij,
    innemer: Innemer,
    foutmelder: Foutmelder,
    *,
    report_failure: Foutmelding,
    wake: Callable[[str], None],
) -> tuple[Taak, ...]:
    """Return the tasks; as long as the register has no aansluiting for VECOZO, they do nothing.

    `report_failure` is told of what VECOZO took over and refused afterwards.
    """
    haler = Haler(tussenpartij, innemer, foutmelder.afzender)

    def generation(zender: str) -> str:
        return generation_for(foutmelder.register_bron.current(), zender, configuratie.hub.fout_generatie)

    volger = Statusvolger(tussenpartij, report_failure, generation, wake)

    async def collect(_beurt: Beurt) -> None:
        await haler.turn()

    return (
        Taak("vecozo-ophalen", configuratie.vecozo.ophalen_seconden, collect),
        Taak("vecozo-status", configuratie.vecozo.status_seconden, volger.turn),
    )
