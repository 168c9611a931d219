// Plain HTTP: nothing can be pushed, so that what is to be said waits for the agent's next poll.
package main

import (
	"context"
	"net/http"

	"github.com/open-telemetry/opamp-go/protobufs"
	"github.com/open-telemetry/opamp-go/server/types"
	"google.golang.org/protobuf/proto"
	"opampd/tests/interop/secure"
)

// pollers are the agents that speak plain HTTP, by instance_uid: what waits for each of them, the earliest first.
type pollers map[string][]*protobufs.ServerToAgent

func isPoll(request *http.Request) bool {
	return request.Header.Get("Content-Type") == "application/x-protobuf"
}

// leave makes a message wait for every agent that is known.
func (p pollers) leave(message *protobufs.ServerToAgent) {
	for uid := range p {
		p[uid] = append(p[uid], proto.Clone(message).(*protobufs.ServerToAgent))
	}
}

// take gives the message that has waited longest for the agent, or an empty one.
func (p pollers) take(uid string) *protobufs.ServerToAgent {
	waiting := p[uid]
	if len(waiting) == 0 {
		p[uid] = nil // known from now on
		return &protobufs.ServerToAgent{}
	}
	p[uid] = waiting[1:]
	return waiting[0]
}

func (p *peer) acceptPoll(request *http.Request) types.ConnectionResponse {
	event := Event{Event: "message", Transport: "http", Headers: request.Header, Client: secure.ClientName(request)}
	return types.ConnectionResponse{Accept: true, ConnectionCallbacks: types.ConnectionCallbacks{
		OnMessage: func(_ context.Context, _ types.Connection, message *protobufs.AgentToServer) *protobufs.ServerToAgent {
			return p.onPoll(event, message)
		},
	}}
}

func (p *peer) onPoll(event Event, message *protobufs.AgentToServer) *protobufs.ServerToAgent {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	event.Message = textOf(message)
	emit(event)
	uid := string(message.InstanceUid)
	_, isKnown := p.pollers[uid]
	reply := p.pollers.take(uid)
	reply.Capabilities = capabilities
	if !isKnown && p.lacksOffer(message) {
		reply.RemoteConfig = p.offer
	}
	if message.AgentDisconnect != nil {
		delete(p.pollers, uid)
	}
	return reply
}
