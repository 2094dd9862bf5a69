"""The list of all operations: what stands here is routed, guarded and described, and nothing else is."""

from __future__ import annotations

from knooppunt.api.berichten import Berichten
from knooppunt.api.eindpunt import Eindpunt
from knooppunt.api.keten import Keten
from routing.ketenbewaking.kalender import Kalender
from routing.opslag import Opslag


def all_endpoints(opslag: Opslag, kalender: Kalender) -> tuple[Eindpunt, ...]:
    """Give every operation of the API, in the order of its description."""
    return (*Berichten(opslag).endpoints(), *Keten(opslag, kalender).endpoints())
