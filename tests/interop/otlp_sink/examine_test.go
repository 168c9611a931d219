package main

import (
	"strings"
	"testing"

	collectorlogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

var (
	aTrace = []byte("0123456789abcdef")
	aSpan  = []byte("01234567")
	host   = &resource.Resource{Attributes: pairs("host.name", "one")}
	scope  = &common.InstrumentationScope{Name: "opampd"}
)

func text(value string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}
}

func pairs(keysAndValues ...string) (attributes []*common.KeyValue) {
	for i := 0; i < len(keysAndValues); i += 2 {
		attributes = append(attributes, &common.KeyValue{Key: keysAndValues[i], Value: text(keysAndValues[i+1])})
	}
	return attributes
}

func ofSpan(change func(*trace.Span)) proto.Message {
	span := &trace.Span{TraceId: aTrace, SpanId: aSpan, ParentSpanId: []byte("89abcdef"), Name: "config.stage", Flags: 0x101,
		TraceState: "vendor=1,other=2", Kind: trace.Span_SPAN_KIND_INTERNAL, StartTimeUnixNano: 5, EndTimeUnixNano: 5,
		Attributes: pairs("a", "1", "b", "2"), Status: &trace.Status{Code: trace.Status_STATUS_CODE_ERROR, Message: "no"},
		Events: []*trace.Span_Event{{Name: "exception", TimeUnixNano: 5}},
		Links:  []*trace.Span_Link{{TraceId: aTrace, SpanId: aSpan, Flags: 0x301}}}
	change(span)
	scopes := []*trace.ScopeSpans{{Scope: scope, Spans: []*trace.Span{span}}}
	return &collectortrace.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{{Resource: host, ScopeSpans: scopes}}}
}

func ofMetric(metric *metrics.Metric) proto.Message {
	scopes := []*metrics.ScopeMetrics{{Scope: scope, Metrics: []*metrics.Metric{metric}}}
	return &collectormetrics.ExportMetricsServiceRequest{
		ResourceMetrics: []*metrics.ResourceMetrics{{Resource: host, ScopeMetrics: scopes}}}
}

func number(value int64) *metrics.NumberDataPoint {
	return &metrics.NumberDataPoint{StartTimeUnixNano: 1, TimeUnixNano: 2, Value: &metrics.NumberDataPoint_AsInt{AsInt: value},
		Exemplars: []*metrics.Exemplar{{TimeUnixNano: 2, Value: &metrics.Exemplar_AsInt{AsInt: 1}, TraceId: aTrace, SpanId: aSpan}}}
}

func ofSum(change func(*metrics.Metric, *metrics.Sum)) proto.Message {
	sum := &metrics.Sum{AggregationTemporality: 2, IsMonotonic: true, DataPoints: []*metrics.NumberDataPoint{number(0)}}
	metric := &metrics.Metric{Name: "agent.restarts", Unit: "{restart}", Data: &metrics.Metric_Sum{Sum: sum}}
	change(metric, sum)
	return ofMetric(metric)
}

func ofHistogram(change func(*metrics.Histogram, *metrics.HistogramDataPoint)) proto.Message {
	point := &metrics.HistogramDataPoint{StartTimeUnixNano: 1, TimeUnixNano: 2, Count: 3, Sum: proto.Float64(7), Min: proto.Float64(1),
		Max: proto.Float64(4), ExplicitBounds: []float64{1, 2}, BucketCounts: []uint64{1, 0, 2}}
	histogram := &metrics.Histogram{AggregationTemporality: 1, DataPoints: []*metrics.HistogramDataPoint{point}}
	change(histogram, point)
	return ofMetric(&metrics.Metric{Name: "probe.duration", Unit: "s", Data: &metrics.Metric_Histogram{Histogram: histogram}})
}

func ofExponential(change func(*metrics.ExponentialHistogramDataPoint)) proto.Message {
	point := &metrics.ExponentialHistogramDataPoint{StartTimeUnixNano: 1, TimeUnixNano: 2, Count: 6, ZeroCount: 1,
		Positive: &metrics.ExponentialHistogramDataPoint_Buckets{BucketCounts: []uint64{1, 2}},
		Negative: &metrics.ExponentialHistogramDataPoint_Buckets{BucketCounts: []uint64{2}}}
	change(point)
	return ofMetric(&metrics.Metric{Name: "e", Data: &metrics.Metric_ExponentialHistogram{ExponentialHistogram: &metrics.ExponentialHistogram{
		AggregationTemporality: 2, DataPoints: []*metrics.ExponentialHistogramDataPoint{point}}}})
}

