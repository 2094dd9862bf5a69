"""The outbox on both databases, emptied into a real webhook over TLS that fails first and recovers later."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp import web

from adapters.notificatie import webhook
from adapters.notificatie.webhook import Webhook
from knooppunt.pki import Proefautoriteit
from routing import incident, notificatie, schema
from routing.incident import BESTEMMING, Incidentboek
from routing.klok import Klok
from routing.ladder import Ladder
from routing.notificatiebezorging import Notificatiebezorging
from routing.onderhoud import Onderhoud, Taak
from routing.opslag import Opslag
from routing.poorten import Uitkomst, Uitkomstsoort

TOKEN = "mF_9.B5f-4.1JqM"
BRON = "urn:nld:oin:00000001999999990000:systeem:knooppunt"
UUR_MS, KWARTIER_MS = 3_600_000, 900_000


class Ontvanger:
    """A webhook that answers by script (200 when the script is empty) and keeps what it took."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.antwoorden: list[tuple[int, dict[str, str]]] = []
        self.verzoeken: list[tuple[dict[str, str], bytes]] = []
        self.aangenomen: list[str] = []
        self.poort = 0
        self.stil: asyncio.Event | None = None
        self._tls = tls
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/haak", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.poort, ssl_context=self._tls).start()
        self.poort = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        inhoud = await request.read()
        self.verzoeken.append((dict(request.headers), inhoud))
        if self.stil is not None:
            await self.stil.wait()
        status, koppen = self.antwoorden.pop(0) if self.antwoorden else (204, {})
        if 200 <= status < 300:
            self.aangenomen.append(json.loads(inhoud)["id"])
        return web.Response(status=status, headers=koppen)


@pytest.fixture
async def ontvanger(tmp_path: Path) -> AsyncIterator[Ontvanger]:
    autoriteit = Proefautoriteit.create()
    ca = autoriteit.write(tmp_path)
    pem, sleutel = autoriteit.issue("webhook").write(tmp_path, "webhook")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pem, sleutel)
    ontvanger = Ontvanger(tls)
    await ontvanger.start()
    ontvanger.ca = ca
    yield ontvanger
    await ontvanger.stop()


class Opstelling:
    def __init__(self, opslag: Opslag, klok: Klok, melder: Webhook) -> None:
        self.opslag, self.klok = opslag, klok
        self.boek = Incidentboek(BRON)
        werk = Notificatiebezorging(opslag, {BESTEMMING: melder}, self.boek, Ladder(60, 600))
        self._onderhoud, self._taak = Onderhoud(opslag, ()), Taak("notificaties", 5.0, werk.turn)

    async def turn(self, later_ms: int = 10_000) -> None:
        self.klok.verschuiving_ms += later_ms
        assert await self._onderhoud.run(self._taak)

    async def open_causes(self) -> list[str]:
        return [i.oorzaak for i in await self.opslag.read(incident.find, alleen_open=True)]


@pytest.fixture
async def op(opslag: Opslag, klok: Klok, ontvanger: Ontvanger) -> AsyncIterator[Opstelling]:
    vertrouwt = ssl.create_default_context(cafile=ontvanger.ca)
    melder = Webhook(f"https://localhost:{ontvanger.poort}/haak", TOKEN, "hub.example", vertrouwt)
    yield Opstelling(opslag, klok, melder)
    await melder.close()


async def test_an_event_arrives_in_structured_mode_with_the_secret(op: Opstelling, ontvanger: Ontvanger):
    await op.opslag.write(op.boek.open, "ontvanger_onbereikbaar", "99010001", {"wachtend": 3})
    await op.turn()
    ((koppen, inhoud),) = ontvanger.verzoeken
    assert koppen["Content-Type"] == "application/cloudevents+json; charset=UTF-8"
    assert koppen["Authorization"] == f"Bearer {TOKEN}"
    assert koppen["WebHook-Request-Origin"] == "hub.example"
    assert json.loads(inhoud)["data"]["onderwerp"] == "99010001"
    await op.turn()
    assert len(ontvanger.verzoeken) == 1


async def test_a_webhook_that_fails_gets_the_same_bytes_again_in_order(op: Opstelling, ontvanger: Ontvanger):
    ontvanger.antwoorden = [(500, {}), (302, {"Location": "https://elders.example/"}), (401, {})]
    await op.opslag.write(op.boek.open, "achterstand", "", {"wachtend": 9})
    (staat,) = await op.opslag.read(incident.find)
    await op.opslag.write(op.boek.close, staat.nummer, "weg")
    for _ in range(4):
        await op.turn(KWARTIER_MS)
    assert len({inhoud for _, inhoud in ontvanger.verzoeken[:4]}) == 1
    assert ontvanger.aangenomen == [f"{staat.kenmerk}-geopend", f"{staat.kenmerk}-gesloten"]
    assert await op.opslag.read(notificatie.waiting) == 0


