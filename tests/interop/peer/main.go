// An OpAMP server that is not ours, played by a script: opamp-go's server library, with JSON lines on both sides.
//
// Standard output: one event a line, {"event": "listening" | "connected" | "message" | "disconnected" | "refused" | "error" |
// "tls_failed", …}.
// A message is the AgentToServer as protobuf's JSON, with the field names of the .proto file; bytes are base64.
// "refused" is an attempt to connect that got no WebSocket, and no answer to a POST. What speaks plain HTTP has no connection:
// each of its messages comes with the headers, and commands are the answers to its next polls; see polls.go.
// Standard input: one command a line, see Command. End of input ends the program.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
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
	"google.golang.org/protobuf/proto"
	"opampd/tests/interop/secure"
)

// File is one entry of an AgentConfigMap.
type File struct {
	Body        string `json:"body"`
	Bytes       []byte `json:"bytes"` // base64: a body that is not text
	ContentType string `json:"content_type"`
}

func (file File) content() []byte {
	if file.Bytes != nil {
		return file.Bytes
	}
	return []byte(file.Body)
}

// How connections are treated from now on.
const (
	answer        = "answer"          // as a server should
	hangUp        = "hang up"         // closed as soon as they are accepted, without a word
	drop          = "drop"            // closed as soon as the WebSocket stands
	answerAndDrop = "answer and drop" // closed after the answer to the first message
)

// Offer is a remote config; without a hash it gets one from its files.
type Offer struct {
	Files map[string]File `json:"files"`
	Hash  string          `json:"hash"` // hexadecimal
}

// Command is a line of input; every field that is set is carried out, for every connected agent.
type Command struct {
	Offer     *Offer          `json:"offer"`      // offer this config now, and to whoever connects and does not have it
	Restart   bool            `json:"restart"`    // the restart command
	Settings  json.RawMessage `json:"settings"`   // offer these ConnectionSettingsOffers, in protobuf's JSON
	FullState bool            `json:"full_state"` // ask for a full report
	NewUID    string          `json:"new_uid"`    // hexadecimal: tell the agent its new instance_uid
	AsUID     string          `json:"as_uid"`     // hexadecimal: the instance_uid that the message is for, instead of the agent's
	Error     string          `json:"error"`      // an error_response with this text
	Raw       []byte          `json:"raw"`        // base64: write these bytes to the connections, whatever they are
	Close     bool            `json:"close"`      // drop the connections
	Reset     bool            `json:"reset"`      // the same, with a TCP reset
	Refuse    int             `json:"refuse"`     // answer new connections with this HTTP status
	Accept    bool            `json:"accept"`     // and no longer
	Manner    string          `json:"manner"`     // see the constants
}

// Event is a line of output.
type Event struct {
	Event     string          `json:"event"`
	Port      int             `json:"port,omitempty"`
	Error     string          `json:"error,omitempty"`
	Transport string          `json:"transport,omitempty"` // of a message: websocket or http
	Client    string          `json:"client,omitempty"`    // the name in the client's certificate
	Headers   http.Header     `json:"headers,omitempty"`
	Message   json.RawMessage `json:"message,omitempty"`
}

type peer struct {
	mutex     sync.Mutex // guards all below, and keeps output lines and Sends apart
	agents    map[types.Connection][]byte
	pollers   pollers
	offer     *protobufs.AgentRemoteConfig
	refuse    int
	manner    string
	connected Event // what is known of the latest upgrade request
}

const capabilities = uint64(protobufs.ServerCapabilities_ServerCapabilities_AcceptsStatus |
	protobufs.ServerCapabilities_ServerCapabilities_OffersRemoteConfig |
	protobufs.ServerCapabilities_ServerCapabilities_AcceptsEffectiveConfig |
	protobufs.ServerCapabilities_ServerCapabilities_OffersConnectionSettings)

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
		emit(Event{Event: "refused"})
		return types.ConnectionResponse{HTTPStatusCode: p.refuse}
	}
	if isPoll(request) {
		return p.acceptPoll(request)
	}
	p.connected = Event{Event: "connected", Headers: request.Header, Client: secure.ClientName(request)}
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
	emit(p.connected)
	if p.manner == drop {
		p.end(connection, false)
	}
}

func (p *peer) onClose(connection types.Connection) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.agents, connection)
	emit(Event{Event: "disconnected"})
}

// Answers every message; the first of a connection also with the offer, where the agent does not have it.
func (p *peer) onMessage(_ context.Context, connection types.Connection, message *protobufs.AgentToServer) *protobufs.ServerToAgent {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	emit(Event{Event: "message", Transport: "websocket", Message: textOf(message)})
	isFirst := p.agents[connection] == nil
	p.agents[connection] = message.InstanceUid
	reply := &protobufs.ServerToAgent{Capabilities: capabilities}
	if isFirst && p.lacksOffer(message) {
		reply.RemoteConfig = p.offer
	}
	p.send(connection, reply)
	if p.manner == answerAndDrop {
		p.end(connection, false)
	}
	return nil // sent: a second sender beside the commands would break the library's rule of one at a time
}

