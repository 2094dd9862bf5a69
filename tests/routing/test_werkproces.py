"""A process of our own: what it gives back, and that it does not outlive its time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from routing.werkproces import WerkMislukt, run_module


async def test_gives_back_exit_code_and_output() -> None:
    code, uit = await run_module("json.tool", ("--compact",), [b"[1, ", b"2]"], 60)
    assert (code, uit) == (0, b"[1,2]\n")
    code, uit = await run_module("json.tool", (), [b"geen json"], 60)
    assert (code, uit) == (1, b"")


async def test_what_is_not_read_is_no_fault() -> None:
    def without_end() -> Iterator[bytes]:
        while True:
            yield b" " * 65536

    assert await run_module("platform", (), without_end(), 60) is not None


async def test_is_killed_when_it_takes_too_long() -> None:
    with pytest.raises(WerkMislukt):
        await run_module("json.tool", (), [b"[]"], 0.0)
