"""The clients of the Wmo that gemeenten follow, and nothing else: this store is the gemeenten's.

Every gemeente is the controller of its own list. BSN and reference are HMACs to find them by, made over the gemeente as
well, so that two lists cannot be laid side by side, and they are sealed together to compare with the register. The copy
of the register is another store, with other keys (`registerkopie`); only `vergelijking` looks at both.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select, text, update

from routing import notificatie, schema
from routing.bsn import GEEN_BSN, holds_bsn, is_bsn
from routing.gelijktijdig import handfuls
from routing.klok import now_ms
from routing.kluis import Kluis, Verzegeld

_DOEL: Final = "wlz-client"
_REFERENTIE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,59}")
_SLOT: Final = text("SELECT pg_advisory_xact_lock(:slot)")
_c, _g, _s = schema.wlz_client.c, schema.wlz_gevolgd.c, schema.wlz_signaal.c

GEEN_REFERENTIE: Final = "moet 1 tot 60 letters, cijfers of tekens uit . _ - hebben"
BSN_IN_REFERENTIE: Final = "mag geen BSN zijn of bevatten: de referentie staat in meldingen"


class Bewerking(StrEnum):
    """What happens with a list; the value is what users write."""

    TOEVOEGEN = "toevoegen"
    VERWIJDEREN = "verwijderen"
    VERVANGEN = "vervangen"


@dataclass(frozen=True, slots=True)
class Opgave:
    """A client as the gemeente names him; the BSN is empty where only the reference counts."""

    referentie: str
    bsn: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Client:
    """A client that is followed; `eerste` says that he was never compared with the register."""

    id: str
    gemeente: str
    referentie: str
    bsn: str = field(repr=False)
    sleutel_id: str
    eerste: bool


@dataclass(frozen=True, slots=True)
class Verschil:
    """What a change did: whose processing began and whose ended, and how many stayed as they were."""

    erbij: tuple[str, ...] = field(repr=False)  # BSNs
    eraf: tuple[str, ...] = field(repr=False)
    gelijk: int


class Lijstfout(ValueError):
    """A list that cannot be taken over; `fouten` holds per row (from 1) what is wrong, in Dutch, without a BSN."""

    def __init__(self, fouten: Sequence[tuple[int, str]]) -> None:
        self.fouten = tuple(fouten)
        super().__init__(f"{len(self.fouten)} rijen kloppen niet")


def check(opgaven: Sequence[Opgave], bewerking: Bewerking) -> None:
    """Check a list before anything is done with it.

    Raises:
        Lijstfout: with everything that is wrong.
    """
    fouten: list[tuple[int, str]] = []
    eerder: dict[str, int] = {}
    for nummer, opgave in enumerate(opgaven, 1):
        fouten += [(nummer, zin) for zin in _faults(opgave, bewerking)]
        for wat, waarde in (("referentie", f"r{opgave.referentie}"), ("bsn", f"b{opgave.bsn}" if opgave.bsn else "")):
            if waarde and eerder.setdefault(waarde, nummer) != nummer:
                fouten.append((nummer, f"{wat} staat ook in rij {eerder[waarde]}"))
    if fouten:
        raise Lijstfout(fouten)


def _faults(opgave: Opgave, bewerking: Bewerking) -> Iterable[str]:
    if not _REFERENTIE.fullmatch(opgave.referentie):
        yield f"referentie {GEEN_REFERENTIE}"
    elif bewerking is not Bewerking.VERWIJDEREN and holds_bsn(opgave.referentie, opgave.bsn):
        yield f"referentie {BSN_IN_REFERENTIE}"  # one that got in by an older rule can still be taken out
    if bewerking is not Bewerking.VERWIJDEREN and not is_bsn(opgave.bsn):
        yield f"bsn {GEEN_BSN}"


class Clientenlijst:
    """Keeps the lists. Its operations run inside a transaction of the caller."""

    def __init__(self, kluis: Kluis) -> None:
        self._kluis = kluis
        self._sleutels = kluis.derive(_DOEL)

    def change(self, conn: Connection, gemeente: str, bewerking: Bewerking, opgaven: Sequence[Opgave]) -> Verschil:
        """Add to a list, take away from it, or replace it; who stays keeps what was told about him.

        To take away somebody who is not there is no fault. Of somebody taken away nothing is kept: no signals either.

        Raises:
            Lijstfout: see `check`; or a reference or a person is in the list already, with another.
        """
        check(opgaven, bewerking)
        self._lock(conn, gemeente)
        staat = {client.referentie: client for client in self._all(conn, gemeente)}
        if bewerking is Bewerking.VERWIJDEREN:
            weg = [staat[o.referentie] for o in opgaven if o.referentie in staat]
            self._remove(conn, gemeente, weg)
            return Verschil((), tuple(client.bsn for client in weg), len(opgaven) - len(weg))
        gelijk = {o.referentie for o in opgaven if o.referentie in staat and staat[o.referentie].bsn == o.bsn}
        nieuw = [opgave for opgave in opgaven if opgave.referentie not in gelijk]
        weg = []
        if bewerking is Bewerking.VERVANGEN:
            weg = [client for referentie, client in staat.items() if referentie not in gelijk]
            self._remove(conn, gemeente, weg)
        else:
            _refuse_others(opgaven, gelijk, staat)
        self._add(conn, gemeente, nieuw)
        return Verschil(tuple(o.bsn for o in nieuw), tuple(client.bsn for client in weg), len(gelijk))

    def due(self, conn: Connection, ronde: int, gemeenten: Collection[str], aantal: int) -> list[Client]:
        """Give clients that were not compared with a round yet; their rows stay ours until the commit."""
        rijen = conn.execute(
            select(schema.wlz_client)
            .where(_c.ronde < ronde, _c.gemeente.in_(sorted(gemeenten)))
            .order_by(_c.ronde, _c.id)
            .limit(aantal)
            .with_for_update()
        )
        return [self._open(rij) for rij in rijen]

    def with_ids(self, conn: Connection, ids: Iterable[str]) -> Mapping[str, Client]:
        """Give clients by id."""
        gevonden: dict[str, Client] = {}
        for deel in handfuls(sorted(set(ids))):
            for rij in conn.execute(select(schema.wlz_client).where(_c.id.in_(deel))):
                gevonden[rij.id] = self._open(rij)
        return gevonden

    def mark_indication(self, client: Client, indicatie: uuid.UUID) -> bytes:
        """Give the identifier of an indication as this store keeps it: found in no other row."""
        return self._hmac(client.sleutel_id, client.id.encode(), indicatie.bytes)

    def seal(self, signaal: str, inhoud: bytes) -> Verzegeld:
        """Seal the content of a signal."""
        return self._kluis.seal(signaal, _DOEL, inhoud)

    def open(self, signaal: str, zegel: Verzegeld) -> bytes:
        """Open what `seal` sealed."""
        return self._kluis.open(signaal, _DOEL, zegel)

    def _all(self, conn: Connection, gemeente: str) -> list[Client]:
        return [self._open(rij) for rij in conn.execute(select(schema.wlz_client).where(_c.gemeente == gemeente))]

    def _open(self, rij: Any) -> Client:
        zegel = Verzegeld(rij.sleutel_id, rij.datasleutel, rij.inhoud)
        bsn, referentie = json.loads(self._kluis.open(rij.id, _DOEL, zegel))
        return Client(rij.id, rij.gemeente, referentie, bsn, rij.sleutel_id, eerste=rij.ronde == 0)

    def _add(self, conn: Connection, gemeente: str, opgaven: Sequence[Opgave]) -> None:
        actief, nu = self._kluis.actief, now_ms(conn)
        rijen = []
        for opgave in opgaven:
            naam = str(uuid.uuid4())
            zegel = self._kluis.seal(naam, _DOEL, json.dumps([opgave.bsn, opgave.referentie]).encode())
            rijen.append(
                {
                    "id": naam,
                    "gemeente": gemeente,
                    "kenmerk": self._hmac(actief, b"bsn", gemeente.encode(), opgave.bsn.encode()),
                    "referentie": self._hmac(actief, b"referentie", gemeente.encode(), opgave.referentie.encode()),
                    "sleutel_id": zegel.sleutel_id,
                    "datasleutel": zegel.datasleutel,
                    "inhoud": zegel.inhoud,
                    "toegevoegd_op": nu,
                }
            )
        if rijen:
            conn.execute(insert(schema.wlz_client), rijen)

    @staticmethod
    def _remove(conn: Connection, gemeente: str, clienten: Sequence[Client]) -> None:
        for deel in handfuls([client.id for client in clienten]):
            signalen = conn.execute(select(_s.kenmerk).where(_s.client_id.in_(deel))).scalars().all()
            for kenmerken in handfuls(signalen):
                notificatie.withdraw(conn, bestemming(gemeente), kenmerken)
            conn.execute(delete(schema.wlz_signaal).where(_s.client_id.in_(deel)))
            conn.execute(delete(schema.wlz_gevolgd).where(_g.client_id.in_(deel)))
            conn.execute(delete(schema.wlz_client).where(_c.id.in_(deel)))

    def _hmac(self, sleutel_id: str, *delen: bytes) -> bytes:
        return hmac.new(self._sleutels[sleutel_id], b"\x1f".join(delen), hashlib.sha256).digest()

    def _lock(self, conn: Connection, gemeente: str) -> None:
        """Let two changes of one list wait for each other; SQLite has one writer anyway."""
        if conn.dialect.name == "postgresql":
            merk = hashlib.sha256(f"wlz-client|{gemeente}".encode()).digest()
            conn.execute(_SLOT, {"slot": int.from_bytes(merk[:8], signed=True)})


def bestemming(gemeente: str) -> str:
    """Name of a gemeente in the outbox (`routing.notificatie`)."""
    return f"wlz-{gemeente}"


def list_gemeenten(conn: Connection) -> frozenset[str]:
    """Give the gemeenten that follow somebody."""
    return frozenset(conn.execute(select(_c.gemeente).distinct()).scalars())


def set_compared(conn: Connection, clienten: Sequence[Client], ronde: int) -> None:
    """Write that these clients were compared with a round."""
    conn.execute(
        update(schema.wlz_client).where(_c.id == bindparam("welke")).values(ronde=ronde),
        [{"welke": client.id} for client in clienten],
    )


def _refuse_others(opgaven: Sequence[Opgave], gelijk: Collection[str], staat: Mapping[str, Client]) -> None:
    """Refuse to add a reference or a person that is in the list with another."""
    van_bsn = {client.bsn for client in staat.values()}
    fouten = []
    for nummer, opgave in enumerate(opgaven, 1):
        if opgave.referentie in gelijk:
            continue
        if opgave.referentie in staat:
            fouten.append((nummer, "referentie staat al in de lijst, voor een ander; verwijder die eerst"))
        if opgave.bsn in van_bsn:
            fouten.append((nummer, "deze persoon staat al in de lijst, met een andere referentie; verwijder die eerst"))
    if fouten:
        raise Lijstfout(fouten)
