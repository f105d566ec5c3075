import { z } from "@hono/zod-openapi";
import { type AppContext, actorOf } from "../../platform/http/context.ts";
import { PAGE_BYTES, paginate } from "../../platform/http/pagination.ts";
import { toInstant } from "../../platform/instants.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { registryOf } from "../backends/index.ts";
import type { QueryBuilder } from "../query.ts";
import { callJournal, journalOf } from "../stubs.ts";
import { fieldOf, type RecordType, type StoredRecord } from "../types.ts";
import { ownerFor, reachesAll } from "./access.ts";
import { sessionView, taskView } from "./schemas.ts";

/** The owner of a list: the caller, or the one a service asks for; undefined is everybody. */
export function ownerAsked(c: AppContext, owner: string | undefined): Result<string | undefined> {
  const actor = actorOf(c);
  if (reachesAll(actor)) return ok(owner);
  return owner === undefined || owner === actor.id
    ? ok(actor.id)
    : refuse("forbidden", { detail: "These records belong to another user." });
}

/** One record as it was last acknowledged: from the journal if it is newer there. */
export async function readOne(
  c: AppContext,
  type: RecordType,
  id: string,
  session: string,
): Promise<Result<StoredRecord>> {
  const owner = ownerFor(actorOf(c), id);
  if (!owner.ok) return owner;
  const waiting = await callJournal(c.env, journalOf(owner.value), (stub) => stub.pending(session, [id]));
  if (!waiting.ok) return waiting;
  if (waiting.value.deleted) return refuse("not_found");
  const [record = (await registryOf(c.env).primary(type).read(type, [id]))[0]] = waiting.value.records;
  return record === undefined ? refuse("not_found") : ok(record);
}

/**
 * A page of a list in the order of one of its fields. An index answers each of several queries in order, and this
 * merges them; they ascend by a number.
 * @param scope the other filters of the list: a cursor of another list is refused.
 */
export async function list(
  c: AppContext,
  type: RecordType,
  sort: string,
  page: { limit: number; cursor?: string | undefined },
  build: () => QueryBuilder | readonly QueryBuilder[],
  scope: readonly (string | undefined)[],
): Promise<Result<{ page: StoredRecord[]; next: string | null }>> {
  return paginate(
    acceptedSecrets(c.env),
    `${type.name} ${sort} ${JSON.stringify(scope)}`,
    page,
    async (after, take) => {
      const position = after === null ? null : positionSchema.parse(JSON.parse(after));
      const backend = registryOf(c.env).primary(type);
      const pages = await Promise.all(
        [build()]
          .flat()
          .map((one) => backend.query(type, one.limit(take).atMostBytes(PAGE_BYTES).after(position).build())),
      );
      return pages.length === 1 ? pages.flat() : mergedBy(sort, pages.flat()).slice(0, take);
    },
    (record) => JSON.stringify({ value: fieldOf(record, sort), id: record.id }),
  );
}

/** Records of several pages in their common order: ascending by a number, then by id. */
function mergedBy(sort: string, records: readonly StoredRecord[]): StoredRecord[] {
  const place = (record: StoredRecord) => Number(fieldOf(record, sort));
  return records.toSorted((a, b) => place(a) - place(b) || (a.id < b.id ? -1 : 1));
}

const positionSchema = z.object({ value: z.union([z.string(), z.number(), z.null()]), id: z.string() });

export function viewPage<T>(
  { page, next }: { page: StoredRecord[]; next: string | null },
  view: (record: StoredRecord) => T,
) {
  return { results: page.map(view), next_cursor: next };
}

export function viewSession(record: StoredRecord): z.output<typeof sessionView> {
  return sessionView.parse({ ...JSON.parse(record.body), ...stampsOf(record) });
}

export function viewTask(record: StoredRecord): z.output<typeof taskView> {
  return taskView.parse({ ...JSON.parse(record.body), ...stampsOf(record) });
}

function stampsOf({ created_at, updated_at }: StoredRecord) {
  return { created_at: toInstant(created_at), updated_at: toInstant(updated_at) };
}
