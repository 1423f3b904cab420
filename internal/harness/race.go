//go:build race

package harness

// Race tells whether the gateway is built with the race detector, as the tests are.
const Race = true
