package caddymodule

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/hookward/hookward/provider"
)

// resolve replaces the placeholders of a secret. What is unset or empty is an
// error: an empty key would make forged signatures verify.
func resolve(text string) (string, error) {
	if !strings.Contains(text, "{") {
		if text == "" {
			return "", errors.New("it is empty")
		}
		return text, nil
	}
	replacer := caddy.NewReplacer()
	if _, err := replacer.ReplaceOrErr(text, true, false); err != nil {
		return "", fmt.Errorf("replacing placeholders: %w", err)
	}
	value, err := replacer.ReplaceOrErr(text, true, true)
	if err != nil {
		return "", errNoPlaceholder // Caddy's own error quotes what may be a part of the secret
	}
	if value == "" {
		return "", errors.New("it is empty")
	}
	return value, nil
}

var errNoPlaceholder = errors.New("replacing placeholders: what stands in braces is none that is known when a configuration is loaded, " +
	"as {env.NAME} and {file./path} are; where the secret itself has a brace, write \\{")

// resolveConstants returns the overrides with those of all constants that the user has
// set, here or in a provider of his own, their placeholders replaced.
func (h *Handler) resolveConstants(p *provider.Provider) (map[string][]string, error) {
	const prefix = "const."
	override := make(map[string][]string, len(h.Override))
	if h.Provider == "" {
		for name, value := range p.Const {
			override[prefix+name] = []string{value}
		}
	}
	maps.Copy(override, h.Override)
	for _, key := range slices.Sorted(maps.Keys(override)) {
		if !strings.HasPrefix(key, prefix) || len(override[key]) != 1 || override[key][0] == "" {
			continue // the provider says what is wrong
		}
		value, err := resolve(override[key][0])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		override[key] = []string{value}
		h.constants = append(h.constants, value)
	}
	return override, nil
}
