package provider_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/provider"
)

func catalogueFile(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("catalog", name+".yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func lookup(tb testing.TB, name string) *provider.Provider {
	tb.Helper()
	p, err := provider.Lookup(name)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestCatalogue(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("catalog/*")
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".yaml")
	}
	if diff := cmp.Diff(files, provider.Names()); diff != "" || len(files) == 0 {
		t.Errorf("the files of the catalogue are no list of its names: %s", diff)
	}
	for _, name := range provider.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := lookup(t, name)
			if p.Name != name {
				t.Errorf("%s.yaml is of provider %q", name, p.Name)
			}
			if p.Title == "" || len(p.Docs) == 0 || len(p.Notes) == 0 {
				t.Error("title, docs or notes are missing")
			}
			checkRoundTrip(t, p)
			checkConfidence(t, p)
			checkTypeNames(t, p)
			checkVectors(t, p)
		})
	}
}

// checkConfidence sees to it that a file says which of its facts are unconfirmed,
// and that these can be overridden under the names it gives.
func checkConfidence(t *testing.T, p *provider.Provider) {
	t.Helper()
	if (p.Confidence == provider.Unconfirmed) != (len(p.Unconfirmed) > 0) || p.Confidence == "" {
		t.Errorf("confidence %q with %d unconfirmed keys", p.Confidence, len(p.Unconfirmed))
	}
	own, err := p.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range p.Unconfirmed {
		// The value may be wrong for the key, as long as the key is known.
		if err := own.Set(key, "1"); err != nil && strings.Contains(err.Error(), "unknown key") {
			t.Errorf("unconfirmed: %v", err)
		}
	}
}

var (
	pastTense = regexp.MustCompile(`(^|_)([a-z]+ed|begun|built|done|left|lost|made|met|paid|put|read|sent|set|sold|taken|withdrawn|won)(_|$)`)
	plural    = regexp.MustCompile(`[^s]s$`)
)

// checkTypeNames sees to it that canonical types are a singular resource and a
// verb in the past tense.
func checkTypeNames(t *testing.T, p *provider.Provider) {
	t.Helper()
	for _, raw := range p.RawTypes() {
		name := p.Event.Types[raw]
		rest, found := strings.CutPrefix(name, p.Event.Prefix+".")
		resource, verb, two := strings.Cut(rest, ".")
		if !found || !two || strings.Contains(verb, ".") {
			t.Errorf("%s: want two parts after the prefix", name)
		}
		if plural.MatchString(resource) && !strings.HasSuffix(resource, "status") {
			t.Errorf("%s: the resource is in the plural", name)
		}
		if !pastTense.MatchString(verb) {
			t.Errorf("%s: the verb is not in the past tense", name)
		}
	}
}

// checkVectors sees to it that a file shows what is accepted, what is refused and
// each exchange. What comes of the vectors is tested where deliveries are judged.
func checkVectors(t *testing.T, p *provider.Provider) {
	t.Helper()
	names, wants := map[string]bool{}, map[string]int{}
	for _, v := range p.Vectors {
		wants[v.Want]++
		if v.Name == "" || names[v.Name] {
			t.Errorf("vector %q: name is missing or not its own", v.Name)
		}
		names[v.Name] = true
		checkWant(t, &v)
		checkKnownTypes(t, p, &v)
		if v.URL != "" && !strings.HasPrefix(v.URL, "https://") {
			t.Errorf("vector %q: URL %s", v.Name, v.URL)
		}
		if v.Published != "" && !strings.HasPrefix(v.Published, "https://") {
			t.Errorf("vector %q: published at %s", v.Name, v.Published)
		}
	}
	if wants[provider.WantAccept] == 0 || wants[provider.WantReject] == 0 {
		t.Errorf("want good and bad vectors, have %v", wants)
	}
	if exchanges := p.Handshake != nil || len(p.Challenge) > 0; exchanges != (wants[provider.WantAnswer] > 0) {
		t.Errorf("exchanges: %v, vectors of them: %d", exchanges, wants[provider.WantAnswer])
	}
}

func checkWant(t *testing.T, v *provider.Vector) {
	t.Helper()
	says := v.Type != "" || v.ID != "" || v.Subject != "" || !v.Time.IsZero()
	switch v.Want {
	case provider.WantAccept:
		if v.Reason != "" || v.Answer != nil {
			t.Errorf("vector %q is accepted, with a reason or answer", v.Name)
		}
	case provider.WantAnswer:
		if v.Answer == nil || v.Reason != "" || says {
			t.Errorf("vector %q is answered: want its answer alone", v.Name)
		}
	case provider.WantReject:
		if v.Reason == "" || v.Answer != nil || says {
			t.Errorf("vector %q is refused: want its reason alone", v.Name)
		}
	default:
		t.Errorf("vector %q wants %q", v.Name, v.Want)
	}
}

func checkKnownTypes(t *testing.T, p *provider.Provider, v *provider.Vector) {
	t.Helper()
	if v.Type == "" || len(p.Event.Types) == 0 {
		return
	}
	if !slices.Contains(slices.Collect(maps.Values(p.Event.Types)), v.Type) {
		t.Errorf("vector %q: type %s is not in the table", v.Name, v.Type)
	}
}

