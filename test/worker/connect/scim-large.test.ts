import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { z } from "zod";
import { createApi } from "../../../src/api.ts";
import { placeDue } from "../../../src/connect/index.ts";
import { countStatements } from "../../../src/platform/database/counted.ts";
import { inParallel } from "../../../src/platform/parallel.ts";
import { freshSlug, publish } from "../../support/worker/courses.ts";
import { call, read, request, tokenOf } from "../../support/worker/http.ts";
import { directoryKey, GROUP, list, resource, scim, USER } from "./scim-support.ts";

const PEOPLE = 1_000;
/** One in so many is looked for before it is sent again. */
const LOOKED_UP = 20;
/** Calls that a directory makes at a time. */
const PARALLEL = 8;

const nameOf = (index: number) => `large-${index}@school.example`;
const sent = (index: number) => ({
  schemas: [USER],
  userName: nameOf(index),
  externalId: `large-${index}`,
  name: { givenName: "Learner", familyName: String(index) },
  emails: [{ value: nameOf(index), type: "work", primary: true }],
  active: true,
});

it("takes a directory of many people and their group, and changes nothing when all of it is sent again", async () => {
  const key = await directoryKey();
  const slug = freshSlug("large");
  await publish({ slug, title: "Large", chapters: [], problems: [] });
  const ids: string[] = Array.from({ length: PEOPLE }, () => "");
  const took: Record<string, number> = {};
  const timed = async (what: string, work: () => Promise<void>) => {
    const start = performance.now();
    await work();
    took[what] = Math.round(performance.now() - start);
    console.log(JSON.stringify({ event: "scim_large", what, milliseconds: took[what] }));
  };
  const everybody = Array.from({ length: PEOPLE }, (_, index) => index);

  await timed("come", () =>
    inParallel(everybody, PARALLEL, async (index) => {
      const answer = await scim(key, "POST", "/Users", sent(index));
      ids[index] = (await read(answer, 201, resource)).id;
    }),
  );
  const group = { schemas: [GROUP], displayName: "everybody", members: ids.map((value) => ({ value })) };
  let groupId = "";
  await timed("group", async () => {
    groupId = (await read(await scim(key, "POST", "/Groups", group), 201, resource)).id;
  });
  const rules = [{ group: "everybody", course: slug, cohort: "all" }];
  const token = await tokenOf("root", "admin");
  await call("PUT", "/group-rules/scim", { body: { rules }, token });
  await timed("placed", async () => {
    const due = () => env.DB.prepare("SELECT count(*) AS due FROM group_due").first<number>("due");
    while ((await due()) !== 0) await placeDue(env, Date.now() + 1_000);
  });
  const places = await env.DB.prepare("SELECT count(*) AS n FROM group_places WHERE course_slug = ?")
    .bind(slug)
    .first("n");
  expect(places).toBe(PEOPLE);

  const versions = async () => ({
    users: await env.DB.prepare("SELECT max(version) AS most, max(updated_at) AS last FROM scim_users").first(),
    groups: await env.DB.prepare("SELECT max(version) AS most FROM scim_groups").first("most"),
    audit: await env.DB.prepare("SELECT count(*) AS n FROM audit_outbox").first("n"),
    due: await env.DB.prepare("SELECT count(*) AS n FROM group_due").first("n"),
  });
  const before = await versions();
  await timed("again", () =>
    inParallel(everybody, PARALLEL, async (index) => {
      if (index % LOOKED_UP === 0) {
        const filter = encodeURIComponent(`userName eq "${nameOf(index)}"`);
        const looked = await scim(key, "GET", `/Users?filter=${filter}`);
        expect((await read(looked, 200, list)).totalResults).toBe(1);
      }
      const answer = await scim(key, "PUT", `/Users/${ids[index]}`, sent(index));
      expect(answer.headers.get("etag")).toBe('W/"1"');
      await answer.body?.cancel();
    }),
  );
  await timed("group again", async () => {
    const answer = await scim(key, "PUT", `/Groups/${groupId}`, group);
    expect(answer.headers.get("etag")).toBe('W/"1"');
    await answer.body?.cancel();
  });
  expect(await versions()).toEqual(before);
  await timed("pages", async () => {
    let seen = 0;
    for (let start = 1; start <= PEOPLE; start += 200) {
      const answer = await scim(key, "GET", `/Users?startIndex=${start}&count=200&attributes=userName`);
      seen += (await read(answer, 200, z.looseObject({ itemsPerPage: z.int() }))).itemsPerPage;
    }
    expect(seen).toBeGreaterThanOrEqual(PEOPLE);
  });
  // Key and actor ask no database. Name, address and whether they were here before are looked up at once of who comes, and written
  // user, entry and row; two more carry the entry to the audit log.
  const counter = { count: 0 };
  const counting = { ...env, DB: countStatements(env.DB, counter) };
  const counted = async (method: string, path: string, body?: object) => {
    const before = counter.count;
    const options = { headers: { authorization: `Bearer ${key}` }, ...(body === undefined ? {} : { body }) };
    const context = createExecutionContext();
    const answer = await createApi().fetch(request(method, `/scim/v2${path}`, options), counting, context);
    const count = counter.count - before;
    expect(answer.ok).toBe(true);
    await answer.body?.cancel();
    await waitOnExecutionContext(context);
    return count;
  };
  expect(await counted("POST", "/Users", sent(PEOPLE))).toBeLessThanOrEqual(6);
  expect(await counted("PUT", `/Users/${ids[0]}`, sent(0))).toBeLessThanOrEqual(3);
  expect(await counted("GET", `/Users?filter=${encodeURIComponent(`userName eq "${nameOf(1)}"`)}`)).toBe(1);
}, 1_500_000);
