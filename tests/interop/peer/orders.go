// What a test orders on standard input, and what it makes the server say and do.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sort"

	"github.com/open-telemetry/opamp-go/protobufs"
	"github.com/open-telemetry/opamp-go/server/types"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
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
