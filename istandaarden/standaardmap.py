"""The folder of an operator with standards of his own: official packages, and model files of releases we do not know.

Without it there is only what comes with us. A running hub reads the folder once, when it starts.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from istandaarden.catalogus import Catalogus, ingebouwd
from istandaarden.model import Berichtmodel
from istandaarden.modelbestand import Modelfout
from istandaarden.modelbouw import build_models, builtin_text

VARIABELE = "KNOOPPUNT_STANDAARDEN"
"""Environment variable that names the folder; empty for none."""


class Standaardfout(ValueError):
    """What stands in the folder cannot be used; the text is Dutch."""


def standaardmap() -> Path | None:
    """Give the folder: what `VARIABELE` names, else ``knooppunt/standaarden`` where programs keep their data.

    Returns:
        A path, whether or not it exists; None for none, or when there is no home folder.
    """
    genoemd = os.environ.get(VARIABELE)
    if genoemd is not None:
        return Path(genoemd) if genoemd else None
    thuis = os.environ.get("XDG_DATA_HOME")
    try:
        return Path(thuis or Path.home() / ".local" / "share") / "knooppunt" / "standaarden"
    except RuntimeError:
        return None


def in_gebruik() -> Catalogus:
    """Give the catalogue in use: what comes with us, and what stands in the folder.

    Raises:
        Standaardfout: the folder is named but not there, may not be looked at, or something in it cannot be used.
    """
    map_ = standaardmap()
    if map_ is None or not _is_there(map_):
        if os.environ.get(VARIABELE):
            raise Standaardfout(f"De map {map_}, genoemd in {VARIABELE}, bestaat niet.")
        return ingebouwd()
    return from_folder(str(map_.resolve()))


def process_environment() -> dict[str, str]:
    """Give the environment with which a process of ours finds the same folder, and nothing else.

    Raises:
        Standaardfout: the folder may not be looked at.
    """
    map_ = standaardmap()
    return {VARIABELE: str(map_.resolve()) if map_ is not None and _is_there(map_) else ""}


def _is_there(map_: Path) -> bool:
    """Say whether there is a folder; a service may be kept out of the home folder of its account."""
    try:
        return map_.is_dir()
    except OSError as fout:
        raise Standaardfout(
            f"Of er een map {map_} is, kan niet worden bekeken ({fout.strerror}). Noem in {VARIABELE} een andere map, "
            "of zet die leeg voor geen."
        ) from fout


@lru_cache(maxsize=8)
def from_folder(map_: str) -> Catalogus:
    """Read a folder beside what comes with us; the same folder only once, see ``from_folder.cache_clear``.

    Raises:
        Standaardfout: something in it cannot be used.
    """
    # read only here: who has no folder of his own need not wait for it
    from istandaarden.pakket import Pakketfout, read_packages  # noqa: PLC0415
    from istandaarden.pakketbericht import messages_of  # noqa: PLC0415

    try:
        eigen = _read_models(Path(map_))
        modellen = [*ingebouwd().models(), *(model for modellen in eigen.values() for model in modellen)]
        pakketten = messages_of(read_packages(Path(map_)), modellen)
        van = {model.soort.naamruimte: naam for naam, bron in eigen.items() for model in bron}
        if not van and not pakketten:
            return ingebouwd()
        return Catalogus(modellen, pakketten, van)
    except (Modelfout, Pakketfout) as fout:
        raise Standaardfout(str(fout)) from fout
    except OSError as fout:
        raise Standaardfout(f"De map {map_} kan niet worden gelezen: {fout.strerror}.") from fout


def _read_models(map_: Path) -> Mapping[str, tuple[Berichtmodel, ...]]:
    """Build the model files in a folder; one may name another, or one of ours, as its basis."""
    teksten = {pad.name: _read_text(pad) for pad in sorted(map_.glob("*.yaml"))}

    def read_basis(naam: str) -> str:
        return teksten[naam] if naam in teksten else builtin_text(naam)

    gezien = {soort.naamruimte: "die van ons" for soort in ingebouwd()}
    gebouwd = {}
    for naam, tekst in teksten.items():
        gebouwd[naam] = build_models(naam, tekst, read_basis)
        for model in gebouwd[naam]:
            if eerder := gezien.get(model.soort.naamruimte):
                raise Modelfout(naam, "", f"{model.soort} staat ook in {eerder}")
            gezien[model.soort.naamruimte] = naam
    return gebouwd


def _read_text(pad: Path) -> str:
    try:
        return pad.read_text(encoding="utf-8")
    except UnicodeDecodeError as fout:
        raise Modelfout(pad.name, "", "dit is geen UTF-8") from fout