// TestFoundingProviders holds the tables against the providers' own pages.
func TestFoundingProviders(t *testing.T) {
	t.Parallel()
	var viasto []string
	for event := range strings.FieldsSeq("project_changed candidate_changed answervideo_changed rating_changed note_changed") {
		viasto = append(viasto, event, event+"/created", event+"/modified")
	}
	tests := map[string]struct {
		published []string
		count     int
	}{
		"everreal": {count: 28, published: strings.Fields(`
			LISTING_CREATED LISTING_UPDATED LISTING_ARCHIVED LISTING_ACTIVATED LISTING_DEACTIVATED
			LISTING_PUBLISHED_TO_CHANNEL LISTING_UNPUBLISHED_FROM_CHANNEL
			CANDIDATE_PARSED LISTING_CANDIDATE_APPLIED
			LISTING_CANDIDATE_SCHEDULE_INVITED_VIEWING LISTING_CANDIDATE_SCHEDULE_NEW_TIMESLOTS_REQUESTED
			LISTING_CANDIDATE_SCHEDULE_TIMESLOT_BOOKED_ADMIN LISTING_CANDIDATE_SCHEDULE_TIMESLOT_BOOKED_CANDIDATE
			LISTING_CANDIDATE_SCHEDULE_TIMESLOT_BOOKING_REMOVED_ADMIN
			LISTING_CANDIDATE_SCHEDULE_TIMESLOT_BOOKING_REMOVED_CANDIDATE
			LISTING_CONTRACT_FLOW_STARTED LISTING_CONTRACT_FLOW_WITHDRAWN
			LISTING_CONTRACT_FLOW_PARTIALLY_SIGNED LISTING_CONTRACT_FLOW_SIGNED
			OWNER_CREATED OWNER_UPDATED OWNER_DELETED
			PROPERTY_CREATED PROPERTY_UPDATED PROPERTY_DELETED
			UNIT_CREATED UNIT_UPDATED UNIT_DELETED`)},
		"repliers": {count: 19, published: strings.Fields(`
			agent.created agent.updated agent.deleted client.created client.updated client.deleted
			search.created search.updated search.deleted search.match.created search.match.updated
			message.created message.updated message.deleted listing.created listing.updated listing.deleted
			favorite.created favorite.deleted`)},
		"rechat": {count: 3 + 2 + 3, published: strings.Fields(`
			Deals/Created Deals/Updated Deals/Deleted
			Showings/showing.created Showings/showing.updated
			Contacts/create Contacts/update Contacts/delete`)},
		"viasto": {count: 5 * 3, published: viasto},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if len(test.published) != test.count {
				t.Fatalf("%d types are typed out here, want %d", len(test.published), test.count)
			}
			slices.Sort(test.published)
			if diff := cmp.Diff(test.published, lookup(t, name).RawTypes()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCanonicalTypes(t *testing.T) {
	t.Parallel()
	tests := []struct{ provider, raw, want string }{
		{"repliers", "listing.created", "io.repliers.listing.created"},
		{"repliers", "search.match.created", "io.repliers.search_match.created"},
		{"repliers", "search.match.updated", "io.repliers.search_match.updated"},
		{"repliers", "favorite.deleted", "io.repliers.favorite.deleted"},
		{"everreal", "LISTING_CREATED", "co.everreal.listing.created"},
		{"everreal", "LISTING_PUBLISHED_TO_CHANNEL", "co.everreal.listing.published_to_channel"},
		{"everreal", "CANDIDATE_PARSED", "co.everreal.candidate.parsed"},
		{"everreal", "LISTING_CANDIDATE_APPLIED", "co.everreal.listing_candidate.applied"},
		{"everreal", "LISTING_CANDIDATE_SCHEDULE_TIMESLOT_BOOKED_ADMIN", "co.everreal.listing_candidate_schedule.timeslot_booked_admin"},
		{"everreal", "LISTING_CONTRACT_FLOW_PARTIALLY_SIGNED", "co.everreal.listing_contract_flow.partially_signed"},
		{"everreal", "PROPERTY_DELETED", "co.everreal.property.deleted"},
		{"rechat", "Deals/Created", "com.rechat.deal.created"},
		{"rechat", "Showings/showing.updated", "com.rechat.showing.updated"},
		{"rechat", "Contacts/delete", "com.rechat.contact.deleted"},
		{"viasto", "project_changed/created", "com.interview-suite.project.created"},
		{"viasto", "project_changed/modified", "com.interview-suite.project.updated"},
		{"viasto", "project_changed", "com.interview-suite.project.changed"},
		{"viasto", "answervideo_changed/created", "com.interview-suite.answervideo.created"},
	}
	for _, test := range tests {
		if got := lookup(t, test.provider).Event.Types[test.raw]; got != test.want {
			t.Errorf("%s of %s: %s, want %s", test.raw, test.provider, got, test.want)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	first, second := lookup(t, "github"), lookup(t, "github")
	if first != second {
		t.Error("a provider of the catalogue is read twice")
	}
	for _, name := range []string{"", "githubb", "GitHub", "github.yaml", "../catalog/github", "*"} {
		if _, err := provider.Lookup(name); !errors.Is(err, provider.ErrUnknown) {
			t.Errorf("%q: error %v", name, err)
		}
	}
}
