package dedupe

import "sync"

// shardCount is chosen for memory, too: with 2,500 commits a shard, the default, its table
// has 4,096 slots, and with 13,107, the most, 16,384. The largest that grows is 400 KiB.
const shardCount = 80

// shard is a part of the exact table: it holds the keys that are in flight and
// the newest commits. What it does not hold is either in older or not known.
type shard struct {
	mu      sync.Mutex
	closed  bool
	flights map[Key]*Claim
	commits commits
	probe   Key // see older.expiry
}

// drop removes the item's commit, and only that one.
func (sh *shard) drop(it *item) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if expiry, ok := sh.commits.expiry(&it.key); !ok || expiry != it.expiry {
		return false
	}
	sh.commits.remove(&it.key)
	return true
}
