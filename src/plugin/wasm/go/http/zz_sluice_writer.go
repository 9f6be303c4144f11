//go:build js && wasm

package http

import (
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// sluiceHeld is how many bytes of a response are held, so that small ones get a Content-Length.
const sluiceHeld = 4 << 10

// sluiceWriter is the ResponseWriter of a request.
type sluiceWriter struct {
	ex     *sluiceExchange
	h      Header
	status int
	// head is h as it was when the status was set: as in net/http, what is changed afterwards is not sent. nil: nothing can have been.
	head Header
	// sent: the head has crossed.
	sent bool
	// passed: the response of next goes on at the gateway's side.
	passed bool
	// hears: a wrapper is being told the status of next.
	hears bool
	gone  bool
	ended bool
	buf   []byte
	// trailers that were declared when the head was sent.
	trailers []string
}

func (w *sluiceWriter) Header() Header { return w.h }

func (w *sluiceWriter) WriteHeader(code int) {
	w.ex.broken = false
	if w.status != 0 || w.passed && !w.hears {
		return
	}
	if code < 100 || code > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", code))
	}
	if code >= 200 || code == StatusSwitchingProtocols {
		w.begin(code)
	}
}

// begin sets the status.
func (w *sluiceWriter) begin(code int) {
	w.status = code
	w.head = w.h.Clone()
}

// fields returns what is sent.
func (w *sluiceWriter) fields() Header {
	if w.head != nil {
		return w.head
	}
	return w.h
}

func (w *sluiceWriter) Write(p []byte) (int, error) {
	if w.passed && !w.hears {
		return len(p), nil
	}
	if w.gone || w.ended {
		return 0, errSluiceGone
	}
	w.ex.broken = false
	if w.status == 0 {
		w.begin(StatusOK)
	}
	if !bodyAllowedForStatus(w.status) {
		return 0, ErrBodyNotAllowed
	}
	if !w.sent && (w.hears || len(w.buf)+len(p) <= sluiceHeld) {
		w.buf = append(w.buf, p...)
		return len(p), nil
	}
	w.sendHead(false, p)
	if len(p) > 0 && !sluiceWrite(-w.ex.id, p, w.ex.ctx) {
		w.gone = true
		if err := w.ex.ctx.Err(); err != nil {
			return 0, err
		}
		return 0, errSluiceGone
	}
	return len(p), nil
}

func (w *sluiceWriter) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// ReadFrom lets io.Copy hand over the body of a call as it is: its bytes stay outside of Go.
func (w *sluiceWriter) ReadFrom(r io.Reader) (int64, error) {
	inner := r
	timed, _ := r.(*cancelTimerBody) // of a client with a time limit
	if timed != nil {
		inner = timed.rc
	}
	b, ok := inner.(*sluiceBody)
	if !ok || !b.ours || b.err != nil || w.passed || w.gone || w.ended || w.ex.ctx.Err() != nil {
		return io.Copy(struct{ io.Writer }{w}, r)
	}
	n, err := w.pull(b)
	if err != nil && timed != nil && timed.reqDidTimeout() {
		err = sluiceTimeout(err.Error() + " (Client.Timeout or context cancellation while reading body)")
	}
	return n, err
}

func (w *sluiceWriter) pull(b *sluiceBody) (int64, error) {
	w.ex.broken = false
	if w.status == 0 {
		w.begin(StatusOK)
	}
	if !bodyAllowedForStatus(w.status) {
		return 0, ErrBodyNotAllowed
	}
	if !w.needsSniffing() {
		return w.splice(b)
	}
	first := make([]byte, sniffLen) // the type shows in the first bytes
	n, err := b.Read(first)
	if n > 0 {
		w.Write(first[:n])
	}
	if err != nil {
		if err == io.EOF {
			err = nil
		}
		return int64(n), err
	}
	more, err := w.splice(b)
	return int64(n) + more, err
}

