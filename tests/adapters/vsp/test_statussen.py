"""Where berichten are, in the words of the interface."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.vsp.berichtstatussen import STATUSSEN
from routing.afhaal import Statusregel
from routing.bericht import Berichtcode, Foutinhoud, Systeem
from routing.status import Status

Maak = Callable[..., Any]
MIJ, ANDER = frozenset({"99990001"}), frozenset({"99990002"})
MOMENT = datetime(2026, 1, 5, 9, 15, tzinfo=UTC)


def test_every_status_has_a_name() -> None:
    assert set(STATUSSEN) == set(Status)


async def test_a_bericht_and_its_answers(opstelling: Any, make_envelop: Maak, make_uuid: Maak) -> None:
    heen = make_envelop()
    nummer = heen.stuurgegevens.referentienummer
    retour = make_envelop(berichtcode=Berichtcode.DU01, cross_ref=nummer, functie="WMO302")
    terug = retour.stuurgegevens.referentienummer
    fo01 = make_envelop(berichtcode=Berichtcode.FO01, cross_ref=terug, functie=None, parameters=None)
    anders = make_envelop()
    for wie, envelop in ((MIJ, heen), (MIJ, retour), (MIJ, fo01), (ANDER, anders)):
        regel = Statusregel(envelop, Status.BEZORGD, MOMENT, MOMENT, None, None)
        gesprek = nummer if envelop is not anders else anders.stuurgegevens.referentienummer
        opstelling.bak.regels.append((wie, gesprek, regel))

    async def ask(**vraag: str) -> set[str]:
        return {s.referentiegegevens.traceerId for s in await opstelling.client.statuses(**vraag)}

    assert await ask(traceer_id=nummer) == {nummer, terug}
    assert await ask(traceer_id=terug) == {terug, fo01.stuurgegevens.referentienummer}
    assert await ask(conversatie_id=nummer) == {nummer, terug, fo01.stuurgegevens.referentienummer}
    assert await ask(traceer_id=anders.stuurgegevens.referentienummer) == set()
    assert await ask(traceer_id=make_uuid()) == set()


async def test_a_fault_names_who_raised_it(opstelling: Any, make_envelop: Maak) -> None:
    envelop = make_envelop(zender=Systeem("99990001", "Suite"))
    fout = Foutinhoud("IB007", "", "Niet toegestaan")
    regel = Statusregel(envelop, Status.AFGEKEURD, MOMENT, MOMENT, fout, "BIDN")
    opstelling.bak.regels.append((MIJ, envelop.stuurgegevens.referentienummer, regel))
    (status,) = await opstelling.client.statuses(traceer_id=envelop.stuurgegevens.referentienummer)
    assert status.berichtstatus == "AfgekeurdDoorDienst"
    assert status.berichtstatusGewijzigdOp == MOMENT
    (melding,) = status.meldingen or ()
    assert (melding.code, melding.omschrijving, melding.toelichting) == (
        "IB007",
        "Niet toegestaan",
        "Gemeld door BIDN.",
    )


@pytest.mark.parametrize(
    "vraag", ["", "?traceerId=x", "?conversatieId=", "?traceerId={0}&conversatieId={0}", "?traceerId={0}&traceerId={0}"]
)
async def test_exactly_one_question(opstelling: Any, make_uuid: Maak, vraag: str) -> None:
    async with opstelling.http.get(opstelling.status_url + vraag.format(make_uuid())) as antwoord:
        assert antwoord.status == 400
        assert (await antwoord.json())["errors"]
