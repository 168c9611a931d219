// What has been received: bounded, but for the counts.
package main

import (
	"fmt"
	"sync"
)

const (
	notAnswered    = 0
	maxRecords     = 5000
	maxRecordBytes = 256 << 20
	maxSpanIDs     = 4 << 20 // more are counted, but no longer told apart
	maxFirst       = 50      // problems that Counts tells
)

// Record is one request. Its body is protobuf's JSON with the field names of the .proto files, and hexadecimal identifiers.
type Record struct {
	Number          int64             `json:"number"` // from 1, in the order in which they came
	Signal          string            `json:"signal"` // empty: the path tells none
	Path            string            `json:"path"`   // as it was sent, with its query
	Headers         map[string]string `json:"headers"`
	ContentEncoding string            `json:"content_encoding"`
	ClientCert      string            `json:"client_cert"` // its common name
	Peer            string            `json:"peer"`        // address and port: the same connection
	At              int64             `json:"at_unix_nano"`
	Status          *int              `json:"status"` // 0: the connection was closed instead; null: not answered yet
	Bytes           int               `json:"bytes"`  // as sent
	Problems        []string          `json:"problems"`
	Body            any               `json:"body"`
	message         []byte
}

// Counts are of everything since the last forgetting. Items, and the identifiers of spans, are of requests that were answered
// with a success: what is refused comes again.
type Counts struct {
	Signals  map[string]*SignalCounts `json:"signals"`
	SpanIDs  SpanIDCounts             `json:"span_ids"`
	Problems ProblemCounts            `json:"problems"`
}

type SignalCounts struct {
	Requests int   `json:"requests"`
	Accepted int   `json:"accepted"` // requests
	Items    int   `json:"items"`    // spans, data points or log records
	Rejected int64 `json:"rejected"` // items, by a partial success; they are in Items too
}

type SpanIDCounts struct {
	Distinct int `json:"distinct"`
	Repeated int `json:"repeated"` // of these, seen more than once
	Untold   int `json:"untold"`   // spans beyond the number that can be told apart
}

type ProblemCounts struct {
	Count int      `json:"count"`
	First []string `json:"first"`
}

type store struct {
	mutex   sync.Mutex // guards all below, and the records
	records []*Record
	bytes   int
	last    int64
	before  int64 // requests up to this number are forgotten, also those that are still being worked on
	counts  Counts
	spans   map[spanID]bool // whether seen more than once
}

func newStore() *store {
	s := &store{}
	s.forget()
	return s
}

// forget returns the number of the last request that is forgotten.
func (s *store) forget() int64 {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.records, s.bytes, s.before, s.spans = nil, 0, s.last, map[spanID]bool{}
	s.counts = Counts{Signals: map[string]*SignalCounts{}, Problems: ProblemCounts{First: []string{}}}
	for name := range signals {
		s.counts.Signals[name] = &SignalCounts{}
	}
	return s.last
}

func (s *store) begin(record *Record) *Record {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.last++
	record.Number = s.last
	s.records = append(s.records, record)
	if count := s.counts.Signals[record.Signal]; count != nil {
		count.Requests++
	}
	s.trim()
	return record
}

func (s *store) received(record *Record, sent int, message []byte) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.records) == 0 || record.Number < s.records[0].Number {
		return // it has gone
	}
	record.Bytes, record.message = sent, message
	s.bytes += len(message)
	s.trim()
}

// trim lets the oldest go.
func (s *store) trim() {
	for len(s.records) > maxRecords || (s.bytes > maxRecordBytes && len(s.records) > 1) {
		s.bytes -= len(s.records[0].message)
		s.records[0] = nil
		s.records = s.records[1:]
	}
}

func (s *store) end(record *Record, status int, found findings, partial *Partial) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if record.Number <= s.before {
		return
	}
	record.Status, record.Problems = &status, found.problems
	for _, problem := range found.problems {
		s.counts.Problems.Count++
		if len(s.counts.Problems.First) < maxFirst {
			text := fmt.Sprintf("request %d, %s: %s", record.Number, record.Path, problem)
			s.counts.Problems.First = append(s.counts.Problems.First, text)
		}
	}
	if status < 200 || status > 299 {
		return
	}
	count := s.counts.Signals[record.Signal]
	count.Accepted++
	count.Items += found.items
	if partial != nil {
		count.Rejected += partial.Rejected
	}
	for _, span := range found.spans {
		s.countSpan(span)
	}
}

func (s *store) countSpan(span spanID) {
	repeated, known := s.spans[span]
	switch {
	case !known && len(s.spans) >= maxSpanIDs:
		s.counts.SpanIDs.Untold++
	case !known:
		s.spans[span] = false
		s.counts.SpanIDs.Distinct++
	case !repeated:
		s.spans[span] = true
		s.counts.SpanIDs.Repeated++
	}
}

// after is a copy of what came after the request of that number.
func (s *store) after(number int64, signal string) (found []Record, last int64) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, record := range s.records {
		if record.Number > number && (signal == "" || record.Signal == signal) {
			found = append(found, *record)
		}
	}
	return found, s.last
}
