package docs

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// constants are what the code of a package gives a value to: its constants, and the
// fields that newConfig sets.
type constants map[string]ast.Expr

func constantsOf(t *testing.T, folder string) constants {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no code in %s: %v", folder, err)
	}
	all := make(constants)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			all.collect(decl)
		}
	}
	return all
}

func (c constants) collect(decl ast.Decl) {
	if f, is := decl.(*ast.FuncDecl); is && f.Name.Name != "newConfig" {
		return
	}
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			for i, value := range n.Values {
				c[n.Names[i].Name] = value
			}
		case *ast.KeyValueExpr:
			if name, is := n.Key.(*ast.Ident); is {
				c[name.Name] = n.Value
			}
		}
		return true
	})
}

// value returns a number, a size in bytes or a time in nanoseconds.
func (c constants) value(t *testing.T, name string) int64 {
	t.Helper()
	expr, found := c[name]
	if !found {
		t.Fatalf("the code gives %s no value", name)
	}
	value, exact := constant.Int64Val(c.eval(t, expr))
	if !exact {
		t.Fatalf("%s is no whole number", name)
	}
	return value
}

var durations = map[string]time.Duration{
	"Millisecond": time.Millisecond, "Second": time.Second, "Minute": time.Minute, "Hour": time.Hour,
}

func (c constants) eval(t *testing.T, expr ast.Expr) constant.Value {
	t.Helper()
	switch e := expr.(type) {
	case *ast.BasicLit:
		return constant.MakeFromLiteral(e.Value, e.Kind, 0)
	case *ast.Ident:
		return constant.MakeInt64(c.value(t, e.Name))
	case *ast.SelectorExpr:
		return constant.MakeInt64(int64(durations[e.Sel.Name]))
	case *ast.BinaryExpr:
		x, y := c.eval(t, e.X), c.eval(t, e.Y)
		if e.Op == token.SHL {
			bits, _ := constant.Uint64Val(y)
			return constant.Shift(x, e.Op, uint(bits))
		}
		return constant.BinaryOp(x, e.Op, y)
	default:
		t.Fatalf("%T is no part of a constant", expr)
		return nil
	}
}

var (
	quantity = regexp.MustCompile(`(\d[\d,]*)(?: ([A-Za-z]+))?`)
	units    = map[string]int64{
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
		"s": int64(time.Second), "min": int64(time.Minute), "h": int64(time.Hour), "days": int64(24 * time.Hour),
	}
)

// quantities reads the numbers of a text, as value has them.
func quantities(t *testing.T, text string) []int64 {
	t.Helper()
	var all []int64
	for _, found := range quantity.FindAllStringSubmatch(text, -1) {
		digits := strings.ReplaceAll(found[1], ",", "")
		n, exact := constant.Int64Val(constant.MakeFromLiteral(digits, token.INT, 0))
		if !exact {
			t.Fatalf("%q is no number", found[1])
		}
		if unit, is := units[found[2]]; is {
			n *= unit
		}
		all = append(all, n)
	}
	return all
}

func TestQuantities(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]int64{
		"none":               nil,
		"10 failures, 30 s":  {10, int64(30 * time.Second)},
		"1,000,000":          {1_000_000},
		"16 KiB":             {16 << 10},
		"7 days and 256 MiB": {int64(7 * 24 * time.Hour), 256 << 20},
	} {
		if diff := cmp.Diff(want, quantities(t, text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}
