// Package peers holds tests against what others wrote: vendors' libraries that
// sign, and HTTP clients that behave in their own ways. It is a module of its own,
// so that users of the plugin do not inherit its dependencies.
package peers
