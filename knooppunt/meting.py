"""Metrics: what came in, what went out, and what waits. Labels hold no code of a partij and nothing of a bericht."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from knooppunt.achterstand import Achterstand, Beheercijfers
from routing.bericht import Aanlevering
from routing.partij import Kanaal
from routing.poorten import Bezorger, Innemer, Ontvangst, Ontvangstsoort, Uitkomst, Zending
from routing.uitkomstklassen import KLASSEN

CONTENT_TYPE = CONTENT_TYPE_LATEST

# A second series for every counter, of which nobody asks anything.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library did not annotate it


class Meting:
    """The metrics of one hub, in a registry of its own so that two hubs in one process do not mix."""

    def __init__(self) -> None:
        self._register = CollectorRegistry()
        self.ontvangen = Counter(
            "knooppunt_ontvangen",
            "Berichten that were offered, by channel, answer (aangenomen, herhaald, geweigerd) and fault code.",
            ("kanaal", "antwoord", "foutcode"),
            registry=self._register,
        )
        self.bezorgpogingen = Counter(
            "knooppunt_bezorgpogingen",
            "Attempts at delivery, by protocol and outcome (bezorgd, tijdelijk, blijvend).",
            ("protocol", "uitkomst"),
            registry=self._register,
        )
        self._wachtend = Gauge(
            "knooppunt_wachtend", "Berichten that wait for delivery.", ("kanaal",), registry=self._register
        )
        self._lanes = Gauge(
            "knooppunt_lanes_wachtend", "Partijen with berichten waiting.", ("kanaal",), registry=self._register
        )
        self._oudste = Gauge(
            "knooppunt_oudste_wachtend_seconden",
            "How long the bericht waits that waits longest in its lane; 0 when none waits.",
            ("kanaal",),
            registry=self._register,
        )
        self._keten_te_laat = Gauge(
            "knooppunt_keten_te_laat",
            "Terms of the chain that were missed and are still open, by functie and rule.",
            ("functie", "regel"),
            registry=self._register,
        )
        self.niet_toegelaten = Counter(
            "knooppunt_niet_toegelaten",
            "Berichten that were not read because it was too busy, by channel and cause.",
            ("kanaal", "oorzaak"),
            registry=self._register,
        )
        self._incidenten = Gauge(
            "knooppunt_incidenten_open", "Incidents that are open, by cause.", ("oorzaak",), registry=self._register
        )
        self._notificaties = Gauge(
            "knooppunt_notificaties_wachtend", "Events that wait to be sent.", (), registry=self._register
        )
        self._herzendingen = Gauge(
            "knooppunt_herzendingen_wachtend",
            "Berichten that wait in jobs that offer them again.",
            (),
            registry=self._register,
        )
        self._gepauzeerd = Gauge(
            "knooppunt_lanes_gepauzeerd", "Partijen to whom delivery is paused.", (), registry=self._register
        )
        self._onderbroken = Gauge(
            "knooppunt_onderbrekers_open",
            "Partijen that cannot be reached: their breaker is open.",
            (),
            registry=self._register,
        )
        self._quarantaine = Gauge("knooppunt_quarantaine", "Berichten in quarantine.", (), registry=self._register)
        self._aangehouden = Gauge(
            "knooppunt_aangehouden", "Berichten that are held until a release opens.", (), registry=self._register
        )
        self._over_tijd = Gauge(
            "knooppunt_onderhoud_over_tijd_seconden",
            "How long ago a task of maintenance should have been done; 0 when it is on time.",
            ("taak",),
            registry=self._register,
        )
        self._schijf = Gauge(
            "knooppunt_schijf_vrij_bytes", "Free space beside the SQLite file.", (), registry=self._register
        )
        self._certificaat = Gauge(
            "knooppunt_certificaat_dagen", "Days until our own certificate ends.", (), registry=self._register
        )

    def show_cijfers(self, cijfers: Beheercijfers) -> None:
        """Set the gauges of what the operator has on his plate."""
        self._incidenten.clear()
        for oorzaak, aantal in cijfers.incidenten.items():
            self._incidenten.labels(oorzaak).set(aantal)
        self._notificaties.set(cijfers.notificaties)
        self._herzendingen.set(cijfers.herzendingen)
        self._gepauzeerd.set(cijfers.gepauzeerd)
        self._onderbroken.set(cijfers.onderbroken)
        self._quarantaine.set(cijfers.quarantaine)
        self._aangehouden.set(cijfers.aangehouden)
        self._over_tijd.clear()
        for taak, seconden in cijfers.over_tijd.items():
            self._over_tijd.labels(taak).set(seconden)

    def show_disk(self, vrij_mib: int | None) -> None:
        """Set the free space; not a number when it cannot be known."""
        self._schijf.set(math.nan if vrij_mib is None else vrij_mib * 1024 * 1024)

    def show_certificate(self, dagen: float) -> None:
        """Set the days that our certificate still lasts."""
        self._certificaat.set(dagen)

    def show(self, achterstanden: Iterable[Achterstand]) -> None:
        """Set the gauges of what waits; a kanaal that is absent waits for nothing."""
        per_kanaal = {achterstand.kanaal: achterstand for achterstand in achterstanden}
        for kanaal in Kanaal:
            deel = per_kanaal.get(kanaal.value)
            self._wachtend.labels(kanaal.value).set(deel.berichten if deel else 0)
            self._lanes.labels(kanaal.value).set(deel.lanes if deel else 0)
            self._oudste.labels(kanaal.value).set(deel.oudste_seconden if deel else 0)

    def show_keten(self, te_laat: Mapping[tuple[str, str], int]) -> None:
        """Set how many terms are late, by functie and rule; what is absent has none."""
        self._keten_te_laat.clear()
        for (functie, regel), aantal in te_laat.items():
            self._keten_te_laat.labels(functie, regel).set(aantal)

    def forget(self) -> None:
        """Show no backlog at all, because it is unknown."""
        per_soort = (self._wachtend, self._lanes, self._oudste, self._keten_te_laat, self._incidenten, self._over_tijd)
        for meter in per_soort:
            meter.clear()
        stilstand = (self._gepauzeerd, self._onderbroken, self._quarantaine, self._aangehouden)
        for getal in (self._notificaties, self._herzendingen, *stilstand):
            getal.set(math.nan)

    def render(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self._register)


class GeteldeInnemer:
    """An intake whose answers are counted."""

    def __init__(self, innemer: Innemer, meting: Meting) -> None:
        self._innemer = innemer
        self._teller = meting.ontvangen
        self._tellers: dict[
            tuple[str, Ontvangstsoort, str], Counter
        ] = {}  # finding one by its labels costs more than counting

    async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
        """Hand over to the intake and count its answer."""
        ontvangst = await self._innemer.accept(aanlevering)
        code = ontvangst.fout.code if ontvangst.fout else ""
        labels = (aanlevering.kanaal, ontvangst.soort, code)
        teller = self._tellers.get(labels)
        if teller is None:
            teller = self._tellers[labels] = self._teller.labels(*labels)
        teller.inc()
        return ontvangst


class GeteldeBezorger:
    """A bezorger whose outcomes are counted."""

    def __init__(self, bezorger: Bezorger, protocol: str, meting: Meting) -> None:
        self._bezorger = bezorger
        # Looked up once: finding a series by its labels costs several times what counting does.
        self._tellers = {soort: meting.bezorgpogingen.labels(protocol, soort.value) for soort in KLASSEN}

    async def deliver(self, zending: Zending) -> Uitkomst:
        """Make the attempt and count how it went."""
        uitkomst = await self._bezorger.deliver(zending)
        self._tellers[uitkomst.soort].inc()
        return uitkomst

    async def close(self) -> None:
        """Release connections."""
        await self._bezorger.close()
