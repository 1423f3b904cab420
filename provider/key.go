package provider

import (
	"errors"
	"strconv"
	"strings"
)

// ErrInvalid is wrapped by every error about a provider's data.
var ErrInvalid = errors.New("invalid provider")

// KeyError tells which key of a provider's data is wrong, named as for
// [Provider.Set].
type KeyError struct {
	// Key is the full name, such as "signature.0.header"; empty for the data as a whole.
	Key string
	// Err is what is wrong with it.
	Err error
}

// Error implements error.
func (e *KeyError) Error() string {
	if e.Key == "" {
		return e.Err.Error()
	}
	return e.Key + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *KeyError) Unwrap() error { return e.Err }

// keyed says that err is about the key, or about the key below it that err names.
func keyed(key string, err error) error {
	if err == nil {
		return nil
	}
	if inner, found := errors.AsType[*KeyError](err); found {
		return &KeyError{Key: below(key, inner.Key), Err: inner.Err}
	}
	return &KeyError{Key: key, Err: err}
}

// below names a key below another.
func below(key, name string) string {
	if key == "" || name == "" {
		return key + name
	}
	return key + "." + name
}

// member names the member of a list.
func member(key string, i int) string { return below(key, strconv.Itoa(i)) }

// above names the key one level above, "" for that of the data as a whole.
func above(key string) string { return key[:max(0, strings.LastIndexByte(key, '.'))] }
