package peers

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"
	"time"
)

// Delivery is a request of our sender, or an altered copy of one, and what others'
// libraries must say of it.
type Delivery struct {
	Name    string            `json:"name"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Secret  string            `json:"secret"` // what it is verified with
	Genuine bool              `json:"genuine"`
}

const (
	// body is written as hardly any library writes JSON: a receiver must verify the
	// very bytes.
	body = "{\"type\": \"thing.created\",\n\t\"data\":{\"name\":\"Zoë's <lamp>\",  \"price\":1.0, \"unit\":\"\\u20ac\"} }\n"

	strangersSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" //nolint:gosec // a published example
	// privateKey is of the kind that these libraries do not know, and pass over.
	privateKey = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
)

// Deliveries sends over loopback, and returns what arrives there.
func Deliveries(ctx context.Context) ([]Delivery, error) {
	c := newCustomer(ctx)
	all := c.deliveries()
	return all, errors.Join(c.err, c.leave())
}

func (c *customer) deliveries() []Delivery {
	first := c.secret()
	plain := c.next()
	all := append(altered(plain.verified("as it came", first, true)),
		plain.verified("another secret", strangersSecret, false))

	second := c.rotate(time.Hour)
	during := c.next()
	third := c.rotate(0)
	after := c.next()
	all = append(all,
		during.verified("the old secret during a rotation", first, true),
		during.verified("the new secret during a rotation", second, true),
		during.verified("a secret to come", third, false),
		after.verified("the first secret after two rotations", first, false),
		after.verified("the second secret after two rotations", second, false),
		after.verified("the third secret after two rotations", third, true))

	c.moveClock(-10 * time.Minute)
	all = append(all, c.next().verified("signed long ago", third, false))
	c.moveClock(10 * time.Minute)
	all = append(all, c.next().verified("signed in the future", third, false))
	c.moveClock(0)

	c.addSecret(privateKey)
	return append(all, c.next().verified("a signature of another kind beside ours", third, true))
}

// altered returns a delivery, and copies that differ from it in one place.
func altered(genuine Delivery) []Delivery {
	body := genuine
	body.Name, body.Genuine = "another body", false
	body.Body = strings.Replace(body.Body, "1.0", "1.1", 1)
	signature := genuine.Headers["webhook-signature"]
	return []Delivery{
		genuine,
		body,
		genuine.altered("another id", "webhook-id", "evt_another"),
		genuine.altered("another time", "webhook-timestamp", strconv.FormatInt(time.Now().Unix()+1, 10)),
		genuine.altered("no id", "webhook-id", ""),
		genuine.altered("no time", "webhook-timestamp", ""),
		genuine.altered("no signature", "webhook-signature", ""),
		genuine.altered("another version", "webhook-signature", strings.Replace(signature, "v1,", "v2,", 1)),
	}
}

// verified says what must come of the delivery with a secret.
func (d Delivery) verified(name, secret string, genuine bool) Delivery {
	d.Name, d.Secret, d.Genuine = name, secret, genuine
	return d
}

// altered is a forged copy with another value of a header.
func (d Delivery) altered(name, header, value string) Delivery {
	headers := maps.Collect(maps.All(d.Headers))
	headers[header] = value
	d.Headers = headers
	return d.verified(name, d.Secret, false)
}
