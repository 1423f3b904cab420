package sender

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
)

// The headers of CloudEvents' validation, as net/http writes them.
const (
	headerRequestOrigin = "Webhook-Request-Origin"
	headerRequestRate   = "Webhook-Request-Rate"
	headerAllowedOrigin = "Webhook-Allowed-Origin"
	headerAllowedRate   = "Webhook-Allowed-Rate"
)

// CloudEvents is the validation of "HTTP 1.1 Web Hooks for Event Delivery"
// (https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md, section 4):
// the sender asks with OPTIONS whether deliveries from its origin are wanted, and
// the endpoint allows that origin, or all by "*", within 10 seconds.
//
// The origin is a DNS name that stands for the sending system. Each delivery must
// name it again, so it also belongs into [Profile.Header], as
// WebHook-Request-Origin.
//
// The rate is how many deliveries a minute the sender asks for; 0 asks for none. An
// endpoint that is asked must allow a rate, which is granted whether it is more or
// less.
func CloudEvents(origin string, rate int) Verification {
	return cloudEvents{origin, rate}
}

type cloudEvents struct {
	origin string
	rate   int
}

// dnsName is loose: the endpoint alone judges whether it knows the name.
var dnsName = regexp.MustCompile(`^[A-Za-z0-9.-]{1,253}$`)

// Verify implements [Verification].
func (v cloudEvents) Verify(ctx context.Context, client *http.Client, subscription Subscription) (Grant, error) {
	if !dnsName.MatchString(v.origin) {
		return Grant{}, fmt.Errorf("%w: the origin %q is no DNS name", ErrInvalid, v.origin)
	}
	if v.rate < 0 {
		return Grant{}, fmt.Errorf("%w: the rate %d is negative", ErrInvalid, v.rate)
	}
	req, err := newVerificationRequest(ctx, http.MethodOptions, subscription, nil)
	if err != nil {
		return Grant{}, err
	}
	req.Header.Set(headerRequestOrigin, v.origin)
	if v.rate > 0 {
		req.Header.Set(headerRequestRate, strconv.Itoa(v.rate))
	}
	got, err := ask(client, req, subscription)
	if err != nil {
		return Grant{}, err
	}
	return v.consent(got)
}

// consent reads the endpoint's answer. Many servers answer OPTIONS with success for
// reasons of their own, so a status is no consent.
func (v cloudEvents) consent(got answer) (Grant, error) {
	if err := got.expectSuccess(); err != nil {
		return Grant{}, err
	}
	origin, err := got.single(headerAllowedOrigin)
	if err != nil {
		return Grant{}, err
	}
	if origin != v.origin && origin != "*" {
		return Grant{}, unverified("it allows another origin than %s", v.origin)
	}
	return v.grant(got)
}

func (v cloudEvents) grant(got answer) (Grant, error) {
	if v.rate == 0 && len(got.header.Values(headerAllowedRate)) == 0 {
		return Grant{}, nil
	}
	text, err := got.single(headerAllowedRate)
	if err != nil {
		return Grant{}, err
	}
	if text == "*" {
		return Grant{}, nil
	}
	rate, err := strconv.ParseUint(text, 10, 31)
	if err != nil || rate == 0 {
		return Grant{}, unverified("its %s is neither a positive number nor *", headerAllowedRate)
	}
	return Grant{Rate: int(rate)}, nil
}
