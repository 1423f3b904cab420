package signature

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Strings is a list that may be written as a single string where it has one member.
type Strings []string

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Strings) UnmarshalJSON(data []byte) error {
	var one *string
	if json.Unmarshal(data, &one) == nil {
		*s = nil
		if one != nil {
			*s = Strings{*one}
		}
		return nil
	}
	var several []string
	if err := json.Unmarshal(data, &several); err != nil {
		return fmt.Errorf("want a string or a list of strings: %w", err)
	}
	*s = several
	return nil
}

// Duration is a length of time, written as "90s", "5m", "24h" or "1d"; "off" is a
// negative Duration.
type Duration time.Duration

// Off is the Duration that switches a limit off.
const Off Duration = -1

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) {
	if d < 0 {
		return []byte("off"), nil
	}
	return []byte(time.Duration(d).String()), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) error {
	if string(text) == "off" {
		*d = Off
		return nil
	}
	parsed, err := parseDuration(string(text))
	if err != nil {
		return fmt.Errorf("want a duration such as 5m, or off: %w", err)
	}
	if parsed <= 0 {
		return fmt.Errorf("duration %s: want more than 0, or off", parsed)
	}
	*d = Duration(parsed)
	return nil
}

var errDays = errors.New("days are written first, as in 1d or 1d12h")

// parseDuration takes what [time.ParseDuration] takes, and days in front of it, as
// Caddy does.
func parseDuration(text string) (time.Duration, error) {
	days, rest, found := strings.Cut(text, "d")
	if !found {
		return time.ParseDuration(text)
	}
	if strings.Trim(days, "0123456789.") != "" {
		return 0, errDays
	}
	n, err := time.ParseDuration(days + "h") // an hour for each day
	if err != nil || n > math.MaxInt64/24 {
		return 0, errDays
	}
	total := 24 * n
	if rest == "" {
		return total, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil || more < 0 || more > math.MaxInt64-total {
		return 0, errDays
	}
	return total + more, nil
}