async def test_retry_after_is_honoured(op: Opstelling, ontvanger: Ontvanger):
    ontvanger.antwoorden = [(429, {"Retry-After": "300"})]
    await op.opslag.write(op.boek.open, "achterstand", "", {})
    await op.turn()
    await op.turn(290_000)
    assert len(ontvanger.verzoeken) == 1
    await op.turn(20_000)
    assert len(ontvanger.aangenomen) == 1


async def test_a_webhook_that_is_away_gets_everything_when_it_is_back(op: Opstelling, ontvanger: Ontvanger):
    await ontvanger.stop()
    for onderwerp in ("99010001", "99010002"):
        await op.opslag.write(op.boek.open, "ontvanger_onbereikbaar", onderwerp, {})
    await op.turn()
    await op.turn(KWARTIER_MS)
    n = schema.notificatie.c
    eerste = await op.opslag.read(lambda conn: conn.execute(sa.select(n.attempts, n.uitkomst).order_by(n.id)).first())
    assert tuple(eerste) == (2, "De webhook is niet bereikbaar.")
    await ontvanger.start()
    await op.turn(KWARTIER_MS)
    assert len(ontvanger.aangenomen) == 2


async def test_what_is_refused_for_good_makes_room_and_is_an_incident_until_one_arrives(
    op: Opstelling, ontvanger: Ontvanger
):
    ontvanger.antwoorden = [(410, {}), (410, {})]
    await op.opslag.write(op.boek.open, "achterstand", "", {})
    await op.turn()
    assert await op.open_causes() == ["notificatie_onbezorgbaar", "achterstand"]
    assert len(ontvanger.verzoeken) == 2  # the second one told of the first, and was refused as well
    await op.opslag.write(op.boek.open, "ontvanger_weigert", "99010001", {"bericht_id": "x"})
    await op.turn()
    assert "notificatie_onbezorgbaar" not in await op.open_causes()


async def test_an_event_is_given_up_after_five_days_and_deleted_after_thirty(op: Opstelling, ontvanger: Ontvanger):
    ontvanger.antwoorden = [(503, {})]
    await op.opslag.write(op.boek.open, "achterstand", "", {})
    await op.turn()
    await op.turn(5 * 24 * UUR_MS)
    assert len(ontvanger.verzoeken) == 2  # the second is about the first
    assert await op.open_causes() == ["achterstand"]  # and it arrived
    await op.turn()
    await op.turn(31 * 24 * UUR_MS)
    over = await op.opslag.read(lambda conn: conn.execute(sa.select(sa.func.count()).select_from(schema.notificatie)))
    assert over.scalar_one() == 0


async def test_a_webhook_that_nobody_vouches_for_gets_nothing(opslag: Opslag, klok: Klok, ontvanger: Ontvanger):
    melder = Webhook(f"https://localhost:{ontvanger.poort}/haak", TOKEN, "hub.example")
    op = Opstelling(opslag, klok, melder)
    await op.opslag.write(op.boek.open, "achterstand", "", {})
    await op.turn()
    await melder.close()
    assert ontvanger.verzoeken == []
    assert await op.opslag.read(notificatie.waiting) == 1


async def test_what_an_answer_of_the_webhook_means(ontvanger: Ontvanger, monkeypatch: pytest.MonkeyPatch):
    vertrouwt = ssl.create_default_context(cafile=ontvanger.ca)
    melder = Webhook(f"https://localhost:{ontvanger.poort}/haak", TOKEN, "hub.example", vertrouwt)
    blijvend, tijdelijk = (400, 405, 410, 413, 415, 422), (302, 401, 403, 404, 408, 409, 429, 500, 501, 503)
    for statussen, soort in (
        ((200, 202, 204), Uitkomstsoort.BEZORGD),
        (blijvend, Uitkomstsoort.BLIJVEND),
        (tijdelijk, Uitkomstsoort.TIJDELIJK),
    ):
        for status in statussen:
            ontvanger.antwoorden = [(status, {"Location": "https://elders.example/"})]
            uitkomst = await melder.send(b'{"id": "x"}')
            assert (uitkomst.soort, uitkomst.http_status) == (soort, status)
    monkeypatch.setattr(webhook, "_TIJD", aiohttp.ClientTimeout(total=0.2))
    ontvanger.stil = asyncio.Event()
    uitkomst = await melder.send(b'{"id": "x"}')
    ontvanger.stil.set()
    await melder.close()
    assert (uitkomst.soort, uitkomst.toelichting) == (
        Uitkomstsoort.TIJDELIJK,
        "De webhook antwoordde niet op tijd.",
    )


class Haak:
    """A webhook with one answer, which the test changes."""

    def __init__(self, soort: Uitkomstsoort) -> None:
        self.soort = soort

    async def send(self, _event: bytes) -> Uitkomst:
        return Uitkomst(self.soort, "Zo is het antwoord.")

    async def close(self) -> None:
        """Nothing to release."""


