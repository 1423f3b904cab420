package profile_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
)

func TestSamples(t *testing.T) {
	t.Parallel()
	for _, name := range profile.Providers() {
		types := profile.EventTypes(name)
		if len(types) == 0 || !slices.IsSorted(types) {
			t.Errorf("%s has the types %v", name, types)
		}
		for _, eventType := range types {
			seen := make(map[string]bool)
			for _, number := range []int{0, 1, 2, 1000} {
				payload, err := profile.Sample(name, eventType, number)
				if err != nil {
					t.Fatal(err)
				}
				again, err := profile.Sample(name, eventType, number)
				if err != nil || string(again) != string(payload) {
					t.Errorf("%s %s %d is not the same again: %v", name, eventType, number, err)
				}
				if !json.Valid(payload) || strings.Contains(string(payload), "\n") {
					t.Errorf("%s %s %d is %s", name, eventType, number, payload)
				}
				seen[string(payload)] = true
				clear(payload) // it is the caller's own
			}
			wantEqual(t, "the number of samples of "+name+" "+eventType, len(seen), 4)
		}
	}
}

// TestSamplesHoldTogether looks into one whose parts refer to each other, and to a brand.
func TestSamplesHoldTogether(t *testing.T) {
	t.Parallel()
	payload, err := profile.Sample("rechat", "Contacts/create", 5)
	if err != nil {
		t.Fatal(err)
	}
	var contacts struct {
		References map[string]map[string]struct{ ID string }
		Data       []struct {
			ID, Brand  string
			Attributes []struct{ ID string }
		}
	}
	if err := json.Unmarshal(payload, &contacts); err != nil {
		t.Fatal(err)
	}
	contact := contacts.Data[0]
	id := contact.Attributes[0].ID
	if referred, found := contacts.References["contact_attribute"][id]; !found || referred.ID != id {
		t.Errorf("%s is not in %v", id, contacts.References)
	}
	server, err := profile.New("rechat")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(t.Context())
	wantEqual(t, "the brand", contact.Brand, server.Account())
}

func TestSampleNumbers(t *testing.T) {
	t.Parallel()
	for eventType, want := range map[string]string{
		"repliers favorite.created":  `[{"favoriteId":5515,"clientId":20420,"mlsNumber":"E8812348","boardId":4445,"createdOn":"2026-03-05T09:14:02.000Z"}]`,
		"viasto project_changed":     `{"project":"https://interview-suite.com/api/v3/companies/1/projects/20/"}`,
		"rest-hooks contact.created": `{"id":4714,"name":"Grace Example","email":"grace@example.com"}`,
	} {
		name, eventType, _ := strings.Cut(eventType, " ")
		payload, err := profile.Sample(name, eventType, 3)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, name, string(payload), want)
	}
}

func TestNoSamples(t *testing.T) {
	t.Parallel()
	for _, of := range [][2]string{{"everreal", "UNIT_EXPLODED"}, {"everreal", ""}, {"github", "push"}, {"none", "x"}, {"rest-hooks", ""}, {"rest-hooks", "a.b"}} {
		if payload, err := profile.Sample(of[0], of[1], 0); !errors.Is(err, sender.ErrInvalid) {
			t.Errorf("%v: %s, %v", of, payload, err)
		}
	}
	for _, name := range []string{"github", "none"} {
		if types := profile.EventTypes(name); types != nil {
			t.Errorf("%s has %v", name, types)
		}
	}
}
