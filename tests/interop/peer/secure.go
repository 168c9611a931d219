// TLS, and certificates that clients have to present.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
)

type tlsFiles struct{ cert, key, clientCA string }

// config is nil where no certificate is given.
func (files tlsFiles) config() (*tls.Config, error) {
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
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, errors.New(files.clientCA + " has no certificate")
	}
	return config, nil
}

func clientName(request *http.Request) string {
	if request.TLS == nil || len(request.TLS.PeerCertificates) == 0 {
		return ""
	}
	return request.TLS.PeerCertificates[0].Subject.CommonName
}

func tcpOf(connection net.Conn) net.Conn {
	if secure, ok := connection.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return connection
}

// complaints makes events of what the HTTP server logs, which are mostly failed handshakes.
type complaints struct{ peer *peer }

func (c complaints) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	kind := "error"
	if strings.Contains(text, "TLS handshake error") {
		kind = "tls_failed"
	}
	c.peer.mutex.Lock()
	defer c.peer.mutex.Unlock()
	emit(Event{Event: kind, Error: text})
	return len(line), nil
}
