"""The API with its real log behind it: answers, refusals, and that nobody reads what is not theirs (attacks 53, 54)."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from inleveren import ANDER, CERT, GEHEIM_ADRES, Inleveraar, break_schema
from proefwlz import make_wlz
from sqlalchemy import Connection, select, update
from verhaal import AANBIEDER, GEMEENTE, Verhaal
from yarl import URL

from knooppunt.api.eindpunten import all_endpoints
from knooppunt.api.loket import BASIS, Loket
from knooppunt.luisteraar import Luisteraar
from knooppunt.woonplaats.batchbestand import Vormgever
from routing import schema
from routing.bericht import Identiteit
from routing.incident import Incidentboek
from routing.ketenbewaking.kalender import Kalender
from routing.klok import Klok
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.opvraging import Opvragingen
from routing.partij import Aansluiting, Kanaal, Protocol
from routing.woonplaats.batch import Batches

_VREEMD = Identiteit("9" * 20, "99" * 32)


class Huis(Inleveraar):
    """A hub with one gemeente and two aanbieders, and a client that shows the certificate it is told to."""

    def __init__(self, opslag: Opslag, kluis: Kluis) -> None:
        super().__init__(opslag, kluis)
        self.wie: Identiteit | None = None
        self.opvragingen = Opvragingen(opslag, kluis, self.bron, Incidentboek())
        self.batches = Batches(opslag, kluis, self.bron, Vormgever(), boek=Incidentboek())
        self.client: TestClient[Any, Any]

    def identify(self, _request: web.Request) -> Identiteit:
        if self.wie is None:
            raise web.HTTPForbidden(text="Geen cliëntcertificaat.")
        return self.wie

    def application(self) -> web.Application:
        app = web.Application()
        wlz = make_wlz(self.opslag, self.kluis, self.bron, self.opvragingen)
        eindpunten = all_endpoints(self.opslag, Kalender(), self.opvragingen, None, batches=self.batches, wlz=wlz)
        Loket(eindpunten, self.bron, self.identify).add_routes(app)
        Luisteraar(app, "127.0.0.1", 0)  # adds what guards every listener
        return app

    async def get(self, wie: str | Identiteit | None, pad: str, **query: Any) -> tuple[int, Any]:
        self.wie = CERT.get(wie) if isinstance(wie, str) else wie
        async with self.client.get(BASIS + pad, params=query, allow_redirects=False) as antwoord:
            soort = "application/json" if antwoord.status == 200 else "application/problem+json"
            assert antwoord.headers["Content-Type"].split(";")[0] == soort
            assert antwoord.headers["API-Version"] == "1.0.0"
            assert antwoord.headers["Cache-Control"] == "no-store"
            inhoud = await antwoord.json(content_type=None)
        if antwoord.status != 200:
            assert (inhoud["status"], bool(inhoud["title"])) == (antwoord.status, True)
        return antwoord.status, inhoud


@pytest.fixture
async def huis(opslag: Opslag, kluis: Kluis) -> AsyncIterator[Huis]:
    huis = Huis(opslag, kluis)
    await huis.register()
    async with TestClient(TestServer(huis.application())) as client:
        huis.client = client
        yield huis


@pytest.fixture
def v() -> Verhaal:
    return Verhaal("iwmo")


async def test_both_sides_see_what_is_missing(huis: Huis, v: Verhaal, klok: Klok) -> None:
    nummer = await huis.send(v.wijs_toe())
    for wie in (GEMEENTE, AANBIEDER):
        status, inhoud = await huis.get(wie, "/keten/open")
        (wacht,) = inhoud["verwachtingen"]
        assert (status, wacht["referentienummer"], wacht["wachtOp"]) == (200, nummer, "WMO302")
        assert (wacht["regel"], wacht["teLaat"], inhoud["volgende"]) == ("OP090", False, None)
    assert (await huis.get(GEMEENTE, "/keten/open", teLaat="true"))[1]["verwachtingen"] == []
    klok.verschuiving_ms += 20 * 86_400_000
    (wacht,) = (await huis.get(GEMEENTE, "/keten/open", teLaat="true"))[1]["verwachtingen"]
    assert wacht["teLaat"]
    assert date.fromisoformat(wacht["uiterlijk"]) > date.fromisoformat(wacht["vanaf"])


async def test_a_timeline_and_a_status_can_be_asked(huis: Huis, v: Verhaal) -> None:
    nummer = await huis.send(v.wijs_toe())
    start = await huis.send(v.start())
    _, inhoud = await huis.get(AANBIEDER, f"/keten/{start}/tijdlijn")
    assert [p["bericht"]["referentienummer"] for p in inhoud["punten"]] == [nummer, start]
    assert [w["wachtOp"] for p in inhoud["punten"] for w in p["verwachtingen"]] == ["WMO302", "WMO306"]
    _, inhoud = await huis.get(GEMEENTE, f"/berichten/{nummer}")
    assert (inhoud["bericht"]["berichtsoort"], inhoud["bericht"]["status"]) == ("WMO301", "Wordt verwerkt")
    assert inhoud["uitleg"]["besluit"] == f"naar {AANBIEDER}"
    assert inhoud["fout"] is None


async def test_a_refusal_is_explained_with_all_that_is_wrong(huis: Huis, v: Verhaal) -> None:
    nummer = await huis.send(break_schema(v.wijs_toe()))
    _, inhoud = await huis.get(GEMEENTE, f"/berichten/{nummer}")
    (bevinding,) = inhoud["uitleg"]["bevindingen"]
    assert (inhoud["bericht"]["status"], bevinding["code"], bevinding["niveau"]) == ("Afgekeurd", "CS025", 1)
    assert "BerichtVersie" in bevinding["plaats"]
    assert inhoud["fout"]["code"]


async def test_the_ontvanger_sees_neither_the_explanation_nor_what_was_refused(huis: Huis, v: Verhaal) -> None:
    goed = await huis.send(v.wijs_toe())
    fout = await huis.send(break_schema(v.wijs_toe()))
    assert (await huis.get(AANBIEDER, f"/berichten/{goed}"))[1]["uitleg"] is None
    assert (await huis.get(AANBIEDER, f"/berichten/{fout}"))[0] == 404


async def test_nobody_learns_where_another_gets_its_berichten(huis: Huis, v: Verhaal) -> None:
    nummer = await huis.send(v.wijs_toe())
    assert GEHEIM_ADRES not in json.dumps((await huis.get(GEMEENTE, f"/berichten/{nummer}"))[1])


async def test_another_partij_gets_the_same_answer_as_for_what_does_not_exist(huis: Huis, v: Verhaal) -> None:
    """Attack 53: IDOR."""
    nummer = await huis.send(v.wijs_toe())
    for vorm in ("/berichten/{}", "/keten/{}/tijdlijn"):
        for query in ({}, {"zender": GEMEENTE}):
            vreemd = await huis.get(ANDER, vorm.format(nummer), **query)
            assert vreemd[0] == 404
            assert vreemd == await huis.get(ANDER, vorm.format(uuid.uuid4()), **query)
    assert (await huis.get(ANDER, "/keten/open"))[1]["verwachtingen"] == []
    assert (await huis.get(ANDER, "/keten/open", partij=GEMEENTE))[0] == 403


async def test_the_same_number_of_another_partij_shows_only_ones_own(huis: Huis, v: Verhaal) -> None:
    nummer = await huis.send(v.wijs_toe())
    ander = v.start().replace(AANBIEDER.encode(), ANDER.encode())
    await huis.send(ander, van=ANDER, nummer=nummer)
    assert (await huis.get(ANDER, f"/berichten/{nummer}"))[1]["bericht"]["zender"] == ANDER
    assert (await huis.get(AANBIEDER, f"/berichten/{nummer}"))[1]["bericht"]["zender"] == GEMEENTE
    assert (await huis.get(GEMEENTE, f"/berichten/{nummer}"))[0] == 409
    assert (await huis.get(GEMEENTE, f"/berichten/{nummer}", zender=ANDER))[1]["bericht"]["zender"] == ANDER
    _, tijdlijn = await huis.get(AANBIEDER, f"/keten/{nummer}/tijdlijn")
    assert {ANDER} & {p["bericht"][kant] for p in tijdlijn["punten"] for kant in ("zender", "ontvanger")} == set()


@pytest.mark.parametrize("wie", [_VREEMD, None], ids=["not registered", "no certificate"])
async def test_who_is_no_partij_gets_nothing(huis: Huis, wie: Identiteit | None, v: Verhaal) -> None:
    nummer = await huis.send(v.wijs_toe())
    for pad in ("/keten/open", f"/keten/{nummer}/tijdlijn", f"/berichten/{nummer}"):
        assert (await huis.get(wie, pad))[0] == 403


@pytest.mark.parametrize("tekst", ["%", "_" * 36, "' OR 1=1 --", "*", "\x00", "a\nb", "x" * 65, "é"])
async def test_a_reference_is_never_a_pattern_or_a_piece_of_sql(huis: Huis, v: Verhaal, tekst: str) -> None:
    """Attack 54: filter injection."""
    await huis.send(v.wijs_toe())
    huis.wie = CERT[GEMEENTE]
    async with huis.client.get(URL.build(path=f"{BASIS}/berichten/{tekst}")) as antwoord:
        assert antwoord.status in {400, 404}
        assert antwoord.headers["Content-Type"].split(";")[0] == "application/problem+json"


@pytest.mark.parametrize(
    ("query", "naam"),
    [
        ({"partij": "' OR 1=1"}, "partij"),
        ({"partij": ""}, "partij"),
        ({"teLaat": "ja"}, "teLaat"),
        ({"te_laat": "true"}, "te_laat"),
        ({"limiet": "0"}, "limiet"),
        ({"limiet": "501"}, "limiet"),
        ({"limiet": "1.0"}, "limiet"),
        ({"limiet": "1_0"}, "limiet"),
        ({"na": "-1"}, "na"),
        ({"na": "9" * 40}, "na"),
        ({"sorteer": "zender; DROP TABLE bericht"}, "sorteer"),
    ],
)
async def test_a_wrong_parameter_is_named(huis: Huis, query: dict[str, str], naam: str) -> None:
    status, inhoud = await huis.get(GEMEENTE, "/keten/open", **query)
    assert (status, [p["name"] for p in inhoud["invalidParams"]]) == (400, [naam])
    assert query[naam] == "" or query[naam] not in json.dumps(inhoud["invalidParams"][0]["reason"])


async def test_a_parameter_twice_is_refused(huis: Huis) -> None:
    huis.wie = CERT[GEMEENTE]
    async with huis.client.get(f"{BASIS}/keten/open?na=1&na=2") as antwoord:
        assert (antwoord.status, (await antwoord.json(content_type=None))["invalidParams"][0]["name"]) == (400, "na")


@pytest.mark.parametrize("pad", ["/", "/keten", "/keten/open/", "/berichten/", "/onzin", "/Keten/open"])
async def test_what_is_not_there_is_a_problem_too(huis: Huis, pad: str) -> None:
    assert (await huis.get(GEMEENTE, pad))[0] == 404


@pytest.mark.parametrize("methode", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
async def test_another_method_is_refused_with_what_may(huis: Huis, methode: str) -> None:
    huis.wie = CERT[GEMEENTE]
    async with huis.client.request(methode, f"{BASIS}/keten/open") as antwoord:
        assert (antwoord.status, antwoord.headers["Allow"]) == (405, "GET")
        assert antwoord.headers["Content-Type"].split(";")[0] == "application/problem+json"


async def test_a_long_list_goes_on_where_it_stopped(huis: Huis, v: Verhaal) -> None:
    nummers = [await huis.send(v.wijs_toe()) for _ in range(3)]
    gezien: list[str] = []
    na: int | None = 0
    while na is not None:
        _, inhoud = await huis.get(GEMEENTE, "/keten/open", limiet="2", na=str(na))
        gezien += _numbers(inhoud["verwachtingen"])
        na = inhoud["volgende"]
    assert gezien == nummers


async def test_after_a_merger_the_successor_sees_what_was_of_the_old_gemeente(huis: Huis, v: Verhaal) -> None:
    """0457 went on in 0363 as a whole; 0530 in another."""
    nummers = [await huis.send(v.wijs_toe()) for _ in range(3)]
    for nummer, code in zip(nummers, (GEMEENTE, "0457", "0530"), strict=True):
        await huis.opslag.write(_send_as, nummer, code)
    _, inhoud = await huis.get(GEMEENTE, "/keten/open")
    assert _numbers(inhoud["verwachtingen"]) == nummers[:2]
    for partij, gezien in ((GEMEENTE, nummers[:2]), ("0457", nummers[1:2])):
        _, inhoud = await huis.get(GEMEENTE, "/keten/open", partij=partij)
        assert _numbers(inhoud["verwachtingen"]) == gezien
    assert (await huis.get(GEMEENTE, "/keten/open", partij="0530"))[0] == 403
    _, inhoud = await huis.get(GEMEENTE, f"/berichten/{nummers[1]}")
    assert inhoud["uitleg"]["besluit"] == f"naar {AANBIEDER}"  # as of its own
    assert (await huis.get(GEMEENTE, f"/keten/{nummers[1]}/tijdlijn"))[0] == 200
    assert (await huis.get(GEMEENTE, f"/berichten/{nummers[2]}"))[0] == 404
    assert (await huis.get(ANDER, f"/berichten/{nummers[1]}"))[0] == 404
    zelf = Aansluiting("0457", ("oin:00000001999999990457",), Kanaal.PULL, Protocol.VSP)
    nu = huis.bron.current()
    huis.bron._register = replace(nu, aansluitingen={**nu.aansluitingen, "0457": zelf})
    assert (await huis.get(GEMEENTE, f"/berichten/{nummers[1]}"))[0] == 404  # who is still connected speaks for itself


def _send_as(conn: Connection, nummer: str, gemeente: str) -> None:
    """Let a stored bericht be of another gemeente."""
    b, s = schema.bericht, schema.ketenschakel
    welk = select(b.c.id).where(b.c.referentienummer == nummer)
    conn.execute(update(s).where(s.c.bericht_id.in_(welk)).values(zender=gemeente))
    conn.execute(update(b).where(b.c.referentienummer == nummer).values(zender=gemeente))


def _numbers(verwachtingen: Iterable[dict[str, Any]]) -> list[str]:
    return [verwachting["referentienummer"] for verwachting in verwachtingen]


async def test_without_a_database_the_answer_says_try_later(huis: Huis) -> None:
    await huis.opslag.close()
    status, inhoud = await huis.get(GEMEENTE, "/keten/open")
    assert (status, inhoud["detail"]) == (503, "Probeer het later opnieuw.")


async def test_the_description_is_there_for_any_certificate(huis: Huis) -> None:
    status, inhoud = await huis.get(_VREEMD, "/openapi.json")
    assert (status, inhoud["openapi"]) == (200, "3.1.0")
    assert (await huis.get(None, "/openapi.json"))[0] == 403
