package main

import "fmt"

// role is what differs between the providers.
type role struct {
	name    string // in the catalogue
	event   string // what is subscribed to, in the provider's own words
	happens string // the type of the event that then happens
	arrives string // its type as a CloudEvent
	learned string // how the gateway comes by the secret; "": nothing is signed
}

var roles = []role{
	{"repliers", "listing.created", "listing.created", "io.repliers.listing.created", "in the handshake"},
	{"rechat", "Deals", "Deals/Created", "com.rechat.deal.created", "from the answer of the API"},
	{"everreal", "LISTING_CREATED", "LISTING_CREATED", "co.everreal.listing.created", ""},
	{"viasto", "project_changed", "project_changed/created", "com.interview-suite.project.created", ""},
}

// choose returns the role of one provider, or all of them.
func choose(name string) ([]role, error) {
	if name == "" {
		return roles, nil
	}
	for _, r := range roles {
		if r.name == name {
			return []role{r}, nil
		}
	}
	return nil, fmt.Errorf("%q is none of the four providers", name)
}
