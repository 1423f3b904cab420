package command_test

import (
	"testing"

	"github.com/hookward/hookward/internal/adminapi"
)

func TestForgetCommand(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, id := range []string{"1", "2"} {
		s.deliverGitHub(t, id)
	}
	checkOutput(t, s.run(t, "forget", "github-prod", "1").succeeded(t), "forgotten at slot default, by its id\n")
	var answer adminapi.ForgetAnswer
	checkJSON(t, s.run(t, "forget", "github-prod", "2", "--slot", "default", "--json").succeeded(t), &answer)
	if len(answer.Forgotten) != 1 {
		t.Errorf("answer is %+v", answer)
	}
	s.run(t, "forget", "github-prod", "1").failed(t, "remembers no such delivery")
}
