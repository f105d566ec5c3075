import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { z } from "zod";
import { ERRORS } from "../../../src/platform/error-codes.ts";
import { enroll, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { spread } from "../../support/worker/shards.ts";

/** Words of the victim that no answer to somebody else may hold. */
export const SECRETS = ["ada-s-answer", "ada-s-reason", "ada-cohort"];

/** A course of alice's with ada, who has done something of everything, and eve, who has only enrolled. */
export interface World {
  slug: string;
  pending: string;
  ada: string;
  eve: string;
}

export async function makeWorld(): Promise<World> {
  const slug = freshSlug("target");
  await publish(
    {
      slug,
      title: "Target",
      chapters: [
        { id: `${slug}.one`, title: "One", content: "open text", problems: [{ id: `${slug}.free`, title: "Free" }] },
        {
          id: `${slug}.two`,
          title: "Two",
          content: "secret text",
          rule: { completed: `${slug}.one` },
          problems: [{ id: `${slug}.inner`, title: "Inner", content: "secret text" }],
        },
        { id: `${slug}.draft`, title: "Draft", status: "draft", problems: [{ id: `${slug}.hidden`, title: "Hidden" }] },
        { id: `${slug}.old`, title: "Old", status: "deprecated" },
      ],
      problems: [
        { id: `${slug}.sum`, title: "Sum", answer: { kind: "numeric", value: 4 } },
        { id: `${slug}.gate`, title: "Gate", rule: { score: { item: `${slug}.sum`, min: 50 } } },
      ],
    },
    { author: "alice" },
  );
  for (const user of ["ada", "eve"]) {
    await silence(slug, user);
    await enroll(slug, user);
  }
  const ada = await tokenOf("ada");
  const alice = await tokenOf("alice", "author");
  const submitted = await call("POST", `/problems/${slug}.free/submissions`, {
    token: ada,
    body: { answer: SECRETS[0] },
  });
  const { submission_id } = z.object({ submission_id: z.string() }).parse(await submitted.json());
  await call("PATCH", `/enrollments/${slug}:ada`, { token: alice, body: { cohorts: [SECRETS[2]] } });
  await call("PUT", `/enrollments/${slug}:ada/overrides/${slug}.gate`, {
    token: alice,
    body: { kind: "excuse", reason: SECRETS[1] },
  });
  for (const user of ["ada", "eve"]) await project(slug, user);
  return { slug, pending: submission_id, ada, eve: await tokenOf("eve") };
}

/** An object that announces nothing by itself, so that nothing but the attack can change the database. */
async function silence(slug: string, user: string): Promise<void> {
  const queue: Queue = {
    metrics: () => env.PROJECTION_QUEUE.metrics(),
    send: async () => ({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } }),
    sendBatch: async () => ({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } }),
  };
  await runInDurableObject(objectOf(slug, user), (instance) => {
    Reflect.set(instance, "env", { ...env, PROJECTION_QUEUE: queue });
  });
}

/** Everything that is stored: every D1 table, and every table of these learners' objects. */
export async function everything(slug: string, users: readonly string[] = ["ada", "eve"]) {
  const { results: tables } = await spread
    .prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT GLOB '*_words*' ORDER BY name",
    )
    .all<{ name: string }>();
  const dump: Record<string, unknown> = {};
  // What a directory was last refused for is what operators look at: it changes with each refusal.
  for (const { name } of tables.filter((table) => table.name !== "group_notes"))
    dump[name] = (await spread.prepare(`SELECT * FROM "${name}" ORDER BY 1, 2`).all()).results;
  for (const user of users) {
    dump[`object of ${user}`] = await runInDurableObject(objectOf(slug, user), (_instance, state) => {
      const { sql } = state.storage;
      const names = sql
        .exec<{ name: string }>(
          "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
        )
        .toArray();
      return names
        .filter(({ name }) => name !== "due_times" && name !== "sqlite_sequence")
        .map(({ name }) => [name, sql.exec(`SELECT * FROM "${name}"`).toArray()]);
    });
  }
  return dump;
}

/** [I9] Runs attacks and checks that nothing at all has changed. */
export async function changesNothing(world: World, attacks: () => Promise<void>): Promise<void> {
  const before = await everything(world.slug);
  await attacks();
  expect(await everything(world.slug)).toEqual(before);
}

/** How long it takes, ms. To compare it with something harmless of the same size: a busy machine slows both. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const fields = {
  code: z.string(),
  detail: z.string().optional(),
  errors: z.array(z.object({ path: z.string(), rule: z.string(), message: z.string() })).optional(),
  request_id: z.string().min(1),
};
const problemSchema = z.looseObject({ type: z.string(), title: z.string(), status: z.int(), ...fields });
/** An error of SCIM, with what a problem document has beside its own members. */
const scimSchema = z.looseObject({ schemas: z.array(z.string()), status: z.coerce.number(), ...fields });

/** What never belongs into an answer: SQL, stack traces, file names of ours. */
const LEAK = /D1_ERROR|SQLITE|SqlError|INSERT INTO|SELECT |UPDATE .* SET|\bat .*\.(ts|js):\d|node_modules|\/src\//i;

/**
 * The problem document of a refused request. Fails on anything else: an accepted request, a fault of ours, a document
 * that is not from the registry, or one that leaks.
 */
export async function refused(answer: Response, attack: string) {
  const text = await answer.text();
  const context = `${attack}: ${answer.status} ${text.slice(0, 500)}`;
  expect(answer.status, context).toBeGreaterThanOrEqual(400);
  expect(answer.status, context).toBeLessThan(500);
  const isScim = attack.includes(" /scim/v2/") && answer.headers.get("content-type") === "application/scim+json";
  if (!isScim) expect(answer.headers.get("content-type"), context).toBe("application/problem+json; charset=utf-8");
  const document = (isScim ? scimSchema : problemSchema).parse(JSON.parse(text));
  expect(Object.keys(ERRORS), context).toContain(document.code);
  expect(document.status, context).toBe(answer.status);
  expect(LEAK.test(text), context).toBe(false);
  for (const secret of SECRETS) expect(text, context).not.toContain(secret);
  return document;
}
