package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"exporter/fault"
	"exporter/sources/httpapi"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	tests := []struct {
		value string
		want  time.Duration
		ok    bool
	}{
		{"", 0, false},
		{"soon", 0, false},
		{"1.5", 0, false},
		{"0", 0, true},
		{"-5", 0, true},
		{"-99999999999999999999", 0, false},
		{" 120 ", 2 * time.Minute, true},
		{"86400", 24 * time.Hour, true},
		{"86401", httpapi.MaxRetryAfter, true},
		{"99999999999999999999", httpapi.MaxRetryAfter, true},
		{"Wed, 04 Mar 2026 05:06:37 GMT", 30 * time.Second, true},
		{"Wednesday, 04-Mar-26 05:06:37 GMT", 30 * time.Second, true},
		{"Wed, 04 Mar 2026 05:00:00 GMT", 0, true},
		{"Wed, 04 Mar 2126 05:00:00 GMT", httpapi.MaxRetryAfter, true},
	}
	for _, tt := range tests {
		got, ok := httpapi.RetryAfter(http.Header{"Retry-After": {tt.value}}, now)
		if got != tt.want || ok != tt.ok {
			t.Errorf("RetryAfter(%q) = %s, %v, want %s, %v", tt.value, got, ok, tt.want, tt.ok)
		}
	}
}

func TestRetryableAnswers(t *testing.T) {
	html := http.Header{"Content-Type": {"text/html"}}
	tests := []struct {
		status int
		header http.Header
		body   string
		want   httpapi.Verdict
	}{
		{200, nil, `{"a":1}`, httpapi.Verdict{}},
		{200, html, "", httpapi.Verdict{Class: fault.Transient, Retry: true}},
		{200, nil, "\ufeff <html>", httpapi.Verdict{Class: fault.Transient, Retry: true}},
		{302, nil, "", httpapi.Verdict{Class: fault.Permanent}},
		{400, nil, "", httpapi.Verdict{Class: fault.Permanent}},
		{401, nil, "", httpapi.Verdict{Class: fault.Auth}},
		{403, nil, "", httpapi.Verdict{Class: fault.Auth}},
		{404, nil, "", httpapi.Verdict{Class: fault.Permanent}},
		{407, nil, "", httpapi.Verdict{Class: fault.Auth}},
		{408, nil, "", httpapi.Verdict{Class: fault.Transient, Retry: true}},
		{422, nil, "", httpapi.Verdict{Class: fault.Permanent}},
		{425, nil, "", httpapi.Verdict{Class: fault.Transient, Retry: true}},
		{429, html, "<html>", httpapi.Verdict{Class: fault.Throttled, Retry: true, Safe: true}},
		{500, nil, "", httpapi.Verdict{Class: fault.Transient, Retry: true}},
		{501, nil, "", httpapi.Verdict{Class: fault.Permanent}},
		{503, nil, "", httpapi.Verdict{Class: fault.Transient, Retry: true}},
		{599, nil, "", httpapi.Verdict{Class: fault.Transient, Retry: true}},
	}
	for _, tt := range tests {
		if got := httpapi.Retryable(tt.status, tt.header, []byte(tt.body), nil); got != tt.want {
			t.Errorf("Retryable(%d, %v, %q) = %+v, want %+v", tt.status, tt.header, tt.body, got, tt.want)
		}
	}
}
