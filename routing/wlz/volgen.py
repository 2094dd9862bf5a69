"""What a gemeente does with its list and its signals: allowed, accounted for, logged per person, and only then done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from routing.opslag import Opslag
from routing.register import RegisterBron
from routing.toestemming import Aanleiding, Aanvrager, GeenToestemming, Toestemming, authorise
from routing.verwerkingen import Betrokkenen, account_refusal
from routing.wlz.clientenlijst import Bewerking, Clientenlijst, Opgave, Verschil
from routing.wlz.logregels import log_people
from routing.wlz.signalering import Signaal, read_signals

_NEDERLAND = ZoneInfo("Europe/Amsterdam")


class Volgen:
    """Changes lists and reads signals, each time in the name of one gemeente.

    Args:
        opslag: the log.
        lijst: the clients.
        betrokkenen: for the processing log.
        register_bron: who may do this.
    """

    def __init__(
        self, opslag: Opslag, lijst: Clientenlijst, betrokkenen: Betrokkenen, register_bron: RegisterBron
    ) -> None:
        self._opslag = opslag
        self._lijst = lijst
        self._betrokkenen = betrokkenen
        self._register_bron = register_bron

    async def change(
        self, aanvrager: Aanvrager, aanleiding: Aanleiding, bewerking: Bewerking, opgaven: Sequence[Opgave]
    ) -> Verschil:
        """Change the list of the gemeente that asks.

        Raises:
            GeenToestemming: it may not.
            routing.wlz.clientenlijst.Lijstfout: the list cannot be taken over; nothing changed.
        """
        toestemming = await self._allow(aanvrager, aanleiding)
        return await self._opslag.write(self._change, toestemming, bewerking, opgaven)

    async def signals(self, aanvrager: Aanvrager, aanleiding: Aanleiding, na: int, aantal: int) -> list[Signaal]:
        """Give the signals of the gemeente that asks, after a number, oldest first; they stay until their term.

        Raises:
            GeenToestemming: it may not.
        """
        toestemming = await self._allow(aanvrager, aanleiding)
        return await self._opslag.write(self._read, toestemming, na, aantal)

    async def _allow(self, aanvrager: Aanvrager, aanleiding: Aanleiding) -> Toestemming:
        dag = datetime.now(_NEDERLAND).date()
        try:
            return authorise(self._register_bron.current(), aanvrager, aanleiding, dag, "")
        except GeenToestemming as fout:
            await self._opslag.write(account_refusal, aanvrager, aanleiding, fout.grond)
            raise

    def _change(
        self, conn: Connection, toestemming: Toestemming, bewerking: Bewerking, opgaven: Sequence[Opgave]
    ) -> Verschil:
        verschil = self._lijst.change(conn, toestemming.aanvrager.partij, bewerking, opgaven)
        log_people(conn, self._betrokkenen, toestemming, {*verschil.erbij, *verschil.eraf})
        return verschil

    def _read(self, conn: Connection, toestemming: Toestemming, na: int, aantal: int) -> list[Signaal]:
        signalen = read_signals(conn, self._lijst, [toestemming.aanvrager.partij], na, aantal)
        clienten = self._lijst.with_ids(conn, (signaal.client_id for signaal in signalen))
        log_people(conn, self._betrokkenen, toestemming, {client.bsn for client in clienten.values()})
        return signalen
