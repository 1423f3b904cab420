// Package e2e holds the tests that run Hookward as its users do: a real process
// with a configuration file, spoken to over sockets, in front of an upstream that
// writes down what reaches it. It has no code of its own.
package e2e
