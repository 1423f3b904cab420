package peers

import (
	"net/http"
	"testing"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	svix "github.com/svix/svix-webhooks/go"
)

// TestOthersVerifyWhatWeSend lets vendors' libraries judge deliveries of our sender.
func TestOthersVerifyWhatWeSend(t *testing.T) {
	deliveries, err := Deliveries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, library := range []struct {
		name   string
		verify func(*testing.T, Delivery) error
	}{
		{"standard-webhooks", func(t *testing.T, d Delivery) error {
			wh, err := standard.NewWebhook(d.Secret)
			if err != nil {
				t.Fatal(err)
			}
			return wh.Verify([]byte(d.Body), d.header())
		}},
		{"svix", func(t *testing.T, d Delivery) error {
			wh, err := svix.NewWebhook(d.Secret)
			if err != nil {
				t.Fatal(err)
			}
			return wh.Verify([]byte(d.Body), d.header())
		}},
	} {
		for _, d := range deliveries {
			t.Run(library.name+", "+d.Name, func(t *testing.T) {
				if err := library.verify(t, d); (err == nil) != d.Genuine {
					t.Errorf("the library says %v; genuine: %t", err, d.Genuine)
				}
			})
		}
	}
}

func (d Delivery) header() http.Header {
	header := http.Header{}
	for name, value := range d.Headers {
		header.Set(name, value)
	}
	return header
}
