import type { Clock } from "../clock.ts";
import type { LatchkeyClient } from "../create-client.ts";
import type { LatchkeyProblem } from "../rest/result.ts";
import type { RecordItem, RecordKind, Spool } from "./spool.ts";

/** Why the server refused one item of a batch. */
export interface ItemError {
  rule: string;
  message: string;
  path?: string;
}

/** A refused item. Sending it again cannot help. */
export interface InvalidItem {
  kind: RecordKind;
  item: RecordItem;
  error: ItemError;
}

export interface RecordWriterOptions {
  client: LatchkeyClient;
  /** Where items are kept until they are acknowledged. */
  spool: Spool;
  /** Items of a batch; default 100, at most 1,000. */
  batchSize?: number;
  /** Milliseconds an item waits for others; default 200. */
  lingerMs?: number;
  /** The limit of items in the spool; a write beyond it waits. Default 10,000. */
  spoolSize?: number;
  /** Called with invalid items. They leave the spool after it has returned and its promise has settled. */
  onInvalid: (invalid: InvalidItem) => void | Promise<void>;
  /** Called after each failed send that will be repeated. */
  onProblem?: (problem: LatchkeyProblem, failures: number) => void;
  clock?: Clock;
}

export interface WriterStatus {
  /** Number of items that are not acknowledged. */
  held: number;
  /** Number of failed sends of the present batch. */
  failures: number;
  state: "running" | "stopping" | "stopped";
}
