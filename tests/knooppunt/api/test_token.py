"""Access tokens: bound to a certificate, short-lived, and signed with keys that the nodes share."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from knooppunt.api.scope import Scope
from knooppunt.api.token import Token, TokenGeweigerd, Tokens
from routing.bericht import Identiteit
from routing.kluis import Kluis

_WIJ, _DIEF = Identiteit("1" * 20, "ab" * 32), Identiteit("1" * 20, "cd" * 32)
_HUB = "https://hub.example"


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(Kluis.create(tmp_path), lambda: Kluis(tmp_path), 300)


def _parts(token: str) -> Iterator[dict[str, Any]]:
    for deel in token.split(".")[:2]:
        yield json.loads(base64.urlsafe_b64decode(deel + "=="))


def _write(deel: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(deel).encode()).rstrip(b"=").decode()


async def test_a_token_says_for_whom_and_what_and_is_bound(tokens: Tokens) -> None:
    token = tokens.issue(_HUB, "0344", {Scope.KETEN, Scope.BERICHTEN}, _WIJ)
    kop, inhoud = _parts(token)
    assert (kop["typ"], kop["alg"]) == ("at+jwt", "HS256")
    assert inhoud["cnf"] == {"x5t#S256": base64.urlsafe_b64encode(b"\xab" * 32).rstrip(b"=").decode()}
    assert (inhoud["exp"] - inhoud["iat"], inhoud["scope"]) == (300, "berichten:lezen keten:lezen")
    assert await tokens.read(token, _HUB, _WIJ) == Token("0344", frozenset({"berichten:lezen", "keten:lezen"}))
    with pytest.raises(TokenGeweigerd, match="ander certificaat"):  # the same OIN is not the same certificate
        await tokens.read(token, _HUB, _DIEF)
    with pytest.raises(TokenGeweigerd):
        await tokens.read(token, "https://elders.example", _WIJ)


async def test_a_token_ends(tmp_path: Path) -> None:
    tokens = Tokens(Kluis.create(tmp_path), lambda: Kluis(tmp_path), 0)
    with pytest.raises(TokenGeweigerd, match="verlopen"):
        await tokens.read(tokens.issue(_HUB, "0344", {Scope.KETEN}, _WIJ), _HUB, _WIJ)


def _none(token: str) -> str:
    kop, inhoud = _parts(token)
    return f"{_write(kop | {'alg': 'none'})}.{_write(inhoud)}."


def _more(token: str) -> str:
    _, inhoud = _parts(token)
    kop, _, zegel = token.split(".")
    return f"{kop}.{_write(inhoud | {'scope': 'wlz:toetsen'})}.{zegel}"


def _own_key(token: str) -> str:
    kop, inhoud = _parts(token)
    return jwt.encode(inhoud, b"k" * 32, algorithm="HS256", headers=kop)


def _no_key(token: str) -> str:
    kop, inhoud = _parts(token)
    return jwt.encode(inhoud, b"k" * 32, algorithm="HS256", headers=kop | {"kid": "../../etc/passwd"})


@pytest.mark.parametrize(
    "knoei",
    [_none, _more, _own_key, _no_key, lambda t: t[:-4] + "AAAA", lambda t: t + ".x", lambda _: "x", lambda _: ""],
)
async def test_what_we_did_not_sign_does_not_count(tokens: Tokens, knoei: Callable[[str], str]) -> None:
    with pytest.raises(TokenGeweigerd, match="geen access token van dit knooppunt"):
        await tokens.read(knoei(tokens.issue(_HUB, "0344", {Scope.KETEN}, _WIJ)), _HUB, _WIJ)


@pytest.mark.parametrize(
    ("typ", "weg"),
    [*(("at+jwt", claim) for claim in ("iss", "aud", "sub", "scope", "cnf", "exp")), ("JWT", ""), (None, "")],
)
async def test_what_is_no_access_token_does_not_count(tokens: Tokens, typ: str | None, weg: str) -> None:
    """Not even when it is signed with our key."""
    kop, inhoud = _parts(tokens.issue(_HUB, "0344", {Scope.KETEN}, _WIJ))
    inhoud.pop(weg, None)
    sleutel = tokens._sleutels[tokens._actief]
    with pytest.raises(TokenGeweigerd, match="geen access token"):
        await tokens.read(jwt.encode(inhoud, sleutel, algorithm="HS256", headers=kop | {"typ": typ}), _HUB, _WIJ)


async def test_nodes_share_the_key_while_it_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old one still counts at the node that has the new one, and the new one at the node that started before it."""
    oud = Tokens(Kluis.create(tmp_path), lambda: Kluis(tmp_path), 300)
    nieuw = Tokens(Kluis.create(tmp_path), lambda: Kluis(tmp_path), 300)
    van_oud, van_nieuw = (t.issue(_HUB, "0344", {Scope.KETEN}, _WIJ) for t in (oud, nieuw))
    assert [next(_parts(t))["kid"] for t in (van_oud, van_nieuw)] == sorted(Kluis(tmp_path).derive("x"))
    await nieuw.read(van_oud, _HUB, _WIJ)
    with pytest.raises(TokenGeweigerd):
        await oud.read(van_nieuw, _HUB, _WIJ)  # started just now: the folder is not read for every odd token
    nu = time.monotonic()
    monkeypatch.setattr("knooppunt.api.token.time.monotonic", lambda: nu + 11)
    await oud.read(van_nieuw, _HUB, _WIJ)
    await oud.read(van_oud, _HUB, _WIJ)
