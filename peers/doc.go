// Package peers holds tests against what others wrote: vendors' libraries that sign
// and that verify, and HTTP clients that behave in their own ways. It is a module of
// its own, so that users of the plugin do not inherit its dependencies.
//
// Folder js has our sender's deliveries verified by libraries in JavaScript:
//
//	npm --prefix js ci --ignore-scripts
//	go run ./js | node js/verify.mjs
package peers
