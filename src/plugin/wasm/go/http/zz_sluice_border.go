//go:build js && wasm

// Added to package net/http by `sluice plugin build`: the half of a Go plugin that talks to the gateway.
//
// The files zz_sluice_*.go and roundtrip_js.go are one program. It stands in this package, so no name of it can meet one of the author's,
// and it is compiled once for all plugins. This file is the border: functions of the gateway, and the messages that come from it.
//
// Goroutines run one at a time here, and change only where they wait. So what does not wait needs no lock.

package http

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"syscall/js"
	"unsafe"
)

// Functions of the gateway. A pointer is lent for the call: the gateway copies before it returns. Handles are numbers. Those of
// exchanges are the gateway's, beginning at 1<<30. Those of calls and connections are ours, below. A negative one is the way out
// of the same exchange, call or connection: bytes that we write.

//go:wasmimport sluice attach
//go:noescape
func sluiceHostAttach(inbox unsafe.Pointer, size int32)

//go:wasmimport sluice ready
func sluiceHostReady()

//go:wasmimport sluice environment
func sluiceHostEnvironment() int32

//go:wasmimport sluice roots
func sluiceHostRoots() int32

//go:wasmimport sluice take
//go:noescape
func sluiceHostTake(p unsafe.Pointer)

//go:wasmimport sluice log
//go:noescape
func sluiceHostLog(level int32, p unsafe.Pointer, n int32)

//go:wasmimport sluice registered
//go:noescape
func sluiceHostRegistered(kind int32, p unsafe.Pointer, n int32, on int32)

//go:wasmimport sluice made
//go:noescape
func sluiceHostMade(token int32, ok int32, p unsafe.Pointer, n int32)

//go:wasmimport sluice reply
//go:noescape
func sluiceHostReply(ex int32, status int32, p unsafe.Pointer, n int32, head int32, final int32)

//go:wasmimport sluice write
//go:noescape
func sluiceHostWrite(h int32, p unsafe.Pointer, n int32) int32

//go:wasmimport sluice end
//go:noescape
func sluiceHostEnd(h int32, p unsafe.Pointer, n int32)

//go:wasmimport sluice splice
func sluiceHostSplice(ex int32, from int32)

//go:wasmimport sluice fail
//go:noescape
func sluiceHostFail(ex int32, status int32, p unsafe.Pointer, n int32)

//go:wasmimport sluice next
//go:noescape
func sluiceHostNext(ex int32, id int32, mode int32, p unsafe.Pointer, n int32, head int32)

//go:wasmimport sluice pass
//go:noescape
func sluiceHostPass(ex int32, id int32, status int32, p unsafe.Pointer, n int32)

//go:wasmimport sluice call
//go:noescape
func sluiceHostCall(id int32, ex int32, mode int32, p unsafe.Pointer, n int32, head int32)

//go:wasmimport sluice read
//go:noescape
func sluiceHostRead(h int32, p unsafe.Pointer, n int32) int32

//go:wasmimport sluice cancel
func sluiceHostCancel(h int32)

//go:wasmimport sluice data
func sluiceHostData(ex int32)

//go:wasmimport sluice modified
//go:noescape
func sluiceHostModified(ex int32, bits int32, p unsafe.Pointer, n int32)

//go:wasmimport sluice dial
//go:noescape
func sluiceHostDial(id int32, p unsafe.Pointer, n int32)

func sluiceBytes(b []byte) (unsafe.Pointer, int32) {
	return unsafe.Pointer(unsafe.SliceData(b)), int32(len(b))
}

func sluiceText(s string) (unsafe.Pointer, int32) {
	return unsafe.Pointer(unsafe.StringData(s)), int32(len(s))
}

// sluiceIn reads a message. Texts are parts of the message: nothing is copied.
type sluiceIn struct {
	s string
	p int
}

func (d *sluiceIn) u32() int {
	s := d.s[d.p : d.p+4]
	d.p += 4
	return int(s[0]) | int(s[1])<<8 | int(s[2])<<16 | int(s[3])<<24
}

// i64 reads two halves, the low one first.
func (d *sluiceIn) i64() int64 {
	low, high := d.u32(), d.u32()
	return int64(uint64(uint32(low)) | uint64(uint32(high))<<32)
}

func (d *sluiceIn) str() string {
	n := d.u32()
	s := d.s[d.p : d.p+n]
	d.p += n
	return s
}

func (d *sluiceIn) rest() string { return d.s[d.p:] }

// sluiceOut writes what goes to the gateway.
type sluiceOut struct{ b []byte }

func (o *sluiceOut) u32(v int) { o.b = binary.LittleEndian.AppendUint32(o.b, uint32(v)) }

func (o *sluiceOut) i64(v int64) { o.b = binary.LittleEndian.AppendUint64(o.b, uint64(v)) }

func (o *sluiceOut) str(s string) {
	o.u32(len(s))
	o.b = append(o.b, s...)
}

// count leaves room for a number that is known later; set it with counted.
func (o *sluiceOut) count() int {
	o.u32(0)
	return len(o.b) - 4
}

func (o *sluiceOut) counted(at, n int) { binary.LittleEndian.PutUint32(o.b[at:], uint32(n)) }

