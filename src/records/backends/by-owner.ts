import type { RecordQuery } from "../types.ts";

/** The only query that a store with keys in order can answer. */
export interface OwnerPage {
  owner: string;
  /** Id after which the page begins; null: the first page. */
  after: string | null;
  limit: number;
}

/**
 * Reads a query as this one.
 * @throws RangeError when it asks for more, with the name of the backend that cannot answer.
 */
export function ownerPageOf(query: RecordQuery, backend: string): OwnerPage {
  const [condition, ...others] = query.where;
  const { field, descending } = query.sort;
  const isPlain =
    query.text === null &&
    !query.ranked &&
    query.bytes === null &&
    field === "id" &&
    !descending &&
    others.length === 0;
  if (!isPlain || condition?.field !== "owner" || condition.is !== "=" || typeof condition.value !== "string") {
    throw new RangeError(`${backend} lists one owner's records in the order of their ids, and nothing else`);
  }
  return { owner: condition.value, after: query.after?.id ?? null, limit: query.limit };
}
