package dedupe

import "slices"

const (
	// recentCommits is how many of the newest commits the exact table keeps: all, at
	// most capacities. A key takes 65 bytes there and three times as much in ristretto,
	// and to commit it there costs a quarter.
	recentCommits = 1 << 20
	// moveBatch is how many commits leave the exact table at a time: enough to
	// share the cost of waiting for ristretto, few enough to hold nobody up.
	moveBatch = 256
	// maxDrops bounds what one commit clears away, so that the first one after
	// a quiet day does not pay for all keys of the day before.
	maxDrops = 64
)

// commit ends the claim as Done and remembers its key.
func (s *Store) commit(c *Claim, answer func() *Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.instant()
	expiry := now + instant(c.window)
	if !c.end(Done, answer, expiry) || s.closed {
		return
	}
	s.journal.push(c.window, item{c.key, expiry})
	s.trim(now, maxDrops)
	if s.journal.recent >= s.recent+s.batch {
		s.move()
	}
}

// trim drops commits that have expired and then, above capacity, the oldest;
// at most n in all.
func (s *Store) trim(now instant, n int) {
	for range n {
		q := s.journal.expired(now)
		early := q == nil
		if early {
			if s.journal.length <= s.entries {
				return
			}
			q = s.journal.oldest()
		}
		it := s.journal.pop(q)
		if s.drop(it) && early {
			s.evictedEarly++
		}
	}
}

// drop removes the item's commit and reports whether it was still known.
func (s *Store) drop(it *item) bool {
	if slices.Contains(s.moving, it) {
		s.settle() // so that it is in one place only
	}
	return s.older.drop(it) || s.shard(it.key).drop(it)
}

// move starts to hand a batch of the exact table's oldest commits to
// ristretto, which works on it until the next batch is due. Since commits move
// in the order in which they were made, the last one of a key prevails.
func (s *Store) move() {
	s.settle()
	for range s.batch {
		if it := s.journal.moveOldest(); !it.forgotten() {
			s.older.put(it)
			s.moving = append(s.moving, it)
		}
	}
}

// settle ends a move. A commit leaves the table once it shows in ristretto: one
// that was dropped or refused there stays, and so is never lost.
func (s *Store) settle() {
	s.older.settle()
	for _, it := range s.moving {
		if s.older.has(it) {
			s.shard(it.key).drop(it)
		}
	}
	clear(s.moving)
	s.moving = s.moving[:0]
}
