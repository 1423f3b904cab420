package command_test

import (
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/adminapi"
	"github.com/hookward/hookward/signature"
)

func TestEndpointsCommand(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.deliverGitHub(t, "1")
	s.deliverGitHub(t, "1")
	//nolint:dupword // an endpoint has the name of its provider
	checkOutput(t, s.run(t, "endpoints").succeeded(t), `
NAME         PROVIDER  PATH               HANDSHAKE  DELIVER  ACCEPTED  DUPLICATE  REFUSED  FAILED
asana        asana     /asana             armed      sync     0         0          0        0
github-prod  github    /github            none       sync     1         1          0        0
repliers     repliers  /repliers/{event}  armed      sync     0         0          0        0
`)
	var summaries []adminapi.Summary
	checkJSON(t, s.run(t, "endpoints", "--json").succeeded(t), &summaries)
	if len(summaries) != 3 || summaries[1].Counts["accept"] != 1 {
		t.Errorf("summaries are %+v", summaries)
	}

	var detail adminapi.Endpoint
	checkJSON(t, s.run(t, "endpoints", "github-prod", "--json").succeeded(t), &detail)
	if detail.Name != "github-prod" || len(detail.Keys) != 1 {
		t.Errorf("endpoint is %+v", detail)
	}
	if out := s.run(t, "endpoints", "github-prod").succeeded(t); !strings.Contains(out, signature.Fingerprint(verySecret)) {
		t.Errorf("output is %s", out)
	}
	s.run(t, "endpoints", "no/body").failed(t, `there is no endpoint "no/body"`)
}