func textOf(message *protobufs.AgentToServer) json.RawMessage {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
	if err != nil {
		text = []byte(fmt.Sprintf("%q", err.Error()))
	}
	return text
}

func (p *peer) lacksOffer(message *protobufs.AgentToServer) bool {
	return p.offer != nil && string(message.GetRemoteConfigStatus().GetLastRemoteConfigHash()) != string(p.offer.ConfigHash)
}

func (p *peer) send(connection types.Connection, message *protobufs.ServerToAgent) {
	if message.InstanceUid == nil {
		message.InstanceUid = p.agents[connection]
	}
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
		files[name] = &protobufs.AgentConfigFile{Body: file.content(), ContentType: file.ContentType}
	}
	sort.Strings(names)
	digest := sha256.New()
	for _, name := range names {
		fmt.Fprintf(digest, "%d:%s%d:%s", len(name), name, len(offer.Files[name].content()), offer.Files[name].content())
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
	if command.Settings != nil {
		message.ConnectionSettings = &protobufs.ConnectionSettingsOffers{}
		if err := protojson.Unmarshal(command.Settings, message.ConnectionSettings); err != nil {
			return nil, fmt.Errorf("settings: %w", err)
		}
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
	if command.Error != "" {
		message.ErrorResponse = &protobufs.ServerErrorResponse{ErrorMessage: command.Error}
	}
	if proto.Size(message) == 0 {
		return nil, nil
	}
	if command.AsUID != "" {
		uid, err := hex.DecodeString(command.AsUID)
		if err != nil {
			return nil, fmt.Errorf("as_uid: %w", err)
		}
		message.InstanceUid = uid
	}
	return message, nil
}

func (p *peer) end(connection types.Connection, reset bool) {
	if tcp, ok := tcpOf(connection.Connection()).(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	if err := connection.Disconnect(); err != nil && !errors.Is(err, net.ErrClosed) {
		emit(Event{Event: "error", Error: err.Error()})
	}
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
	if command.Manner != "" {
		p.manner = command.Manner
	}
	order, err := p.order(command)
	if err != nil {
		return err
	}
	if order != nil {
		p.pollers.leave(order)
	}
	for connection := range p.agents {
		if order != nil {
			p.send(connection, proto.Clone(order).(*protobufs.ServerToAgent))
		}
		if command.Raw != nil {
			if _, err := connection.Connection().Write(command.Raw); err != nil {
				return err
			}
		}
		if command.Close || command.Reset {
			p.end(connection, command.Reset)
		}
	}
	return nil
}

// door is the listener, which may close what it has accepted.
type door struct {
	net.Listener
	peer *peer
}

func (d door) Accept() (net.Conn, error) {
	for {
		connection, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		d.peer.mutex.Lock()
		isShut := d.peer.manner == hangUp
		if isShut {
			emit(Event{Event: "refused"})
		}
		d.peer.mutex.Unlock()
		if !isShut {
			return connection, nil
		}
		_ = connection.Close()
	}
}

func (p *peer) complain(kind, text string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	emit(Event{Event: kind, Error: text})
}

func tcpOf(connection net.Conn) net.Conn {
	if secured, ok := connection.(*tls.Conn); ok {
		return secured.NetConn()
	}
	return connection
}

// serve listens, and serves OpAMP in the background; over TLS where there is a certificate.
func (p *peer) serve(address string, files secure.Files) (net.Addr, error) {
	config, err := files.Config()
	if err != nil {
		return nil, err
	}
	settings := server.Settings{}
	settings.Callbacks.OnConnecting = p.onConnecting
	handle, withConnection, err := server.New(nil).Attach(settings)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/opamp", handle)
	web := &http.Server{Handler: mux, ConnContext: withConnection, TLSConfig: config, ErrorLog: secure.Complaints(p.complain)}
	go func() {
		if config != nil {
			log.Fatal(web.ServeTLS(door{listener, p}, "", ""))
		}
		log.Fatal(web.Serve(door{listener, p}))
	}()
	return listener.Addr(), nil
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "where to serve OpAMP, at /v1/opamp; port 0 takes a free one")
	var files secure.Files
	files.Flags()
	flag.Parse()
	p := &peer{agents: map[types.Connection][]byte{}, pollers: pollers{}, manner: answer}
	address, err := p.serve(*listen, files)
	if err != nil {
		log.Fatal(err)
	}
	p.mutex.Lock()
	emit(Event{Event: "listening", Port: address.(*net.TCPAddr).Port})
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
