//go:build deps

package hookward

import (
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	_ "github.com/caddyserver/caddy/v2/caddytest"
	_ "github.com/caddyserver/certmagic"
	_ "github.com/cloudevents/sdk-go/v2"
	_ "github.com/dgraph-io/ristretto/v2"
	_ "github.com/dustin/go-humanize"
	_ "github.com/goccy/go-yaml"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/prometheus/client_golang/prometheus"
	_ "github.com/prometheus/client_golang/prometheus/testutil"
	_ "github.com/spf13/cobra"
	_ "github.com/tidwall/gjson"
	_ "go.uber.org/goleak"
	_ "go.uber.org/zap"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/time/rate"
	_ "github.com/hashicorp/golang-lru/v2"
	_ "pgregory.net/rapid"
)
