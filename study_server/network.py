"""The network that an address belongs to: what limits and caps count in place of addresses."""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """An address of IPv4 itself; of IPv6 the 64 bits that one household or phone is given, whose
    addresses it changes by itself. What is no address stays as it is."""
    try:
        found = ip_address(address)
    except ValueError:  # such as the name of a socket
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), 64), strict=False))
