"""The description of the API, and what the NL API Design Rules ask of it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from knooppunt.api.eindpunt import Eindpunt
from knooppunt.api.eindpunten import all_endpoints
from knooppunt.api.loket import BASIS
from knooppunt.api.openapi import VERSIE, describe
from knooppunt.api.wlz import Wlz
from routing.ketenbewaking.kalender import Kalender

_EINDPUNTEN = all_endpoints(None, Kalender(), None, None, batches=None, wlz=Wlz(None, None, None))  # type: ignore[arg-type]  # describing reads nothing


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe(_EINDPUNTEN, BASIS)


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operatie for pad in document["paths"].values() for operatie in pad.values()]


def test_what_is_asked_about_a_person_stands_in_a_body_only(document: dict[str, Any]) -> None:
    for operatie in _operations(document):
        assert "bsn" not in [p["name"] for p in operatie["parameters"]]
    assert document["paths"]["/woonplaatsbeginsel/bepalingen"]["post"]["requestBody"]["required"]


def test_it_is_openapi_3_1_with_a_full_version(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert re.fullmatch(r"\d+\.\d+\.\d+", document["info"]["version"])
    assert document["info"]["version"] == VERSIE
    assert document["servers"] == [{"url": f"/api/v{VERSIE.split('.')[0]}"}]


def test_paths_are_lower_case_kebab_without_a_closing_slash(document: dict[str, Any]) -> None:
    for pad in document["paths"]:
        assert re.fullmatch(r"(/([a-z0-9-]+|\{[a-z][A-Za-z]*\}))+", pad)


def test_names_are_camel_case(document: dict[str, Any]) -> None:
    namen = {naam for s in document["components"]["schemas"].values() for naam in s.get("properties", {})}
    namen |= {p["name"] for operatie in _operations(document) for p in operatie["parameters"]}
    assert len(namen) > 30
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9]*", naam) for naam in namen), namen


def test_every_parameter_of_a_path_is_described_once(document: dict[str, Any]) -> None:
    for pad, operaties in document["paths"].items():
        for operatie in operaties.values():
            beschreven = [p["name"] for p in operatie["parameters"] if p["in"] == "path"]
            assert sorted(beschreven) == sorted(re.findall(r"\{(\w+)\}", pad))


def test_everything_is_explained(document: dict[str, Any]) -> None:
    for operatie in _operations(document):
        assert operatie["summary"]
        for parameter in operatie["parameters"]:
            assert parameter["description"]
            assert "null" not in str(parameter["schema"])
        for antwoord in operatie["responses"].values():
            assert antwoord["description"]
            assert "API-Version" in antwoord["headers"]


def test_an_operation_without_a_thought_about_who_may_use_it_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="toegang"):
        Eindpunt(pad="/x", naam="x", samenvatting="x")  # type: ignore[call-arg]
