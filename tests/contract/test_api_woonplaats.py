"""`POST /woonplaatsbeginsel/bepalingen` with the simulated BRP behind it: answers, refusals, and what the log holds."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from proefwlz import make_wlz
from sqlalchemy import select

from adapters.brp.bron import BrpFeitenbron
from adapters.brp.client import BrpClient
from knooppunt.api.eindpunten import all_endpoints
from knooppunt.api.loket import BASIS, Loket
from knooppunt.luisteraar import Luisteraar
from knooppunt.simulatie.brp.personen import builtin_persons
from knooppunt.simulatie.brp.server import BrpSimulator
from knooppunt.simulatie.storing import read_storing
from knooppunt.woonplaats.batchbestand import Vormgever
from routing import schema
from routing.bericht import Identiteit
from routing.incident import Incidentboek
from routing.ketenbewaking.kalender import Kalender
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.opvraaggrens import Grenzen
from routing.opvraging import Opvragingen
from routing.register import RegisterBron
from routing.registerimport import parse_toml, store
from routing.verwerkingen import Betrokkenen, find
from routing.woonplaats.batch import Batches

_OIN = {code: code.rjust(20, "0") for code in ("0344", "0363")}
_IDENTITEIT = {code: Identiteit(oin, "ab" * 32) for code, oin in _OIN.items()}
_PAD = f"{BASIS}/woonplaatsbeginsel/bepalingen"
_SEBASTIAAN = "999996174"  # 0281 → 0344 on 5-1-2019, in the published test set
_ONBEKEND = ("999990019", "999990032", "999990044")
_REGISTER = "".join(
    f'[[partij]]\ncode = "{code}"\nurl = "https://{code}.example/"\nidentiteiten = ["oin:{oin}"]\n'
    + ('mag_bevragen = ["woonplaats:jeugdwet", "woonplaats-batch:jeugdwet"]\n' if code == "0344" else "")
    for code, oin in _OIN.items()
)


class Huis:
    """A hub with the simulated BRP, and a client that shows the certificate of `wie`."""

    def __init__(self, opslag: Opslag, kluis: Kluis, brp: BrpSimulator) -> None:
        self.opslag, self.kluis, self.brp = opslag, kluis, brp
        self.wie: Identiteit = _IDENTITEIT["0344"]
        self.client: TestClient[Any, Any]
        self.bron: BrpFeitenbron
        self.batches: Batches

    async def ask(self, **vraag: Any) -> tuple[int, Any]:
        inhoud = {"bsn": _SEBASTIAAN, "peildatum": "2022-03-01", "doel": "toewijzing", "zaakkenmerk": "Z-17"} | vraag
        async with self.client.post(_PAD, json={k: w for k, w in inhoud.items() if w is not None}) as antwoord:
            return antwoord.status, await antwoord.json(content_type=None)

    async def rows(self, tabel: Any) -> list[dict[str, Any]]:
        def read(conn: Any) -> list[dict[str, Any]]:
            return [dict(rij) for rij in conn.execute(select(tabel).order_by("id")).mappings()]

        return await self.opslag.read(read)


@pytest.fixture
async def huis(opslag: Opslag, kluis: Kluis) -> AsyncIterator[Huis]:
    await opslag.write(store, parse_toml(_REGISTER))
    register_bron = RegisterBron()
    await register_bron.refresh(opslag)
    brp = BrpSimulator(builtin_persons())
    url = await brp.start()
    bron = BrpFeitenbron(BrpClient(url, url))
    huis = Huis(opslag, kluis, brp)
    opvragingen = Opvragingen(opslag, kluis, register_bron, Incidentboek(), Grenzen(onbekend_per_dag=3))
    app = web.Application()
    huis.batches = Batches(opslag, kluis, register_bron, Vormgever(), boek=Incidentboek())
    huis.bron = bron
    wlz = make_wlz(opslag, kluis, register_bron, opvragingen)
    eindpunten = all_endpoints(opslag, Kalender(), opvragingen, bron, batches=huis.batches, wlz=wlz)
    Loket(eindpunten, register_bron, lambda _request: huis.wie).add_routes(app)
    Luisteraar(app, "127.0.0.1", 0)  # adds what guards every listener
    async with TestClient(TestServer(app)) as client:
        huis.client = client
        yield huis
    await bron.close()
    await brp.close()


async def test_the_brp_says_where_somebody_lives(huis: Huis) -> None:
    status, inhoud = await huis.ask(vraagId="v-1")
    assert (status, inhoud["gemeente"], inhoud["regel"], inhoud["zekerheid"]) == (200, "0344", "N1", "vast")
    assert (inhoud["vraagId"], [bron["bron"] for bron in inhoud["bronnen"]]) == ("v-1", ["BRP"])
    assert inhoud["motivering"]


async def test_a_stay_leads_to_the_address_before_it(huis: Huis) -> None:
    _, inhoud = await huis.ask(verblijf=[{"soort": "pleegouder", "van": "2018-12-01"}])
    assert (inhoud["gemeente"], inhoud["regel"], inhoud["referentiedatum"]) == ("0281", "N2", "2018-11-30")
    assert [bron["bron"] for bron in inhoud["bronnen"]] == ["BRP", "opgave"]


async def test_the_log_says_who_for_whom_and_why_and_no_more(huis: Huis) -> None:
    await huis.ask(persoon="j.devries", reden="nieuw verzoek")
    regels = await huis.opslag.read(find, "0344", Betrokkenen(huis.kluis).all_of(_SEBASTIAAN))
    (regel,) = regels
    assert (regel.partij, regel.persoon, regel.identiteit) == ("0344", "j.devries", f"oin:{_OIN['0344']}")
    assert (regel.doel, regel.zaakkenmerk, regel.reden, regel.dienst) == (
        "toewijzing",
        "Z-17",
        "nieuw verzoek",
        "woonplaats",
    )
    alles = repr([await huis.rows(t) for t in (schema.verwerking, schema.verantwoording, schema.opvraging)])
    assert _SEBASTIAAN not in alles
    assert "0281" not in alles  # where he lived


async def test_before_2022_who_has_gezag_is_logged_as_well(huis: Huis) -> None:
    """Each person whose data were read has a line of his own, under that of the youth."""
    _, inhoud = await huis.ask(peildatum="2021-12-01")
    assert inhoud["regime"] == "OUD"
    gevraagd = {bsn for bevraging in huis.brp.bevragingen for bsn in bevraging.bsns}
    betrokkenen = Betrokkenen(huis.kluis)
    assert len(gevraagd) > 1
    assert {rij["data_subject_id"] for rij in await huis.rows(schema.verwerking)} == {
        betrokkenen.of(bsn).kenmerk for bsn in gevraagd
    }


async def test_asked_again_the_brp_is_not(huis: Huis) -> None:
    eerste = await huis.ask(vraagId="v-1")
    gevraagd = len(huis.brp.bevragingen)
    assert await huis.ask(vraagId="v-1", persoon="een ander") == eerste
    assert (await huis.ask(vraagId="v-1", zaakkenmerk="Z-18"))[0] == 409
    assert len(huis.brp.bevragingen) == gevraagd


@pytest.mark.parametrize(
    ("vraag", "status", "naam"),
    [
        ({"bsn": "999996175"}, 422, "bsn"),
        ({"bsn": "000000000"}, 422, "bsn"),
        ({"bsn": "99999617"}, 400, "bsn"),
        ({"bsn": None}, 400, "bsn"),
        ({"bsn": 999996174}, 400, "bsn"),
        ({"doel": None}, 400, "doel"),
        ({"doel": "nieuwsgierig"}, 422, "doel"),
        ({"zaakkenmerk": ""}, 400, "zaakkenmerk"),
        ({"zaakkenmerk": f"Z {_SEBASTIAAN}"}, 422, "zaakkenmerk"),
        ({"reden": f"{_SEBASTIAAN} vraagt"}, 422, "reden"),
        ({"persoon": _SEBASTIAAN}, 422, "persoon"),
        ({"vraagId": f"v-{_SEBASTIAAN}"}, 422, "vraagId"),
        ({"peildatum": "1-3-2022"}, 400, "peildatum"),
        ({"verblijf": [{"soort": "kasteel"}]}, 400, "verblijf[0].soort"),
        ({"verblijf": [{"soort": "pleegouder", "sinds": "2020-01-01"}]}, 400, "verblijf[0].sinds"),
        ({"werkelijkVerblijf": "Utrecht"}, 400, "werkelijkVerblijf"),
        ({"zonderBsn": True}, 400, "zonderBsn"),
        ({"vraagId": "a b"}, 400, "vraagId"),
    ],
)
async def test_what_is_wrong_is_named_without_repeating_it(
    huis: Huis, vraag: dict[str, Any], status: int, naam: str
) -> None:
    antwoord, inhoud = await huis.ask(**vraag)
    assert (antwoord, [p["name"] for p in inhoud["invalidParams"]]) == (status, [naam])
    assert _SEBASTIAAN not in json.dumps(inhoud)
    assert huis.brp.bevragingen == []


async def test_without_machtiging_nothing_is_asked_and_the_refusal_is_kept(huis: Huis) -> None:
    huis.wie = _IDENTITEIT["0363"]
    status, inhoud = await huis.ask()
    assert (status, inhoud["detail"]) == (403, "Partij 0363 is niet gemachtigd voor woonplaats:jeugdwet.")
    assert (await huis.ask(partij="0344"))[0] == 403
    assert huis.brp.bevragingen == []
    assert [rij["besluit"] for rij in await huis.rows(schema.verantwoording)] == ["geweigerd: machtiging"]


async def test_guessing_ends(huis: Huis) -> None:
    """Attack 81."""
    for bsn in _ONBEKEND:
        status, inhoud = await huis.ask(bsn=bsn)
        assert status == 200
        assert "Dit BSN staat niet in de BRP; controleer het." in inhoud["opmerkingen"]
    gevraagd = len(huis.brp.bevragingen)
    assert (await huis.ask())[0] == 403
    assert len(huis.brp.bevragingen) == gevraagd


@pytest.mark.parametrize(
    ("inhoud", "soort", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"null", "application/json", 400),
        (b"\xff\xfe{}", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"bsn":"1","bsn":"2"}', "application/json", 400),
        (b"{}", "text/plain", 415),
        (b" " * 300_000, "application/json", 413),
    ],
)
async def test_a_body_that_is_no_question_gets_a_problem(huis: Huis, inhoud: bytes, soort: str, status: int) -> None:
    async with huis.client.post(_PAD, data=inhoud, headers={"Content-Type": soort}) as antwoord:
        assert antwoord.status == status
        assert antwoord.headers["Content-Type"].split(";")[0] == "application/problem+json"


async def test_a_bsn_in_the_query_is_refused(huis: Huis) -> None:
    async with huis.client.post(f"{_PAD}?bsn={_SEBASTIAAN}", json={}) as antwoord:
        assert (antwoord.status, huis.brp.bevragingen) == (400, [])


async def test_without_the_brp_the_answer_says_try_later_and_the_log_that_it_failed(huis: Huis) -> None:
    await huis.brp.close()
    status, inhoud = await huis.ask(vraagId="v-1")
    assert (status, inhoud["title"]) == (503, "De BRP kan nu niet antwoorden.")
    assert [rij["status_code"] for rij in await huis.rows(schema.verwerking)] == [2]


async def test_when_the_brp_fails_halfway_who_was_asked_about_is_logged(huis: Huis) -> None:
    """The youth and his parents were read before the history of one of them failed."""
    huis.brp.storingen.switch([read_storing("fout:500/historie")])
    status, _ = await huis.ask(peildatum="2018-06-01")
    gevraagd = {bsn for bevraging in huis.brp.bevragingen for bsn in bevraging.bsns}
    betrokkenen = Betrokkenen(huis.kluis)
    assert (status, len(gevraagd)) == (503, 3)
    assert sorted((rij["data_subject_id"], rij["status_code"]) for rij in await huis.rows(schema.verwerking)) == sorted(
        (betrokkenen.of(bsn).kenmerk, 2) for bsn in gevraagd
    )


_BATCHES = f"{BASIS}/woonplaatsbeginsel/batches"
_WAARVOOR = {"doel": "controle", "zaakkenmerk": "Z-17"}
_CSV = f"bsn;peildatum;kenmerk\n{_SEBASTIAAN};2022-03-01;K1\n12;gisteren;K2\n{_SEBASTIAAN};2022-03-01;K3\n"


async def _hand_in(huis: Huis, inhoud: str, soort: str = "text/csv", **anders: str) -> tuple[int, Any]:
    kop = {"Content-Type": soort}
    async with huis.client.post(_BATCHES, params=_WAARVOOR | anders, data=inhoud.encode(), headers=kop) as antwoord:
        return antwoord.status, await antwoord.json(content_type=None)


async def _get(huis: Huis, pad: str, **query: str) -> tuple[int, Any]:
    async with huis.client.get(f"{_BATCHES}/{pad}", params=query) as antwoord:
        return antwoord.status, await antwoord.json(content_type=None)


async def test_a_file_is_handed_in_answered_and_read_in_parts(huis: Huis) -> None:
    status, stand = await _hand_in(huis, _CSV)
    batch_id = stand["batchId"]
    assert (status, stand["toestand"], stand["regels"], stand["vragen"], stand["onbruikbaar"]) == (
        200,
        "wordt beantwoord",
        3,
        1,
        1,
    )
    assert (await _get(huis, f"{batch_id}/resultaat"))[0] == 409
    (batch,) = await huis.batches.waiting()
    await huis.batches.run(batch, huis.bron, lambda _stand: None)
    assert await huis.batches.waiting() == []
    assert (await _get(huis, batch_id))[1]["toestand"] == "klaar"
    _, deel = await _get(huis, f"{batch_id}/resultaat", limiet="2")
    een, twee = deel["antwoorden"]
    assert (een["regelnummer"], een["kenmerk"], een["antwoord"]["gemeente"], een["fouten"]) == (1, "K1", "0344", [])
    assert (twee["antwoord"], len(twee["fouten"]), deel["volgende"]) == (None, 2, 2)
    _, rest = await _get(huis, f"{batch_id}/resultaat", na="2")
    assert ([a["kenmerk"] for a in rest["antwoorden"]], rest["volgende"]) == (["K3"], None)
    assert _SEBASTIAAN not in json.dumps([deel, rest])
    assert len(huis.brp.bevragingen) == 1
    assert (await _hand_in(huis, _CSV))[1]["batchId"] == batch_id
    await huis.opslag.write(store, parse_toml(_REGISTER.replace(', "woonplaats-batch:jeugdwet"', "")))
    assert (await _get(huis, f"{batch_id}/resultaat"))[0] == 403
    besluiten = [(rij["besluit"], rij["reden"][:17]) for rij in await huis.rows(schema.verantwoording)]
    gelezen = [("toegestaan", "resultaat gelezen")] * 2
    assert besluiten == [("toegestaan", ""), *gelezen, ("toegestaan", ""), ("geweigerd: machtiging", "")]


async def test_a_batch_that_looks_like_guessing_stops_and_says_why(huis: Huis) -> None:
    huis.batches._grenzen, huis.batches._portie = Grenzen(onbekend_per_dag=2, batch_per_minuut=10**9), 2
    regels = "".join(f"{bsn};2022-03-01\n" for bsn in _ONBEKEND)
    status, stand = await _hand_in(huis, f"bsn;peildatum\n{regels}")
    assert (status, stand["toestand"], stand["reden"]) == (200, "wordt beantwoord", None)
    await huis.batches.answer_waiting(huis.bron)
    stand = (await _get(huis, stand["batchId"]))[1]
    assert (stand["toestand"], stand["beantwoord"], stand["vragen"]) == ("gestopt", 2, 3)
    assert "een BSN gevraagd dat niet bestaat" in stand["reden"]
    assert (await _hand_in(huis, _CSV))[0] == 403


async def test_a_batch_is_of_the_partij_that_handed_it_in(huis: Huis) -> None:
    _, stand = await _hand_in(huis, _CSV)
    huis.wie = _IDENTITEIT["0363"]
    for pad in (stand["batchId"], f"{stand['batchId']}/resultaat"):
        assert (await _get(huis, pad))[0] == 404
    assert (await _hand_in(huis, _CSV))[0] == 403


@pytest.mark.parametrize(
    ("inhoud", "soort", "anders", "status"),
    [
        ("", "text/csv", {}, 422),
        ("naam\n", "text/csv", {}, 422),
        ("[{", "application/json", {}, 422),
        (_CSV, "text/plain", {}, 415),
        (_CSV, "text/csv", {"doel": "nieuwsgierig"}, 422),
        (_CSV, "text/csv", {"doel": ""}, 400),
        (_CSV, "text/csv", {"bsn": _SEBASTIAAN}, 400),
        (_CSV, "text/csv", {"zaakkenmerk": _SEBASTIAAN}, 422),
    ],
)
async def test_a_file_that_cannot_be_taken_is_refused(
    huis: Huis, inhoud: str, soort: str, anders: dict[str, str], status: int
) -> None:
    assert (await _hand_in(huis, inhoud, soort, **anders))[0] == status
    assert await huis.batches.waiting() == []
    assert _SEBASTIAAN not in str(await huis.rows(schema.verantwoording))
