package harness

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// ReadFolders opens every folder below root. Go repeats a cached test result until a
// file or folder has changed that the test itself opened; what the go command reads
// in its own process does not count. So a test whose result comes from the go command
// looks at what that reads.
func ReadFolders(root string) error {
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), ".") {
			return filepath.SkipDir
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the module's folders: %w", err)
	}
	return nil
}
