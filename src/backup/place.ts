import { fillOfShards, leastFilled, shardBound } from "../platform/database/room.ts";
import { directory, everyShard, FIRST_SHARD } from "../platform/database/shards.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import type { Manifest } from "./format.ts";
import { type Column, lineOf, valuesOf } from "./rows.ts";
import { PLACED } from "./statements.ts";
import { readPart } from "./store.ts";

// A backup has the database of each course. A deployment with other databases must place its courses again.

const COURSES = "d1.courses";
/** A course of a backup, with the position of its row among the lines. */
interface CourseLine {
  at: number;
  slug: string;
  shard: string;
  learners: number;
  isPublished: boolean;
}

/**
 * Rows of `courses` with the databases of this deployment. If the backup was taken with exactly these, each course
 * stays where it was; otherwise each goes to the least filled database, the largest course first. After a crash, a
 * course that is already there stays where it is.
 * @param databases names of the databases at the time of the backup; null: it does not have them.
 */
export async function placeCourses(
  env: Env,
  columns: readonly Column[],
  lines: readonly string[],
  databases: readonly string[] | null,
): Promise<string[]> {
  const at = columns.findIndex(({ name }) => name === "shard");
  // A row from before there were several databases: the first one is the column's default.
  if (at < 0) return [...lines];
  const names = everyShard(env).map(({ name }) => name);
  const isSame = hasSame(env, databases);
  const courses = coursesOf(columns, lines);
  const moving = courses.filter(({ shard, isPublished }) => isPublished && !(isSame && names.includes(shard)));
  const slugs = moving.map(({ slug }) => slug);
  const rows = await PLACED.find<{ slug: string; shard: string }>(directory(env), slugs);
  const placed = new Map(rows.map(({ slug, shard }) => [slug, shard]));
  const fills = await fillOfShards(env);
  const shards = new Map<number, string>();
  // Nobody is enrolled in a course that was never published.
  for (const { at, isPublished, shard } of courses)
    if (!isPublished && !names.includes(shard)) shards.set(at, FIRST_SHARD);
  moving.sort((a, b) => b.learners - a.learners || (a.slug < b.slug ? -1 : 1));
  for (const { at, slug, learners } of moving) {
    const held = placed.get(slug);
    const shard = held ?? leastFilled(fills, Number.POSITIVE_INFINITY) ?? FIRST_SHARD;
    shards.set(at, shard);
    const fill = fills.find(({ name }) => name === shard);
    if (held !== undefined || fill === undefined) continue;
    fill.learners += learners;
    fill.courses += 1;
  }
  return lines.map((line, index) => {
    const shard = shards.get(index);
    return shard === undefined ? line : withValue(columns, line, at, shard);
  });
}

/**
 * Whether the enrollments of a backup have room in this deployment's databases, if those are others.
 * @returns `shards_full` if not: the restore is refused before anything is written.
 */
export async function checkRoom(env: Env, manifest: Manifest): Promise<Result<null>> {
  if (hasSame(env, databasesOf(manifest))) return ok(null);
  let learners = 0;
  for (const entry of manifest.parts.filter(({ stage }) => stage === COURSES)) {
    const read = await readPart(env, manifest, entry);
    if (!read.ok) return read;
    const columns = (read.value.header.columns ?? []).map((name) => ({ name, type: "TEXT" as const, key: 0 }));
    learners += coursesOf(columns, read.value.lines).reduce((sum, course) => sum + course.learners, 0);
  }
  const [shards, bound] = [everyShard(env).length, shardBound(env)];
  if (learners <= shards * bound) return ok(null);
  const message = `The backup has ${learners} enrollments, and ${shards} databases accept ${bound} each. Bind more databases, or raise SHARD_ENROLLMENTS.`;
  return refuse("shards_full", { detail: message, errors: [{ path: "backup", rule: "room", message }] });
}

/** Names of the databases at the time of a backup; null: it does not have them. */
export function databasesOf({ epochs }: Manifest): string[] | null {
  return epochs === null ? null : Object.keys(epochs);
}

function hasSame(env: Env, databases: readonly string[] | null): boolean {
  const names = everyShard(env).map(({ name }) => name);
  return databases === null || (databases.length === names.length && names.every((name) => databases.includes(name)));
}

function coursesOf(columns: readonly Column[], lines: readonly string[]): CourseLine[] {
  const place = (name: string) => columns.findIndex((column) => column.name === name);
  const [slug, shard, learners, version] = [place("slug"), place("shard"), place("learners"), place("active_version")];
  return lines.map((line, at) => {
    const values = valuesOf(columns, line);
    return {
      at,
      slug: values[slug] ?? "",
      shard: values[shard] ?? FIRST_SHARD,
      learners: Number(values[learners] ?? 0),
      isPublished: values[version] != null,
    };
  });
}

function withValue(columns: readonly Column[], line: string, at: number, value: string): string {
  const values = valuesOf(columns, line).map((text, index) => (index === at ? value : text));
  const row = columns.map(({ type }, index) => {
    const text = values[index] ?? null;
    return [`c${index}`, type === "REAL" && text !== null ? Number(text) : text] as const;
  });
  return lineOf(columns, Object.fromEntries(row));
}