func ofSummary(quantile float64) proto.Message {
	point := &metrics.SummaryDataPoint{TimeUnixNano: 2, QuantileValues: []*metrics.SummaryDataPoint_ValueAtQuantile{{Quantile: quantile}}}
	return ofMetric(&metrics.Metric{Name: "s", Data: &metrics.Metric_Summary{
		Summary: &metrics.Summary{DataPoints: []*metrics.SummaryDataPoint{point}}}})
}

func ofGauge(points ...*metrics.NumberDataPoint) proto.Message {
	return ofMetric(&metrics.Metric{Name: "g", Data: &metrics.Metric_Gauge{Gauge: &metrics.Gauge{DataPoints: points}}})
}

func ofLog(change func(*logs.LogRecord)) proto.Message {
	record := &logs.LogRecord{ObservedTimeUnixNano: 5, SeverityNumber: 9, Body: text("agent.started"), EventName: "agent.started",
		Attributes: pairs("pid", "7"), Flags: 1, TraceId: aTrace, SpanId: aSpan}
	change(record)
	scopes := []*logs.ScopeLogs{{Scope: scope, LogRecords: []*logs.LogRecord{record}}}
	return &collectorlogs.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{{Resource: host, ScopeLogs: scopes}}}
}

func signalFor(message proto.Message) string {
	switch message.(type) {
	case *collectortrace.ExportTraceServiceRequest:
		return "traces"
	case *collectormetrics.ExportMetricsServiceRequest:
		return "metrics"
	}
	return "logs"
}

func examined(t *testing.T, message proto.Message) findings {
	t.Helper()
	body, err := proto.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	found := examine(signalFor(message), body)
	if found.failed != nil {
		t.Fatal(found.failed)
	}
	return found
}

func TestWhatIsRightHasNoProblems(t *testing.T) {
	noRecord := &metrics.NumberDataPoint{TimeUnixNano: 2, Flags: 1}
	for name, message := range map[string]proto.Message{
		"a span":                           ofSpan(func(*trace.Span) {}),
		"a root span":                      ofSpan(func(span *trace.Span) { span.ParentSpanId = nil }),
		"a span without a status":          ofSpan(func(span *trace.Span) { span.Status = nil }),
		"a sum":                            ofSum(func(*metrics.Metric, *metrics.Sum) {}),
		"a gauge":                          ofGauge(number(-1)),
		"a gauge without a record":         ofGauge(noRecord),
		"a histogram":                      ofHistogram(func(*metrics.Histogram, *metrics.HistogramDataPoint) {}),
		"a histogram that is only a count": ofHistogram(func(_ *metrics.Histogram, p *metrics.HistogramDataPoint) { p.ExplicitBounds, p.BucketCounts = nil, nil }),
		"an exponential histogram":         ofExponential(func(*metrics.ExponentialHistogramDataPoint) {}),
		"a summary":                        ofSummary(0.5),
		"a log record":                     ofLog(func(*logs.LogRecord) {}),
		"a log record of no span":          ofLog(func(record *logs.LogRecord) { record.TraceId, record.SpanId = nil, nil }),
	} {
		if found := examined(t, message); len(found.problems) > 0 || found.items != 1 {
			t.Errorf("%s: %d items, %q", name, found.items, found.problems)
		}
	}
}

