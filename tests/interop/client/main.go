// An OpAMP agent that is not ours, played by a script: opamp-go's client library, with JSON lines on both sides.
//
// Standard output: one event a line, {"event": "started" | "connected" | "connect_failed" | "config" | "settings" | "identification" |
// "capabilities" | "custom" | "command" | "server_error" | "logged" | "stopped" | "error", …}. "logged" is an error of the library's.
// Standard input: one command a line, see Command. End of input ends the program without a goodbye.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/open-telemetry/opamp-go/client"
	"github.com/open-telemetry/opamp-go/client/types"
	"github.com/open-telemetry/opamp-go/protobufs"
)

// Command is a line of input; every field that is set is carried out.
type Command struct {
	Applying bool   `json:"applying"` // report the config that came last as APPLYING
	Apply    bool   `json:"apply"`    // report it as APPLIED, and in use
	Fail     string `json:"fail"`     // report it as FAILED, for this reason
	Health   string `json:"health"`   // "healthy", or the error that makes it unhealthy
	Custom   string `json:"custom"`   // send a custom message of this capability, which is announced first
	Stop     bool   `json:"stop"`     // say goodbye as the library does
}

// Event is a line of output.
type Event struct {
	Event        string            `json:"event"`
	Error        string            `json:"error,omitempty"`
	Files        map[string]string `json:"files,omitempty"` // of a config
	Hash         string            `json:"hash,omitempty"`  // hexadecimal
	UID          string            `json:"uid,omitempty"`   // hexadecimal
	Command      string            `json:"command,omitempty"`
	Endpoint     string            `json:"endpoint,omitempty"`
	Headers      map[string]string `json:"headers,omitempty"`
	Capabilities []string          `json:"capabilities,omitempty"`
}

var output sync.Mutex

func emit(event Event) {
	line, err := json.Marshal(event)
	if err != nil {
		log.Fatal(err)
	}
	output.Lock()
	defer output.Unlock()
	fmt.Printf("%s\n", line)
}

// logger tells what the library has to object.
type logger struct{}

func (logger) Debugf(context.Context, string, ...any) {}
func (logger) Errorf(_ context.Context, format string, values ...any) {
	emit(Event{Event: "logged", Error: fmt.Sprintf(format, values...)})
}

type agent struct {
	client client.OpAMPClient
	mutex  sync.Mutex // guards all below
	latest *protobufs.AgentRemoteConfig
	inUse  *protobufs.AgentConfigMap
}

const capabilities = protobufs.AgentCapabilities_AgentCapabilities_ReportsStatus |
	protobufs.AgentCapabilities_AgentCapabilities_AcceptsRemoteConfig |
	protobufs.AgentCapabilities_AgentCapabilities_ReportsRemoteConfig |
	protobufs.AgentCapabilities_AgentCapabilities_ReportsEffectiveConfig |
	protobufs.AgentCapabilities_AgentCapabilities_AcceptsRestartCommand |
	protobufs.AgentCapabilities_AgentCapabilities_ReportsHealth |
	protobufs.AgentCapabilities_AgentCapabilities_ReportsHeartbeat |
	protobufs.AgentCapabilities_AgentCapabilities_AcceptsOpAMPConnectionSettings |
	protobufs.AgentCapabilities_AgentCapabilities_ReportsConnectionSettingsStatus

func (a *agent) onMessage(_ context.Context, message *types.MessageData) {
	if config := message.RemoteConfig; config != nil {
		a.mutex.Lock()
		a.latest = config
		a.mutex.Unlock()
		files := map[string]string{}
		for name, file := range config.GetConfig().GetConfigMap() {
			files[name] = string(file.Body)
		}
		emit(Event{Event: "config", Files: files, Hash: hex.EncodeToString(config.ConfigHash)})
	}
	if message.AgentIdentification != nil {
		emit(Event{Event: "identification", UID: hex.EncodeToString(message.AgentIdentification.NewInstanceUid)})
	}
	if message.CustomCapabilities != nil {
		emit(Event{Event: "capabilities", Capabilities: message.CustomCapabilities.Capabilities})
	}
	if message.CustomMessage != nil {
		emit(Event{Event: "custom", Capabilities: []string{message.CustomMessage.Capability}})
	}
}

func onSettings(_ context.Context, settings *protobufs.OpAMPConnectionSettings) error {
	headers := map[string]string{}
	for _, header := range settings.GetHeaders().GetHeaders() {
		headers[header.Key] = header.Value
	}
	emit(Event{Event: "settings", Endpoint: settings.DestinationEndpoint, Headers: headers})
	return nil
}

