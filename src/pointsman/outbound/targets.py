"""Which addresses callbacks may go to. Checked on the very address that is connected to, so no name can cheat."""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

_NAT64 = IPv6Network("64:ff9b::/96")

AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


def is_public(address: str) -> bool:
    """True for an address that everybody on the internet can reach; one that wraps an IPv4 address is judged by it."""
    return _is_public(ip_address(address.partition("%")[0]))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    return (
        address.is_global
        and not (isinstance(address, IPv6Address) and address.is_site_local)
        and not address.is_multicast
        and (not address.is_reserved or address in _NAT64)
        and all(map(_is_public, _wrapped(address)))
    )


def _wrapped(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that packets to an IPv6 address end up at."""
    if isinstance(address, IPv4Address):
        return []
    mapped = [each for each in (address.ipv4_mapped, address.sixtofour) if each is not None]
    mapped += address.teredo or ()
    if address in _NAT64:
        mapped.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    return mapped


def open_public_socket(info: AddressInfo) -> socket.socket:
    """A socket to connect to the address with. Raises PermissionError."""
    family, kind, protocol, _, address = info
    if not is_public(str(address[0])):
        raise PermissionError(errno.EACCES, f"{address[0]} is no public address, and callback_targets is public")
    return socket.socket(family, kind, protocol)
