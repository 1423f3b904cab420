package sender

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// forbiddenAddresses are addresses that are no public endpoints, whole blocks by
// their first and last address.
var forbiddenAddresses = []string{
	"0.0.0.0", "0.255.255.255", // this network
	"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255", // private
	"100.64.0.0", "100.127.255.255", // carrier-grade NAT
	"127.0.0.0", "127.0.0.1", "127.255.255.255", // loopback
	"169.254.0.0", "169.254.255.255", // link-local
	"192.0.0.0", "192.0.0.255", // protocols
	"192.0.2.0", "192.0.2.255", "198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255", // documentation
	"192.88.99.0", "192.88.99.255", // 6to4 relays
	"198.18.0.0", "198.19.255.255", // benchmarks
	"224.0.0.0", "239.255.255.255", // multicast
	"240.0.0.0", "255.255.255.254", // reserved
	"255.255.255.255", // broadcast

	"::", "::1", "::1%lo",
	"::127.0.0.1", "::8.8.8.8", "::ffff:ffff", // IPv4-compatible
	"::ffff:0:127.0.0.1",                         // IPv4-translated, RFC 2765
	"64:ff9b:1::127.0.0.1", "64:ff9b:1::8.8.8.8", // local NAT64, RFC 8215
	"100::", "100::ffff:ffff:ffff:ffff", "100:0:0:1::", // discard-only
	"2001::", "2001::1", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", // protocols
	"2001:0:4136:e378:8000:63bf:80ff:fffe",  // Teredo of a client at 127.0.0.1
	"2001:2::1", "2001:10::1", "2001:20::1", // benchmarks, ORCHID
	"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", // documentation
	"2002::", "2002:7f00:1::1", "2002:808:808::1", // 6to4
	"4000::", "5f00::1", "8000::1", "e000::1", // segment routing and what is not handed out
	"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", // private
	"fe80::", "fe80::1%eth0", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", // link-local
	"fec0::1",                // site-local
	"ff00::", "ff02::1%eth0", // multicast

	"169.254.169.254", "169.254.170.2", "169.254.0.23", // metadata: most clouds, Amazon's containers, Tencent
	"100.100.100.200", "192.0.0.192", "168.63.129.16", // Alibaba, Oracle, Azure
	"fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fe80::a9fe:a9fe", // Amazon, Google, OpenStack
}

// publicAddresses are public endpoints, next to the blocks that are not.
var publicAddresses = []string{
	"1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
	"168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0",
	"192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
	"::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
	"2000::1", "2001:200::1", "2001:4860:4860::8888", "2001:db7:ffff::1", "2001:db9::1", "2003::1", "2606:4700::1111", "3fff:1000::1",
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, text := range forbiddenAddresses {
		addr := netip.MustParseAddr(text)
		for form, addr := range formsOf(addr) {
			if err := (egress{}).checkAddress(addr); !errors.Is(err, ErrForbidden) {
				t.Errorf("%s (%s of %s): %v, want forbidden", addr, form, text, err)
			}
		}
	}
	for _, text := range publicAddresses {
		addr := netip.MustParseAddr(text)
		if err := (egress{}).checkAddress(addr); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if err := (egress{}).checkAddress(addr.WithZone("eth0")); addr.Unmap().Is6() && err == nil {
			t.Errorf("%s is allowed in a zone", text)
		}
	}
}

// formsOf lists the ways in which IPv6 writes an IPv4 address: each leads, in one
// network or another, to the same host.
func formsOf(addr netip.Addr) map[string]netip.Addr {
	forms := map[string]netip.Addr{"address": addr}
	if !addr.Is4() {
		return forms
	}
	v4 := addr.As4()
	embed := func(prefix string, at int, bytes [4]byte) netip.Addr {
		b := netip.MustParseAddr(prefix).As16()
		copy(b[at:], bytes[:])
		return netip.AddrFrom16(b)
	}
	inverted := [4]byte{^v4[0], ^v4[1], ^v4[2], ^v4[3]}
	forms["mapped"] = embed("::ffff:0:0", 12, v4)
	forms["mapped in a zone"] = forms["mapped"].WithZone("eth0")
	forms["NAT64"] = embed("64:ff9b::", 12, v4)
	forms["NAT64 in a zone"] = forms["NAT64"].WithZone("eth0")
	forms["local NAT64"] = embed("64:ff9b:1::", 12, v4)
	forms["compatible"] = embed("::", 12, v4)
	forms["translated"] = embed("::ffff:0:0:0", 12, v4)
	forms["6to4"] = embed("2002::1", 2, v4)
	forms["Teredo client"] = embed("2001:0:808:808::", 12, inverted)
	forms["Teredo server"] = embed("2001::", 4, v4)
	return forms
}

