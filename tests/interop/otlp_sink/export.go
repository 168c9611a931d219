// Taking an export: OTLP/HTTP with binary protobuf.
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"opampd/tests/interop/secure"
)

const (
	maxBodyBytes = 64 << 20
	protobufType = "application/x-protobuf"
)

// Behaviour is what the next exports get instead of a success. Of several the first that fits is taken.
type Behaviour struct {
	Signal     string   `json:"signal"`      // only for this one
	Times      int      `json:"times"`       // so often; 0 is once, less is until further notice
	Status     int      `json:"status"`      // the answer's, with a google.rpc.Status if it is an error
	RetryAfter string   `json:"retry_after"` // the header
	Message    string   `json:"message"`     // of the google.rpc.Status
	Partial    *Partial `json:"partial"`     // a success, but
	DelayMS    int      `json:"delay_ms"`    // before the answer
	Close      bool     `json:"close"`       // no answer, and the connection is closed
	Clear      bool     `json:"clear"`       // what was ordered before is forgotten
}

// refusal is an export that is answered with an error because of what it is.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return fmt.Sprintf("answered with %d: %s", r.status, r.text) }

func (s *sink) export(writer http.ResponseWriter, request *http.Request) {
	name := s.signalOf(request.URL.Path)
	record := s.store.begin(newRecord(name, request))
	found, err := s.take(record, request)
	if err != nil {
		status := http.StatusBadRequest
		if refused := (refusal{}); errors.As(err, &refused) {
			status = refused.status
		}
		s.store.end(record, status, findings{problems: []string{err.Error()}}, nil)
		answerError(writer, status, err.Error())
		return
	}
	s.answer(writer, request, record, found)
}

// take reads the body, into the record too.
func (s *sink) take(record *Record, request *http.Request) (findings, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, request.Body, maxBodyBytes))
	if err != nil {
		return findings{}, fmt.Errorf("reading the body: %w", err)
	}
	if request.Method != http.MethodPost {
		return findings{}, refusal{http.StatusMethodNotAllowed, "the method is " + request.Method}
	}
	if record.Signal == "" {
		return findings{}, refusal{http.StatusNotFound, "the path is of no signal"}
	}
	contentType, _, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
	if err != nil || contentType != protobufType {
		return findings{}, refusal{http.StatusUnsupportedMediaType, "Content-Type is '" + request.Header.Get("Content-Type") + "'"}
	}
	message, err := inflate(body, record.ContentEncoding)
	if err != nil {
		return findings{}, err
	}
	found := examine(record.Signal, message)
	if found.failed != nil {
		return findings{}, refusal{http.StatusBadRequest, found.failed.Error()}
	}
	s.store.received(record, len(body), message)
	return found, nil
}

func inflate(body []byte, encoding string) ([]byte, error) {
	switch encoding {
	case "", "identity":
		return body, nil
	case "gzip":
		reader, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		message, err := io.ReadAll(io.LimitReader(reader, maxBodyBytes+1))
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		if len(message) > maxBodyBytes {
			return nil, refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("more than %d bytes inflated", maxBodyBytes)}
		}
		return message, nil
	}
	return nil, refusal{http.StatusUnsupportedMediaType, "Content-Encoding is '" + encoding + "'"}
}

func (s *sink) answer(writer http.ResponseWriter, request *http.Request, record *Record, found findings) {
	behaviour := s.behaviourFor(record.Signal)
	if behaviour.DelayMS > 0 {
		select {
		case <-time.After(time.Duration(behaviour.DelayMS) * time.Millisecond):
		case <-request.Context().Done():
			behaviour.Close = true // nobody waits for an answer
		}
	}
	if behaviour.Close {
		s.store.end(record, notAnswered, found, nil)
		panic(http.ErrAbortHandler)
	}
	if behaviour.RetryAfter != "" {
		writer.Header().Set("Retry-After", behaviour.RetryAfter)
	}
	if behaviour.Status >= http.StatusMultipleChoices {
		s.store.end(record, behaviour.Status, found, nil)
		answerError(writer, behaviour.Status, behaviour.Message)
		return
	}
	success := http.StatusOK
	if behaviour.Status != 0 {
		success = behaviour.Status
	}
	s.store.end(record, success, found, behaviour.Partial)
	writeMessage(writer, success, signals[record.Signal].answer(behaviour.Partial))
}

func writeMessage(writer http.ResponseWriter, httpStatus int, message proto.Message) {
	body, err := proto.Marshal(message)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusInternalServerError)
		return
	}
	writer.Header().Set("Content-Type", protobufType)
	writer.WriteHeader(httpStatus)
	_, _ = writer.Write(body)
}

// answerError says it as OTLP/HTTP asks: a google.rpc.Status.
func answerError(writer http.ResponseWriter, httpStatus int, text string) {
	of := code.Code_UNKNOWN
	switch {
	case httpStatus == http.StatusTooManyRequests:
		of = code.Code_RESOURCE_EXHAUSTED
	case httpStatus == http.StatusUnauthorized:
		of = code.Code_UNAUTHENTICATED
	case httpStatus == http.StatusForbidden:
		of = code.Code_PERMISSION_DENIED
	case httpStatus >= 500:
		of = code.Code_UNAVAILABLE
	case httpStatus >= 400:
		of = code.Code_INVALID_ARGUMENT
	}
	if httpStatus == http.StatusMethodNotAllowed {
		writer.Header().Set("Allow", http.MethodPost)
	}
	writeMessage(writer, httpStatus, &status.Status{Code: int32(of), Message: text})
}

func newRecord(name string, request *http.Request) *Record {
	headers := map[string]string{"host": request.Host}
	for header, values := range request.Header {
		headers[strings.ToLower(header)] = strings.Join(values, ", ")
	}
	return &Record{Signal: name, Path: request.RequestURI, Headers: headers, ClientCert: secure.ClientName(request),
		ContentEncoding: request.Header.Get("Content-Encoding"), Peer: request.RemoteAddr, At: time.Now().UnixNano()}
}
