package provider

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Set gives one key a new value, or several where it is a list of texts. The key
// is named as in the catalogue's files, with dots between the levels:
// "signature.header". A member of a list of blocks is named by its index, from 0,
// where the list has several: "signature.1.header".
//
// Errors wrap [ErrInvalid] and are a [KeyError]; how values go together is only
// checked by [Provider.Validate]. After an error the provider is of no use.
func (p *Provider) Set(key string, values ...string) error {
	t, err := p.find(key)
	if err == nil {
		err = t.assign(values)
	}
	return invalid(keyed(key, err))
}

// Open starts a block for the key and returns the key below which the block's
// own keys are set: the same, or for a list of blocks that of its new member.
func (p *Provider) Open(key string) (string, error) {
	t, err := p.find(key)
	if err == nil {
		_, key, err = t.open(key)
	}
	return key, invalid(keyed(key, err))
}

func invalid(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrInvalid, err)
}

// target is the place in a provider that a key names: a value, or where value is
// a map and isEntry is set, its entry of that name.
type target struct {
	value   reflect.Value
	isEntry bool
	entry   string
}

func targetOf(v reflect.Value) target {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	return target{value: v}
}

func (p *Provider) find(key string) (target, error) {
	t := targetOf(reflect.ValueOf(p).Elem())
	for more := key != ""; more; {
		name := key
		if t.value.Kind() == reflect.Map && !t.isEntry {
			more = false // the names in a map may hold dots
		} else {
			name, key, more = strings.Cut(key, ".")
		}
		var err error
		if t, err = t.child(name); err != nil {
			return target{}, err
		}
	}
	return t, nil
}

var errUnknownKey = errors.New("unknown key")

// child is the place one level below.
func (t target) child(name string) (target, error) {
	switch v := t.value; {
	case t.isEntry:
		return target{}, errUnknownKey
	case v.Kind() == reflect.Map:
		return target{value: v, isEntry: true, entry: name}, nil
	case isList(v):
		return childOfList(v, name)
	case isBlock(v):
		field, found := fieldNamed(v, name)
		if !found {
			return target{}, errUnknownKey
		}
		return targetOf(field), nil
	}
	return target{}, errUnknownKey
}

func childOfList(list reflect.Value, name string) (target, error) {
	index, err := strconv.Atoi(name)
	switch {
	case err == nil && index >= 0 && index < list.Len():
		return targetOf(list.Index(index)), nil
	case err == nil:
		return target{}, fmt.Errorf("the list has %d members", list.Len())
	case list.Len() != 1:
		return target{}, fmt.Errorf("the list has %d members: name one by its index, from 0", list.Len())
	}
	return targetOf(list.Index(0)).child(name)
}

// fieldNamed finds a field by its key, also in embedded structs.
func fieldNamed(v reflect.Value, name string) (reflect.Value, bool) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			if inner, found := fieldNamed(v.Field(i), name); found {
				return inner, true
			}
			continue
		}
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// open returns the place in which the keys of a block are found, and its key.
func (t target) open(key string) (target, string, error) {
	switch v := t.value; {
	case t.isEntry:
	case isBlock(v), v.Kind() == reflect.Map:
		return t, key, nil
	case isList(v):
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		last := v.Len() - 1
		return targetOf(v.Index(last)), member(key, last), nil
	}
	return target{}, key, errors.New("it is no block")
}

// assign gives the place its value.
func (t target) assign(values []string) error {
	if t.isEntry {
		return t.assignEntry(values)
	}
	if list, ok := reflect.TypeAssert[*Templates](t.value.Addr()); ok {
		return list.parse(values)
	}
	isTexts := t.value.Kind() == reflect.Slice && t.value.Type().Elem().Kind() == reflect.String
	_, isText := reflect.TypeAssert[encoding.TextUnmarshaler](t.value.Addr())
	switch {
	case !isText && (isBlock(t.value) || isList(t.value) || t.value.Kind() == reflect.Map):
		return errors.New("it is a block and takes no value")
	case len(values) == 0:
		return errors.New("it needs a value")
	case isTexts:
		t.value.Set(reflect.ValueOf(slices.Clone(values)).Convert(t.value.Type()))
		return nil
	case len(values) > 1:
		return fmt.Errorf("it takes one value and got %d", len(values))
	}
	return setText(t.value, values[0])
}

func (t target) assignEntry(values []string) error {
	entry := target{value: reflect.New(t.value.Type().Elem()).Elem()}
	if err := entry.assign(values); err != nil {
		return err
	}
	if t.value.IsNil() {
		t.value.Set(reflect.MakeMap(t.value.Type()))
	}
	t.value.SetMapIndex(reflect.ValueOf(t.entry), entry.value)
	return nil
}

func setText(v reflect.Value, text string) error {
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is no whole number", text)
		}
		v.SetInt(int64(n))
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		v.SetBool(text == "true")
	case reflect.Interface:
		v.Set(reflect.ValueOf(text))
	default:
		v.SetString(text)
	}
	return nil
}

var textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()

// isBlock tells whether v has keys of its own: it is a struct that is not written as a text.
func isBlock(v reflect.Value) bool { return isBlockType(v.Type()) }

// isList tells whether v is a list of blocks.
func isList(v reflect.Value) bool {
	return v.Kind() == reflect.Slice && isBlockType(v.Type().Elem())
}

func isBlockType(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !t.Implements(textMarshaler)
}
