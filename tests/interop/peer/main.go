// An OpAMP server that is not ours, played by a script: opamp-go's server library, with JSON lines on both sides.
//
// Standard output: one event a line, {"event": "listening" | "connected" | "message" | "disconnected" | "error", …}.
// A message is the AgentToServer as protobuf's JSON, with the field names of the .proto file; bytes are base64.
// Standard input: one command a line, see Command. End of input ends the program.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sort"
	"sync"
	"time"

	"github.com/open-telemetry/opamp-go/protobufs"
	"github.com/open-telemetry/opamp-go/server"
	"github.com/open-telemetry/opamp-go/server/types"
	"google.golang.org/protobuf/encoding/protojson"
)

// File is one entry of an AgentConfigMap.
type File struct {
	Body        string `json:"body"`
	ContentType string `json:"content_type"`
}

// Offer is a remote config; without a hash it gets one from its files.
type Offer struct {
	Files map[string]File `json:"files"`
	Hash  string          `json:"hash"` // hexadecimal
}

// Command is a line of input; every field that is set is carried out, for every connected agent.
type Command struct {
	Offer     *Offer `json:"offer"`      // offer this config now, and to whoever connects and does not have it
	Restart   bool   `json:"restart"`    // the restart command
	FullState bool   `json:"full_state"` // ask for a full report
	NewUID    string `json:"new_uid"`    // hexadecimal: tell the agent its new instance_uid
	Close     bool   `json:"close"`      // drop the connections
	Refuse    int    `json:"refuse"`     // answer new connections with this HTTP status
	Accept    bool   `json:"accept"`     // and no longer
}

// Event is a line of output.
type Event struct {
	Event   string          `json:"event"`
	Port    int             `json:"port,omitempty"`
	Error   string          `json:"error,omitempty"`
	Headers http.Header     `json:"headers,omitempty"`
	Message json.RawMessage `json:"message,omitempty"`
}

type peer struct {
	mutex     sync.Mutex // guards all below, and keeps output lines and Sends apart
	agents    map[types.Connection][]byte
	offer     *protobufs.AgentRemoteConfig
	refuse    int
	connected http.Header // of the latest upgrade request
}

const capabilities = uint64(protobufs.ServerCapabilities_ServerCapabilities_AcceptsStatus |
	protobufs.ServerCapabilities_ServerCapabilities_OffersRemoteConfig |
	protobufs.ServerCapabilities_ServerCapabilities_AcceptsEffectiveConfig)

func emit(event Event) {
	line, err := json.Marshal(event)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", line)
}

func (p *peer) onConnecting(request *http.Request) types.ConnectionResponse {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.refuse != 0 {
		return types.ConnectionResponse{HTTPStatusCode: p.refuse}
	}
	p.connected = request.Header
	return types.ConnectionResponse{Accept: true, ConnectionCallbacks: types.ConnectionCallbacks{
		OnConnected:       p.onConnected,
		OnMessage:         p.onMessage,
		OnConnectionClose: p.onClose,
		OnReadMessageError: func(_ types.Connection, _ int, _ []byte, err error) {
			if errors.Is(err, net.ErrClosed) {
				return // we did that
			}
			p.mutex.Lock()
			defer p.mutex.Unlock()
			emit(Event{Event: "error", Error: err.Error()})
		},
	}}
}

func (p *peer) onConnected(_ context.Context, connection types.Connection) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.agents[connection] = nil
	emit(Event{Event: "connected", Headers: p.connected})
}

func (p *peer) onClose(connection types.Connection) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.agents, connection)
	emit(Event{Event: "disconnected"})
}

