// TLS, and certificates that clients have to present.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
)

type tlsFiles struct {
	cert, key, clientCA string
	clientOptional      bool
}

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
	if files.clientOptional {
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("'%s' has no certificate", files.clientCA)
	}
	return config, nil
}

// clientName is empty where the client has shown no certificate.
func clientName(request *http.Request) string {
	if request.TLS == nil || len(request.TLS.PeerCertificates) == 0 {
		return ""
	}
	return request.TLS.PeerCertificates[0].Subject.CommonName
}
