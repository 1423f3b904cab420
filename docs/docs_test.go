// Package docs is the handbook. Its tests hold it, and the README, to the program:
// commands are run and their answers compared, configurations are loaded, tables
// are compared with the code, and links are followed.
package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// root is the checkout, seen from here.
const root = ".."

// binary is Caddy with Hookward, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hookward-docs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "caddy")
	build := exec.Command("go", "build", "-o", binary, "../cmd/caddy")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %v\n%s", build, err, out)
		return 1
	}
	return m.Run()
}

// patience is how long a test waits for something that is bound to happen. It is
// there to end a test that hangs, not to measure.
const patience = time.Minute

// page is one Markdown file.
type page struct {
	file string // from the root of the checkout
	text string
}

// block is a fenced part of a page.
type block struct {
	language string
	line     int // on which its text begins
	text     string
}

// handbook is the README and the pages of this folder.
func handbook(t *testing.T) []page {
	t.Helper()
	files, err := filepath.Glob("*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no pages: %v", err)
	}
	pages := []page{readPage(t, "README.md")}
	for _, file := range files {
		pages = append(pages, readPage(t, "docs/"+file))
	}
	return pages
}

func readPage(t *testing.T, file string) page {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return page{file, string(text)}
}

var fence = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")

// blocks lists the fenced parts in a language.
func (p page) blocks(language string) []block {
	var found []block
	for _, at := range fence.FindAllStringSubmatchIndex(p.text, -1) {
		b := block{
			language: p.text[at[2]:at[3]],
			line:     1 + strings.Count(p.text[:at[4]], "\n"),
			text:     p.text[at[4]:at[5]],
		}
		if b.language == language {
			found = append(found, b)
		}
	}
	return found
}

// prose is the page without its fenced parts.
func (p page) prose() string { return fence.ReplaceAllString(p.text, "") }

// environment is that of a user whose home is a folder of the test.
func environment(home string) []string {
	return []string{
		"HOME=" + home,
		"XDG_CONFIG_HOME=" + filepath.Join(home, "config"),
		"XDG_DATA_HOME=" + filepath.Join(home, "data"),
		"PATH=" + filepath.Dir(binary) + string(filepath.ListSeparator) + os.Getenv("PATH"),
	}
}
