"""Owns which IP addresses may be dialled. `ipaddress.is_global` is not the judge: it lets wrapped ones through."""

from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# IANA's special-purpose registries, multicast, and what the clouds serve their secrets on. Never dialled.
_NEVER_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this host
            "100.64.0.0/10",  # carriers' NAT; Alibaba's metadata at 100.100.100.200
            "168.63.129.16/32",  # Azure's host
            "169.254.0.0/16",  # link-local; most clouds' metadata
            "192.0.0.0/24",  # protocol assignments; Oracle's metadata at 192.0.0.192
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_PRIVATE_4 = tuple(map(IPv4Network, ("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))

_PUBLIC_6 = IPv6Network("2000::/3")  # the only part of IPv6 that is handed out
_NEVER_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments; Teredo, which wraps IPv4
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which wraps IPv4
            "3fff::/20",  # documentation
            "fd00:ec2::/32",  # Amazon's metadata, DNS and time
            "fd00:42::/32",  # Scaleway's metadata
            "fd20:ce::/32",  # Google's metadata
        ),
    )
)
_PRIVATE_6 = tuple(map(IPv6Network, ("::1/128", "fc00::/7")))
_NAT64 = IPv6Network("64:ff9b::/96")


def is_allowed(text: str, *, allow_private: bool) -> bool:
    """Whether this address, as a resolver writes it, may be dialled. What is not an address may not."""
    try:
        address = ip_address(text)
    except (AddressValueError, ValueError):
        return False
    if isinstance(address, IPv4Address):
        return _is_allowed_4(address, allow_private)
    return _is_allowed_6(address, allow_private)


def _is_allowed_4(address: IPv4Address, allow_private: bool) -> bool:
    if any(address in network for network in _NEVER_4):
        return False
    return allow_private or not any(address in network for network in _PRIVATE_4)


def _is_allowed_6(address: IPv6Address, allow_private: bool) -> bool:
    if address.scope_id is not None:
        return False  # a zone: meaningful on one link only
    if address.ipv4_mapped is not None:
        return _is_allowed_4(address.ipv4_mapped, allow_private)
    if address in _NAT64:
        # How a host without IPv4 reaches the rest of the web; the far side is public or it is nothing.
        return _is_allowed_4(IPv4Address(int(address) & 0xFFFFFFFF), allow_private=False)
    if any(address in network for network in _NEVER_6):
        return False
    return address in _PUBLIC_6 or (allow_private and any(address in network for network in _PRIVATE_6))
