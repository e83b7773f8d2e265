"""HTTP/1.1 as both services speak it: uvicorn's over llhttp, with a bound on what comes before the body.

llhttp reads as many headers as are sent, and keeps them; a body has its own bound (`api.web.middleware`).
"""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD: Final = 64 << 10


class BoundedHttp(HttpToolsProtocol):
    """A connection whose request lines and headers have at most `MOST_HEAD` bytes (and what one read brings)."""

    _head = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Parse what came; refuse and close if the head still goes on after that much."""
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > MOST_HEAD and not self.transport.is_closing():
                self.send_400_response("The request's head is too large.")

    def on_message_begin(self) -> None:
        """Begin the head of the next request."""
        self._head, self._in_head = 0, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End the head."""
        self._in_head = False
        super().on_headers_complete()
