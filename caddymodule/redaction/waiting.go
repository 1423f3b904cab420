package redaction

import (
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// The fields of a logger wait, in the order in which they were added, until the
// logger writes a line. Caddy's reverse proxy makes a logger for each round trip,
// with the whole request in it, and seldom writes with it: to encode all that each
// time would cost more than to judge the delivery. A request is logged as it is when
// the line is written, as it is in Caddy's own logs.

// Clone implements [zapcore.Encoder]. Fields that belong to a logger are added to a
// clone when the logger is made; from then on neither is changed.
func (e *Encoder) Clone() zapcore.Encoder {
	return &Encoder{wrapped: e.wrapped, borrowed: true, waiting: slices.Clip(e.waiting)}
}

func (e *Encoder) wait(field zapcore.Field) {
	if e.inObject {
		field.AddTo(object{e.wrapped, redactions.redactor()})
		return
	}
	if e.waiting == nil {
		e.waiting = make([]zapcore.Field, 0, 4)
	}
	e.waiting = append(e.waiting, field)
}

// catchUp hands on what waits and returns what takes a field that cannot wait, for
// it may be changed by then.
func (e *Encoder) catchUp() object {
	if e.borrowed {
		e.wrapped, e.borrowed = e.wrapped.Clone(), false
	}
	o := object{e.wrapped, redactions.redactor()}
	addFields(e.waiting, o)
	e.waiting = nil
	return o
}

// AddObject implements [zapcore.ObjectEncoder].
func (e *Encoder) AddObject(key string, value zapcore.ObjectMarshaler) error {
	if request, is := value.(caddyhttp.LoggableHTTPRequest); is && !e.inObject {
		e.wait(zap.Object(key, request))
		return nil
	}
	to, outer := e.catchUp(), e.inObject
	e.inObject = true
	defer func() { e.inObject = outer }()
	return to.AddObject(key, value)
}

// AddArray implements [zapcore.ObjectEncoder].
func (e *Encoder) AddArray(key string, value zapcore.ArrayMarshaler) error {
	return e.catchUp().AddArray(key, value)
}

// AddReflected implements [zapcore.ObjectEncoder].
func (e *Encoder) AddReflected(key string, value any) error {
	return e.catchUp().AddReflected(key, value)
}

// AddBinary implements [zapcore.ObjectEncoder].
func (e *Encoder) AddBinary(key string, value []byte) { e.catchUp().AddBinary(key, value) }

// AddByteString implements [zapcore.ObjectEncoder].
func (e *Encoder) AddByteString(key string, value []byte) { e.catchUp().AddByteString(key, value) }

// OpenNamespace implements [zapcore.ObjectEncoder].
func (e *Encoder) OpenNamespace(key string) { e.wait(zap.Namespace(key)) }

// AddString implements [zapcore.ObjectEncoder].
func (e *Encoder) AddString(key string, value string) { e.wait(zap.String(key, value)) }

// AddBool implements [zapcore.ObjectEncoder].
func (e *Encoder) AddBool(key string, value bool) { e.wait(zap.Bool(key, value)) }

// AddTime implements [zapcore.ObjectEncoder].
func (e *Encoder) AddTime(key string, value time.Time) { e.wait(zap.Time(key, value)) }

// AddDuration implements [zapcore.ObjectEncoder].
func (e *Encoder) AddDuration(key string, value time.Duration) { e.wait(zap.Duration(key, value)) }

// AddInt implements [zapcore.ObjectEncoder].
func (e *Encoder) AddInt(key string, value int) { e.wait(zap.Int(key, value)) }

// AddInt64 implements [zapcore.ObjectEncoder].
func (e *Encoder) AddInt64(key string, value int64) { e.wait(zap.Int64(key, value)) }

// AddInt32 implements [zapcore.ObjectEncoder].
func (e *Encoder) AddInt32(key string, value int32) { e.wait(zap.Int32(key, value)) }

// AddInt16 implements [zapcore.ObjectEncoder].
func (e *Encoder) AddInt16(key string, value int16) { e.wait(zap.Int16(key, value)) }

// AddInt8 implements [zapcore.ObjectEncoder].
func (e *Encoder) AddInt8(key string, value int8) { e.wait(zap.Int8(key, value)) }

// AddUint implements [zapcore.ObjectEncoder].
func (e *Encoder) AddUint(key string, value uint) { e.wait(zap.Uint(key, value)) }

// AddUint64 implements [zapcore.ObjectEncoder].
func (e *Encoder) AddUint64(key string, value uint64) { e.wait(zap.Uint64(key, value)) }

// AddUint32 implements [zapcore.ObjectEncoder].
func (e *Encoder) AddUint32(key string, value uint32) { e.wait(zap.Uint32(key, value)) }

// AddUint16 implements [zapcore.ObjectEncoder].
func (e *Encoder) AddUint16(key string, value uint16) { e.wait(zap.Uint16(key, value)) }

// AddUint8 implements [zapcore.ObjectEncoder].
func (e *Encoder) AddUint8(key string, value uint8) { e.wait(zap.Uint8(key, value)) }

// AddUintptr implements [zapcore.ObjectEncoder].
func (e *Encoder) AddUintptr(key string, value uintptr) { e.wait(zap.Uintptr(key, value)) }

// AddFloat64 implements [zapcore.ObjectEncoder].
func (e *Encoder) AddFloat64(key string, value float64) { e.wait(zap.Float64(key, value)) }

// AddFloat32 implements [zapcore.ObjectEncoder].
func (e *Encoder) AddFloat32(key string, value float32) { e.wait(zap.Float32(key, value)) }

// AddComplex128 implements [zapcore.ObjectEncoder].
func (e *Encoder) AddComplex128(key string, value complex128) { e.wait(zap.Complex128(key, value)) }

// AddComplex64 implements [zapcore.ObjectEncoder].
func (e *Encoder) AddComplex64(key string, value complex64) { e.wait(zap.Complex64(key, value)) }
