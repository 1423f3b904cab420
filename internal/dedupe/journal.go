package dedupe

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// item is one commit in the journal.
type item struct {
	key    Key // zero once forgotten
	expiry instant
}

func (it *item) forgotten() bool {
	return it.key == Key{}
}

// journal is the order in which keys were committed. It says which commits
// have expired, which leave the exact table for older, and which are lost when
// there are too many.
//
// It keeps a queue for every length of window in use, of which a configuration
// has few: within one queue the oldest commit is also the first to expire.
type journal struct {
	queues []*queue
	length int // commits in all queues
	recent int // those of them that are in the exact table
}

func (j *journal) push(window time.Duration, it item) {
	i := slices.IndexFunc(j.queues, func(q *queue) bool { return q.window == window })
	if i < 0 {
		i = len(j.queues)
		j.queues = append(j.queues, &queue{window: window})
	}
	j.queues[i].push(it)
	j.length++
	j.recent++
}

// expired returns a queue whose oldest commit has expired, or nil.
func (j *journal) expired(now instant) *queue {
	for _, q := range j.queues {
		if q.at(q.head).expiry <= now {
			return q
		}
	}
	return nil
}

// oldest returns the queue with the oldest commit. The journal is not empty.
func (j *journal) oldest() *queue {
	return slices.MinFunc(j.queues, func(a, b *queue) int {
		return cmp.Compare(a.committed(a.head), b.committed(b.head))
	})
}

// pop removes the queue's oldest commit. Empty queues go, so that lengths of
// window that are no longer configured leave nothing behind.
func (j *journal) pop(q *queue) *item {
	if q.moved == q.head {
		q.moved++
		j.recent--
	}
	it := q.pop()
	j.length--
	if q.head == q.tail {
		j.queues = slices.DeleteFunc(j.queues, func(other *queue) bool { return other == q })
	}
	return it
}

// moveOldest returns the oldest commit of the exact table, which counts as
// moved from then on. There is one.
func (j *journal) moveOldest() *item {
	var from *queue
	for _, q := range j.queues {
		if q.moved == q.tail {
			continue
		}
		if from == nil || q.committed(q.moved) < from.committed(from.moved) {
			from = q
		}
	}
	it := from.at(from.moved)
	from.moved++
	j.recent--
	return it
}

// forget disowns the key's commit where it stands, so that it can not be taken
// for a later commit of the same key.
func (j *journal) forget(key Key, expiry instant) {
	for _, q := range j.queues {
		for i := q.search(expiry); i < q.tail && q.at(i).expiry == expiry; i++ {
			if it := q.at(i); it.key == key {
				it.key = Key{}
			}
		}
	}
}

// live counts the commits that have not expired.
func (j *journal) live(now instant) int {
	n := 0
	for _, q := range j.queues {
		n += q.tail - q.search(now+1)
	}
	return n
}

const chunkItems = 1024

// queue holds the commits of one length of window, oldest first, in chunks
// that are freed as it moves on. Positions count from the start of chunks[0].
type queue struct {
	window time.Duration
	chunks []*[chunkItems]item
	head   int // the oldest commit
	moved  int // the oldest commit that is in the exact table
	tail   int // where the next commit goes
}

func (q *queue) at(position int) *item {
	return &q.chunks[position/chunkItems][position%chunkItems]
}

// committed returns when the commit at position was made.
func (q *queue) committed(position int) instant {
	return q.at(position).expiry - instant(q.window)
}

// search returns the position of the first commit that expires at expiry or
// later.
func (q *queue) search(expiry instant) int {
	return q.head + sort.Search(q.tail-q.head, func(i int) bool {
		return q.at(q.head+i).expiry >= expiry
	})
}

func (q *queue) push(it item) {
	if q.tail == len(q.chunks)*chunkItems {
		q.chunks = append(q.chunks, new([chunkItems]item))
	}
	*q.at(q.tail) = it
	q.tail++
}

func (q *queue) pop() *item {
	it := q.at(q.head)
	q.head++
	if q.head == chunkItems {
		q.chunks = slices.Delete(q.chunks, 0, 1)
		q.head -= chunkItems
		q.moved -= chunkItems
		q.tail -= chunkItems
	}
	return it
}
