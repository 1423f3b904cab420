package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// JSON is an object of any values. In a Caddyfile's block its members are texts; an
// object with others is written there as one text.
type JSON map[string]any

// UnmarshalJSON implements [json.Unmarshaler]. Numbers stay as they are written.
func (j *JSON) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return errNoObject
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errNoObject
	}
	*j = object
	return nil
}

var errNoObject = errors.New("want a JSON object")

// UnmarshalText implements [encoding.TextUnmarshaler].
func (j *JSON) UnmarshalText(text []byte) error { return j.UnmarshalJSON(text) }

func (j JSON) fill(fill func(string) string) JSON {
	if j == nil {
		return nil
	}
	filled := make(JSON, len(j))
	for name, value := range j {
		filled[name] = fillJSON(value, fill)
	}
	return filled
}

func fillJSON(value any, fill func(string) string) any {
	switch v := value.(type) {
	case string:
		return fill(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = fillJSON(v[i], fill)
		}
		return list
	case map[string]any:
		return map[string]any(JSON(v).fill(fill))
	}
	return value
}

func (j JSON) holds(part string) bool {
	found := false
	j.fill(func(text string) string {
		found = found || strings.Contains(text, part)
		return text
	})
	return found
}

// readJSON reads an object from YAML. Here, other than in the rest of a file, what is
// written without quotes may be a number, true, false or null.
func readJSON(object *JSON, node *ast.MappingNode) error {
	members, err := membersOf(node)
	*object = members
	return err
}

func membersOf(node *ast.MappingNode) (map[string]any, error) {
	members := make(map[string]any, len(node.Values))
	for _, pair := range node.Values {
		name := pair.Key.GetToken().Value
		value, err := jsonOf(pair.Value)
		if err != nil {
			return nil, keyed(name, err)
		}
		members[name] = value
	}
	return members, nil
}

func jsonOf(node ast.Node) (any, error) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return membersOf(n)
	case *ast.SequenceNode:
		list := make([]any, len(n.Values))
		for i, item := range n.Values {
			var err error
			if list[i], err = jsonOf(item); err != nil {
				return nil, keyed(member("", i), err)
			}
		}
		return list, nil
	case *ast.IntegerNode, *ast.FloatNode:
		text := n.GetToken().Value
		if !json.Valid([]byte(text)) {
			return nil, fmt.Errorf("%s is no number in JSON", text)
		}
		return json.Number(text), nil
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.NullNode:
		return nil, nil //nolint:nilnil // it is JSON's null
	}
	return textOf(node)
}
