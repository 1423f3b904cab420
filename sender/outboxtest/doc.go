// Package outboxtest tests implementations of [sender.Outbox], [sender.Registry]
// and [sender.History], as [testing/fstest] does for file systems:
//
//	func TestOutbox(t *testing.T) {
//		outboxtest.TestOutbox(t, func(t *testing.T) sender.Outbox { return open(t) })
//	}
//
// Each function takes one that opens an empty store, which is called for each
// subtest and cleans up by t.Cleanup.
package outboxtest
