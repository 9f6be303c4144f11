// Speaks to a revoker as programs in Go do, with nothing but the standard library: go run . ADDRESS FILTER
// FILTER is what GET /filter of a revoker responded. Prints one line for each call.
package main

import (
	"fmt"
	"net/rpc"
	"os"
	"sync"
)

type AddInput struct{ Elems [][]byte }
type AddOutput struct{ Count int }
type CheckInput struct{ Elems [][]byte }
type CheckOutput struct{ Checks []bool }
type Filter struct{ bytes []byte }
type UnionInput struct{ BF *Filter }
type UnionOutput struct{ Capacity float64 }

func (f *Filter) MarshalBinary() ([]byte, error) { return f.bytes, nil }

func elems(texts ...string) [][]byte {
	out := [][]byte{}
	for _, text := range texts {
		out = append(out, []byte(text))
	}
	return out
}

func main() {
	client, err := rpc.Dial("tcp", os.Args[1])
	if err != nil {
		fmt.Println("dial:", err)
		os.Exit(1)
	}
	defer client.Close()
	filter, err := os.ReadFile(os.Args[2])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}

	var added AddOutput
	err = client.Call("BloomfilterRPC.Add", AddInput{elems("jti-a", "jti-b")}, &added)
	fmt.Println("add", added.Count, err)
	var checked CheckOutput
	err = client.Call("BloomfilterRPC.Check", CheckInput{elems("jti-a", "jti-c")}, &checked)
	fmt.Println("check", checked.Checks, err)
	err = client.Call("BloomfilterRPC.Remove", AddInput{elems("jti-a")}, &added)
	fmt.Println("remove", err)
	err = client.Call("BloomfilterRPC.Check", elems("jti-a"), &checked)
	fmt.Println("wrong argument", err != nil)
	var united UnionOutput
	err = client.Call("BloomfilterRPC.Union", UnionInput{&Filter{filter}}, &united)
	fmt.Println("union", united.Capacity > 0, err)
	err = client.Call("BloomfilterRPC.Union", UnionInput{&Filter{[]byte("no filter")}}, &united)
	fmt.Println("no filter", err != nil)

	// calls in flight at the same time: responses are told apart by their numbers
	var group sync.WaitGroup
	wrong := 0
	var lock sync.Mutex
	for i := 0; i < 50; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			name := fmt.Sprintf("sub-%d", i)
			var added AddOutput
			var checked CheckOutput
			one := client.Call("BloomfilterRPC.Add", AddInput{elems(name)}, &added)
			two := client.Call("BloomfilterRPC.Check", CheckInput{elems(name)}, &checked)
			if one != nil || two != nil || added.Count != 1 || len(checked.Checks) != 1 || !checked.Checks[0] {
				lock.Lock()
				wrong++
				lock.Unlock()
			}
		}()
	}
	group.Wait()
	fmt.Println("at once", wrong)
}
