package gate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookward/hookward/provider"
)

// shapes are providers beside those of the catalogue: one for each kind of exchange,
// answer and payload that a file can describe.
func shapes(tb testing.TB) []*provider.Provider {
	tb.Helper()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		tb.Fatalf("%d files, error %v", len(files), err)
	}
	var all []*provider.Provider
	for _, file := range files {
		all = append(all, shape(tb, strings.TrimSuffix(filepath.Base(file), ".yaml")))
	}
	return all
}

func shape(tb testing.TB, name string) *provider.Provider {
	tb.Helper()
	file := filepath.Join("testdata", name+".yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := provider.Parse(data, file)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// TestShapes sends every vector of these providers through the gate.
func TestShapes(t *testing.T) {
	t.Parallel()
	for _, p := range shapes(t) {
		for i := range p.Vectors {
			v := &p.Vectors[i]
			t.Run(p.Name+"/"+v.Name, func(t *testing.T) {
				t.Parallel()
				runVector(t, p, v)
			})
		}
	}
}
