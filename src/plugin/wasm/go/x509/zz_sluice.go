//go:build js && wasm

// Added to package crypto/x509 by `sluice plugin build`.

package x509

import "os"

// SluiceRoots returns the root certificates of the gateway, PEM. Package net/http sets it.
var SluiceRoots func() []byte

// sluiceRoots stands at the beginning of loadSystemRoots. It returns nil where the operator names files for Go.
func sluiceRoots() *CertPool {
	if SluiceRoots == nil || os.Getenv(certFileEnv) != "" || os.Getenv(certDirEnv) != "" {
		return nil
	}
	roots := NewCertPool()
	roots.AppendCertsFromPEM(SluiceRoots())
	return roots
}
