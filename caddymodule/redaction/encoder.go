// Package redaction keeps out of logs what is for no log. [Encoder] removes what is on a
// list of this process, which endpoints fill by [Add]; [Attributes] tells what of an
// event is not shown.
package redaction

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/logging"
	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

func init() {
	caddy.RegisterModule(new(Encoder))
}

// Encoder keeps secrets out of a log. It hands each entry on to another encoder
// and puts `REDACTED` in the place of whatever proves a delivery to one of the
// `hookward` endpoints: headers and query parameters that hold a secret or a
// signature, the token in a path, and every configured secret and token wherever
// it stands, be it in a message, in an error or deep inside a field.
//
// No handler can do that, for Caddy copies the request for its logs before any
// handler runs. Secrets and tokens of less than four characters are recognised by
// their name and place alone. What a log's `core` writes by itself does not pass
// through its encoder.
type Encoder struct {
	// The encoder that writes the entries. Default: `json`, or `console` if the
	// output is a terminal.
	WrappedRaw json.RawMessage `json:"wrap,omitempty" caddy:"namespace=caddy.logging.encoders inline_key=format"`

	wrapped   zapcore.Encoder
	borrowed  bool            // wrapped is that of the encoder which this one was cloned from
	waiting   []zapcore.Field // added, and not yet handed on
	isDefault bool

	// inObject is set while an object is written. Caddy's filter, around this encoder,
	// adds the object's members to the encoder itself, and there they may not wait.
	inObject bool

	ctx caddy.Context
}

// CaddyModule returns the Caddy module information.
func (*Encoder) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "caddy.logging.encoders.hookward",
		New: func() caddy.Module { return new(Encoder) },
	}
}

// Provision loads the wrapped encoder.
func (e *Encoder) Provision(ctx caddy.Context) error {
	e.ctx = ctx
	if e.WrappedRaw == nil {
		e.isDefault = true
		return e.wrapDefault(new(logging.JSONEncoder))
	}
	module, err := ctx.LoadModule(e, "WrappedRaw")
	if err != nil {
		return fmt.Errorf("loading the wrapped encoder: %w", err)
	}
	e.wrapped = module.(zapcore.Encoder)
	return nil
}

// ConfigureDefaultFormat chooses the default by where the log is written to.
func (e *Encoder) ConfigureDefaultFormat(output caddy.WriterOpener) error {
	if !e.isDefault {
		if inner, ok := e.wrapped.(caddy.ConfiguresFormatterDefault); ok {
			return inner.ConfigureDefaultFormat(output)
		}
		return nil
	}
	if caddy.IsWriterStandardStream(output) && isTerminal(os.Stderr) {
		return e.wrapDefault(new(logging.ConsoleEncoder))
	}
	return nil
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (e *Encoder) wrapDefault(wrapped interface {
	zapcore.Encoder
	caddy.Provisioner
},
) error {
	if err := wrapped.Provision(e.ctx); err != nil {
		return fmt.Errorf("preparing the default encoder: %w", err)
	}
	e.wrapped = wrapped
	return nil
}

// UnmarshalCaddyfile sets up the encoder from Caddyfile tokens. Syntax:
//
//	hookward {
//	    wrap <encoder> ...
//	}
func (e *Encoder) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		if d.Val() != "wrap" {
			return d.Errf("unknown subdirective %q", d.Val())
		}
		if e.WrappedRaw != nil {
			return d.Err("wrap is there twice")
		}
		if !d.NextArg() {
			return d.ArgErr()
		}
		name := d.Val()
		module, err := caddyfile.UnmarshalModule(d, "caddy.logging.encoders."+name)
		if err != nil {
			return err
		}
		if _, ok := module.(zapcore.Encoder); !ok {
			return d.Errf("%s is not an encoder", name)
		}
		e.WrappedRaw = caddyconfig.JSONModuleObject(module, "format", name, nil)
	}
	return nil
}

// EncodeEntry implements [zapcore.Encoder].
func (e *Encoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	r := redactions.redactor()
	entry.LoggerName = r.text(entry.LoggerName)
	entry.Message = r.text(entry.Message)
	entry.Stack = r.text(entry.Stack)
	all := [2]zapcore.Field{zap.Inline(inlined{e.waiting, r}), zap.Inline(inlined{fields, r})}
	if len(e.waiting) == 0 {
		return e.wrapped.EncodeEntry(entry, all[1:])
	}
	return e.wrapped.EncodeEntry(entry, all[:])
}

// inlined is the fields of an entry. They reach the wrapped encoder as one, which
// spares a copy of it for each entry.
type inlined struct {
	fields   []zapcore.Field
	redactor *redactor
}

// MarshalLogObject implements [zapcore.ObjectMarshaler].
func (l inlined) MarshalLogObject(to zapcore.ObjectEncoder) error {
	addFields(l.fields, object{to, l.redactor})
	return nil
}

func addFields(fields []zapcore.Field, to object) {
	for i := range fields {
		if err := addField(&fields[i], to); err != nil {
			to.AddString(fields[i].Key+"Error", err.Error())
		}
	}
}

