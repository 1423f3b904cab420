package dedupe

import "sync"

// shardCount is chosen for memory, too: a map of up to 896 keys takes half the
// room of one with a few more, and the newest commits make 819 a shard.
const shardCount = 320

// shard is a part of the exact table: it holds the keys that are in flight and
// the newest commits. What it does not hold is either in older or not known.
type shard struct {
	mu     sync.Mutex
	closed bool
	table  map[Key]entry
	probe  Key // see older.expiry
}

// entry is a key in flight, or a commit that is remembered until expiry.
type entry struct {
	claim  *Claim
	expiry instant
}

// drop removes the item's commit, and only that one.
func (sh *shard) drop(it *item) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	e, ok := sh.table[it.key]
	if !ok || e != (entry{expiry: it.expiry}) {
		return false
	}
	delete(sh.table, it.key)
	return true
}
