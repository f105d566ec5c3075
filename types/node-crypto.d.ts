// The functions of node:crypto the Worker uses. @types/node is not loaded for src: it would declare a whole Node
// whose globals (process, Buffer, timers that return objects) are not those of workerd.
declare module "node:crypto" {
  /** A hash in this turn: Web Crypto answers only in a later one, which a thousand items of a batch would each wait for. */
  export function createHash(algorithm: "sha1" | "sha224" | "sha256" | "sha384" | "sha512"): {
    update(data: string | Uint8Array): { digest(encoding: "base64url" | "hex"): string };
  };

  /** A signature in this turn, for the same reason. */
  export function createHmac(
    algorithm: "sha256",
    key: Uint8Array,
  ): {
    update(text: string): { digest(encoding: "hex"): string };
  };

  /** Asynchronous in form only: workerd derives the key before it returns. */
  export function scrypt(
    password: string,
    salt: Uint8Array,
    keyLength: number,
    options: { N: number; r: number; p: number; maxmem: number },
    callback: (fault: Error | null, key: Uint8Array) => void,
  ): void;
}

/** All of Node's `process` that the Worker uses; see src/platform/node-crypto.ts. */
declare const process: { getBuiltinModule(id: "node:crypto"): typeof import("node:crypto") };
