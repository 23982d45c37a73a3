// A TLS 1.3 server on Go's crypto/tls, for tests of the TLS client: it says
// what it negotiated on standard output, and turns each line around.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
)

var groups = map[string]tls.CurveID{
	"X25519": tls.X25519,
	"P-256":  tls.CurveP256,
	"P-384":  tls.CurveP384,
}

// Runs until its connection ends; one line in, the same line reversed out.
func serve(c *tls.Conn) error {
	defer c.Close()
	if err := c.Handshake(); err != nil {
		return err
	}
	s := c.ConnectionState()
	fmt.Printf("suite %s resumed %v name %q\n",
		tls.CipherSuiteName(s.CipherSuite), s.DidResume, s.ServerName)
	for _, cert := range s.PeerCertificates {
		fmt.Printf("peer %s\n", cert.Subject.CommonName)
	}
	r := bufio.NewReaderSize(c, 1<<20)
	for {
		line, err := r.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		b := []byte(strings.TrimSuffix(line, "\n"))
		for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
		if _, err := c.Write(append(b, '\n')); err != nil {
			return err
		}
	}
}

func main() {
	cert := flag.String("cert", "", "chain, PEM")
	key := flag.String("key", "", "its key, PEM")
	ca := flag.String("ca", "", "CA of clients, PEM; with it they need a certificate")
	group := flag.String("group", "", "X25519, P-256 or P-384")
	noTickets := flag.Bool("no-tickets", false, "")
	smallFirst := flag.Bool("small-records", true, "begin with small records")
	flag.Parse()

	pair, err := tls.LoadX509KeyPair(*cert, *key)
	if err != nil {
		log.Fatal(err)
	}
	config := &tls.Config{
		Certificates:                []tls.Certificate{pair},
		MinVersion:                  tls.VersionTLS13,
		SessionTicketsDisabled:      *noTickets,
		DynamicRecordSizingDisabled: !*smallFirst,
	}
	if id, known := groups[*group]; known {
		config.CurvePreferences = []tls.CurveID{id}
	}
	if *ca != "" {
		text, err := os.ReadFile(*ca)
		if err != nil {
			log.Fatal(err)
		}
		config.ClientCAs = x509.NewCertPool()
		config.ClientCAs.AppendCertsFromPEM(text)
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("port %d\n", l.Addr().(*net.TCPAddr).Port)
	for {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		if err := serve(tls.Server(c, config)); err != nil {
			fmt.Printf("error %v\n", err)
		}
	}
}
