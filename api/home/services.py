"""Both services as real child processes: bound sockets first, ready before anyone is told, stopped without remains.

The parent binds the listening sockets and hands them down, so a port is taken or refused before anything starts.
A child watches a pipe from the parent and leaves when it closes: a parent that is killed leaves no orphan behind.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx2

from api.home.directory import Address, Home
from api.home.files import write_json

READY_WITHIN: Final = 90.0
STOP_WITHIN: Final = 10.0
POLL: Final = 0.05
# "package.module.Name: message", as a traceback ends; a driver's error stands inside with its class in parentheses.
_EXCEPTION: Final = re.compile(r"^(?:[a-z_]\w*\.)*[A-Z]\w+: (?:\([\w.]+\) )?(.+)$")
ROOMS: Final = ("verifier", "prover")


class ServiceError(Exception):
    """A service did not start, or died.

    Attributes:
        where: the service's log file, or the address that is taken.
        remedy: what to do about it.
    """

    def __init__(self, what: str, *, where: str, remedy: str) -> None:
        super().__init__(what)
        self.where = where
        self.remedy = remedy


def listen(address: Address) -> socket.socket:
    """A bound, listening socket; port 1..65535 as given.

    Raises:
        ServiceError: the port is taken or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # Named, or asyncio does not know it for TCP and leaves Nagle's algorithm on for every connection.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
    except OSError as error:
        listener.close()
        raise ServiceError(
            f"cannot listen: {error.strerror}",
            where=f"{address.host}:{address.port}",
            remedy="stop the program that listens there, or choose another port",
        ) from None
    listener.listen(1024)
    return listener


def free_port(host: str, *, first: int = 0) -> int:
    """A port nobody listens on right now: `first` if it is free, else any."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, first))
        except OSError:
            probe.bind((host, 0))
        return int(probe.getsockname()[1])


def free_ports(host: str, count: int) -> list[int]:
    """Different ports nobody listens on right now."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port(host))
    return sorted(found)


def last_words(log: str) -> str:
    """Why a service ended: the message of the last exception in its log, else the last line."""
    lines = [line for line in log.splitlines() if line.strip() and "Application startup failed" not in line]
    for line in reversed(lines[-60:]):
        if found := _EXCEPTION.match(line):
            return (found[1] or line)[:300]
    return lines[-1][:300] if lines else ""


@dataclass(slots=True)
class Child:
    """One running service."""

    name: str
    address: Address
    log: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, name: str, *, home: Home, address: Address, environment: Mapping[str, str]) -> Self:
        """Binds the socket and starts `attest NAME serve` on it, its own process group, output into HOME/logs.

        Raises:
            ServiceError: the port is taken.
        """
        log = home.logs / f"{name}.log"
        with listen(address) as listener, log.open("ab") as output:
            log.chmod(0o600)
            command = [sys.executable, "-m", "api.cli", name, "serve", "--home", str(home.root)]
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
                [*command, "--socket", str(listener.fileno()), "--with-parent"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(listener.fileno(),),
                env={**environment, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )
        return cls(name=name, address=address, log=log, process=process)

    def require_alive(self) -> None:
        """Refuses a service that has ended.

        Raises:
            ServiceError: with the last line of its log.
        """
        code = self.process.poll()
        if code is None:
            return
        if code < 0:
            what = f"the {self.name} service was killed by {signal.Signals(-code).name}"
        else:
            last = last_words(self.log.read_text("utf-8", "replace"))
            what = f"the {self.name} service ended with code {code}" + (f": {last}" if last else "")
        raise ServiceError(
            what,
            where=str(self.log),
            remedy="read its log; the state in the home is kept",
        )

    def ask_to_stop(self) -> None:
        """SIGTERM: finish what is in flight and leave."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)

    def require_stopped(self, *, deadline: float) -> None:
        """Waits until the monotonic `deadline`, then ends the whole process group, workers included."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()


@dataclass(slots=True)
class Services:
    """The running pair; a context manager that leaves nothing behind."""

    home: Home
    children: list[Child] = field(default_factory=list)

    @classmethod
    def start(
        cls,
        home: Home,
        *,
        environment: Mapping[str, str],
        rooms: tuple[str, ...] = ROOMS,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Starts the services and returns when both are ready.

        Args:
            home: a home whose first run is complete.
            environment: of the children.
            rooms: which services.
            progress: told what is being waited for.

        Raises:
            ServiceError: a port is taken, or a service died or was not ready in time; nothing is left running.
        """
        config = home.config()
        addresses = {"verifier": config.verifier, "prover": config.prover}
        services = cls(home)
        try:
            for room in rooms:
                progress(f"starting the {room}")
                child = Child.start(room, home=home, address=addresses[room], environment=environment)
                services.children.append(child)
            for child in services.children:
                progress(f"waiting for the {child.name}")
                services.await_ready(child)
            write_json(
                home.services_file,
                {child.name: {"url": child.address.url, "pid": child.process.pid} for child in services.children},
            )
        except BaseException:
            services.stop()
            raise
        return services

    def await_ready(self, child: Child) -> None:
        """Polls /readyz until it says so.

        Raises:
            ServiceError: a service died, or the time is over.
        """
        deadline = time.monotonic() + READY_WITHIN
        with httpx2.Client(timeout=2.0, trust_env=False) as client:
            while time.monotonic() < deadline:
                for each in self.children:
                    each.require_alive()
                with suppress(httpx2.HTTPError):
                    if client.get(f"{child.address.url}/readyz").status_code == httpx2.codes.OK:
                        return
                time.sleep(POLL)
        raise ServiceError(
            f"the {child.name} service was not ready within {READY_WITHIN:.0f} s",
            where=str(child.log),
            remedy="read its log; a slow disk or a busy machine may need a second try",
        )

    def require_alive(self) -> None:
        """Raises ServiceError when one of them has ended."""
        for child in self.children:
            child.require_alive()

    def stop(self) -> None:
        """Stops both, the verifier first so that no question is left without its prover; safe to call twice."""
        deadline = time.monotonic() + STOP_WITHIN
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.require_stopped(deadline=deadline)
        if self.children:
            self.home.services_file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
