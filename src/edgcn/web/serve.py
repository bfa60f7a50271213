"""Serves the page on this machine until it is stopped."""

import secrets
import socket
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edgcn.base.errors import EdgcnError, require
from edgcn.web.studio import Studio

HOST = "127.0.0.1"


@contextmanager
def bound(port: int) -> Iterator[socket.socket]:
    """A socket of this machine that listens.

    Args:
        port: 0 for any that is free.

    Raises:
        EdgcnError: the port is taken.
    """
    with socket.socket() as waiting:
        waiting.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            waiting.bind((HOST, port))
            waiting.listen()  # whoever is quicker than the server waits
        except OSError as error:
            reason = error.strerror or error
            raise EdgcnError(f"port {port}: {reason}; choose another --port") from error
        yield waiting


def serve(studio: Studio, *, port: int, open_page: bool, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; features are computed meanwhile.

    Args:
        port: 0 for any that is free.

    Raises:
        EdgcnError: the extra is missing, or the port is taken.
    """
    uvicorn = require("uvicorn", extra="studio")
    from edgcn.web.app import create_app

    with bound(port) as waiting:
        port, token = waiting.getsockname()[1], secrets.token_urlsafe(24)
        app = create_app(studio, token=token, port=port)
        address = f"http://{HOST}:{port}/?token={token}"
        say(f"open {address}   (Ctrl-C ends; everything coded is in {studio.folder})")
        studio.features.begin()
        if open_page:
            webbrowser.open(address)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, lifespan="off"
        )
        try:
            uvicorn.Server(config).run(sockets=[waiting])
        finally:
            studio.features.stop()
