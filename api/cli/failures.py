"""What can go wrong at the command line, told as what, where and how to mend; and the exit codes scripts rely on."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes, the same for every command."""

    OK = 0  # a proven answer, a clean audit, work done
    FAILED = 1  # a failed audit or evidence; with --exit-code, NO
    USAGE = 2  # the command, a file or a predicate is wrong
    NO_ANSWER = 3  # declined, undetermined or unavailable
    INTERRUPTED = 130  # Ctrl-C


class CommandError(Exception):
    """Ends a command with one clear message.

    Attributes:
        what: one sentence, no value of any attribute in it.
        where: file, line, address or text the sentence is about; may hold a caret line.
        remedy: what to do next; may be empty.
        code: the exit code.
        kind: a short name for scripts that read JSON.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        remedy: str = "",
        code: ExitCode = ExitCode.USAGE,
        kind: str = "usage",
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy
        self.code = code
        self.kind = kind
