"""Strict base64 in pieces."""

from __future__ import annotations

import base64
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.stufggk.base64stroom import Base64Fout, Base64Stroom, decode_whole


def decode(*stukken: str) -> bytes:
    uit = bytearray()
    stroom = Base64Stroom(uit.extend)
    for stuk in stukken:
        stroom.feed(stuk)
    stroom.finish()
    return bytes(uit)


@given(
    st.binary(max_size=400), st.lists(st.integers(0, 600), max_size=6), st.sampled_from(["", "\n", "\r\n", " ", "\t"])
)
def test_any_content_any_border_any_line_end(inhoud: bytes, grenzen: list[int], wit: str) -> None:
    tekst = base64.b64encode(inhoud).decode()
    tekst = wit.join(tekst[i : i + 7] for i in range(0, len(tekst), 7)) + wit
    plekken = [0, *sorted(min(g, len(tekst)) for g in grenzen), len(tekst)]
    assert decode(*(tekst[a:b] for a, b in pairwise(plekken))) == inhoud


def test_decodes_while_it_comes() -> None:
    uit = bytearray()
    stroom = Base64Stroom(uit.extend)
    stroom.feed("QUJD" * 40_000)
    assert len(uit) > 100_000


@pytest.mark.parametrize(
    "tekst",
    [
        "%%%",
        "QUJ",
        "QUJD=",
        "QQ=",
        "QQ==QUJD",
        "QQ=A",
        "=QQ=",
        "====",
        "=",
        "QR==",  # unused bits not zero
        "QUJ=",  # the same, two bits
        "QU-_",
        "QUJD\u00e9",
        "QUJD\x0b",
        "QUJD\u00a0",
        "Q===",
    ],
)
def test_refuses_what_is_not_base64(tekst: str) -> None:
    with pytest.raises(Base64Fout):
        decode(tekst)


def test_refuses_padding_in_the_middle_whatever_the_pieces() -> None:
    with pytest.raises(Base64Fout):
        decode("QUJD" * 20_000 + "QQ==", "QUJD" * 20_000)


@given(st.text(alphabet="ABCDwxyz0189+/=% \n", max_size=24))
def test_agrees_with_a_second_opinion(tekst: str) -> None:
    kaal = "".join(tekst.split())
    try:
        verwacht: bytes | None = base64.b64decode(kaal, validate=True)
        if base64.b64encode(verwacht).decode() != kaal:
            verwacht = None
    except ValueError:
        verwacht = None
    try:
        gekregen: bytes | None = decode(tekst)
    except Base64Fout:
        gekregen = None
    assert gekregen == verwacht
    ineens = decode_whole(tekst)
    assert ineens == verwacht if tekst == kaal else ineens is None
