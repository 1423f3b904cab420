package caddymodule

import "testing"

// A delivery may come to a configuration that is gone already. It takes hold of nothing,
// for nobody would let go of it.
func TestNothingIsOpenedAfterCleanup(t *testing.T) {
	a := &App{MaxInflight: 1 << 20, DedupeEntries: 10}
	before, _ := pool.References(poolKey)
	if err := a.Cleanup(); err != nil {
		t.Fatal(err)
	}
	if err := a.open(); err == nil {
		t.Error("it opens")
	}
	if after, _ := pool.References(poolKey); after != before {
		t.Errorf("%d hold on to what is shared, and %d did before", after, before)
	}
}

// What is shared goes with the last configuration that uses it.
func TestSharedGoesWithItsLastUser(t *testing.T) {
	before, _ := pool.References(poolKey)
	apps := []*App{{MaxInflight: 1 << 20, DedupeEntries: 10}, {MaxInflight: 1 << 21, DedupeEntries: 20}}
	for i, a := range apps {
		for range 2 { // a delivery and Start may both ask for it
			if err := a.open(); err != nil {
				t.Fatal(err)
			}
		}
		if n, _ := pool.References(poolKey); n != before+i+1 {
			t.Errorf("%d hold on to it, want %d", n, before+i+1)
		}
	}
	shared := apps[1].shared.Load()
	if n := shared.dedupe.Stats().Entries; n != 20 {
		t.Errorf("there is room for %d deliveries", n)
	}
	if err := apps[1].Cleanup(); err != nil {
		t.Fatal(err)
	}
	if n := shared.dedupe.Stats().Entries; n != 10 {
		t.Errorf("with the other gone there is room for %d deliveries", n)
	}
	if err := apps[0].Cleanup(); err != nil {
		t.Fatal(err)
	}
	if n, _ := pool.References(poolKey); n != before {
		t.Errorf("%d still hold on to it", n-before)
	}
}
