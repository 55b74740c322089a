"""Why there is no answer, or none to be content with, and the error by which Twilio's debugger would name it."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from typing import Literal

import aiohttp

Kind = Literal["connect", "timeout", "tls", "forbidden", "closed"]

INVALID_URL = 11100
RETRIEVAL = 11200
CONNECT_TIMED_OUT = 11201
REFUSED = 11202
TIMED_OUT = 11203
CONNECT = 11205
PROTOCOL = 11206
BAD_HOST = 11210
TOO_MANY_REDIRECTS = 11215
INVALID_REDIRECT = 11216
ERROR_STATUS = 11217
TLS = 11220
CERTIFICATE = 11237
RETRY_POLICY = 11243


class Unreachable(Exception):
    """There is no answer. `text` is for people; `code` is Twilio's."""

    def __init__(self, kind: Kind, text: str, code: int = RETRIEVAL) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.code = code


def unreachable(error: Exception) -> Unreachable:
    """What a failed request is called."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return Unreachable("connect", "The connection could not be made in time", CONNECT_TIMED_OUT)
        case asyncio.TimeoutError():
            return Unreachable("timeout", "There was no whole answer in time", TIMED_OUT)
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return Unreachable("connect", "The host's name could not be looked up", BAD_HOST)
        case aiohttp.ClientConnectorCertificateError():
            return Unreachable("tls", f"The certificate is not valid: {error.certificate_error}", CERTIFICATE)
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return Unreachable("tls", f"The TLS handshake failed: {error}", TLS)
        case aiohttp.ClientConnectorError():
            return _not_connected(error.os_error)
        case aiohttp.ClientResponseError():
            return Unreachable("closed", f"The answer is no HTTP: {error.message}", PROTOCOL)
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | ValueError():
            return Unreachable("forbidden", f"This URL cannot be requested: {error}", INVALID_URL)
    return Unreachable("closed", f"The connection ended before the answer: {error}", RETRIEVAL)


def _not_connected(error: OSError) -> Unreachable:
    if error.errno == errno.EACCES:  # outbound/targets.py
        return Unreachable("forbidden", str(error.strerror), CONNECT)
    if error.errno == errno.ECONNREFUSED:
        return Unreachable("connect", "The connection was refused", REFUSED)
    return Unreachable("connect", f"The connection failed: {error.strerror or error}", CONNECT)


def problem_with(status: int) -> tuple[int, str]:
    """Code and text for an answer that is no success."""
    if 300 <= status < 400:
        return INVALID_REDIRECT, f"The answer was {status}, which leads nowhere"
    return ERROR_STATUS, f"The answer was {status}"
