// What a test asks and orders.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

type sink struct {
	store      *store
	mutex      sync.Mutex // guards all below
	paths      map[string]string
	behaviours []*Behaviour
}

func newSink() *sink { return &sink{store: newStore(), paths: map[string]string{}} }

func (s *sink) control(writer http.ResponseWriter, request *http.Request) {
	answer, err := s.obey(request)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	writer.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(writer).Encode(answer)
}

func (s *sink) obey(request *http.Request) (any, error) {
	switch order := request.Method + " " + request.URL.Path; order {
	case "GET /_received":
		return s.received(request)
	case "GET /_count":
		return s.counted()
	case "POST /_paths":
		return s.register(request)
	case "POST /_behave":
		return s.order(request)
	case "POST /_forget":
		return map[string]int64{"last": s.store.forget()}, nil
	default:
		return nil, fmt.Errorf("'%s' is no order", order)
	}
}

func (s *sink) received(request *http.Request) (any, error) {
	query, after := request.URL.Query(), int64(0)
	if text := query.Get("after"); text != "" {
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("after: %w", err)
		}
		after = number
	}
	records, last := s.store.after(after, query.Get("signal"))
	for i := range records {
		body, err := jsonOf(records[i])
		if err != nil {
			return nil, err
		}
		records[i].Body = body
		if records[i].Problems == nil {
			records[i].Problems = []string{}
		}
	}
	if records == nil {
		records = []Record{}
	}
	return map[string]any{"requests": records, "last": last}, nil
}

// counted is text already, because the counts may not be read without the store's mutex.
func (s *sink) counted() (any, error) {
	s.store.mutex.Lock()
	defer s.store.mutex.Unlock()
	text, err := json.Marshal(s.store.counts)
	return json.RawMessage(text), err
}

func decode(request *http.Request, into any) error {
	decoder := json.NewDecoder(request.Body)
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func (s *sink) register(request *http.Request) (any, error) {
	paths := map[string]string{}
	if err := decode(request, &paths); err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for path, name := range paths {
		if signals[name].request == nil {
			return nil, fmt.Errorf("'%s' is no signal", name)
		}
		s.paths[path] = name
	}
	return struct{}{}, nil
}

func (s *sink) order(request *http.Request) (any, error) {
	behaviour := &Behaviour{}
	if err := decode(request, behaviour); err != nil {
		return nil, err
	}
	if behaviour.Signal != "" && signals[behaviour.Signal].request == nil {
		return nil, fmt.Errorf("'%s' is no signal", behaviour.Signal)
	}
	if behaviour.Status != 0 && (behaviour.Status < 200 || behaviour.Status > 599) {
		return nil, fmt.Errorf("%d is no status of an answer", behaviour.Status)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if behaviour.Clear {
		s.behaviours = nil
		return struct{}{}, nil
	}
	if behaviour.Times == 0 {
		behaviour.Times = 1
	}
	s.behaviours = append(s.behaviours, behaviour)
	return struct{}{}, nil
}

func (s *sink) behaviourFor(name string) Behaviour {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for i, behaviour := range s.behaviours {
		if behaviour.Signal != "" && behaviour.Signal != name {
			continue
		}
		if behaviour.Times--; behaviour.Times == 0 {
			s.behaviours = append(s.behaviours[:i:i], s.behaviours[i+1:]...)
		}
		return *behaviour
	}
	return Behaviour{}
}

func (s *sink) signalOf(path string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return signalOf(path, s.paths)
}

// jsonOf is the body as values; nil where there was no message in it.
func jsonOf(record Record) (any, error) {
	if record.message == nil {
		return nil, nil
	}
	message := signals[record.Signal].request()
	if err := proto.Unmarshal(record.message, message); err != nil {
		return nil, err
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var body any
	if err := decoder.Decode(&body); err != nil {
		return nil, err
	}
	return body, identifiersToHex(body)
}

// identifiersToHex is safe because keys are names of fields only: attributes are lists.
func identifiersToHex(value any) error {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			if err := identifiersToHex(element); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, element := range value {
			text, isText := element.(string)
			if isText && (key == "trace_id" || key == "span_id" || key == "parent_span_id") {
				identifier, err := base64.StdEncoding.DecodeString(text)
				if err != nil {
					return fmt.Errorf("%s: %w", key, err)
				}
				value[key] = hex.EncodeToString(identifier)
			} else if err := identifiersToHex(element); err != nil {
				return err
			}
		}
	}
	return nil
}
