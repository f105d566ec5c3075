import { type ByteBatch, cutByBytes, cutMessages, setParameter } from "./batches.ts";

type Bound = string | number | null;

/**
 * A statement over a set. The set is always its first parameter, `?1`; others are numbered from `?2`. It is not a text,
 * so that it cannot be prepared without a batch.
 */
export class SetStatement {
  readonly #text: string;

  /** @param make the statement's SQL. Its argument is the SQL for the set: a table with the column `value`. */
  constructor(make: (set: string) => string) {
    this.#text = make(setParameter(1));
  }

  /** The statement of D1 for one batch. */
  bind(db: D1Database, batch: ByteBatch<unknown>, ...values: readonly Bound[]): D1PreparedStatement {
    return db.prepare(this.#text).bind(batch.json, ...values);
  }

  /** The statements of D1 for a set of any size; none for an empty set. In one `batch()` they are one transaction. */
  over(db: D1Database, rows: readonly unknown[], ...values: readonly Bound[]): D1PreparedStatement[] {
    return cutByBytes(rows).map((batch) => this.bind(db, batch, ...values));
  }

  /** Rows that D1 finds for a set of any size: one round trip, or none for an empty set. */
  async find<T>(db: D1Database, rows: readonly unknown[], ...values: readonly Bound[]): Promise<T[]> {
    const statements = this.over(db, rows, ...values);
    const [first] = statements;
    if (first === undefined) return [];
    if (statements.length === 1) return (await first.all<T>()).results;
    return (await db.batch<T>(statements)).flatMap(({ results }) => results);
  }

  /** Executes the statement in an object for a set of any size. @returns the rows it returns. */
  exec<T extends Record<string, SqlStorageValue>>(
    sql: SqlStorage,
    rows: readonly unknown[],
    ...values: readonly Bound[]
  ): T[] {
    return cutByBytes(rows).flatMap((batch) => sql.exec<T>(this.#text, batch.json, ...values).toArray());
  }
}

/** A statement over a set, see {@link SetStatement}. */
export function setStatement(make: (set: string) => string): SetStatement {
  return new SetStatement(make);
}

/** Sends messages in as few calls as the platform allows. @param delaySeconds wait before their delivery. */
export async function sendInBatches(queue: Queue, bodies: readonly unknown[], delaySeconds?: number): Promise<void> {
  const options = delaySeconds === undefined ? undefined : { delaySeconds };
  for (const group of cutMessages(bodies)) {
    await queue.sendBatch(
      group.map((body) => ({ body })),
      options,
    );
  }
}
