package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// load sends signed deliveries over keep-alive connections. Requests are prepared
// beforehand but for their id, so that the client costs little.
type load struct {
	connections int
	endpoints   int
	body        []byte
	signature   string
	ids         *atomic.Uint64 // distinct over all rounds and sides
}

func newLoad(sc scenario, connections int) *load {
	body := jsonBody(sc.body)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return &load{
		connections: connections, endpoints: sc.endpoints, body: body,
		signature: "sha256=" + hex.EncodeToString(mac.Sum(nil)), ids: new(atomic.Uint64),
	}
}

// jsonBody makes a JSON object of exactly n bytes.
func jsonBody(n int) []byte {
	const head, tail = `{"action":"opened","repository":{"full_name":"acme/shop"},"text":"`, `"}`
	filler := bytes.Repeat([]byte("lorem ipsum "), n/12+1)
	return slices.Concat([]byte(head), filler[:n-len(head)-len(tail)], []byte(tail))
}

// sample is what one round of one side gave.
type sample struct {
	perSecond float64
	p50, p99  float64 // milliseconds
	cpu       float64 // microseconds of Caddy's processor time for each request
	rss       float64 // MiB of Caddy's memory after the round
	sent      int
}

// run loads a side until the time is up or, where count is given, until that many
// deliveries were sent.
func (l *load) run(ctx context.Context, address string, d time.Duration, count int) (sample, error) {
	conns, err := l.dial(ctx, address)
	defer func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}()
	if err != nil {
		return sample{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var wg sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(count))
	times := make([][]time.Duration, len(conns))
	errs := make([]error, len(conns))
	start := time.Now()
	for i, conn := range conns {
		wg.Go(func() {
			times[i], errs[i] = l.send(conn, address, i, func() bool {
				return ctx.Err() == nil && (count == 0 || left.Add(-1) >= 0)
			})
		})
	}
	wg.Wait()
	took := time.Since(start)
	return summarise(slices.Concat(times...), took), errors.Join(errs...)
}

// dial opens the connections before the clock runs.
func (l *load) dial(ctx context.Context, address string) ([]net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var dialer net.Dialer
	var conns []net.Conn
	for range l.connections {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return conns, err
		}
		conns = append(conns, conn)
	}
	return conns, nil
}

func summarise(times []time.Duration, took time.Duration) sample {
	slices.Sort(times)
	at := func(q float64) float64 {
		if len(times) == 0 {
			return 0
		}
		return float64(times[int(q*float64(len(times)-1))]) / float64(time.Millisecond)
	}
	return sample{perSecond: float64(len(times)) / took.Seconds(), p50: at(0.5), p99: at(0.99), sent: len(times)}
}

func (l *load) send(conn net.Conn, address string, index int, more func() bool) ([]time.Duration, error) {
	reader := bufio.NewReader(conn)
	var times []time.Duration
	var head []byte
	for n := index; more(); n++ {
		head = l.head(head[:0], address, n%l.endpoints)
		start := time.Now()
		if _, err := (&net.Buffers{head, l.body}).WriteTo(conn); err != nil {
			return nil, err
		}
		if err := discard(reader); err != nil {
			return nil, err
		}
		times = append(times, time.Since(start))
	}
	return times, nil
}

func (l *load) head(to []byte, host string, endpoint int) []byte {
	return fmt.Appendf(to, "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: GitHub-Hookshot/bench\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\nX-GitHub-Event: pull_request\r\n"+
		"X-GitHub-Delivery: bench-%d\r\nX-Hub-Signature-256: %s\r\n\r\n",
		path(endpoint), host, len(l.body), l.ids.Add(1), l.signature)
}

// discard reads one answer, which must be a success.
func discard(reader *bufio.Reader) error {
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s, reason %q", response.Status, response.Header.Get("Hookward-Reason"))
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
