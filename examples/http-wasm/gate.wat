;; A guest of the http-wasm ABI: lets requests through whose X-Api-Key is the guest's option, and refuses all others.
;; In memory: texts below 256, the key that is wanted from 1024, the keys that a request brings from 2048.
(module
  (import "http_handler" "get_config" (func $get_config (param $at i32) (param $limit i32) (result i32)))
  (import "http_handler" "get_header_values"
    (func $get_header_values (param $kind i32) (param $name i32) (param $length i32) (param $at i32) (param $limit i32) (result i64)))
  (import "http_handler" "set_header_value"
    (func $set_header_value (param $kind i32) (param $name i32) (param $length i32) (param $at i32) (param $size i32)))
  (import "http_handler" "remove_header" (func $remove_header (param $kind i32) (param $name i32) (param $length i32)))
  (import "http_handler" "set_status_code" (func $set_status_code (param $status i32)))
  (import "http_handler" "write_body" (func $write_body (param $kind i32) (param $at i32) (param $length i32)))

  (memory (export "memory") 1 1)
  (data (i32.const 0) "X-Api-Key")
  (data (i32.const 16) "Content-Type")
  (data (i32.const 32) "text/plain; charset=utf-8")
  (data (i32.const 64) "a key, please\n")
  (data (i32.const 80) "X-Gate")
  (data (i32.const 96) "open")

  (global $wanted (mut i32) (i32.const 0))

  ;; Runs once for each instance, before its first request.
  (func $begin
    (global.set $wanted (call $get_config (i32.const 1024) (i32.const 1024))))
  (start $begin)

  ;; Whether the key that was brought is the one that is wanted. Looks at every byte, so that the time tells nothing.
  (func $fits (result i32)
    (local $i i32)
    (local $other i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (global.get $wanted)))
        (local.set $other
          (i32.or
            (local.get $other)
            (i32.xor
              (i32.load8_u offset=1024 (local.get $i))
              (i32.load8_u offset=2048 (local.get $i)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (i32.eqz (local.get $other)))

  ;; 1 = on to the next handler, 0 = the response is the guest's own.
  (func (export "handle_request") (result i64)
    (local $brought i64)
    (local.set $brought
      (call $get_header_values (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 2048) (i32.const 1025)))
    ;; one value (upper half), as long as the wanted one with a NUL behind it (lower half)
    (if (i64.eq
          (local.get $brought)
          (i64.or (i64.const 0x100000000) (i64.extend_i32_u (i32.add (global.get $wanted) (i32.const 1)))))
      (then
        (if (i32.and (i32.ne (global.get $wanted) (i32.const 0)) (call $fits))
          (then
            (call $remove_header (i32.const 0) (i32.const 0) (i32.const 9))
            (call $set_header_value (i32.const 1) (i32.const 80) (i32.const 6) (i32.const 96) (i32.const 4))
            (return (i64.const 1))))))
    (call $set_status_code (i32.const 401))
    (call $set_header_value (i32.const 1) (i32.const 16) (i32.const 12) (i32.const 32) (i32.const 25))
    (call $write_body (i32.const 1) (i32.const 64) (i32.const 14))
    (i64.const 0))

  ;; Called when a response has come. It does nothing, so Sluice never calls it.
  (func (export "handle_response") (param $context i32) (param $is_error i32)))
