// What differs between the signals.
package main

import (
	"path"

	collectorlogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Partial is a partial success: so many spans, data points or log records are refused.
type Partial struct {
	Rejected int64  `json:"rejected"`
	Message  string `json:"message"`
}

type signal struct {
	request func() proto.Message
	examine func(*judge, proto.Message)
	answer  func(*Partial) proto.Message
}

var signals = map[string]signal{
	"traces": {
		request: func() proto.Message { return &collectortrace.ExportTraceServiceRequest{} },
		examine: func(j *judge, message proto.Message) { j.traces(message.(*collectortrace.ExportTraceServiceRequest)) },
		answer: func(partial *Partial) proto.Message {
			answer := &collectortrace.ExportTraceServiceResponse{}
			if partial != nil {
				answer.PartialSuccess = &collectortrace.ExportTracePartialSuccess{
					RejectedSpans: partial.Rejected, ErrorMessage: partial.Message}
			}
			return answer
		},
	},
	"metrics": {
		request: func() proto.Message { return &collectormetrics.ExportMetricsServiceRequest{} },
		examine: func(j *judge, message proto.Message) {
			j.metrics(message.(*collectormetrics.ExportMetricsServiceRequest))
		},
		answer: func(partial *Partial) proto.Message {
			answer := &collectormetrics.ExportMetricsServiceResponse{}
			if partial != nil {
				answer.PartialSuccess = &collectormetrics.ExportMetricsPartialSuccess{
					RejectedDataPoints: partial.Rejected, ErrorMessage: partial.Message}
			}
			return answer
		},
	},
	"logs": {
		request: func() proto.Message { return &collectorlogs.ExportLogsServiceRequest{} },
		examine: func(j *judge, message proto.Message) { j.logs(message.(*collectorlogs.ExportLogsServiceRequest)) },
		answer: func(partial *Partial) proto.Message {
			answer := &collectorlogs.ExportLogsServiceResponse{}
			if partial != nil {
				answer.PartialSuccess = &collectorlogs.ExportLogsPartialSuccess{
					RejectedLogRecords: partial.Rejected, ErrorMessage: partial.Message}
			}
			return answer
		},
	},
}

// signalOf is empty where the path tells none.
func signalOf(urlPath string, registered map[string]string) string {
	if name, known := registered[urlPath]; known {
		return name
	}
	if name := path.Base(urlPath); signals[name].request != nil {
		return name
	}
	return ""
}

// findings of one body; `failed` where it is not a message of the signal at all.
type findings struct {
	problems []string
	items    int // spans, data points or log records
	spans    []spanID
	failed   error
}

func examine(name string, body []byte) findings {
	message := signals[name].request()
	if err := proto.Unmarshal(body, message); err != nil {
		return findings{failed: err}
	}
	j := &judge{}
	j.nothingUnknown(nil, message.ProtoReflect())
	signals[name].examine(j, message)
	j.require(j.items > 0, nil, "the request is empty")
	return findings{problems: j.problems, items: j.items, spans: j.spans}
}
