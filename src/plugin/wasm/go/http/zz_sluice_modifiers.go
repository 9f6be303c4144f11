//go:build js && wasm

package http

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// sluiceRequest is what request modifiers get. It has all methods of KrakenD's wrapper.
type sluiceRequest struct {
	ctx     context.Context
	method  string
	rawURL  string
	url     *url.URL
	rawQ    string
	query   url.Values
	path    string
	params  map[string]string
	given   map[string]string
	fields  sluiceFields
	body    io.ReadCloser
	ownBody *sluiceBody
}

func (r *sluiceRequest) Context() context.Context     { return r.ctx }
func (r *sluiceRequest) Method() string               { return r.method }
func (r *sluiceRequest) Path() string                 { return r.path }
func (r *sluiceRequest) Body() io.ReadCloser          { return r.body }
func (r *sluiceRequest) Params() map[string]string    { return r.params }
func (r *sluiceRequest) Headers() map[string][]string { return r.fields.live }

func (r *sluiceRequest) URL() *url.URL {
	if r.url == nil && r.rawURL != "" {
		r.url, _ = url.Parse(r.rawURL)
	}
	return r.url
}

func (r *sluiceRequest) Query() url.Values {
	if r.query == nil {
		r.query, _ = url.ParseQuery(r.rawQ)
	}
	return r.query
}

// sluiceRequestFace is what a modifier may return: KrakenD's RequestWrapper.
type sluiceRequestFace interface {
	Params() map[string]string
	Headers() map[string][]string
	Body() io.ReadCloser
	Method() string
	URL() *url.URL
	Query() url.Values
	Path() string
}

// sluiceResult is what response modifiers get.
type sluiceResult struct {
	ex      *sluiceExchange
	request *sluiceRequest
	// decoded: there is data. Otherwise Io streams.
	decoded  bool
	loaded   bool
	data     map[string]interface{}
	hashes   map[string]uint64
	complete bool
	fields   sluiceFields
	status   int
	io       io.Reader
	ownBody  *sluiceBody
}

func (r *sluiceResult) Context() context.Context     { return r.ex.ctx }
func (r *sluiceResult) Request() interface{}         { return r.request }
func (r *sluiceResult) IsComplete() bool             { return r.complete }
func (r *sluiceResult) Headers() map[string][]string { return r.fields.live }
func (r *sluiceResult) StatusCode() int              { return r.status }
func (r *sluiceResult) Io() io.Reader                { return r.io }

// Data crosses when it is first asked for.
func (r *sluiceResult) Data() map[string]interface{} {
	if r.decoded && !r.loaded {
		r.loaded = true
		text := sluiceWait(r.ex.id)
		sluiceHostData(r.ex.id)
		select {
		case s := <-text:
			dec := json.NewDecoder(strings.NewReader(s))
			dec.UseNumber()
			dec.Decode(&r.data)
		case <-r.ex.ctx.Done():
			delete(sluiceWaits, r.ex.id)
		}
		r.hashes = make(map[string]uint64, len(r.data))
		for k, v := range r.data {
			r.hashes[k] = sluiceHash(v)
		}
	}
	if r.data == nil {
		r.data = map[string]interface{}{}
	}
	return r.data
}

// sluiceResultFace is what a modifier may return: KrakenD's ResponseWrapper.
type sluiceResultFace interface {
	Data() map[string]interface{}
	Io() io.Reader
	IsComplete() bool
	Headers() map[string][]string
	StatusCode() int
}

