// An OTLP/HTTP receiver that is not ours: what comes in is decoded with OpenTelemetry's own generated types, held against the
// data model, and kept for the test that asks.
//
// Standard output: one event a line, {"event": "listening", "port": …, "control_port": …} first, then "tls_failed" and "error".
// End of input ends the program.
//
// Everything that is not below is an export, see export.go. The control port takes only what is below, and never speaks TLS:
//
//	GET  /_received?after=N&signal=S  the requests, see Record; both limits may be left out
//	GET  /_count                      see Counts; cheap
//	POST /_paths {"/a/b": "traces"}   such a path is of that signal
//	POST /_behave {…}                 see Behaviour
//	POST /_forget                     nothing has been received yet
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
)

// Event is a line of output.
type Event struct {
	Event       string `json:"event"`
	Port        int    `json:"port,omitempty"`
	ControlPort int    `json:"control_port,omitempty"`
	Error       string `json:"error,omitempty"`
}

var output sync.Mutex // keeps lines apart

func emit(event Event) {
	line, err := json.Marshal(event)
	if err != nil {
		log.Fatal(err)
	}
	output.Lock()
	defer output.Unlock()
	fmt.Printf("%s\n", line)
}

// complaints makes events of what the HTTP server logs, which are mostly failed handshakes.
type complaints struct{}

func (complaints) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	kind := "error"
	if strings.Contains(text, "TLS handshake error") {
		kind = "tls_failed"
	}
	emit(Event{Event: kind, Error: text})
	return len(line), nil
}

// serve listens, and serves in the background; over TLS where there is a certificate. It returns the port.
func serve(address string, handler http.Handler, files tlsFiles) (int, error) {
	secure, err := files.config()
	if err != nil {
		return 0, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return 0, err
	}
	web := &http.Server{Handler: handler, TLSConfig: secure, ErrorLog: log.New(complaints{}, "", 0)}
	go func() {
		if secure != nil {
			log.Fatal(web.ServeTLS(listener, "", ""))
		}
		log.Fatal(web.Serve(listener))
	}()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "where to take exports; port 0 takes a free one")
	var files tlsFiles
	flag.StringVar(&files.cert, "cert", "", "PEM file of the server's certificate; with it TLS is spoken, else not")
	flag.StringVar(&files.key, "key", "", "PEM file of its key")
	flag.StringVar(&files.clientCA, "client-ca", "", "PEM file of the CA whose certificates clients have to present")
	flag.BoolVar(&files.clientOptional, "client-optional", false, "clients may also present no certificate")
	flag.Parse()
	s := newSink()
	port, err := serve(*listen, s, files)
	if err != nil {
		log.Fatal(err)
	}
	controlPort, err := serve("127.0.0.1:0", http.HandlerFunc(s.control), tlsFiles{})
	if err != nil {
		log.Fatal(err)
	}
	emit(Event{Event: "listening", Port: port, ControlPort: controlPort})
	_, _ = io.Copy(io.Discard, os.Stdin)
}
