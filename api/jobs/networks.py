"""The networks that are not part of the public internet: no webhook is sent there.

Written out, since Python's `is_private` and `is_global` differ from version to version and know
little of the addresses that carry another address within.
"""

from ipaddress import ip_network

# fmt: off
NOT_PUBLIC = tuple(map(ip_network, (
    "0.0.0.0/8",        # this network
    "10.0.0.0/8",       # private
    "100.64.0.0/10",    # between a provider and its customers
    "127.0.0.0/8",      # loopback
    "169.254.0.0/16",   # link-local, metadata of clouds
    "172.16.0.0/12",    # private
    "192.0.0.0/24",     # protocol assignments
    "192.0.2.0/24",     # documentation
    "192.88.99.0/24",   # relays of 6to4
    "192.168.0.0/16",   # private
    "198.18.0.0/15",    # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",   # documentation
    "224.0.0.0/4",      # multicast
    "240.0.0.0/4",      # reserved, broadcast
    # All of IPv6 but 2000::/3: among others ::1, IPv4 within IPv6 (::/96, ::ffff:0:0/96, NAT64
    # 64:ff9b::/96 and 64:ff9b:1::/48), unique local, link-local, site-local, multicast.
    "::/3",
    "4000::/2",
    "8000::/1",
    "2001::/23",        # protocol assignments, Teredo
    "2001:db8::/32",    # documentation
    "2002::/16",        # 6to4
    "3fff::/20",        # documentation
)))
# fmt: on
