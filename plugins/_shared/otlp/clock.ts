import type { ProtoWriter } from './proto-writer.js'

/** ms by which the wall clock may leave the monotonic one before times follow it. */
const DRIFT_MS = 50
const TWO_32 = 2 ** 32

/** Turns `performance.now()` into nanoseconds since 1970, as OTLP writes times. */
export class UnixClock {
  /** ms since 1970 at `performance.now()` 0. */
  private origin = performance.timeOrigin
  private high = 0
  private low = 0

  constructor() {
    this.setOrigin(performance.timeOrigin)
    this.follow()
  }

  /** Called now and then: follows the wall clock when it was set. */
  follow(): void {
    const origin = Date.now() - performance.now()
    if (Math.abs(origin - this.origin) > DRIFT_MS) this.setOrigin(origin)
  }

  private setOrigin(origin: number): void {
    this.origin = origin
    const nanoseconds = BigInt(Math.round(origin * 1000)) * 1000n
    this.high = Number(nanoseconds >> 32n)
    this.low = Number(nanoseconds & 0xffffffffn)
  }

  /** Writes a `fixed64`. @param now `performance.now()` */
  write(writer: ProtoWriter, now: number): void {
    const to = writer.claim(8)
    this.put(writer.memory, to, now)
  }

  /** Writes 8 bytes, little end first. @param now `performance.now()` */
  put(bytes: Uint8Array, to: number, now: number): void {
    const nanoseconds = Math.round(now * 1_000_000)
    const upper = Math.floor(nanoseconds / TWO_32)
    const low = this.low + (nanoseconds - upper * TWO_32)
    putLittleEnd(bytes, to, low)
    putLittleEnd(bytes, to + 4, this.high + upper + (low >= TWO_32 ? 1 : 0))
  }
}

/** 32 bits; what is above them is left out. */
function putLittleEnd(bytes: Uint8Array, to: number, value: number): void {
  const bits = value | 0
  bytes[to] = bits
  bytes[to + 1] = bits >>> 8
  bytes[to + 2] = bits >>> 16
  bytes[to + 3] = bits >>> 24
}