// Answers every message; the first of a connection also with the offer, where the agent does not have it.
func (p *peer) onMessage(_ context.Context, connection types.Connection, message *protobufs.AgentToServer) *protobufs.ServerToAgent {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
	if err != nil {
		text = []byte(fmt.Sprintf("%q", err.Error()))
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	emit(Event{Event: "message", Message: text})
	isFirst := p.agents[connection] == nil
	p.agents[connection] = message.InstanceUid
	reply := &protobufs.ServerToAgent{Capabilities: capabilities}
	if isFirst && p.offer != nil && string(message.GetRemoteConfigStatus().GetLastRemoteConfigHash()) != string(p.offer.ConfigHash) {
		reply.RemoteConfig = p.offer
	}
	p.send(connection, reply)
	return nil // sent: a second sender beside the commands would break the library's rule of one at a time
}

func (p *peer) send(connection types.Connection, message *protobufs.ServerToAgent) {
	message.InstanceUid = p.agents[connection]
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := connection.Send(ctx, message); err != nil {
		emit(Event{Event: "error", Error: err.Error()})
	}
}

func (offer *Offer) remoteConfig() (*protobufs.AgentRemoteConfig, error) {
	names := make([]string, 0, len(offer.Files))
	files := map[string]*protobufs.AgentConfigFile{}
	for name, file := range offer.Files {
		names = append(names, name)
		files[name] = &protobufs.AgentConfigFile{Body: []byte(file.Body), ContentType: file.ContentType}
	}
	sort.Strings(names)
	digest := sha256.New()
	for _, name := range names {
		fmt.Fprintf(digest, "%d:%s%d:%s", len(name), name, len(offer.Files[name].Body), offer.Files[name].Body)
	}
	hash := digest.Sum(nil)
	if offer.Hash != "" {
		var err error
		if hash, err = hex.DecodeString(offer.Hash); err != nil {
			return nil, fmt.Errorf("hash: %w", err)
		}
	}
	return &protobufs.AgentRemoteConfig{Config: &protobufs.AgentConfigMap{ConfigMap: files}, ConfigHash: hash}, nil
}

// What a command says to an agent; nil if nothing.
func (p *peer) order(command Command) (*protobufs.ServerToAgent, error) {
	message := &protobufs.ServerToAgent{}
	if command.Offer != nil {
		offer, err := command.Offer.remoteConfig()
		if err != nil {
			return nil, err
		}
		p.offer = offer
		message.RemoteConfig = offer
	}
	if command.Restart {
		message.Command = &protobufs.ServerToAgentCommand{Type: protobufs.CommandType_CommandType_Restart}
	}
	if command.FullState {
		message.Flags = uint64(protobufs.ServerToAgentFlags_ServerToAgentFlags_ReportFullState)
	}
	if command.NewUID != "" {
		uid, err := hex.DecodeString(command.NewUID)
		if err != nil {
			return nil, fmt.Errorf("new_uid: %w", err)
		}
		message.AgentIdentification = &protobufs.AgentIdentification{NewInstanceUid: uid}
	}
	if message.RemoteConfig == nil && message.Command == nil && message.Flags == 0 && message.AgentIdentification == nil {
		return nil, nil
	}
	return message, nil
}

func (p *peer) obey(line []byte) error {
	var command Command
	if err := json.Unmarshal(line, &command); err != nil {
		return err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if command.Refuse != 0 || command.Accept {
		p.refuse = command.Refuse
	}
	order, err := p.order(command)
	if err != nil {
		return err
	}
	for connection := range p.agents {
		if order != nil {
			p.send(connection, order)
		}
		if command.Close {
			if err := connection.Disconnect(); err != nil && !errors.Is(err, net.ErrClosed) {
				return err
			}
		}
	}
	return nil
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "where to serve OpAMP, at /v1/opamp; port 0 takes a free one")
	flag.Parse()
	p := &peer{agents: map[types.Connection][]byte{}}
	opamp := server.New(nil)
	settings := server.StartSettings{ListenEndpoint: *listen}
	settings.Callbacks.OnConnecting = p.onConnecting
	if err := opamp.Start(settings); err != nil {
		log.Fatal(err)
	}
	p.mutex.Lock()
	emit(Event{Event: "listening", Port: opamp.Addr().(*net.TCPAddr).Port})
	p.mutex.Unlock()

	commands := bufio.NewScanner(os.Stdin)
	commands.Buffer(nil, 128<<20)
	for commands.Scan() {
		if err := p.obey(commands.Bytes()); err != nil {
			p.mutex.Lock()
			emit(Event{Event: "error", Error: "command: " + err.Error()})
			p.mutex.Unlock()
		}
	}
}
