package harness

import (
	"fmt"
	"strings"
)

// PathVariants are paths that some servers take for the same.
func PathVariants(path string) []string {
	last := len(path) - 1
	first, rest, _ := strings.Cut(path[1:], "/")
	all := []string{
		strings.ToUpper(path),
		"/" + strings.ToUpper(first) + strings.TrimPrefix(path, "/"+first),
		"/" + path,
		"/." + path,
		"/x/.." + path,
		"/%2E" + path,
		"/%2F" + path[1:],
		path + "/",
		path + "//",
		path + "/x",
		path + "/.",
		path + "%2F",
		path + ";x",
		path + ".",
		path + "%20",
		fmt.Sprintf("/%%%X%s", path[1], path[2:]),
		fmt.Sprintf("%s%%%x", path[:last], path[last]),
	}
	if rest != "" {
		all = append(all,
			"/"+first+"%2F"+rest, "/"+first+"//"+rest, "/"+first+"/./"+rest, "/"+first+"/x/../"+rest,
			"/"+first+";x/"+rest, "/"+first, "/"+first+"/")
	}
	return all
}
