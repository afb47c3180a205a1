"""May a download go where a server sends it? Only to web addresses, and never back into this machine's own network.

A project's own address may well be a server next door; an answer from outside that leads there is not followed.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from steward.core.errors import Fault
from steward.data.unavailable import Unreachable

_Address = IPv4Address | IPv6Address


def shown(url: str) -> str:
    """Return an address for people: without user, password and signature.

    >>> shown("https://me:secret@example.org/a.csv?sig=abc")
    'https://example.org/a.csv?...'
    """
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return (
        parts._replace(netloc=place, query="...", fragment="").geturl() if parts.query else f"{parts.scheme}://{place}{parts.path}"
    )


def refuse_odd_target(url: str, first: str) -> None:
    """Refuse an address that a request is about to go to.

    Args:
        url: where it goes now.
        first: the address that was asked for.

    Raises:
        Unreachable: DATA-092 it is this link's own (where clouds keep their secrets), it leads from outside into the network
            here, or from an encrypted address to an open one.
    """
    addresses = _resolve(url)
    if any(address.is_link_local for address in addresses):
        raise _refused(url, first, "it is an address of this very link, where clouds keep their secrets")
    if url == first:
        return
    if urlsplit(first).scheme == "https" and urlsplit(url).scheme != "https":
        raise _refused(url, first, "it is not encrypted, and the first address was")
    began = _resolve(first)
    if began and all(address.is_global for address in began) and not all(address.is_global for address in addresses):
        raise _refused(url, first, "it lies in this machine's own network, and the first address does not")


def _resolve(url: str) -> list[_Address]:
    """Return the addresses behind a name; none where nobody knows it: then the request says so itself."""
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo((parts.hostname or "").rstrip("."), parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [_unmapped(ip_address(str(entry[4][0]).partition("%")[0])) for entry in found]


def _unmapped(address: _Address) -> _Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _refused(url: str, first: str, why: str) -> Unreachable:
    fix = "check the network (a log-in page may stand in between), or fetch the file by hand and give its folder with --data"
    return Unreachable(Fault("DATA-092", f"the download leads to {shown(url)}, which is not followed", (shown(first),), why, fix))
