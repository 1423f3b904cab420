package command

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
)

// maxDeliveryInput is the most that is read of a delivery, in bytes.
const maxDeliveryInput = 64 << 20

// standardInput is the file name that stands for it.
const standardInput = "-"

// readInput reads a file, or standard input, of at most limit bytes.
func readInput(cmd *cobra.Command, path string, limit int64) ([]byte, error) {
	from := cmd.InOrStdin()
	if path != standardInput {
		file, err := os.Open(path)
		if err != nil {
			return nil, usageError("%w", err)
		}
		defer file.Close()
		from = file
	}
	data, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if int64(len(data)) > limit {
		return nil, usageError("%s is larger than %d bytes", path, limit)
	}
	return data, nil
}

// readOnce refuses inputs that would all be read from standard input.
func readOnce(paths ...string) error {
	first := slices.Index(paths, standardInput)
	if first >= 0 && slices.Contains(paths[first+1:], standardInput) {
		return usageError("standard input (-) can be read once only")
	}
	return nil
}
