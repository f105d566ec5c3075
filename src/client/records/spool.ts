/** The kinds of items in a batch. */
export type RecordKind = "sessions" | "tasks";

/** A session or a task, in the form of the API. */
export interface RecordItem {
  session_id: string;
  task_id?: string;
  version: number;
  [field: string]: unknown;
}

/** An item from the caller that the server has not acknowledged yet. */
export interface SpooledItem {
  /** Place in the order of writing. */
  seq: number;
  kind: RecordKind;
  item: RecordItem;
}

/** A batch that has its key, and so may have been sent. It is sent unchanged until it is answered. */
export interface SealedBatch {
  /** Its Idempotency-Key, made before the first send. */
  key: string;
  kind: RecordKind;
  /** First and last `seq` of its items. */
  from: number;
  to: number;
}

/** The content of a spool when it is opened. */
export interface SpoolContents {
  items: SpooledItem[];
  batches: SealedBatch[];
}

/**
 * The place where a writer keeps items that are not acknowledged. Each method resolves when its change is stored as
 * safely as the spool promises. Calls never overlap. Each writer has its own spool.
 */
export interface Spool {
  /** Everything that an earlier writer left, in the order of writing. */
  open(): Promise<SpoolContents>;
  append(items: readonly SpooledItem[]): Promise<void>;
  seal(batch: SealedBatch): Promise<void>;
  /** The oldest batch was answered: removes it and its items. */
  remove(batch: SealedBatch): Promise<void>;
  close(): Promise<void>;
}

/** A spool that lives as long as the process: for tests, and where losing unsent items does no harm. */
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
