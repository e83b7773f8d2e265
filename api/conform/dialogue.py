"""An implementation as a child process that is asked one thing at a time: JSON lines on its stdin and stdout.

    -> {"id":1,"input":{"text":"AQ"},"operation":"base64url.decode"}
    <- {"id":1,"ok":true,"output":{"bytes":"01"}}
    <- {"id":1,"ok":false,"code":"malformed"}       refused; code, position and blame may be told
    <- {"id":1,"unsupported":true}                   it has no such operation
    <- {"id":1,"error":"why"}                        it could not make sense of the request

Whatever else the child does (stays silent, dies, writes something else, answers another question) is a `Silence` of
that one question with a name; the next question is put to a new process.
"""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from tempfile import TemporaryFile
from typing import Any

from circuits.encoding import canonical_json, parse_json
from circuits.errors import EncodingError

MAX_LINE = 1 << 24
_SHOWN = 160
_TOLD = {"code", "position", "blame", "reason"}


class Trouble(StrEnum):
    """Why there is no answer."""

    TIMEOUT = "timeout"
    DIED = "died"
    GARBAGE = "garbage"
    DISORDER = "out-of-order"


class Silence(Exception):  # noqa: N818 - it reads as what came of the question
    """A question was not answered (blame: the implementation).

    Attributes:
        trouble: which kind.
        detail: what was seen of it.
    """

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(f"{trouble}: {detail}")
        self.trouble = trouble
        self.detail = detail


class NotStarted(Exception):  # noqa: N818 - it reads as what happened
    """The command is no program that can be run (blame: who named it)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered: an output, a refusal with what is told of it, an error, or that it is unsupported."""

    output: Mapping[str, Any] | None = None
    refusal: Mapping[str, Any] | None = None
    error: str | None = None
    unsupported: bool = False


class Dialogue:
    """A program that is started when it is first asked, and again after every silence.

    Args:
        command: program and arguments.
        timeout: seconds for each answer.
    """

    def __init__(self, command: Sequence[str], *, timeout: float) -> None:
        self._command = tuple(command)
        self._timeout = timeout
        self._number = 0
        self._child: asyncio.subprocess.Process | None = None
        self._said = TemporaryFile()  # noqa: SIM115 - closed in close
        self._said_before = 0

    async def ask(self, operation: str, argument: Mapping[str, Any]) -> Reply:
        """Put one question.

        Raises:
            Silence: no answer, or not to this question; the program was ended.
            NotStarted: there is no such program.
        """
        self._number += 1
        request = canonical_json({"id": self._number, "operation": operation, "input": argument}) + b"\n"
        child = self._child = self._child or await self._start()
        try:
            line = await asyncio.wait_for(_exchange(child, request), self._timeout)
            return _reply(line, self._number)
        except TimeoutError:
            detail = f"no answer within {self._timeout:g} s"
            await self._end()
            raise Silence(Trouble.TIMEOUT, detail) from None
        except Silence as silence:
            code = await self._end()
            if silence.trouble is not Trouble.DIED:
                raise
            raise Silence(Trouble.DIED, f"exit code {code}{self._last_words()}") from None

    async def close(self) -> None:
        """End the program."""
        await self._end()
        self._said.close()

    async def _start(self) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        self._said_before = self._said.seek(0, os.SEEK_END)
        try:
            return await asyncio.create_subprocess_exec(
                *self._command, stdin=pipe, stdout=pipe, stderr=self._said, limit=MAX_LINE, start_new_session=True
            )
        except OSError as error:
            raise NotStarted(f"{self._command[0]}: {error.strerror or error}") from error

    async def _end(self) -> int | None:
        """End the program and all it started; returns how it had ended by itself, if it had."""
        if self._child is None:
            return None
        child, self._child = self._child, None
        if child.stdin is not None:
            child.stdin.close()
        with suppress(TimeoutError):  # one that has died is about to say how
            await asyncio.wait_for(child.wait(), 0.2)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        return await child.wait()

    def _last_words(self) -> str:
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(self._said_before, size - 4096))
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        self._said.seek(0, os.SEEK_END)
        return f": {lines[-1][:_SHOWN]}" if lines else ""


async def _exchange(child: asyncio.subprocess.Process, request: bytes) -> bytes:
    if child.stdin is None or child.stdout is None:  # both are pipes
        raise Silence(Trouble.DIED, "")
    try:
        child.stdin.write(request)
        await child.stdin.drain()
        line = await child.stdout.readline()
    except ConnectionError:
        raise Silence(Trouble.DIED, "") from None
    except ValueError:  # asyncio's word for a line beyond the limit
        raise Silence(Trouble.GARBAGE, f"a line of more than {MAX_LINE >> 20} MiB") from None
    if not line.endswith(b"\n"):
        raise Silence(Trouble.DIED, "")
    return line


def _reply(line: bytes, number: int) -> Reply:
    shown = repr(line[:_SHOWN].decode(errors="replace"))
    try:
        members = parse_json(line)
    except EncodingError as error:
        raise Silence(Trouble.GARBAGE, f"{error}: {shown}") from None
    if not isinstance(members, dict) or "id" not in members:
        raise Silence(Trouble.GARBAGE, f"not a response: {shown}")
    if members["id"] != number or isinstance(members["id"], bool):
        raise Silence(Trouble.DISORDER, f"an answer to question {repr(members['id'])[:_SHOWN]}, not to {number}")
    rest = {name: members[name] for name in members if name != "id"}
    match rest:
        case {"ok": True, "output": dict(output), **others} if not others:
            return Reply(output=output)
        case {"ok": False, **told} if set(told) <= _TOLD:
            return Reply(refusal={name: each for name, each in told.items() if name != "reason"})
        case {"unsupported": True, **others} if not others:
            return Reply(unsupported=True)
        case {"error": str(why), **others} if not others:
            return Reply(error=why[:_SHOWN])
    raise Silence(Trouble.GARBAGE, f"not a response: {shown}")
