// What OTLP demands of spans.
package main

import (
	"bytes"
	"strings"

	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
)

const maxTraceStateMembers = 32 // W3C Trace Context

func (j *judge) traces(request *collectortrace.ExportTraceServiceRequest) {
	var top *place
	for r, ofResource := range request.ResourceSpans {
		at := top.at("resource_spans", r)
		j.resource(at, ofResource.Resource)
		for s, ofScope := range ofResource.ScopeSpans {
			at := at.at("scope_spans", s)
			j.scope(at, ofScope.Scope)
			for i, span := range ofScope.Spans {
				j.span(at.at("spans", i), span)
			}
		}
	}
}

func (j *judge) span(at *place, span *trace.Span) {
	j.items++
	var id spanID
	copy(id[:], span.TraceId)
	copy(id[traceIDBytes:], span.SpanId)
	j.spans = append(j.spans, id)

	j.identifier(at, "trace_id", span.TraceId, traceIDBytes)
	j.identifier(at, "span_id", span.SpanId, spanIDBytes)
	if len(span.ParentSpanId) > 0 {
		j.identifier(at, "parent_span_id", span.ParentSpanId, spanIDBytes)
		j.require(!bytes.Equal(span.ParentSpanId, span.SpanId), at, "the span is its own parent")
	}
	j.require(span.Name != "", at, "name is empty")
	_, known := trace.Span_SpanKind_name[int32(span.Kind)]
	j.require(known && span.Kind != trace.Span_SPAN_KIND_UNSPECIFIED, at, "kind is %d", span.Kind)
	j.require(span.StartTimeUnixNano != 0, at, "start_time_unix_nano is missing")
	j.require(span.EndTimeUnixNano != 0, at, "end_time_unix_nano is missing")
	j.require(span.StartTimeUnixNano <= span.EndTimeUnixNano, at, "it ends %d ns before it starts",
		span.StartTimeUnixNano-span.EndTimeUnixNano)
	j.spanFlags(at, span.Flags)
	j.traceState(at, span.TraceState)
	j.attributes(at, span.Attributes)
	j.status(at, span.Status)
	for i, event := range span.Events {
		at := at.at("events", i)
		j.require(event.Name != "", at, "name is empty")
		j.require(event.TimeUnixNano != 0, at, "time_unix_nano is missing")
		j.attributes(at, event.Attributes)
	}
	for i, link := range span.Links {
		at := at.at("links", i)
		j.identifier(at, "trace_id", link.TraceId, traceIDBytes)
		j.identifier(at, "span_id", link.SpanId, spanIDBytes)
		j.spanFlags(at, link.Flags)
		j.traceState(at, link.TraceState)
		j.attributes(at, link.Attributes)
	}
}

func (j *judge) status(at *place, status *trace.Status) {
	_, known := trace.Status_StatusCode_name[int32(status.GetCode())]
	j.require(known, at, "status.code is %d", status.GetCode())
	j.require(status.GetMessage() == "" || status.GetCode() == trace.Status_STATUS_CODE_ERROR, at,
		"status.message is for errors, and status.code is %d", status.GetCode())
}

func (j *judge) spanFlags(at *place, flags uint32) {
	const hasIsRemote = uint32(trace.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
	const isRemote = uint32(trace.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	const defined = uint32(trace.SpanFlags_SPAN_FLAGS_TRACE_FLAGS_MASK) | hasIsRemote | isRemote
	j.require(flags&^defined == 0, at, "flags has reserved bits: %#x", flags)
	j.require(flags&isRemote == 0 || flags&hasIsRemote != 0, at, "flags says is_remote without has_is_remote: %#x", flags)
}

func (j *judge) traceState(at *place, state string) {
	if state == "" {
		return
	}
	members := strings.Split(state, ",")
	j.require(len(members) <= maxTraceStateMembers, at, "trace_state has %d members", len(members))
	for _, member := range members {
		key, value, split := strings.Cut(strings.TrimSpace(member), "=")
		j.require(split && key != "" && value != "", at, "trace_state has the member '%s'", member)
	}
}
