package sender

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// maxURL is the longest URL of an endpoint, in bytes.
const maxURL = 2048

// egress guards what the sender connects to. URLs are given by customers, and
// names may resolve to anything at any time, so a URL is checked for its form when
// it is given, and the address each time that one is dialled.
type egress struct {
	// allowed are networks that may be dialled though they are not public.
	allowed []netip.Prefix
	// plainHTTP allows http besides https.
	plainHTTP bool
}

// checkURL tells whether an endpoint may have this URL. Its errors wrap [ErrInvalid]
// or [ErrForbidden] and do not quote the URL, for it may hold a token.
func (e egress) checkURL(raw string) error {
	if len(raw) > maxURL {
		return fmt.Errorf("%w: the url is longer than %d bytes", ErrInvalid, maxURL)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return fmt.Errorf("%w: this is no url", ErrInvalid)
	}
	if err := e.checkScheme(u.Scheme); err != nil {
		return err
	}
	switch {
	case u.Hostname() == "":
		return fmt.Errorf("%w: the url has no host", ErrInvalid)
	case !isPort(u.Port()):
		return fmt.Errorf("%w: the url has an impossible port", ErrInvalid)
	case u.User != nil:
		return fmt.Errorf("%w: the url has user info", ErrInvalid)
	case strings.Contains(raw, "#"):
		return fmt.Errorf("%w: the url has a fragment", ErrInvalid)
	}
	addr, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return nil // a name, which is judged by what it resolves to
	}
	return e.checkAddress(addr)
}

func (e egress) checkScheme(scheme string) error {
	switch {
	case scheme == "https", scheme == "http" && e.plainHTTP:
		return nil
	case scheme == "http":
		return errNotHTTPS
	default:
		return fmt.Errorf("%w: the url is not https", ErrInvalid)
	}
}

var errNotHTTPS = fmt.Errorf("%w: it is not https", ErrForbidden)

// isPort tells whether a URL may have this port. Without one it has the scheme's.
func isPort(text string) bool {
	if text == "" {
		return true
	}
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0
}

// control is called by a [net.Dialer] for each address that a name resolved to,
// right before it connects to it. What it lets through is what is connected to:
// there is no second look at the name in between.
func (e egress) control(network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: network %q", ErrForbidden, network)
	}
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: it is no ip address and port", ErrForbidden)
	}
	return e.checkAddress(addr.Addr())
}

func (e egress) checkAddress(addr netip.Addr) error {
	addr = addr.Unmap()
	if slices.ContainsFunc(e.allowed, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return nil
	}
	if kind := specialPurpose(addr); kind != "" {
		return fmt.Errorf("%w: it is %s", ErrForbidden, kind)
	}
	return nil
}
