package sender

import "net/netip"

// addressRange is a block of addresses that are no public endpoints.
type addressRange struct {
	prefix netip.Prefix
	kind   string
}

// specialRanges are the blocks of IANA's special-purpose registries for IPv4
// (https://www.iana.org/assignments/iana-ipv4-special-registry) and IPv6
// (https://www.iana.org/assignments/iana-ipv6-special-registry) that are no public
// endpoints, multicast, and a public address at which a cloud serves metadata.
// The other clouds' metadata is within these blocks: 169.254.169.254,
// 100.100.100.200, 192.0.0.192 and fd00:ec2::254.
var specialRanges = []addressRange{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared by a carrier"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("168.63.129.16/32"), "a metadata service"}, // Azure, see https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "for protocols"},
	{netip.MustParsePrefix("192.0.2.0/24"), "for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "a 6to4 relay"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "for benchmarks"},
	{netip.MustParsePrefix("198.51.100.0/24"), "for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "for documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"}, // and broadcast

	{netip.MustParsePrefix("::/128"), "unspecified"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("2001::/23"), "for protocols"}, // Teredo, benchmarks and ORCHID among them
	{netip.MustParsePrefix("2001:db8::/32"), "for documentation"},
	{netip.MustParsePrefix("2002::/16"), "6to4"},
	{netip.MustParsePrefix("3fff::/20"), "for documentation"},
	{netip.MustParsePrefix("fc00::/7"), "private"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

var (
	// globalUnicast is all of IPv6 that IANA hands out. Outside of it are the
	// IPv4-compatible addresses, local NAT64, discard-only, segment routing,
	// site-local and what is reserved.
	globalUnicast = netip.MustParsePrefix("2000::/3")
	// nat64 holds an IPv4 address in its last four bytes (RFC 6052). In networks
	// without IPv4, public endpoints are reached through it.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

// specialPurpose says what is special about an address, or "" where it is public.
func specialPurpose(addr netip.Addr) string {
	addr = addr.Unmap()
	if nat64.Contains(addr) {
		bytes := addr.As16()
		addr = netip.AddrFrom4([4]byte(bytes[12:]))
	}
	for _, r := range specialRanges {
		if r.prefix.Contains(addr.WithZone("")) {
			return r.kind
		}
	}
	switch {
	case addr.Zone() != "":
		return "bound to a zone"
	case addr.Is4(), globalUnicast.Contains(addr):
		return ""
	default:
		return "not public"
	}
}
