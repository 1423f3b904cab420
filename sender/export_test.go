package sender

import "time"

// SetLease makes leases short enough to wait for.
func (o *MemoryOutbox) SetLease(d time.Duration) { o.lease = d }
