package subscription_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/hookward/hookward/subscription"
)

// answering plays an API that gives one answer to everything.
func answering(status int, body string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
}

func ExampleOpen() {
	api := answering(http.StatusOK, `{"id":438,"target_url":"https://hooks.example.com/repliers/a1","event":"listing.created"}`)
	defer api.Close()

	client, err := subscription.Open("repliers", subscription.Config{
		API:        api.URL, // left out, it is https://api.repliers.io
		Credential: subscription.StaticCredential("demo"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	created, err := client.Create(context.Background(), subscription.Request{
		URL:   "https://hooks.example.com/repliers/a1",
		Event: "listing.created",
	})
	fmt.Println(created.ID, err)
	// Output: 438 <nil>
}

// A rotated credential is used from the next attempt on.
func ExampleCredential() {
	credential := func(context.Context) (string, error) {
		text, err := os.ReadFile("/run/secrets/rechat")
		return strings.TrimSpace(string(text)), err
	}
	_, err := subscription.NewRechat(subscription.Config{
		Account:    "8929cf8b-6bcc-484a-a7a6-242eaf70cb7a",
		Credential: credential,
	})
	fmt.Println(err)
	// Output: <nil>
}

// Rechat's answers hold the key that deliveries are signed with.
func ExampleSecret() {
	api := answering(http.StatusOK, `{"code":"OK","data":{"id":"d9dc8237","topic":"Deals",
		"url":"https://hooks.example.com/rechat","key":"16b43e2f5379346d4e605f4389c8366bece1756a22fbef3a7906549d8eaf097e"}}`)
	defer api.Close()

	client, err := subscription.NewRechat(subscription.Config{
		API:        api.URL,
		Account:    "8929cf8b-6bcc-484a-a7a6-242eaf70cb7a",
		Credential: subscription.StaticCredential("demo"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	created, err := client.Create(context.Background(), subscription.Request{
		URL:   "https://hooks.example.com/rechat",
		Event: "Deals",
	})
	fmt.Println("to a log:", created.Secret, err)
	fmt.Println("to a store:", len(created.Secret.Reveal()), "characters")
	// Output:
	// to a log: 524ce40a <nil>
	// to a store: 64 characters
}

func ExampleError() {
	api := answering(http.StatusForbidden, `{"errors":[{"message":"Duplicated webhook. Delete the old one first."}]}`)
	defer api.Close()

	client, err := subscription.NewAsana(subscription.Config{
		API:        api.URL,
		Account:    "1331",
		Credential: subscription.StaticCredential("demo"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Create(context.Background(), subscription.Request{
		URL:      "https://hooks.example.com/asana",
		Resource: "8675309",
		Event:    "task.changed",
	})
	var failure *subscription.Error
	if errors.Is(err, subscription.ErrConflict) && errors.As(err, &failure) {
		fmt.Println(failure.Status, failure.Message)
	}
	// Output: 403 Duplicated webhook. Delete the old one first.
}

func ExampleEventLister() {
	client, err := subscription.Open("rechat", subscription.Config{
		Account:    "8929cf8b-6bcc-484a-a7a6-242eaf70cb7a",
		Credential: subscription.StaticCredential("demo"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if lister, closed := client.(subscription.EventLister); closed {
		fmt.Println(lister.Events())
	}
	// Output: [Contacts Deals Showings]
}
