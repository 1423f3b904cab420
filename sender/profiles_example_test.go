package sender_test

import (
	"fmt"
	"net/http"

	"github.com/hookward/hookward/sender"
)

// An endpoint gets the public half of the key that signs its deliveries.
func ExamplePublicKey() {
	secret := sender.Secret{Value: "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="}
	public, err := sender.PublicKey(secret.Value)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(public)
	// Output: whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=
}

// A ready profile takes another verification. Deliveries then name the origin, as
// the endpoint allowed it.
func ExampleCloudEvents() {
	const origin = "events.example.com"
	profile := sender.StandardWebhooks()
	profile.Verification = sender.CloudEvents(origin, 600)
	profile.Header = http.Header{}
	profile.Header.Set("WebHook-Request-Origin", origin)
	fmt.Println(profile.Name, profile.Header)
	// Output: standard-webhooks map[Webhook-Request-Origin:[events.example.com]]
}
