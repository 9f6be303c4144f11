//go:build js && wasm

package http

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// sluiceConn is a TCP connection of the gateway.
type sluiceConn struct {
	id      int32
	address string
	read    sluiceDeadline
	write   sluiceDeadline
	closed  bool
}

// sluiceDial opens a connection.
func sluiceDial(ctx context.Context, network, address string) (net.Conn, error) {
	id := sluiceHandle()
	opened := sluiceWait(id)
	o := sluiceOpen()
	o.str(network)
	o.str(address)
	p, n := sluiceBytes(o.b)
	sluiceHostDial(id, p, n)
	o.close()
	select {
	case s := <-opened:
		d := sluiceIn{s: s}
		if d.u32() == 0 {
			return nil, errors.New(d.str())
		}
		sluiceOpenHandles[id] = true
		return &sluiceConn{id: id, address: address}, nil
	case <-ctx.Done():
		delete(sluiceWaits, id)
		sluiceHostCancel(id)
		return nil, ctx.Err()
	}
}

func (c *sluiceConn) fault(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

func (c *sluiceConn) Read(b []byte) (int, error) {
	for {
		if c.closed {
			return 0, c.fault("read", net.ErrClosed)
		}
		if c.read.passed() {
			return 0, c.fault("read", os.ErrDeadlineExceeded)
		}
		if len(b) == 0 {
			return 0, nil
		}
		p, size := sluiceBytes(b)
		switch n := sluiceHostRead(c.id, p, size); {
		case n > 0:
			return int(n), nil
		case n == -1:
			c.read.wait(c.id)
		case n == 0:
			return 0, io.EOF
		default:
			return 0, c.fault("read", errors.New("connection reset by peer"))
		}
	}
}

func (c *sluiceConn) Write(b []byte) (int, error) {
	sent := 0
	for sent < len(b) {
		if c.closed {
			return sent, c.fault("write", net.ErrClosed)
		}
		if c.write.passed() {
			return sent, c.fault("write", os.ErrDeadlineExceeded)
		}
		part := b[sent:min(len(b), sent+64<<10)]
		p, n := sluiceBytes(part)
		switch sluiceHostWrite(-c.id, p, n) {
		case -1:
			return sent, c.fault("write", errors.New("broken pipe"))
		case 0:
			sent += len(part)
			c.write.wait(-c.id)
		default:
			sent += len(part)
		}
	}
	return sent, nil
}

func (c *sluiceConn) Close() error {
	if c.closed {
		return c.fault("close", net.ErrClosed)
	}
	c.closed = true
	delete(sluiceOpenHandles, c.id)
	sluiceHostCancel(c.id)
	for _, h := range []int32{c.id, -c.id} {
		if woken := sluiceWaits[h]; woken != nil {
			delete(sluiceWaits, h)
			woken <- ""
		}
	}
	return nil
}

// CloseWrite ends our direction.
func (c *sluiceConn) CloseWrite() error {
	sluiceHostEnd(-c.id, nil, 0)
	return nil
}

func (c *sluiceConn) LocalAddr() net.Addr  { return net.SluiceAddr("127.0.0.1:0") }
func (c *sluiceConn) RemoteAddr() net.Addr { return net.SluiceAddr(c.address) }

func (c *sluiceConn) SetDeadline(t time.Time) error {
	c.read.set(t, c.id)
	c.write.set(t, -c.id)
	return nil
}

func (c *sluiceConn) SetReadDeadline(t time.Time) error {
	c.read.set(t, c.id)
	return nil
}

func (c *sluiceConn) SetWriteDeadline(t time.Time) error {
	c.write.set(t, -c.id)
	return nil
}

// sluiceDeadline is the deadline of one direction.
type sluiceDeadline struct {
	until time.Time
}

// set takes a new deadline. Who waits on the handle looks at it again.
func (d *sluiceDeadline) set(t time.Time, h int32) {
	d.until = t
	if woken := sluiceWaits[h]; woken != nil {
		delete(sluiceWaits, h)
		woken <- ""
	}
}

func (d *sluiceDeadline) passed() bool { return !d.until.IsZero() && !time.Now().Before(d.until) }

// wait waits for the wake of a handle, to the deadline at most.
func (d *sluiceDeadline) wait(h int32) {
	woken := sluiceWait(h)
	if d.until.IsZero() {
		<-woken
		return
	}
	timer := time.NewTimer(time.Until(d.until))
	defer timer.Stop()
	select {
	case <-woken:
	case <-timer.C:
		if sluiceWaits[h] == woken {
			delete(sluiceWaits, h)
		}
	}
}
