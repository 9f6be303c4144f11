//go:build js && wasm

package http

import (
	"bytes"
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
)

// sluiceBody is a body that stays with the gateway until it is read.
type sluiceBody struct {
	h   int32
	ctx context.Context
	// begun: bytes may have been read, so the gateway cannot send it on by itself any more.
	begun bool
	// ours: it is the body of a call's response, whose handle is ours.
	ours bool
	err  error
}

var errSluiceClosed = errors.New("http: read on closed response body")

// sluiceReceived is the body of a call's response.
func sluiceReceived(h int32, ctx context.Context) *sluiceBody {
	sluiceOpenHandles[h] = true
	return &sluiceBody{h: h, ctx: ctx, ours: true}
}

func (b *sluiceBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	b.begun = true
	for {
		at, size := sluiceBytes(p)
		switch n := sluiceHostRead(b.h, at, size); {
		case n > 0:
			return int(n), nil
		case n == 0:
			return 0, b.over(io.EOF)
		case n == -1:
			woken := sluiceWait(b.h)
			select {
			case <-woken:
			case <-b.ctx.Done():
				delete(sluiceWaits, b.h)
				sluiceBroke(b.ctx) // also by the time limit of a client
				return 0, b.over(b.ctx.Err())
			}
		default:
			sluiceBroke(b.ctx)
			if err := b.ctx.Err(); err != nil {
				return 0, b.over(err)
			}
			return 0, b.over(io.ErrUnexpectedEOF)
		}
		if b.err != nil { // closed meanwhile, as Request.Cancel does
			sluiceBroke(b.ctx)
			return 0, b.err
		}
	}
}

// sluiceBroke notes that a body has broken off which an exchange reads.
func sluiceBroke(ctx context.Context) {
	if ex, ok := ctx.Value(sluiceKey{}).(*sluiceExchange); ok {
		ex.broken = true
	}
}

// over ends the body. Unless it came to its end the gateway hears of it.
func (b *sluiceBody) over(err error) error {
	if b.err == nil {
		b.err = err
		if b.ours {
			delete(sluiceOpenHandles, b.h)
		}
		if err != io.EOF && (b.begun || b.ours) {
			sluiceHostCancel(b.h)
		}
	}
	return b.err
}

func (b *sluiceBody) Close() error {
	if b.err != nil {
		return nil
	}
	b.over(errSluiceClosed)
	if woken := sluiceWaits[b.h]; woken != nil {
		delete(sluiceWaits, b.h)
		woken <- ""
	}
	return nil
}

// untouched says that the gateway can send the body on by itself.
func (b *sluiceBody) untouched() bool { return !b.begun }

// finished says that all of it was read.
func (b *sluiceBody) finished() bool { return b.err == io.EOF }

// sluiceSmall is how many bytes travel with a message instead of behind it.
const sluiceSmall = 16 << 10

// sluiceInMemory returns a reader whose bytes are in Go's memory, and how many there are.
func sluiceInMemory(r io.Reader) (io.Reader, int64, bool) {
	for depth := 0; depth < 4; depth++ {
		switch v := r.(type) {
		case *bytes.Reader:
			return v, int64(v.Len()), true
		case *bytes.Buffer:
			return v, int64(v.Len()), true
		case *strings.Reader:
			return v, int64(v.Len()), true
		case nil:
			return nil, 0, false
		}
		v := reflect.ValueOf(r)
		if v.Kind() != reflect.Struct || !strings.HasPrefix(v.Type().String(), "io.nopCloser") {
			return r, 0, false
		}
		inner, ok := v.Field(0).Interface().(io.Reader)
		if !ok {
			return r, 0, false
		}
		r = inner
	}
	return r, 0, false
}

const (
	sluiceBodyOwn    = 0 // the gateway's own body, untouched
	sluiceBodyNone   = 1 // no body
	sluiceBodyInline = 2 // the bytes behind the head of the message
	sluiceBodyStream = 3 // bytes that follow, see sluiceUpload
)

// sluiceTravel decides how a body travels. What is left to upload is returned; inline bytes are added to o behind the head.
func sluiceTravel(body io.ReadCloser, own *sluiceBody, o *sluiceOut) (how int, length int64, left io.ReadCloser, err error) {
	if body == nil || body == NoBody {
		return sluiceBodyNone, 0, nil, nil
	}
	if b, ok := body.(*sluiceBody); ok && own != nil && b == own {
		if b.untouched() {
			return sluiceBodyOwn, -1, nil, nil
		}
		if b.finished() {
			return sluiceBodyNone, 0, nil, nil
		}
	}
	r, n, ok := sluiceInMemory(body)
	if !ok {
		return sluiceBodyStream, -1, body, nil
	}
	if n > sluiceSmall {
		return sluiceBodyStream, n, body, nil
	}
	at := len(o.b)
	o.b = append(o.b, make([]byte, n)...)
	if _, err = io.ReadFull(r, o.b[at:]); err != nil {
		return 0, 0, nil, err
	}
	body.Close()
	return sluiceBodyInline, n, nil, nil
}

// sluiceUpload writes a stream of ours to the gateway, one chunk at a time. An end before io.EOF breaks it off there too.
func sluiceUpload(out int32, r io.ReadCloser) {
	defer r.Close()
	defer func() {
		if e := recover(); e != nil { // a Read of the author's
			sluiceHostCancel(out)
			panic(e)
		}
	}()
	chunk := make([]byte, 64<<10)
	for {
		n, err := r.Read(chunk)
		if n > 0 {
			if !sluiceWrite(out, chunk[:n], nil) {
				return
			}
		}
		if err == io.EOF {
			sluiceHostEnd(out, nil, 0)
			return
		}
		if err != nil {
			sluiceHostCancel(out)
			return
		}
	}
}

// sluiceWrite hands bytes to the gateway and waits until it can take more. It returns false when they go nowhere.
func sluiceWrite(out int32, b []byte, ctx context.Context) bool {
	p, n := sluiceBytes(b)
	switch sluiceHostWrite(out, p, n) {
	case 1:
		return true
	case 0:
		woken := sluiceWait(out)
		if ctx == nil {
			return <-woken == ""
		}
		select {
		case text := <-woken:
			return text == ""
		case <-ctx.Done():
			delete(sluiceWaits, out)
			return false
		}
	}
	return false
}
