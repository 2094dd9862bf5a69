"""Asks a server what its published description allows and forbids, and holds the answers to that description."""

from __future__ import annotations

from collections.abc import Collection

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.specs.openapi.schemas import OpenApiSchema


def ask_all(beschrijving: OpenApiSchema, soort: GenerationMode, controles: Collection[str], verzoeken: int) -> int:
    """Ask each operation up to so many times, let the checks of these names judge the answers, and count them."""
    checks = [check for check in CHECKS.get_all() if check.__name__ in controles]
    assert len(checks) == len(controles)
    gezien = 0
    for operatie in beschrijving.get_all_operations():

        @seed(20260105)
        @settings(
            max_examples=verzoeken,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operatie.ok().as_strategy(generation_mode=soort))
        def run(case: schemathesis.Case) -> None:
            nonlocal gezien
            gezien += 1
            case.call_and_validate(checks=checks)

        run()
    return gezien
