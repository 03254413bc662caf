"""Owns the text of an address: what is a web address that we would go to, before any look-up."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address

import httpx

from jobs.errors import gettext_noop
from jobs.net.addresses import is_allowed
from jobs.net.policy import Policy
from jobs.net.refusal import NOT_A_HOST, NOT_PUBLIC, Refused

MAX_URL_CHARACTERS = 2048
_DEFAULT_PORTS = {"http": 80, "https": 443}

# Stricter than any parser, so that no two parsers can disagree on where such an address leads.
_SHAPE = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?:[/?#].*)?",
    re.DOTALL,
)
_AUTHORITY = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\[\]:@]+)(?::(?P<port>[0-9]{1,5}))?")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LOCAL_SUFFIXES = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa", "test", "invalid")

_NOT_A_URL = gettext_noop("this is not a complete URL. Begin with https://.")


@dataclass(frozen=True)
class Target:
    """An address taken apart: `host` is an ASCII name or an IP address without brackets, `path` has the query."""

    scheme: str
    host: str
    port: int
    path: bytes
    host_header: bytes
    url: str

    def join(self, location: str) -> str:
        """Where a redirect from here to `location` leads."""
        try:
            return str(httpx.URL(self.url).join(location))
        except (httpx.InvalidURL, ValueError) as error:
            raise Refused(gettext_noop("this URL redirects to something that is not a URL.")) from error


def check_url(url: str, policy: Policy, *, https_only: bool = False) -> None:
    """Raise `Refused` unless this can be a public web address. Looks nothing up: the name may still lead anywhere."""
    parse(url, policy, https_only=https_only)


def parse(url: str, policy: Policy, *, https_only: bool = False) -> Target:
    """`check_url`, and the parts."""
    if len(url) > MAX_URL_CHARACTERS:
        raise Refused(gettext_noop("this URL is longer than {characters} characters."), characters=MAX_URL_CHARACTERS)
    if _UNPRINTABLE.search(url):
        raise Refused(gettext_noop("this URL holds spaces or other characters that a URL cannot have."))
    shape = _SHAPE.fullmatch(url)
    if shape is None:
        raise Refused(_NOT_A_URL)
    _check_scheme(shape["scheme"].lower(), https_only)
    if "@" in shape["authority"]:
        raise Refused(gettext_noop("this URL holds a user name or password. Use one without."))
    authority = _AUTHORITY.fullmatch(shape["authority"])
    if authority is None:
        raise Refused(NOT_A_HOST)
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise Refused(NOT_A_HOST) from error
    host = parsed.raw_host.decode("ascii").lower()
    _check_host(host, policy)
    port = int(authority["port"] or _DEFAULT_PORTS[parsed.scheme])
    _check_port(port, policy)
    return Target(parsed.scheme, host, port, parsed.raw_path, parsed.netloc, url)


def _check_scheme(scheme: str, https_only: bool) -> None:
    if scheme not in _DEFAULT_PORTS:
        raise Refused(gettext_noop("this URL does not begin with https:// or http://."))
    if https_only and scheme != "https":
        raise Refused(gettext_noop("this URL does not begin with https://."))


def _check_port(port: int, policy: Policy) -> None:
    known = port in policy.ports or (policy.allow_private and 0 < port < 65536)
    if not known:
        raise Refused(gettext_noop("this URL uses port {port}, which is not one of the web's."), port=port)


def _check_host(host: str, policy: Policy) -> None:
    if ":" in host:
        if not is_allowed(host, allow_private=policy.allow_private):
            raise Refused(NOT_PUBLIC)
        return
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused(NOT_A_HOST)
    if _is_number(labels[-1]):
        _check_ipv4(host, policy)
    elif not policy.allow_private and (
        len(labels) == 1 or any(host == suffix or host.endswith(f".{suffix}") for suffix in _LOCAL_SUFFIXES)
    ):
        raise Refused(NOT_PUBLIC)


def _is_number(label: str) -> bool:
    """Whether libraries take a host that ends in this for an IPv4 address (decimal, octal or hexadecimal)."""
    return label.isdigit() or re.fullmatch(r"0x[0-9a-f]*", label) is not None


def _check_ipv4(host: str, policy: Policy) -> None:
    """Four decimal numbers; the other spellings (127.1, 0x7f000001, 0177.0.0.1) serve only to hide."""
    try:
        IPv4Address(host)
    except ValueError as error:
        raise Refused(NOT_A_HOST) from error
    if not is_allowed(host, allow_private=policy.allow_private):
        raise Refused(NOT_PUBLIC)
