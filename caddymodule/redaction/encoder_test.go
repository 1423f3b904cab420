package redaction

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/logging"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// What these tests want removed.
const (
	testSecret    = "enc0der-t3st-secret"
	testHeader    = "X-Encoder-Test"
	testParameter = "encoder_test"
)

func wantTestRedactions(tb testing.TB) {
	tb.Helper()
	wantRedactions(tb, Item{byValue, testSecret}, Item{byHeader, testHeader}, Item{byQuery, testParameter})
}

// encode returns what an encoder writes of an entry. Fields of the logger are added
// to a clone, as a logger does.
func encode(tb testing.TB, enc zapcore.Encoder, entry zapcore.Entry, ofLogger []zapcore.Field, fields ...zapcore.Field) string {
	tb.Helper()
	enc = enc.Clone()
	for _, f := range ofLogger {
		f.AddTo(enc)
	}
	line, err := enc.EncodeEntry(entry, fields)
	if err != nil {
		tb.Fatal(err)
	}
	defer line.Free()
	return line.String()
}

// parse returns the fields of a line of JSON.
func parse(tb testing.TB, line string) map[string]any {
	tb.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(line), &fields); err != nil {
		tb.Fatalf("%v in %s", err, line)
	}
	delete(fields, "level")
	return fields
}

type person struct {
	Name string            `json:"name"`
	Tags []string          `json:"tags,omitempty"`
	Age  float64           `json:"age"`
	Map  map[string]string `json:"map,omitempty"`
}

type (
	objectFunc = zapcore.ObjectMarshalerFunc
	arrayFunc  = zapcore.ArrayMarshalerFunc
)

// nested is an object of arrays of objects, with a text in each of the ways there are.
func nested(text string) zapcore.ObjectMarshaler {
	return objectFunc(func(o zapcore.ObjectEncoder) error {
		o.AddString("text", text)
		o.AddInt("number", 7)
		return o.AddArray("array", arrayFunc(func(a zapcore.ArrayEncoder) error {
			a.AppendString(text)
			a.AppendByteString([]byte(text))
			a.AppendInt(8)
			if err := a.AppendReflected(person{Name: text, Age: 1.5}); err != nil {
				return err
			}
			return a.AppendArray(arrayFunc(func(a zapcore.ArrayEncoder) error {
				return a.AppendObject(objectFunc(func(o zapcore.ObjectEncoder) error {
					o.OpenNamespace("space")
					o.AddByteString("bytes", []byte(text))
					return nil
				}))
			}))
		}))
	})
}

// textFields are fields that hold the text in every way there is.
func textFields(text string) []zapcore.Field {
	request := httptest.NewRequest(http.MethodPost, "/in?n="+url.QueryEscape(text), http.NoBody)
	request.Header.Set("X-Text", text)
	return []zapcore.Field{
		zap.String("string", text),
		zap.ByteString("bytes", []byte(text)),
		zap.Binary("binary", []byte(text)),
		zap.Stringer("stringer", &url.URL{Path: "/" + text}),
		zap.Error(fmt.Errorf("reading: %w", errors.New(text))),
		zap.NamedError("joined", errors.Join(errors.New(text), errors.New("other"))),
		zap.Errors("errors", []error{errors.New(text)}),
		zap.Strings("strings", []string{"a", text}),
		zap.ByteStrings("byteStrings", [][]byte{[]byte(text)}),
		zap.Stringers("stringers", []*url.URL{{Path: text}}),
		zap.Stringp("pointer", &text),
		zap.Object("object", nested(text)),
		zap.Objects("objects", []zapcore.ObjectMarshaler{nested(text)}),
		zap.Inline(objectFunc(func(o zapcore.ObjectEncoder) error { o.AddString("inline", text); return nil })),
		zap.Dict("dict", zap.String("in", text), zap.Int("n", 1)),
		zap.Any("struct", person{Name: text, Tags: []string{"x", text}, Age: 44, Map: map[string]string{"k": text, text: "v"}}),
		zap.Reflect("header", http.Header{"X-Text": {text}}),
		zap.Reflect("raw", json.RawMessage(`[{"a":[1.50,12345678901234567890,null,true,"`+text+`"]}]`)),
		zap.Reflect("nothing", nil),
		zap.Object("request", caddyhttp.LoggableHTTPRequest{Request: request}),
		zap.Array("values", caddyhttp.LoggableStringArray{"a", text}),
		zap.String(text, "as a name"),
		zap.Bool("bool", true), zap.Int("int", -1), zap.Uint64("uint", math.MaxUint64), zap.Float64("float", 0.5),
		zap.Complex128("complex", 1+2i), zap.Duration("duration", time.Second), zap.Time("time", time.Unix(1, 0)),
		zap.Int64s("ints", []int64{1, 2}), zap.Skip(), zap.Error(nil),
		zap.Namespace("space"), zap.String("in", text), zap.Int("n", 1),
		zap.Namespace("space of " + text), zap.String("in", text),
	}
}

