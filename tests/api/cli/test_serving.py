"""How the services are served."""

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from api.cli.serving import run
from api.home.directory import Address
from api.home.services import free_port


def test_a_connection_that_is_idle_is_closed_by_the_client_first(monkeypatch):
    """Were both as patient, a request might be sent into a connection that is just being closed."""
    port, configured = free_port("127.0.0.1"), []

    def not_started(server, sockets):
        assert sockets
        configured.append(server.config)

    monkeypatch.setattr(uvicorn.Server, "run", not_started)
    with pytest.raises(SystemExit):
        run(FastAPI(), address=Address(port=port), descriptor=None)
    (config,) = configured
    assert config.timeout_keep_alive > httpx2.Limits().keepalive_expiry
