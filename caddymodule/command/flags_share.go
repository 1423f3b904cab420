package command

import (
	"fmt"
	"strconv"
	"strings"
)

// share is a flag's value that is a part of a whole, such as 1% or 0.01.
type share float64

// Set implements [pflag.Value].
func (s *share) Set(text string) error {
	number, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(number, 64)
	if percent {
		value /= 100
	}
	if err != nil || !(value >= 0 && value <= 1) { // NaN is neither
		return fmt.Errorf("want a share such as 1%%")
	}
	*s = share(value)
	return nil
}

// String implements [pflag.Value].
func (s *share) String() string { return strconv.FormatFloat(float64(*s)*100, 'g', 6, 64) + "%" }

// Type implements [pflag.Value].
func (s *share) Type() string { return "share" }
