"""A running hub held to the description that it gives of its own API, by schemathesis, over mutual TLS."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from inleveren import Inleveraar
from proefhub import Deelnemer, Proefhub
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from verhaal import AANBIEDER, GEMEENTE, Verhaal

from knooppunt.api.loket import BASIS
from routing.opslag import Opslag

_DEELNEMERS = (Deelnemer(GEMEENTE, "Gemeente"), Deelnemer(AANBIEDER, "Aanbieder"))
_VERZOEKEN = 25
_BESTAND = "/woonplaatsbeginsel/batches"
_VRAAG = {"bsn": "999990019", "doel": "toewijzing", "zaakkenmerk": "Z-1", "reden": ""}
_TOETSEN = "/wlz/toetsen"
_VAST = {
    "/woonplaatsbeginsel/bepalingen": _VRAAG,
    _TOETSEN: _VRAAG | {"reden": "twijfel"},
    "/wlz/clientwijzigingen": {
        "doel": "afstemming",
        "zaakkenmerk": "Z-1",
        "bewerking": "verwijderen",
        "clienten": [{"referentie": "C-1"}],
    },
    "/wlz/signalen": {"doel": "afstemming", "zaakkenmerk": "Z-1"},
}
"""What no description can say: the elfproef, the purposes, what is in a list."""


class Draaiend:
    """A hub that runs, with a few berichten in it, and a session of one partij."""

    def __init__(self, basis: str, sessie: requests.Session, referenties: list[str]) -> None:
        self.basis, self.sessie, self.referenties = basis, sessie, referenties

    def description(self) -> dict[str, Any]:
        return dict(self.sessie.get(f"{self.basis}{BASIS}/openapi.json").json())


async def _fill(proef: Proefhub) -> list[str]:
    """Store a case as the intake does, before the hub starts."""
    opslag, v = Opslag(proef.database_url), Verhaal("iwmo")
    try:
        inleveraar = Inleveraar(opslag, proef.kluis)
        await inleveraar.register()
        berichten = (v.vraag(), v.wijs_toe(v.toewijzing(ReferentieAanbieder="VOT-1")), v.start())
        kapot = v.start().replace(b"Bsn>", b"Bnn>")
        return [await inleveraar.send(data) for data in (*berichten, kapot)]
    finally:
        await opslag.close()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Draaiend]:
    map_ = tmp_path_factory.mktemp("api")
    proef = Proefhub(map_, _DEELNEMERS)
    with asyncio.Runner() as lus, requests.Session() as sessie:
        nummers = lus.run(_fill(proef))
        lus.run(proef.start())
        pki = map_ / "pki"
        sessie.cert = (str(pki / f"{AANBIEDER}.pem"), str(pki / f"{AANBIEDER}.key"))
        sessie.verify = str(pki / "ca.pem")
        sessie.trust_env = False
        try:
            yield Draaiend(proef.basis, sessie, nummers)
        finally:
            assert lus.run(proef.stop()) == 0


@pytest.mark.timeout(400)
@pytest.mark.parametrize("soort", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as described", "wrong"])
def test_answers_are_as_described(hub: Draaiend, soort: GenerationMode) -> None:
    document = hub.description()
    beschrijving = schemathesis.openapi.from_dict(document)
    beschrijving.config.update(base_url=hub.basis + BASIS)
    checks = [check for check in CHECKS.get_all() if check.__name__ in _CHECKS]
    assert len(checks) == len(_CHECKS)
    gezien: dict[str, set[int]] = {}
    for resultaat in beschrijving.get_all_operations():
        operatie = resultaat.ok()
        if operatie.path == _BESTAND:
            continue  # a file is no JSON that can be generated; tests/contract/test_api_woonplaats.py hands some in

        @seed(20260105)
        @settings(
            max_examples=_VERZOEKEN,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operatie.as_strategy(generation_mode=soort), eigen=st.sampled_from([None, *hub.referenties]))
        def run(case: schemathesis.Case, eigen: str | None) -> None:
            if soort is GenerationMode.POSITIVE and eigen is not None and "referentie" in case.path_parameters:
                case.path_parameters["referentie"] = eigen
            if soort is GenerationMode.POSITIVE and case.operation.path in _VAST:
                vraag = case.body if isinstance(case.body, dict) else case.query
                vraag.update(_VAST[case.operation.path])
                for naam in ("partij", "vraagId"):
                    vraag.pop(naam, None)
            antwoord = case.call(cert=hub.sessie.cert, verify=hub.sessie.verify)
            gezien.setdefault(case.operation.path, set()).add(antwoord.status_code)
            case.validate_response(antwoord, checks=checks)

        run()
    assert set(gezien) == set(document["paths"]) - {_BESTAND}
    for pad, statussen in gezien.items():
        assert statussen <= {200, 400, 403, 404, 405, 409, 415, 422}
        goed = {403} if pad == _TOETSEN else {200, 404}  # this hub has no Wlz-register, so nobody may ask it
        assert (goed if soort is GenerationMode.POSITIVE else {400}) & statussen


_CHECKS = {
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "unsupported_method",
}


def test_what_is_seen_is_ones_own(hub: Draaiend) -> None:
    vraag, toewijzing, start, kapot = hub.referenties
    punten = hub.sessie.get(f"{hub.basis}{BASIS}/keten/{start}/tijdlijn").json()["punten"]
    assert [p["bericht"]["referentienummer"] for p in punten] == [vraag, toewijzing, start]
    status = hub.sessie.get(f"{hub.basis}{BASIS}/berichten/{kapot}").json()
    assert (status["bericht"]["status"], len(status["uitleg"]["bevindingen"]) > 0) == ("Afgekeurd", True)


def test_without_a_certificate_there_is_no_connection(hub: Draaiend) -> None:
    with requests.Session() as kaal:
        kaal.verify, kaal.trust_env = hub.sessie.verify, False
        with pytest.raises(requests.exceptions.ConnectionError):
            kaal.get(f"{hub.basis}{BASIS}/openapi.json")


def test_the_access_log_names_the_route_and_no_reference(
    hub: Draaiend, tmp_path_factory: pytest.TempPathFactory
) -> None:
    geschreven = "".join(p.read_text("utf-8") for p in Path(tmp_path_factory.getbasetemp()).rglob("hub.log"))
    assert not any(nummer in geschreven for nummer in hub.referenties)
