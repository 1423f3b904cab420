package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/hookward/hookward/sender"
)

const maxRequest = 64 << 10 // bytes of a body

// operation answers a request. What it is about is a customer's name, or the id of
// one of the customer's subscriptions.
type operation func(r *http.Request, about string) (answer any, err error)

// forCustomer asks who calls, and answers in JSON.
func forCustomer(do operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		customer, known := customers[sha256.Sum256([]byte(key))]
		if !known {
			write(w, http.StatusUnauthorized, map[string]string{"error": "the API key is not known"})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		answer, err := do(r, customer)
		switch {
		case err != nil:
			fail(w, err)
		case answer == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			write(w, http.StatusOK, answer)
		}
	})
}

// forSubscription asks whose subscription it is, too: to everybody else there is none.
func (a api) forSubscription(do operation) http.Handler {
	return forCustomer(func(r *http.Request, customer string) (any, error) {
		subscription, err := a.sender.Subscription(r.Context(), r.PathValue("id"))
		if err == nil && subscription.Tenant != customer {
			err = fmt.Errorf("subscription: %w", sender.ErrNotFound)
		}
		if err != nil {
			return nil, err
		}
		return do(r, subscription.ID)
	})
}

func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, sender.ErrInvalid), errors.Is(err, sender.ErrForbidden):
		status = http.StatusBadRequest
	case errors.Is(err, sender.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, sender.ErrFull), errors.Is(err, sender.ErrClosed):
		status = http.StatusServiceUnavailable
	}
	if status >= http.StatusInternalServerError {
		slog.Error("a request failed", "error", err)
		err = errors.New(http.StatusText(status)) // what went wrong within is not for customers
	}
	write(w, status, map[string]string{"error": err.Error()})
}

func read[T any](r *http.Request) (value T, err error) {
	if err = json.NewDecoder(r.Body).Decode(&value); err != nil {
		err = fmt.Errorf("%w request: %w", sender.ErrInvalid, err)
	}
	return value, err
}

func write(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		slog.Warn("a client has left", "error", err)
	}
}
