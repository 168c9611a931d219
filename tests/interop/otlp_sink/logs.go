// What OTLP demands of log records.
package main

import (
	collectorlogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
)

func (j *judge) logs(request *collectorlogs.ExportLogsServiceRequest) {
	var top *place
	for r, ofResource := range request.ResourceLogs {
		at := top.at("resource_logs", r)
		j.resource(at, ofResource.Resource)
		for s, ofScope := range ofResource.ScopeLogs {
			at := at.at("scope_logs", s)
			j.scope(at, ofScope.Scope)
			for i, record := range ofScope.LogRecords {
				j.logRecord(at.at("log_records", i), record)
			}
		}
	}
}

func (j *judge) logRecord(at *place, record *logs.LogRecord) {
	j.items++
	j.require(record.TimeUnixNano != 0 || record.ObservedTimeUnixNano != 0, at, "neither time_unix_nano nor observed_time_unix_nano")
	_, known := logs.SeverityNumber_name[int32(record.SeverityNumber)]
	j.require(known && record.SeverityNumber != logs.SeverityNumber_SEVERITY_NUMBER_UNSPECIFIED, at,
		"severity_number is %d", record.SeverityNumber)
	j.require(record.Flags&^uint32(logs.LogRecordFlags_LOG_RECORD_FLAGS_TRACE_FLAGS_MASK) == 0, at,
		"flags has reserved bits: %#x", record.Flags)
	j.require(record.Body != nil || record.EventName != "" || len(record.Attributes) > 0, at, "it says nothing")
	j.context(at, record.TraceId, record.SpanId)
	j.attributes(at, record.Attributes)
	j.value(at, "body", record.Body)
}
