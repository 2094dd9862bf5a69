"""A zorgaanbieder who still writes to the old gemeente, through a running hub: the successor gets it, and answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from proefhub import Deelnemer, Proefhub
from verhaal import AANBIEDER, GEMEENTE, Verhaal

from routing.bericht import Berichtcode
from routing.poorten import Uitkomstsoort

_OUD, _OPVOLGER = "0530", "1992"
_DAGEN = "KNOOPPUNT_AFLEVERING__OUDE_GEMEENTECODE_DAGEN"


@pytest.mark.timeout(240)
async def test_the_successor_gets_what_was_sent_to_the_old_gemeente_and_its_answer_comes_back(tmp_path: Path) -> None:
    deelnemers = (Deelnemer(_OPVOLGER, "Voorne aan Zee"), Deelnemer(AANBIEDER, "Aanbieder"))
    hub = await asyncio.to_thread(Proefhub, tmp_path, deelnemers)
    opvolger, aanbieder = hub.stuf_partij(_OPVOLGER, antwoordt=True), hub.stuf_partij(AANBIEDER)
    data = Verhaal("iwmo").start().replace(f">{GEMEENTE}<".encode(), f">{_OUD}<".encode())
    try:
        await hub.register({p.code: await p.start() for p in (opvolger, aanbieder)})
        await hub.start(**{_DAGEN: "36525"})
        for partij in (opvolger, aanbieder):
            partij.connect_hub(hub.basis)
        verzending = await aanbieder.send("WMO305", data, _OUD)
        assert verzending.uitkomst.soort is Uitkomstsoort.BEZORGD
        nummer = verzending.referentienummer

        heen = await opvolger.grootboek.wait_for(lambda b: b.referentienummer == nummer, seconden=30)
        assert heen.envelop.stuurgegevens.ontvanger.organisatie == _OUD
        assert heen.payload == data
        retour = await aanbieder.grootboek.wait_for(lambda b: b.envelop.stuurgegevens.cross_ref == nummer, seconden=30)
        assert retour.envelop.stuurgegevens.berichtcode is Berichtcode.DU01
        assert retour.envelop.stuurgegevens.zender.organisatie == _OPVOLGER
        assert opvolger.mislukt == []
        assert await hub.stop() == 0

        await hub.start(**{_DAGEN: "0"})
        laat = hub.stuf_partij(AANBIEDER)  # the hub has another address now
        laat.connect_hub(hub.basis)
        try:
            verzending = await laat.send("WMO305", data, _OUD)
        finally:
            await laat.close()
        fo01 = await aanbieder.grootboek.wait_for(
            lambda b: b.envelop.stuurgegevens.cross_ref == verzending.referentienummer, seconden=30
        )
        assert fo01.envelop.stuurgegevens.berichtcode is Berichtcode.FO01
        assert "adresseer het bericht aan 1992 (Voorne aan Zee)" in fo01.payload.decode()
        assert await hub.stop() == 0
    finally:
        await hub.stop()
        for partij in (opvolger, aanbieder):
            await partij.close()
