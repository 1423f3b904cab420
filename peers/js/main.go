// Command js prints what our sender delivers, and altered copies of it, a JSON object
// a line, for verify.mjs to judge.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"time"

	"github.com/hookward/hookward/peers"
)

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	deliveries, err := peers.Deliveries(ctx)
	if err != nil {
		log.Fatal(err)
	}
	lines := json.NewEncoder(os.Stdout)
	for _, d := range deliveries {
		if err := lines.Encode(d); err != nil { //nolint:gosec // the secret was made for this, and is good for nothing else
			log.Fatal(err)
		}
	}
}
