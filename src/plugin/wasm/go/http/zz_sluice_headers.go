//go:build js && wasm

package http

import (
	"slices"
	"strings"
)

// sluiceField is a header field as it was given to the plugin.
type sluiceField struct {
	name string
	// vals may be edited in place; kept may not.
	vals []string
	kept []string
}

// sluiceFields holds the header fields of a message, so that only what was changed goes back: order and spelling of the rest stay.
type sluiceFields struct {
	given []sluiceField
	live  Header
}

func sluiceReadFields(d *sluiceIn) sluiceFields {
	n := d.u32()
	texts := make([]string, 2*n)
	f := sluiceFields{given: make([]sluiceField, 0, n), live: make(Header, n)}
	for i := 0; i < n; i++ {
		name := CanonicalHeaderKey(d.str())
		value := d.str()
		if _, ok := f.live[name]; ok {
			f.again(name, value)
			continue
		}
		texts[i], texts[n+i] = value, value
		vals := texts[i : i+1 : i+1]
		f.live[name] = vals
		f.given = append(f.given, sluiceField{name, vals, texts[n+i : n+i+1 : n+i+1]})
	}
	return f
}

// again adds one more value to a field that was there.
func (f *sluiceFields) again(name, value string) {
	for k := range f.given {
		if one := &f.given[k]; one.name == name {
			one.vals = append(one.vals, value)
			one.kept = append(one.kept, value)
			f.live[name] = one.vals
			return
		}
	}
}

// writeDiff writes how many fields differ, and of each its name, how many values it has now, and these. No value: it was deleted.
func (f *sluiceFields) writeDiff(live Header, o *sluiceOut) {
	at := o.count()
	n, known := 0, 0
	for i := range f.given {
		one := &f.given[i]
		now, ok := live[one.name]
		if ok {
			known++
		}
		if !ok || !sluiceSame(now, one.kept) {
			n++
			sluiceWriteField(one.name, now, o)
		}
	}
	if known != len(live) {
		var room [16]string
		for _, name := range sluiceNames(live, room[:0]) {
			if !f.has(name) {
				n++
				sluiceWriteField(name, live[name], o)
			}
		}
	}
	o.counted(at, n)
}

func (f *sluiceFields) has(name string) bool {
	for i := range f.given {
		if f.given[i].name == name {
			return true
		}
	}
	return false
}

func sluiceSame(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func sluiceWriteField(name string, vals []string, o *sluiceOut) {
	o.str(name)
	o.u32(len(vals))
	for _, v := range vals {
		o.str(v)
	}
}

// sluiceNames adds the names of a header to room, in the order in which net/http writes them.
func sluiceNames(h Header, room []string) []string {
	for name := range h {
		room = append(room, name)
	}
	if len(room) > 1 {
		slices.Sort(room)
	}
	return room
}

// sluiceWriteFields writes all fields, as pairs.
func sluiceWriteFields(h Header, o *sluiceOut) {
	at := o.count()
	n := 0
	var room [16]string
	for _, name := range sluiceNames(h, room[:0]) {
		for _, v := range h[name] {
			o.str(name)
			o.str(v)
			n++
		}
	}
	o.counted(at, n)
}

// sluiceReadHead reads the fields of a response of next into the map that was handed further in.
func sluiceReadHead(d *sluiceIn, h Header) {
	if d.u32() != 0 {
		sluiceDropGiven(h)
	}
	sluiceReadPairs(d, h)
}

// sluiceDropGiven empties a map whose fields a response holds, as plugins further in have left them. What announces trailers never
// travels with a response, so it stays.
func sluiceDropGiven(h Header) {
	for name := range h {
		if name != "Trailer" && !strings.HasPrefix(name, TrailerPrefix) {
			delete(h, name)
		}
	}
}

// sluiceReadPairs adds the pairs of a message to a header.
func sluiceReadPairs(d *sluiceIn, h Header) {
	for n := d.u32(); n > 0; n-- {
		name := CanonicalHeaderKey(d.str())
		h[name] = append(h[name], d.str())
	}
}
