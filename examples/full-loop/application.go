package main

import (
	"net/http"
	"sync"

	cloudevents "github.com/cloudevents/sdk-go/v2"
)

const maxEvent = 1 << 20 // bytes of a body

// application is what stands behind the gateway. It knows CloudEvents, and no provider.
type application struct {
	*site
	*story

	mu       sync.Mutex
	requests int
	newest   *cloudevents.Event
}

func startApplication(s *story) (*application, error) {
	a := &application{story: s}
	var err error
	a.site, err = serve(a)
	return a, err
}

// ServeHTTP implements [http.Handler].
func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxEvent)
	event, err := cloudevents.NewEventFromHTTPRequest(r)
	a.note(event)
	if err != nil {
		a.tell("application", "received what is no CloudEvent: %v", err)
		http.Error(w, "no CloudEvent", http.StatusBadRequest)
		return
	}
	a.tell("application", "received %s", event.Type())
	a.tell("", "  id       %s", event.ID())
	a.tell("", "  source   %s", event.Source())
	a.tell("", "  subject  %s", event.Subject())
	a.tell("", "  data     %d bytes", len(event.Data()))
}

func (a *application) note(event *cloudevents.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests++
	a.newest = event
}

// seen returns how many requests there were, and the event of the newest, if it was one.
func (a *application) seen() (requests int, newest *cloudevents.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.requests, a.newest
}
