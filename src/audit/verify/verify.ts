import { z } from "@hono/zod-openapi";
import { directory } from "../../platform/database/shards.ts";
import { logFault } from "../../platform/log.ts";
import { ok, type Result } from "../../platform/results.ts";
import { listStatements } from "../chain/bucket.ts";
import type { SignedHead, SignedPurge } from "../chain/contract.ts";
import { GENESIS } from "../chain/hash.ts";
import { type AuditKeys, auditKeys, defectOf } from "../keys.ts";
import { lastProjected, projectedBetween } from "../statements.ts";
import { callChain, MAIN_CHAIN } from "../stubs.ts";
import { type Break, type WalkState, walk } from "./walk.ts";

const count = z.int().min(0);
const headSchema = z.strictObject({
  chain: z.string(),
  number: count,
  seq: count,
  count,
  hash: z.string(),
  at: z.int(),
  kid: z.string(),
  signature: z.string(),
});
const purgeSchema = z.strictObject({
  chain: z.string(),
  number: count,
  from_seq: count,
  to_seq: count,
  hash: z.string(),
  entry_seq: count,
  actor: z.string(),
  at: z.int(),
  kid: z.string(),
  signature: z.string(),
});
export const walkStateSchema = z.object({ seq: count, hash: z.string(), head: count, vouched: count });

export const FIRST_STEP: WalkState = { seq: 0, hash: GENESIS, head: 0, vouched: 0 };

export interface VerifiedPage {
  breaks: Break[];
  entries: number;
  from_seq: number;
  to_seq: number;
  /** Null after the last page. */
  next: WalkState | null;
  /** Whether the search database answered and was compared. */
  projection: "compared" | "unavailable";
}

/**
 * Checks the next page of the main chain against itself, the signed statements in the bucket and the search database.
 * New entries during the check are no break: the heads and the search database are read before the chain, and the
 * records of purges after it.
 */
export async function verifyPage(env: Env, state: WalkState, take: number): Promise<Result<VerifiedPage>> {
  const keys = await auditKeys(env);
  const heads = await believable(env, keys, "heads", state.head, headSchema);
  const highestProjected = await projectedHeight(directory(env));
  const known = await callChain(env, (stub) => stub.state());
  if (!known.ok) return known;
  const read = await callChain(env, (stub) => stub.entries(state.seq, take));
  if (!read.ok) return read;
  const rows = read.value;
  const purges = await believable(env, keys, "purges", 0, purgeSchema);
  const isLast = rows.length < take;
  const [first, last] = [rows[0], rows.at(-1)];
  const projected =
    first === undefined || last === undefined ? new Map() : await projectedHashes(directory(env), first.seq, last.seq);
  const walked = walk(state, {
    rows,
    isLast,
    heads: heads.statements,
    purges: purges.statements,
    projected: projected ?? new Map(),
    highest: Math.max(known.value.seq, highestProjected ?? 0),
  });
  const forged = heads.forged.map((place): Break => ({ kind: "head_forged", ...place }));
  const forgedPurges = purges.forged.map((place): Break => ({ kind: "purge_forged", ...place }));
  return ok({
    // A forged statement is reported once: with the page that it covers, or with the first page.
    breaks: [
      ...forged.filter(({ to_seq }) => isLast || to_seq <= walked.state.seq),
      ...(state.seq === 0 ? forgedPurges : []),
      ...walked.breaks,
    ],
    entries: rows.length,
    from_seq: first?.seq ?? 0,
    to_seq: last?.seq ?? 0,
    next: isLast ? null : walked.state,
    projection: highestProjected === null || projected === null ? "unavailable" : "compared",
  });
}

interface Place {
  from_seq: number;
  to_seq: number;
  detail: string;
}

/** Statements about the main chain with a valid signature, and the errors of the others. */
async function believable<T extends SignedHead | SignedPurge>(
  env: Env,
  keys: AuditKeys,
  kind: "heads" | "purges",
  after: number,
  schema: z.ZodType<T>,
): Promise<{ statements: T[]; forged: Place[] }> {
  const statements: T[] = [];
  const forged: Place[] = [];
  for (const { number, body } of await listStatements(env.DOCUMENTS, kind, MAIN_CHAIN, after)) {
    const parsed = schema.safeParse(body);
    const statement = parsed.success ? parsed.data : null;
    const isHere = statement?.number === number && statement.chain === MAIN_CHAIN;
    const defect = statement === null || !isHere ? "it is not a statement for this place" : defectOf(keys, statement);
    if (statement !== null && defect === null) statements.push(statement);
    else forged.push({ ...placeOf(statement), detail: `${kind} ${number}: ${defect}` });
  }
  return { statements, forged };
}

function placeOf(statement: SignedHead | SignedPurge | null): { from_seq: number; to_seq: number } {
  if (statement === null) return { from_seq: 0, to_seq: 0 };
  if ("to_seq" in statement) return { from_seq: statement.from_seq, to_seq: statement.to_seq };
  return { from_seq: statement.seq, to_seq: statement.seq };
}

/** The last place in the search database; null when it does not answer. */
async function projectedHeight(db: D1Database): Promise<number | null> {
  try {
    const row = await lastProjected(db, MAIN_CHAIN).first<{ seq: number }>();
    return row?.seq ?? 0;
  } catch (fault) {
    logFault("audit_projection_unreachable", fault);
    return null;
  }
}

async function projectedHashes(db: D1Database, from: number, to: number): Promise<Map<number, string> | null> {
  try {
    const { results } = await projectedBetween(db, MAIN_CHAIN, from, to).all<{ seq: number; hash: string }>();
    return new Map(results.map(({ seq, hash }) => [seq, hash]));
  } catch (fault) {
    logFault("audit_projection_unreachable", fault);
    return null;
  }
}
