package caddymodule

import (
	"net/netip"
	"sync"
)

// clientShare is the part of the budget that one client address may hold.
const clientShare = 8

// budget is the memory that bodies may take at any time, in bytes.
type budget struct {
	mu      sync.Mutex
	limit   int64
	used    int64
	clients map[string]int64
}

func newBudget() *budget { return &budget{clients: make(map[string]int64)} }

func (b *budget) setLimit(limit int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit = limit
}

// take reserves n bytes for a client and tells whether there was room.
func (b *budget) take(client string, n int64) bool {
	if n == 0 {
		return true // and nobody is noted, for nothing will be given back
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	held := b.clients[client]
	if b.used+n > b.limit || held+n > max(b.limit/clientShare, minClientShare) {
		return false
	}
	b.used += n
	b.clients[client] = held + n
	return true
}

// minClientShare lets one client hold a few bodies of ordinary size even where
// the budget is small.
const minClientShare = 1 << 20

func (b *budget) give(client string, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	if b.clients[client] -= n; b.clients[client] <= 0 {
		delete(b.clients, client)
	}
}

// inUse is how many bytes are reserved.
func (b *budget) inUse() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// shareholder is who an address counts for in the budget: an IPv6 network of 64
// bits, for whoever has one has all of its addresses, else the address itself.
func shareholder(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap(); ip.Is4() {
		return address
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return network.String()
}
