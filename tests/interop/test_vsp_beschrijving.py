"""Our VSP interface, with its real log behind it, held to the published descriptions.

Twice: random and wrong requests, made from the descriptions by schemathesis; and a client whose code is generated from
the descriptions alone, which pushes, lists, searches, fetches, confirms and asks for statuses.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from aiohttp import web
from beschrevenproef import ask_all
from schemathesis import GenerationMode
from sjabloon import make_tables

from adapters.vsp.server import VspInterface
from routing.afhaal import Afhaalbak
from routing.bericht import Identiteit
from routing.foutbericht import Foutmelder
from routing.intake import Intake
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.partij import Aansluiting, Kanaal, Machtiging, Protocol, Richting
from routing.register import Register, RegisterBron
from routing.toetsing import Toetser
from routing.vastlegging import Termijnen

pytestmark = pytest.mark.corpus

PUSH, PULL, STATUS = (
    "berichtuitwisseling-rest-push-v1",
    "berichtuitwisseling-rest-pull-v1",
    "berichtstatus-rest-pull-v3",
)
PADEN = {
    PUSH: "/vsp/berichten/rest-push/v1",
    PULL: "/vsp/berichten/rest-pull/v1",
    STATUS: "/vsp/berichtstatus/rest-pull/v3",
}
GEMEENTE, CAK = "0518", "CAK"
IDENTITEIT = Identiteit(oin="00000001002306608000", vingerafdruk="aa" * 32, naam="test")
_DAG = 24 * 3600 * 1000


def _register() -> Register:
    kenmerk = (f"oin:{IDENTITEIT.oin}",)
    mag = [
        Machtiging(GEMEENTE, Richting.ZENDEN, "WMO4*"),
        Machtiging(GEMEENTE, Richting.ONTVANGEN, "WMO4*"),
        Machtiging(CAK, Richting.ZENDEN, "WMO4*"),
        Machtiging(CAK, Richting.ONTVANGEN, "WMO4*"),
    ]
    return Register.of((), [Aansluiting(code, kenmerk, Kanaal.PULL, Protocol.VSP) for code in (GEMEENTE, CAK)], mag)


async def _serve(map_: Path, klaar: Future[str], stop: asyncio.Event) -> None:
    url = f"sqlite:///{map_ / 'knooppunt.db'}"
    make_tables(url)
    opslag, kluis, bron = Opslag(url), Kluis.create(map_ / "sleutels"), RegisterBron(_register())
    intake = Intake(opslag, Foutmelder(kluis, bron, Termijnen(_DAG, _DAG)), Toetser(), lambda _lane: None)
    app = web.Application()
    VspInterface(intake, Afhaalbak(opslag, kluis), bron, lambda _: IDENTITEIT).add_routes(app)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    klaar.set_result(f"http://127.0.0.1:{runner.addresses[0][1]}")
    await stop.wait()
    await runner.cleanup()
    await opslag.close()


@pytest.fixture(scope="module")
def adres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running interface; in a thread, since both clients are synchronous."""
    klaar: Future[str] = Future()
    lus = asyncio.new_event_loop()
    stop = asyncio.Event()

    def run() -> None:
        try:
            lus.run_until_complete(_serve(tmp_path_factory.mktemp("vsp"), klaar, stop))
        except BaseException as fout:
            if not klaar.done():
                klaar.set_exception(fout)
            raise
        finally:
            lus.close()

    draad = threading.Thread(target=run)
    draad.start()
    yield klaar.result(30)
    lus.call_soon_threadsafe(stop.set)
    draad.join(30)


def _load(corpus: Path, naam: str) -> dict[str, Any]:
    gelezen: dict[str, Any] = json.loads((corpus / "extern" / "vecozo" / f"{naam}.json").read_text(encoding="utf-8"))
    return gelezen


# --- a client made from a description --------------------------------------------------------------------------------


