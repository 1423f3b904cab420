// Package gate judges deliveries: one comes in, a verdict comes out. It knows
// neither Caddy nor the network; what it decides depends on the delivery, the
// endpoint's settings, the time of arrival and the stores alone.
//
// The way of a delivery through the package is [Endpoint.Precheck], which needs
// no body, and [Endpoint.Judge]: route, handshake or challenge, proof,
// requirements, event, claim.
package gate