// One wrong thing each, and what is said of it.
var spanViolations = map[string]func(*trace.Span){
	"trace_id has 3 bytes, not 16":             func(s *trace.Span) { s.TraceId = []byte("abc") },
	"trace_id is zero":                         func(s *trace.Span) { s.TraceId = make([]byte, 16) },
	"span_id has 0 bytes, not 8":               func(s *trace.Span) { s.SpanId = nil },
	"span_id is zero":                          func(s *trace.Span) { s.SpanId = make([]byte, 8) },
	"parent_span_id has 1 bytes, not 8":        func(s *trace.Span) { s.ParentSpanId = []byte("a") },
	"parent_span_id is zero":                   func(s *trace.Span) { s.ParentSpanId = make([]byte, 8) },
	"its own parent":                           func(s *trace.Span) { s.ParentSpanId = s.SpanId },
	"spans[0]: name is empty":                  func(s *trace.Span) { s.Name = "" },
	"kind is 0":                                func(s *trace.Span) { s.Kind = 0 },
	"kind is 6":                                func(s *trace.Span) { s.Kind = 6 },
	"start_time_unix_nano is missing":          func(s *trace.Span) { s.StartTimeUnixNano = 0 },
	"it ends 2 ns before it starts":            func(s *trace.Span) { s.StartTimeUnixNano = 7 },
	"spans[0]: flags has reserved bits: 0x400": func(s *trace.Span) { s.Flags = 0x400 },
	"is_remote without has_is_remote":          func(s *trace.Span) { s.Flags = 0x200 },
	"trace_state has the member 'x'":           func(s *trace.Span) { s.TraceState = "a=1,x" },
	"trace_state has 33 members":               func(s *trace.Span) { s.TraceState = strings.Repeat("a=1,", 32) + "a=1" },
	"an attribute has no key":                  func(s *trace.Span) { s.Attributes = pairs("", "1") },
	"spans[0]: attribute 'a' is there twice":   func(s *trace.Span) { s.Attributes = pairs("a", "1", "b", "2", "a", "3") },
	"status.code is 3":                         func(s *trace.Span) { s.Status = &trace.Status{Code: 3} },
	"status.message is for errors":             func(s *trace.Span) { s.Status.Code = trace.Status_STATUS_CODE_OK },
	"events[0]: name is empty":                 func(s *trace.Span) { s.Events[0].Name = "" },
	"events[0]: time_unix_nano is missing":     func(s *trace.Span) { s.Events[0].TimeUnixNano = 0 },
	"events[0]: attribute 'a' is there twice":  func(s *trace.Span) { s.Events[0].Attributes = pairs("a", "1", "a", "2") },
	"links[0]: trace_id has 0 bytes":           func(s *trace.Span) { s.Links[0].TraceId = nil },
	"links[0]: span_id is zero":                func(s *trace.Span) { s.Links[0].SpanId = make([]byte, 8) },
	"3 bytes are no field of Span":             func(s *trace.Span) { s.ProtoReflect().SetUnknown([]byte{0x38 | 0x80, 0x07, 0x01}) },
	"key_strindex, which is for profiles":      func(s *trace.Span) { s.Attributes[0].KeyStrindex = 1 },
	"string_value_strindex, which is for": func(s *trace.Span) {
		s.Attributes[0].Value.Value = &common.AnyValue_StringValueStrindex{StringValueStrindex: 1}
	},
	"spans[0].a: attribute 'k' is there twice": func(s *trace.Span) {
		list := &common.KeyValueList{Values: pairs("k", "1", "k", "2")}
		s.Attributes[0].Value.Value = &common.AnyValue_KvlistValue{KvlistValue: list}
	},
}

var sumViolations = map[string]func(*metrics.Metric, *metrics.Sum){
	"name is ''":                      func(m *metrics.Metric, _ *metrics.Sum) { m.Name = "" },
	"name is '7 up'":                  func(m *metrics.Metric, _ *metrics.Sum) { m.Name = "7 up" },
	"unit is 'µs'":                    func(m *metrics.Metric, _ *metrics.Sum) { m.Unit = "µs" },
	"no data points":                  func(_ *metrics.Metric, s *metrics.Sum) { s.DataPoints = nil },
	"aggregation_temporality is 0":    func(_ *metrics.Metric, s *metrics.Sum) { s.AggregationTemporality = 0 },
	"aggregation_temporality is 3":    func(_ *metrics.Metric, s *metrics.Sum) { s.AggregationTemporality = 3 },
	"below zero":                      func(_ *metrics.Metric, s *metrics.Sum) { s.DataPoints[0] = number(-1) },
	"start_time_unix_nano is missing": func(_ *metrics.Metric, s *metrics.Sum) { s.DataPoints[0].StartTimeUnixNano = 0 },
	"it starts 7 ns after its time":   func(_ *metrics.Metric, s *metrics.Sum) { s.DataPoints[0].StartTimeUnixNano = 9 },
	"neither a value nor":             func(_ *metrics.Metric, s *metrics.Sum) { s.DataPoints[0].Value = nil },
	"flags has reserved bits: 0x2":    func(_ *metrics.Metric, s *metrics.Sum) { s.DataPoints[0].Flags = 2 },
	"a second point of the same attributes and time": func(_ *metrics.Metric, s *metrics.Sum) {
		s.DataPoints = []*metrics.NumberDataPoint{number(1), number(2)}
		s.DataPoints[0].Attributes, s.DataPoints[1].Attributes = pairs("a", "1", "b", "2"), pairs("b", "2", "a", "1")
	},
	"data_points[0]: attribute 'a' is there twice":   func(_ *metrics.Metric, s *metrics.Sum) { s.DataPoints[0].Attributes = pairs("a", "1", "a", "1") },
	"exemplars[0]: span_id has 2 bytes":              func(_ *metrics.Metric, s *metrics.Sum) { s.DataPoints[0].Exemplars[0].SpanId = []byte("ab") },
	"exemplars[0]: time_unix_nano is missing":        func(_ *metrics.Metric, s *metrics.Sum) { s.DataPoints[0].Exemplars[0].TimeUnixNano = 0 },
	"exemplars[0]: no value":                         func(_ *metrics.Metric, s *metrics.Sum) { s.DataPoints[0].Exemplars[0].Value = nil },
	"metrics[0].sum: 2 bytes are no field of Sum":    func(_ *metrics.Metric, s *metrics.Sum) { s.ProtoReflect().SetUnknown([]byte{0x78, 0x01}) },
	"scope_metrics[0].metrics[0]: unit is 'too long": func(m *metrics.Metric, _ *metrics.Sum) { m.Unit = "too long" + strings.Repeat("g", 60) },
}

