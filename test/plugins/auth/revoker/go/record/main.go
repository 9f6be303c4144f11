// Records what Go's RPC client sends for a Bloom filter and what the server of KrakenD's library responds, with sizes and hashes of that
// library: recorded-go.json beside this folder. It needs the module, so it runs outside of the repository:
//
//	go mod init record && go get github.com/krakend/bloomfilter/v2@v2.1.0 && go run . > recorded-go.json
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/krakend/bloomfilter/v2"
	"github.com/krakend/bloomfilter/v2/rotate"
	bfrpc "github.com/krakend/bloomfilter/v2/rpc"
	"github.com/krakend/bloomfilter/v2/rpc/server"
)

type tap struct {
	net.Conn
	mu       sync.Mutex
	sent     []byte
	received []byte
}

func (t *tap) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.sent = append(t.sent, p...)
	t.mu.Unlock()
	return t.Conn.Write(p)
}
func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.mu.Lock()
	t.received = append(t.received, p[:n]...)
	t.mu.Unlock()
	return n, err
}

var _ io.ReadWriteCloser = (*tap)(nil)

type step struct {
	Name     string `json:"name"`
	Sent     string `json:"sent"`
	Received string `json:"received"`
	Result   any    `json:"result,omitempty"`
	Error    string `json:"error,omitempty"`
}

// Every kind of value that gob has, besides complex numbers and interfaces.
type AnyArgs struct {
	Elems []string
	More  map[string]int
	Arr   [3]int32
	F     float64
	B     bool
	I     int64
	U     uint64
	In    struct{ X, Y int }
}

func session(n uint, p float64, hash string) map[string]any {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cfg := rotate.Config{Config: bloomfilter.Config{N: n, P: p, HashName: hash}, TTL: 1500}
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	bf := server.New(ctx, bfrpc.Config{Config: cfg, Port: port})
	var conn net.Conn
	var err error
	for i := 0; i < 100; i++ {
		conn, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	t := &tap{Conn: conn}
	c := rpc.NewClient(t)
	var steps []step
	call := func(name, method string, args, reply any) {
		t.mu.Lock()
		t.sent, t.received = nil, nil
		t.mu.Unlock()
		err := c.Call(method, args, reply)
		s := step{Name: name, Sent: base64.StdEncoding.EncodeToString(t.sent), Received: base64.StdEncoding.EncodeToString(t.received), Result: reply}
		if err != nil {
			s.Error = err.Error()
			s.Result = nil
		}
		steps = append(steps, s)
	}
	e := func(xs ...string) [][]byte {
		out := [][]byte{}
		for _, x := range xs {
			out = append(out, []byte(x))
		}
		return out
	}
	call("add two", "BloomfilterRPC.Add", bfrpc.AddInput{Elems: e("jti-a", "sub-b")}, &bfrpc.AddOutput{})
	call("check three", "BloomfilterRPC.Check", bfrpc.CheckInput{Elems: e("jti-a", "jti-x", "sub-b")}, &bfrpc.CheckOutput{})
	call("add none", "BloomfilterRPC.Add", bfrpc.AddInput{}, &bfrpc.AddOutput{})
	call("check none", "BloomfilterRPC.Check", bfrpc.CheckInput{}, &bfrpc.CheckOutput{})
	call("add one empty", "BloomfilterRPC.Add", bfrpc.AddInput{Elems: [][]byte{{}}}, &bfrpc.AddOutput{})
	call("unknown method", "BloomfilterRPC.Remove", bfrpc.AddInput{Elems: e("x")}, &bfrpc.AddOutput{})
	call("unknown service", "Other.Add", bfrpc.AddInput{Elems: e("x")}, &bfrpc.AddOutput{})
	call("no service", "Add", bfrpc.AddInput{Elems: e("x")}, &bfrpc.AddOutput{})
	call("bare list", "BloomfilterRPC.Check", e("jti-a"), &bfrpc.CheckOutput{})
	call("other struct", "BloomfilterRPC.Check", AnyArgs{Elems: []string{"jti-a"}, More: map[string]int{"a": -5}, Arr: [3]int32{1, -2, 3}, F: 1.5, B: true, I: -1 << 62, U: 1 << 63}, &bfrpc.CheckOutput{})
	call("no common field", "BloomfilterRPC.Check", struct{ X int }{3}, &bfrpc.CheckOutput{})
	other := rotate.New(ctx, cfg)
	other.Add([]byte("jti-u"))
	call("union", "BloomfilterRPC.Union", bfrpc.UnionInput{BF: other}, &bfrpc.UnionOutput{})
	call("check after union", "BloomfilterRPC.Check", bfrpc.CheckInput{Elems: e("jti-u", "jti-x")}, &bfrpc.CheckOutput{})
	cfg2 := cfg
	cfg2.N = n + 1
	call("union other n", "BloomfilterRPC.Union", bfrpc.UnionInput{BF: rotate.New(ctx, cfg2)}, &bfrpc.UnionOutput{})
	cfg3 := cfg
	cfg3.P = p / 2
	call("union other p", "BloomfilterRPC.Union", bfrpc.UnionInput{BF: rotate.New(ctx, cfg3)}, &bfrpc.UnionOutput{})
	cfg4 := cfg
	cfg4.HashName = "default"
	if hash == "default" {
		cfg4.HashName = "optimal"
	}
	call("union other hash", "BloomfilterRPC.Union", bfrpc.UnionInput{BF: rotate.New(ctx, cfg4)}, &bfrpc.UnionOutput{})
	c.Close()
	bin, _ := bf.Bloomfilter().MarshalBinary()
	f := bf.Bloomfilter()
	one, _ := f.Current.MarshalBinary()
	return map[string]any{"n": n, "p": p, "hash": hash, "m": bloomfilter.M(n, p), "k": bloomfilter.K(bloomfilter.M(n, p), n), "steps": steps,
		"filter": base64.StdEncoding.EncodeToString(bin), "current": base64.StdEncoding.EncodeToString(one)}
}

type size struct {
	N uint    `json:"n"`
	P float64 `json:"p"`
	M uint    `json:"m"`
	K uint    `json:"k"`
}

func main() {
	var sizes []size
	for _, n := range []uint{1, 2, 10, 1000, 123456, 10000000, 99999999} {
		for _, p := range []float64{0.99, 0.5, 0.3, 0.1, 0.001, 1e-7, 1e-9} {
			m := bloomfilter.M(n, p)
			sizes = append(sizes, size{n, p, m, bloomfilter.K(m, n)})
		}
	}
	type words struct {
		Element string   `json:"element"`
		Default []string `json:"default"`
		Optimal []string `json:"optimal"`
	}
	var hashes []words
	for _, e := range []string{"", "a", "jti-j1", "sub-\u00fcn\u00ef", strings.Repeat("0123456789", 20)} {
		w := words{Element: e}
		for _, f := range bloomfilter.DefaultHashFactory(5) {
			for _, x := range f([]byte(e)) {
				w.Default = append(w.Default, fmt.Sprint(x))
			}
		}
		for _, x := range bloomfilter.OptimalHashFactory(24)[0]([]byte(e)) {
			w.Optimal = append(w.Optimal, fmt.Sprint(x))
		}
		hashes = append(hashes, w)
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", " ")
	enc.Encode(map[string]any{
		"sessions": []any{session(100, 0.01, "optimal"), session(40, 0.05, "default")},
		"sizes":    sizes,
		"hashes":   hashes,
	})
}
