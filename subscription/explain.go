package subscription

import (
	"bytes"
	"encoding/json"
	"strings"
)

const (
	maxMessage = 300 // bytes
	maxCode    = 64  // bytes
	maxNesting = 4   // levels of an answer in which a message is looked for
)

// explain returns the provider's own code and message in an answer that is no
// success. Few APIs document the form, so it looks where messages usually are:
// Asana's are in {"errors":[{"message":...}]}, those of Repliers in
// [[{"param":...,"msg":...}]], and EverReal's have a code alone. Whatever URL a
// message holds may be an endpoint's, and is hidden.
func explain(body []byte, secrets []string) (code, message string) {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return "", ownWords(textOf(body), maxMessage, secrets)
	}
	if object, ok := value.(map[string]any); ok {
		code, _ = object["code"].(string)
	}
	return ownWords(code, maxCode, secrets), ownWords(messageIn(value, maxNesting), maxMessage, secrets)
}

func ownWords(text string, limit int, secrets []string) string {
	return discreet(anyURL.ReplaceAllString(oneLine(text), hidden), limit, secrets)
}

// textOf returns a body that is text, and nothing of a page of HTML.
func textOf(body []byte) string {
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		return ""
	}
	return string(body)
}

func messageIn(value any, levels int) string {
	if levels < 0 {
		return ""
	}
	switch value := value.(type) {
	case string:
		return value
	case []any:
		for _, element := range value {
			if message := messageIn(element, levels-1); message != "" {
				return message
			}
		}
	case map[string]any:
		for _, key := range []string{"message", "msg", "error_description", "error", "errors", "detail", "title"} {
			message := messageIn(value[key], levels-1)
			if message == "" {
				continue
			}
			if param, _ := value["param"].(string); param != "" {
				return strings.Join([]string{param, message}, ": ")
			}
			return message
		}
	}
	return ""
}
