"""The list of all operations: what stands here is routed, guarded and described, and nothing else is."""

from __future__ import annotations

from knooppunt.api.berichten import Berichten
from knooppunt.api.eindpunt import Eindpunt
from knooppunt.api.keten import Keten
from knooppunt.api.wlz import Wlz
from knooppunt.api.woonplaats import Woonplaats
from knooppunt.api.woonplaats_batch import WoonplaatsBatch
from routing.ketenbewaking.kalender import Kalender
from routing.opslag import Opslag
from routing.opvraging import Opvragingen
from routing.woonplaats.batch import Batches
from routing.woonplaats.feitenbron import Feitenbron


def all_endpoints(
    opslag: Opslag,
    kalender: Kalender,
    opvragingen: Opvragingen,
    feitenbron: Feitenbron | None,
    *,
    batches: Batches,
    wlz: Wlz,
) -> tuple[Eindpunt, ...]:
    """Give every operation of the API, in the order of its description."""
    return (
        *Berichten(opslag).endpoints(),
        *Keten(opslag, kalender).endpoints(),
        *Woonplaats(opvragingen, feitenbron).endpoints(),
        *WoonplaatsBatch(batches).endpoints(),
        *wlz.endpoints(),
    )