class Tweetal:
    """The webhooks of the operator and of a gemeente, and the incidents that they bring."""

    def __init__(self, opslag: Opslag, klok: Klok, gemeente: Uitkomstsoort) -> None:
        self._opslag, self._klok, self._nummer = opslag, klok, 0
        self.beheer, self.gemeente = Haak(Uitkomstsoort.BEZORGD), Haak(gemeente)
        melders = {BESTEMMING: self.beheer, "wlz-0344": self.gemeente}
        werk = Notificatiebezorging(opslag, melders, Incidentboek(BRON), Ladder(600, 600))
        self._onderhoud, self._taak = Onderhoud(opslag, ()), Taak("notificaties", 5.0, werk.turn)

    async def turn(self, *nieuw_voor: str, later_ms: int = 10_000) -> list[tuple[str, str]]:
        """Take a turn, after new events for these bestemmingen, and return what is open then."""
        for bestemming in nieuw_voor:
            self._nummer += 1
            await self._opslag.write(notificatie.enqueue, bestemming, _event(f"k{self._nummer}"))
        self._klok.verschuiving_ms += later_ms
        assert await self._onderhoud.run(self._taak)
        return [(i.oorzaak, i.onderwerp) for i in await self._opslag.read(incident.find, alleen_open=True)]


ONBEZORGBAAR = [("notificatie_onbezorgbaar", "wlz-0344")]


async def test_only_a_success_of_its_own_ends_the_incident_of_a_webhook(opslag: Opslag, klok: Klok):
    op = Tweetal(opslag, klok, Uitkomstsoort.BLIJVEND)
    assert await op.turn("wlz-0344") == ONBEZORGBAAR
    for _ in range(3):
        assert await op.turn("wlz-0344", BESTEMMING) == ONBEZORGBAAR
    op.gemeente.soort = Uitkomstsoort.BEZORGD
    assert await op.turn("wlz-0344") == []
    assert len(await opslag.read(incident.find)) == 1


async def test_a_webhook_that_fails_for_an_hour_is_an_incident_and_one_that_was_not_tried_is_not(
    opslag: Opslag, klok: Klok
):
    op = Tweetal(opslag, klok, Uitkomstsoort.TIJDELIJK)
    assert await op.turn("wlz-0344", BESTEMMING) == []
    assert await op.turn(later_ms=UUR_MS - 20_000) == []
    for _ in range(3):
        assert await op.turn(BESTEMMING, later_ms=20_000) == ONBEZORGBAAR
    op.gemeente.soort = Uitkomstsoort.BEZORGD
    assert await op.turn("wlz-0344", later_ms=UUR_MS) == []
    assert await op.turn("wlz-0344", later_ms=2 * UUR_MS) == []  # all nodes were away for a while
    assert len(await opslag.read(incident.find)) == 1


async def test_what_waited_too_long_is_an_incident_of_its_own_webhook(opslag: Opslag, klok: Klok):
    op = Tweetal(opslag, klok, Uitkomstsoort.BEZORGD)
    await opslag.write(Incidentboek(BRON).open, "notificatie_onbezorgbaar", "", {})  # as it was before
    await opslag.write(notificatie.enqueue, "wlz-0363", _event("k"))  # of a webhook that is configured no longer
    weg = [("notificatie_onbezorgbaar", "wlz-0363")]
    assert sorted(await op.turn("wlz-0344", later_ms=5 * 24 * UUR_MS)) == ONBEZORGBAAR + weg
    assert await op.turn("wlz-0344") == weg


class Trage:
    """A webhook that takes four seconds for each event, by a clock that only it moves."""

    def __init__(self) -> None:
        self.nu, self.kreeg = 0.0, 0

    async def send(self, _event: bytes) -> Uitkomst:
        self.nu += 4
        self.kreeg += 1
        return Uitkomst(Uitkomstsoort.BEZORGD, "Aangenomen.", 204)

    async def close(self) -> None:
        """Nothing to release."""


async def test_a_slow_webhook_ends_its_turn_so_that_others_get_what_came_meanwhile(opslag: Opslag, klok: Klok):
    trage = Trage()
    werk = Notificatiebezorging(opslag, {"wlz-0344": trage}, Incidentboek(BRON), klok=lambda: trage.nu)
    for nummer in range(5):
        await opslag.write(notificatie.enqueue, "wlz-0344", _event(f"k{nummer}"))
    onderhoud, taak = Onderhoud(opslag, ()), Taak("notificaties", 5.0, werk.turn)
    for kreeg in (2, 4, 5):
        klok.verschuiving_ms += 10_000
        assert await onderhoud.run(taak)
        assert trage.kreeg == kreeg


def _event(kenmerk: str) -> notificatie.Event:
    return notificatie.make_event(
        bron=BRON, soort="nl.knooppunt.proef", kenmerk=kenmerk, onderwerp="x", moment_ms=0, data={}
    )


async def test_an_event_stands_in_the_outbox_once(opslag: Opslag):
    event = _event("k1")
    for _ in range(2):
        await opslag.write(notificatie.enqueue, "gemeente", event)
    assert await opslag.read(notificatie.waiting) == 1
    assert json.loads(event.inhoud)["time"] == "1970-01-01T00:00:00.000Z"


def test_a_webhook_without_https_is_refused():
    with pytest.raises(ValueError, match="https"):
        Webhook("http://localhost/haak", None, "hub.example")
