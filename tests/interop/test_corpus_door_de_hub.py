"""Every published sample of release 3.2 goes through a running hub: byte for byte, or back with the right place."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest
from proefhub import Deelnemer, Proefhub

from istandaarden.catalogus import Berichtsoort, ingebouwd
from istandaarden.kop import Kop, read_kop
from knooppunt.simulatie.grootboek import Boeking, Richting
from knooppunt.simulatie.stuf import StufPartij
from routing.bericht import Berichtcode
from routing.poorten import Uitkomstsoort

_ONGELDIG = {
    "JW315.xml": "/Bericht/Client/AangevraagdeProducten/AangevraagdProduct[1]/ToewijzingEinddatum",
    "JW318.xml": "/Bericht/Client/Verzoek/RetourCode",
}
"""The two samples that break their own schema: 31 June, and a RetourCode outside RetourCodes."""


def _samples(corpus: Path) -> list[tuple[Path, Berichtsoort, Kop]]:
    paden = sorted((corpus / "berichten").glob("i*/3.2/*.xml"))
    return [(pad, ingebouwd().find(pad.stem, "3.2"), read_kop([pad.read_bytes()])) for pad in paden]


def _route(soort: Berichtsoort, kop: Kop) -> tuple[str, str]:
    """Who sends it and who gets it: a retour travels against its Header."""
    assert kop.afzender
    assert kop.ontvanger
    return (kop.ontvanger, kop.afzender) if soort.is_retour else (kop.afzender, kop.ontvanger)


@pytest.mark.corpus
async def test_every_sample_arrives_byte_for_byte_or_comes_back_explained(corpus: Path, tmp_path: Path) -> None:
    samples = _samples(corpus)
    assert len(samples) == 21
    codes = {code for _, soort, kop in samples for code in _route(soort, kop)}
    hub = await asyncio.to_thread(Proefhub, tmp_path, [Deelnemer(code, f"Partij {code}") for code in sorted(codes)])
    partijen = {code: hub.stuf_partij(code) for code in codes}
    try:
        await hub.register({code: await partij.start() for code, partij in partijen.items()})
        await hub.start()
        for partij in partijen.values():
            partij.connect_hub(hub.basis)
        for pad, soort, kop in samples:
            zender, ontvanger = _route(soort, kop)
            await _follow(pad, soort, partijen[zender], partijen[ontvanger])
        assert await hub.stop() == 0
    finally:
        await hub.stop()
        for partij in partijen.values():
            await partij.close()


async def _follow(pad: Path, soort: Berichtsoort, zender: StufPartij, ontvanger: StufPartij) -> None:
    data = await asyncio.to_thread(pad.read_bytes)
    antwoord_op = "00000000-0000-4000-8000-000000000000" if soort.is_retour else None
    verzending = await zender.send(soort.code, data, ontvanger.code, antwoord_op=antwoord_op)
    assert verzending.uitkomst.soort is Uitkomstsoort.BEZORGD, (pad.name, verzending.uitkomst)
    if pad.name not in _ONGELDIG:
        aangekomen = await ontvanger.grootboek.wait_for(
            lambda b: b.referentienummer == verzending.referentienummer, seconden=20
        )
        assert aangekomen.payload == data, pad.name
        assert aangekomen.digest == hashlib.sha256(data).hexdigest()
        return

    def about(boeking: Boeking) -> bool:
        return boeking.envelop.stuurgegevens.cross_ref == verzending.referentienummer

    fo01 = await zender.grootboek.wait_for(about, seconden=20)
    assert fo01.envelop.stuurgegevens.berichtcode is Berichtcode.FO01
    assert fo01.envelop.fout is not None
    assert fo01.envelop.fout.code == "IB014"
    assert _ONGELDIG[pad.name].encode() in fo01.payload, fo01.payload.decode()
    assert not [b for b in ontvanger.grootboek.of(Richting.ONTVANGEN) if b.payload == data]
