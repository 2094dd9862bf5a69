"""What we ask and what we simulate, held to the GraphQL schemas that iStandaarden published."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_specified_scalar_type,
    parse,
    validate,
)

from adapters.iwlz import vragen
from knooppunt.simulatie.indicaties import register_schema

pytestmark = pytest.mark.corpus
_BESTANDEN = {1: "indicatieregister-1-v1.2.graphql", 2: "indicatieregister-2-v1.6.4.graphql"}
_VRAGEN = {1: vragen.VAN_BSN, 2: vragen.VAN_ZORGKANTOOR}


@pytest.fixture(params=[1, 2])
def versie(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def gepubliceerd(corpus: Path, versie: int) -> GraphQLSchema:
    return build_schema((corpus / "extern" / "ciz" / _BESTANDEN[versie]).read_text("utf-8"))


def test_our_question_is_valid_there_and_in_the_simulated_register(gepubliceerd: GraphQLSchema, versie: int) -> None:
    document = parse(_VRAGEN[versie])
    assert validate(gepubliceerd, document) == []
    assert validate(register_schema(versie), document) == []


def test_a_question_about_a_bsn_cannot_be_asked_of_version_2(gepubliceerd: GraphQLSchema, versie: int) -> None:
    assert bool(validate(gepubliceerd, parse(vragen.VAN_BSN))) == (versie == 2)


def test_the_simulated_schema_is_a_part_of_the_published_one(gepubliceerd: GraphQLSchema, versie: int) -> None:
    eigen = register_schema(versie)
    gezien = 0
    for naam, soort in eigen.type_map.items():
        if naam.startswith("__") or is_specified_scalar_type(soort):
            continue
        ander = gepubliceerd.type_map[naam]
        assert type(ander) is type(soort), naam
        if isinstance(soort, GraphQLObjectType | GraphQLInputObjectType):
            assert isinstance(ander, GraphQLObjectType | GraphQLInputObjectType)
            for veldnaam, veld in soort.fields.items():
                vast = ander.fields[veldnaam]
                assert str(veld.type) == str(vast.type), f"{naam}.{veldnaam}"
                assert _arguments(veld) == _arguments(vast), f"{naam}.{veldnaam}"
                gezien += 1
    assert gezien > 10


def _arguments(veld: object) -> dict[str, str]:
    return {naam: str(arg.type) for naam, arg in getattr(veld, "args", {}).items()}
