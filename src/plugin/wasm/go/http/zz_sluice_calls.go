//go:build js && wasm

package http

import (
	"context"
	"errors"
	"io"
	"net/url"
	"reflect"
	"runtime"
	"strconv"
	"time"
)

// Facts about a call.
const (
	sluiceCallOwn      = 1 << 4 // the gateway's own call of the backend: its header is a difference
	sluiceCallGunzip   = 1 << 5 // ask for gzip and undo it
	sluiceCallInsecure = 1 << 6 // certificates are not verified
	sluiceCallProxied  = 1 << 7 // the author decides on the proxy
)

// sluicePlain says whether the gateway's client can make a call of this transport.
func sluicePlain(t *Transport, req *Request) bool {
	if req.URL == nil || req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return false
	}
	if t.Dial != nil || t.DialTLS != nil || t.DialTLSContext != nil {
		return false
	}
	if t.DialContext != nil && !sluiceIsFunc(t.DialContext, "net.(*Dialer).DialContext-fm") {
		return false
	}
	if c := t.TLSClientConfig; c != nil && req.URL.Scheme == "https" {
		if c.RootCAs != nil || len(c.Certificates) > 0 || c.GetClientCertificate != nil || c.ServerName != "" ||
			c.VerifyPeerCertificate != nil || c.VerifyConnection != nil {
			return false
		}
	}
	return true
}

func sluiceIsFunc(f any, name string) bool {
	known := runtime.FuncForPC(reflect.ValueOf(f).Pointer())
	return known != nil && known.Name() == name
}

// sluiceTimeout is an error that says of itself that it is one.
type sluiceTimeout string

func (t sluiceTimeout) Error() string { return string(t) }
func (sluiceTimeout) Timeout() bool   { return true }
func (sluiceTimeout) Temporary() bool { return true }

const errSluiceHeaderTimeout = sluiceTimeout("net/http: timeout awaiting response headers")

// sluiceRoundTrip makes one call by the gateway. Redirects are the caller's: http.Client decides on each.
func sluiceRoundTrip(t *Transport, req *Request) (*Response, error) {
	ctx := req.Context()
	if err := ctx.Err(); err != nil {
		req.closeBody()
		return nil, err
	}
	if req.URL.Host == "" {
		req.closeBody()
		return nil, errors.New("http: no Host in request URL")
	}
	if err := sluiceValidate(req); err != nil {
		req.closeBody()
		return nil, err
	}
	o := sluiceOpen()
	defer o.close()
	mode, exchange, own, err := sluiceWriteCall(t, req, o)
	if err != nil {
		req.closeBody()
		return nil, err
	}
	length := len(o.b)
	o.i64(-1)
	head := len(o.b)
	how, n, left, err := sluiceTravel(req.Body, own, o)
	if err != nil {
		req.closeBody()
		return nil, err
	}
	if n < 0 && req.ContentLength > 0 {
		n = req.ContentLength
	}
	sluicePutLength(o.b[length:], n)
	id := sluiceHandle()
	answer := sluiceWait(id)
	p, size := sluiceBytes(o.b)
	sluiceHostCall(id, exchange, int32(mode|how), p, size, int32(head))
	if left != nil {
		go sluiceUpload(-id, left)
	}
	d, err := sluiceAwaitHead(t, req, id, answer)
	if err != nil {
		return nil, err
	}
	return sluiceResponse(req, id, d)
}

