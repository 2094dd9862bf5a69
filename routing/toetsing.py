"""Checking a payload against its standard on the way in: small ones here, large ones in a process of their own.

A process keeps the event loop free, keeps the hub's memory small, and can be killed when a payload is made to be slow
(design §3; limits.md 2b).
"""

from __future__ import annotations

import asyncio
import operator
from dataclasses import dataclass, field

from istandaarden.catalogus import Berichtsoort, Catalogus
from istandaarden.standaardmap import in_gebruik
from istandaarden.stijlrapport import ControleAfgebroken
from istandaarden.toets import Oordeel, validate
from istandaarden.toetsproces import from_json
from routing.bericht import Aanlevering, Stuurgegevens
from routing.bestandstoets import find_fault, find_xml_fault
from routing.fouten import make_fout
from routing.functies import Functie
from routing.ketenpartij import judged_by_receiver
from routing.partij import TUSSENPARTIJ
from routing.payload import Payload
from routing.regeltoets import Regeltoets
from routing.route import Besluit, stands_for
from routing.werkproces import WerkMislukt, run_module


class ToetsingMislukt(RuntimeError):
    """The checking process gave no verdict; the bericht cannot be accepted now."""


@dataclass(frozen=True, slots=True)
class Toetser:
    """Judges payloads. `tijd` is the limit in seconds for one large payload, `tegelijk` how many run at a time.

    `catalogus` is asked for once: to find out which one is in use takes as long as the verdict on a small payload.
    """

    tijd: float = 60.0
    tegelijk: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    regeltoets: Regeltoets | None = None
    catalogus: Catalogus = field(default_factory=in_gebruik)

    async def judge(self, aanlevering: Aanlevering, generatie: str, besluit: Besluit, niveau: int = 1) -> None:
        """Check the payload and add the outcome to the besluit.

        Args:
            aanlevering: what the channel handed in.
            generatie: generation of fault codes for the zender.
            besluit: what routing decided so far.
            niveau: highest level of rules that one of the two partijen asked for.

        Raises:
            ToetsingMislukt: no verdict could be had.
        """
        if besluit.functie is None:
            return
        soort = besluit.functie.berichtsoort
        if soort is None:
            await _judge_file(aanlevering, besluit.functie, generatie, besluit)
            return
        oordeel = await self._verdict(aanlevering.payload, soort)
        if not oordeel.geldig:
            zelf = judged_by_receiver(besluit.functie)
            if await _may_be_right(aanlevering.payload, soort, zelf):
                _leave_to_receiver(besluit, oordeel, soort, zelf)
                _compare_kop(oordeel, soort, aanlevering.envelop.stuurgegevens, generatie, besluit)
                return
            eerste = oordeel.bevindingen[0]
            uitleg = (
                f"{len(oordeel.bevindingen)} fout(en) in {soort.code} (schema: {oordeel.schema}); de eerste op regel "
                f"{eerste.regel}, "
                f"{eerste.plaats}: {eerste.melding}"
            )
            oorzaak = "payload_ongeldig_ketenpartij" if zelf else "payload_ongeldig"
            besluit.refuse("inhoud", make_fout(oorzaak, generatie, uitleg, oordeel.bevindingen), uitleg)
            return
        besluit.ok(
            "inhoud", f"De inhoud voldoet aan het XSD-schema van {soort.code} {soort.release} ({oordeel.schema})."
        )
        _compare_kop(oordeel, soort, aanlevering.envelop.stuurgegevens, generatie, besluit)
        besluit.schakels = oordeel.schakels
        if besluit.fout is None and niveau > 1 and self.regeltoets is not None:
            try:
                regeloordeel = await self.regeltoets.judge(aanlevering.payload, soort, niveau)
            except ControleAfgebroken as fout:
                raise ToetsingMislukt(f"the check of {soort.code} was stopped") from fout
            besluit.regelbevindingen, besluit.dossier = regeloordeel.bevindingen, regeloordeel.dossier
            besluit.gelezen, besluit.xslt_versie = regeloordeel.gelezen, regeloordeel.xslt_versie
            _explain_rules(besluit, soort, niveau, regeloordeel.bron)

    async def _verdict(self, payload: Payload, soort: Berichtsoort) -> Oordeel:
        if payload.plain is not None:
            return validate(payload.plain, verwacht=soort, catalogus=self.catalogus, schakels=True)
        async with self.tegelijk:
            return await self._validate_in_process(payload, soort)

    async def _validate_in_process(self, payload: Payload, soort: Berichtsoort) -> Oordeel:
        """Feed the payload to ``python -m istandaarden.toetsproces`` and read its verdict."""
        try:
            argumenten = (soort.code, soort.release)
            code, uit = await run_module("istandaarden.toetsproces", argumenten, payload.chunks(), self.tijd)
        except WerkMislukt as fout:
            raise ToetsingMislukt(f"no verdict on {soort.code}") from fout
        if code != 0:
            raise ToetsingMislukt(f"the checking process ended with {code}")
        return from_json(uit, self.catalogus)


