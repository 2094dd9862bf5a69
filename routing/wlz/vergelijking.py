"""The one place where the register meets the lists of clients: each is asked in its own terms, and SQL joins nothing.

A handful of clients at a time: their list gives the BSNs, the copy finds its own HMACs of those, `signaal.compare`
decides, and in the same transaction the signals, the events, the log of the processing and what the gemeente now knows
are written. So whoever dies in between has told nothing, and who goes on tells nothing twice.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from routing import breekpunt, notificatie, schema
from routing.dienst import Wet
from routing.gelijktijdig import handfuls
from routing.klok import now_ms
from routing.register import Register
from routing.toestemming import Aanleiding, Aanvrager, GeenToestemming, Toestemming, Weg, authorise
from routing.verwerkingen import Betrokkenen
from routing.wlz.clientenlijst import Client, Clientenlijst, bestemming, set_compared
from routing.wlz.logregels import log_people
from routing.wlz.registerkopie import Registerkopie, Ronde
from routing.wlz.signaal import Signaalsoort, Uitkomst, Verandering, compare

DIENST: Final = "wlz-signalen"
DOEL: Final = "afstemming"
_GREEP: Final = 500
_SOORT: Final = "nl.knooppunt.wlz-signaal"
_SOORT_STAND: Final = "nl.knooppunt.wlz-stand"
_g, _s = schema.wlz_gevolgd.c, schema.wlz_signaal.c


@dataclass(frozen=True, slots=True)
class Melding:
    """Where events come from and who gets them: the URN of this hub, and the gemeenten with a webhook."""

    bron: str
    gemeenten: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Signaal:
    client: Client
    indicatie: bytes
    verandering: Verandering
    kenmerk: str


class Vergelijking:
    """Compares lists with the copy.

    Args:
        kopie: the register.
        lijst: the clients.
        betrokkenen: for the processing log.
        melding: who is told by event; None for nobody.
    """

    def __init__(
        self, kopie: Registerkopie, lijst: Clientenlijst, betrokkenen: Betrokkenen, melding: Melding | None = None
    ) -> None:
        self._kopie = kopie
        self._lijst = lijst
        self._betrokkenen = betrokkenen
        self._melding = melding

    def compare_some(self, conn: Connection, ronde: Ronde, toegestaan: Mapping[str, Toestemming]) -> int:
        """Compare a handful of clients that were not compared with this round yet; return how many there were.

        Args:
            conn: in a transaction; all of it is committed together.
            ronde: the round.
            toegestaan: the gemeenten that may be told, see `allowed`; clients of others are left alone.
        """
        clienten = self._lijst.due(conn, ronde.nummer, toegestaan, _GREEP)
        if not clienten:
            return 0
        breekpunt.name_commit(conn, "onderhoud")
        register = self._kopie.find(conn, ronde, sorted({client.bsn for client in clienten}))
        bekend = _known(conn, clienten)
        signalen: list[_Signaal] = []
        for client in clienten:
            nu = {self._lijst.mark_indication(client, i.kenmerk): i for i in register.get(client.bsn, ())}
            eerder = bekend.get(client.id, {})
            uitkomst = compare(eerder, nu, ronde.dag, eerste=client.eerste)
            _remember(conn, client, eerder, uitkomst)
            signalen += [_Signaal(client, naam, v, str(uuid.uuid4())) for naam, v in uitkomst.veranderingen]
        self._store(conn, signalen)
        for gemeente, groep in _per_gemeente(signalen):
            log_people(conn, self._betrokkenen, toegestaan[gemeente], {signaal.client.bsn for signaal in groep})
        set_compared(conn, clienten, ronde.nummer)
        return len(clienten)

    def _store(self, conn: Connection, signalen: list[_Signaal]) -> None:
        nu = now_ms(conn)
        for signaal in signalen:
            zegel = self._lijst.seal(signaal.kenmerk, _dump(signaal))
            nieuw = insert(schema.wlz_signaal).values(
                gemeente=signaal.client.gemeente,
                client_id=signaal.client.id,
                kenmerk=signaal.kenmerk,
                gemaakt_op=nu,
                sleutel_id=zegel.sleutel_id,
                datasleutel=zegel.datasleutel,
                inhoud=zegel.inhoud,
            )
            nummer = conn.execute(nieuw.returning(_s.id)).scalar_one()
            if signaal.verandering.soort is not Signaalsoort.STAND:
                data = {"volgnummer": nummer, "referentie": signaal.client.referentie}
                self._tell(conn, signaal.client.gemeente, _SOORT, signaal.kenmerk, data)
        for gemeente, groep in _per_gemeente([s for s in signalen if s.verandering.soort is Signaalsoort.STAND]):
            data = {"aantal": len(groep)}
            self._tell(conn, gemeente, _SOORT_STAND, f"stand-{groep[0].kenmerk}", data)

    def _tell(self, conn: Connection, gemeente: str, soort: str, kenmerk: str, data: Mapping[str, object]) -> None:
        if self._melding is None or gemeente not in self._melding.gemeenten:
            return
        event = notificatie.make_event(
            bron=self._melding.bron,
            soort=soort,
            kenmerk=kenmerk,
            onderwerp=f"wlz-signalen/{gemeente}",
            moment_ms=now_ms(conn),
            data=data,
        )
        notificatie.enqueue(conn, bestemming(gemeente), event)


def allowed(register: Register, gemeenten: Collection[str], dag: date) -> dict[str, Toestemming]:
    """Give the gemeenten that may (still) be told about their clients."""
    toegestaan = {}
    for gemeente in sorted(gemeenten):
        aanvrager = Aanvrager(gemeente, "taak:wlz-signalen", Weg.TAAK)
        aanleiding = Aanleiding(DIENST, Wet.WMO, DOEL, "dagelijkse vergelijking")
        try:
            toegestaan[gemeente] = authorise(register, aanvrager, aanleiding, dag, "")
        except GeenToestemming:
            continue
    return toegestaan


def _known(conn: Connection, clienten: list[Client]) -> Mapping[str, dict[bytes, bool]]:
    bekend: dict[str, dict[bytes, bool]] = {}
    for deel in handfuls([client.id for client in clienten]):
        for rij in conn.execute(select(schema.wlz_gevolgd).where(_g.client_id.in_(deel))):
            bekend.setdefault(rij.client_id, {})[rij.indicatie] = rij.loopt
    return bekend


def _remember(conn: Connection, client: Client, eerder: Mapping[bytes, bool], uitkomst: Uitkomst) -> None:
    anders = {naam: loopt for naam, loopt in uitkomst.loopt.items() if eerder.get(naam) is not loopt}
    if anders:
        conn.execute(delete(schema.wlz_gevolgd).where(_g.client_id == client.id, _g.indicatie.in_(list(anders))))
        conn.execute(
            insert(schema.wlz_gevolgd),
            [{"client_id": client.id, "indicatie": naam, "loopt": loopt} for naam, loopt in anders.items()],
        )


def _dump(signaal: _Signaal) -> bytes:
    v = signaal.verandering
    inhoud: dict[str, Any] = {
        "soort": v.soort.value,
        "referentie": signaal.client.referentie,
        "indicatie": signaal.indicatie[:8].hex(),
        "ingangsdatum": v.ingangsdatum.isoformat() if v.ingangsdatum else None,
        "einddatum": v.einddatum.isoformat() if v.einddatum else None,
    }
    return json.dumps(inhoud).encode()


def _per_gemeente(signalen: list[_Signaal]) -> Iterator[tuple[str, list[_Signaal]]]:
    gesorteerd = sorted(signalen, key=lambda signaal: signaal.client.gemeente)
    for gemeente, groep in groupby(gesorteerd, key=lambda signaal: signaal.client.gemeente):
        yield gemeente, list(groep)
