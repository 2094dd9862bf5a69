"""Our VSP client against a server that is made from the published descriptions alone.

The server checks every request against the description, and answers with whatever the description allows.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.vsp.client import VspClient, VspFout
from adapters.vsp.model import ZoekpadOpConversatieId
from adapters.vsp.vertaling import to_metadata
from knooppunt.simulatie.opstellen import compose_envelop

pytestmark = pytest.mark.corpus

NAMEN = ("berichtuitwisseling-rest-push-v1", "berichtuitwisseling-rest-pull-v1", "berichtstatus-rest-pull-v3")
INHOUD = b"<iets>" + bytes(range(256)) * 20


class Beschrijving:
    """One published description: which requests it allows, and answers that fit it."""

    def __init__(self, ruw: dict[str, Any]) -> None:
        self.ruw = ruw
        self.basis = re.sub(r"^https://[^/]+/berichtenservice", "", ruw["servers"][0]["url"])

    def check(self, schema: dict[str, Any], waarde: Any) -> None:
        keuze = self._resolve(schema["$ref"]).get("discriminator") if "$ref" in schema else None
        if keuze is not None:
            # Taken together its parts forbid each other's properties; what is meant is one part with the name of it.
            deel = self._resolve(keuze["mapping"][waarde[keuze["propertyName"]]])
            schema = {**deel, "properties": {**deel["properties"], keuze["propertyName"]: {"type": "string"}}}
            del schema["allOf"]
        jsonschema_rs.validate({**schema, "components": self.ruw["components"]}, waarde)

    def answers(self, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        """Return everything that a schema allows."""
        if "$ref" in schema:
            return st.deferred(lambda: self.answers(self._resolve(schema["$ref"])))
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        match schema["type"]:
            case "array":
                return st.lists(
                    self.answers(schema["items"]),
                    min_size=schema.get("minItems", 0),
                    max_size=schema.get("minItems", 0) + 2,
                )
            case "integer":
                return st.integers(schema.get("minimum", 0), schema.get("maximum", 2**31))
            case "object":
                delen = {naam: self.answers(deel) for naam, deel in schema["properties"].items()}
                nodig = set(schema.get("required", ()))
                return st.fixed_dictionaries(
                    {n: s for n, s in delen.items() if n in nodig},
                    optional={n: s for n, s in delen.items() if n not in nodig},
                )
        return self._texts(schema)

    def _resolve(self, verwijzing: str) -> dict[str, Any]:
        gevonden: dict[str, Any] = self.ruw["components"]["schemas"][verwijzing.rpartition("/")[2]]
        return gevonden

    def _texts(self, schema: dict[str, Any]) -> st.SearchStrategy[str]:
        match schema.get("format"):
            case "uuid":
                return st.uuids().map(str)
            case "date-time":
                return st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat())
            case "uri":
                return st.just("https://api.vecozo.example/payload")
        letters = st.sampled_from("aZ09 -_./é€")
        return st.text(letters, min_size=schema.get("minLength", 0), max_size=min(schema.get("maxLength", 60), 60))


@dataclass
class Server:
    """Answers as told; what does not fit the description is kept in `afwijkingen` and answered with 418."""

    beschrijvingen: list[Beschrijving]
    antwoorden: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)
    gezien: list[tuple[str, str]] = field(default_factory=list)
    afwijkingen: list[str] = field(default_factory=list)
    url: str = ""

    def application(self) -> web.Application:
        app = web.Application(client_max_size=2**30)
        for beschrijving in self.beschrijvingen:
            for pad, methoden in beschrijving.ruw["paths"].items():
                for methode, operatie in methoden.items():
                    handler = self._make(beschrijving, methode, pad, operatie)
                    app.router.add_route(methode.upper(), beschrijving.basis + pad, handler)
        app.router.add_route("*", "/{rest:.*}", self._outside)
        return app

    async def _outside(self, request: web.Request) -> web.Response:
        self.afwijkingen.append(f"{request.method} {request.path} staat niet in de beschrijving")
        return web.Response(status=418)

    def _make(self, beschrijving: Beschrijving, methode: str, pad: str, operatie: dict[str, Any]) -> Any:
        async def handle(request: web.Request) -> web.Response:
            self.gezien.append((methode, pad))
            try:
                await _check_request(beschrijving, operatie, request)
            except Exception as fout:  # noqa: BLE001 - told to the test
                self.afwijkingen.append(f"{methode} {pad}: {fout}")
                return web.Response(status=418)
            status, inhoud = self.antwoorden[methode, pad]
            assert str(status) in operatie["responses"], "the test answers outside the description"
            if isinstance(inhoud, bytes):
                return web.Response(status=status, body=inhoud, content_type="application/octet-stream")
            if inhoud is None:
                return web.Response(status=status)
            schema = operatie["responses"][str(status)]["content"]["application/json"]["schema"]
            beschrijving.check(schema, inhoud)
            return web.json_response(inhoud, status=status)

        return handle


async def _check_request(beschrijving: Beschrijving, operatie: dict[str, Any], request: web.Request) -> None:
    bekend = {p["name"]: p for p in operatie.get("parameters", ())}
    for naam, waarde in [*request.query.items(), *request.match_info.items()]:
        schema = bekend[naam]["schema"]
        beschrijving.check(schema, int(waarde) if schema["type"] == "integer" else waarde)
        if schema.get("format") == "uuid":
            uuid.UUID(waarde)
    if "requestBody" not in operatie:
        assert not await request.read()
        return
    ((soort, vorm),) = operatie["requestBody"]["content"].items()
    assert request.content_type == soort
    if soort == "application/json":
        beschrijving.check(vorm["schema"], await request.json())
        return
    delen = {}
    async for deel in await request.multipart():
        assert vorm["encoding"][deel.name]["contentType"] == deel.headers["Content-Type"]
        delen[deel.name] = bytes(await deel.read())
    assert set(vorm["schema"]["required"]) == set(delen)
    beschrijving.check(vorm["schema"]["properties"]["berichtMetadata"], json.loads(delen["berichtMetadata"]))


@pytest.fixture(scope="module")
def beschrijvingen(corpus: Path) -> list[Beschrijving]:
    map_ = corpus / "extern" / "vecozo"
    return [Beschrijving(json.loads((map_ / f"{naam}.json").read_text("utf-8"))) for naam in NAMEN]


@asynccontextmanager
async def _running(server: Server) -> AsyncIterator[None]:
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield
    finally:
        await runner.cleanup()


@pytest.fixture
async def server(beschrijvingen: list[Beschrijving]) -> AsyncIterator[Server]:
    server = Server(beschrijvingen)
    async with _running(server):
        yield server
    assert server.afwijkingen == []


async def test_every_operation_of_our_client_is_as_described(server: Server) -> None:
    id_ = str(uuid.uuid4())
    server.antwoorden = {
        ("post", "/berichten"): (204, None),
        ("get", "/berichten"): (200, []),
        ("post", "/berichten/zoeken"): (200, []),
        ("delete", "/berichten/{traceerId}"): (202, None),
        ("get", "/berichtstatussen"): (200, []),
    }
    async with VspClient(server.url) as client:
        for antwoord_op in (None, str(uuid.uuid4())):
            envelop = compose_envelop(van="0193", naar="99010001", functie="WMO301", antwoord_op=antwoord_op)
            await client.push(to_metadata(envelop), INHOUD)
        assert await client.list_ready() == []
        assert await client.list_ready(limit=1) == []
        assert await client.search(ZoekpadOpConversatieId(conversatieId=id_)) == []
        await client.confirm(id_)
        assert await client.statuses(traceer_id=id_) == []
        assert await client.statuses(conversatie_id=id_) == []
    assert set(server.gezien) == set(server.antwoorden)


@pytest.fixture
def open_server(beschrijvingen: list[Beschrijving]) -> Iterator[tuple[Server, asyncio.Runner]]:
    """A server that keeps running between the examples of one test, and the event loop it runs in."""
    server = Server(beschrijvingen)
    with asyncio.Runner() as lus:
        draait = _running(server)
        lus.run(draait.__aenter__())
        yield server, lus
        lus.run(draait.__aexit__(None, None, None))
    assert server.afwijkingen == []


_INSTELLINGEN = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def test_every_list_that_the_description_allows_is_read_fetched_and_confirmed(
    open_server: tuple[Server, asyncio.Runner],
) -> None:
    server, lus = open_server
    (pull,) = [b for b in server.beschrijvingen if "/berichten/zoeken" in b.ruw["paths"]]

    async def collect(lijst: list[dict[str, Any]]) -> None:
        server.antwoorden = {
            ("get", "/berichten"): (200, lijst),
            ("get", "/berichten/{traceerId}/payload"): (200, INHOUD),
            ("delete", "/berichten/{traceerId}"): (202, None),
        }
        async with VspClient(server.url) as client:
            gelezen = await client.list_ready()
            ids = [b["referentiegegevens"]["traceerId"] for b in lijst]
            assert [b.referentiegegevens.traceerId for b in gelezen] == ids
            for bericht in gelezen:
                assert (await client.download(bericht)).plain == INHOUD
                await client.confirm(bericht.referentiegegevens.traceerId)

    @_INSTELLINGEN
    @given(st.lists(pull.answers({"$ref": "#/components/schemas/BerichtMetadata"}), max_size=2))
    def check(lijst: list[dict[str, Any]]) -> None:
        for bericht in lijst:
            checksum = {"algoritme": "SHA256", "waarde": hashlib.sha256(INHOUD).hexdigest()}
            bericht["basisgegevens"]["payload"] |= {"grootte": len(INHOUD), "checksum": checksum}
        lus.run(collect(lijst))

    check()


def test_every_status_that_the_description_allows_is_read(open_server: tuple[Server, asyncio.Runner]) -> None:
    server, lus = open_server
    (status,) = [b for b in server.beschrijvingen if "/berichtstatussen" in b.ruw["paths"]]

    async def ask(lijst: list[dict[str, Any]]) -> None:
        server.antwoorden = {("get", "/berichtstatussen"): (200, lijst)}
        async with VspClient(server.url) as client:
            gelezen = await client.statuses(traceer_id=str(uuid.uuid4()))
        assert [regel.berichtstatus.value for regel in gelezen] == [regel["berichtstatus"] for regel in lijst]

    @_INSTELLINGEN
    @given(st.lists(status.answers({"$ref": "#/components/schemas/BerichtstatusGegevens"}), max_size=2))
    def check(lijst: list[dict[str, Any]]) -> None:
        lus.run(ask(lijst))

    check()


@pytest.mark.parametrize("status", [400, 422])
async def test_a_refusal_that_the_description_allows_is_read_with_its_reason(server: Server, status: int) -> None:
    probleem = {"title": "Niet goed", "status": status, "errors": {"routeringgegevens": ["BRS04: niet aangesloten"]}}
    server.antwoorden = {("post", "/berichten"): (status, probleem)}
    async with VspClient(server.url) as client:
        with pytest.raises(VspFout, match="Niet goed") as gevangen:
            await client.push(to_metadata(compose_envelop(van="0193", naar="99010001", functie="WMO301")), INHOUD)
    assert gevangen.value.status == status
    assert gevangen.value.probleem is not None
    assert gevangen.value.probleem.errors == probleem["errors"]
