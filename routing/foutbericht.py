"""The Fo01: the hub tells the zender that a stored bericht was refused or could not be delivered.

A Fo01 is a bericht like any other, from the hub to the zender of the original, with its own place in a lane. A Fo01 is
never answered with a Fo01 (facts on GGk §3.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree
from sqlalchemy import Connection, select

from istandaarden.bevinding import Bevinding
from routing import schema, tijdstip
from routing.bericht import Berichtcode, Envelop, Foutinhoud, Stuurgegevens, Systeem
from routing.envelopvorm import from_json
from routing.fouten import Fout
from routing.geadresseerde import find_aansluiting
from routing.ketenbewaking.ketenboek import retract
from routing.klok import now
from routing.kluis import Kluis
from routing.logboek import record
from routing.nummering import new_uuid
from routing.payload import Payload
from routing.register import RegisterBron
from routing.status import Status
from routing.vastlegging import Termijnen, Vastlegging, complete, insert_bericht, prepare, status_after_intake

STUF = "http://www.egem.nl/StUF/StUF0301"
BEVINDINGEN = "urn:knooppunt:bevindingen:1"
"""Namespace of the findings inside detailsXML; the schema allows any element there."""

_MAX_OMSCHRIJVING, _MAX_DETAILS, _MAX_BEVINDINGEN = 200, 1000, 500


@dataclass(frozen=True, slots=True)
class Afzender:
    """The hub as zender of a Fo01 (S4 §3.3: organisatie IB, applicatie GGKWebservice)."""

    organisatie: str = "IB"
    applicatie: str = "GGKWebservice"


def make_inhoud(fout: Fout, origineel: Envelop) -> Foutinhoud:
    """Make the fault body: description with detail, and functie with its version in `details` (S4 §3.1)."""
    omschrijving = f"{fout.omschrijving}. {fout.toelichting}" if fout.toelichting else fout.omschrijving
    if len(omschrijving) > _MAX_OMSCHRIJVING:
        omschrijving = omschrijving[: _MAX_OMSCHRIJVING - 1] + "…"
    details = None
    if (functie := origineel.stuurgegevens.functie) and (p := origineel.parameters):
        details = f"{functie}-{p.functie_versie}{p.functie_subversie}"[:_MAX_DETAILS]
    return Foutinhoud(fout.code, fout.plek, omschrijving, details)


def write_body(inhoud: Foutinhoud, toelichting: str, bevindingen: Iterable[Bevinding]) -> bytes:
    """Write the ``StUF:body`` element: the stored payload of a Fo01.

    All findings travel in detailsXML, so that the zender sees everything that is wrong at once, with the value that
    was found: it is his own bericht, and the payload is stored encrypted.
    """
    body = etree.Element(f"{{{STUF}}}body", nsmap={"StUF": STUF})
    for naam in ("code", "plek", "omschrijving", "details"):
        if (waarde := getattr(inhoud, naam)) is not None:
            etree.SubElement(body, f"{{{STUF}}}{naam}").text = waarde
    xml = etree.SubElement(body, f"{{{STUF}}}detailsXML")
    lijst = etree.SubElement(xml, f"{{{BEVINDINGEN}}}bevindingen", nsmap={"kn": BEVINDINGEN})
    if toelichting:
        etree.SubElement(lijst, f"{{{BEVINDINGEN}}}toelichting").text = toelichting
    for nummer, bevinding in enumerate(bevindingen):
        if nummer == _MAX_BEVINDINGEN:
            etree.SubElement(lijst, f"{{{BEVINDINGEN}}}afgekapt").text = str(_MAX_BEVINDINGEN)
            break
        element = etree.SubElement(lijst, f"{{{BEVINDINGEN}}}bevinding")
        for naam in ("code", "niveau", "plaats", "regel", "melding", "waarde"):
            if (waarde := getattr(bevinding, naam)) is not None:
                etree.SubElement(element, f"{{{BEVINDINGEN}}}{naam}").text = str(waarde)
    return etree.tostring(body, encoding="UTF-8")


@dataclass(frozen=True, slots=True)
class Foutmelder:
    """Makes Fo01 berichten, at intake and when delivery is given up."""

    kluis: Kluis
    register_bron: RegisterBron
    termijnen: Termijnen
    afzender: Afzender = Afzender()

    def prepare(self, origineel: Envelop, conversatie: str, fout: Fout) -> Vastlegging:
        """Make the Fo01 about a bericht; writing it is `store`."""
        sg = origineel.stuurgegevens
        inhoud = make_inhoud(fout, origineel)
        envelop = Envelop(
            stuurgegevens=Stuurgegevens(
                berichtcode=Berichtcode.FO01,
                zender=Systeem(self.afzender.organisatie, self.afzender.applicatie),
                ontvanger=sg.zender,
                referentienummer=new_uuid(),
                tijdstip=tijdstip.now(),
                cross_ref=sg.referentienummer,
            ),
            fout=inhoud,
        )
        payload = Payload(write_body(inhoud, fout.toelichting, fout.bevindingen))
        return prepare(
            self.kluis,
            envelop,
            payload,
            conversatie=conversatie,
            kanaal="hub",
            ontvangst=(envelop.stuurgegevens.referentienummer, envelop.stuurgegevens.tijdstip),
        )

    def store(self, conn: Connection, fo01: Vastlegging, origineel_id: str) -> str | None:
        """Write the Fo01 and put it in the lane of the zender of the original.

        Returns:
            The lane to wake, or None when that zender is no longer connected: then the Fo01 is kept, broken off.
        """
        ontvanger = fo01.envelop.stuurgegevens.ontvanger.organisatie
        aansluiting = find_aansluiting(self.register_bron.current(), ontvanger, now(conn))
        status = status_after_intake(aansluiting) if aansluiting else Status.BEZORGING_AFGEBROKEN
        insert_bericht(conn, fo01, status, None)
        toelichting = {"over": origineel_id, "code": fo01.envelop.fout.code if fo01.envelop.fout else None}
        lane = (aansluiting, self.termijnen.of(aansluiting)) if aansluiting else None
        complete(conn, fo01, [("foutbericht gemaakt", status, toelichting)], lane)
        return aansluiting.partij if aansluiting else None

    def report_failure(self, conn: Connection, bericht_id: str, fout: Fout) -> None:
        """Tell the zender that delivery of his bericht was given up; runs in the transaction that gives up."""
        rij = conn.execute(
            select(schema.bericht.c.envelop, schema.bericht.c.conversatie, schema.bericht.c.berichtcode).where(
                schema.bericht.c.id == bericht_id
            )
        ).one()
        if rij.berichtcode == Berichtcode.FO01:
            record(conn, bericht_id, "foutbericht niet bezorgd", None, {"code": fout.code, "uitleg": fout.toelichting})
            return
        fo01 = self.prepare(from_json(rij.envelop), rij.conversatie, fout)
        self.store(conn, fo01, bericht_id)
        retract(conn, bericht_id)
