"""A simulated register with the adapter in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from proefciz import settings

from adapters.iwlz.register import IwlzRegister
from knooppunt.simulatie.ciz import Cizregister


@pytest.fixture
async def ciz() -> AsyncIterator[Cizregister]:
    ciz = Cizregister()
    yield ciz
    await ciz.close()


@pytest.fixture
async def register(ciz: Cizregister) -> AsyncIterator[IwlzRegister]:
    register = IwlzRegister(settings(await ciz.start()))
    yield register
    await register.close()
