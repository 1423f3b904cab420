package gate

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hookward/hookward/signature"
)

const xmlDocument = `<?xml version="1.0"?>
<!-- <a><b>comment</b></a> -->
<a xmlns:n="urn:n" x="root">
 <b kind="one">1</b>
 <n:b n:kind="two"> 2 &amp; <i>inner</i>more</n:b>
 <c><b>3</b></c>
 <same>s</same><same> s </same>
 <empty/><empty></empty>
 <data><![CDATA[<raw>]]></data>
 <list><item><id>i0</id></item><item/><item><id>i2</id></item></list>
 <list><item><id>j0</id></item></list>
 <a>nested</a>
</a>`

func xmlReading(body string) *reading {
	return &reading{Delivery: &Delivery{Header: http.Header{}, Body: []byte(body)}}
}

func TestXML(t *testing.T) {
	t.Parallel()
	r := xmlReading(xmlDocument)
	for path, want := range map[string][]string{
		"a.b":                {"1", "2 & more"},
		"a.b.0":              {"1"},
		"a.b.1":              {"2 & more"},
		"a.b.2":              nil,
		"a.0.b.0":            {"1"},
		"a.1.b":              nil,
		"a.c.b":              {"3"},
		"a.c.b.0":            {"3"},
		"a.b.i":              {"inner"},
		"a.b.@kind":          {"one", "two"},
		"a.b.1.@kind":        {"two"},
		"a.@x":               {"root"},
		"a.@none":            nil,
		"a.same":             {"s", "s"},
		"a.empty":            nil,
		"a.data":             {"<raw>"},
		"a.list.item.id":     {"i0", "i2", "j0"},
		"a.list.item.0.id":   {"i0", "j0"},
		"a.list.0.item.id":   {"i0", "i2"},
		"a.list.item.2.id":   {"i2"},
		"a.list.1.item.id":   {"j0"},
		"a.a":                {"nested"},
		"a.a.a":              nil,
		"b":                  nil,
		"n:b":                nil,
		"":                   nil,
		"0":                  nil,
		"@x":                 nil,
		"a.":                 nil,
		"a..b":               nil,
		"a.-1.b":             nil,
		"a.b.99999999999999": nil,
	} {
		if got := r.xml(path); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]struct {
		value string
		count int
	}{"a.same": {"s", 1}, "a.b": {"1", 2}, "a.c.b": {"3", 1}, "a.none": {"", 0}} {
		if value, count := r.Lookup(signature.Field{Source: signature.XML, Name: path}); value != want.value || count != want.count {
			t.Errorf("%s: %q, %d", path, value, count)
		}
	}
}

// TestNoXML: of what is not XML from end to end nothing is read, for another parser
// may read it otherwise.
func TestNoXML(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("<a>", maxXMLDepth+1) + strings.Repeat("</a>", maxXMLDepth+1)
	for name, body := range map[string]string{
		"empty":                "",
		"JSON":                 `{"a":{"b":"1"}}`,
		"text":                 "a.b",
		"cut off":              "<a><b>1</b>",
		"closed twice":         "<a><b>1</b></a></a>",
		"crossed":              "<a><b>1</a></b>",
		"two roots":            "<a><b>1</b></a><a><b>1</b></a>",
		"an unknown entity":    "<a><b>1</b>&x;</a>",
		"an entity of its own": `<!DOCTYPE a [<!ENTITY x "1">]><a><b>&x;</b></a>`,
		"another encoding":     `<?xml version="1.0" encoding="UTF-16"?><a><b>1</b></a>`,
		"no UTF-8":             "<a><b>1\xff</b></a>",
		"a control character":  "<a><b>1\x00</b></a>",
		"too deep":             "<a><b>1</b>" + deep + "</a>",
	} {
		if got := xmlReading(body).xml("a.b"); got != nil {
			t.Errorf("%s: %q", name, got)
		}
	}
	many := "<a>" + strings.Repeat("<b>1</b>", maxMembers+1) + "</a>"
	if got := xmlReading(many).xml("a.b"); len(got) != 1 || got[0] != many {
		t.Errorf("too many elements are %d values", len(got))
	}
	if got := xmlReading("<a>" + strings.Repeat("<b>1</b>", maxMembers) + "</a>").xml("a.b"); len(got) != maxMembers {
		t.Errorf("as many as may be are %d values", len(got))
	}
}

func FuzzXML(f *testing.F) {
	for _, path := range []string{"a.b", "a.b.1.@kind", "a.list.item.0.id", "@", ".0."} {
		f.Add(path, xmlDocument)
	}
	f.Add("a.b", "<a><b>1</a></b>")
	f.Fuzz(func(t *testing.T, path, body string) {
		for _, value := range xmlReading(body).xml(path) {
			if value == "" || strings.TrimSpace(value) != value && value != body {
				t.Errorf("value %q", value)
			}
		}
	})
}
