package sender

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers every question for an IPv4 address with the addresses that it
// holds at the time, and every other with none.
type nameServer struct {
	net.PacketConn
	mu        sync.Mutex
	addresses []netip.Addr
	questions int
}

// newResolver starts a name server, and returns it with a resolver that asks it.
func newResolver(t *testing.T, addresses ...string) (*nameServer, *net.Resolver) {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &nameServer{PacketConn: conn}
	server.set(addresses...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.serve()
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return server, &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp4", conn.LocalAddr().String())
	}}
}

func (s *nameServer) set(addresses ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addresses = nil
	for _, text := range addresses {
		s.addresses = append(s.addresses, netip.MustParseAddr(text))
	}
}

// asked tells how many questions for IPv4 addresses there were.
func (s *nameServer) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.questions
}

func (s *nameServer) serve() {
	packet := make([]byte, 1500)
	for {
		n, from, err := s.ReadFrom(packet)
		if err != nil {
			return
		}
		_, _ = s.WriteTo(s.answer(packet[:n]), from)
	}
}

func (s *nameServer) answer(packet []byte) []byte {
	var message dnsmessage.Message
	if message.Unpack(packet) != nil || len(message.Questions) != 1 {
		return nil
	}
	message.Response, message.RecursionAvailable = true, true
	message.Additionals = nil
	if question := message.Questions[0]; question.Type == dnsmessage.TypeA {
		message.Answers = s.look(question)
	}
	reply, _ := message.Pack() // it only fails for what did not come in a packet
	return reply
}

func (s *nameServer) look(question dnsmessage.Question) []dnsmessage.Resource {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.questions++
	var found []dnsmessage.Resource
	for _, addr := range s.addresses {
		found = append(found, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class},
			Body:   &dnsmessage.AResource{A: addr.As4()},
		})
	}
	return found
}
