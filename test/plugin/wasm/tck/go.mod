module sluice/tck

go 1.21

require github.com/http-wasm/http-wasm-host-go v0.7.0
