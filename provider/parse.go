package provider

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	// maxFile bounds a provider's file, in bytes.
	maxFile = 1 << 20
	// maxDepth bounds how deep brackets may nest in a file, for the parser's time
	// grows with the square of it.
	maxDepth = 16
)

// Parse reads a provider from YAML and validates it. Unknown and repeated keys
// are errors, and so is all of YAML that a provider has no use for, such as
// anchors and a second document. Errors wrap [ErrInvalid] and name the file and line.
func Parse(data []byte, file string) (*Provider, error) {
	r := reader{places: make(map[string]*token.Position)}
	if err := r.read(data); err != nil {
		line, column := r.place(err)
		return nil, fmt.Errorf("%w: %s:%d:%d: %w", ErrInvalid, file, line, column, err)
	}
	return &r.provider, nil
}

// reader fills a provider from a tree of YAML and remembers where each key stands.
type reader struct {
	provider Provider
	places   map[string]*token.Position
}

func (r *reader) read(data []byte) error {
	if len(data) > maxFile {
		return fmt.Errorf("the file has %d bytes, at most %d are read", len(data), maxFile)
	}
	tokens := lexer.Tokenize(string(data))
	if err := checkTokens(tokens); err != nil {
		return err
	}
	tree, err := parser.Parse(tokens, 0)
	if err != nil {
		return syntaxError(err)
	}
	root, ok := tree.Docs[len(tree.Docs)-1].Body.(*ast.MappingNode)
	if !ok {
		return errNoKeys
	}
	if err := r.readBlock(targetOf(reflect.ValueOf(&r.provider).Elem()), "", root); err != nil {
		return err
	}
	return r.provider.check()
}

var (
	errNoKeys = errors.New("want keys and values")
	errNoText = errors.New("want a text")
)

// readValue gives the place with this key the value of a node.
func (r *reader) readValue(t target, key string, node ast.Node) error {
	switch n := node.(type) {
	case *ast.MappingNode:
		if object, ok := reflect.TypeAssert[*JSON](t.value.Addr()); ok {
			return keyed(key, readJSON(object, n))
		}
		return r.readBlock(t, key, n)
	case *ast.SequenceNode:
		if isList(t.value) {
			return r.readBlocks(t, key, n)
		}
		return r.readTexts(t, key, n)
	}
	text, err := textOf(node)
	if err != nil {
		return keyed(key, err)
	}
	return keyed(key, t.assign([]string{text}))
}

func (r *reader) readBlock(t target, key string, node *ast.MappingNode) error {
	block, key, err := t.open(key)
	if err != nil {
		return keyed(key, err)
	}
	for _, pair := range node.Values {
		name := pair.Key.GetToken().Value
		r.places[below(key, name)] = pair.Key.GetToken().Position
		child, err := block.child(name)
		if err != nil {
			return keyed(below(key, name), err)
		}
		if err := r.readValue(child, below(key, name), pair.Value); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) readBlocks(t target, key string, node *ast.SequenceNode) error {
	for i, item := range node.Values {
		r.places[member(key, i)] = item.GetToken().Position
		block, ok := item.(*ast.MappingNode)
		if !ok {
			return keyed(member(key, i), errNoKeys)
		}
		if err := r.readBlock(t, key, block); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) readTexts(t target, key string, node *ast.SequenceNode) error {
	texts := make([]string, len(node.Values))
	for i, item := range node.Values {
		r.places[member(key, i)] = item.GetToken().Position
		var err error
		if texts[i], err = textOf(item); err != nil {
			return keyed(member(key, i), err)
		}
	}
	return keyed(key, t.assign(texts))
}

// textOf returns a scalar as it is written, whatever type YAML would guess.
func textOf(node ast.Node) (string, error) {
	switch n := node.(type) {
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, nil
	}
	return "", errNoText
}

// placedError is an error at a position in the file.
type placedError struct {
	place *token.Position
	text  string
}

func (e *placedError) Error() string { return e.text }

func syntaxError(err error) error {
	if syntax, found := errors.AsType[yaml.Error](err); found && syntax.GetToken() != nil {
		return &placedError{syntax.GetToken().Position, syntax.GetMessage()}
	}
	return err
}

// place returns the line and column of what an error is about: of the key that
// it names, else of the nearest key above that is in the file.
func (r *reader) place(err error) (line, column int) {
	if placed, found := errors.AsType[*placedError](err); found {
		return placed.place.Line, placed.place.Column
	}
	if wrong, found := errors.AsType[*KeyError](err); found {
		for key := wrong.Key; key != ""; key = above(key) {
			if at, found := r.places[key]; found {
				return at.Line, at.Column
			}
		}
	}
	return 1, 1
}

// checkTokens refuses what must not reach the parser, or has no meaning here.
func checkTokens(tokens token.Tokens) error {
	var depth nesting
	begun := false
	for _, t := range tokens {
		if t.Type == token.CommentType {
			continue
		}
		if slices.Contains(unused, t.Type) || t.Type == token.DocumentHeaderType && begun {
			return &placedError{t.Position, fmt.Sprintf("%q has no use in a provider's file", t.Value)}
		}
		if depth.add(t) > maxDepth {
			return &placedError{t.Position, "nested too deep"}
		}
		begun = true
	}
	return nil
}

// unused lists the tokens of those parts of YAML that providers do not need and
// that make files grow when read or mean something else than they seem to.
var unused = []token.Type{
	token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType,
	token.DirectiveType, token.MappingKeyType, token.DocumentEndType,
}

// nesting counts open brackets, and list entries that begin on one line.
type nesting struct {
	brackets, entries, line int
}

func (n *nesting) add(t *token.Token) int {
	if t.Position.Line != n.line {
		n.entries, n.line = 0, t.Position.Line
	}
	switch t.Type {
	case token.MappingStartType, token.SequenceStartType:
		n.brackets++
	case token.MappingEndType, token.SequenceEndType:
		n.brackets--
	case token.SequenceEntryType:
		n.entries++
	default: // nests nothing
	}
	return n.brackets + n.entries
}