func encodersByName(tb testing.TB) map[string]func() zapcore.Encoder {
	tb.Helper()
	return map[string]func() zapcore.Encoder{
		"json": func() zapcore.Encoder { return newJSONEncoder(tb) },
		"console": func() zapcore.Encoder {
			enc := new(logging.ConsoleEncoder)
			if err := enc.Provision(caddy.Context{}); err != nil {
				tb.Fatal(err)
			}
			return enc
		},
	}
}

func wrapped(enc zapcore.Encoder) *Encoder {
	return &Encoder{wrapped: enc}
}

// What holds no secret is written byte by byte as without the encoder.
func TestEncoderKeepsTheRest(t *testing.T) {
	t.Parallel()
	wantTestRedactions(t)
	fields := textFields("an ordinary/text?with=100% <of> \"it\"\n")
	entry := zapcore.Entry{
		Level: zapcore.WarnLevel, Time: time.Unix(1_700_000_000, 0), LoggerName: "http.log.access", Message: "handled request",
		Stack: "main.main()", Caller: zapcore.NewEntryCaller(0, "main.go", 7, true),
	}
	for name, bare := range encodersByName(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := encode(t, bare(), entry, fields, fields...)
			got := encode(t, wrapped(bare()), entry, fields, fields...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A logger with a request in it costs nothing until it writes: the request is read by
// then, by each of the loggers that come of it.
func TestEncoderLetsRequestsWait(t *testing.T) {
	t.Parallel()
	wantTestRedactions(t)
	request := httptest.NewRequest(http.MethodPost, "/in", http.NoBody)
	parent := wrapped(newJSONEncoder(t))
	zap.Object("request", caddyhttp.LoggableHTTPRequest{Request: request}).AddTo(parent)
	child := parent.Clone()
	zap.Int("n", 1).AddTo(child)
	request.Header.Set("X-Text", "set later, with "+testSecret)
	for _, enc := range []zapcore.Encoder{parent, child, parent.Clone()} {
		line := encode(t, enc, zapcore.Entry{}, nil)
		if !strings.Contains(line, "set later, with "+Hidden) {
			t.Errorf("the request is not in %s", line)
		}
	}
}

// A secret is removed from wherever it can stand, and nothing else is.
func TestEncoderRemovesSecrets(t *testing.T) {
	t.Parallel()
	wantTestRedactions(t)
	entry := func(text string) zapcore.Entry {
		return zapcore.Entry{Message: "got " + text, LoggerName: "log." + text, Stack: "main.f(" + text + ")"}
	}
	for name, bare := range encodersByName(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := encode(t, bare(), entry(Hidden), textFields(Hidden), textFields(Hidden)...)
			got := encode(t, wrapped(bare()), entry(testSecret), textFields(testSecret), textFields(testSecret)...)
			if diff := cmp.Diff(sortMembers(t, want), sortMembers(t, got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, secret := range []string{testSecret, base64.StdEncoding.EncodeToString([]byte(testSecret))} {
				if strings.Contains(got, secret) {
					t.Errorf("%s is in %s", secret, got)
				}
			}
		})
	}
}

// sortMembers writes the JSON at the end of a line anew, for values written by
// reflection have their members sorted once a secret was among them.
func sortMembers(tb testing.TB, line string) string {
	tb.Helper()
	start := strings.Index(line, "{")
	var value any
	decoder := json.NewDecoder(strings.NewReader(line[start:]))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		tb.Fatalf("%v in %s", err, line)
	}
	sorted, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		tb.Fatal(err)
	}
	return line[:start] + string(sorted)
}

// Headers are recognised by their names wherever they are written.
func TestEncoderHidesHeaders(t *testing.T) {
	t.Parallel()
	wantTestRedactions(t)
	unknown := http.Header{testHeader: {"unknown", "values"}, "X-Other": {"kept"}}
	hidden := map[string]any{testHeader: []any{Hidden}, "X-Other": []any{"kept"}}
	lower := http.Header{strings.ToLower(testHeader): {"unknown"}}
	request := httptest.NewRequest(http.MethodPost, "/in?id=7&"+testParameter+"=unknown", http.NoBody)
	request.Header = unknown
	for _, test := range []struct {
		name  string
		field zapcore.Field
		want  any
	}{
		{"request", zap.Object("x", caddyhttp.LoggableHTTPRequest{Request: request}), map[string]any{
			"remote_ip": "192.0.2.1", "remote_port": "1234", "proto": "HTTP/1.1", "method": "POST", "host": "example.com",
			"uri": "/in?id=7&" + testParameter + "=REDACTED", "headers": hidden,
		}},
		{"header", zap.Object("x", caddyhttp.LoggableHTTPHeader{Header: unknown}), hidden},
		{"header in other case", zap.Object("x", caddyhttp.LoggableHTTPHeader{Header: lower}), map[string]any{strings.ToLower(testHeader): []any{Hidden}}},
		{"reflected header", zap.Any("x", unknown), hidden},
		{"reflected pointer", zap.Any("x", &struct{ In http.Header }{unknown}), map[string]any{"In": hidden}},
		{"in an array", zap.Any("x", []http.Header{unknown}), []any{hidden}},
		{"one value", zap.Any("x", map[string]string{testHeader: "unknown"}), map[string]any{testHeader: Hidden}},
		{"an object", zap.Any("x", map[string]any{testHeader: map[string]int{"a": 1}}), map[string]any{testHeader: Hidden}},
		{"dict", zap.Dict("x", zap.String(testHeader, "unknown")), map[string]any{testHeader: Hidden}},
		{"string field", zap.String(testHeader, "unknown"), Hidden},
		{"bytes field", zap.ByteString(testHeader, []byte("unknown")), Hidden},
		{"binary field", zap.Binary(testHeader, []byte("unknown")), base64.StdEncoding.EncodeToString([]byte(Hidden))},
		{"reflected field", zap.Reflect(testHeader, []string{"unknown"}), []any{Hidden}},
		{"array field", zap.Strings(testHeader, []string{"unknown"}), []any{Hidden}},
		{"object field", zap.Dict(testHeader, zap.String("a", "unknown")), Hidden},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := parse(t, encode(t, newTestEncoder(t), zapcore.Entry{}, nil, test.field))
			delete(got, "msg")
			if diff := cmp.Diff(map[string]any{test.field.Key: test.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

type angry struct{}

func (angry) MarshalLogObject(o zapcore.ObjectEncoder) error {
	o.AddString("first", "written")
	panic("about " + testSecret)
}

func (angry) MarshalLogArray(a zapcore.ArrayEncoder) error {
	a.AppendString("written")
	panic("about " + testSecret)
}
func (angry) MarshalJSON() ([]byte, error) { panic("about " + testSecret) }
func (angry) Error() string                { panic("about " + testSecret) }
func (angry) String() string               { panic("about " + testSecret) }

type faulty struct{}

func (faulty) MarshalJSON() ([]byte, error) { return nil, errors.New("no " + testSecret) }
func (faulty) MarshalLogObject(zapcore.ObjectEncoder) error {
	return errors.New("no " + testSecret)
}

// A field that cannot be written costs neither the entry nor the other fields.
func TestEncoderSurvives(t *testing.T) {
	t.Parallel()
	wantTestRedactions(t)
	type loop struct{ Next *loop }
	around := &loop{}
	around.Next = around
	deep := any("end")
	for range 20_000 {
		deep = []any{deep}
	}
	var noPerson *person
	var noURL *url.URL
	for name, field := range map[string]zapcore.Field{
		"object that panics":         zap.Object("x", angry{}),
		"array that panics":          zap.Array("x", angry{}),
		"error that panics":          zap.Error(angry{}),
		"stringer that panics":       zap.Stringer("x", angry{}),
		"reflected that panics":      zap.Reflect("x", angry{}),
		"inline that panics":         zap.Inline(angry{}),
		"in an array that panics":    zap.Objects("x", []zapcore.ObjectMarshaler{nested("a"), angry{}}),
		"reflected within panics":    zap.Reflect("x", []any{"a", angry{}}),
		"object that fails":          zap.Object("x", faulty{}),
		"reflected that fails":       zap.Reflect("x", faulty{}),
		"in an array that fails":     zap.Objects("x", []zapcore.ObjectMarshaler{nested("a"), faulty{}}),
		"no object":                  zap.Object("x", nil),
		"no array":                   zap.Array("x", nil),
		"no person":                  zap.Reflect("x", noPerson),
		"no stringer":                zap.Stringer("x", noURL),
		"nothing in an object":       zap.Dict("x", zap.Reflect("y", nil)),
		"no field at all":            {},
		"field of no type":           {Key: "x", Type: 250},
		"field of the wrong type":    {Key: "x", Type: zapcore.ErrorType, Interface: 7},
		"channel":                    zap.Reflect("x", make(chan int)),
		"function":                   zap.Reflect("x", func() {}),
		"not a number":               zap.Reflect("x", math.NaN()),
		"loop":                       zap.Reflect("x", around),
		"deep":                       zap.Reflect("x", deep),
		"invalid JSON":               zap.Reflect("x", json.RawMessage(`{"a":`)),
		"names that are there twice": zap.Reflect("x", json.RawMessage(`{"a":1,"a":"`+testSecret+`"}`)),
		"invalid UTF-8":              zap.String("x", "\xff"+testSecret+"\xfe"),
		"name of invalid UTF-8":      zap.String("\xff"+testSecret, "a"),
		"empty name":                 zap.String("", testSecret),
		"huge":                       zap.String("x", strings.Repeat("%25", 1<<16)+testSecret),
		"namespaces within":          zap.Object("x", objectFunc(func(o zapcore.ObjectEncoder) error { o.OpenNamespace("a"); o.OpenNamespace("b"); panic("c") })),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entry := zapcore.Entry{Message: "the entry"}
			line := encode(t, newTestEncoder(t), entry, nil, zap.String("before", "a"), field, zap.String("after", "b"))
			got := parse(t, line)
			if got["msg"] != "the entry" || got["before"] != "a" || got["after"] != "b" {
				t.Errorf("got %s", line)
			}
			if strings.Contains(line, testSecret) {
				t.Errorf("the secret is in %.500s", line)
			}
		})
	}
}

// The same goes for the fields of a logger, which nobody else guards.
func TestEncoderSurvivesFieldsOfLogger(t *testing.T) {
	t.Parallel()
	wantTestRedactions(t)
	for name, field := range map[string]zapcore.Field{
		"object":    zap.Object("x", angry{}),
		"array":     zap.Array("x", angry{}),
		"error":     zap.Error(angry{}),
		"stringer":  zap.Stringer("x", angry{}),
		"reflected": zap.Reflect("x", angry{}),
		"channel":   zap.Reflect("x", make(chan int)),
		"dict":      zap.Dict("x", zap.Reflect("y", angry{})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := encode(t, newTestEncoder(t), zapcore.Entry{Message: "the entry"}, []zapcore.Field{field}, zap.String("after", "b"))
			got := parse(t, line)
			if got["msg"] != "the entry" || got["after"] != "b" || strings.Contains(line, testSecret) {
				t.Errorf("got %s", line)
			}
		})
	}
}

// The encoder works within others of Caddy's and around them: they write what they
// would have written without it, but for secrets.
func TestEncoderNests(t *testing.T) {
	t.Parallel()
	wantTestRedactions(t)
	for name, test := range map[string]struct{ config, without string }{
		"around json":      {`{"format": "hookward", "wrap": {"format": "json"}}`, `{"format": "json"}`},
		"around itself":    {`{"format": "hookward", "wrap": {"format": "hookward"}}`, `{"format": "json"}`},
		"around a filter":  {`{"format": "hookward", "wrap": {"format": "filter", ` + someFilters + `}}`, `{"format": "filter", ` + someFilters + `}`},
		"around additions": {`{"format": "hookward", "wrap": {"format": "append", "fields": {"added": "x"}}}`, `{"format": "append", "fields": {"added": "x"}}`},
		"in a filter":      {`{"format": "filter", "wrap": {"format": "hookward"}, ` + someFilters + `}`, `{"format": "filter", ` + someFilters + `}`},
		"in additions": {
			`{"format": "append", "wrap": {"format": "hookward"}, "fields": {"added": "` + testSecret + `"}}`,
			`{"format": "append", "fields": {"added": "` + Hidden + `"}}`,
		},
		"in the journal": {`{"format": "journald", "wrap": {"format": "hookward"}}`, `{"format": "journald"}`},
		"deeper": {
			`{"format": "append", "wrap": {"format": "filter", "wrap": {"format": "hookward"}, ` + someFilters + `}}`,
			`{"format": "append", "wrap": {"format": "filter", ` + someFilters + `}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			write := func(config, text string) string {
				enc, err := loadEncoder(t, config)
				if err != nil {
					t.Fatal(err)
				}
				return encode(t, enc, zapcore.Entry{Message: "the entry"}, textFields(text), textFields(text)...)
			}
			got, want := write(test.config, testSecret), write(test.without, Hidden)
			if diff := cmp.Diff(sortMembers(t, want), sortMembers(t, got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// someFilters act on a field, on one within an object, and on the values of a header
// among which is a secret.
const someFilters = `"fields": {
	"string": {"filter": "delete"},
	"object>number": {"filter": "rename", "name": "renamed"},
	"request>headers>X-Text": {"filter": "regexp", "regexp": "^", "value": "filtered: "}
}`

func loadEncoder(tb testing.TB, config string) (zapcore.Encoder, error) {
	tb.Helper()
	ctx, cancel := caddy.NewContext(caddy.Context{Context: tb.Context()})
	tb.Cleanup(cancel)
	log := struct {
		EncoderRaw json.RawMessage `caddy:"namespace=caddy.logging.encoders inline_key=format"`
	}{json.RawMessage(config)}
	module, err := ctx.LoadModule(&log, "EncoderRaw")
	if err != nil {
		return nil, err
	}
	return module.(zapcore.Encoder), nil
}

// What is added to a clone, or by one entry, is in no other line.
func TestEncoderClones(t *testing.T) {
	t.Parallel()
	wantTestRedactions(t)
	enc := newTestEncoder(t)
	one, two := enc.Clone(), enc.Clone()
	one.AddString("a", testSecret)
	two.AddString("b", testSecret)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				got := parse(t, encode(t, one, zapcore.Entry{Message: "m"}, nil, zap.String("c", testSecret)))
				if diff := cmp.Diff(map[string]any{"msg": "m", "a": Hidden, "c": Hidden}, got); diff != "" {
					t.Errorf("one (-want +got):\n%s", diff)
				}
				got = parse(t, encode(t, two, zapcore.Entry{Message: "m"}, nil))
				if diff := cmp.Diff(map[string]any{"msg": "m", "b": Hidden}, got); diff != "" {
					t.Errorf("two (-want +got):\n%s", diff)
				}
				got = parse(t, encode(t, enc, zapcore.Entry{Message: "m"}, nil))
				if diff := cmp.Diff(map[string]any{"msg": "m"}, got); diff != "" {
					t.Errorf("neither (-want +got):\n%s", diff)
				}
			}
		})
	}
	wg.Wait()
}

// A secret that a configuration brings is removed by loggers that were made before.
func TestEncoderLearnsSecrets(t *testing.T) {
	t.Parallel()
	enc := newTestEncoder(t).Clone()
	const secret = "a secret that comes later"
	if line := encode(t, enc, zapcore.Entry{Message: secret}, nil); !strings.Contains(line, secret) {
		t.Errorf("got %s", line)
	}
	wantRedactions(t, Item{byValue, secret})
	line := encode(t, enc, zapcore.Entry{Message: secret}, []zapcore.Field{zap.String("a", secret)}, zap.String("b", secret))
	if strings.Contains(line, secret) {
		t.Errorf("got %s", line)
	}
}

func TestEncoderRefusesConfig(t *testing.T) {
	t.Parallel()
	for _, config := range []string{
		`{"format": "hookward", "wrap": {"format": "no such"}}`,
		`{"format": "hookward", "wrap": {}}`,
		`{"format": "hookward", "wraps": {"format": "json"}}`,
	} {
		if _, err := loadEncoder(t, config); err == nil {
			t.Errorf("%s was accepted", config)
		}
	}
}

// chooser is an encoder that wants to know where its log goes.
type chooser struct {
	zapcore.Encoder
	output caddy.WriterOpener
}

func (c *chooser) ConfigureDefaultFormat(output caddy.WriterOpener) error {
	c.output = output
	return nil
}

type fileOutput struct{ caddy.DiscardWriter }

// It replaces os.Stderr, so nothing runs beside it.
func TestEncoderDefaultFormat(t *testing.T) {
	terminal, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // to look at, it is one
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	pipe, _, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	defer func(before *os.File) { os.Stderr = before }(os.Stderr)

	for _, test := range []struct {
		stderr *os.File
		output caddy.WriterOpener
		want   zapcore.Encoder
	}{
		{terminal, caddy.StderrWriter{}, &logging.ConsoleEncoder{}},
		{terminal, fileOutput{}, &logging.JSONEncoder{}},
		{pipe, caddy.StderrWriter{}, &logging.JSONEncoder{}},
	} {
		os.Stderr = test.stderr
		enc := newTestEncoder(t)
		if err := enc.ConfigureDefaultFormat(test.output); err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprintf("%T", enc.wrapped), fmt.Sprintf("%T", test.want); got != want {
			t.Errorf("stderr %s, output %s: got %s, want %s", test.stderr.Name(), test.output, got, want)
		}
	}

	inner := &chooser{Encoder: newJSONEncoder(t)}
	if err := wrapped(inner).ConfigureDefaultFormat(fileOutput{}); err != nil {
		t.Fatal(err)
	}
	if inner.output != (fileOutput{}) {
		t.Error("the wrapped encoder was not told where its log goes")
	}
}

func TestEncoderCaddyfile(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		format, want string
	}{
		"default": {"format hookward", `{"format":"hookward"}`},
		"json":    {"format hookward {\n wrap json\n}", `{"format":"hookward","wrap":{"format":"json"}}`},
		"nested": {
			"format hookward {\n wrap filter {\n wrap json {\n time_local\n}\n user_id delete\n}\n}",
			`{"format":"hookward","wrap":{"fields":{"user_id":{"filter":"delete"}},"format":"filter","wrap":{"format":"json","time_local":true}}}`,
		},
		"in a filter": {
			"format filter {\n wrap hookward\n user_id delete\n}",
			`{"fields":{"user_id":{"filter":"delete"}},"format":"filter","wrap":{"format":"hookward"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
			adapted, warnings, err := adapter.Adapt(caddyfile.Format([]byte("{\nlog {\n"+test.format+"\n}\n}\n")), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range warnings {
				t.Error(w)
			}
			var config struct {
				Logging struct {
					Logs map[string]struct{ Encoder json.RawMessage }
				}
			}
			if err := json.Unmarshal(adapted, &config); err != nil {
				t.Fatal(err)
			}
			if got := string(config.Logging.Logs["default"].Encoder); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestEncoderCaddyfileErrors(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"hookward json",
		"hookward {\n wrap\n}",
		"hookward {\n wrap no-such\n}",
		"hookward {\n wrap json\n wrap json\n}",
		"hookward {\n wrap json extra\n}",
		"hookward {\n unwrap json\n}",
	} {
		if err := new(Encoder).UnmarshalCaddyfile(caddyfile.NewTestDispenser(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
