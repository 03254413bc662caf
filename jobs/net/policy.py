"""Owns what an installation lets its users' addresses be."""

from dataclasses import dataclass
from pathlib import Path

# Where the public web listens: the two standard ports and those on which people run a web server of their
# own. Ports of databases, mail and remote shells are not among them, so that nobody can make this
# installation talk to such a service of somebody else.
WEB_PORTS = frozenset({80, 443, 3000, 5000, 8000, 8008, 8080, 8081, 8088, 8443, 8888, 9000, 9443})


@dataclass(frozen=True)
class Policy:
    """`allow_private`: loopback and private ranges too, on any port (for installations at home, and for tests).

    Never allowed: link-local addresses, the clouds' metadata services, multicast.
    `ports` counts for public installations. `ca_file` holds certificates (PEM) that
    are trusted besides the usual ones.
    """

    allow_private: bool = False
    ports: frozenset[int] = WEB_PORTS
    ca_file: Path | None = None
