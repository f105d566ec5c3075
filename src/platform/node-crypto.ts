/**
 * Node's `crypto`, for what WebCrypto cannot do at once or at all: digests inside a transaction, scrypt. It is looked up
 * when it is used: a static import of a module of the platform is evaluated with every start, wherever it stands.
 */
export function nodeCrypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}
