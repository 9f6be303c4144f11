//go:build js && wasm

package http

import (
	"context"
	"io"
	"strings"
)

// sluiceNext is the handler that a server plugin gets: further in.
type sluiceNext struct{}

// How a response of next goes.
const (
	sluicePass = 1 << 4 // at the gateway's side, into the client's response
	sluiceHear = 1 << 5 // the same, but a wrapper is told the status first and may change the head
)

func (sluiceNext) ServeHTTP(w ResponseWriter, r *Request) {
	own, hears := sluiceInner(w)
	ex, _ := r.Context().Value(sluiceKey{}).(*sluiceExchange)
	if ex == nil && own != nil {
		ex = own.ex
	}
	if ex == nil {
		panic("sluice: next.ServeHTTP was called with a request and a writer that belong to no request of the gateway")
	}
	if own != nil && (own.sent || own.passed || own.ended || own.status != 0 || own.ex != ex) {
		own = nil
	}
	id := sluiceHandle()
	if !ex.sendOn(id, r, sluiceWay{w.Header(), own, hears}) {
		if own != nil {
			own.passed = false
		}
		w.WriteHeader(StatusBadGateway)
		return
	}
	switch {
	case own == nil:
		ex.copyInto(w, id)
	case hears:
		ex.passHeard(w, own, id)
	default:
		ex.passed(own, id)
	}
}

// sluiceWay is how the response of next comes back.
type sluiceWay struct {
	// h is the writer's header map: what stands in it goes further in, where the map of the next plugin begins with it.
	h Header
	// own passes the response on; nil: a writer of the author's gets it.
	own   *sluiceWriter
	hears bool
}

// sendOn sends the request further in. It returns false when its body cannot be read.
func (ex *sluiceExchange) sendOn(id int32, r *Request, way sluiceWay) bool {
	o := sluiceOpen()
	defer o.close()
	o.str(r.Method)
	o.str(r.URL.EscapedPath())
	o.str(r.URL.RawQuery)
	o.str(r.Host)
	ex.fields.writeDiff(r.Header, o)
	sluiceWriteFields(way.h, o)
	length := len(o.b)
	o.i64(-1)
	head := len(o.b)
	how, n, left, err := sluiceTravel(r.Body, ex.body, o)
	if err != nil {
		return false
	}
	if how == sluiceBodyNone && ex.body == nil {
		how = sluiceBodyOwn
	}
	sluicePutLength(o.b[length:], n)
	mode := how
	if way.own != nil {
		way.own.passed = true
		mode |= sluicePass
		if way.hears {
			mode |= sluiceHear
		}
	}
	p, size := sluiceBytes(o.b)
	if way.own == nil || way.hears { // its body may be read
		sluiceOpenHandles[id] = true
	}
	sluiceHostNext(ex.id, id, int32(mode), p, size, int32(head))
	if left != nil {
		go sluiceUpload(-id, left)
	}
	return true
}

func sluicePutLength(b []byte, n int64) {
	for i := 0; i < 8; i++ {
		b[i] = byte(uint64(n) >> (8 * i))
	}
}

// passed waits until the response has gone to the client. Its head is in w.Header() then.
func (ex *sluiceExchange) passed(own *sluiceWriter, id int32) {
	d := ex.await(id)
	if d.s == "" {
		return
	}
	own.status = d.u32()
	sluiceReadHead(&d, own.h)
}

// await waits for the wake of a handle; it brings nothing when the exchange was cancelled.
func (ex *sluiceExchange) await(id int32) sluiceIn {
	c := sluiceWait(id)
	if ex.awaited == 0 && ex.ctx.Err() == nil {
		ex.awaited = id
		s := <-c
		ex.awaited = 0
		return sluiceIn{s: s}
	}
	select { // two at once are rare
	case s := <-c:
		return sluiceIn{s: s}
	case <-ex.ctx.Done():
	}
	select { // both at once: what came counts
	case s := <-c:
		return sluiceIn{s: s}
	default:
		delete(sluiceWaits, id)
		return sluiceIn{}
	}
}

// gaveUp lets a response of next go whose exchange is over. Unless the plugin writes one of its own, there is none.
func (ex *sluiceExchange) gaveUp(id int32) {
	delete(sluiceOpenHandles, id)
	sluiceHostCancel(id)
	ex.broken = true
}

// passHeard gives the head to a wrapper, which may change it. What it makes of it goes to the client with the body of next.
func (ex *sluiceExchange) passHeard(w ResponseWriter, own *sluiceWriter, id int32) {
	d := ex.await(id)
	if d.s == "" { // nothing has gone to the client
		own.passed = false
		ex.gaveUp(id)
		return
	}
	status := d.u32()
	if d.u32() != 0 {
		sluiceDropGiven(own.h)
	}
	fields := sluiceReadFields(&d)
	for name, vals := range fields.live {
		if name == "Content-Type" && own.h.Get(name) != "" {
			continue
		}
		own.h[name] = append(own.h[name], vals...)
	}
	own.hears = true
	w.WriteHeader(status)
	own.hears = false
	if own.status == 0 {
		own.status = StatusOK
	}
	if len(own.buf) > 0 { // it wrote bytes too: those of next follow them
		own.passed = false
		ex.copyBody(w, id)
		return
	}
	o := sluiceOpen()
	fields.writeDiff(own.fields(), o)
	p, n := sluiceBytes(o.b)
	sluiceHostPass(ex.id, id, int32(own.status), p, n)
	o.close()
	ex.await(id)
	delete(sluiceOpenHandles, id)
}

// copyInto writes the response of next into a writer of the author's.
func (ex *sluiceExchange) copyInto(w ResponseWriter, id int32) {
	d := ex.await(id)
	if d.s == "" {
		ex.gaveUp(id)
		return
	}
	status := d.u32()
	sluiceReadHead(&d, w.Header())
	w.WriteHeader(status)
	ex.copyBody(w, id)
}

// copyBody copies, and panics as httputil.ReverseProxy does when the body breaks off: a cut response must not look whole.
func (ex *sluiceExchange) copyBody(w ResponseWriter, id int32) {
	body := sluiceReceived(id, ex.ctx)
	defer body.Close()
	flusher, flushes := w.(Flusher)
	h := w.Header()
	flushes = flushes && (h.Get("Content-Length") == "" || strings.HasPrefix(h.Get("Content-Type"), "text/event-stream"))
	chunk := make([]byte, 32<<10)
	for {
		n, err := body.Read(chunk)
		if n > 0 {
			if _, broken := w.Write(chunk[:n]); broken != nil {
				return
			}
			if flushes {
				flusher.Flush()
			}
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			if err == context.Canceled {
				return
			}
			panic(ErrAbortHandler)
		}
	}
}
