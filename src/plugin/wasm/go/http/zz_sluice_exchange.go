//go:build js && wasm

package http

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"runtime"
	"unsafe"
)

//go:linkname sluiceGoroutine runtime.sluiceGoroutine
func sluiceGoroutine() uint64

// sluiceKey finds the exchange of a context.
type sluiceKey struct{}

// sluiceContext is the context of a request.
type sluiceContext struct {
	context.Context
	ex *sluiceExchange
}

func (c *sluiceContext) Value(key any) any {
	switch key {
	case sluiceKey{}:
		return c.ex
	case LocalAddrContextKey:
		return net.Addr(net.SluiceAddr("127.0.0.1:0"))
	case ServerContextKey: // code asks by it whether a panic may cut the response
		return sluiceHTTPServer
	}
	return c.Context.Value(key)
}

var sluiceHTTPServer = &Server{}

// sluiceExchange is one request of the gateway, from its message to its end.
type sluiceExchange struct {
	id     int32
	cancel context.CancelFunc
	ctx    *sluiceContext
	fields sluiceFields
	req    *Request
	body   *sluiceBody
	w      *sluiceWriter
	// origin of the backend, for client plugins.
	origin string
	// message is where the texts of the request lie: a header value in it was given by the gateway.
	message string
	// broken: a body broke off, and the plugin has not written since.
	broken bool
	// goroutine that runs the plugin.
	goroutine uint64
	// awaited is the handle whose wake a goroutine waits for, besides that of a cancellation. 0: none does.
	awaited int32
	// made holds what every exchange has, so that it is allocated together.
	made struct {
		ctx sluiceContext
		req Request
		w   sluiceWriter
	}
}

var sluiceExchanges = map[int32]*sluiceExchange{}

func sluiceBegin(id int32, base context.Context) *sluiceExchange {
	ex := &sluiceExchange{id: id}
	inner, cancel := context.WithCancel(base)
	ex.made.ctx = sluiceContext{inner, ex}
	ex.ctx = &ex.made.ctx
	ex.cancel = cancel
	sluiceExchanges[id] = ex
	return ex
}

// sluiceExchangeHere returns the number of the exchange whose goroutine calls it; 0: there is none.
func sluiceExchangeHere() int32 {
	here := sluiceGoroutine()
	for id, ex := range sluiceExchanges {
		if ex.goroutine == here {
			return id
		}
	}
	return 0
}

// giveUp ends the context, and wakes the goroutine that waits in await.
func (ex *sluiceExchange) giveUp() {
	ex.cancel()
	if woken := sluiceWaits[ex.awaited]; woken != nil {
		delete(sluiceWaits, ex.awaited)
		woken <- ""
	}
}

// sluiceGiveUpEnded gives up exchanges whose contexts ended with that of their place or of the gateway.
func sluiceGiveUpEnded() {
	for _, ex := range sluiceExchanges {
		if ex.ctx.Err() != nil {
			ex.giveUp()
		}
	}
}

// owns says whether a call is the gateway's own call of the backend: its origin is the backend's, and it was made from the request
// that the gateway gave. That shows by its body, or by a header value that lies in the message. Texts are shared by Clone.
func (ex *sluiceExchange) owns(r *Request) bool {
	if ex.origin == "" || r.URL.Scheme+"://"+r.URL.Host != ex.origin {
		return false
	}
	if b, ok := r.Body.(*sluiceBody); ok && b == ex.body {
		return true
	}
	low := uintptr(unsafe.Pointer(unsafe.StringData(ex.message)))
	high := low + uintptr(len(ex.message))
	for _, vals := range r.Header {
		for _, v := range vals {
			if p := uintptr(unsafe.Pointer(unsafe.StringData(v))); len(v) > 0 && p >= low && p < high {
				return true
			}
		}
	}
	return false
}

// What is said of a client's connection.
const (
	sluiceSecure = 1
	sluiceHTTP2  = 2
)

