/** What a batch is of. */
export type RecordKind = "sessions" | "tasks";

/** A session or a task, in the form the API takes. */
export interface RecordItem {
  session_id: string;
  task_id?: string;
  version: number;
  [field: string]: unknown;
}

/** An item that the caller has given, and that the server has not acknowledged yet. */
export interface SpooledItem {
  /** Place in the order of writing. */
  seq: number;
  kind: RecordKind;
  item: RecordItem;
}

/** A batch that has its key, and so may have been sent. It is sent as it is until it is answered. */
export interface SealedBatch {
  /** Its Idempotency-Key, made before the first send. */
  key: string;
  kind: RecordKind;
  /** First and last `seq` of its items. */
  from: number;
  to: number;
}

/** What a spool holds when it is opened. */
export interface SpoolContents {
  items: SpooledItem[];
  batches: SealedBatch[];
}

/**
 * Where a writer keeps what is not acknowledged. Each method resolves when its change is kept as safely as the spool
 * promises; calls come one after the other. One writer has one spool.
 */
export interface Spool {
  /** What an earlier writer has left, in the order of writing. */
  open(): Promise<SpoolContents>;
  append(items: readonly SpooledItem[]): Promise<void>;
  seal(batch: SealedBatch): Promise<void>;
  /** The oldest batch was answered: it and its items are gone. */
  remove(batch: SealedBatch): Promise<void>;
  close(): Promise<void>;
}

/** A spool that lives as long as the process; for tests, and where losing what is unsent does no harm. */
export function memorySpool(): Spool {
  let items: SpooledItem[] = [];
  let batches: SealedBatch[] = [];
  return {
    open: async () => ({ items: [...items], batches: [...batches] }),
    append: async (added) => {
      items.push(...added);
    },
    seal: async (batch) => {
      batches.push(batch);
    },
    remove: async ({ key, to }) => {
      items = items.filter(({ seq }) => seq > to);
      batches = batches.filter((batch) => batch.key !== key);
    },
    close: async () => undefined,
  };
}
