package subscription

import (
	"encoding/json"
	"errors"
)

// maxEvent is the longest event that is shown, in bytes.
const maxEvent = 200

// record is a subscription in a provider's own form.
type record interface {
	subscription() Subscription
}

// decode reads the body of an answer into what into points to.
func (a *api) decode(operation string, body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return a.unexpected(operation, err)
	}
	return nil
}

// convert makes the common form of a record. Its URL and event were chosen by
// whoever made the subscription, who may not be us, so they are made fit to show.
func (a *api) convert(operation string, r record) (Subscription, error) {
	s := r.subscription()
	if s.ID == "" || s.URL == "" {
		return Subscription{}, a.unexpected(operation, errors.New("a subscription has no id or no url"))
	}
	s.URL, s.Event = plain(s.URL, maxURL), plain(s.Event, maxEvent)
	return s, nil
}

// convertAll makes the common form of a list.
func convertAll[R record](a *api, records []R) ([]Subscription, error) {
	if records == nil {
		return nil, a.unexpected(opList, errNoList) // null, or left out
	}
	list := make([]Subscription, 0, len(records))
	for _, r := range records {
		s, err := a.convert(opList, r)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// decodeItems reads a list of a form that is not documented; see items.
func decodeItems[R record](a *api, answer *answer) ([]Subscription, error) {
	elements, err := items(answer.body)
	if err == nil && linksOn(answer.header) {
		err = errMore
	}
	if err != nil {
		return nil, a.unexpected(opList, err)
	}
	records := make([]R, len(elements))
	for i, element := range elements {
		if err := a.decode(opList, element, &records[i]); err != nil {
			return nil, err
		}
	}
	return convertAll(a, records)
}
