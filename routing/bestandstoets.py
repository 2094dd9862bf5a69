"""Checks on a payload that is passed on unread: is it there, and is it what its form and its name say it is.

What a TKB, a BAB or a file for the CBS should say was never published, so nothing more can be said of it than this.
"""

from __future__ import annotations

import asyncio

from istandaarden.toets import BERICHT_MAX
from istandaarden.veilig import XmlGeweigerd, parse
from routing.bericht import Aanlevering, Bestandsvorm
from routing.functies import Functie
from routing.payload import Payload

_PDF = b"%PDF-"
_TEKST = frozenset({"csv", "txt"})


async def find_fault(aanlevering: Aanlevering, functie: Functie) -> str | None:
    """Say in Dutch, without a value from the payload, what is wrong with it; None when nothing is.

    Args:
        aanlevering: what the channel handed in; over VSP a file has no name of its own (facts on GGk §1.6).
        functie: one whose payload is not read.
    """
    payload, parameters = aanlevering.payload, aanlevering.envelop.parameters
    if payload.size == 0:
        return "Het bestand is leeg."
    if parameters is None or parameters.vorm is Bestandsvorm.XML:
        return await find_xml_fault(payload)
    naam = parameters.bestandsnaam
    if naam is None or aanlevering.kanaal == "vsp":
        return None
    stam, punt, extensie = naam.rpartition(".")
    extensie = extensie.lower() if stam and punt else ""
    if functie.extensies and extensie not in functie.extensies:
        return f"De bestandsnaam eindigt niet op {' of '.join(f'.{e}' for e in functie.extensies)}."
    if extensie == "xml":
        return await find_xml_fault(payload)
    if extensie == "pdf" and not _start(payload).startswith(_PDF):
        return "De bestandsnaam zegt PDF, maar de inhoud begint niet als een PDF."
    if extensie in _TEKST and any(b"\0" in blok for blok in payload.chunks()):
        return f"De bestandsnaam zegt .{extensie}, maar de inhoud is geen tekst (er staat een byte 0 in)."
    return None


async def find_xml_fault(payload: Payload) -> str | None:
    """Say in Dutch why a payload is no XML that may be read; None when it is."""
    if payload.plain is not None:
        return _refusal(payload.plain)
    return await asyncio.to_thread(lambda: _refusal(b"".join(payload.chunks())))


def _refusal(data: bytes) -> str | None:
    try:
        parse(data, max_bytes=BERICHT_MAX)
    except XmlGeweigerd as fout:
        return f"De inhoud is geen leesbare XML (regel {fout.regel}): {fout.melding}"
    return None


def _start(payload: Payload) -> bytes:
    return next(payload.chunks(), b"")[: len(_PDF)]
