package natsstore

import (
	"context"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/hookward/hookward/sender"
)

// TestClusterLosesTheWatch ends the one server that tells a sender of other senders'
// subscriptions. Those that are made from then on are told by another.
func TestClusterLosesTheWatch(t *testing.T) {
	t.Parallel()
	servers := startCluster(t)
	var s *Store
	for _, candidate := range servers { // one whose watch is elsewhere, for its own would reconnect
		s = open(t, connect(t, candidate), WithReplicas(3), quiet)
		if watching(t, s) != candidate.Name() {
			break
		}
	}
	gone, other := serversOf(t, s, servers)
	stopServer(gone)
	eventually(t, "a subscription is made", func() bool {
		_, err := other.Create(t.Context(), newSubscription("sub_1"), false)
		return err == nil
	})
	eventually(t, "the sender knows of it", func() bool {
		_, err := s.Get(t.Context(), "sub_1")
		return err == nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := s.Create(ctx, newSubscription("sub_2"), true); err != nil {
		t.Errorf("create: %v", err)
	}
	if list, err := s.List(t.Context(), sender.Filter{}); err != nil || len(list) != 2 {
		t.Errorf("list: %v, %v", list, err)
	}
}

// serversOf returns the server that the store's watch is on, and a store on another.
func serversOf(t *testing.T, s *Store, servers []*server.Server) (watched *server.Server, other *Store) {
	t.Helper()
	name := watching(t, s)
	for _, candidate := range servers {
		if candidate.Name() == name {
			watched = candidate
		} else if other == nil {
			other = open(t, connect(t, candidate), WithReplicas(3), quiet)
		}
	}
	return watched, other
}

// watching returns the name of the server that the store's watch is on.
func watching(t *testing.T, s *Store) string {
	t.Helper()
	info, err := s.watch.consumer.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info.Cluster.Leader
}
