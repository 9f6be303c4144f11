/** The gRPC packages, which only those install who use them. */

import type * as GrpcJs from '@grpc/grpc-js'
import type * as ProtoLoader from '@grpc/proto-loader'

export interface GrpcPackages {
  readonly grpc: typeof GrpcJs
  readonly loader: typeof ProtoLoader
}

/** Loads both. @throws Error that says what to install */
export async function loadGrpcPackages(load: (name: string) => Promise<unknown> = importPackage): Promise<GrpcPackages> {
  try {
    const [grpc, loader] = await Promise.all([load('@grpc/grpc-js'), load('@grpc/proto-loader')])
    return { grpc: grpc as typeof GrpcJs, loader: loader as typeof ProtoLoader }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw cause
    throw new Error('gRPC needs two more packages beside the gateway: npm install @grpc/grpc-js @grpc/proto-loader', { cause })
  }
}

function importPackage(name: string): Promise<unknown> {
  return import(name)
}
