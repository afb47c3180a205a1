"""How does a server end while people ask it? Whoever asks over an open connection is answered, and told to close it.

uvicorn by itself closes a connection between two requests, also where the next one is on its way: its sender gets no answer, and
cannot know whether it counted.
"""

import asyncio
import socket
from time import monotonic

import uvicorn

_PATIENCE_S = 0.5
_LOOK_S = 0.01
_CLOSE = (b"connection", b"close")


class DrainingServer(uvicorn.Server):
    """Takes no new connections once it should end, and for a moment answers what still comes over the others."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in order: idle connections last for half a second, then everything goes as uvicorn does it."""
        for server in self.servers:
            server.close()
        self.server_state.default_headers = [*self.server_state.default_headers, _CLOSE]
        give_up = monotonic() + _PATIENCE_S
        while self.server_state.connections and monotonic() < give_up:  # noqa: ASYNC110 - nobody tells when the last one has gone
            await asyncio.sleep(_LOOK_S)
        await super().shutdown(sockets)