// sluiceWriteCall writes the head of a call.
func sluiceWriteCall(t *Transport, req *Request, o *sluiceOut) (mode int, exchange int32, own *sluiceBody, err error) {
	ex, _ := req.Context().Value(sluiceKey{}).(*sluiceExchange)
	insecure := t.TLSClientConfig != nil && t.TLSClientConfig.InsecureSkipVerify && req.URL.Scheme == "https"
	var proxy *url.URL
	if t.Proxy != nil && !sluiceIsFunc(t.Proxy, "net/http.ProxyFromEnvironment") {
		if proxy, err = t.Proxy(req); err != nil {
			return 0, 0, nil, err
		}
		mode |= sluiceCallProxied
	}
	if ex != nil {
		exchange = ex.id
		if !insecure && proxy == nil && ex.owns(req) {
			mode = sluiceCallOwn
			own = ex.body
		}
	} else { // for its trace alone
		exchange = sluiceExchangeHere()
	}
	method := req.Method
	if method == "" {
		method = "GET"
	}
	o.str(method)
	o.str(req.URL.Scheme + "://" + req.URL.Host)
	o.str(req.URL.EscapedPath())
	o.str(req.URL.RawQuery)
	o.str(req.Host)
	if proxy == nil {
		o.str("")
	} else {
		o.str(proxy.String())
	}
	if mode&sluiceCallOwn != 0 {
		ex.fields.writeDiff(req.Header, o)
		return mode, exchange, own, nil
	}
	h := req.Header
	if _, named := h["User-Agent"]; !named {
		h = h.Clone()
		if h == nil {
			h = Header{}
		}
		h["User-Agent"] = []string{"Go-http-client/1.1"}
	}
	sluiceWriteFields(h, o)
	if !t.DisableCompression && req.Header.Get("Accept-Encoding") == "" && req.Header.Get("Range") == "" && method != "HEAD" {
		mode |= sluiceCallGunzip
	}
	if insecure {
		mode |= sluiceCallInsecure
	}
	return mode, exchange, nil, nil
}

// sluiceValidate refuses what Go's transport refuses.
func sluiceValidate(req *Request) error {
	if req.Method != "" && !validMethod(req.Method) {
		return errors.New("net/http: invalid method " + strconv.Quote(req.Method))
	}
	for name, vals := range req.Header {
		for i := 0; i < len(name); i++ {
			if c := name[i]; c <= ' ' || c == ':' || c >= 0x7f {
				return errors.New("net/http: invalid header field name " + strconv.Quote(name))
			}
		}
		for _, v := range vals {
			for i := 0; i < len(v); i++ {
				if c := v[i]; c < ' ' && c != '\t' || c == 0x7f {
					return errors.New("net/http: invalid header field value for " + strconv.Quote(name))
				}
			}
		}
	}
	return nil
}

func sluiceAwaitHead(t *Transport, req *Request, id int32, answer chan string) (sluiceIn, error) {
	var late <-chan time.Time
	if t.ResponseHeaderTimeout > 0 {
		timer := time.NewTimer(t.ResponseHeaderTimeout)
		defer timer.Stop()
		late = timer.C
	}
	var err error
	select {
	case s := <-answer:
		return sluiceIn{s: s}, nil
	case <-req.Context().Done():
		err = context.Cause(req.Context())
	case <-req.Cancel:
		err = errSluiceCanceled
	case <-late:
		err = errSluiceHeaderTimeout
	}
	delete(sluiceWaits, id)
	sluiceHostCancel(id)
	return sluiceIn{}, err
}

var errSluiceCanceled = errors.New("net/http: request canceled")

func sluiceResponse(req *Request, id int32, d sluiceIn) (*Response, error) {
	code := d.u32()
	if code == 0 {
		return nil, errors.New(d.str())
	}
	facts := d.u32()
	h := make(Header)
	sluiceReadPairs(&d, h)
	length := int64(-1)
	if n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil {
		length = n
	}
	res := &Response{
		Status: strconv.Itoa(code) + " " + StatusText(code), StatusCode: code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, ContentLength: length, Request: req, Uncompressed: facts&2 != 0,
	}
	if facts&1 == 0 {
		res.Body = NoBody
		if length < 0 {
			res.ContentLength = 0
		}
		return res, nil
	}
	body := sluiceReceived(id, req.Context())
	res.Body = body
	if req.Cancel != nil {
		go func() {
			select {
			case <-req.Cancel:
				body.Close()
			case <-req.Context().Done():
			}
		}()
	}
	return res, nil
}

var _ io.ReadCloser = (*sluiceBody)(nil)