class _Generator:
    """Writes Python for one description: a dataclass per schema, a function per operation. It knows nothing of VSP."""

    def __init__(self, beschrijving: dict[str, Any]) -> None:
        self._schemas: dict[str, Any] = beschrijving["components"]["schemas"]
        self._paden: dict[str, Any] = beschrijving["paths"]

    def source(self) -> str:
        delen = [
            "from __future__ import annotations",
            "import dataclasses, datetime, enum, json, typing, uuid",
            "class Afwijking(Exception): pass",
            "class Probleem(Exception): pass",
        ]
        delen += [self._schema(naam, schema) for naam, schema in self._schemas.items()]
        delen += [
            self._operation(methode.upper(), pad, operatie)
            for pad, methoden in self._paden.items()
            for methode, operatie in methoden.items()
        ]
        return "\n".join(delen)

    def _schema(self, naam: str, schema: dict[str, Any]) -> str:
        if "enum" in schema:
            leden = "\n".join(f"    {waarde} = {waarde!r}" for waarde in schema["enum"])
            return f"class {naam}(enum.Enum):\n{leden}"
        velden, verplicht = dict(schema.get("properties", {})), set(schema.get("required", ()))
        for deel in schema.get("allOf", ()):
            boven = self._resolve(deel)
            velden = boven["properties"] | velden
            verplicht |= set(boven.get("required", ()))
        volgorde = sorted(velden, key=lambda veld: veld not in verplicht)
        mag = "d" if schema.get("additionalProperties", True) is not False else repr(set(velden))
        waarden = ", ".join(f"{veld}={self._read(velden[veld], f'd.get({veld!r})')}" for veld in volgorde)
        return "\n".join(
            [
                "@dataclasses.dataclass",
                f"class {naam}:",
                *(f"    {veld}: typing.Any{'' if veld in verplicht else ' = None'}" for veld in volgorde),
                "    @classmethod",
                "    def lees(cls, d):",
                f"        if set({sorted(verplicht)}) - d.keys() or d.keys() - {mag}: raise Afwijking(cls, list(d))",
                f"        return cls({waarden})",
            ]
        )

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        gevonden: dict[str, Any] = self._schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
        return gevonden

    def _read(self, schema: dict[str, Any], bron: str) -> str:
        """Give the expression that reads a value; absent stays None, what is not described raises."""
        if "$ref" in schema:
            naam = schema["$ref"].rsplit("/", 1)[1]
            lees = f"{naam}({bron})" if "enum" in self._schemas[naam] else f"{naam}.lees({bron})"
        elif schema.get("type") == "array":
            lees = f"[{self._read(schema['items'], 'x')} for x in {bron}]"
        else:
            soort = (schema.get("type"), schema.get("format"))
            lees = {
                ("string", "uuid"): f"uuid.UUID({bron})",
                ("string", "date-time"): f"datetime.datetime.fromisoformat({bron})",
            }.get(soort, bron)
        return f"(None if {bron} is None else {lees})"

    def _operation(self, methode: str, pad: str, operatie: dict[str, Any]) -> str:
        parameters = [(p["name"], p["in"], p.get("required", False)) for p in operatie.get("parameters", ())]
        inhoud = operatie.get("requestBody", {}).get("content", {})
        namen = [n for n, _, _ in parameters] + (["body"] if inhoud else [])
        kop = ", ".join(f"{n}=None" for n in namen)
        vraag = ", ".join(f"{n!r}: {n}" for n, waar, _ in parameters if waar == "query")
        velden = ", ".join(f"{n}={n}" for n, waar, _ in parameters if waar == "path")
        regels = [
            f"def {operatie['operationId']}(client, basis{', *, ' + kop if kop else ''}):",
            f"    opties = {{'params': {{k: v for k, v in {{{vraag}}}.items() if v is not None}}}}",
        ]
        if "multipart/form-data" in inhoud:
            vorm = inhoud["multipart/form-data"]
            for naam in vorm["schema"]["properties"]:
                soort = vorm["encoding"][naam]["contentType"]
                waarde = f"schrijf(body[{naam!r}])" if soort == "application/json" else f"body[{naam!r}]"
                regels.append(f"    opties.setdefault('files', []).append(({naam!r}, (None, {waarde}, {soort!r})))")
        elif "application/json" in inhoud:
            regels.append("    opties |= {'content': schrijf(body), 'headers': {'Content-Type': 'application/json'}}")
        regels.append(f"    antwoord = client.request({methode!r}, basis + {pad!r}.format({velden}), **opties)")
        for status, antwoord in operatie["responses"].items():
            soorten = antwoord.get("content", {})
            regels.append(f"    if antwoord.status_code == {status}:")
            for soort, vorm in soorten.items():
                regels.append(
                    f"        if antwoord.headers['content-type'].split(';')[0] != {soort!r}: raise Afwijking()"
                )
                lees = "antwoord.content"
                if soort == "application/json":
                    regels.append("        gelezen = antwoord.json()")
                    lees = self._read(vorm["schema"], "gelezen")
                regels.append(f"        inhoud = {lees}")
            if not soorten:
                regels.append("        inhoud = None")
            regels.append("        return inhoud" if int(status) < 300 else f"        raise Probleem({status}, inhoud)")
        regels.append("    raise Afwijking(antwoord.status_code)")
        return "\n".join(regels)


