package hookward_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

const module = "github.com/hookward/hookward"

// floors says how high each folder of this module lives, by its path below the
// module root. A package imports only from floors below its own, so imports run
// one way and rooms on one floor do not know each other. A package takes the
// floor of the nearest folder above it that is listed; within one folder, parent
// and child packages may import each other as Go allows.
var floors = map[string]int{
	"cmd":      8,
	"bench":    8,
	"docs":     8,
	"e2e":      8,
	"examples": 8,

	// On the top floor nothing but tests can import it.
	"internal/harness": 8,

	".": 7,

	"caddymodule": 6,

	"internal/adminapi": 5,

	"internal/gate":      4,
	"internal/queue":     4,
	"internal/reconcile": 4,
	"sender":             4,

	"internal/handshake": 3,
	"internal/dedupe":    3,
	"internal/event":     3,
	"internal/keyfetch":  3,
	"internal/sample":    3,
	"subscription":       3,

	"provider": 2,

	"internal/document": 1,
	"signature":         1,
}

// goPackage is the part of `go list -json` that the rules look at.
type goPackage struct {
	ImportPath string
	Name       string
	Standard   bool
	Imports    []string // direct
	Deps       []string // direct and indirect
}

func TestLayout(t *testing.T) {
	t.Parallel()
	all := listPackages(t)

	t.Run("rooms exist", func(t *testing.T) {
		t.Parallel()
		for _, room := range []string{"signature", "provider", "caddymodule"} {
			if _, ok := all[module+"/"+room]; !ok {
				t.Errorf("package %s is missing", room)
			}
		}
	})

	t.Run("imports run one way", func(t *testing.T) {
		t.Parallel()
		for _, pkg := range ours(all) {
			checkFloors(t, pkg)
		}
	})

	t.Run("only the Caddy face knows Caddy", func(t *testing.T) {
		t.Parallel()
		for _, pkg := range ours(all) {
			if floors[folderOf(pkg.ImportPath)] < floors["caddymodule"] {
				checkNever(t, pkg, "github.com/caddyserver/caddy")
			}
		}
	})

	t.Run("sender stays light", func(t *testing.T) {
		t.Parallel()
		for _, pkg := range ours(all) {
			if folderOf(pkg.ImportPath) == "sender" {
				checkNever(t, pkg, module+"/caddymodule")
				checkNever(t, pkg, module+"/internal/gate")
				checkNever(t, pkg, "github.com/nats-io/nats-server")
			}
		}
	})

	// signature/jwt is the one package under signature that may use a module
	// besides the standard library: JWT is not for us to write.
	t.Run("signature is standard library only", func(t *testing.T) {
		t.Parallel()
		for _, pkg := range ours(all) {
			if folderOf(pkg.ImportPath) != "signature" || isWithin(pkg.ImportPath, module+"/signature/jwt") {
				continue
			}
			for _, dep := range pkg.Deps {
				if !all[dep].Standard && !isWithin(dep, module+"/signature") {
					t.Errorf("%s depends on %s, which is not in the standard library", pkg.ImportPath, dep)
					break
				}
			}
		}
	})

	t.Run("names say what is inside", func(t *testing.T) {
		t.Parallel()
		vague := []string{"util", "utils", "common", "helper", "helpers"}
		for _, pkg := range ours(all) {
			if slices.Contains(vague, pkg.Name) || slices.Contains(vague, path.Base(pkg.ImportPath)) {
				t.Errorf("%s has a name that says nothing", pkg.ImportPath)
			}
		}
	})
}

// checkFloors reports the imports of pkg that do not lead to a lower floor.
func checkFloors(t *testing.T, pkg goPackage) {
	t.Helper()
	folder := folderOf(pkg.ImportPath)
	if folder == "" {
		t.Errorf("%s is in no folder of the floors table", pkg.ImportPath)
		return
	}
	for _, imported := range pkg.Imports {
		below := folderOf(imported)
		if below == "" || below == folder {
			continue // of another module, or of the same room
		}
		if floors[below] >= floors[folder] {
			t.Errorf("%s (floor %d) imports %s (floor %d)", pkg.ImportPath, floors[folder], imported, floors[below])
		}
	}
}

// checkNever reports whether pkg depends, however many imports away, on the
// banned import path or one below it.
func checkNever(t *testing.T, pkg goPackage, banned string) {
	t.Helper()
	for _, dep := range pkg.Deps {
		if isWithin(dep, banned) {
			t.Errorf("%s depends on %s", pkg.ImportPath, dep)
			return
		}
	}
}

// folderOf returns the listed folder that a package of this module lives in, or
// "" for a package of another module and for one in no listed folder. Only the
// root package itself is in ".".
func folderOf(importPath string) string {
	if importPath == module {
		return "."
	}
	inside, ok := strings.CutPrefix(importPath, module+"/")
	if !ok {
		return ""
	}
	for folder := inside; folder != "."; folder = path.Dir(folder) {
		if _, listed := floors[folder]; listed {
			return folder
		}
	}
	return ""
}

// isWithin reports whether importPath is root or lies below it.
func isWithin(importPath, root string) bool {
	return importPath == root || strings.HasPrefix(importPath, root+"/")
}

// ours returns the packages of this module.
func ours(all map[string]goPackage) []goPackage {
	var packages []goPackage
	for _, pkg := range all {
		if isWithin(pkg.ImportPath, module) {
			packages = append(packages, pkg)
		}
	}
	return packages
}

// listPackages returns every package of this module and every package that one
// of them depends on, tests aside, by import path.
func listPackages(t *testing.T) map[string]goPackage {
	t.Helper()
	if err := harness.ReadFolders("."); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Name,Standard,Imports,Deps", "./...")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v: %s", cmd, err, &stderr)
	}

	all := make(map[string]goPackage)
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var pkg goPackage
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("decode go list: %v", err)
		}
		all[pkg.ImportPath] = pkg
	}
}
