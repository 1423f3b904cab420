package profile

import (
	"bytes"
	"regexp"
	"strconv"
)

var (
	// ids by which the payloads of different numbers differ: UUIDs, but for those of a
	// brand, which all share...
	uuids = regexp.MustCompile(`("brand":)?"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"`)
	// ... and numbers: as a member whose name ends in id or in mlsNumber, or at the end
	// of a URL.
	numbers = regexp.MustCompile(`(?:[iI]d":|mlsNumber":"[A-Z]|/)[0-9]+(?:[,}\]"]|/")`)
	digits  = regexp.MustCompile(`[0-9]+`)
)

// vary returns a copy of a compact payload, about another thing for each number. What is
// the same within the payload stays the same.
func vary(payload []byte, number int) []byte {
	if number == 0 {
		return bytes.Clone(payload)
	}
	payload = uuids.ReplaceAllFunc(payload, func(found []byte) []byte {
		if bytes.HasPrefix(found, []byte(`"brand":`)) {
			return found
		}
		return []byte(`"` + derivedUUID(string(found), strconv.Itoa(number)) + `"`)
	})
	return numbers.ReplaceAllFunc(payload, func(found []byte) []byte {
		return digits.ReplaceAllFunc(found, func(id []byte) []byte {
			n, err := strconv.Atoi(string(id))
			if err != nil {
				return id
			}
			return []byte(strconv.Itoa(n + number))
		})
	})
}