_SCHRIJF = """
def schrijf(waarde):
    def plat(w):
        if dataclasses.is_dataclass(w):
            return {k: plat(v) for k, v in vars(w).items() if v is not None}
        if isinstance(w, list):
            return [plat(x) for x in w]
        return str(w) if isinstance(w, (uuid.UUID, datetime.datetime)) else w
    return json.dumps(plat(waarde)).encode()
"""


def _generate(corpus: Path, naam: str, map_: Path) -> Any:
    """Generate, write and import the client of one description."""
    bron = map_ / f"{naam.replace('-', '_')}.py"
    bron.write_text(_Generator(_load(corpus, naam)).source() + _SCHRIJF, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"gegenereerd_{bron.stem}", bron)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _metadata(push: Any, functie: str, van: str, naar: str, *, antwoord_op: uuid.UUID | None = None) -> Any:
    traceer = uuid.uuid4()
    rol = {GEMEENTE: "Gemeente", CAK: "Ketenpartij"}
    return push.BerichtMetadata(
        routeringgegevens=push.Routeringgegevens(
            afzender=push.Relatie(rol=rol[van], code=van),
            geadresseerden=[push.Relatie(rol=rol[naar], code=naar)],
            berichtstroom=push.Berichtstroom(
                berichttype=functie, berichtversie=4, berichtsubversie=0, actie="Aanleveren"
            ),
        ),
        referentiegegevens=push.Referentiegegevens(
            traceerId=traceer,
            conversatieId=antwoord_op or traceer,
            alsAntwoordOp=antwoord_op,
            referentieId="kenmerk 12",
        ),
        verwerkingscontext=[push.SleutelWaardePaar(sleutel="eigen", waarde=["een", "twee"])],
    )


