"""Strict base64, decoded as it comes (ggk-protocol.md §2.4: libxml2 accepts ``%%%`` as base64Binary, we do not)."""

from __future__ import annotations

import binascii
from collections.abc import Callable

_WIT = (b"\n", b"\r", b" ", b"\t")
_BLOK = 48 * 1024  # characters gathered before decoding: CRLF-wrapped text arrives one line at a time


class Base64Fout(ValueError):
    """The text is not base64; the message is a Dutch sentence without the text itself."""


def decode_whole(tekst: str) -> bytes | None:
    """Decode a whole text in one step, by the rules of `Base64Stroom`.

    Returns:
        The bytes, or None when the text is wrong or holds white space: then `Base64Stroom` has to look.
    """
    try:
        inhoud = binascii.a2b_base64(tekst, strict_mode=True)
    except ValueError:
        return None
    if tekst.endswith("=") and not _is_canonical(tekst[-4:].encode(), inhoud):
        return None
    return inhoud


def _is_canonical(staart: bytes, inhoud: bytes) -> bool:
    """Say whether the last quantum, which has padding, is the one way to write the end of `inhoud`."""
    return binascii.b2a_base64(inhoud[-(len(inhoud) % 3) :], newline=False) == staart


class Base64Stroom:
    """Decodes base64 text of any length in pieces and hands the bytes to `schrijf`.

    White space (space, tab, CR, LF) may stand anywhere. Refused are other characters, padding anywhere but at the
    end, missing or excess padding, and a last quantum whose unused bits are not zero (RFC 4648 §3.5: two texts for
    one content would defeat the comparison of duplicates).
    """

    def __init__(self, schrijf: Callable[[bytes], None]) -> None:
        self._schrijf = schrijf
        self._stukken: list[str] = []
        self._lengte = 0
        self._rest = b""

    def feed(self, tekst: str) -> None:
        """Take the next piece of text.

        Raises:
            Base64Fout: the text so far cannot be base64.
        """
        self._stukken.append(tekst)
        self._lengte += len(tekst)
        if self._lengte >= _BLOK:
            self._decode(laatste=False)

    def finish(self) -> None:
        """End the text.

        Raises:
            Base64Fout: the text is not base64, or it is cut off.
        """
        self._decode(laatste=True)

    def _decode(self, *, laatste: bool) -> None:
        tekst = "".join(self._stukken)
        self._stukken.clear()
        self._lengte = 0
        try:
            data = tekst.encode("ascii")
        except UnicodeEncodeError as fout:
            raise Base64Fout("De base64-tekst bevat een teken dat niet tot het base64-alfabet hoort.") from fout
        if any(teken in data for teken in _WIT):  # looking is ten times as fast as copying
            data = data.translate(None, b"".join(_WIT))
        data = self._rest + data
        # The last quantum waits for the end, for only there padding is allowed.
        heel = len(data) if laatste else max(0, (len(data) - 1) // 4 * 4)
        data, self._rest = data[:heel], data[heel:]
        if not data:
            return
        if len(data) % 4:
            raise Base64Fout("De base64-tekst is afgebroken: de lengte is geen veelvoud van vier tekens.")
        if not laatste and b"=" in data:
            raise Base64Fout("De base64-tekst heeft opvulling (=) vóór het einde.")
        try:
            inhoud = binascii.a2b_base64(data, strict_mode=True)
        except binascii.Error as fout:
            raise Base64Fout(
                "De base64-tekst bevat een teken dat niet tot het base64-alfabet hoort, of opvulling (=) op een "
                "verkeerde plaats."
            ) from fout
        if data.endswith(b"=") and not _is_canonical(data[-4:], inhoud):
            raise Base64Fout("De laatste base64-tekens hebben ongebruikte bits die niet nul zijn.")
        self._schrijf(inhoud)
