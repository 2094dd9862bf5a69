"""Payloads encrypted at rest: a fresh data key for every bericht, wrapped by a key from a key folder.

AES-256-GCM twice. The additional data binds both ciphertexts to the bericht, the field and this version of the form, so
that swapping rows or fields is noticed (attack 78). The data key encrypts one thing only. A wrapping key is used with
random nonces and is to be replaced long before 2^32 berichten (NIST SP 800-38D §8.3).
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from routing.payload import decompress

_VERSIE = 1
_NONCE = 12
_SLEUTEL = 32
_ACHTERVOEGSEL = ".sleutel"
_NAAM = re.compile(r"[0-9A-Za-z-]{1,64}")
_ALLEEN_EIGENAAR = 0o077


class KluisFout(Exception):
    """A key or a sealed payload cannot be used; the message says in Dutch why."""


@dataclass(frozen=True, slots=True)
class Verzegeld:
    """A sealed payload, as the table keeps it.

    `datasleutel` is a nonce, then the wrapped data key and its nonce; `inhoud` is the ciphertext with its tag.
    """

    sleutel_id: str
    datasleutel: bytes
    inhoud: bytes


class VerzegeldePayload:
    """A stored payload that is decrypted while it is read (`routing.poorten.UitgaandePayload`)."""

    def __init__(
        self, kluis: Kluis, bericht_id: str, veld: str, verzegeld: Verzegeld, *, size: int, digest: str
    ) -> None:
        self.size = size
        self.digest = digest
        self._kluis = kluis
        self._bericht_id = bericht_id
        self._veld = veld
        self._verzegeld = verzegeld

    def chunks(self) -> Iterator[bytes]:
        """Yield the payload exactly as it was received, at most 128 KiB at a time.

        Raises:
            KluisFout: it is damaged or swapped; nothing was yielded then, except when size or digest, which are known
                only at the end, differ.
        """
        som = hashlib.sha256()
        aantal = 0
        try:
            for blok in decompress(self._kluis.open(self._bericht_id, self._veld, self._verzegeld)):
                som.update(blok)
                aantal += len(blok)
                yield blok
        except zstandard.ZstdError as fout:
            raise KluisFout(f"De inhoud van bericht {self._bericht_id} is niet uit te pakken.") from fout
        if aantal != self.size or som.hexdigest() != self.digest:
            raise KluisFout(f"De inhoud van bericht {self._bericht_id} is niet wat er ontvangen is.")


class Kluis:
    """Seals and opens payloads with the keys of one folder; the newest key seals, older ones still open.

    Each key is a file ``<id>.sleutel`` of 32 random bytes that only its owner may read; ids sort by age.

    Raises:
        KluisFout: no folder, no key, or a key file of the wrong length or open to others.
    """

    def __init__(self, sleutelmap: Path) -> None:
        self._ruw = {pad.stem: _read_key(pad) for pad in sorted(sleutelmap.glob(f"*{_ACHTERVOEGSEL}"))}
        self._sleutels = {sleutel_id: AESGCM(sleutel) for sleutel_id, sleutel in self._ruw.items()}
        if not self._sleutels:
            raise KluisFout(f"In de sleutelmap {sleutelmap} staat geen sleutel (bestand op {_ACHTERVOEGSEL}).")
        self.actief = max(self._sleutels)

    @classmethod
    def create(cls, sleutelmap: Path) -> Kluis:
        """Make the folder when it is absent, add a new key, which becomes the active one, and open the vault."""
        sleutelmap.mkdir(mode=0o700, parents=True, exist_ok=True)
        nieuw = sleutelmap / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}{_ACHTERVOEGSEL}"
        # Without the key every payload is lost: on disk, entry included, before anything is sealed with it.
        bestand = os.open(nieuw, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(bestand, secrets.token_bytes(_SLEUTEL))
            os.fsync(bestand)
        finally:
            os.close(bestand)
        folder = os.open(sleutelmap, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return cls(sleutelmap)

    def derive(self, doel: str) -> Mapping[str, bytes]:
        """Give a key of 32 bytes for another purpose from each key of the folder, by its id (HKDF, RFC 5869).

        Args:
            doel: name of the purpose; keys for different purposes tell nothing about each other.
        """
        return {
            sleutel_id: HKDF(hashes.SHA256(), _SLEUTEL, salt=None, info=f"knooppunt|{doel}".encode()).derive(sleutel)
            for sleutel_id, sleutel in self._ruw.items()
        }

    def seal(self, bericht_id: str, veld: str, compressed: bytes) -> Verzegeld:
        """Encrypt.

        Args:
            bericht_id: the bericht it belongs to.
            veld: which field of it, such as ``payload``.
            compressed: one zstd frame (`Payload.compressed`).
        """
        binding = _binding(bericht_id, veld)
        toeval = os.urandom(_SLEUTEL + 2 * _NONCE)
        geheim, omslagnonce = toeval[:-_NONCE], toeval[-_NONCE:]
        datasleutel, nonce = geheim[:_SLEUTEL], geheim[_SLEUTEL:]
        omslag = self._sleutels[self.actief].encrypt(omslagnonce, geheim, binding)
        return Verzegeld(self.actief, omslagnonce + omslag, AESGCM(datasleutel).encrypt(nonce, compressed, binding))

    def open(self, bericht_id: str, veld: str, verzegeld: Verzegeld) -> bytes:
        """Decrypt what `seal` made for this bericht and field; still compressed.

        Raises:
            KluisFout: the key is not in the folder, or the content is damaged or belongs to another bericht.
        """
        sleutel = self._sleutels.get(verzegeld.sleutel_id)
        if sleutel is None:
            raise KluisFout(f"Sleutel {verzegeld.sleutel_id} van bericht {bericht_id} staat niet in de sleutelmap.")
        binding = _binding(bericht_id, veld)
        try:
            geheim = sleutel.decrypt(verzegeld.datasleutel[:_NONCE], verzegeld.datasleutel[_NONCE:], binding)
            return AESGCM(geheim[:_SLEUTEL]).decrypt(geheim[_SLEUTEL:], verzegeld.inhoud, binding)
        except (InvalidTag, ValueError) as fout:  # ValueError: too short to hold a nonce
            raise KluisFout(
                f"De inhoud van bericht {bericht_id} is beschadigd of hoort bij een ander bericht."
            ) from fout

    def open_stream(
        self, bericht_id: str, veld: str, verzegeld: Verzegeld, *, size: int, digest: str
    ) -> VerzegeldePayload:
        """Make an outgoing payload that is decrypted each time it is read, and not before."""
        return VerzegeldePayload(self, bericht_id, veld, verzegeld, size=size, digest=digest)


def _binding(bericht_id: str, veld: str) -> bytes:
    return f"knooppunt|{_VERSIE}|{veld}|{bericht_id}".encode()


def _read_key(pad: Path) -> bytes:
    if not _NAAM.fullmatch(pad.stem):
        raise KluisFout(f"{pad} heeft geen geldige naam voor een sleutel (letters, cijfers en streepjes).")
    if pad.stat().st_mode & _ALLEEN_EIGENAAR:
        raise KluisFout(f"{pad} is leesbaar voor anderen; voer uit: chmod 600 {pad}")
    sleutel = pad.read_bytes()
    if len(sleutel) != _SLEUTEL:
        raise KluisFout(f"{pad} moet {_SLEUTEL} bytes lang zijn, niet {len(sleutel)}.")
    return sleutel
