package main

import (
	"fmt"
	"io"
	"sync"
)

// story tells what happens, in the order in which it does.
type story struct {
	mu  sync.Mutex
	out io.Writer
}

func (s *story) tell(who, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, "%-12s "+format+"\n", append([]any{who}, args...)...)
}