func (a *agent) callbacks() types.Callbacks {
	return types.Callbacks{
		OnConnect:       func(context.Context) { emit(Event{Event: "connected"}) },
		OnConnectFailed: func(_ context.Context, err error) { emit(Event{Event: "connect_failed", Error: err.Error()}) },
		OnError: func(_ context.Context, answer *protobufs.ServerErrorResponse) {
			emit(Event{Event: "server_error", Error: answer.String()})
		},
		OnMessage:                 a.onMessage,
		OnOpampConnectionSettings: onSettings,
		OnCommand: func(_ context.Context, command *protobufs.ServerToAgentCommand) error {
			emit(Event{Event: "command", Command: command.Type.String()})
			return nil
		},
		GetEffectiveConfig: func(context.Context) (*protobufs.EffectiveConfig, error) {
			a.mutex.Lock()
			defer a.mutex.Unlock()
			return &protobufs.EffectiveConfig{ConfigMap: a.inUse}, nil
		},
	}
}

func (a *agent) report(status protobufs.RemoteConfigStatuses, reason string) error {
	a.mutex.Lock()
	latest := a.latest
	a.mutex.Unlock()
	if latest == nil {
		return errors.New("no config has come")
	}
	return a.client.SetRemoteConfigStatus(&protobufs.RemoteConfigStatus{
		LastRemoteConfigHash: latest.ConfigHash, Status: status, ErrorMessage: reason,
	})
}

func (a *agent) apply() error {
	a.mutex.Lock()
	a.inUse = a.latest.GetConfig()
	a.mutex.Unlock()
	if err := a.client.UpdateEffectiveConfig(context.Background()); err != nil {
		return err
	}
	return a.report(protobufs.RemoteConfigStatuses_RemoteConfigStatuses_APPLIED, "")
}

func (a *agent) setHealth(text string) error {
	now := uint64(time.Now().UnixNano())
	health := &protobufs.ComponentHealth{Healthy: text == "healthy", StartTimeUnixNano: now, StatusTimeUnixNano: now}
	if !health.Healthy {
		health.LastError = text
	}
	return a.client.SetHealth(health)
}

func (a *agent) sendCustom(capability string) error {
	if err := a.client.SetCustomCapabilities(&protobufs.CustomCapabilities{Capabilities: []string{capability}}); err != nil {
		return err
	}
	_, err := a.client.SendCustomMessage(&protobufs.CustomMessage{Capability: capability, Type: "greeting", Data: []byte("hello")})
	return err
}

func (a *agent) obey(line []byte) error {
	var command Command
	if err := json.Unmarshal(line, &command); err != nil {
		return err
	}
	var failures []error
	if command.Applying {
		failures = append(failures, a.report(protobufs.RemoteConfigStatuses_RemoteConfigStatuses_APPLYING, ""))
	}
	if command.Apply {
		failures = append(failures, a.apply())
	}
	if command.Fail != "" {
		failures = append(failures, a.report(protobufs.RemoteConfigStatuses_RemoteConfigStatuses_FAILED, command.Fail))
	}
	if command.Health != "" {
		failures = append(failures, a.setHealth(command.Health))
	}
	if command.Custom != "" {
		failures = append(failures, a.sendCustom(command.Custom))
	}
	if command.Stop {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		failures = append(failures, a.client.Stop(ctx))
		emit(Event{Event: "stopped"})
	}
	return errors.Join(failures...)
}

func text(value string) *protobufs.AnyValue {
	return &protobufs.AnyValue{Value: &protobufs.AnyValue_StringValue{StringValue: value}}
}

func start(a *agent, settings types.StartSettings) error {
	description := &protobufs.AgentDescription{IdentifyingAttributes: []*protobufs.KeyValue{
		{Key: "service.name", Value: text("reference-agent")}, {Key: "service.version", Value: text("1.2.3")}}}
	reported := capabilities
	// The health first: the library checks for it where capabilities say that it is reported.
	return errors.Join(a.client.SetAgentDescription(description), a.setHealth("healthy"), a.client.SetCapabilities(&reported),
		a.client.Start(context.Background(), settings))
}

func main() {
	endpoint := flag.String("endpoint", "", "the server: ws://… or http://…")
	uid := flag.String("uid", "", "the instance_uid, hexadecimal")
	authorization := flag.String("authorization", "", "the header of that name")
	interval := flag.Duration("interval", 30*time.Second, "between heartbeats, or polls")
	compress := flag.Bool("compress", false, "gzip for the bodies of plain HTTP; an offer to compress for a WebSocket")
	flag.Parse()

	a := &agent{client: client.NewWebSocket(logger{})}
	if strings.HasPrefix(*endpoint, "http") {
		a.client = client.NewHTTP(logger{})
	}
	settings := types.StartSettings{OpAMPServerURL: *endpoint, Callbacks: a.callbacks(), Header: http.Header{},
		HeartbeatInterval: interval, EnableCompression: *compress}
	if *authorization != "" {
		settings.Header.Set("Authorization", *authorization)
	}
	if n, err := hex.Decode(settings.InstanceUid[:], []byte(*uid)); err != nil || n != len(settings.InstanceUid) {
		log.Fatal("-uid: 32 hexadecimal digits are wanted")
	}
	if err := start(a, settings); err != nil {
		log.Fatal(err)
	}
	emit(Event{Event: "started"})

	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		if err := a.obey(commands.Bytes()); err != nil {
			emit(Event{Event: "error", Error: "command: " + err.Error()})
		}
	}
}
