/**
 * Node's `crypto`, for what WebCrypto cannot do synchronously or at all: digests inside a transaction, scrypt. It is
 * looked up on use, because a static import of a platform module is evaluated at every start, wherever it is written.
 */
export function nodeCrypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}