func (w *sluiceWriter) splice(b *sluiceBody) (int64, error) {
	b.begun = true
	w.sendHead(false, nil)
	done := sluiceWait(b.h)
	sluiceHostSplice(w.ex.id, b.h)
	var d sluiceIn
	select {
	case d.s = <-done:
	case <-w.ex.ctx.Done():
		delete(sluiceWaits, b.h)
		w.gone = true
		return 0, b.over(w.ex.ctx.Err())
	case <-b.ctx.Done():
		delete(sluiceWaits, b.h)
		sluiceBroke(b.ctx)
		return 0, b.over(b.ctx.Err())
	}
	if d.s == "" { // closed by another goroutine, as Request.Cancel does
		sluiceBroke(b.ctx)
		return 0, b.err
	}
	how, n := d.u32(), d.i64()
	switch how {
	case 0:
		b.over(io.EOF)
		return n, nil
	case 1:
		sluiceBroke(b.ctx)
		return n, b.over(io.ErrUnexpectedEOF)
	}
	w.gone = true
	b.over(errSluiceGone)
	return n, errSluiceGone
}

func (w *sluiceWriter) Flush() {
	if w.passed || w.ended {
		return
	}
	if w.status == 0 {
		w.status = StatusOK
	}
	w.sendHead(false, nil)
}

func (w *sluiceWriter) FlushError() error {
	w.Flush()
	return nil
}

// EnableFullDuplex is asked for by ResponseController; reading and writing at once is always possible here.
func (w *sluiceWriter) EnableFullDuplex() error { return nil }

// CloseNotify tells that the client has left.
func (w *sluiceWriter) CloseNotify() <-chan bool {
	left := make(chan bool, 1)
	go func() {
		<-w.ex.ctx.Done()
		left <- true
	}()
	return left
}

func (w *sluiceWriter) needsSniffing() bool {
	if w.sent {
		return false
	}
	h := w.fields()
	_, typed := h["Content-Type"]
	return !typed && h.Get("Content-Encoding") == ""
}

// sendHead sends the head, with what was written so far. more is what will be written next.
func (w *sluiceWriter) sendHead(final bool, more []byte) {
	if w.sent {
		return
	}
	w.sent = true
	h := w.fields()
	if len(w.buf)+len(more) > 0 {
		w.sniff(h, more)
	}
	o := sluiceOpen()
	o.i64(w.declaredLength(h, final))
	sluiceWriteFields(h, o)
	for _, name := range h["Trailer"] {
		for _, one := range strings.Split(name, ",") {
			w.trailers = append(w.trailers, CanonicalHeaderKey(strings.TrimSpace(one)))
		}
	}
	head := len(o.b)
	o.b = append(o.b, w.buf...)
	w.buf = nil
	p, n := sluiceBytes(o.b)
	last := int32(0)
	if final {
		last = 1
		w.ended = true
	}
	sluiceHostReply(w.ex.id, int32(w.status), p, n, int32(head), last)
	o.close()
}

func (w *sluiceWriter) sniff(h Header, more []byte) {
	if _, typed := h["Content-Type"]; typed || h.Get("Content-Encoding") != "" {
		return
	}
	first := w.buf
	if len(first) < sniffLen && len(more) > 0 {
		first = append(append([]byte(nil), first...), more[:min(sniffLen-len(first), len(more))]...)
	}
	h["Content-Type"] = []string{DetectContentType(first)}
}

