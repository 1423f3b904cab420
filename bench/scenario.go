package main

import (
	"fmt"
	"strings"
)

// scenario is one comparison: the same load on a bare proxy and on a gateway.
type scenario struct {
	name      string
	title     string
	body      int // bytes
	endpoints int
	entries   int // dedupe entries
	fill      int // distinct deliveries sent before memory is read, at least
	main      bool
}

func scenarios() []scenario {
	return []scenario{
		{name: "1KiB", title: "1 KiB bodies, one endpoint", body: 1 << 10, endpoints: 1, entries: 200_000, fill: 220_000, main: true},
		{name: "64KiB", title: "64 KiB bodies", body: 64 << 10, endpoints: 1, entries: 200_000},
		{name: "1MiB", title: "1 MiB bodies", body: 1 << 20, endpoints: 1, entries: 200_000},
		{name: "1000-endpoints", title: "1,000 endpoints against 1,000 routes", body: 1 << 10, endpoints: 1000, entries: 200_000},
		{name: "million-keys", title: "a million deliveries remembered", body: 1 << 10, endpoints: 1, entries: 1_000_000, fill: 1_050_000},
	}
}

// secret signs the benchmark's deliveries.
const secret = "bench-secret-of-32-characters-00"

// caddyfile is the configuration of one side.
func (s scenario) caddyfile(listen, upstream string, guarded bool) string {
	var b strings.Builder
	b.WriteString("{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n\tlog {\n\t\tlevel ERROR\n")
	if guarded {
		b.WriteString("\t\tformat hookward {\n\t\t\twrap json\n\t\t}\n") // as the README tells everyone to
	} else {
		b.WriteString("\t\tformat json\n")
	}
	b.WriteString("\t}\n")
	if guarded {
		fmt.Fprintf(&b, "\thookward {\n\t\tdedupe_entries %d\n\t\tmax_inflight 1GiB\n\t}\n", s.entries) // one client sends it all
	}
	fmt.Fprintf(&b, "}\nhttp://%s {\n", listen)
	for i := range s.endpoints {
		fmt.Fprintf(&b, "\thandle %s {\n", path(i))
		if guarded {
			fmt.Fprintf(&b, "\t\thookward github {\n\t\t\tname bench-%d\n\t\t\tpath %s\n\t\t\tsecret %s\n\t\t}\n", i, path(i), secret)
		}
		fmt.Fprintf(&b, "\t\treverse_proxy %s\n\t}\n", upstream)
	}
	b.WriteString("}\n")
	return b.String()
}

func path(i int) string { return fmt.Sprintf("/webhooks/bench-%d", i) }
