//go:build js && wasm

// Added to package syscall/js by `sluice plugin build`.

package js

// SluiceEvent takes a message of the gateway without any js.Value. It returns false when there is none: the event is JavaScript's.
var SluiceEvent func() bool
