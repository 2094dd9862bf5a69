"""Simulated BRP and BRP adapter held to the published descriptions of the Haal Centraal APIs.

The simulator: every answer, to good questions about every test person and to questions made up by schemathesis,
satisfies the description, with the form that each `type` prescribes. The adapter: any answer that satisfies the
description becomes facts or a fault of ours, never another exception.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
import yaml
from aiohttp import web
from beschrevenproef import ask_all
from brppersonen import ANDER, KIND, MOEDER, VADER, ZUSJE, child, parent, persons
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from adapters.brp.bron import BrpFeitenbron
from adapters.brp.client import BrpClient, Grenzen
from adapters.brp.velden import GEZAGSDRAGER, of_youth
from adapters.brp.velden import MOEDER as MOEDERVELDEN
from knooppunt.simulatie.brp.personen import builtin_persons
from knooppunt.simulatie.brp.server import BrpSimulator
from knooppunt.simulatie.brp.velden import VELDEN
from routing.ladder import Ladder
from routing.woonplaats.bepaling import determine
from routing.woonplaats.feitenbron import Bronfout, Feit, Feitenvraag, Registerfeiten

pytestmark = pytest.mark.corpus

PERSONEN, HISTORIE = "brp-bevragen-openapi", "brp-historie-openapi"
ANTWOORD = {PERSONEN: "RaadpleegMetBurgerservicenummerResponse", HISTORIE: "VerblijfplaatshistorieQueryResponse"}
_VANZELF = {"inOnderzoek", "geheimhoudingPersoonsgegevens", "opschortingBijhouding", "rni", "verificatie"}

BIJZONDER = persons(
    child(functieAdres="B", geheim="7", gezag="12"),
    child(ZUSJE, landVertrek="6024", gemeente="1999", opschorting="E", gezag="D"),
    parent(MOEDER, inOnderzoek="089999", inOnderzoekVanaf="20250000", vorige_gemeente="0599", postcode="3511AB"),
    parent(VADER, inOnderzoek="081100", geboortedatum="00000000", landVertrek="0000", gemeente="1999"),
    parent(ANDER, geboortedatum="19850100", inschrijving="20100000", voornamen="Ĵó d'Ark", geslachtsnaam="Bęk"),
)


def _load(corpus: Path, naam: str) -> dict[str, Any]:
    gelezen = yaml.safe_load((corpus / "extern" / "brp" / f"{naam}.yaml").read_text("utf-8"))
    als_json: dict[str, Any] = json.loads(json.dumps(gelezen, default=str))  # examples hold dates of YAML
    return als_json


def _apply_types(beschrijving: dict[str, Any]) -> dict[str, Any]:
    """Write the discriminators out: where a base is referred to, one of its kinds must fit, with its `type`."""
    schemas = beschrijving["components"]["schemas"]

    def rewrite(deel: Any, *, boven: str = "") -> Any:
        if isinstance(deel, list):
            return [rewrite(d, boven=boven) for d in deel]
        if not isinstance(deel, dict):
            return deel
        basis = schemas.get(str(deel.get("$ref", "")).rpartition("/")[2], {})
        if "discriminator" in basis and boven != "allOf":
            soorten = basis["discriminator"]["mapping"].items()
            return {
                "oneOf": [
                    {"allOf": [{"$ref": ref}, {"properties": {"type": {"const": naam}}, "required": ["type"]}]}
                    for naam, ref in soorten
                ]
            }
        return {naam: rewrite(waarde, boven=naam) for naam, waarde in deel.items() if naam != "discriminator"}

    return {"components": {"schemas": rewrite(schemas)}}


@pytest.fixture(scope="module")
def schemas(corpus: Path) -> dict[str, dict[str, Any]]:
    return {naam: _apply_types(_load(corpus, naam)) for naam in ANTWOORD}


def _validator(schemas: Mapping[str, Any], naam: str, schema: str) -> jsonschema_rs.Validator:
    bron = {"$ref": f"#/components/schemas/{schema}"} | schemas[naam]
    return jsonschema_rs.validator_for(bron, validate_formats=True)


# --- the simulator ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def adres() -> Iterator[str]:
    """Address of a simulated BRP; in a thread, since schemathesis is synchronous."""
    klaar: Future[str] = Future()
    lus, stop = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        simulator = BrpSimulator(builtin_persons() | BIJZONDER)
        try:
            klaar.set_result(await simulator.start())
            await stop.wait()
        finally:
            await simulator.close()

    draad = threading.Thread(target=lambda: lus.run_until_complete(serve()))
    draad.start()
    yield klaar.result(30)
    lus.call_soon_threadsafe(stop.set)
    draad.join(30)
    lus.close()


@pytest.mark.parametrize(
    "velden",
    [of_youth(Feit), MOEDERVELDEN, GEZAGSDRAGER, sorted(VELDEN)[:130], sorted(VELDEN)[-130:]],
    ids=["jeugdige", "moeder", "gezagsdrager", "eerste", "laatste"],
)
def test_every_person_is_shown_as_described(adres: str, schemas: Mapping[str, Any], velden: list[str]) -> None:
    validator = _validator(schemas, PERSONEN, ANTWOORD[PERSONEN])
    bsns = sorted(builtin_persons() | BIJZONDER)
    getoond = 0
    with httpx.Client() as http:
        for i in range(0, len(bsns), 20):
            vraag = {"type": "RaadpleegMetBurgerservicenummer", "burgerservicenummer": bsns[i : i + 20]}
            antwoord = http.post(f"{adres}/personen", json=vraag | {"fields": [*velden]})
            assert antwoord.status_code == 200, antwoord.text
            validator.validate(antwoord.json())
            getoond += len(antwoord.json()["personen"])
    assert getoond == len(bsns)


def test_every_history_is_shown_as_described(adres: str, schemas: Mapping[str, Any]) -> None:
    validator = _validator(schemas, HISTORIE, ANTWOORD[HISTORIE])
    delen = 0
    with httpx.Client() as http:
        for bsn in sorted(builtin_persons() | BIJZONDER):
            vraag = {"type": "RaadpleegMetPeriode", "datumVan": "2000-01-01", "datumTot": "2026-01-01"}
            antwoord = http.post(f"{adres}/verblijfplaatshistorie", json=vraag | {"burgerservicenummer": bsn})
            assert antwoord.status_code == 200, antwoord.text
            validator.validate(antwoord.json())
            delen += len(antwoord.json()["verblijfplaatsen"])
    assert delen > 100


def test_the_check_of_answers_can_fail(schemas: Mapping[str, Any]) -> None:
    validator = _validator(schemas, PERSONEN, ANTWOORD[PERSONEN])
    goed = {"burgerservicenummer": KIND, "verblijfplaats": {"type": "Adres", "functieAdres": {"code": "W"}}}
    antwoord = {"type": "RaadpleegMetBurgerservicenummer", "personen": [goed]}
    assert validator.is_valid(antwoord)
    for fout in ({"type": "Maan"}, {"type": "Adres", "functieAdres": "W"}, {"type": "Adres", "datumVan": "2020"}):
        assert not validator.is_valid({**antwoord, "personen": [{**goed, "verblijfplaats": fout}]})


def test_the_fields_that_may_be_asked_are_those_of_the_description(corpus: Path) -> None:
    schemas = _load(corpus, PERSONEN)["components"]["schemas"]

    def names(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        doel = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        for deel in doel.get("allOf", ()):
            yield from names(deel)
        yield from doel.get("properties", {}).items()
        for ref in doel.get("discriminator", {}).get("mapping", {}).values():
            soort = schemas[ref.rpartition("/")[2]]
            for deel in soort["allOf"]:
                yield from deel.get("properties", {}).items()
        if "items" in doel:
            yield from names(doel["items"])

    def paths(schema: Mapping[str, Any], voor: str) -> Iterator[str]:
        for naam, deel in names(schema):
            if naam in _VANZELF or naam.startswith("indicatieVastgesteld"):
                continue
            yield voor + naam
            if naam != "gezag":
                yield from paths(deel, f"{voor}{naam}.")

    assert set(paths(schemas["Persoon"], "")) == VELDEN


_ALTIJD = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)


@pytest.mark.parametrize("soort", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("naam", list(ANTWOORD))
def test_answers_to_any_question_are_as_described(corpus: Path, adres: str, naam: str, soort: GenerationMode) -> None:
    beschrijving = schemathesis.openapi.from_dict(_load(corpus, naam))
    beschrijving.config.update(base_url=adres)
    assert ask_all(beschrijving, soort, _ALTIJD, 25) > 20


# --- the adapter -----------------------------------------------------------------------------------------------------

_BSNS = st.sampled_from([KIND, ZUSJE, MOEDER, VADER, ANDER])
_CODES = {
    "functieAdres": ["W", "B", "X"],
    "gemeenteVanInschrijving": ["0344", "0599", "0530", "1999"],
    "geslacht": ["M", "V", "O"],
    "reden": ["O", "E", "F", "R"],
}
"""What makes sense in a code of a table; four times in five it is one of these."""


class _Antwoorden:
    """Makes anything that a schema allows; BSNs and codes mostly such that they mean something."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas["components"]["schemas"]
        self._bekend: dict[str, st.SearchStrategy[Any]] = {"Burgerservicenummer": _BSNS}

    def named(self, naam: str) -> st.SearchStrategy[Any]:
        if naam not in self._bekend:
            self._bekend[naam] = st.deferred(lambda: self.of(self._schemas[naam]))
        return self._bekend[naam]

    def of(self, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        if "$ref" in schema:
            return self.named(schema["$ref"].rpartition("/")[2])
        if "oneOf" in schema:
            return st.one_of(*(self.of(soort) for soort in schema["oneOf"]))
        if "const" in schema:
            return st.just(schema["const"])
        if "allOf" in schema or schema.get("type") == "object" or "properties" in schema:
            return self._object(*self._merge(schema))
        match schema["type"]:
            case "array":
                return st.lists(self.of(schema["items"]), min_size=schema.get("minItems", 0), max_size=2)
            case "boolean":
                return st.booleans()
            case "integer":
                return st.integers(schema.get("minimum", 0), schema.get("maximum", 9999))
        return self._text(schema)

    def _text(self, schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if schema.get("format") == "date":
            return st.dates().map(date.isoformat)
        if "pattern" not in schema:
            return st.text(max_size=schema.get("maxLength", 20))
        return st.from_regex(schema["pattern"], fullmatch=True)

    def _merge(self, schema: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
        velden: dict[str, Any] = {}
        verplicht: set[str] = set()
        for deel in schema.get("allOf", ()):
            doel = self._schemas[deel["$ref"].rpartition("/")[2]] if "$ref" in deel else deel
            onder, moet = self._merge(doel)
            velden |= onder
            verplicht |= moet
        return velden | schema.get("properties", {}), verplicht | set(schema.get("required", ()))

    def _object(self, velden: Mapping[str, Any], verplicht: set[str]) -> st.SearchStrategy[dict[str, Any]]:
        delen = {naam: self._field(naam, schema) for naam, schema in velden.items()}
        moet = {naam: deel for naam, deel in delen.items() if naam in verplicht or naam == "functieAdres"}
        return st.fixed_dictionaries(moet, optional={n: deel for n, deel in delen.items() if n not in moet})

    def _field(self, naam: str, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        """Make a field; a code from a table is mostly one that the BRP uses there."""
        if naam not in _CODES or "$ref" not in schema:
            return self.of(schema)
        zinvol = st.sampled_from([{"code": code} for code in _CODES[naam]])
        return st.integers(0, 4).flatmap(lambda kans: zinvol if kans else self.of(schema))


_GELEZEN = (
    "burgerservicenummer geboorte geheimhoudingPersoonsgegevens opschortingBijhouding gemeenteVanInschrijving "
    "datumInschrijvingInGemeente verblijfplaats inOnderzoek ouders gezag"
)


def test_whatever_the_description_allows_becomes_facts_or_a_fault(schemas: Mapping[str, Any]) -> None:
    antwoorden = {naam: _Antwoorden(schemas[naam]) for naam in ANTWOORD}
    velden, _ = antwoorden[PERSONEN]._merge(schemas[PERSONEN]["components"]["schemas"]["Persoon"])
    welke = {naam: velden[naam] for naam in _GELEZEN.split()}
    persoon = antwoorden[PERSONEN]._object(welke, {"burgerservicenummer", "verblijfplaats", "gemeenteVanInschrijving"})
    bsns = (KIND, ZUSJE, MOEDER)
    personen = st.tuples(persoon, persoon, persoon).map(
        lambda drie: [p | {"burgerservicenummer": bsn} for p, bsn in zip(drie, bsns, strict=True)]
    )
    lus = asyncio.new_event_loop()
    nu: dict[str, Any] = {}
    uitkomsten: list[Registerfeiten | Bronfout] = []

    async def answer(request: web.Request) -> web.Response:
        vraag = await request.json()
        if "fields" not in vraag:
            return web.json_response(nu["historie"])
        gevraagd = [p for p in nu["personen"] if p["burgerservicenummer"] in vraag["burgerservicenummer"]]
        return web.json_response({"type": nu["type"], "personen": gevraagd})

    async def start() -> tuple[web.AppRunner, BrpFeitenbron]:
        app = web.Application()
        app.router.add_post("/{rest:.*}", answer)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        grenzen = Grenzen(antwoord_s=30, geheel_s=60, per_seconde=1000, ladder=Ladder(0.001, 0.001))
        return runner, BrpFeitenbron(BrpClient(url, url, grenzen=grenzen), lambda: date(2026, 3, 4))

    runner, bron = lus.run_until_complete(start())

    @seed(20260304)
    @settings(
        max_examples=120,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        gevonden=personen,
        historie=antwoorden[HISTORIE].named(ANTWOORD[HISTORIE]),
        soort=st.sampled_from(["RaadpleegMetBurgerservicenummer"] * 9 + ["Anders"]),
        dag=st.dates(date(2015, 1, 1), date(2027, 1, 1)),
    )
    def run(gevonden: list[Any], historie: Any, soort: str, dag: date) -> None:
        nu.update(personen=gevonden, historie=historie, type=soort)
        vragen = [
            Feitenvraag(KIND, dag, frozenset(Feit), vanaf=dag - timedelta(days=400)),
            Feitenvraag(ZUSJE, dag, frozenset({Feit.ADRES})),
        ]
        for uit in lus.run_until_complete(bron.fetch(vragen)):
            assert isinstance(uit, Registerfeiten | Bronfout)
            uitkomsten.append(uit)
            if isinstance(uit, Registerfeiten):
                determine(uit.feiten)

    try:
        run()
    finally:
        lus.run_until_complete(bron.close())
        lus.run_until_complete(runner.cleanup())
        lus.close()
    met_adres = [u for u in uitkomsten if isinstance(u, Registerfeiten) and u.feiten.brp]
    assert len(met_adres) > 5  # the generator is free; without any, nothing was tried
    assert any(isinstance(u, Bronfout) for u in uitkomsten)
