package main

import "testing"

func accepted(s *store, spans ...spanID) {
	record := s.begin(&Record{Signal: "traces"})
	s.received(record, 1, []byte{})
	s.end(record, 200, findings{items: len(spans), spans: spans}, nil)
}

func TestTheOldestRecordsGoAndTheCountsStay(t *testing.T) {
	s := newStore()
	for range maxRecords + 7 {
		accepted(s, spanID{1})
	}
	records, last := s.after(0, "")
	if len(records) != maxRecords || records[0].Number != 8 || last != maxRecords+7 {
		t.Errorf("%d records from %d to %d", len(records), records[0].Number, last)
	}
	if count := s.counts.Signals["traces"]; count.Requests != maxRecords+7 || count.Items != maxRecords+7 {
		t.Errorf("%+v", count)
	}
}

func TestBodiesAreBoundedTogether(t *testing.T) {
	s := newStore()
	for range 3 {
		s.received(s.begin(&Record{Signal: "logs"}), 1, make([]byte, maxRecordBytes/2))
	}
	if records, _ := s.after(0, "logs"); len(records) != 2 || s.bytes != maxRecordBytes {
		t.Errorf("%d records, %d bytes", len(records), s.bytes)
	}
}

func TestSpansAreToldApart(t *testing.T) {
	s := newStore()
	accepted(s, spanID{1}, spanID{2})
	accepted(s, spanID{1})
	accepted(s, spanID{1})
	refused := s.begin(&Record{Signal: "traces"})
	s.end(refused, 503, findings{items: 1, spans: []spanID{{2}}}, nil)
	if ids := s.counts.SpanIDs; ids != (SpanIDCounts{Distinct: 2, Repeated: 1}) {
		t.Errorf("%+v", ids)
	}
	s.forget()
	if ids := s.counts.SpanIDs; ids != (SpanIDCounts{}) {
		t.Errorf("after forgetting: %+v", ids)
	}
}

func TestWhatIsForgottenWhileItIsWorkedOnStaysForgotten(t *testing.T) {
	s := newStore()
	record := s.begin(&Record{Signal: "traces"})
	s.forget()
	s.received(record, 1, []byte{1})
	s.end(record, 200, findings{problems: []string{"one"}, items: 1, spans: []spanID{{1}}}, nil)
	if records, _ := s.after(0, ""); len(records) != 0 || s.bytes != 0 {
		t.Errorf("%d records, %d bytes", len(records), s.bytes)
	}
	if s.counts.SpanIDs.Distinct != 0 || s.counts.Problems.Count != 0 || s.counts.Signals["traces"].Accepted != 0 {
		t.Errorf("%+v", s.counts)
	}
}
