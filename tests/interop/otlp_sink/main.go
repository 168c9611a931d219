// An OTLP/HTTP receiver that is not ours: what comes in is decoded with OpenTelemetry's own generated types, held against the
// data model, and kept for the test that asks.
//
// Standard output: one event a line, {"event": "listening", "port": …, "control_port": …} first, then "tls_failed" and "error".
// End of input ends the program.
//
// Everything that comes to the one port is an export, see export.go. The control port takes only what is below, and never speaks TLS:
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
	"sync"

	"opampd/tests/interop/secure"
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

func complain(kind, text string) { emit(Event{Event: kind, Error: text}) }

// serve listens, and serves in the background; over TLS where there is a certificate. It returns the port.
func serve(address string, handler http.Handler, files secure.Files) (int, error) {
	config, err := files.Config()
	if err != nil {
		return 0, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return 0, err
	}
	web := &http.Server{Handler: handler, TLSConfig: config, ErrorLog: secure.Complaints(complain)}
	go func() {
		if config != nil {
			log.Fatal(web.ServeTLS(listener, "", ""))
		}
		log.Fatal(web.Serve(listener))
	}()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "where to take exports; port 0 takes a free one")
	var files secure.Files
	files.Flags()
	flag.Parse()
	s := newSink()
	port, err := serve(*listen, http.HandlerFunc(s.export), files)
	if err != nil {
		log.Fatal(err)
	}
	controlPort, err := serve("127.0.0.1:0", http.HandlerFunc(s.control), secure.Files{})
	if err != nil {
		log.Fatal(err)
	}
	emit(Event{Event: "listening", Port: port, ControlPort: controlPort})
	_, _ = io.Copy(io.Discard, os.Stdin)
}
