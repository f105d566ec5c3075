import type { Clock } from "../clock.ts";
import type { LatchkeyClient } from "../create-client.ts";
import type { LatchkeyProblem } from "../rest/result.ts";
import type { RecordItem, RecordKind, Spool } from "./spool.ts";

/** Why the server did not take one item of a batch. */
export interface ItemError {
  rule: string;
  message: string;
  path?: string;
}

/** An item that was not taken, and will not be however often it is sent. */
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
  /** Items the spool holds; a write beyond waits. Default 10,000. */
  spoolSize?: number;
  /** Called with items that are not valid. They leave the spool when it has returned, promises included. */
  onInvalid: (invalid: InvalidItem) => void | Promise<void>;
  /** Called with each send that failed and is repeated. */
  onProblem?: (problem: LatchkeyProblem, failures: number) => void;
  clock?: Clock;
}

export interface WriterStatus {
  /** Items that are not acknowledged. */
  held: number;
  /** Sends of the present batch that failed. */
  failures: number;
  state: "running" | "stopping" | "stopped";
}
