package sample

import "testing"

func TestForgedIsWellFormed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ proof, want string }{
		{"sha256=757107ea", "sha256=057107ea"},
		{"t=1614265330,v1=057107ea0eb2509f", "t=1614265330,v1=157107ea0eb2509f"},
		{"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=", "v1,05oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="},
		{"", "0"},
	} {
		if got := forged(test.proof); got != test.want {
			t.Errorf("forged(%q) = %q, want %q", test.proof, got, test.want)
		}
	}
}
