// The one function of node:crypto the Worker uses. @types/node is not loaded for src: it would declare a whole Node
// whose globals (process, Buffer, timers that return objects) are not those of workerd.
declare module "node:crypto" {
  /** Asynchronous in form only: workerd derives the key before it returns. */
  export function scrypt(
    password: string,
    salt: Uint8Array,
    keyLength: number,
    options: { N: number; r: number; p: number; maxmem: number },
    callback: (fault: Error | null, key: Uint8Array) => void,
  ): void;
}
