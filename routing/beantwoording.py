"""The hub answers for a partij without software of its own: it makes the retour of what that partij is sent.

The retour is a bericht from that partij, stored in the transaction that stores the heenbericht. A heenbericht that its
retour refuses counts as never sent (iStandaarden OP286), so it is not delivered; one that it accepts, if only in part,
is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain

import structlog
from sqlalchemy import Connection

from istandaarden.bevinding import Bevinding
from istandaarden.retour import REGELVERSIE, Afloop, Retourfout, build_retour, new_identification, outcome
from istandaarden.retourcodes import TECHNISCH
from istandaarden.retourproces import GEEN_RETOUR, write_request
from routing import aanhouding, dossier, tijdstip
from routing.aanhouding import Wacht
from routing.bericht import Aanlevering, Berichtcode, Envelop, Parameters, Stuurgegevens, Systeem
from routing.dossier import Dossierregel
from routing.foutbericht import Foutmelder
from routing.fouten import Fout
from routing.logboek import record
from routing.nummering import new_uuid
from routing.partij import Aansluiting, Richting
from routing.payload import Payload
from routing.route import Besluit
from routing.status import Status
from routing.toetsing import Toetser, ToetsingMislukt
from routing.vastlegging import Vastlegging, complete, insert_bericht, prepare, status_after_intake
from routing.werkproces import WerkMislukt, run_module

_log = structlog.get_logger(__name__)

_VERSIE, _SUBVERSIE = "0001", "0000"
"""Of the applicatie that made the retour, as the chain writes them for its own (GGk specification §3.3)."""


@dataclass(frozen=True, slots=True)
class Antwoord:
    """A retour ready to be written, and what it means for its heenbericht.

    `fout` is why the heenbericht is not delivered, None when it is; `codes` are the retourcodes of what was found;
    `aansluiting` is that of the zender, None when the retour cannot be delivered.
    """

    retour: Vastlegging
    afloop: Afloop
    codes: tuple[str, ...]
    fout: Fout | None
    aansluiting: Aansluiting | None
    dossier: tuple[Dossierregel, ...]


@dataclass(frozen=True, slots=True)
class Beantwoorder:
    """Makes and stores the retouren of partijen that asked for it (`antwoordt_hub` in the register)."""

    foutmelder: Foutmelder
    toetser: Toetser

    async def prepare(self, aanlevering: Aanlevering, besluit: Besluit) -> Antwoord | None:
        """Make the retour of a heenbericht that was judged; None when the hub does not answer it.

        When no correct retour can be made the besluit tells why, and the heenbericht is delivered without one.

        Raises:
            ToetsingMislukt: a large retour took too long to make.
        """
        soort = besluit.functie.berichtsoort if besluit.functie else None
        aansluiting = besluit.aansluiting
        if besluit.fout is not None or soort is None or soort.retour is None:
            return None
        if aansluiting is None or not aansluiting.antwoordt_hub:
            return None
        # What only the zender wants to have checked is no reason to refuse it in the name of the ontvanger.
        bevindingen = tuple(b for b in besluit.regelbevindingen if b.niveau <= aansluiting.regelniveau)
        moment = tijdstip.now()
        try:
            afloop = outcome(bevindingen, soort)
            versie = besluit.xslt_versie or REGELVERSIE
            retour = await self._build(aanlevering.payload, bevindingen, tijdstip.read(moment).date(), versie)
        except Retourfout as fout:
            besluit.let_op("antwoord", f"Het knooppunt kan geen {soort.retour} maken: {fout}")
            _log.warning("geen retour gemaakt", functie=soort.code, partij=aansluiting.partij)
            return None
        besluit.ok("antwoord", f"Het knooppunt antwoordt namens {aansluiting.partij} met {soort.retour}: {afloop}.")
        return Antwoord(
            retour=self._seal(aanlevering.envelop, aansluiting.partij, soort.retour, moment, retour),
            afloop=afloop,
            codes=_codes(bevindingen),
            fout=_refusal(soort.retour, bevindingen) if afloop is Afloop.AFGEKEURD else None,
            aansluiting=self._way_back(aanlevering.envelop.stuurgegevens.zender.organisatie, soort.retour),
            dossier=await self._lines_of(retour, besluit, afloop),
        )

    def store(self, conn: Connection, antwoord: Antwoord, heen_id: str, wacht: Wacht | None = None) -> str | None:
        """Write the retour and put it in the lane of the zender, in the transaction of its heenbericht.

        Args:
            conn: connection inside that transaction.
            antwoord: from `prepare`.
            heen_id: the heenbericht.
            wacht: what the heenbericht waits for; the retour waits along, so that both go or neither does.

        Returns:
            The lane to wake, or None when the zender cannot receive it: then it is kept, broken off.
        """
        aansluiting, retour = antwoord.aansluiting, antwoord.retour
        status = Status.BEZORGING_AFGEBROKEN
        if aansluiting:
            status = Status.WORDT_VERWERKT if wacht else status_after_intake(aansluiting)
        insert_bericht(conn, retour, status, None)
        functie = retour.envelop.stuurgegevens.functie
        feiten = {"functie": functie, "afloop": antwoord.afloop.value, "codes": list(antwoord.codes)}
        lane = (aansluiting, self.foutmelder.termijnen.of(aansluiting)) if aansluiting and not wacht else None
        complete(conn, retour, [("retour gemaakt", status, feiten | {"over": heen_id})], lane)
        if aansluiting and wacht:
            aanhouding.hold(conn, retour.bericht_id, aansluiting, wacht)
        dossier.store(conn, retour.bericht_id, antwoord.dossier)
        record(conn, heen_id, "door het knooppunt beantwoord", None, feiten | {"retour": retour.bericht_id})
        return aansluiting.partij if aansluiting else None

    async def _build(self, payload: Payload, bevindingen: Sequence[Bevinding], dag: date, versie: str) -> bytes:
        """Make the retour of a bericht that satisfies its schema, a large one in a process of its own."""
        nummer = new_identification()
        if payload.plain is not None:
            gemaakt = build_retour(
                payload.plain, bevindingen, identificatie=nummer, dagtekening=dag, xslt_versie=versie
            )
            return gemaakt or b""
        invoer = chain([write_request(bevindingen, nummer, dag, versie)], payload.chunks())
        try:
            async with self.toetser.tegelijk:
                code, uit = await run_module("istandaarden.retourproces", (), invoer, self.toetser.tijd)
        except WerkMislukt as fout:
            raise ToetsingMislukt("no retour in time") from fout
        if code == GEEN_RETOUR:
            raise Retourfout(uit.decode())
        if code != 0:
            raise ToetsingMislukt(f"the process that makes a retour ended with {code}")
        return uit

    def _seal(self, heen: Envelop, partij: str, functie: str, moment: str, retour: bytes) -> Vastlegging:
        """Address the retour: from the partij that got the heenbericht to its zender, in the same release."""
        sg = heen.stuurgegevens
        envelop = Envelop(
            Stuurgegevens(
                berichtcode=Berichtcode.DU01,
                zender=Systeem(partij, self.foutmelder.afzender.applicatie),
                ontvanger=sg.zender,
                referentienummer=new_uuid(),
                tijdstip=moment,
                cross_ref=sg.referentienummer,
                functie=functie,
            ),
            replace(
                heen.parameters or Parameters(_VERSIE, _SUBVERSIE, "", ""),
                applicatie_versie=_VERSIE,
                applicatie_subversie=_SUBVERSIE,
            ),
        )
        return prepare(
            self.foutmelder.kluis,
            envelop,
            Payload(retour),
            conversatie=sg.cross_ref or sg.referentienummer,
            kanaal="hub",
            ontvangst=(envelop.stuurgegevens.referentienummer, moment),
        )

    def _way_back(self, zender: str, functie: str) -> Aansluiting | None:
        register = self.foutmelder.register_bron.current()
        if register.machtiging(zender, Richting.ONTVANGEN, functie) is None:
            return None
        return register.reach(zender)

    async def _lines_of(self, retour: bytes, besluit: Besluit, afloop: Afloop) -> tuple[Dossierregel, ...]:
        """Give what the dossier keeps of the retour; of one that refuses nothing, as of the bericht it refuses."""
        regeltoets = self.toetser.regeltoets
        if regeltoets is None or not besluit.dossier or afloop is Afloop.AFGEKEURD:
            return ()
        return await regeltoets.lines_of(retour)


def _codes(bevindingen: Sequence[Bevinding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(bevinding.retourcode or TECHNISCH for bevinding in bevindingen))


def _refusal(functie: str, bevindingen: tuple[Bevinding, ...]) -> Fout:
    """Say why a heenbericht is refused, in the terms of its retour."""
    codes = _codes(bevindingen)
    return Fout(
        oorzaak="afgekeurd_met_retour",
        code=TECHNISCH if TECHNISCH in codes else codes[0],
        melder=functie,
        plek="client",
        omschrijving="Afgekeurd met een retourbericht",
        toelichting=f"Wat er mis is staat in {functie}.",
        bevindingen=bevindingen,
    )
