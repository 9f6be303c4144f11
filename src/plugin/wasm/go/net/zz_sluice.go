//go:build js && wasm

// Added to package net by `sluice plugin build`.

package net

import (
	"context"
	"errors"
	"time"
)

// SluiceDial opens a TCP connection by the gateway. Package net/http sets it.
var SluiceDial func(ctx context.Context, network, address string) (Conn, error)

var (
	errSluiceListen  = errors.New("a Go plugin in Sluice cannot listen")
	errSluiceNetwork = errors.New("a Go plugin in Sluice has tcp only")
	errSluiceTCPConn = errors.New("a Go plugin in Sluice has no *net.TCPConn: net.Dialer opens connections")
)

// sluiceDial stands at the beginning of DialContext.
func (d *Dialer) sluiceDial(ctx context.Context, network, address string) (Conn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, sluiceRefused("dial", network, errSluiceNetwork)
	}
	if _, _, err := SplitHostPort(address); err != nil {
		return nil, &OpError{Op: "dial", Net: network, Err: err}
	}
	if deadline := d.deadline(ctx, time.Now()); !deadline.IsZero() {
		limited, cancel := context.WithDeadline(ctx, deadline)
		defer cancel()
		ctx = limited
	}
	conn, err := SluiceDial(ctx, network, address)
	if err != nil {
		return nil, &OpError{Op: "dial", Net: network, Addr: SluiceAddr(address), Err: mapErr(err)}
	}
	return conn, nil
}

func sluiceRefused(op, network string, err error) error {
	return &OpError{Op: op, Net: network, Err: err}
}

// SluiceAddr is the address of one end of a connection, host and port.
type SluiceAddr string

func (a SluiceAddr) Network() string { return "tcp" }
func (a SluiceAddr) String() string  { return string(a) }