// addField adds a field, of which a faulty one must not cost the whole entry.
func addField(field *zapcore.Field, to zapcore.ObjectEncoder) (err error) {
	defer catch(&err)
	field.AddTo(to)
	return nil
}

// catch turns a panic of somebody's marshaller into an error, which is logged in the
// place of its field.
func catch(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v", p)
	}
}

// object hands the fields of an entry, or of an object within it, on without
// secrets. Numbers, times and truth values hold none.
type object struct {
	zapcore.ObjectEncoder
	redactor *redactor
}

// AddString implements [zapcore.ObjectEncoder].
func (o object) AddString(key, value string) {
	o.ObjectEncoder.AddString(o.redactor.text(key), o.redactor.field(key, value))
}

// AddByteString implements [zapcore.ObjectEncoder].
func (o object) AddByteString(key string, value []byte) {
	o.ObjectEncoder.AddByteString(o.redactor.text(key), []byte(o.redactor.field(key, string(value))))
}

// AddBinary implements [zapcore.ObjectEncoder].
func (o object) AddBinary(key string, value []byte) {
	o.ObjectEncoder.AddBinary(o.redactor.text(key), []byte(o.redactor.field(key, string(value))))
}

// OpenNamespace implements [zapcore.ObjectEncoder].
func (o object) OpenNamespace(key string) { o.ObjectEncoder.OpenNamespace(o.redactor.text(key)) }

// AddArray implements [zapcore.ObjectEncoder].
func (o object) AddArray(key string, value zapcore.ArrayMarshaler) error {
	texts, isTexts := value.(caddyhttp.LoggableStringArray)
	switch {
	case o.redactor.hides(key):
		value = caddyhttp.LoggableStringArray{Hidden}
	case isTexts: // it stays what it is, for by that Caddy's filters know it
		value = o.redactor.texts(texts)
	default:
		value = arrayMarshaler{value, o.redactor}
	}
	return o.ObjectEncoder.AddArray(o.redactor.text(key), value)
}

// AddObject implements [zapcore.ObjectEncoder].
func (o object) AddObject(key string, value zapcore.ObjectMarshaler) error {
	if o.redactor.hides(key) {
		o.ObjectEncoder.AddString(o.redactor.text(key), Hidden)
		return nil
	}
	return o.ObjectEncoder.AddObject(o.redactor.text(key), objectMarshaler{value, o.redactor})
}

// AddReflected implements [zapcore.ObjectEncoder].
func (o object) AddReflected(key string, value any) error {
	if _, is := value.(*probe); is {
		return nil
	}
	value, err := o.redactor.reflected(key, value)
	if err != nil {
		return err
	}
	return o.ObjectEncoder.AddReflected(o.redactor.text(key), value)
}

// array hands the members of an array on without secrets.
type array struct {
	zapcore.ArrayEncoder
	redactor *redactor
}

// AppendString implements [zapcore.ArrayEncoder].
func (a array) AppendString(value string) { a.ArrayEncoder.AppendString(a.redactor.text(value)) }

// AppendByteString implements [zapcore.ArrayEncoder].
func (a array) AppendByteString(value []byte) {
	a.ArrayEncoder.AppendByteString([]byte(a.redactor.text(string(value))))
}

// AppendArray implements [zapcore.ArrayEncoder].
func (a array) AppendArray(value zapcore.ArrayMarshaler) error {
	return a.ArrayEncoder.AppendArray(arrayMarshaler{value, a.redactor})
}

// AppendObject implements [zapcore.ArrayEncoder].
func (a array) AppendObject(value zapcore.ObjectMarshaler) error {
	return a.ArrayEncoder.AppendObject(objectMarshaler{value, a.redactor})
}

// AppendReflected implements [zapcore.ArrayEncoder].
func (a array) AppendReflected(value any) error {
	value, err := a.redactor.reflected("", value)
	if err != nil {
		return err
	}
	return a.ArrayEncoder.AppendReflected(value)
}

type objectMarshaler struct {
	value    zapcore.ObjectMarshaler
	redactor *redactor
}

// MarshalLogObject implements [zapcore.ObjectMarshaler].
func (m objectMarshaler) MarshalLogObject(to zapcore.ObjectEncoder) (err error) {
	defer catch(&err)
	return m.value.MarshalLogObject(object{to, m.redactor})
}

type arrayMarshaler struct {
	value    zapcore.ArrayMarshaler
	redactor *redactor
}

// MarshalLogArray implements [zapcore.ArrayMarshaler].
func (m arrayMarshaler) MarshalLogArray(to zapcore.ArrayEncoder) (err error) {
	defer catch(&err)
	return m.value.MarshalLogArray(array{to, m.redactor})
}

var (
	_ zapcore.Encoder                  = (*Encoder)(nil)
	_ caddy.Provisioner                = (*Encoder)(nil)
	_ caddy.ConfiguresFormatterDefault = (*Encoder)(nil)
	_ caddyfile.Unmarshaler            = (*Encoder)(nil)
)
