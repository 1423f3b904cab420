package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/hookward/hookward/internal/adminapi"
)

// maxAdminAnswer bounds what is read of an answer of the admin API, in bytes.
const maxAdminAnswer = 64 << 20

// addAdminFlags adds the flags by which Caddy's own commands find the admin API.
func addAdminFlags(cmd *cobra.Command) {
	cmd.Flags().String("address", "", "Address of the admin API (if --config is not used)")
	cmd.Flags().StringP("config", "c", "", "Configuration file that names the admin API's address (if --address is not used)")
	cmd.Flags().StringP("adapter", "a", "", "Name of the adapter for the configuration file")
}

// callAdmin asks the admin API of the running server and fills in its answer, unless
// that has no content: then out is nil.
func callAdmin(cmd *cobra.Command, method, path string, in, out any) error {
	flags := caddycmd.Flags{FlagSet: cmd.Flags()}
	address, err := caddycmd.DetermineAdminAPIAddress(flags.String("address"), nil, flags.String("config"), flags.String("adapter"))
	if err != nil {
		return fmt.Errorf("finding the admin API: %w", err)
	}
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("writing the request: %w", err)
		}
		body = bytes.NewReader(text)
	}
	resp, err := caddycmd.AdminAPIRequest(address, method, path, http.Header{}, body)
	if err != nil {
		return adminFailure(address, err)
	}
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAdminAnswer)).Decode(out); err != nil {
		return fmt.Errorf("reading the admin API's answer: %w", err)
	}
	return nil
}

// adminFailure says what to do where nobody listens: most often Caddy does not run, or
// its admin API is elsewhere.
func adminFailure(address string, err error) error {
	message := adminMessage(err)
	if strings.HasPrefix(message, "performing request: ") { // Caddy hides the error's type
		message += ": is Caddy running? --address says where its admin API is"
	}
	return fmt.Errorf("asking the admin API at %s: %s", address, message)
}

// adminMessage takes what the admin API says out of the error in which Caddy quotes
// its whole answer.
func adminMessage(err error) string {
	text := err.Error()
	var answer struct {
		Error string `json:"error"`
	}
	if start := strings.IndexByte(text, '{'); start >= 0 &&
		json.Unmarshal([]byte(text[start:]), &answer) == nil && answer.Error != "" {
		return answer.Error
	}
	return text
}

// endpointPath is where the admin API has an endpoint, or something below it.
func endpointPath(name, below string) string {
	return adminapi.Prefix + "endpoints/" + url.PathEscape(name) + below
}
