// Package docs is the handbook. Its tests hold it, and the README, to the program:
// commands are run and their answers compared, configurations are loaded, tables
// are compared with the code, and links are followed.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

// root is the checkout, seen from here.
const root = ".."

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

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
