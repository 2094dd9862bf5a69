"""Intake: check a bericht, decide where it goes, and store everything in one durable transaction before answering.

A bericht whose zender cannot be trusted, or that cannot be stored, is refused at the door. Everything else is stored
and acknowledged; what is wrong with it comes back as a Fo01 (design §3, facts on GGk §3.2).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

import structlog
from sqlalchemy import Connection, Row, select, update

from istandaarden.bevinding import Bevinding
from istandaarden.releases import Openstelling, Uitgave
from routing import aanhouding, breekpunt, doorgifte, dossier, schema, tijdstip
from routing.aanhouding import Wacht
from routing.beantwoording import Antwoord, Beantwoorder
from routing.bericht import Aanlevering, Berichtcode
from routing.foutbericht import Foutmelder
from routing.fouten import Fout, make_fout
from routing.geadresseerde import RESPIJT
from routing.gelijktijdig import Ingehaald, is_overtaken
from routing.ketenbewaking.kalender import Kalender
from routing.ketenbewaking.ketenboek import Gemerkt, Ketenboek, answered, retract
from routing.logboek import record, write_facts
from routing.nummering import new_uuid
from routing.opslag import Opslag
from routing.overdracht import Overdracht
from routing.partij import TUSSENPARTIJ, Aansluiting, Kanaal
from routing.poorten import Ontvangst, Ontvangstsoort
from routing.route import Besluit, Stap, Verwezen, generation_for
from routing.routegeheugen import Routegeheugen
from routing.status import Status
from routing.toetsing import Toetser
from routing.vastlegging import (
    Vastlegging,
    complete,
    insert_bericht,
    insert_berichten,
    prepare,
    status_after_intake,
)

_log = structlog.get_logger(__name__)

_MAX_BEVINDINGEN = 50
_POGINGEN = 10
_PAUZE = 0.005  # seconds, doubled each time


class _Opdracht(NamedTuple):
    """What the transaction has to write, made beforehand.

    `fout` is why the bericht is not delivered, told with a Fo01 or with a retour; `aansluiting` where it goes, None
    when it is not delivered.
    """

    besluit: Besluit
    nieuw: Vastlegging
    fo01: Vastlegging | None
    antwoord: Antwoord | None
    indiener: str
    schakels: tuple[Gemerkt, ...]
    fout: Fout | None
    aansluiting: Aansluiting | None

    @property
    def uitgave_for(self) -> tuple[str, Uitgave, Openstelling | None] | None:
        """For whom it is, of which release, and what keeps that closed; None when no release plays a part."""
        soort = self.besluit.functie.berichtsoort if self.besluit.functie else None
        if self.aansluiting is None or soort is None:
            return None
        return self.aansluiting.partij, Uitgave.of(soort), self.besluit.nog_dicht

    def status(self, wacht: Wacht | None) -> Status:
        """Return the status with which the bericht is stored."""
        if self.aansluiting is None:
            return Status.AFGEKEURD
        return Status.WORDT_VERWERKT if wacht else status_after_intake(self.aansluiting)


_Uitslag = tuple[Ontvangst, tuple[str, ...]]
"""The answer, and the lanes to wake."""


class Intake:
    """The one way in, for every channel.

    After the commit `wake` is told which lanes have something new, and `overdracht` gets what is to be pushed.
    """

    def __init__(
        self,
        opslag: Opslag,
        foutmelder: Foutmelder,
        toetser: Toetser,
        wake: Callable[[str], None],
        standaardgeneratie: str = "B",
        *,
        kalender: Kalender | None = None,
        respijt: timedelta = RESPIJT,
        overdracht: Overdracht | None = None,
    ) -> None:
        self._overdracht = overdracht or Overdracht(0)
        self._opslag = opslag
        self._foutmelder = foutmelder
        self._toetser = toetser
        self._beantwoorder = Beantwoorder(foutmelder, toetser)
        self._ketenboek = Ketenboek(foutmelder.kluis, kalender)
        self._wake = wake
        self._standaardgeneratie = standaardgeneratie
        self._geheugen = Routegeheugen(standaardgeneratie, respijt)

    async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
        """Check, route and store one bericht, then answer; never raises for what a bericht contains."""
        ontvangst = (new_uuid(), tijdstip.now())
        try:
            antwoord, lanes = await self._judge_and_store(aanlevering, ontvangst)
        except Exception:  # noqa: BLE001 - the door stays open: logged, and answered with a server fault
            # Whatever failed, nothing was acknowledged: the zender keeps the bericht and offers it again.
            sg = aanlevering.envelop.stuurgegevens
            _log.exception("bericht niet opgeslagen", referentienummer=sg.referentienummer, kanaal=aanlevering.kanaal)
            fout = make_fout("opslaan_onmogelijk", self._standaardgeneratie)
            return Ontvangst(Ontvangstsoort.GEWEIGERD, *ontvangst, fout=fout)
        for lane in lanes:
            self._wake(lane)
        return antwoord

    async def _judge_and_store(self, aanlevering: Aanlevering, ontvangst: tuple[str, str]) -> _Uitslag:
        """Judge a bericht and store it; judge it anew when another of the same case came in meanwhile.

        Returns:
            The answer, and the lanes to wake.

        Raises:
            Ingehaald: that went on happening.
        """
        for poging in range(_POGINGEN):
            besluit = await self._judge(aanlevering)
            if besluit.synchroon:
                return self._refuse(aanlevering, besluit, ontvangst), ()
            antwoord_hub = await self._beantwoorder.prepare(aanlevering, besluit)
            opdracht = self._prepare(aanlevering, besluit, ontvangst, antwoord_hub)
            gelukt = await self._opslag.write_together(self._store, opdracht)
            if gelukt is not None:
                self._hand_over(aanlevering, opdracht, gelukt[0])
                return gelukt
            await asyncio.sleep(random.uniform(0, _PAUZE * 2**poging))  # noqa: S311 - spreads retries, hides nothing
        raise Ingehaald

    def _hand_over(self, aanlevering: Aanlevering, opdracht: _Opdracht, ontvangst: Ontvangst) -> None:
        """Let delivery have from memory what has just been stored for it."""
        aansluiting = opdracht.aansluiting
        if ontvangst.soort is Ontvangstsoort.AANGENOMEN and aansluiting and aansluiting.kanaal is Kanaal.PUSH:
            self._overdracht.put(opdracht.nieuw.bericht_id, aanlevering.envelop, aanlevering.payload)

    async def _judge(self, aanlevering: Aanlevering) -> Besluit:
        sg = aanlevering.envelop.stuurgegevens
        register = self._foutmelder.register_bron.current()
        verwezen = None
        if sg.cross_ref is not None:
            wie = (sg.zender.organisatie, sg.ontvanger.organisatie)
            verwezen = await self._opslag.read(find_verwezen, sg.cross_ref, *wie)
        moment = await self._opslag.moment()
        besluit = self._geheugen.decide(aanlevering, register, verwezen, moment)
        if besluit.fout is None and besluit.aansluiting is not None:
            generatie = generation_for(register, sg.zender.organisatie, self._standaardgeneratie)
            niveau = register.regelniveau(sg.zender.organisatie, besluit.aansluiting.partij)
            await self._toetser.judge(aanlevering, generatie, besluit, niveau)
        return besluit

    def _refuse(self, aanlevering: Aanlevering, besluit: Besluit, ontvangst: tuple[str, str]) -> Ontvangst:
        fout = besluit.fout
        _log.warning(
            "bericht geweigerd",
            oorzaak=fout.oorzaak if fout else None,
            referentienummer=aanlevering.envelop.stuurgegevens.referentienummer,
            zender=aanlevering.envelop.stuurgegevens.zender.organisatie,
            oin=aanlevering.identiteit.oin,
            vingerafdruk=aanlevering.identiteit.vingerafdruk,
        )
        return Ontvangst(Ontvangstsoort.GEWEIGERD, *ontvangst, fout=fout)

    def _prepare(
        self, aanlevering: Aanlevering, besluit: Besluit, ontvangst: tuple[str, str], antwoord: Antwoord | None
    ) -> _Opdracht:
        sg = aanlevering.envelop.stuurgegevens
        verwezen = besluit.verwezen
        if verwezen is not None and verwezen.mirrors(sg.zender.organisatie, sg.ontvanger.organisatie):
            conversatie = verwezen.conversatie
        else:
            conversatie = sg.cross_ref or sg.referentienummer
        nieuw = prepare(
            self._foutmelder.kluis,
            aanlevering.envelop,
            aanlevering.payload,
            conversatie=conversatie,
            kanaal=aanlevering.kanaal,
            ontvangst=ontvangst,
        )
        fo01 = self._foutmelder.prepare(aanlevering.envelop, conversatie, besluit.fout) if besluit.fout else None
        indiener = aanlevering.identiteit.oin or aanlevering.identiteit.vingerafdruk
        schakels = self._ketenboek.mark(besluit.schakels)
        fout = besluit.fout or (antwoord.fout if antwoord else None)
        aansluiting = besluit.aansluiting if fout is None else None
        return _Opdracht(besluit, nieuw, fo01, antwoord, indiener, schakels, fout, aansluiting)

    def _store(self, conn: Connection, opdrachten: Sequence[_Opdracht]) -> list[_Uitslag | None]:
        """Write berichten and all that follows from them.

        Returns:
            Per bericht the answer and the lanes to wake, or None when nothing was written because its verdict is out of
            date: an exception would make all the others of its group start again.
        """
        breekpunt.name_commit(conn, "intake")
        uitslagen = self._insert(conn, [een for een in opdrachten if een.besluit.gelezen is None])
        for een in opdrachten:
            gelezen = een.besluit.gelezen
            # One by one: each has to see what the one before it added to the dossier.
            if gelezen is not None and not is_overtaken(conn, gelezen, dossier.locks_of(een.besluit.dossier)):
                uitslagen |= self._insert(conn, [een])
        return [uitslagen.get(een.nieuw.bericht_id) for een in opdrachten]

    def _insert(self, conn: Connection, opdrachten: Sequence[_Opdracht]) -> dict[str, _Uitslag]:
        """Write berichten of which the verdict stands; give the outcome per bericht_id."""
        rijen = [(een, wacht, een.status(wacht)) for een, wacht in self._waits(conn, opdrachten)]
        ingevoegd = insert_berichten(conn, [(een.nieuw, status, een.fout) for een, _, status in rijen])
        uitslagen: dict[str, _Uitslag] = {}
        for een, wacht, status in rijen:
            nieuw = een.nieuw
            if nieuw.bericht_id not in ingevoegd and (herhaling := self._insert_again(conn, een, status)) is not None:
                uitslagen[nieuw.bericht_id] = herhaling, ()
                continue
            self._complete(conn, een, status, wacht)
            ontvangst = (nieuw.ontvangst_referentie, nieuw.ontvangst_tijdstip)
            aangenomen = Ontvangst(Ontvangstsoort.AANGENOMEN, *ontvangst, nieuw.bericht_id)
            uitslagen[nieuw.bericht_id] = aangenomen, self._follow_up(conn, een, wacht)
        return uitslagen

    def _insert_again(self, conn: Connection, opdracht: _Opdracht, status: Status) -> Ontvangst | None:
        """Write a bericht whose referentienummer was used before; give the answer when that settles it."""
        while (herhaling := self._repeated(conn, opdracht)) is None:
            if insert_bericht(conn, opdracht.nieuw, status, opdracht.fout):
                return None
        return herhaling

    def _waits(self, conn: Connection, opdrachten: Sequence[_Opdracht]) -> Iterator[tuple[_Opdracht, Wacht | None]]:
        """Give with each bericht what it waits for, when its release is not open for the ontvanger."""
        vragen = {een.nieuw.bericht_id: vraag for een in opdrachten if (vraag := een.uitgave_for) is not None}
        wachten = dict(zip(vragen, aanhouding.who_must_wait(conn, vragen.values()), strict=True)) if vragen else {}
        for een in opdrachten:
            yield een, wachten.get(een.nieuw.bericht_id)

    def _complete(self, conn: Connection, opdracht: _Opdracht, status: Status, wacht: Wacht | None) -> None:
        """Write what belongs to the stored bericht: payload, history, and its place in a lane or among what is held."""
        besluit, nieuw, aansluiting = opdracht.besluit, opdracht.nieuw, opdracht.aansluiting
        binnen = {"kanaal": nieuw.kanaal, "indiener": opdracht.indiener, "grootte": nieuw.payload_grootte}
        slot = opdracht.fout.code if opdracht.fout else ""
        if aansluiting:
            slot = f"{'aangehouden voor' if wacht else 'naar'} {aansluiting.partij}"
        route = _write_route(besluit, slot)
        rij = None
        if aansluiting and not wacht:
            rij = (aansluiting, self._foutmelder.termijnen.of(aansluiting))
        complete(conn, nieuw, [("ontvangen", Status.ONTVANGEN, binnen), ("route", status, route)], rij)
        if aansluiting and wacht:
            aanhouding.hold(conn, nieuw.bericht_id, aansluiting, wacht)

    def _follow_up(self, conn: Connection, opdracht: _Opdracht, wacht: Wacht | None) -> tuple[str, ...]:
        """Write what follows from a stored bericht: dossier, chain watch, Fo01 or retour; return the lanes to wake."""
        besluit, nieuw = opdracht.besluit, opdracht.nieuw
        lanes = [opdracht.aansluiting.partij] if opdracht.aansluiting else []
        if opdracht.fout is None:
            dossier.store(conn, nieuw.bericht_id, besluit.dossier)
            if TUSSENPARTIJ in lanes and besluit.functie is not None:
                doorgifte.follow(conn, nieuw.bericht_id)
            if besluit.verwezen is not None and nieuw.envelop.stuurgegevens.zender.organisatie == TUSSENPARTIJ:
                doorgifte.drop(conn, besluit.verwezen.bericht_id)  # its zender hears here why it did not arrive
        if opdracht.fo01 is not None and (lane := self._foutmelder.store(conn, opdracht.fo01, nieuw.bericht_id)):
            lanes.append(lane)
        retour = opdracht.antwoord
        if retour is not None and (lane := self._beantwoorder.store(conn, retour, nieuw.bericht_id, wacht)):
            lanes.append(lane)
        if opdracht.fout is None:
            self._follow(conn, opdracht)
        sg = nieuw.envelop.stuurgegevens
        if sg.berichtcode is Berichtcode.FO01 and besluit.verwezen is not None:
            code = nieuw.envelop.fout.code if nieuw.envelop.fout else None
            feit = {"foutbericht": nieuw.bericht_id, "code": code, "van": sg.zender.organisatie}
            record(conn, besluit.verwezen.bericht_id, "foutbericht ontvangen", None, feit)
            retract(conn, besluit.verwezen.bericht_id)
            doorgifte.drop(conn, besluit.verwezen.bericht_id)
        return tuple(lanes)

    def _follow(self, conn: Connection, opdracht: _Opdracht) -> None:
        """Take an accepted bericht, and the retour that the hub gave it, into the chain watch."""
        nieuw, verwezen, antwoord = opdracht.nieuw, opdracht.besluit.verwezen, opdracht.antwoord
        over = verwezen.bericht_id if verwezen is not None else None
        self._ketenboek.store(conn, nieuw.bericht_id, nieuw.envelop, opdracht.schakels, over)
        if antwoord is not None:
            terug = answered(opdracht.schakels)
            retour = antwoord.retour
            self._ketenboek.store(conn, retour.bericht_id, retour.envelop, terug, nieuw.bericht_id)

    def _repeated(self, conn: Connection, opdracht: _Opdracht) -> Ontvangst | None:
        """Decide on a referentienummer that this zender used before; None when a new try may be written.

        Same content: the earlier receipt again. Other content: conflict. An earlier try that was refused makes room
        for a new one, unless the new one is refused for the same reason: then it is a repetition like any other.
        """
        sg = opdracht.nieuw.envelop.stuurgegevens
        eerder = conn.execute(
            select(schema.bericht)
            .where(
                schema.bericht.c.zender == sg.zender.organisatie,
                schema.bericht.c.referentienummer == sg.referentienummer,
                schema.bericht.c.geldend,
            )
            .with_for_update()
        ).first()
        if eerder is None:
            return None  # while we waited for its row, another node replaced a refused try: the insert sees that one
        zelfde = eerder.envelop_digest == opdracht.nieuw.digest
        code = opdracht.fout.code if opdracht.fout else None
        if eerder.status == Status.AFGEKEURD and not (zelfde and code == eerder.fout_code):
            conn.execute(update(schema.bericht).where(schema.bericht.c.id == eerder.id).values(geldend=False))
            return None
        if zelfde:
            return Ontvangst(Ontvangstsoort.HERHAALD, eerder.ontvangst_referentie, eerder.ontvangst_tijdstip, eerder.id)
        generatie = generation_for(
            self._foutmelder.register_bron.current(), sg.zender.organisatie, self._standaardgeneratie
        )
        return Ontvangst(
            Ontvangstsoort.GEWEIGERD,
            opdracht.nieuw.ontvangst_referentie,
            opdracht.nieuw.ontvangst_tijdstip,
            fout=make_fout("referentienummer_niet_uniek", generatie),
        )


def _write_route(besluit: Besluit, slot: str) -> str:
    """Write how was decided; where nothing was found, thousands a day are decided on in the same words."""
    if besluit.fout is None and not besluit.regelbevindingen and besluit.verwezen is None:  # no answer is like another
        return _write_stappen(tuple(besluit.stappen), slot)
    return write_facts({"stappen": _tell(besluit.stappen), "besluit": slot} | _explain(besluit))


@lru_cache(maxsize=4096)
def _write_stappen(stappen: tuple[Stap, ...], slot: str) -> str:
    return write_facts({"stappen": _tell(stappen), "besluit": slot})


def _tell(stappen: Iterable[Stap]) -> list[dict[str, str]]:
    return [{"naam": s.naam, "uitkomst": s.uitkomst, "uitleg": s.uitleg} for s in stappen]


def _explain(besluit: Besluit) -> dict[str, object]:
    """What the history keeps of what was found: no value from the bericht, and not more than one page."""
    if besluit.fout is not None:
        return {"oorzaak": besluit.fout.oorzaak, "bevindingen": _list(besluit.fout.bevindingen)}
    return {"bevindingen": _list(besluit.regelbevindingen)} if besluit.regelbevindingen else {}


def _list(bevindingen: tuple[Bevinding, ...]) -> list[dict[str, object]]:
    velden = ("code", "niveau", "plaats", "regel", "melding", "retourcode")
    return [{veld: getattr(b, veld) for veld in velden} for b in bevindingen[:_MAX_BEVINDINGEN]]


def find_verwezen(conn: Connection, cross_ref: str, zender: str, ontvanger: str) -> Verwezen | None:
    """Find the bericht that an answer points at.

    One that travelled between these two partijen goes first, then one of the ontvanger: whom VECOZO passed it on to.
    """
    kolommen = schema.bericht.c
    rijen = conn.execute(
        select(
            kolommen.id,
            kolommen.zender,
            kolommen.ontvanger,
            kolommen.functie,
            kolommen.berichtcode,
            kolommen.conversatie,
        ).where(kolommen.referentienummer == cross_ref, kolommen.geldend, kolommen.status != Status.AFGEKEURD)
    ).all()
    gevonden = [_verwezen(rij) for rij in rijen]
    passend = [v for v in gevonden if v.mirrors(zender, ontvanger)]
    eigen = [v for v in gevonden if v.zender == ontvanger]
    return next(iter(passend or eigen or gevonden), None)


def _verwezen(rij: Row[str, str, str, str | None, str, str]) -> Verwezen:
    return Verwezen(rij.id, rij.zender, rij.ontvanger, rij.functie, Berichtcode(rij.berichtcode), rij.conversatie)
