package natsstore

import (
	"fmt"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/outboxtest"
)

// startCluster starts three servers that keep everything together.
func startCluster(t *testing.T) []*server.Server {
	t.Helper()
	var servers []*server.Server
	route := "127.0.0.1:1" // the first has nobody to join, and may not have no route
	for n := range 3 {
		s, err := newServer(t.TempDir(), func(o *server.Options) {
			o.ServerName = fmt.Sprint("server-", n)
			o.Cluster = server.ClusterOpts{Name: "cluster", Host: "127.0.0.1", Port: server.RANDOM_PORT}
			o.Routes = []*url.URL{{Scheme: "nats", Host: route}}
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stopServer(s) })
		eventually(t, "the server can be joined", func() bool { return s.ClusterAddr() != nil })
		servers = append(servers, s)
		route = servers[0].ClusterAddr().String()
	}
	for _, s := range servers {
		mustListen(t, s)
	}
	eventually(t, "the cluster has a leader", func() bool {
		for _, s := range servers {
			if s.JetStreamIsLeader() {
				return len(s.JetStreamClusterPeers()) == len(servers)
			}
		}
		return false
	})
	return servers
}

// TestCluster runs the contract tests on three servers, of which each store talks to one.
func TestCluster(t *testing.T) {
	t.Parallel()
	servers := startCluster(t)
	var opened atomic.Int64
	openNext := func(t *testing.T) *Store {
		n := opened.Add(1)
		return open(t, connect(t, servers[n%3]), WithName(fmt.Sprint("store-", n)),
			WithReplicas(3), WithMaxBytes(16<<20), WithHistory(time.Hour, 16<<20))
	}
	t.Run("outbox", func(t *testing.T) {
		t.Parallel()
		outboxtest.TestOutbox(t, func(t *testing.T) sender.Outbox { return openNext(t) })
	})
	t.Run("registry", func(t *testing.T) {
		t.Parallel()
		outboxtest.TestRegistry(t, func(t *testing.T) sender.Registry { return openNext(t) })
	})
	t.Run("history", func(t *testing.T) {
		t.Parallel()
		outboxtest.TestHistory(t, func(t *testing.T) sender.History { return openNext(t).History() })
	})
}

// TestClusterLosesAServer ends the server that a sender talks to. It goes on with another.
func TestClusterLosesAServer(t *testing.T) {
	t.Parallel()
	servers := startCluster(t)
	s := open(t, connect(t, servers[0]), WithReplicas(3), quiet, shortLeases)
	losesNothing(t, s, func() { stopServer(servers[0]) })
}
