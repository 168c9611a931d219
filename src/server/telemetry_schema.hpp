// The tables of telemetry.
#pragma once

namespace server {

/// Numbers that stand for an order of arrival are AUTOINCREMENT: none is given twice.
constexpr const char* kTelemetrySchema = R"sql(
CREATE TABLE trace (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    trace_id   BLOB NOT NULL UNIQUE,
    start_time INTEGER NOT NULL,      -- nanoseconds since the epoch, here and below
    end_time   INTEGER NOT NULL,
    spans      INTEGER NOT NULL DEFAULT 0,
    errors     INTEGER NOT NULL DEFAULT 0,
    bytes      INTEGER NOT NULL DEFAULT 0,
    name       TEXT NOT NULL,         -- of the root, else of the span that began first
    service    TEXT NOT NULL,
    name_time  INTEGER NOT NULL,
    has_root   INTEGER NOT NULL
);
CREATE TABLE trace_agent (
    instance_uid BLOB NOT NULL,
    trace        INTEGER NOT NULL REFERENCES trace ON DELETE CASCADE,
    PRIMARY KEY (instance_uid, trace)
) WITHOUT ROWID;
CREATE INDEX trace_agent_by_trace ON trace_agent (trace);
CREATE TABLE trace_resource (
    id         INTEGER PRIMARY KEY,
    trace      INTEGER NOT NULL REFERENCES trace ON DELETE CASCADE,
    digest     BLOB NOT NULL,
    service    TEXT NOT NULL,
    attributes TEXT NOT NULL,         -- JSON, here and below
    dropped    INTEGER NOT NULL,
    UNIQUE (trace, digest)
);
CREATE TABLE span (
    trace          INTEGER NOT NULL REFERENCES trace ON DELETE CASCADE,
    span_id        BLOB NOT NULL,
    parent_id      BLOB NOT NULL,
    resource       INTEGER NOT NULL,
    scope          TEXT NOT NULL,
    name           TEXT NOT NULL,
    kind           INTEGER NOT NULL,
    start_time     INTEGER NOT NULL,
    end_time       INTEGER NOT NULL,
    status         INTEGER NOT NULL,
    status_message TEXT NOT NULL,
    attributes     TEXT NOT NULL,
    events         TEXT NOT NULL,
    links          TEXT NOT NULL,
    dropped        INTEGER NOT NULL,
    PRIMARY KEY (trace, span_id)
) WITHOUT ROWID;
CREATE TABLE log_record (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_uid  BLOB,
    service       TEXT NOT NULL,
    time          INTEGER NOT NULL,
    severity      INTEGER NOT NULL,
    severity_text TEXT NOT NULL,
    event_name    TEXT NOT NULL,
    scope         TEXT NOT NULL,
    body          TEXT NOT NULL,
    attributes    TEXT NOT NULL,
    trace_id      BLOB,
    span_id       BLOB,
    bytes         INTEGER NOT NULL,
    dropped       INTEGER NOT NULL
);
CREATE INDEX log_record_by_agent ON log_record (instance_uid, time, id) WHERE instance_uid IS NOT NULL;
CREATE INDEX log_record_by_trace ON log_record (trace_id) WHERE trace_id IS NOT NULL;
CREATE TABLE series (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    digest       BLOB NOT NULL UNIQUE,
    instance_uid BLOB,
    service      TEXT NOT NULL,
    name         TEXT NOT NULL,
    unit         TEXT NOT NULL,
    description  TEXT NOT NULL,
    kind         TEXT NOT NULL,
    scope        TEXT NOT NULL,
    attributes   TEXT NOT NULL,
    heard        INTEGER NOT NULL,    -- in the order of arrival
    time         INTEGER NOT NULL,
    value        REAL,
    details      TEXT NOT NULL,
    history      BLOB NOT NULL,       -- the last values, newest last: doubles
    bytes        INTEGER NOT NULL
);
CREATE INDEX series_by_agent ON series (instance_uid, name) WHERE instance_uid IS NOT NULL;
CREATE UNIQUE INDEX series_by_heard ON series (heard);
PRAGMA user_version = 2;
)sql";

}  // namespace server
