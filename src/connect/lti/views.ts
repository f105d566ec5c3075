import { z } from "zod";
import { publicOrigin } from "../../mail/index.ts";
import { directory } from "../../platform/database/shards.ts";
import type { AppContext } from "../../platform/http/context.ts";
import { toInstant, toInstantOrNull } from "../../platform/instants.ts";
import { keyStates } from "./keys.ts";
import { resultsRow } from "./results-kept.ts";
import type { contextView, platformView, toolView } from "./schemas.ts";
import { lastSent, lastUnsent } from "./statements/scores.ts";
import type { Platform } from "./tables.ts";

// How operators see what is stored.

export const contextRow = resultsRow.extend({
  deployment: z.string(),
  context: z.string(),
  course_slug: z.string(),
  title: z.string().nullable(),
  synced_at: z.int().nullable(),
  counts: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(z.record(z.string(), z.int())),
  failed_at: z.int().nullable(),
  failure: z.string().nullable(),
  results_read_at: z.int().nullable(),
  results_failed_at: z.int().nullable(),
  results_failure: z.string().nullable(),
});

/** A course of a platform. */
export function viewContext(row: z.output<typeof contextRow>): z.input<typeof contextView> {
  const { deployment, context, title, counts, course_slug: course, synced_at, failed_at, failure } = row;
  return {
    deployment,
    context,
    title,
    course,
    last_sync: toInstantOrNull(synced_at),
    counts,
    failure: viewFailure(failed_at, failure),
    gradebook: viewGradebook(row),
  };
}

const viewFailure = (at: number | null, why: string | null) =>
  at === null || why === null ? null : { at: toInstant(at), why };

/** What is read of its gradebook. */
function viewGradebook(row: z.output<typeof contextRow>): z.input<typeof contextView>["gradebook"] {
  const { results, results_state: state, line_items, results_unknown } = row;
  return {
    last_read: toInstantOrNull(row.results_read_at),
    failure: viewFailure(row.results_failed_at, row.results_failure),
    columns: results.map((column) => {
      const read = state.columns[column.line_item];
      return {
        ...column,
        last_read: toInstantOrNull(read?.read_at ?? null),
        counts: read?.counts ?? {},
        failure: read?.failure ?? null,
      };
    }),
    listed: line_items,
    unlisted: state.unlisted,
    unknown: results_unknown,
  };
}

const lastSchema = z.object({ at: z.int(), why: z.string().default("") }).nullable();

/** A platform, with the last of everything. */
export async function viewPlatform(env: Env, row: Platform): Promise<z.input<typeof platformView>> {
  const db = directory(env);
  const [sent, unsent] = (await Promise.all([lastSent(db, row.id).first(), lastUnsent(db, row.id).first()])).map(
    (found) => lastSchema.parse(found) ?? null,
  );
  const { owner: _, settings, launched_at, failed_at, failure, created_at, updated_at, ...rest } = row;
  return {
    ...rest,
    ...settings,
    created_at: toInstant(created_at),
    updated_at: toInstant(updated_at),
    last_launch: toInstantOrNull(launched_at),
    last_delivery: toInstantOrNull(sent?.at ?? null),
    last_unsent: unsent == null ? null : { at: toInstant(unsent.at), why: unsent.why },
    last_failure: failed_at === null ? null : { at: toInstant(failed_at), why: failure ?? "" },
  };
}

/** What a platform has to know of this tool. */
export async function viewTool(c: AppContext): Promise<z.input<typeof toolView>> {
  const origin = publicOrigin(c.env, c.req.url);
  const at = (path: string) => (origin === null ? null : origin + path);
  const keys = await keyStates(c.env, Date.now());
  return {
    enabled: origin !== null,
    login_url: at("/lti/login"),
    launch_url: at("/lti/launch"),
    jwks_url: at("/lti/jwks.json"),
    link_url: at("/lti/to"),
    keys: keys.map(({ kid, created_at, signs }) => ({ kid, created_at: toInstant(created_at), signs })),
  };
}