var sluiceOuts = sync.Pool{New: func() any { return &sluiceOut{b: make([]byte, 0, 2048)} }}

func sluiceOpen() *sluiceOut {
	o := sluiceOuts.Get().(*sluiceOut)
	o.b = o.b[:0]
	return o
}

// close gives the buffer back. One that has grown is let go.
func (o *sluiceOut) close() {
	if cap(o.b) <= 64<<10 {
		sluiceOuts.Put(o)
	}
}

// sluiceWaits holds who waits for a wake of a handle.
var sluiceWaits = map[int32]chan string{}

// sluiceWait registers for the next wake of a handle.
func sluiceWait(h int32) chan string {
	c := make(chan string, 1)
	sluiceWaits[h] = c
	return c
}

var sluiceLast int32

// sluiceHandle returns an unused handle of ours.
func sluiceHandle() int32 {
	for {
		sluiceLast++
		if sluiceLast >= 1<<30 {
			sluiceLast = 1
		}
		if sluiceWaits[sluiceLast] == nil && !sluiceOpenHandles[sluiceLast] {
			return sluiceLast
		}
	}
}

// sluiceOpenHandles holds handles of bodies and connections that are still open.
var sluiceOpenHandles = map[int32]bool{}

// sluiceBase is the context that factories get. It ends with the gateway.
var sluiceBase, sluiceStop = context.WithCancel(context.Background())

// sluiceInbox is where the gateway puts messages: their length in all, then each with its length before it.
var sluiceInbox [64 << 10]byte

// sluiceReceive takes the messages that are there. It returns false when there is none.
func sluiceReceive() bool {
	n := int(binary.LittleEndian.Uint32(sluiceInbox[:]))
	if n == 0 {
		return false
	}
	binary.LittleEndian.PutUint32(sluiceInbox[:], 0)
	var all string
	if n <= len(sluiceInbox)-4 {
		all = string(sluiceInbox[4 : 4+n])
	} else {
		b := sluiceParcel(int32(n))
		all = unsafe.String(unsafe.SliceData(b), n)
	}
	for d := (sluiceIn{s: all}); d.p < len(all); {
		sluiceMessage(d.str())
	}
	return true
}

// sluiceParcel takes n bytes that the gateway holds ready.
func sluiceParcel(n int32) []byte {
	b := make([]byte, n)
	sluiceHostTake(unsafe.Pointer(unsafe.SliceData(b)))
	return b
}

const (
	sluiceOpRequest = iota + 1
	sluiceOpWake
	sluiceOpCancel
	sluiceOpMake
	sluiceOpModifyRequest
	sluiceOpModifyResponse
	sluiceOpStop
	sluiceOpDrop
	sluiceOpCount
)

func sluiceMessage(s string) {
	d := sluiceIn{s: s}
	switch op := d.u32(); op {
	case sluiceOpRequest:
		sluiceServe(&d)
	case sluiceOpWake:
		h := int32(d.u32())
		if c := sluiceWaits[h]; c != nil {
			delete(sluiceWaits, h)
			c <- d.rest()
		}
	case sluiceOpCancel:
		if ex := sluiceExchanges[int32(d.u32())]; ex != nil {
			ex.giveUp()
		}
	case sluiceOpMake:
		token, kind, name, extra := d.u32(), d.u32(), d.str(), d.str()
		go sluiceMake(token, kind, name, extra)
	case sluiceOpModifyRequest, sluiceOpModifyResponse:
		sluiceModify(&d, op == sluiceOpModifyResponse)
	case sluiceOpStop:
		sluiceStop()
		sluiceGiveUpEnded()
	case sluiceOpDrop:
		token := d.u32()
		if place := sluicePlaces[token]; place != nil {
			delete(sluicePlaces, token)
			place.stop()
			sluiceGiveUpEnded()
		}
	case sluiceOpCount:
		token := d.u32()
		p, n := sluiceText(fmt.Sprint(len(sluiceExchanges), len(sluiceWaits), len(sluiceOpenHandles), runtime.NumGoroutine()))
		sluiceHostMade(int32(token), 1, p, n)
	}
}

// The environment of the gateway: what does not fit into the area that Go reads at its start comes here.
func init() {
	if n := sluiceHostEnvironment(); n > 0 {
		b := sluiceParcel(n)
		for _, line := range strings.Split(string(b), "\x00") {
			if name, value, ok := strings.Cut(line, "="); ok {
				syscall.Setenv(name, value)
			}
		}
	}
}

// SluicePlugin registers what the author's package has and serves it for ever: the author's main is not run, as in KrakenD. Each
// registerer is the address of the variable, or nil.
func SluicePlugin(handler, client, modifier any) {
	net.SluiceDial = sluiceDial
	x509.SluiceRoots = func() []byte { return sluiceParcel(sluiceHostRoots()) }
	js.SluiceEvent = sluiceReceive
	sluiceHostAttach(unsafe.Pointer(&sluiceInbox), int32(len(sluiceInbox)))
	sluiceRegister(handler, client, modifier)
	sluiceHostReady()
	select {}
}

var errSluiceGone = fmt.Errorf("http: the client or the gateway has closed the connection: %w", io.ErrClosedPipe)
