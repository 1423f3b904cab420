package docs

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/sender"
)

// TestGo finds the Go code of the pages in the examples, which are compiled and run.
func TestGo(t *testing.T) {
	t.Parallel()
	examples, err := os.ReadFile("sender_example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range handbook(t) {
		for _, b := range p.blocks("go") {
			if !holds(string(examples), b.text) {
				t.Errorf("%s:%d: no example has this code", p.file, b.line)
			}
		}
	}
}

// holds tells whether code has a text among its lines, however deep.
func holds(code, text string) bool {
	for range 3 {
		if strings.Contains("\n"+code, "\n"+text) {
			return true
		}
		text = indented(text)
	}
	return false
}

func indented(text string) string {
	var deeper strings.Builder
	for line := range strings.Lines(text) {
		if line != "\n" {
			deeper.WriteByte('\t')
		}
		deeper.WriteString(line)
	}
	return deeper.String()
}

// TestSenderTables compares tables with what they list of the code, so that neither
// has more than the other.
func TestSenderTables(t *testing.T) {
	t.Parallel()
	page := readPage(t, "docs/sender.md")
	code, store := source(t, "sender"), source(t, "sender/natsstore")
	const option = `(?m)^func ((?:With|On)\w+)\(.*\) Option \{$`

	for name, c := range map[string]struct{ table, code []string }{
		"states":        {page.column(t, "Subscriptions", "state"), find(code, `\bState = "(\w+)"`)},
		"reasons":       {page.column(t, "Subscriptions", "reason"), find(code, `\bReason = "(\w+)"`)},
		"verifications": {page.column(t, "Verification", "verification"), find(code, `(?m)^func ([A-Z]\w*)\(.*\) Verification \{`)},
		"profiles":      {page.column(t, "Signing", "profile"), find(code, `(?m)^func ([A-Z]\w*)\(.*\) Profile \{`)},
		"records":       {page.column(t, "Attempts and redelivery", "field"), keysOf[sender.Attempt]()},
		"memory":        {page.column(t, "In memory", "field"), fieldsOf[sender.MemoryLimits]()},
		"natsstore":     {page.column(t, "NATS JetStream", "option"), find(store, option)},
		"options":       {page.column(t, "Options", "option"), find(code, option)},
		"errors":        {page.column(t, "Errors", "error"), append(find(code, `(?m)^\t(Err\w+) += errors\.New`), "natsstore."+find(store, `(?m)^var (Err\w+) = errors\.New`)[0])},
		"metrics":       {page.column(t, "Observability", "metric"), find(code, `meter\.\w+\("([\w.]+)"`)},
		"outcomes":      {page.column(t, "Observability", "outcome"), find(code, `\boutcome = "(\w+)"`)},
		"turned away":   {page.column(t, "Observability", "turned away"), find(code, `\breason = "(\w+)"`)},
		"spans":         {page.column(t, "Observability", "span"), find(code, `tracer\.Start\(ctx, "([\w.]+)"`)},
	} {
		if len(c.code) == 0 {
			t.Errorf("the code has no %s", name)
		}
		if diff := cmp.Diff(unique(c.code), unique(c.table)); diff != "" {
			t.Errorf("the table of %s (-code +table):\n%s", name, diff)
		}
	}
}

func fieldsOf[T any]() []string {
	var names []string
	for f := range reflect.TypeFor[T]().Fields() {
		names = append(names, f.Name)
	}
	return names
}

// TestSenderNumbers compares the numbers of tables with the constants behind them.
func TestSenderNumbers(t *testing.T) {
	t.Parallel()
	page := readPage(t, "docs/sender.md")
	code, store := constantsOf(t, "sender"), constantsOf(t, "sender/natsstore")
	compareNumbers(t, code, page.rows(t, "Options", "option"), map[string][]string{
		"`WithTimeout`":      {"defaultTimeout"},
		"`WithConcurrency`":  {"defaultConcurrency"},
		"`WithMaxInFlight`":  {"defaultMaxInFlight"},
		"`WithMaxBody`":      {"defaultMaxBody"},
		"`WithCircuit`":      {"defaultCircuitFailures", "defaultCircuitDelay"},
		"`WithDisableAfter`": {"defaultDisableAfter"},
		"`WithRefresh`":      {"defaultRefresh"},
	})
	compareNumbers(t, code, page.rows(t, "In memory", "field"), map[string][]string{
		"`Events`":    {"defaultEvents"},
		"`Bytes`":     {"defaultBytes"},
		"`Retention`": {"defaultRetention"},
	})
	compareNumbers(t, store, page.rows(t, "NATS JetStream", "option"), map[string][]string{
		"`WithReplicas`":      {"replicas"},
		"`WithRetention`":     {"retention"},
		"`WithMaxBytes`":      {"maxBytes"},
		"`WithMaxDeliveries`": {"maxDeliveries"},
		"`WithLease`":         {"lease"},
		"`WithHistory`":       {"historyAge", "historyBytes"},
	})
	compareNumbers(t, code, page.rows(t, "Limits", "of"), map[string][]string{
		"an id of an event or a subscription, in visible ASCII without dots": {"maxID"},
		"a type":                             {"maxType"},
		"a tenant":                           {"maxTenant"},
		"a URL":                              {"maxURL"},
		"types of a subscription":            {"maxTypes"},
		"secrets of a subscription":          {"maxSecrets"},
		"a secret":                           {"maxSecret"},
		"metadata of a subscription":         {"maxMetadata"},
		"an excerpt of an answer":            {"maxExcerpt"},
		"the header of an answer":            {"maxAnswerHeader"},
		"an answer to a verification":        {"verificationTimeout"},
		"a time that `Retry-After` asks for": {"maxRetryAfter"},
		"idle connections":                   {"maxIdle"},
		"idle connections to one host":       {"idlePerHost"},
		"records of a `MemoryHistory`":       {"defaultRecords"},
	})
}

// compareNumbers compares the numbers in the second column of a table with constants,
// by the text of the first one.
func compareNumbers(t *testing.T, code constants, rows [][]string, names map[string][]string) {
	t.Helper()
	inTable := make(map[string]bool)
	for _, cells := range rows {
		inTable[cells[0]] = true
		var want []int64
		for _, name := range names[cells[0]] {
			want = append(want, code.value(t, name))
		}
		if diff := cmp.Diff(want, quantities(t, cells[1])); diff != "" {
			t.Errorf("%s: %q (-code +table):\n%s", cells[0], cells[1], diff)
		}
	}
	for row := range names {
		if !inTable[row] {
			t.Errorf("no row begins with %q", row)
		}
	}
}

// rows returns the cells of the table with that header, below that heading.
func (p page) rows(t *testing.T, below, header string) [][]string {
	t.Helper()
	var rows [][]string
	_, body, _ := strings.Cut(p.table(t, below, header), "---|\n")
	for line := range strings.Lines(body) {
		cells := strings.Split(strings.Trim(line, "| \n"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}
