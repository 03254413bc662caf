"""Owns the door that every connection passes: resolve once, check every answer, dial only those, one deadline."""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import httpcore

from jobs.errors import gettext_noop
from jobs.net.addresses import is_allowed
from jobs.net.policy import Policy
from jobs.net.refusal import NOT_PUBLIC, Refused, Unreachable

Resolve = Callable[[str, int], list[str]]
Dial = Callable[[str, int, float], socket.socket]

# A name server that hangs holds its thread for as long as the C library likes; this many at most.
MAX_LOOK_UPS = 32
# Of several addresses the first may be a dead one: the others get a turn.
MAX_ADDRESSES = 4
WRITE_BYTES = 64 * 1024

_look_ups = threading.BoundedSemaphore(MAX_LOOK_UPS)


def resolve(host: str, port: int) -> list[str]:
    """The system's resolver: IP addresses in the order in which to try them. OSError if there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def dial(address: str, port: int, seconds: float) -> socket.socket:
    """Connect to an IP address (a name would be looked up again, so there is no way to pass one). OSError if not."""
    family = socket.AF_INET if ip_address(address).version == 4 else socket.AF_INET6
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect((address, port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connection.close()
        raise
    return connection


@dataclass(frozen=True)
class Door:
    """How names become addresses and addresses connections. Tests bring their own."""

    resolve: Resolve = resolve
    dial: Dial = dial


class Deadline:
    """One span of wall-clock time for a whole exchange, however many steps it has."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left, more than 0; raises `Unreachable` when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.missed()
        return left

    def missed(self) -> Unreachable:
        """What to raise when a wait for `remaining` was in vain."""
        return Unreachable(
            gettext_noop("this URL did not answer within {seconds} seconds."), seconds=round(self._seconds, 1)
        )


def lookup(host: str, port: int, policy: Policy, door: Door, deadline: Deadline) -> list[str]:
    """The addresses that may be dialled for a host. One that may not spoils them all: `Refused`."""
    addresses = [host] if _is_address(host) else _resolved(host, port, door.resolve, deadline)
    if not all(is_allowed(address, allow_private=policy.allow_private) for address in addresses):
        raise Refused(NOT_PUBLIC)
    return addresses


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _resolved(host: str, port: int, resolve: Resolve, deadline: Deadline) -> list[str]:
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()
    turns = _look_ups

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except Exception as error:
            answers.put(error)
        finally:
            turns.release()

    if not turns.acquire(timeout=deadline.remaining()):
        raise deadline.missed()
    # Nothing can interrupt getaddrinfo, so it is left behind in a thread that holds up nobody's exit.
    try:
        threading.Thread(target=ask, name="look-up", daemon=True).start()
    except RuntimeError as error:  # the machine has no more threads
        turns.release()
        raise deadline.missed() from error
    try:
        answer = answers.get(timeout=deadline.remaining())
    except queue.Empty:
        raise deadline.missed() from None
    if isinstance(answer, Exception) or not answer:
        raise Unreachable(gettext_noop("this URL's host name is not known.")) from (
            answer if isinstance(answer, Exception) else None
        )
    return answer


class GuardedBackend(httpcore.NetworkBackend):
    """What httpcore connects with; the timeouts it names are replaced by the deadline."""

    def __init__(self, policy: Policy, door: Door, deadline: Deadline) -> None:
        self._policy, self._door, self._deadline = policy, door, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Look up, check, dial."""
        addresses = lookup(host, port, self._policy, self._door, self._deadline)[:MAX_ADDRESSES]
        reason: OSError | None = None
        for number, address in enumerate(addresses):
            share = self._deadline.remaining() / (len(addresses) - number)
            try:
                return _Stream(self._door.dial(address, port, share), self._deadline)
            except OSError as error:
                reason = error
        self._deadline.remaining()
        if isinstance(reason, TimeoutError):
            raise self._deadline.missed() from reason
        raise Unreachable(gettext_noop("this URL's server does not take connections.")) from reason

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.NetworkStream:
        """Never."""
        raise Refused(NOT_PUBLIC)


class _Stream(httpcore.NetworkStream):
    """A socket whose every wait ends at the deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._socket, self._deadline = connection, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._socket.settimeout(self._deadline.remaining())
            return self._socket.recv(max_bytes)
        except TimeoutError:
            raise self._deadline.missed() from None
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        try:
            while rest:
                self._socket.settimeout(self._deadline.remaining())
                rest = rest[self._socket.send(rest[:WRITE_BYTES]) :]
        except TimeoutError:
            raise self._deadline.missed() from None
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            self._socket.settimeout(self._deadline.remaining())  # of the handshake as a whole
            return _Stream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname), self._deadline)
        except ssl.SSLCertVerificationError as error:
            raise Refused(gettext_noop("this URL's certificate is not valid for it.")) from error
        except TimeoutError:
            raise self._deadline.missed() from None
        except OSError as error:
            raise Unreachable(gettext_noop("this URL's server failed to agree on encryption.")) from error

    def get_extra_info(self, info: str) -> Any:
        # Asked by httpcore: which protocol TLS agreed on, and whether an idle connection died. Ours never idle.
        return self._socket if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket) else None