// sluiceModify begins a message for a modifier.
func sluiceModify(d *sluiceIn, ofResponse bool) {
	place := sluicePlaces[d.u32()]
	ex := sluiceBegin(int32(d.u32()), place.base())
	r := &sluiceRequest{ctx: ex.ctx, method: d.str(), rawURL: d.str(), rawQ: d.str(), path: d.str()}
	n := d.u32()
	r.params = make(map[string]string, n)
	r.given = make(map[string]string, n)
	for ; n > 0; n-- {
		name, value := d.str(), d.str()
		r.params[name] = value
		r.given[name] = value
	}
	r.fields = sluiceReadFields(d)
	hasBody := d.u32() == 1
	r.body = NoBody
	if !ofResponse {
		if hasBody {
			r.ownBody = &sluiceBody{h: ex.id, ctx: ex.ctx}
			r.body = r.ownBody
		}
		sluiceRun(sluiceJob{place, ex, r})
		return
	}
	res := &sluiceResult{ex: ex, request: r, status: d.u32(), complete: d.u32() == 1, decoded: d.u32() == 1}
	res.fields = sluiceReadFields(d)
	if !res.decoded {
		res.ownBody = &sluiceBody{h: ex.id, ctx: ex.ctx}
		res.io = res.ownBody
	}
	sluiceRun(sluiceJob{place, ex, res})
}

// What a modifier has changed.
const (
	sluiceNewBody = 1 // the body is bytes of the message
	sluiceNewFlow = 2 // the body is a stream that follows
	sluiceNoBody  = 4 // the body was read and nothing is left
	sluiceNewData = 8 // members of the data follow
)

func (p *sluicePlace) modify(ex *sluiceExchange, in interface{}) {
	out, err := p.mod(in)
	if err != nil {
		ex.refuse(err)
		return
	}
	o := sluiceOpen()
	defer o.close()
	var flags int
	var body io.ReadCloser
	var own *sluiceBody
	switch was := in.(type) {
	case *sluiceRequest:
		body, own = was.write(out, o)
	case *sluiceResult:
		flags, body, own, err = was.write(out, o)
	}
	if err != nil {
		ex.fail(sluiceFailPlain, err.Error()+"\x00")
		return
	}
	length := o.count()
	o.u32(0)
	how, n, left, err := sluiceBodyOwn, int64(-1), io.ReadCloser(nil), error(nil)
	if own == nil || body != io.ReadCloser(own) || own.begun {
		if own != nil || (body != nil && body != NoBody) {
			how, n, left, err = sluiceTravel(body, own, o)
		}
	}
	if err != nil {
		ex.fail(sluiceFailPlain, "the body that the modifier gave cannot be read: "+err.Error()+"\x00")
		return
	}
	sluicePutLength(o.b[length:], n)
	id := int32(0)
	switch how {
	case sluiceBodyNone:
		flags |= sluiceNoBody
	case sluiceBodyInline:
		flags |= sluiceNewBody
	case sluiceBodyStream:
		flags |= sluiceNewFlow
		id = sluiceHandle()
		sluiceOpenHandles[id] = true
		o.u32(int(id))
	}
	at, size := sluiceBytes(o.b)
	sluiceHostModified(ex.id, int32(flags), at, size)
	if left != nil { // the exchange lives until its body has gone
		sluiceUpload(-id, left)
		delete(sluiceOpenHandles, id)
	}
}

// refuse sends an error of a modifier: its text, and the status, encoding and header that it may have.
func (ex *sluiceExchange) refuse(err error) {
	status := sluiceFailPlain
	if s, ok := err.(interface{ StatusCode() int }); ok {
		status = s.StatusCode()
	}
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(err.Error(), "\x00", ""))
	b.WriteByte(0)
	if s, ok := err.(interface{ Encoding() string }); ok {
		b.WriteString(s.Encoding())
	}
	if s, ok := err.(interface{ Headers() map[string][]string }); ok {
		for name, vals := range s.Headers() {
			for _, v := range vals {
				b.WriteString("\x00" + name + "\x00" + v)
			}
		}
	}
	ex.fail(status, b.String())
}

