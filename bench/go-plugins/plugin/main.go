// What bench/go-plugins measures: a server plugin that sets two fields, one that ends the process when it is told to, and a client plugin
// that reads the body into memory. The bench compiles it with other numbers in its names.
package main

import (
	"context"
	"io"
	"net/http"
	"os"
)

const (
	stampName = "stamp-1"
	copyName  = "copy-1"
	exitName  = "exit-1"
)

var HandlerRegisterer = handlers{}

var ClientRegisterer = clients{}

type handlers struct{}

func (handlers) RegisterHandlers(f func(
	name string,
	handler func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error),
)) {
	f(stampName, func(_ context.Context, _ map[string]interface{}, next http.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set("X-Sent-By", stampName)
			w.Header().Set("X-Served-By", stampName)
			next.ServeHTTP(w, r)
		}), nil
	})
	f(exitName, func(_ context.Context, _ map[string]interface{}, next http.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Exit") != "" {
				os.Exit(1)
			}
			next.ServeHTTP(w, r)
		}), nil
	})
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
