/**
 * The little of Node that these tests use. Unit tests are checked with the Worker's types, and Node's own would let
 * the Worker's sources use what the Worker does not have.
 */
declare module "node:fs" {
  export function existsSync(path: string): boolean;
  export function readFileSync(path: string, encoding: "utf8"): string;
  export function openAsBlob(path: string): Promise<Blob>;
}
