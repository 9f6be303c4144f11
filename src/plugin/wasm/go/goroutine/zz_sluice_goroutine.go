//go:build js && wasm

// Added to package runtime by `sluice plugin build`.

package runtime

import _ "unsafe" // for linkname

// sluiceGoroutine returns the number of the goroutine that calls it. Package net/http calls it.
//
//go:linkname sluiceGoroutine
func sluiceGoroutine() uint64 { return uint64(getg().goid) }
