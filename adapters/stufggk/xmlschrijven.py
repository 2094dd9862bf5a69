"""Writing XML by hand: escaping, and passing on an element while it is being read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adapters.stufggk.namen import naamruimte
from istandaarden.xmltekens import GEEN_XML

_TEKST = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_ATTRIBUUT = _TEKST | str.maketrans({'"': "&quot;", "\t": "&#9;", "\n": "&#10;"})


def escape(tekst: str) -> str:
    """Make text safe between two tags.

    Raises:
        ValueError: it holds a character that cannot stand in XML 1.0.
    """
    # Nearly every value is short and plain; for those this is three times as fast as a pattern and a table.
    if not (tekst.isascii() and tekst.isprintable()) and GEEN_XML.search(tekst):
        raise ValueError("de tekst bevat een teken dat in XML niet mag voorkomen")
    return tekst.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


class Doorschrijver:
    """Writes the events of one element as UTF-8, with the prefixes of the original and all namespaces in scope.

    Args:
        schrijf: takes the bytes, in small pieces.
        bereik: namespaces in scope at the element, by prefix (empty for the default namespace).
    """

    def __init__(self, schrijf: Callable[[bytes], object], bereik: Mapping[str, str]) -> None:
        self._schrijf = schrijf
        self._bereik = [dict(bereik)]
        self._namen: list[str] = []
        self._open = False  # the last start tag still lacks its closing bracket

    @property
    def klaar(self) -> bool:
        """Whether the element has ended."""
        return not self._namen

    def start(self, tag: str, attrib: Mapping[str, str], nsmap: Mapping[str, str]) -> None:
        """Write a start tag; `nsmap` is what it declares."""
        declaraties = dict(nsmap) if self._namen else self._bereik[0]
        self._bereik.append({**self._bereik[-1], **declaraties})
        naam = self._qualify(tag, attribuut=False)
        delen = [f"<{naam}"]
        for prefix, uri in declaraties.items():
            delen.append(f' xmlns{":" if prefix else ""}{prefix}="{uri.translate(_ATTRIBUUT)}"')
        for sleutel, waarde in attrib.items():
            delen.append(f' {self._qualify(sleutel, attribuut=True)}="{waarde.translate(_ATTRIBUUT)}"')
        self._write("".join(delen))
        self._namen.append(naam)
        self._open = True

    def data(self, text: str) -> None:
        """Write text."""
        self._write(text.translate(_TEKST))

    def end(self) -> None:
        """Write an end tag."""
        naam = self._namen.pop()
        self._bereik.pop()
        if self._open:
            self._open = False
            self._schrijf(b"/>")
        else:
            self._schrijf(f"</{naam}>".encode())

    def _write(self, tekst: str) -> None:
        self._schrijf(((">" if self._open else "") + tekst).encode())
        self._open = False

    def _qualify(self, tag: str, *, attribuut: bool) -> str:
        ns = naamruimte(tag)
        lokaal = tag.rpartition("}")[2]
        if ns == "http://www.w3.org/XML/1998/namespace":
            return f"xml:{lokaal}"
        if not ns:
            return lokaal
        prefix = next(p for p, uri in self._bereik[-1].items() if uri == ns and (p or not attribuut))
        return f"{prefix}:{lokaal}" if prefix else lokaal
