// Package tck runs the technology compatibility kit of http-wasm against a gateway that stands at SLUICE_URL.
package tck

import (
	"net/http"
	"os"
	"testing"

	"github.com/http-wasm/http-wasm-host-go/tck"
)

func TestHost(t *testing.T) {
	// what stands behind the guest echoes requests, as tck.BackendHandler does
	tck.Run(t, http.DefaultClient, os.Getenv("SLUICE_URL"))
}
