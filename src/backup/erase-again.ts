import { z } from "@hono/zod-openapi";
import { directory } from "../platform/database/shards.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import {
  beginErasuresAgain,
  broughtLists,
  bury,
  eraseNow,
  eraseRevived,
  everyErasure,
  peoplePage,
} from "../privacy/index.ts";
import { type Chain, lastOf, type Manifest } from "./format.ts";
import { ERASURES_STAGE } from "./stages.ts";
import { partNotes, readPart } from "./store.ts";

/**
 * How a restore knows who was erased since the backup. bucket: the backup is in the same bucket in which the lost
 * deployment noted each erasure. list: a list of erasures was brought. none: nobody was erased.
 */
export const ERASURES = ["bucket", "list", "none"] as const;
export type Erasures = (typeof ERASURES)[number];

const placeSchema = z.union([z.object({ people: z.string().nullable() }), z.object({ part: z.int(), line: z.int() })]);
/** Stages whose lines name the owner of an object: a channel cannot be found in another way. */
const NAMED_STAGES = ["channels", "enrollment_objects"];
const namedLine = z.looseObject({ name: z.string() });
/** Lines compared with the list at a time. */
const LINE_PAGE = 500;

/**
 * A backup has users who were erased after its mark. Nobody wrote down who they were, but the hash of each erased id
 * was noted. First all of these ids are dead. Then everybody whom any place knows is compared with the list, a page at
 * a time, and erased people are erased again before the restore continues.
 */
export async function eraseAgain(
  env: Env,
  chain: Chain,
  from: string | null,
): Promise<Result<{ erased: number; next: string | null }>> {
  const now = Date.now();
  if (from === null) {
    await bury(directory(env), [...(await everyErasure(env)), ...(await carriedErasures(env, lastOf(chain)))], now);
    await beginErasuresAgain(directory(env), now);
    return ok({ erased: 0, next: JSON.stringify({ people: null }) });
  }
  const place = placeSchema.parse(JSON.parse(from));
  const page = "people" in place ? await knownPeople(env, place.people) : await namedPeople(env, chain, place);
  if (!page.ok) return page;
  const revived = await eraseRevived(env, page.value.ids, now);
  for (const user of revived) {
    if (await eraseNow(env, user)) continue;
    const detail = "An erased user could not be erased again yet; the log says why.";
    return refuse("unavailable", { detail, retry_after: 30 });
  }
  return ok({ erased: revived.length, next: page.value.next });
}

type People = Result<{ ids: string[]; next: string | null }>;

async function knownPeople(env: Env, from: string | null): Promise<People> {
  const { ids, next } = await peoplePage(env, from);
  return ok({ ids, next: JSON.stringify(next === null ? { part: 0, line: 0 } : { people: next }) });
}

async function namedPeople(env: Env, chain: Chain, at: { part: number; line: number }): Promise<People> {
  const named = chain.flatMap((link) =>
    link.parts.filter(({ stage }) => NAMED_STAGES.includes(stage)).map((entry) => ({ link, entry })),
  );
  const found = named[at.part];
  if (found === undefined) return ok({ ids: [], next: null });
  const { link, entry } = found;
  const read = await readPart(env, link, entry);
  if (!read.ok) return read;
  const lines = read.value.lines.slice(at.line, at.line + LINE_PAGE);
  const names = lines.map((line) => namedLine.parse(JSON.parse(line)).name);
  const ids = entry.stage === "channels" ? names : names.map((name) => parseEnrollmentId(name).user);
  const isLast = at.line + LINE_PAGE >= read.value.lines.length;
  const next = isLast ? { part: at.part + 1, line: 0 } : { ...at, line: at.line + LINE_PAGE };
  return ok({ ids, next: JSON.stringify(next) });
}

/** Hashes of everybody who was erased, as the backup has them. */
async function carriedErasures(env: Env, manifest: Manifest): Promise<string[]> {
  const subjects: string[] = [];
  for (const entry of manifest.parts.filter(({ stage }) => stage === ERASURES_STAGE)) {
    const read = await readPart(env, manifest, entry);
    // Every part was opened before anything was restored, so this one is gone since then, and the job is repeated.
    if (!read.ok) throw new Error(`${entry.name}: ${read.refusal.code}`);
    subjects.push(...read.value.lines.map((line) => String(JSON.parse(line))));
  }
  return subjects;
}

/**
 * Whether the given answer about erasures is possible.
 * @returns `restore_erasures_unknown`, with the possible next steps.
 */
export async function checkErasures(env: Env, manifest: Manifest, said: Erasures | undefined): Promise<Result<null>> {
  const unknown = (detail: string) => refuse("restore_erasures_unknown", { detail });
  if (said === undefined) {
    return unknown(
      "Send `erasures` to say where later erasures are listed: `list` (upload a list first), `bucket` (the lost deployment's own bucket), or `none`.",
    );
  }
  if (said === "bucket" && (await partNotes(env, manifest.id)).length === 0) {
    return unknown(
      "The files of this backup were uploaded here, so this bucket is not the one of the lost deployment.",
    );
  }
  if (said === "list") {
    const newest = (await broughtLists(env)).reduce((at, list) => Math.max(at, list.at), 0);
    if (newest === 0) return unknown("There is no list of erasures. Upload one with PUT /api/v1/system/erasures.");
    if (newest < manifest.mark) return unknown("The list of erasures is older than the backup. Upload a newer one.");
  }
  return ok(null);
}