// declaredLength returns the author's Content-Length, -1 without one.
func (w *sluiceWriter) declaredLength(h Header, final bool) int64 {
	text := h.Get("Content-Length")
	if text == "" || final && w.ex.req.Method != "HEAD" {
		return -1
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// finish is called when ServeHTTP has returned. A response that broke off is cut, so that it never looks whole.
func (w *sluiceWriter) finish() {
	if w.passed || w.ended {
		return
	}
	if w.ex.broken {
		panic(ErrAbortHandler)
	}
	if w.status == 0 {
		w.status = StatusOK
	}
	if !w.sent {
		w.sendHead(true, nil)
		return
	}
	w.ended = true
	o := sluiceOpen()
	w.writeTrailers(o)
	p, n := sluiceBytes(o.b)
	sluiceHostEnd(-w.ex.id, p, n)
	o.close()
}

// writeTrailers writes fields that were declared by Trailer, and those whose names begin with TrailerPrefix.
func (w *sluiceWriter) writeTrailers(o *sluiceOut) {
	at := o.count()
	n := 0
	put := func(name string, vals []string) {
		for _, v := range vals {
			o.str(name)
			o.str(v)
			n++
		}
	}
	for _, name := range w.trailers {
		put(name, w.h[name])
	}
	var room [16]string
	for _, name := range sluiceNames(w.h, room[:0]) {
		if bare, ok := strings.CutPrefix(name, TrailerPrefix); ok {
			put(CanonicalHeaderKey(bare), w.h[name])
		}
	}
	o.counted(at, n)
}

// sluiceKind is what a type of a wrapper does with a response.
type sluiceKind struct {
	// plain: header and bytes go to the writer inside as they come.
	plain bool
	// hears: it has a WriteHeader of its own.
	hears bool
}

var sluiceKinds sync.Map // reflect.Type → sluiceKind

// sluiceInner finds the plugin's own writer behind wrappers that do not look at the bytes. nil: one of them does.
func sluiceInner(w ResponseWriter) (own *sluiceWriter, hears bool) {
	for depth := 0; depth < 8; depth++ {
		if own, ok := w.(*sluiceWriter); ok {
			return own, hears
		}
		v := reflect.ValueOf(w)
		if !v.IsValid() {
			return nil, false
		}
		kind := sluiceKindOf(v.Type())
		if !kind.plain {
			return nil, false
		}
		hears = hears || kind.hears
		for v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return nil, false
			}
			v = v.Elem()
		}
		f := v.FieldByName("ResponseWriter")
		if !f.IsValid() || f.Kind() != reflect.Interface || f.IsNil() || !f.CanInterface() {
			return nil, false
		}
		inner, ok := f.Interface().(ResponseWriter)
		if !ok {
			return nil, false
		}
		w = inner
	}
	return nil, false
}

func sluiceKindOf(t reflect.Type) sluiceKind {
	if known, ok := sluiceKinds.Load(t); ok {
		return known.(sluiceKind)
	}
	kind := sluiceKind{}
	s := t
	if s.Kind() == reflect.Pointer {
		s = s.Elem()
	}
	if s.Kind() == reflect.Struct {
		kind.plain = sluicePromoted(t, sluiceHeaderOf) && sluicePromoted(t, sluiceWriteOf) &&
			sluicePromoted(t, sluiceWriteStringOf) && sluicePromoted(t, sluiceReadFromOf)
		kind.hears = !sluicePromoted(t, sluiceWriteHeaderOf)
	}
	sluiceKinds.Store(t, kind)
	return kind
}

// sluicePromoted says whether a method is that of an embedded field, or not there at all. The compiler writes such methods itself. It
// also writes a method for pointers when the author's has a value receiver, so the value's method is looked at first.
func sluicePromoted(t reflect.Type, find func(reflect.Type) (reflect.Method, bool)) bool {
	m, has := find(t)
	if !has {
		return true
	}
	if t.Kind() == reflect.Pointer {
		if ofValue, has := find(t.Elem()); has {
			m = ofValue
		}
	}
	pc := m.Func.Pointer()
	f := runtime.FuncForPC(pc)
	if f == nil {
		return false
	}
	file, _ := f.FileLine(pc)
	return file == "<autogenerated>"
}

// The names are constants: with any other the linker would keep every method of every type, for megabytes.

func sluiceHeaderOf(t reflect.Type) (reflect.Method, bool)      { return t.MethodByName("Header") }
func sluiceWriteOf(t reflect.Type) (reflect.Method, bool)       { return t.MethodByName("Write") }
func sluiceWriteStringOf(t reflect.Type) (reflect.Method, bool) { return t.MethodByName("WriteString") }
func sluiceReadFromOf(t reflect.Type) (reflect.Method, bool)    { return t.MethodByName("ReadFrom") }
func sluiceWriteHeaderOf(t reflect.Type) (reflect.Method, bool) { return t.MethodByName("WriteHeader") }
