// What bench/go-plugins measures: server plugins that set two fields, that rewrite JSON, and that end or fail when they are told to; and a
// client plugin that reads the body into memory. The bench compiles it with other numbers in its names.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
)

const (
	stampName   = "stamp-1"
	rewriteName = "rewrite-1"
	endName     = "end-1"
	copyName    = "copy-1"
)

var HandlerRegisterer = handlers{}

var ClientRegisterer = clients{}

type handlers struct{}

// factory makes the factory of a handler without options.
func factory(serve func(w http.ResponseWriter, r *http.Request, next http.Handler)) func(
	context.Context, map[string]interface{}, http.Handler) (http.Handler, error) {
	return func(_ context.Context, _ map[string]interface{}, next http.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, next) }), nil
	}
}

func (handlers) RegisterHandlers(f func(
	name string,
	handler func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error),
)) {
	f(stampName, factory(stamp))
	f(rewriteName, factory(rewrite))
	f(endName, factory(end))
}

func stamp(w http.ResponseWriter, r *http.Request, next http.Handler) {
	r.Header.Set("X-Sent-By", stampName)
	w.Header().Set("X-Served-By", stampName)
	next.ServeHTTP(w, r)
}

// captured is a writer that keeps the response.
type captured struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (c *captured) WriteHeader(status int)      { c.status = status }
func (c *captured) Write(p []byte) (int, error) { return c.body.Write(p) }

// rewrite decodes the response, changes one member, and encodes it again.
func rewrite(w http.ResponseWriter, r *http.Request, next http.Handler) {
	c := &captured{ResponseWriter: w, status: http.StatusOK}
	next.ServeHTTP(c, r)
	var data map[string]interface{}
	if err := json.Unmarshal(c.body.Bytes(), &data); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	data["name"] = rewriteName
	body, err := json.Marshal(data)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(c.status)
	w.Write(body)
}

// kept holds memory that is never given back.
var kept [][]byte

// end does what its field says.
func end(w http.ResponseWriter, r *http.Request, next http.Handler) {
	switch r.Header.Get("X-End") {
	case "panic":
		panic("asked to")
	case "exit":
		os.Exit(1)
	case "goroutine":
		go func() { panic("asked to") }()
		select {}
	case "memory":
		for {
			kept = append(kept, bytes.Repeat([]byte{1}, 1<<20))
		}
	}
	next.ServeHTTP(w, r)
}

type clients struct{}

func (clients) RegisterClients(f func(
	name string,
	handler func(context.Context, map[string]interface{}) (http.Handler, error),
)) {
	f(copyName, func(context.Context, map[string]interface{}) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
			w.Write(body)
		}), nil
	})
}

func main() {}
