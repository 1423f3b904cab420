package sample

import (
	"embed"
	"strings"
)

// bodies holds one body for each founding provider.
//
//go:embed bodies/*.json
var bodies embed.FS

// eventOf says which event the provider's body tells of.
var eventOf = map[string]string{
	"asana":             "task.changed",
	"everreal":          "LISTING_CANDIDATE_APPLIED",
	"github":            "push",
	"gitlab":            "push",
	"rechat":            "Deals/Updated",
	"repliers":          "listing.updated",
	"rest-hooks":        "contact.created",
	"shopify":           "orders/paid",
	"slack":             "app_mention",
	"standard-webhooks": "invoice.paid",
	"stripe":            "payment_intent.succeeded",
	"viasto":            "project_changed/modified",
}

// bodyOf returns the body of a provider that eventOf names.
func bodyOf(provider string) string {
	data, _ := bodies.ReadFile("bodies/" + provider + ".json") // embedded, it is there
	return strings.TrimSpace(string(data))
}
