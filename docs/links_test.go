package docs

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestLinks follows every link between files of the checkout, to the heading that
// it names.
func TestLinks(t *testing.T) {
	t.Parallel()
	pages := handbook(t)
	for _, file := range []string{"CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "examples/README.md"} {
		pages = append(pages, readPage(t, file))
	}
	for _, p := range pages {
		for _, target := range p.links() {
			if err := p.follow(t, target); err != "" {
				t.Errorf("%s: the link to %s: %s", p.file, target, err)
			}
		}
	}
}

var link = regexp.MustCompile(`\]\(([^()\s]+)\)`)

// links lists the targets of links that stay in the checkout.
func (p page) links() []string {
	var targets []string
	for _, found := range link.FindAllStringSubmatch(p.prose(), -1) {
		if !strings.Contains(found[1], "://") {
			targets = append(targets, found[1])
		}
	}
	return targets
}

// follow tells what is wrong with a link, or "".
func (p page) follow(t *testing.T, target string) string {
	t.Helper()
	name, heading, named := strings.Cut(target, "#")
	to := p
	if name != "" {
		file := path.Join(path.Dir(p.file), name)
		if _, err := os.Stat(filepath.Join(root, file)); err != nil {
			return err.Error()
		}
		if named {
			to = readPage(t, file)
		}
	}
	if named && !slices.Contains(to.anchors(), heading) {
		return "there is no such heading"
	}
	return ""
}

var (
	heading    = regexp.MustCompile(`(?m)^#+ (.+)$`)
	noneOfSlug = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors lists the names of the page's headings as they stand in links.
func (p page) anchors() []string {
	var names []string
	for _, found := range heading.FindAllStringSubmatch(p.prose(), -1) {
		name := noneOfSlug.ReplaceAllString(strings.ToLower(found[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}