@pytest.fixture(scope="module")
def clients(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    map_ = tmp_path_factory.mktemp("clients")
    return {naam: _generate(corpus, naam, map_) for naam in PADEN}


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as client:
        yield client


def test_a_generated_client_works(adres: str, clients: dict[str, Any], http: httpx.Client) -> None:
    push, pull, status = (clients[naam] for naam in (PUSH, PULL, STATUS))
    waar = {naam: adres + pad for naam, pad in PADEN.items()}
    payload = b"<iets>" + b"<een>0123456789</een>" * 30_000 + b"</iets>"
    heen = _metadata(push, "WMO405", GEMEENTE, CAK)
    nummer = heen.referentiegegevens.traceerId
    assert push.PostBericht(http, waar[PUSH], body={"berichtMetadata": heen, "payload": payload}) is None

    lijst = pull.GetBerichten(http, waar[PULL], limit=250)
    (bericht,) = [b for b in lijst if b.referentiegegevens.traceerId == nummer]
    assert bericht.routeringgegevens.berichtstroom.berichttype == "WMO405"
    assert bericht.referentiegegevens.referentieId == "kenmerk 12"
    assert [(p.sleutel, p.waarde) for p in bericht.verwerkingscontext] == [("eigen", ["een", "twee"])]
    assert bericht.basisgegevens.ontvangenOp.tzinfo is not None
    assert bericht.basisgegevens.payload.grootte == len(payload)
    assert bericht.basisgegevens.payload.checksum.waarde == hashlib.sha256(payload).hexdigest()
    assert http.get(bericht.basisgegevens.payload.url).content == payload
    assert pull.GetPayload(http, waar[PULL], traceerId=nummer) == payload
    for zoekpad in (
        pull.ZoekpadOpConversatieId(zoekpadType="ZoekpadOpConversatieId", conversatieId=nummer),
        pull.ZoekpadOpBerichtstroom(
            zoekpadType="ZoekpadOpBerichtstroom", berichttype="WMO405", berichtversie=4, geadresseerdeCode=CAK
        ),
    ):
        gevonden = pull.ZoekBerichten(http, waar[PULL], body=zoekpad)
        assert nummer in [b.referentiegegevens.traceerId for b in gevonden]

    assert pull.BevestigOntvangst(http, waar[PULL], traceerId=nummer) is None
    for opnieuw in (pull.BevestigOntvangst, pull.GetPayload):
        with pytest.raises(pull.Probleem) as fout:
            opnieuw(http, waar[PULL], traceerId=nummer)
        assert fout.value.args[0] == 404

    terug = _metadata(push, "WMO406", CAK, GEMEENTE, antwoord_op=nummer)
    push.PostBericht(http, waar[PUSH], body={"berichtMetadata": terug, "payload": b"<terug/>"})
    zoekpad = pull.ZoekpadOpAlsAntwoordOp(zoekpadType="ZoekpadOpAlsAntwoordOp", alsAntwoordOp=nummer)
    (retour,) = pull.ZoekBerichten(http, waar[PULL], body=zoekpad)
    assert retour.referentiegegevens.conversatieId == nummer

    gegevens = status.ZoekBerichtstatussen(http, waar[STATUS], traceerId=nummer)
    assert {g.referentiegegevens.traceerId: g.berichtstatus.value for g in gegevens} == {
        nummer: "Bezorgd",
        terug.referentiegegevens.traceerId: "WordtAangeboden",
    }
    assert len(status.ZoekBerichtstatussen(http, waar[STATUS], conversatieId=nummer)) == 2


def test_offering_the_same_again_is_no_conflict(adres: str, clients: dict[str, Any], http: httpx.Client) -> None:
    push = clients[PUSH]
    body = {"berichtMetadata": _metadata(push, "WMO405", GEMEENTE, CAK), "payload": b"<x/>"}
    for _ in range(2):  # the receipt of the first may have been lost on the way
        assert push.PostBericht(http, adres + PADEN[PUSH], body=body) is None


def test_a_generated_client_reads_every_refusal(adres: str, clients: dict[str, Any], http: httpx.Client) -> None:
    push, pull, status = (clients[naam] for naam in (PUSH, PULL, STATUS))
    waar = {naam: adres + pad for naam, pad in PADEN.items()}

    def refused(doe: Callable[..., Any], naam: str, **args: Any) -> tuple[int, Any]:
        with pytest.raises(sys.modules[doe.__module__].Probleem) as fout:
            doe(http, waar[naam], **args)
        return fout.value.args[0], fout.value.args[1]

    goed = _metadata(push, "WMO405", GEMEENTE, CAK)
    push.PostBericht(http, waar[PUSH], body={"berichtMetadata": goed, "payload": b"<een/>"})
    code, probleem = refused(push.PostBericht, PUSH, body={"berichtMetadata": goed, "payload": b"<ander/>"})
    assert (code, probleem.status) == (422, 422)
    assert "referentienummer" in probleem.detail
    vreemd = _metadata(push, "WMO405", GEMEENTE, CAK)
    vreemd.routeringgegevens.afzender.code = "0363"
    assert refused(push.PostBericht, PUSH, body={"berichtMetadata": vreemd, "payload": b"x"})[0] == 422
    leeg = _metadata(push, "", GEMEENTE, CAK)
    code, probleem = refused(push.PostBericht, PUSH, body={"berichtMetadata": leeg, "payload": b"x"})
    assert (code, list(probleem.errors)) == (400, ["routeringgegevens.berichtstroom.berichttype"])
    assert refused(pull.GetBerichten, PULL, limit=0)[0] == 400
    assert refused(pull.ZoekBerichten, PULL, body=pull.Zoekpad(zoekpadType="Anders"))[0] == 400
    assert refused(status.ZoekBerichtstatussen, STATUS)[0] == 400


def test_a_refused_bericht_says_why_in_its_status(adres: str, clients: dict[str, Any], http: httpx.Client) -> None:
    push, status = clients[PUSH], clients[STATUS]
    metadata = _metadata(push, "WMO499", GEMEENTE, CAK)
    push.PostBericht(http, adres + PADEN[PUSH], body={"berichtMetadata": metadata, "payload": b"x"})
    traceer = metadata.referentiegegevens.traceerId
    per_soort = {
        g.berichtstroom.berichttype: g
        for g in status.ZoekBerichtstatussen(http, adres + PADEN[STATUS], traceerId=traceer)
    }
    assert per_soort["WMO499"].berichtstatus.value == "AfgekeurdDoorDienst"
    assert per_soort["WMO499"].meldingen[0].code == "IB004"
    assert "BIDN" in per_soort["WMO499"].meldingen[0].toelichting
    assert per_soort["Fo01"].referentiegegevens.alsAntwoordOp == traceer


# --- anything the descriptions allow, and what they do not -----------------------------------------------------------

_ALTIJD = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "negative_data_rejection",
)


def _push_some(push: Any, adres: str) -> None:
    """See that the lists are not empty: an answer that says nothing is always as described."""
    with httpx.Client(timeout=30) as http:
        for functie in ("WMO405", "WMO407", "WMO499"):
            metadata = _metadata(push, functie, GEMEENTE, CAK)
            push.PostBericht(http, adres + PADEN[PUSH], body={"berichtMetadata": metadata, "payload": b"<x/>"})


@pytest.mark.parametrize("soort", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("naam", list(PADEN))
def test_answers_are_as_described(
    corpus: Path, adres: str, clients: dict[str, Any], naam: str, soort: GenerationMode
) -> None:
    _push_some(clients[PUSH], adres)
    beschrijving = schemathesis.openapi.from_dict(_load(corpus, naam))
    beschrijving.config.update(base_url=adres + PADEN[naam])
    assert ask_all(beschrijving, soort, _ALTIJD, 15) > 10
