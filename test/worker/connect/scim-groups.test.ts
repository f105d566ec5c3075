import { env } from "cloudflare:workers";
import SCIMMY from "scimmy";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { placeDue } from "../../../src/connect/index.ts";
import { freshSlug, publish } from "../../support/worker/courses.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { created, directoryKey, fault, GROUP, list, patch, resource, scim } from "./scim-support.ts";

let key: string;
beforeAll(async () => {
  key = await directoryKey();
});
const admin = () => tokenOf("root", "admin");

describe("groups of a directory", () => {
  const rulesOf = async (rules: object[]) => {
    const before = await read(
      await call("GET", "/group-rules/scim", { token: await admin() }),
      200,
      z.looseObject({ rules: z.array(z.looseObject({})) }),
    );
    const answer = await call("PUT", "/group-rules/scim", {
      body: { rules: [...before.rules, ...rules] },
      token: await admin(),
    });
    expect(answer.status).toBe(200);
  };
  /** The minute's cron. */
  const place = async () => {
    await placeDue(env, Date.now() + 1_000);
    // What a change has begun beside its answer ends by itself.
    await vi.waitFor(async () => {
      const row = await env.DB.prepare("SELECT count(*) AS due FROM group_due WHERE leased_until > 0").first("due");
      expect(row).toBe(0);
    });
    await placeDue(env, Date.now() + 1_000);
  };
  const enrolled = async (slug: string, user: string) =>
    (await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf(user) })).status === 200;
  const placeOf = (user: string) =>
    env.DB.prepare("SELECT learner, enrolled, member FROM group_places WHERE user_id = ?").bind(user).first();

  async function group(members: string[] = []) {
    const displayName = `class ${crypto.randomUUID()}`;
    const body = { schemas: [GROUP], displayName, members: members.map((value) => ({ value })) };
    const { id } = await read(await scim(key, "POST", "/Groups", body), 201, resource);
    return { id, displayName };
  }

  it("place people in courses and cohorts, and take only those places away", async () => {
    const slug = freshSlug("scim");
    await publish({ slug, title: "Scim", chapters: [], problems: [] });
    const [one, two] = [await created(key), await created(key)];
    const { id, displayName } = await group([one.id]);
    await rulesOf([{ group: displayName, course: slug, cohort: "blue" }]);
    await place();
    expect(await enrolled(slug, one.id)).toBe(true);
    expect(await placeOf(one.id)).toEqual({ learner: '["blue"]', enrolled: 1, member: null });
    await scim(key, "PATCH", `/Groups/${id}`, patch({ op: "Add", path: "members", value: [{ value: two.id }] }));
    await place();
    expect(await enrolled(slug, two.id)).toBe(true);
    await scim(key, "PATCH", `/Groups/${id}`, patch({ op: "Remove", path: `members[value eq "${one.id}"]` }));
    await place();
    expect(await enrolled(slug, one.id)).toBe(false);
    expect(await placeOf(one.id)).toBeNull();
    const seen = await read(await scim(key, "GET", `/Groups/${id}`), 200, resource);
    expect(seen).toMatchObject({ displayName, members: [{ value: two.id, type: "User" }] });
    expect(() => new SCIMMY.Schemas.Group(seen, "out")).not.toThrow();
    const user = await read(await scim(key, "GET", `/Users/${two.id}`), 200, resource);
    expect(user).toMatchObject({ groups: [{ value: id, display: displayName }] });
    const lean = await scim(
      key,
      "GET",
      `/Groups?excludedAttributes=members&filter=${encodeURIComponent(`displayName eq "${displayName}"`)}`,
    );
    expect((await read(lean, 200, list)).Resources.map((found) => found.id)).toEqual([id]);
    expect((await scim(key, "DELETE", `/Groups/${id}`)).status).toBe(204);
    await place();
    expect(await enrolled(slug, two.id)).toBe(false);
  });

  it("give rights of staff, and wait for a course that is not published", async () => {
    const slug = freshSlug("scim");
    const draft = freshSlug("scim");
    await publish({ slug, title: "Scim", chapters: [], problems: [] });
    await call("POST", "/courses", { body: { slug: draft, title: "Draft" }, token: await admin() });
    const [one, two] = [await created(key), await created(key)];
    const [staff, early] = [await group([one.id]), await group([two.id])];
    await rulesOf([
      { group: staff.displayName, course: slug, role: "grader" },
      { group: early.displayName, course: draft },
    ]);
    await place();
    expect(await placeOf(one.id)).toEqual({ learner: null, enrolled: 0, member: "grader" });
    const told = await read(await call("GET", "/group-rules/scim", { token: await admin() }), 200, z.looseObject({}));
    expect(told.last_failure).toContain("course_unpublished");
    expect(told.waiting).toBeGreaterThan(0);
    expect(told.last_sync_at).not.toBeNull();
    await env.DB.prepare("DELETE FROM group_due WHERE user_id = ?").bind(two.id).run();
  });

  it("leave whom somebody else enrolled, and are changed as a whole", async () => {
    const slug = freshSlug("scim");
    await publish({ slug, title: "Scim", chapters: [], problems: [] });
    const one = await created(key);
    await call("POST", `/courses/${slug}/enrollments`, { body: { user_id: one.id }, token: await admin() });
    const { id, displayName } = await group([one.id]);
    await rulesOf([{ group: displayName, course: slug }]);
    await place();
    expect(await placeOf(one.id)).toEqual({ learner: "[]", enrolled: 0, member: null });
    const body = { displayName, members: [] };
    expect((await scim(key, "PUT", `/Groups/${id}`, body)).headers.get("etag")).toBe('W/"2"');
    expect((await scim(key, "PUT", `/Groups/${id}`, body)).headers.get("etag")).toBe('W/"2"');
    await place();
    expect(await enrolled(slug, one.id)).toBe(true);
    const other = await group();
    expect(await fault(await scim(key, "PUT", `/Groups/${other.id}`, { displayName }), 409)).toBe("uniqueness");
  });

  it.each<[string, object, string]>([
    ["a path that is none", { op: "replace", path: "colour", value: "red" }, "invalidPath"],
    ["members that are none", { op: "add", path: "members", value: ["x"] }, "invalidValue"],
    ["nothing at all", { op: "remove" }, "noTarget"],
    ["an operation that is none", { op: "move", path: "members" }, "invalidSyntax"],
  ])("refuse a patch of %s", async (_, operation, type) => {
    const { id } = await group();
    expect(await fault(await scim(key, "PATCH", `/Groups/${id}`, patch(operation)), 400)).toBe(type);
  });
});
