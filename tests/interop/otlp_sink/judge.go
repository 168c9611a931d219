// What the OTLP data model demands of everything: places, attributes, identifiers.
package main

import (
	"fmt"
	"sort"
	"strings"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	maxProblems  = 100 // of one request; more would say the same
	traceIDBytes = 16
	spanIDBytes  = 8
)

// place is where in a request something is. It becomes text only if there is something to say of it.
type place struct {
	up    *place
	name  string
	index int // -1: the only one
}

func (p *place) at(name string, index int) *place { return &place{p, name, index} }
func (p *place) in(name string) *place            { return &place{p, name, -1} }

func (p *place) String() string {
	if p == nil {
		return "request"
	}
	text := p.name
	if p.index >= 0 {
		text = fmt.Sprintf("%s[%d]", p.name, p.index)
	}
	if p.up == nil {
		return text
	}
	return p.up.String() + "." + text
}

// spanID is unique with its trace_id only.
type spanID [traceIDBytes + spanIDBytes]byte

// judge looks at one request.
type judge struct {
	problems []string
	items    int
	spans    []spanID
}

func (j *judge) require(kept bool, where *place, format string, arguments ...any) {
	if !kept && len(j.problems) < maxProblems {
		j.problems = append(j.problems, where.String()+": "+fmt.Sprintf(format, arguments...))
	}
}

// nothingUnknown looks at every depth for fields that are not in the .proto files.
func (j *judge) nothingUnknown(where *place, message protoreflect.Message) {
	unknown := message.GetUnknown()
	j.require(len(unknown) == 0, where, "%d bytes are no field of %s", len(unknown), message.Descriptor().Name())
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.Message() == nil { // OTLP has no maps
			return true
		}
		name := string(field.Name())
		if !field.IsList() {
			j.nothingUnknown(where.in(name), value.Message())
			return true
		}
		for i := range value.List().Len() {
			j.nothingUnknown(where.at(name, i), value.List().Get(i).Message())
		}
		return true
	})
}

func (j *judge) resource(where *place, of *resource.Resource) {
	j.attributes(where.in("resource"), of.GetAttributes())
}

func (j *judge) scope(where *place, of *common.InstrumentationScope) {
	j.attributes(where.in("scope"), of.GetAttributes())
}

func (j *judge) attributes(where *place, attributes []*common.KeyValue) {
	seen := make(map[string]bool, len(attributes))
	for _, attribute := range attributes {
		j.require(attribute.Key != "", where, "an attribute has no key")
		j.require(!seen[attribute.Key], where, "attribute '%s' is there twice", attribute.Key)
		j.require(attribute.KeyStrindex == 0, where, "attribute '%s' has key_strindex, which is for profiles", attribute.Key)
		seen[attribute.Key] = true
		j.value(where, attribute.Key, attribute.Value)
	}
}

func (j *judge) value(where *place, key string, value *common.AnyValue) {
	switch value := value.GetValue().(type) {
	case *common.AnyValue_KvlistValue:
		j.attributes(where.in(key), value.KvlistValue.GetValues())
	case *common.AnyValue_ArrayValue:
		for i, element := range value.ArrayValue.GetValues() {
			j.value(where.at(key, i), "", element)
		}
	case *common.AnyValue_StringValueStrindex:
		j.require(false, where, "attribute '%s' has string_value_strindex, which is for profiles", key)
	}
}

func (j *judge) identifier(where *place, name string, bytes []byte, size int) {
	if len(bytes) != size {
		j.require(false, where, "%s has %d bytes, not %d", name, len(bytes), size)
		return
	}
	j.require(strings.Trim(string(bytes), "\x00") != "", where, "%s is zero", name)
}

// context is what a log record or an exemplar says of the span that it belongs to: nothing, or both identifiers.
func (j *judge) context(where *place, trace, span []byte) {
	if len(trace) > 0 || len(span) > 0 {
		j.identifier(where, "trace_id", trace, traceIDBytes)
	}
	if len(span) > 0 {
		j.identifier(where, "span_id", span, spanIDBytes)
	}
}

// identityOf is the same text for the same attributes, in whatever order.
func identityOf(attributes []*common.KeyValue) string {
	parts := make([]string, 0, len(attributes))
	for _, attribute := range attributes {
		bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(attribute)
		parts = append(parts, fmt.Sprintf("%x %v", bytes, err))
	}
	sort.Strings(parts)
	return strings.Join(parts, "|")
}
