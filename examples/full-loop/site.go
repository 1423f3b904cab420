package main

import (
	"net"
	"net/http"
	"time"
)

// site is an HTTP server on a free port of loopback.
type site struct {
	address string // host:port
	server  *http.Server
}

func serve(handler http.Handler) (*site, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &site{
		address: listener.Addr().String(),
		server:  &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second},
	}
	go func() { _ = s.server.Serve(listener) }() // it ends when the site is closed
	return s, nil
}

func (s *site) url() string { return "http://" + s.address }

func (s *site) close() error {
	if s == nil {
		return nil
	}
	return s.server.Close()
}
