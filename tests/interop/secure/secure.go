// Package secure is TLS as the peers of the tests speak it: certificates that clients have to present, and handshakes that fail.
package secure

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
)

// Files are named on the command line.
type Files struct {
	cert, key, clientCA string
	clientOptional      bool
}

// Flags is called before flag.Parse.
func (files *Files) Flags() {
	flag.StringVar(&files.cert, "cert", "", "PEM file of the server's certificate; with it TLS is spoken, else not")
	flag.StringVar(&files.key, "key", "", "PEM file of its key")
	flag.StringVar(&files.clientCA, "client-ca", "", "PEM file of the CA whose certificates clients have to present")
	flag.BoolVar(&files.clientOptional, "client-optional", false, "clients may also present no certificate")
}

// Config is nil where no certificate is given.
func (files Files) Config() (*tls.Config, error) {
	if files.cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(files.cert, files.key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	if files.clientCA == "" {
		return config, nil
	}
	text, err := os.ReadFile(files.clientCA)
	if err != nil {
		return nil, err
	}
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	if files.clientOptional {
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("'%s' has no certificate", files.clientCA)
	}
	return config, nil
}

// ClientName is empty where the client has shown no certificate.
func ClientName(request *http.Request) string {
	if request.TLS == nil || len(request.TLS.PeerCertificates) == 0 {
		return ""
	}
	return request.TLS.PeerCertificates[0].Subject.CommonName
}

// Complaints makes events, "tls_failed" or "error", of what an HTTP server logs, which are mostly failed handshakes.
func Complaints(tell func(kind, text string)) *log.Logger { return log.New(complaints(tell), "", 0) }

type complaints func(kind, text string)

func (tell complaints) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	kind := "error"
	if strings.Contains(text, "TLS handshake error") {
		kind = "tls_failed"
	}
	tell(kind, text)
	return len(line), nil
}
