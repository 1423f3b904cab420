package dedupe_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/hookward/hookward/internal/dedupe"
)

func ExampleStore() {
	store, err := dedupe.New(dedupe.Options{Entries: 200_000})
	if err != nil {
		panic(err)
	}
	defer store.Close()

	deliver := func(ctx context.Context, id string) (string, error) {
		key := dedupe.KeyOf("repliers-prod", "", dedupe.ByID, []byte(id))
		result, err := store.Claim(key, 24*time.Hour)
		if err == nil && result.State == dedupe.InFlight {
			result, err = result.Flight.Wait(ctx)
		}
		if err != nil {
			return "", err // 503: the provider tries again
		}
		if result.State != dedupe.Fresh {
			return "duplicate", nil // answered with result.Answer, if there is one
		}
		defer result.Claim.Release(nil) // covers every way out but the one below
		// Here the upstream does its work.
		result.Claim.Commit(func() *dedupe.Answer { return &dedupe.Answer{Status: http.StatusOK} })
		return "delivered", nil
	}

	for range 2 {
		fmt.Println(deliver(context.Background(), "evt_1"))
	}
	// Output:
	// delivered <nil>
	// duplicate <nil>
}
