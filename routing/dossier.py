"""The dossier: which stored berichten touch the same case, found without anything readable about a person.

Each bericht between partijen that ask for rules across berichten leaves its kenmerken as HMACs, in the transaction that
stores it. To judge a new one, all that share a kenmerk with it are opened from the kluis and replayed in the order of
intake. A bericht that a Fo01 came back about counts as not sent, like one that its retour rejects.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, and_, exists, func, insert, select

from istandaarden.herkenning import by_root
from istandaarden.regels.bericht import Bericht, read_tree
from istandaarden.regels.kenmerken import VOLGEND, Kenmerk, kenmerken, sporen
from istandaarden.regels.keten import Keten
from istandaarden.regels.ketenverloop import Ketenverloop
from istandaarden.standaardmap import in_gebruik
from istandaarden.toets import read_stream
from istandaarden.veilig import parse
from routing import schema
from routing.bericht import Berichtcode
from routing.gelijktijdig import Gelezen, handfuls, read_stand
from routing.kluis import Kluis, Verzegeld, VerzegeldePayload
from routing.logboek import offered_again_at
from routing.opslag import Opslag
from routing.payload import DREMPEL
from routing.status import Status

_DOEL = "dossier"
_LENGTE = 16
"""Bytes of a kenmerk that are kept: enough that no two of them are ever the same by chance."""

_VEEL = 64
_STAPEL = 50  # berichten opened at a time
_SCHEIDING = "\x1f"  # occurs in no bericht: XML does not know it


@dataclass(frozen=True, slots=True)
class Dossierregel:
    """One kenmerk of a bericht as the table keeps it."""

    sleutel_id: str
    soort: str
    kenmerk: bytes


class Dossier:
    """Finds and replays what belongs with a bericht."""

    def __init__(self, opslag: Opslag, kluis: Kluis) -> None:
        self._opslag = opslag
        self._kluis = kluis
        self._sleutels = kluis.derive(_DOEL)

    def lines_of(self, bericht: Bericht) -> tuple[Dossierregel, ...]:
        """Give what the dossier is to keep of a bericht, made with the newest key.

        A kenmerk that leads on is kept under every key there is: the bericht it leads to, or is found from, may be of
        before the newest key, and from a stored kenmerk no other can be made.
        """
        actief = self._kluis.actief
        return tuple(
            Dossierregel(sleutel_id, kenmerk[0], _hmac(self._sleutels[sleutel_id], kenmerk))
            for kenmerk in kenmerken(bericht)
            for sleutel_id in (self._sleutels if kenmerk[0] in VOLGEND else (actief,))
        )

    async def keten_before(self, bericht: Bericht) -> tuple[Keten, Gelezen]:
        """Replay the stored berichten that belong with a new one.

        Returns:
            What they tell, and the mark by which its transaction sees whether any came in since.

        Raises:
            routing.kluis.KluisFout: one of them cannot be opened.
        """
        waar = tuple(_hmac(sleutel, spoor) for spoor in sporen(bericht) for sleutel in self._sleutels.values())
        # First the mark: what comes in after it is judged anew, even if the second question sees it already.
        gelezen = Gelezen(waar, await self._opslag.read(read_stand, waar))
        ids = await self._opslag.read(find_related, waar)
        keten = Ketenverloop()
        for begin in range(0, len(ids), _STAPEL):
            payloads = await self._opslag.read(_load, self._kluis, ids[begin : begin + _STAPEL])
            await asyncio.to_thread(_replay, payloads, keten)
        return keten, gelezen


def store(conn: Connection, bericht_id: str, regels: Sequence[Dossierregel]) -> None:
    """Write the kenmerken of a bericht, inside the transaction that stores it."""
    if regels:
        conn.execute(
            insert(schema.dossier),
            [
                {"bericht_id": bericht_id, "sleutel_id": r.sleutel_id, "soort": r.soort, "kenmerk": r.kenmerk}
                for r in regels
            ],
        )


def locks_of(regels: Sequence[Dossierregel]) -> list[bytes]:
    """Give the kenmerken by which two berichten keep out of each other's way while they are stored.

    Of a bericht with very many, a declaratie, those of the single client and prestatie are left out: others of the same
    two partijen still meet it.
    """
    if len(regels) > _VEEL:
        regels = [regel for regel in regels if regel.soort not in {"client", "prestatie"}]
    return [regel.kenmerk for regel in regels]


def find_related(conn: Connection, sporen: Sequence[bytes]) -> Sequence[str]:
    """Give the ids of the berichten that belong with certain kenmerken, in the order of intake.

    Args:
        conn: any connection.
        sporen: HMACs of the kenmerken.
    """
    d = schema.dossier.c
    gevonden: dict[str, int] = {}
    nieuw: set[str] = set()
    for spoor in handfuls(sporen):
        nieuw |= set(conn.execute(select(d.bericht_id).where(d.kenmerk.in_(spoor)).distinct()).scalars())
    while nieuw:
        gevolg: set[str] = set()
        for deel in handfuls(sorted(nieuw)):
            eerste = select(d.bericht_id, func.min(d.id)).where(d.bericht_id.in_(deel)).group_by(d.bericht_id)
            gevonden.update((rij[0], rij[1]) for rij in conn.execute(eerste))
            leiden = select(d.kenmerk).where(d.bericht_id.in_(deel), d.soort.in_(VOLGEND))
            gevolg |= set(conn.execute(select(d.bericht_id).where(d.kenmerk.in_(leiden)).distinct()).scalars())
        nieuw = gevolg - gevonden.keys()
    geldig: set[str] = set()
    for deel in handfuls(sorted(gevonden)):
        geldig |= set(conn.execute(_that_count(deel)).scalars())
    return sorted(geldig, key=gevonden.__getitem__)


def _that_count(ids: Sequence[str]) -> Select[str]:
    """Select the berichten that were accepted, and that nobody sent a Fo01 about since they were last offered."""
    b = schema.bericht.c
    fo01 = schema.bericht.alias("fo01")
    teruggekomen = exists().where(
        and_(
            fo01.c.cross_ref == b.referentienummer,
            fo01.c.berichtcode == Berichtcode.FO01.value,
            fo01.c.ontvanger == b.zender,
            fo01.c.status != Status.AFGEKEURD,
            fo01.c.ontvangen_op > func.coalesce(offered_again_at(schema.bericht), -1),
        )
    )
    return select(b.id).where(b.id.in_(ids), b.geldend, b.status != Status.AFGEKEURD, ~teruggekomen)


def _load(conn: Connection, kluis: Kluis, ids: Sequence[str]) -> list[VerzegeldePayload]:
    b, p = schema.bericht.c, schema.payload.c
    vraag = select(b.id, b.payload_grootte, b.payload_digest, p.sleutel_id, p.datasleutel, p.inhoud)
    rijen = conn.execute(vraag.join_from(schema.bericht, schema.payload).where(b.id.in_(ids)))
    per_id = {
        rij.id: kluis.open_stream(
            rij.id,
            "payload",
            Verzegeld(rij.sleutel_id, rij.datasleutel, rij.inhoud),
            size=rij.payload_grootte,
            digest=rij.payload_digest,
        )
        for rij in rijen
    }
    return [per_id[bericht_id] for bericht_id in ids if bericht_id in per_id]


def _replay(payloads: Iterable[VerzegeldePayload], keten: Ketenverloop) -> None:
    for payload in payloads:
        bericht = _read(payload)
        if bericht is not None:
            keten.add(bericht)


def _read(payload: VerzegeldePayload) -> Bericht | None:
    """Read a bericht that satisfied its schema when it came in; a large one without a tree."""
    if payload.size > DREMPEL:
        return read_stream(payload.chunks)
    wortel = parse(b"".join(payload.chunks()))
    return read_tree(wortel, by_root(str(wortel.tag), in_gebruik(), 0))


def _hmac(sleutel: bytes, kenmerk: Kenmerk) -> bytes:
    return hmac.digest(sleutel, _SCHEIDING.join(kenmerk).encode(), "sha256")[:_LENGTE]
