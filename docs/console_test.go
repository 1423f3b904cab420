package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/harness"
)

// TestConsole runs the commands of each page, from its top to its bottom, against
// a fresh Caddyfile.example, and compares what they print.
func TestConsole(t *testing.T) {
	t.Parallel()
	for _, p := range handbook(t) {
		steps := p.steps(t)
		if len(steps) == 0 {
			continue
		}
		t.Run(p.file, func(t *testing.T) {
			t.Parallel()
			needs(t, "bash", "curl", "openssl")
			c := start(t)
			c.serve(t, p)
			before := c.files(t)
			for i, got := range c.run(t, steps) {
				if want := c.Local(steps[i].want); !matches(want, got) {
					t.Fatalf("%s:%d: after\n$ %s\n(-page +program)\n%s",
						p.file, steps[i].line, steps[i].command, cmp.Diff(want, got))
				}
			}
			for _, file := range c.files(t) {
				if !slices.Contains(before, file) && !isIgnored(t, file) {
					t.Errorf("%s leaves %s in the checkout, and .gitignore does not list it", p.file, file)
				}
			}
		})
	}
}

// step is a command and what the page says that it prints.
type step struct {
	line    int
	command string
	want    string
}

const prompt = "$ "

// steps reads the console blocks of a page. A command that ends in a backslash goes
// on in the next line.
func (p page) steps(t *testing.T) []step {
	t.Helper()
	var steps []step
	for _, b := range p.blocks("console") {
		open, continued := false, false
		for i, line := range strings.Split(strings.TrimSuffix(b.text, "\n"), "\n") {
			last := len(steps) - 1
			switch command, is := strings.CutPrefix(line, prompt); {
			case continued:
				steps[last].command += "\n" + line
			case is:
				steps = append(steps, step{line: b.line + i, command: command})
				open = true
			case !open:
				t.Fatalf("%s:%d: a console block begins with %q", p.file, b.line, prompt)
			default:
				steps[last].want += line + "\n"
				continue
			}
			continued = strings.HasSuffix(line, `\`)
		}
	}
	return steps
}

// matches tells whether a text is what a page shows. There a line of three dots
// stands for any lines, and three dots in a line for any text.
func matches(shown, text string) bool {
	var pattern strings.Builder
	for line := range strings.Lines(shown) {
		if line == "...\n" {
			pattern.WriteString(`(?:.*\n)*`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), `\.\.\.`, `.*`))
	}
	return regexp.MustCompile(`\A` + pattern.String() + `\z`).MatchString(text)
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		shown, text string
		want        bool
	}{
		{"", "", true},
		{"", "a\n", false},
		{"a\n", "", false},
		{"a.b\n", "axb\n", false},
		{"a...c\n", "abc\n", true},
		{"a...c\n", "ab\nbc\n", false},
		{"...\n", "", true},
		{"...\n", "a\nb\n", true},
		{"a\n...\nd\n", "a\nb\nc\nd\n", true},
		{"a\n...\nd\n", "a\nb\nc\n", false},
	} {
		if got := matches(c.shown, c.text); got != c.want {
			t.Errorf("matches(%q, %q) = %t", c.shown, c.text, got)
		}
	}
}

// needs skips a test where a program is missing, unless nobody would notice.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed", program)
		}
		t.Skipf("install %s to run this test", program)
	}
}

// checkout is a gateway that runs Caddyfile.example, in a folder with what the pages'
// commands use of a checkout.
type checkout struct {
	*harness.Gateway
	service string // host:port of examples/sender, if it runs
}

func start(t *testing.T) *checkout {
	t.Helper()
	example := readPage(t, "Caddyfile.example").text
	c := &checkout{Gateway: harness.Start(t, harness.Options{Config: example, Folder: t.TempDir()})}
	write(t, filepath.Join(c.Folder, "Caddyfile.example"), c.Local(example))
	// In a terminal curl shows no progress either.
	write(t, filepath.Join(c.Home, ".curlrc"), "silent\nshow-error\n")
	if err := os.CopyFS(filepath.Join(c.Folder, "examples"), os.DirFS(filepath.Join(root, "examples"))); err != nil {
		t.Fatal(err)
	}
	return c
}

// usualService is where examples/sender listens unless told otherwise.
const usualService = "localhost:8090"

// serve runs examples/sender, if the page speaks to it.
func (c *checkout) serve(t *testing.T, p page) {
	t.Helper()
	if !strings.Contains(p.text, usualService) {
		return
	}
	program := harness.StartProgram(t, "examples/sender", "--listen", "127.0.0.1:0", "--allow-loopback")
	c.service = program.Await("ready address=")
}

// Local puts the addresses of this test into a text.
func (c *checkout) Local(text string) string {
	text = c.Gateway.Local(text)
	if c.service == "" {
		return text
	}
	return strings.ReplaceAll(text, usualService, c.service)
}

// files lists what is in the folder.
func (c *checkout) files(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(c.Folder)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names
}

func isIgnored(t *testing.T, file string) bool {
	t.Helper()
	return slices.Contains(strings.Split(readPage(t, ".gitignore").text, "\n"), "/"+file)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run types the commands into one shell and returns what each of them has printed.
func (c *checkout) run(t *testing.T, steps []step) []string {
	t.Helper()
	const mark = "\nthe end of step %d\n"
	var script strings.Builder
	for i, s := range steps {
		fmt.Fprintf(&script, "%s\nprintf '"+strings.ReplaceAll(mark, "\n", `\n`)+"'\n", c.Local(s.command), i)
	}
	file := filepath.Join(c.Home, "script")
	write(t, file, script.String())
	out, err := c.Command("bash", file).CombinedOutput()
	printed := make([]string, len(steps))
	rest := string(out)
	for i := range steps {
		var ended bool
		if printed[i], rest, ended = strings.Cut(rest, fmt.Sprintf(mark, i)); !ended {
			t.Fatalf("the shell ended at step %d: %v\n$ %s\n%s", i, err, steps[i].command, printed[i])
		}
		printed[i] = tidy(printed[i])
	}
	return printed
}

var lineEnd = regexp.MustCompile(`[ \t\r]*\n`)

// tidy takes away what nobody sees: white space at the ends of lines, and whether
// the last line has an end.
func tidy(text string) string {
	if text == "" {
		return ""
	}
	return lineEnd.ReplaceAllString(strings.TrimSuffix(text, "\n")+"\n", "\n")
}