// sluiceServe begins a request of a server or client plugin.
func sluiceServe(d *sluiceIn) {
	place := sluicePlaces[d.u32()]
	ex := sluiceBegin(int32(d.u32()), place.base())
	ex.message = d.s
	connection := d.u32()
	method, target, host, remote := d.str(), d.str(), d.str(), d.str()
	length := d.i64()
	ex.origin = d.str()
	ex.fields = sluiceReadFields(d)
	req := &ex.made.req
	*req = Request{
		Method: method, Host: host, RemoteAddr: remote,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: ex.fields.live, ContentLength: length, ctx: ex.ctx,
	}
	var err error
	if ex.origin != "" {
		if req.URL, err = url.Parse(ex.origin + target); err == nil {
			req.Host = req.URL.Host
		}
	} else {
		req.RequestURI = target
		req.URL, err = url.ParseRequestURI(target)
	}
	if err != nil {
		delete(sluiceExchanges, ex.id)
		ex.cancel()
		p, n := sluiceText(err.Error())
		sluiceHostFail(ex.id, StatusBadRequest, p, n)
		return
	}
	if connection&sluiceHTTP2 != 0 && ex.origin == "" {
		req.Proto, req.ProtoMajor, req.ProtoMinor = "HTTP/2.0", 2, 0
	}
	if connection&sluiceSecure != 0 && ex.origin == "" {
		req.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true}
	}
	if length == 0 {
		req.Body = NoBody
	} else {
		ex.body = &sluiceBody{h: ex.id, ctx: ex.ctx}
		req.Body = ex.body
		if length < 0 && ex.origin == "" {
			req.TransferEncoding = []string{"chunked"}
		}
	}
	ex.req = req
	ex.made.w = sluiceWriter{ex: ex, h: Header{}}
	ex.w = &ex.made.w
	sluiceReadPairs(d, ex.w.h) // what plugins further out have set
	sluiceRun(sluiceJob{place: place, ex: ex})
}

// sluiceJob is work for a goroutine: a request, or what a modifier gets.
type sluiceJob struct {
	place *sluicePlace
	ex    *sluiceExchange
	mod   any
}

// sluiceMostIdle is how many goroutines are kept: their stacks have grown to what the plugin needs.
const sluiceMostIdle = 64

var sluiceIdle []chan sluiceJob

// sluiceRun gives a job to a goroutine that waits for one, or to a new one.
func sluiceRun(j sluiceJob) {
	if n := len(sluiceIdle); n > 0 {
		jobs := sluiceIdle[n-1]
		sluiceIdle = sluiceIdle[:n-1]
		jobs <- j
		return
	}
	jobs := make(chan sluiceJob, 1)
	jobs <- j
	go func() {
		for j := range jobs {
			j.run()
			if len(sluiceIdle) >= sluiceMostIdle {
				return
			}
			sluiceIdle = append(sluiceIdle, jobs)
		}
	}()
}

func (j sluiceJob) run() {
	done := false
	j.ex.goroutine = sluiceGoroutine()
	defer func() { j.ex.end(recover(), done) }()
	if j.mod != nil {
		j.place.modify(j.ex, j.mod)
	} else {
		j.place.handler.ServeHTTP(j.ex.w, j.ex.req)
		j.ex.w.finish()
	}
	done = true
}

// end closes an exchange. A panic fails it: http.ErrAbortHandler cuts the connection, any other is logged with its stack.
func (ex *sluiceExchange) end(panicked any, done bool) {
	delete(sluiceExchanges, ex.id)
	ex.giveUp()
	switch {
	case panicked == ErrAbortHandler && ex.broken:
		sluiceHostFail(ex.id, sluiceFailCut, nil, 0)
	case panicked == ErrAbortHandler:
		sluiceHostFail(ex.id, sluiceFailAbort, nil, 0)
	case panicked != nil:
		stack := make([]byte, 16<<10)
		stack = stack[:runtime.Stack(stack, false)]
		ex.fail(sluiceFailPanic, fmt.Sprint("panic: ", panicked)+"\x00"+string(stack))
	case !done:
		ex.fail(sluiceFailPanic, "runtime.Goexit was called\x00")
	}
}

// Kinds of failures besides a status.
const (
	sluiceFailPlain = 0
	sluiceFailPanic = -1
	sluiceFailCut   = -2 // what it copied broke off
	sluiceFailAbort = -3 // http.ErrAbortHandler
)

func (ex *sluiceExchange) fail(status int, text string) {
	p, n := sluiceText(text)
	sluiceHostFail(ex.id, int32(status), p, n)
}
