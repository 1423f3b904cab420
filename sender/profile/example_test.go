package profile_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/hookward/hookward/sender/profile"
)

// A staging system has its own Repliers: the real one's API, and its deliveries.
func ExampleNew() {
	ctx := context.Background()
	repliers, err := profile.New("repliers", profile.WithCredential("demo"), profile.WithLoopback())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer repliers.Close(ctx)
	api := httptest.NewServer(repliers)
	defer api.Close()

	delivered := make(chan string)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if len(body) == 0 { // the handshake
			w.Header().Set("X-Hook-Secret", r.Header.Get("X-Hook-Secret"))
			return
		}
		delivered <- string(body)
	}))
	defer endpoint.Close()

	// Whoever wants to be told subscribes by the API, or like this.
	if _, err := repliers.Subscribe(ctx, endpoint.URL, "favorite.created"); err != nil {
		fmt.Println(err)
		return
	}
	payload, err := profile.Sample("repliers", "favorite.created", 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := repliers.Emit(ctx, "favorite.created", payload); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-delivered)
	// Output: [{"favoriteId":5512,"clientId":20417,"mlsNumber":"E8812345","boardId":4442,"createdOn":"2026-03-05T09:14:02.000Z"}]
}
