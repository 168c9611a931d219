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
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/open-telemetry/opamp-go/protobufs"
	"github.com/open-telemetry/opamp-go/server"
	"github.com/open-telemetry/opamp-go/server/types"
	"google.golang.org/protobuf/encoding/protojson"
	"opampd/tests/interop/secure"
)

// How connections are treated from now on.
const (
	answer        = "answer"          // as a server should
	hangUp        = "hang up"         // closed as soon as they are accepted, without a word
	drop          = "drop"            // closed as soon as the WebSocket stands
	answerAndDrop = "answer and drop" // closed after the answer to the first message
)

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
