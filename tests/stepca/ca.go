// A certificate authority of the real smallstep library on the loopback interface: what the practice CA is compared with.
// It makes three levels and one JWK provisioner for this run, prints one line of JSON about them and serves until it is ended.
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/smallstep/certificates/authority/config"
	"github.com/smallstep/certificates/authority/provisioner"
	"github.com/smallstep/certificates/ca"
	"github.com/smallstep/certificates/db"
	"go.step.sm/crypto/jose"
)

// What a tenant's provisioner is configured with: devices are clients, and say so.
const template = `{
	"subject": {"organization": "Practice Tenant", "organizationalUnit": "Devices", "commonName": {{ toJson .Subject.CommonName }}},
	"sans": {{ toJson .SANs }},
{{- if typeIs "*rsa.PublicKey" .Insecure.CR.PublicKey }}
	"keyUsage": ["keyEncipherment", "digitalSignature"],
{{- else }}
	"keyUsage": ["digitalSignature"],
{{- end }}
	"extKeyUsage": ["clientAuth"]
}`

type level struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// newLevel makes a CA below another one, or a root where there is none above. below is its pathLenConstraint.
func newLevel(name string, below int, above *level) *level {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	must(err)
	wanted := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{Organization: []string{"Practice Tenant"}, CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            below,
		MaxPathLenZero:        below == 0,
	}
	parent, signer := wanted, crypto.Signer(key)
	if above != nil {
		parent, signer = above.certificate, above.key
	}
	der, err := x509.CreateCertificate(rand.Reader, wanted, parent, key.Public(), signer)
	must(err)
	certificate, err := x509.ParseCertificate(der)
	must(err)
	return &level{certificate, key}
}

func (l *level) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: l.certificate.Raw})
}

func (l *level) keyPem() []byte {
	der, err := x509.MarshalECPrivateKey(l.key)
	must(err)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}

// freePort is only a guess, since the library opens its port itself; where another program is faster, the CA says so and ends.
func freePort() int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: ca FOLDER")
	}
	path := func(name string) string { return filepath.Join(os.Args[1], name) }
	write := func(name string, content []byte) string {
		must(os.WriteFile(path(name), content, 0o600))
		return path(name)
	}

	root := newLevel("Practice Provider Root CA", 2, nil)
	intermediate := newLevel("Practice Provider ICA", 1, root)
	issuing := newLevel("Practice Tenant Sub-CA", 0, intermediate)
	jwk, err := jose.GenerateJWK("EC", "P-256", "ES256", "sig", "", 0)
	must(err)
	jwk.KeyID, err = jose.Thumbprint(jwk)
	must(err)
	public := jwk.Public()

	address := fmt.Sprintf("127.0.0.1:%d", freePort())
	lifetime := &provisioner.Duration{Duration: 24 * time.Hour}
	backdate := &provisioner.Duration{Duration: time.Minute}
	authority, err := ca.New(&config.Config{
		Root:             []string{write("root.pem", root.pem())},
		IntermediateCert: write("issuing.pem", append(issuing.pem(), intermediate.pem()...)),
		IntermediateKey:  write("issuing-key.pem", issuing.keyPem()),
		Address:          address,
		DNSNames:         []string{"127.0.0.1", "localhost"},
		DB:               &db.Config{Type: "bbolt", DataSource: path("ca.db")},
		TLS:              &config.DefaultTLSOptions,
		AuthorityConfig: &config.AuthConfig{
			Backdate: backdate,
			Claims:   &provisioner.Claims{DefaultTLSDur: lifetime},
			Provisioners: provisioner.List{&provisioner.JWK{
				Type:    "JWK",
				Name:    "practice-bridge",
				Key:     &public,
				Options: &provisioner.Options{X509: &provisioner.X509Options{Template: template}},
			}},
		},
	}, ca.WithQuiet(true))
	must(err)
	must(json.NewEncoder(os.Stdout).Encode(map[string]interface{}{
		"url":             "https://" + address,
		"rootPem":         string(root.pem()),
		"intermediatePem": string(intermediate.pem()),
		"issuingPem":      string(issuing.pem()),
		"provisioner":     map[string]interface{}{"name": "practice-bridge", "keyId": jwk.KeyID, "privateJwk": jwk},
	}))
	must(authority.Run())
}
