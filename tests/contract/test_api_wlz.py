"""`/wlz` with the simulated register behind it: answers, refusals, what the log holds, and lists with their signals."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from proefciz import settings
from proefwlz import BSNS, Dagronde, indicatie, make_wlz
from sqlalchemy import select

from adapters.iwlz.register import IwlzRegister
from knooppunt.api.eindpunten import all_endpoints
from knooppunt.api.loket import BASIS, Loket
from knooppunt.luisteraar import Luisteraar
from knooppunt.simulatie.ciz import Cizregister
from knooppunt.simulatie.storing import read_storing
from knooppunt.woonplaats.batchbestand import Vormgever
from routing import schema
from routing.bericht import Identiteit
from routing.incident import Incidentboek
from routing.ketenbewaking.kalender import Kalender
from routing.klok import Klok
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.opvraging import Opvragingen
from routing.register import RegisterBron
from routing.registerimport import parse_toml, store
from routing.verwerkingen import Betrokkenen, find
from routing.woonplaats.batch import Batches

_OIN = {code: code.rjust(20, "0") for code in ("0344", "0518", "0363")}
_MAG = {"0344": '["wlz-toets:wmo", "wlz-toets:jeugdwet", "wlz-signalen:wmo"]', "0518": '["wlz-signalen:wmo"]'}
_REGISTER = "".join(
    f'[[partij]]\ncode = "{code}"\nurl = "https://{code}.example/"\nidentiteiten = ["oin:{oin}"]\n'
    f"mag_bevragen = {_MAG.get(code, '[]')}\n"
    for code, oin in _OIN.items()
)
JA, NEE, NIEMAND, ONBEKEND = "999990342", "999990366", "999990019", "999990391"
_TOETS = {"bsn": JA, "wet": "wmo", "doel": "aanvraag", "zaakkenmerk": "Z-17", "reden": "twijfel over overlap"}
_LEZEN = {"doel": "afstemming", "zaakkenmerk": "Z-18"}


class Huis:
    """A hub with the simulated register, and a client that shows the certificate of `wie`."""

    def __init__(self, opslag: Opslag, kluis: Kluis, ciz: Cizregister) -> None:
        self.opslag, self.kluis, self.ciz = opslag, kluis, ciz
        self.wie = "0344"
        self.client: TestClient[Any, Any]

    def identify(self, _request: web.Request) -> Identiteit:
        return Identiteit(_OIN[self.wie], "ab" * 32)

    async def test(self, **vraag: Any) -> tuple[int, Any]:
        inhoud = {naam: waarde for naam, waarde in (_TOETS | vraag).items() if waarde is not None}
        return await self.post("/wlz/toetsen", inhoud)

    async def change(self, bewerking: str, *clienten: dict[str, str], **anders: Any) -> tuple[int, Any]:
        return await self.post(
            "/wlz/clientwijzigingen", {"bewerking": bewerking, "clienten": list(clienten)} | _LEZEN | anders
        )

    async def post(self, pad: str, inhoud: Any) -> tuple[int, Any]:
        stroom = io.BytesIO(json.dumps(inhoud).encode())
        koppen = {"Content-Type": "application/json"}
        async with self.client.post(BASIS + pad, data=stroom, headers=koppen) as antwoord:
            return antwoord.status, await antwoord.json(content_type=None)

    async def signals(self, **vraag: Any) -> tuple[int, Any]:
        async with self.client.get(f"{BASIS}/wlz/signalen", params=_LEZEN | vraag) as antwoord:
            return antwoord.status, await antwoord.json(content_type=None)


@pytest.fixture
async def huis(opslag: Opslag, kluis: Kluis) -> AsyncIterator[Huis]:
    await opslag.write(store, parse_toml(_REGISTER))
    register_bron = RegisterBron()
    await register_bron.refresh(opslag)
    ciz = Cizregister()
    register = IwlzRegister(settings(await ciz.start(), antwoord_s=2))
    huis = Huis(opslag, kluis, ciz)
    opvragingen = Opvragingen(opslag, kluis, register_bron, Incidentboek())
    wlz = make_wlz(opslag, kluis, register_bron, opvragingen, register)
    app = web.Application()
    batches = Batches(opslag, kluis, register_bron, Vormgever(), boek=Incidentboek())
    eindpunten = all_endpoints(opslag, Kalender(), opvragingen, None, batches=batches, wlz=wlz)
    Loket(eindpunten, register_bron, huis.identify).add_routes(app)
    Luisteraar(app, "127.0.0.1", 0)  # adds what guards every listener
    async with TestClient(TestServer(app)) as client:
        huis.client = client
        yield huis
    await register.close()
    await ciz.close()


@pytest.mark.parametrize(
    ("bsn", "status", "ingangsdatum"),
    [(JA, "JA", "2024-03-01"), (NEE, "NEE", None), (NIEMAND, "NEE", None), (ONBEKEND, "ONBEKEND", None)],
)
async def test_the_register_says_ja_nee_or_onbekend_and_dates_with_ja_alone(
    huis: Huis, bsn: str, status: str, ingangsdatum: str | None
) -> None:
    code, inhoud = await huis.test(bsn=bsn)
    assert (code, inhoud["status"], inhoud["ingangsdatum"]) == (200, status, ingangsdatum)
    assert inhoud["registermoment"].endswith("Z")
    assert bsn not in str(inhoud)


@pytest.mark.parametrize(
    "storing", ["graphql:fouten", "graphql:half", "graphql:niets", "fout:500/toets", "kwijt/toets"]
)
@pytest.mark.parametrize("bsn", [JA, NIEMAND])
async def test_a_register_that_cannot_say_is_503_and_never_nee(huis: Huis, storing: str, bsn: str) -> None:
    huis.ciz.storingen.switch([read_storing(storing)])
    code, inhoud = await huis.test(bsn=bsn, vraagId="v-1")
    assert (code, "status" in inhoud, inhoud["title"]) == (503, True, "Het Wlz-register kan nu niet antwoorden.")
    assert "NEE" not in str(inhoud)
    huis.ciz.storingen.switch([])
    assert (await huis.test(bsn=bsn, vraagId="v-1"))[0] == 200  # a failure is not remembered as an answer


@pytest.mark.parametrize(
    ("vraag", "code", "woord"),
    [
        ({"bsn": "999990343"}, 422, "elfproef"),
        ({"bsn": "000000000"}, 422, "elfproef"),
        ({"bsn": "99999034"}, 400, "bsn"),
        ({"wet": "jeugdwet"}, 403, "mag voor de wet jeugdwet niet"),
        ({"wet": "avg"}, 403, "niet gemachtigd"),
        ({"wet": "wlz"}, 400, "wet"),
        ({"doel": "nieuwsgierig"}, 422, "doel"),
        ({"zaakkenmerk": f"Z-{JA}"}, 422, "zaakkenmerk"),
        ({"partij": "0363"}, 403, "partij"),
        ({"reden": None}, 400, "'name': 'reden', 'reason': 'ontbreekt'"),
        ({"reden": ""}, 400, "'name': 'reden', 'reason': 'mag niet leeg zijn'"),
        ({"reden": " . "}, 422, "Bij wlz-toets is een reden nodig"),
        ({"reden": f"{JA} woont in een instelling"}, 422, "reden"),
    ],
)
async def test_what_may_not_be_asked_does_not_reach_the_register(
    huis: Huis, vraag: dict[str, str | None], code: int, woord: str
) -> None:
    antwoord = await huis.test(**vraag)
    assert antwoord[0] == code
    assert woord in str(antwoord[1])
    assert huis.ciz.vragen == []
    assert JA not in str(antwoord[1])


@pytest.mark.parametrize("wie", ["0363", "0518"])
async def test_without_machtiging_nothing_is_asked(huis: Huis, wie: str) -> None:
    huis.wie = wie
    assert (await huis.test())[0] == 403
    assert huis.ciz.vragen == []


async def test_every_question_stands_in_the_log_with_its_reason_and_without_the_answer(huis: Huis) -> None:
    await huis.test(reden="woont in een instelling")
    (regel,) = await huis.opslag.read(find, "0344", Betrokkenen(huis.kluis).all_of(JA))
    assert (regel.dienst, regel.wet, regel.doel, regel.zaakkenmerk) == ("wlz-toets", "wmo", "aanvraag", "Z-17")
    assert regel.reden == "woont in een instelling"
    for tabel in (schema.verwerking, schema.verantwoording, schema.opvraging):
        rijen = await huis.opslag.read(lambda c, t=tabel: str(c.execute(select(t)).all()))
        for geheim in (JA, "2024-03-01", '"JA"'):  # a bare JA may stand in ciphertext by chance
            assert geheim not in rijen


async def test_a_list_is_changed_and_its_signals_are_read_by_that_gemeente_alone(
    huis: Huis, opslag: Opslag, kluis: Kluis, klok: Klok
) -> None:
    eigen = [{"referentie": "Z-1", "bsn": BSNS[1]}, {"referentie": "Z-2", "bsn": BSNS[2]}]
    assert await huis.change("toevoegen", *eigen) == (200, {"toegevoegd": 2, "verwijderd": 0, "ongewijzigd": 0})
    dag = Dagronde(opslag, kluis)
    dag.bron.inhoud = {BSNS[1]: [indicatie(1)], BSNS[2]: [indicatie(2)]}
    await dag.run()
    code, inhoud = await huis.signals(limiet="1")
    assert (code, len(inhoud["signalen"]), inhoud["volgende"]) == (200, 1, inhoud["signalen"][0]["volgnummer"])
    _, rest = await huis.signals(na=str(inhoud["volgende"]))
    assert (len(rest["signalen"]), rest["volgende"]) == (1, None)
    een = inhoud["signalen"][0]
    assert (een["soort"], een["ingangsdatum"], een["einddatum"]) == ("stand", "2025-02-01", None)
    assert await huis.change("verwijderen", {"referentie": "Z-1"}) == (
        200,
        {"toegevoegd": 0, "verwijderd": 1, "ongewijzigd": 0},
    )
    assert [s["referentie"] for s in (await huis.signals())[1]["signalen"]] == ["Z-2"]
    regels = await opslag.read(find, "0344", Betrokkenen(kluis).all_of(BSNS[1]))
    assert len(regels) >= 3  # added, told, removed; and read once if it came on the first page
    huis.wie = "0518"
    assert (await huis.signals())[1]["signalen"] == []
    huis.wie = "0363"
    assert (await huis.signals())[0] == 403
    assert (await huis.change("vervangen"))[0] == 403


async def test_one_wrong_row_keeps_the_whole_list_out_and_is_named_without_its_bsn(huis: Huis) -> None:
    verboden = ("999-990-342", "999.990.342", "C-999990342", f"1{BSNS[10]}", f"C{BSNS[11]}-2026")
    code, inhoud = await huis.change(
        "toevoegen",
        {"referentie": "Z-1", "bsn": BSNS[1]},
        {"referentie": "Z-2", "bsn": "999990343"},
        {"referentie": BSNS[3], "bsn": BSNS[3]},
        {"referentie": "Z-1", "bsn": BSNS[4]},
        {"referentie": "Z-5", "bsn": BSNS[1]},
        {"referentie": "a b", "bsn": BSNS[6]},
        *({"referentie": ref, "bsn": BSNS[nr]} for nr, ref in enumerate(verboden, 7)),
    )
    namen = [p["name"] for p in inhoud["invalidParams"]]
    assert (code, namen) == (422, [f"clienten[{nr}]" for nr in range(1, 11)])
    assert not any(bsn in str(inhoud) for bsn in (*BSNS[:12], *verboden, "999990343"))
    weg = await huis.change("verwijderen", {"referentie": "Z-1"}, {"referentie": "999-990-342"})
    assert weg == (200, {"toegevoegd": 0, "verwijderd": 0, "ongewijzigd": 2})


async def test_a_bsn_as_zaakkenmerk_or_persoon_of_a_list_is_refused_and_kept_nowhere(huis: Huis) -> None:
    for code, inhoud in (
        await huis.change("vervangen", zaakkenmerk=JA),
        await huis.change("vervangen", persoon=JA),
        await huis.change("vervangen", doel=JA),
        await huis.signals(zaakkenmerk=JA),
    ):
        assert (code, JA in str(inhoud)) == (422, False)
    assert JA not in await huis.opslag.read(lambda c: str(c.execute(select(schema.verantwoording)).all()))


async def test_a_large_list_is_taken_over_and_a_larger_one_refused(huis: Huis) -> None:
    lijst = [{"referentie": f"Z-{nr}", "bsn": bsn} for nr, bsn in enumerate(BSNS[:8000])]
    code, inhoud = await huis.change("vervangen", *lijst)
    assert (code, inhoud["toegevoegd"]) == (200, 8000)
    te_groot = [{"referentie": f"{nr:060d}", "bsn": ""} for nr in range(190_000)]
    assert (await huis.change("vervangen", *te_groot))[0] == 413
