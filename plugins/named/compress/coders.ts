/** The codings that this Node can write, each as a maker of streams. */

import * as zlib from 'node:zlib'

export type Coding = 'br' | 'gzip' | 'zstd'

/** A started compressor and how to make it give out what it holds. */
export interface Compressor {
  readonly transform: zlib.Gzip | zlib.BrotliCompress
  flush(): void
}

interface ZstdZlib {
  createZstdCompress?: (options: object) => zlib.Gzip
  constants: Record<string, number>
}

const { createZstdCompress, constants } = zlib as unknown as ZstdZlib

/** False for zstd before Node 22.15. */
export function isSupported(coding: Coding): boolean {
  return coding !== 'zstd' || createZstdCompress !== undefined
}

/** Returns a maker of compressors with the given level. */
export function compressorsOf(coding: Coding, level: number): () => Compressor {
  if (coding === 'gzip') return () => made(zlib.createGzip({ level }), zlib.constants.Z_SYNC_FLUSH)
  if (coding === 'br') {
    const params = {
      [zlib.constants.BROTLI_PARAM_QUALITY]: level,
      [zlib.constants.BROTLI_PARAM_LGWIN]: 19 // 512 KiB: what a stream holds, not what compresses best
    }
    return () => made(zlib.createBrotliCompress({ params }), zlib.constants.BROTLI_OPERATION_FLUSH)
  }
  const params = { [constants.ZSTD_c_compressionLevel!]: level }
  return () => made(createZstdCompress!({ params }), constants.ZSTD_e_flush!)
}

function made(transform: zlib.Gzip | zlib.BrotliCompress, kind: number): Compressor {
  return {
    transform,
    flush() {
      if (!transform.writableEnded && !transform.destroyed) transform.flush(kind)
    }
  }
}
