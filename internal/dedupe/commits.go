package dedupe

import "hash/maphash"

// commits are what a part of the exact table remembers, by key. It is a hash table with
// linear probing: with many keys what counts is how much memory an operation touches,
// and here that is mostly one place. A Go map touches several, and took three times as
// long.
type commits struct {
	seed  maphash.Seed // a stranger may choose what keys are made of
	slots []item       // a power of two of them; one without expiry is empty
	count int
}

// fewestSlots is how many there are in the beginning.
const fewestSlots = 8

func newCommits() commits {
	return commits{seed: maphash.MakeSeed(), slots: make([]item, fewestSlots)}
}

// expiry returns when the key's commit expires.
func (c *commits) expiry(key *Key) (instant, bool) {
	found := c.slots[c.search(key)]
	return found.expiry, found.expiry != 0
}

// put remembers a commit. It takes the place of an earlier one of its key.
func (c *commits) put(it item) {
	i := c.search(&it.key)
	if c.slots[i].expiry == 0 {
		if 8*(c.count+1) > 7*len(c.slots) {
			c.grow()
			i = c.search(&it.key)
		}
		c.count++
	}
	c.slots[i] = it
}

func (c *commits) grow() {
	before := c.slots
	c.slots = make([]item, 2*len(before))
	for i := range before {
		if before[i].expiry != 0 {
			c.slots[c.search(&before[i].key)] = before[i]
		}
	}
}

// remove forgets the key's commit.
func (c *commits) remove(key *Key) {
	gap := c.search(key)
	if c.slots[gap].expiry == 0 {
		return
	}
	c.count--
	// Those behind the gap move up, unless that would be before where their search begins.
	for i := c.next(gap); c.slots[i].expiry != 0; i = c.next(i) {
		if c.distance(c.home(&c.slots[i].key), i) >= c.distance(gap, i) {
			c.slots[gap] = c.slots[i]
			gap = i
		}
	}
	c.slots[gap] = item{}
}

// search returns the slot that holds the key, or else the empty one where it would go.
func (c *commits) search(key *Key) int {
	i := c.home(key)
	for c.slots[i].expiry != 0 && c.slots[i].key != *key {
		i = c.next(i)
	}
	return i
}

// home is the slot in which the search for a key begins.
func (c *commits) home(key *Key) int {
	return int(maphash.Bytes(c.seed, key[:])) & (len(c.slots) - 1) //nolint:gosec // cut anyway
}

func (c *commits) next(i int) int { return (i + 1) & (len(c.slots) - 1) }

// distance is how many steps it takes from one slot to another.
func (c *commits) distance(from, to int) int { return (to - from) & (len(c.slots) - 1) }
