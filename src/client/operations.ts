import type { Paths } from "./api-types.ts";

// The types of calls and answers, from the API's own document.

/** HTTP methods of the API. */
export type Method = "get" | "post" | "put" | "patch" | "delete";
/** The paths that have a method. */
export type PathsOf<M extends Method> = { [P in keyof Paths]: M extends keyof Paths[P] ? P : never }[keyof Paths];
type Operation<P extends keyof Paths, M extends Method> = M extends keyof Paths[P] ? Paths[P][M] : never;

/** The answer of an operation. */
export type Answer<P extends keyof Paths, M extends Method> = Operation<P, M> extends { answer: infer A } ? A : never;

type Parts<O> = (O extends { path: infer P } ? { path: P } : unknown) &
  (O extends { query: infer Q } ? (Partial<Q> extends Q ? { query?: Q } : { query: Q }) : unknown) &
  (O extends { body: infer B } ? { body: B } : O extends { body?: infer B } ? { body?: B } : unknown);

/** Options beside the operation's own parameters. */
export interface CallOptions {
  signal?: AbortSignal;
  /** For a write: your own key, to repeat the call after a reload. Default: a new one for each call. */
  idempotencyKey?: string;
}

/** The arguments for a call of an operation. */
export type Input<P extends keyof Paths, M extends Method> = Parts<Operation<P, M>> & CallOptions;