var histogramViolations = map[string]func(*metrics.Histogram, *metrics.HistogramDataPoint){
	"aggregation_temporality is 0":          func(h *metrics.Histogram, _ *metrics.HistogramDataPoint) { h.AggregationTemporality = 0 },
	"3 bucket_counts for 1 explicit_bounds": func(_ *metrics.Histogram, p *metrics.HistogramDataPoint) { p.ExplicitBounds = []float64{1} },
	"count is 4, that of the buckets 3":     func(_ *metrics.Histogram, p *metrics.HistogramDataPoint) { p.Count = 4 },
	"explicit_bounds[1] is not more":        func(_ *metrics.Histogram, p *metrics.HistogramDataPoint) { p.ExplicitBounds = []float64{2, 2} },
	"min is more than max":                  func(_ *metrics.Histogram, p *metrics.HistogramDataPoint) { p.Min = proto.Float64(5) },
	"a sum of nothing that is not zero": func(_ *metrics.Histogram, p *metrics.HistogramDataPoint) {
		p.Count, p.BucketCounts = 0, []uint64{0, 0, 0}
	},
	"data_points[0]: time_unix_nano is missing": func(_ *metrics.Histogram, p *metrics.HistogramDataPoint) { p.TimeUnixNano, p.StartTimeUnixNano = 0, 0 },
}

var logViolations = map[string]func(*logs.LogRecord){
	"neither time_unix_nano nor observed":           func(r *logs.LogRecord) { r.ObservedTimeUnixNano = 0 },
	"severity_number is 0":                          func(r *logs.LogRecord) { r.SeverityNumber = 0 },
	"severity_number is 25":                         func(r *logs.LogRecord) { r.SeverityNumber = 25 },
	"flags has reserved bits: 0x100":                func(r *logs.LogRecord) { r.Flags = 0x100 },
	"trace_id has 0 bytes":                          func(r *logs.LogRecord) { r.TraceId = nil },
	"span_id has 1 bytes":                           func(r *logs.LogRecord) { r.SpanId = []byte("a") },
	"log_records[0]: attribute 'a' is there twice":  func(r *logs.LogRecord) { r.Attributes = pairs("a", "1", "a", "1") },
	"log_records[0]: it says nothing":               func(r *logs.LogRecord) { r.Body, r.EventName, r.Attributes = nil, "", nil },
	"log_records[0].body: 2 bytes are no field of ": func(r *logs.LogRecord) { r.Body.ProtoReflect().SetUnknown([]byte{0x78, 0x01}) },
}

func expectProblem(t *testing.T, words string, message proto.Message) {
	t.Helper()
	for _, problem := range examined(t, message).problems {
		if strings.Contains(problem, words) {
			return
		}
	}
	t.Errorf("not found: '%s', but %q", words, examined(t, message).problems)
}

func TestEachViolationIsFound(t *testing.T) {
	for words, change := range spanViolations {
		expectProblem(t, words, ofSpan(change))
	}
	for words, change := range sumViolations {
		expectProblem(t, words, ofSum(change))
	}
	for words, change := range histogramViolations {
		expectProblem(t, words, ofHistogram(change))
	}
	for words, change := range logViolations {
		expectProblem(t, words, ofLog(change))
	}
	expectProblem(t, "count is 7, that of the buckets 6", ofExponential(func(p *metrics.ExponentialHistogramDataPoint) { p.Count = 7 }))
	expectProblem(t, "quantile_values[0].quantile is 1.5", ofSummary(1.5))
	expectProblem(t, "no data points", ofMetric(&metrics.Metric{Name: "nothing"}))
	expectProblem(t, "the request is empty", &collectortrace.ExportTraceServiceRequest{})
	withTwice := &collectortrace.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{
		{Resource: &resource.Resource{Attributes: pairs("a", "1", "a", "1")}}}}
	expectProblem(t, "resource_spans[0].resource: attribute 'a' is there twice", withTwice)
}

func TestWhatIsNoMessageFails(t *testing.T) {
	notUTF8 := []byte{0x0a, 0x04, 0x1a, 0x02, 0xff, 0xfe} // resource_spans[0].schema_url
	for _, body := range [][]byte{[]byte("no protobuf"), {0x0a, 0x05, 0x01}, notUTF8} {
		if found := examine("traces", body); found.failed == nil {
			t.Errorf("%x is taken: %q", body, found.problems)
		}
	}
}