// write writes what has become of a request.
func (r *sluiceRequest) write(out interface{}, o *sluiceOut) (io.ReadCloser, *sluiceBody) {
	now, ok := out.(sluiceRequestFace)
	if !ok { // no wrapper: what was edited in place counts
		now = r
	}
	o.str(now.Method())
	text := r.rawURL
	if same := now == sluiceRequestFace(r); !same || r.url != nil {
		text = ""
		if u := now.URL(); u != nil {
			text = u.String()
		}
	}
	o.str(text)
	q := r.rawQ
	if now != sluiceRequestFace(r) || r.query != nil {
		before, _ := url.ParseQuery(r.rawQ)
		if after := now.Query().Encode(); after != before.Encode() {
			q = after
		}
	}
	o.str(q)
	o.str(now.Path())
	r.fields.writeDiff(now.Headers(), o)
	at := o.count()
	n := 0
	for name, v := range now.Params() {
		if old, had := r.given[name]; !had || old != v {
			o.str(name)
			o.str(v)
			n++
		}
	}
	o.counted(at, n)
	return now.Body(), r.ownBody
}

// write writes what has become of a response.
func (r *sluiceResult) write(out interface{}, o *sluiceOut) (int, io.ReadCloser, *sluiceBody, error) {
	now, ok := out.(sluiceResultFace)
	if !ok {
		now = r
	}
	o.u32(now.StatusCode())
	if now.IsComplete() {
		o.u32(1)
	} else {
		o.u32(0)
	}
	r.fields.writeDiff(now.Headers(), o)
	flags := 0
	at := o.count()
	if r.decoded && (r.loaded || now != sluiceResultFace(r)) {
		n, err := r.writeEdits(now.Data(), o)
		if err != nil {
			return 0, nil, nil, err
		}
		o.counted(at, n)
		if n > 0 {
			flags = sluiceNewData
		}
	}
	reader := now.Io()
	if reader == nil || r.decoded {
		return flags, nil, nil, nil
	}
	if b, ok := reader.(*sluiceBody); ok && b == r.ownBody {
		return flags, b, b, nil
	}
	if c, ok := reader.(io.ReadCloser); ok {
		return flags, c, r.ownBody, nil
	}
	return flags, io.NopCloser(reader), r.ownBody, nil
}

// writeEdits writes members that are new, changed or gone. A member without a text is gone.
func (r *sluiceResult) writeEdits(data map[string]interface{}, o *sluiceOut) (int, error) {
	if !r.loaded { // another object was returned before anything was asked for
		r.Data()
	}
	n := 0
	for name, v := range data {
		if h, had := r.hashes[name]; had && h == sluiceHash(v) {
			continue
		}
		b, err := json.Marshal(v)
		if err != nil {
			return 0, fmt.Errorf("the data cannot be encoded: %w", err)
		}
		o.str(name)
		o.str(string(b))
		n++
	}
	for name := range r.hashes {
		if _, has := data[name]; !has {
			o.str(name)
			o.str("")
			n++
		}
	}
	return n, nil
}

// sluiceHash tells values of decoded JSON apart. A value of any other type is what the plugin has put there.
func sluiceHash(v interface{}) uint64 {
	switch x := v.(type) {
	case nil:
		return 11
	case bool:
		if x {
			return 13
		}
		return 17
	case string:
		return sluiceHashText(14695981039346656037, x)
	case json.Number:
		return sluiceHashText(1469598103934665603, string(x))
	case map[string]interface{}:
		h := uint64(len(x))*31 + 7
		for k, e := range x { // in any order
			h += (sluiceHashText(99991, k) ^ 0x9e3779b97f4a7c15) * (sluiceHash(e) | 1)
		}
		return h
	case []interface{}:
		h := uint64(len(x))*37 + 5
		for _, e := range x {
			h = h*1099511628211 + sluiceHash(e)
		}
		return h
	}
	return sluiceHashText(7, fmt.Sprintf("%T%v", v, v))
}

func sluiceHashText(h uint64, s string) uint64 {
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