async def _judge_file(aanlevering: Aanlevering, functie: Functie, generatie: str, besluit: Besluit) -> None:
    """Check what is passed on unread: is it there, and is it the kind of file it says it is."""
    fout = await find_fault(aanlevering, functie)
    if fout is None:
        besluit.ok("inhoud", f"De inhoud van {functie.naam} wordt ongelezen doorgegeven.")
    else:
        besluit.refuse("inhoud", make_fout("bestand_ongeldig", generatie, fout), fout)


async def _may_be_right(payload: Payload, soort: Berichtsoort, zelf: str | None) -> bool:
    """Say whether a bericht may be right although our schema refuses it.

    So it is where our schema is a reconstruction and a ketenpartij that has the real one judges anyway, unless the
    payload is no XML at all.
    """
    gokt = zelf is not None and in_gebruik().herkomst(soort) == "reconstructie"
    return gokt and await find_xml_fault(payload) is None


def _leave_to_receiver(besluit: Besluit, oordeel: Oordeel, soort: Berichtsoort, zelf: str | None) -> None:
    """Say that only our reconstruction refuses this, and who will judge it."""
    eerste = oordeel.bevindingen[0]
    besluit.let_op(
        "inhoud",
        f"De inhoud past niet op onze reconstructie van {soort.code} {soort.release} ({len(oordeel.bevindingen)} "
        f"keer; de eerste op regel {eerste.regel}: {eerste.melding}) Dat kan aan de reconstructie liggen: {zelf} "
        "heeft het echte schema en toetst zelf.",
    )


def _explain_rules(besluit: Besluit, soort: Berichtsoort, niveau: int, bron: str) -> None:
    """Note what the rules say. They are answered by a retourbericht, never by a Fo01 (IV032), so nothing stops here."""
    bevindingen = besluit.regelbevindingen
    wiens = f" (niveau 2: {bron})" if bron not in {"", "ingebouwd"} else ""
    if not bevindingen:
        besluit.ok("regels", f"{soort.code} voldoet aan de regels tot en met niveau {niveau}{wiens}.")
        return
    codes = ", ".join(dict.fromkeys(bevinding.code for bevinding in bevindingen))
    besluit.let_op(
        "regels", f"{soort.code} breekt {len(bevindingen)} keer een regel{wiens}: {codes}. {bevindingen[0].melding}"
    )


def _compare_kop(oordeel: Oordeel, soort: Berichtsoort, sg: Stuurgegevens, generatie: str, besluit: Besluit) -> None:
    """The Header of the payload may not contradict the envelope.

    A retour keeps Afzender and Ontvanger of the heenbericht although it travels back (istandaarden.md §1.1), and also
    when one of them went on in another gemeente meanwhile. A retour of VECOZO itself is in the name of the
    zorgaanbieder that the heenbericht was for.
    """
    if oordeel.kop is None:
        return
    van, naar = sg.zender.organisatie, sg.ontvanger.organisatie
    if van == TUSSENPARTIJ and besluit.verwezen is not None:
        van = besluit.verwezen.ontvanger
    if soort.is_retour:
        van, naar = naar, van
    passen = stands_for if soort.is_retour else operator.eq
    if passen(oordeel.kop.afzender or van, van) and passen(oordeel.kop.ontvanger or naar, naar):
        besluit.ok("kop", "Afzender en Ontvanger in de Header passen bij de envelop.")
        return
    uitleg = f"De Header van {soort.code} noemt een andere Afzender of Ontvanger dan de envelop ({van} en {naar})."
    besluit.refuse("kop", make_fout("kop_spreekt_envelop_tegen", generatie, uitleg), uitleg)
