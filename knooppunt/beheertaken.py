"""What a hub does for its operator beside handling berichten: watch, tell, and offer again."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
import time
from collections.abc import Callable, Mapping

from adapters.notificatie.webhook import Webhook
from knooppunt.certificaten import Certificaatwacht, read_own
from knooppunt.configuratie import Configuratie, ConfiguratieFout
from knooppunt.meting import Meting
from knooppunt.wacht import Blik, Wacht
from routing.bewaking import Grenzen
from routing.incident import BESTEMMING, Feiten, Incidentboek
from routing.notificatiebezorging import Notificatiebezorging
from routing.onderhoud import Taak
from routing.opslag import Opslag
from routing.poorten import Melder
from routing.register import RegisterBron

_DAG_S = 86_400
_UUR_MS = 3_600_000
_CERTIFICAAT_S = 300.0


def make_boek(configuratie: Configuratie) -> Incidentboek:
    """Make the book of incidents; without a webhook nobody is told."""
    return Incidentboek() if configuratie.notificatie.url is None else Incidentboek(event_source(configuratie))


def event_source(configuratie: Configuratie) -> str:
    """Give the URN of this hub in events."""
    if configuratie.notificatie.bron is not None:
        return configuratie.notificatie.bron
    oin = read_own(configuratie.koppelvlak.certificaat).identiteit.oin
    wie = f"oin:{oin}" if oin else configuratie.hub.organisatie.replace(" ", "-")
    return f"urn:nld:{wie}:systeem:knooppunt"


def make_melders(configuratie: Configuratie) -> dict[str, Melder]:
    """Make what sends events, by bestemming.

    Raises:
        ConfiguratieFout: token or authorities cannot be read.
    """
    sectie = configuratie.notificatie
    if sectie.url is None:
        return {}
    try:
        tls = ssl.create_default_context(cafile=sectie.ca)
    except (OSError, ssl.SSLError):
        raise ConfiguratieFout(f"notificatie.ca: {sectie.ca} is niet te lezen of bevat geen certificaten.") from None
    return {BESTEMMING: Webhook(sectie.url, sectie.token(), socket.gethostname(), tls)}


def node_name(poort: int, proces: int = 1) -> str:
    """Return the name of this node: the same after a restart, and another one for each node on one machine.

    Args:
        poort: of the koppelvlak.
        proces: which of its processes; the first has the name of the node.
    """
    naam = f"{socket.gethostname()}:{poort}"
    return naam if proces == 1 else f"{naam}/{proces}"


def make_looks(
    configuratie: Configuratie, meting: Meting, *, sleutels: Callable[[], Feiten | None], register: Blik
) -> Mapping[str, Blik]:
    """Make the looks of a node at itself, by cause.

    Args:
        configuratie: where our certificate is, and how long before its end that is an incident.
        meting: where the days show.
        sleutels: says what is wrong with the key folder; runs in a thread.
        register: says what is wrong with the register.
    """
    pad, dagen = configuratie.koppelvlak.certificaat, configuratie.bewaking.certificaat_dagen

    async def certificate() -> Feiten | None:
        try:
            bewijs = await asyncio.to_thread(read_own, pad)
        except (OSError, ValueError):
            return {"bezwaar": "het bestand is niet te lezen"}
        over = (bewijs.tot - time.time()) / _DAG_S
        meting.show_certificate(over)
        return {"dagen": round(over)} if over < dagen else None

    async def keys() -> Feiten | None:
        return await asyncio.to_thread(sleutels)

    return {"certificaat_knooppunt": certificate, "sleutelmap": keys, "register_niet_leesbaar": register}


def operator_tasks(
    configuratie: Configuratie,
    opslag: Opslag,
    register_bron: RegisterBron,
    *,
    wacht: Wacht,
    boek: Incidentboek,
    melders: Mapping[str, Melder],
    tls: ssl.SSLContext,
) -> tuple[Taak, ...]:
    """Make the periodic tasks that one node does for the operator of all."""
    bewaking = configuratie.bewaking
    grenzen = Grenzen(round(bewaking.oudste_uren * _UUR_MS), bewaking.achterstand_waarschuwing)
    notificaties = Notificatiebezorging(opslag, melders, boek)
    certificaten = Certificaatwacht(opslag, register_bron, boek, tls, bewaking.certificaat_dagen)
    return (
        Taak("bewaking", bewaking.interval_seconden, functools.partial(wacht.turn, grenzen=grenzen)),
        Taak("notificaties", configuratie.notificatie.interval_seconden, notificaties.turn),
        Taak("certificaten", _CERTIFICAAT_S, certificaten.turn),
    )
