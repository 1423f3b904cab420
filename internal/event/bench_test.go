package event

import (
	"net/http"
	"strings"
	"testing"
)

func BenchmarkNew(b *testing.B) {
	r := request{
		"Id": {"msg_1"}, "Type": {"Widget.Made"}, "Time": {"2026-03-01T11:00:00Z"}, "Subject": {"a widget"},
		"Source": {"https://acme.example"}, "Content-Type": {"application/json"},
	}
	events := rules(b)
	b.ReportAllocs()
	for b.Loop() {
		if New(events, r, Facts{Provider: "acme", Endpoint: "acme-prod", Received: noon}).ID == "" {
			b.Fatal("no id")
		}
	}
}

func BenchmarkSetHeaders(b *testing.B) {
	e := full()
	h := make(http.Header, 32)
	b.ReportAllocs()
	for b.Loop() {
		e.SetHeaders(h)
	}
}

func BenchmarkStructured(b *testing.B) {
	e := full()
	body := []byte(`{"data":"` + strings.Repeat("x", 1000) + `"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Structured(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValidJSON(b *testing.B) {
	body := []byte(`{"list":[` + strings.Repeat(`{"id":1234,"name":"A. N. Other","ok":true},`, 23) + `null]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if !ValidJSON(body) {
			b.Fatal("it is JSON")
		}
	}
}
