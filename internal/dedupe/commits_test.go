package dedupe

import (
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// Few keys in few slots make for long searches that go round the end.
func TestCommitsAgainstMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, model := newCommits(), map[Key]instant{}
		number := rapid.Uint64Range(1, uint64(rapid.SampledFrom([]int{7, 14, 200}).Draw(t, "keys")))
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				it := item{numbered(number.Draw(t, "key")), instant(rapid.IntRange(1, 1000).Draw(t, "expiry"))}
				c.put(it)
				model[it.key] = it.expiry
			},
			"remove": func(t *rapid.T) {
				key := numbered(number.Draw(t, "key"))
				c.remove(&key)
				delete(model, key)
			},
			"": func(t *rapid.T) {
				if got := contents(t, &c); c.count != len(model) || !maps.Equal(got, model) {
					t.Fatalf("%d are counted, and these found: %v, want %v", c.count, got, model)
				}
			},
		})
	})
}

// contents returns all that is in the slots, each by the way that leads to it.
func contents(t *rapid.T, c *commits) map[Key]instant {
	found := map[Key]instant{}
	for i := range c.slots {
		if c.slots[i].expiry == 0 {
			continue
		}
		key := c.slots[i].key
		expiry, ok := c.expiry(&key)
		if _, twice := found[key]; twice || !ok {
			t.Fatalf("key %v is there twice, or cannot be found", key)
		}
		found[key] = expiry
	}
	return found
}

func TestCommitsGrowWithTheirNumber(t *testing.T) {
	t.Parallel()
	c := newCommits()
	for n := range uint64(10_000) {
		c.put(item{numbered(n), 1})
		if n >= 100 {
			key := numbered(n - 100)
			c.remove(&key)
		}
	}
	if c.count != 100 || len(c.slots) != 128 {
		t.Errorf("%d commits in %d slots, want 100 in 128", c.count, len(c.slots))
	}
	for n := range uint64(10_000) {
		key := numbered(n)
		if _, ok := c.expiry(&key); ok != (n >= 9_900) {
			t.Fatalf("key %d is known: %v", n, ok)
		}
	}
}
