// Package adminapi says what Hookward's part of Caddy's admin API takes and
// answers, all of it in JSON. The server that answers and the commands that ask
// share it. Nothing in it is a secret.
package adminapi

// Prefix is where the routes of Hookward begin on Caddy's admin endpoint.
const Prefix = "/hookward/"
