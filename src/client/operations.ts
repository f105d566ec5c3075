import type { Paths } from "./api-types.ts";

// The types of calls and answers, taken from the API's own document.

/** HTTP methods of the API. */
export type Method = "get" | "post" | "put" | "patch" | "delete";
/** The paths that know a method. */
export type PathsOf<M extends Method> = { [P in keyof Paths]: M extends keyof Paths[P] ? P : never }[keyof Paths];
type Operation<P extends keyof Paths, M extends Method> = M extends keyof Paths[P] ? Paths[P][M] : never;

/** What an operation answers. */
export type Answer<P extends keyof Paths, M extends Method> = Operation<P, M> extends { answer: infer A } ? A : never;

type Parts<O> = (O extends { path: infer P } ? { path: P } : unknown) &
  (O extends { query: infer Q } ? (Partial<Q> extends Q ? { query?: Q } : { query: Q }) : unknown) &
  (O extends { body: infer B } ? { body: B } : O extends { body?: infer B } ? { body?: B } : unknown);

/** Beyond what the operation itself takes. */
export interface CallOptions {
  signal?: AbortSignal;
  /** Of a write: your own key, to repeat the call after a reload. Default: a new one for each call. */
  idempotencyKey?: string;
}

/** What a call of an operation is given. */
export type Input<P extends keyof Paths, M extends Method> = Parts<Operation<P, M>> & CallOptions;
