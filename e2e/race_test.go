//go:build race

package e2e

// raceDetector builds the gateway with the race detector, as the tests are.
const raceDetector = true
