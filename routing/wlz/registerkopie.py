"""The copy of the register of the CIZ, and nothing else: which BSNs have which indication, in rounds.

The CIZ is the controller of what is here; the lists of clients of gemeenten are another store (`clientenlijst`), with
other keys. A BSN is an HMAC here, and an indication is sealed. A round holds the whole register and counts only when
all of it was read; until then the round before it stands.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, insert, select, update

from routing import breekpunt, schema
from routing.gelijktijdig import handfuls
from routing.klok import now_ms
from routing.kluis import Kluis, Verzegeld
from routing.onderhoud import Beurt
from routing.wlz.indicatie import Indicatie
from routing.wlz.register import Oorzaak, Registerbron, RegisterFout, Registerregel

_DOEL: Final = "wlz-register"
_RIJEN: Final = 500
_VEEL: Final = 1000
"""From so many indications on, a register that lost half of them since the last round is not believed."""
_NEDERLAND = ZoneInfo("Europe/Amsterdam")
_r, _i = schema.wlz_ronde.c, schema.wlz_indicatie.c


class Gekrompen(RegisterFout):
    """The register was read, but half of it is gone: `aantal` indications, where the round before it had `vorige`."""

    def __init__(self, aantal: int, vorige: int) -> None:
        super().__init__(Oorzaak.GEKROMPEN)
        self.aantal = aantal
        self.vorige = vorige


@dataclass(frozen=True, slots=True)
class Ronde:
    """A round that is complete; `begonnen_op` in ms since 1970."""

    nummer: int
    begonnen_op: int
    sleutel_id: str

    @property
    def dag(self) -> date:
        """The day in the Netherlands of which it tells what holds."""
        return datetime.fromtimestamp(self.begonnen_op / 1000, _NEDERLAND).date()


class Registerkopie:
    """Reads the register into the copy, and finds in it."""

    def __init__(self, kluis: Kluis) -> None:
        self._kluis = kluis
        self._sleutels = kluis.derive(_DOEL)

    async def refresh(self, beurt: Beurt, bron: Registerbron, zorgkantoren: Sequence[str]) -> None:
        """Read the whole register into a new round; a round that was broken off is thrown away first.

        Raises:
            RegisterFout: a part of it could not be read; the round before it still stands.
            Gekrompen: half of it is gone; as above, until somebody says that this is right (`believe`).
        """
        await self._drop(beurt, alleen_af=False)
        nummer = await beurt.write(_begin, self._kluis.actief)
        for zorgkantoor in zorgkantoren:
            regels = await bron.lines_of(zorgkantoor)
            for deel in handfuls(regels):
                rijen = await asyncio.to_thread(self._rows, nummer, deel)
                await beurt.write(_add, rijen)
        if (krimp := await beurt.write(_finish, nummer)) is not None:
            raise krimp
        await self._drop(beurt, alleen_af=True)

    def find(self, conn: Connection, ronde: Ronde, bsns: Sequence[str]) -> Mapping[str, list[Indicatie]]:
        """Give the indications of these people in a round; who has none is left out."""
        sporen = {self._hmac(ronde.sleutel_id, bsn): bsn for bsn in bsns}
        gevonden: dict[str, list[Indicatie]] = {}
        for deel in handfuls(list(sporen)):
            for rij in conn.execute(select(schema.wlz_indicatie).where(_i.ronde == ronde.nummer, _i.kenmerk.in_(deel))):
                zegel = Verzegeld(rij.sleutel_id, rij.datasleutel, rij.inhoud)
                indicatie = _parse(self._kluis.open(rij.id, _DOEL, zegel))
                gevonden.setdefault(sporen[rij.kenmerk], []).append(indicatie)
        return gevonden

    def _rows(self, ronde: int, regels: Sequence[Registerregel]) -> list[dict[str, Any]]:
        rijen = []
        for regel in regels:
            naam = str(uuid.uuid4())
            zegel = self._kluis.seal(naam, _DOEL, _dump(regel.indicatie))
            rijen.append(
                {
                    "id": naam,
                    "ronde": ronde,
                    "kenmerk": self._hmac(self._kluis.actief, regel.bsn),
                    "sleutel_id": zegel.sleutel_id,
                    "datasleutel": zegel.datasleutel,
                    "inhoud": zegel.inhoud,
                }
            )
        return rijen

    def _hmac(self, sleutel_id: str, bsn: str) -> bytes:
        return hmac.new(self._sleutels[sleutel_id], bsn.encode(), hashlib.sha256).digest()

    @staticmethod
    async def _drop(beurt: Beurt, *, alleen_af: bool) -> None:
        """Remove all rounds but the newest complete one, some rows at a time."""
        while await beurt.write(_remove, alleen_af=alleen_af):
            pass


def current(conn: Connection) -> Ronde | None:
    """Give the newest complete round, or None when there never was one."""
    rij = conn.execute(
        select(_r.id, _r.begonnen_op, _r.sleutel_id).where(_r.klaar_op.is_not(None)).order_by(_r.id.desc()).limit(1)
    ).first()
    return None if rij is None else Ronde(rij.id, rij.begonnen_op, rij.sleutel_id)


def _begin(conn: Connection, sleutel_id: str) -> int:
    nieuw = insert(schema.wlz_ronde).values(begonnen_op=now_ms(conn), sleutel_id=sleutel_id).returning(_r.id)
    return int(conn.execute(nieuw).scalar_one())


def _add(conn: Connection, rijen: list[dict[str, Any]]) -> None:
    breekpunt.name_commit(conn, "onderhoud")
    conn.execute(insert(schema.wlz_indicatie), rijen)


def believe(conn: Connection, aantal: int) -> None:
    """Hold the next round against so many indications, in place of those of the last complete round."""
    if (ronde := current(conn)) is not None:
        conn.execute(update(schema.wlz_ronde).where(_r.id == ronde.nummer).values(indicaties=aantal))


def _finish(conn: Connection, nummer: int) -> Gekrompen | None:
    """Let the round count, unless it is so small that something else than the register must have changed."""
    aantal = conn.execute(select(func.count()).where(_i.ronde == nummer)).scalar_one()
    vorige = conn.execute(
        select(_r.indicaties).where(_r.klaar_op.is_not(None)).order_by(_r.id.desc()).limit(1)
    ).scalar()
    if vorige is not None and vorige >= _VEEL and aantal < vorige / 2:
        return Gekrompen(aantal, vorige)
    af = update(schema.wlz_ronde).where(_r.id == nummer).values(klaar_op=now_ms(conn), indicaties=aantal)
    conn.execute(af)
    return None


def _remove(conn: Connection, *, alleen_af: bool) -> bool:
    nu = current(conn)
    weg = select(_r.id).where(_r.id != (nu.nummer if nu else 0))
    rondes = conn.execute(weg.where(_r.klaar_op.is_not(None)) if alleen_af else weg).scalars().all()
    if not rondes:
        return False
    deel = select(_i.id).where(_i.ronde.in_(rondes)).limit(_RIJEN)
    if conn.execute(delete(schema.wlz_indicatie).where(_i.id.in_(deel))).rowcount == 0:
        conn.execute(delete(schema.wlz_ronde).where(_r.id.in_(rondes)))
    return True


def _dump(indicatie: Indicatie) -> bytes:
    delen = (indicatie.kenmerk, indicatie.afgiftedatum, indicatie.ingangsdatum, indicatie.einddatum)
    return json.dumps([None if deel is None else str(deel) for deel in (*delen, indicatie.vervaldatum)]).encode()


def _parse(inhoud: bytes) -> Indicatie:
    kenmerk, *dagen = json.loads(inhoud)
    afgifte, begin, einde, vervallen = (None if dag is None else date.fromisoformat(dag) for dag in dagen)
    if afgifte is None or begin is None:
        raise ValueError("an indication was sealed without its dates")
    return Indicatie(uuid.UUID(kenmerk), afgifte, begin, einde, vervallen)