func TestAllowedNetworks(t *testing.T) {
	t.Parallel()
	guard := egress{allowed: []netip.Prefix{
		netip.MustParsePrefix("127.0.0.0/31"), netip.MustParsePrefix("fd12::/16"), netip.MustParsePrefix("fe80::/10"),
	}}
	for text, allowed := range map[string]bool{
		"127.0.0.1":           true,
		"::ffff:127.0.0.1":    true, // the same host
		"::ffff:127.0.0.1%lo": true, // IPv4 has no zones
		"8.8.8.8":             true, // public all the same
		"fd12::1":             true,
		"127.0.0.2":           false,
		"::1":                 false,
		"64:ff9b::127.0.0.1":  false, // another network's loopback
		"fd13::1":             false,
		"169.254.169.254":     false,
		"fe80::1%eth0":        false, // a prefix has no zone
	} {
		err := guard.checkAddress(netip.MustParseAddr(text))
		if allowed != (err == nil) || err != nil && !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v, want allowed %v", text, err, allowed)
		}
	}
}

func TestControl(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		network, address string
		allowed          bool
	}{
		{"tcp4", "8.8.8.8:443", true},
		{"tcp6", "[2606:4700::1111]:443", true},
		{"tcp4", "127.0.0.1:443", false},
		{"tcp6", "[::1]:443", false},
		{"tcp6", "[::ffff:10.0.0.1]:443", false},
		{"tcp6", "[fe80::1%eth0]:443", false},
		{"tcp", "8.8.8.8:443", false}, // a dialer always says which
		{"udp4", "8.8.8.8:443", false},
		{"unix", "/run/docker.sock", false},
		{"tcp4", "/run/docker.sock", false},
		{"tcp4", "8.8.8.8", false},
		{"tcp4", "example.com:443", false}, // and resolves names before
		{"tcp4", "", false},
	} {
		err := (egress{}).control(c.network, c.address, nil)
		if c.allowed != (err == nil) || err != nil && !errors.Is(err, ErrForbidden) {
			t.Errorf("%s %s: %v, want allowed %v", c.network, c.address, err, c.allowed)
		}
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	plain := egress{plainHTTP: true}
	local := egress{allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for _, c := range []struct {
		url   string
		guard egress
		want  error
	}{
		{"https://example.com", egress{}, nil},
		{"https://example.com:8443/hooks/1?token=x", egress{}, nil},
		{"HTTPS://EXAMPLE.com/", egress{}, nil},
		{"https://8.8.8.8/", egress{}, nil},
		{"https://[2606:4700::1111]/", egress{}, nil},
		{"https://localhost/", egress{}, nil}, // only dialling tells
		{"http://example.com/", plain, nil},
		{"https://127.0.0.1:8443/", local, nil},

		{"http://example.com/", egress{}, ErrForbidden},
		{"https://127.0.0.1/", egress{}, ErrForbidden},
		{"https://[::1]/", egress{}, ErrForbidden},
		{"https://[::ffff:169.254.169.254]/", egress{}, ErrForbidden},
		{"https://[fe80::1%25eth0]/", egress{}, ErrForbidden},
		{"http://127.0.0.1/", plain, ErrForbidden},
		{"http://127.0.0.1/", local, ErrForbidden},

		{"", egress{}, ErrInvalid},
		{"example.com", egress{}, ErrInvalid},
		{"//example.com/", egress{}, ErrInvalid},
		{"https:example.com", egress{}, ErrInvalid},
		{"https://", egress{}, ErrInvalid},
		{"https:///path", egress{}, ErrInvalid},
		{"https://:443/", egress{}, ErrInvalid},
		{"https://example.com:0/", egress{}, ErrInvalid},
		{"https://example.com:65536/", egress{}, ErrInvalid},
		{"https://example.com:https/", egress{}, ErrInvalid},
		{"https://user:password@example.com/", egress{}, ErrInvalid},
		{"https://@example.com/", egress{}, ErrInvalid},
		{"https://example.com/#part", egress{}, ErrInvalid},
		{"https://example.com/#", egress{}, ErrInvalid},
		{"https://exa mple.com/", egress{}, ErrInvalid},
		{"https://example.com/\r\nX-Injected: 1", egress{}, ErrInvalid},
		{"https://example.com\\@127.0.0.1/", egress{}, ErrInvalid},
		{"https://%31%32%37.0.0.1/", egress{}, ErrInvalid},
		{"ftp://example.com/", plain, ErrInvalid},
		{"file:///etc/passwd", plain, ErrInvalid},
		{"unix:///run/docker.sock", plain, ErrInvalid},
		{"https://example.com/" + strings.Repeat("a", maxURL), egress{}, ErrInvalid},
	} {
		if err := c.guard.checkURL(c.url); !errors.Is(err, c.want) {
			t.Errorf("%q: %v, want %v", c.url, err, c.want)
		}
	}
}

func TestURLErrorsHoldNoToken(t *testing.T) {
	t.Parallel()
	const token = "t0ken"
	for _, raw := range []string{
		"http://example.com/" + token, "https://10.0.0.1/" + token, "https://example.com/%zz" + token, "https://user:" + token + "@example.com/",
		"https://example.com:" + token + "/", token + "://example.com", "https://" + token + "^example.com/",
	} {
		err := (egress{}).checkURL(raw)
		if err == nil {
			t.Errorf("%q is taken", raw)
		} else if strings.Contains(err.Error(), token) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

// FuzzCheckAddress holds the guard against what the standard library knows of
// addresses, in each of their forms.
func FuzzCheckAddress(f *testing.F) {
	for _, text := range append(forbiddenAddresses, publicAddresses...) {
		b := netip.MustParseAddr(text).As16()
		f.Add(b[:], "")
	}
	f.Add([]byte{127, 0, 0, 1}, "eth0")
	f.Fuzz(func(t *testing.T, bytes []byte, zone string) {
		addr, ok := netip.AddrFromSlice(bytes)
		if !ok {
			return
		}
		addr = addr.Unmap()
		special := addr.IsUnspecified() || addr.IsLoopback() || addr.IsPrivate() || addr.IsMulticast() || addr.IsInterfaceLocalMulticast() ||
			addr.IsLinkLocalUnicast() || addr.IsLinkLocalMulticast() || !addr.IsGlobalUnicast() || addr.Is6() && zone != ""
		if !special {
			return
		}
		for form, addr := range formsOf(addr.WithZone(zone)) {
			if err := (egress{}).checkAddress(addr); !errors.Is(err, ErrForbidden) {
				t.Errorf("%s of %s: %v", form, addr, err)
			}
			if err := (egress{}).control("tcp6", netip.AddrPortFrom(addr, 443).String(), nil); !errors.Is(err, ErrForbidden) {
				t.Errorf("%s of %s, dialled: %v", form, addr, err)
			}
		}
	})
}

// FuzzCheckURL tries to bring a URL past the guard that a client would take for more
// than a public host and a path.
func FuzzCheckURL(f *testing.F) {
	for _, raw := range []string{
		"https://example.com/a?b=c", "https://127.0.0.1/", "https://[::1]:443/", "https://a@b/", "http://a/", "https://a/#", "https://[fe80::1%25a]/", "https://a:1/", "https://[v1.a]/",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if (egress{}).checkURL(raw) != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
			t.Fatalf("%q was taken: %v", raw, err)
		}
		if addr, err := netip.ParseAddr(u.Hostname()); err == nil && specialPurpose(addr) != "" {
			t.Fatalf("%q leads to a forbidden address", raw)
		}
	})
}
