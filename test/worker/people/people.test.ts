import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { advanceClock, author, ladder, statesOf } from "../../support/worker/learners.ts";

let slug = "";
beforeEach(async () => {
  slug = freshSlug("people");
  await publish(ladder(slug));
});
afterEach(() => vi.useRealTimers());

const person = z.looseObject({
  user_id: z.string(),
  name: z.string().nullable(),
  email: z.string().nullable(),
  cohorts: z.array(z.string()),
  status: z.string(),
});
const page = z.object({ results: z.array(person), next_cursor: z.string().nullable() });
const people = async (query = "") =>
  read(await call("GET", `/courses/${slug}/people${query}`, { token: await author() }), 200, page);
const batch = async (rows: object[]) => {
  const answer = await call("POST", `/courses/${slug}/people/batch`, { token: await author(), body: { people: rows } });
  const schema = z.object({ results: z.array(z.looseObject({ outcome: z.string(), user_id: z.string().nullable() })) });
  const { results } = await read(answer, 200, schema);
  for (const { user_id } of results) if (user_id !== null) await project(slug, user_id);
  return results.map(({ outcome }) => outcome);
};

/** An account with a name and an address, under an id of its own. */
async function account(name: string): Promise<{ id: string; email: string }> {
  const id = `u-${crypto.randomUUID().slice(0, 8)}`;
  const email = `${id}@example.org`;
  const now = Date.now();
  await env.DB.prepare(
    "INSERT INTO users (id, name, email, role, created_at, updated_at) VALUES (?, ?, ?, 'learner', ?, ?)",
  )
    .bind(id, name, email, now, now)
    .run();
  return { id, email };
}

describe("the roll of a course", () => {
  it("lists learners by name, with addresses and cohorts, page by page", async () => {
    const [zoe, abe] = [await account("Zoe"), await account("abe")];
    await batch([{ email: zoe.email, cohorts: ["late", "early"] }, { user_id: abe.id }, { user_id: "mia" }]);
    const first = await people("?limit=2");
    expect(first.results.map(({ name, user_id }) => name ?? user_id)).toEqual(["abe", "mia"]);
    const second = await people(`?limit=2&cursor=${first.next_cursor}`);
    expect(second.results).toMatchObject([{ name: "Zoe", email: zoe.email, cohorts: ["late", "early"] }]);
    expect(second.next_cursor).toBeNull();
  });

  it("is searched by a part of the name, the address or the id, whatever stands in it", async () => {
    const ada = await account("Ada 100%_sure");
    await batch([{ user_id: ada.id, cohorts: ["a"] }, { user_id: "ben" }]);
    const found = async (search: string) =>
      (await people(`?search=${encodeURIComponent(search)}`)).results.map(({ user_id }) => user_id);
    expect(await found("ADA 1")).toEqual([ada.id]);
    expect(await found("%_s")).toEqual([ada.id]);
    expect(await found(ada.email.slice(0, 8))).toEqual([ada.id]);
    expect(await found("%")).toEqual([ada.id]);
    expect(await found("en")).toEqual(["ben"]);
  });

  it("is filtered by cohort, and says which there are", async () => {
    await batch([{ user_id: "ada", cohorts: ["a", "b"] }, { user_id: "ben", cohorts: ["b"] }, { user_id: "cem" }]);
    expect((await people("?cohort=b")).results.map(({ user_id }) => user_id)).toEqual(["ada", "ben"]);
    const schema = z.looseObject({ results: z.array(z.object({ name: z.string(), learners: z.number() })) });
    const cohorts = await call("GET", `/courses/${slug}/cohorts`, { token: await author() });
    expect((await read(cohorts, 200, schema)).results).toEqual([
      { name: "a", learners: 1 },
      { name: "b", learners: 2 },
    ]);
  });

  it("[I5] is changed in batches, each row by itself; sent again it changes nothing", async () => {
    const rows = [
      { user_id: "ada", cohorts: ["a"] },
      { email: "nobody@example.org" },
      { user_id: "not an id" },
      { user_id: "ben", withdraw: true },
    ];
    expect(await batch(rows)).toEqual(["created", "user_not_found", "invalid", "not_enrolled"]);
    expect((await batch(rows))[0]).toBe("unchanged");
    expect(await batch([{ user_id: "ada", cohorts: ["b"] }])).toEqual(["updated"]);
    expect(await batch([{ user_id: "ada", withdraw: true }])).toEqual(["withdrawn"]);
    expect((await people()).results).toEqual([]);
    expect((await people("?status=withdrawn")).results).toMatchObject([{ user_id: "ada", cohorts: ["b"] }]);
  });
});

describe("a decision about many", () => {
  it("opens an item for a cohort, and for nobody else", async () => {
    await batch([{ user_id: "ada", cohorts: ["a"] }, { user_id: "ben" }]);
    const body = { item: `${slug}.three`, kind: "unlock", reason: "a trip", cohort: "a" };
    const answer = await call("POST", `/courses/${slug}/overrides/batch`, { token: await author(), body });
    const schema = z.looseObject({ done: z.number(), results: z.array(z.looseObject({ user_id: z.string() })) });
    expect(await read(answer, 200, schema)).toMatchObject({ done: 1, results: [{ user_id: "ada" }] });
    expect((await statesOf(slug, "ada"))[`${slug}.three`]).toBe("unlocked");
    expect((await statesOf(slug, "ben"))[`${slug}.three`]).toBe("locked");
  });

  it("relocks those who are in a cohort, and nobody else", async () => {
    await batch([{ user_id: "ada", cohorts: ["a"] }, { user_id: "ben" }]);
    const body = { reason: "opened by mistake", cohort: "a" };
    const answer = await call("POST", `/courses/${slug}/relock/batch`, { token: await author(), body });
    const schema = z.looseObject({ done: z.number(), results: z.array(z.looseObject({ user_id: z.string() })) });
    expect(await read(answer, 200, schema)).toMatchObject({ done: 1, results: [{ user_id: "ada" }] });
    const both = { reason: "nobody meant", cohort: "a", user_ids: ["ada"] };
    const refused = await call("POST", `/courses/${slug}/relock/batch`, { token: await author(), body: both });
    expect((await problem(refused, 400)).errors).toMatchObject([{ path: "cohort", rule: "one_of" }]);
  });

  it("says of each learner why nothing was done", async () => {
    await batch([{ user_id: "ada" }]);
    const body = { item: `${slug}.one`, kind: "unlock", reason: "for nothing", user_ids: ["ada", "stranger"] };
    const answer = await call("POST", `/courses/${slug}/overrides/batch`, { token: await author(), body });
    const schema = z.looseObject({ results: z.array(z.looseObject({ code: z.string().nullable() })) });
    const { results } = await read(answer, 200, schema);
    expect(results.map(({ code }) => code)).toEqual(["no_effect", "not_enrolled"]);
  });
});

describe("a roster file", () => {
  const send = async (csv: string, rest: object = {}, query = "") =>
    call("PUT", `/courses/${slug}/roster${query}`, { token: await author(), body: { csv, ...rest } });
  const plan = z.looseObject({
    comes: z.number(),
    changes: z.number(),
    goes: z.number(),
    unchanged: z.number(),
    needs_confirmation: z.boolean(),
    unknown: z.array(z.looseObject({ line: z.number() })),
  });
  const projectAll = async (users: string[]) => {
    for (const user of users) await project(slug, user);
  };

  it("shows who would come, change and go, and changes nothing by that", async () => {
    await batch([{ user_id: "ada", cohorts: ["a"] }, { user_id: "ben" }]);
    const csv = "user_id,email,cohorts\nada,,b\ncem,,\n,nobody@example.org,\n";
    const answer = await read(await send(csv, { remove_missing: true }, "?dry_run=true"), 200, plan);
    expect(answer).toMatchObject({ comes: 1, changes: 1, goes: 1, unchanged: 0, unknown: [{ line: 4 }] });
    expect((await people()).results.map(({ user_id }) => user_id)).toEqual(["ada", "ben"]);
  });

  it("[I5] brings the class in line; run again it has no effect", async () => {
    await batch([{ user_id: "ada", cohorts: ["a"] }, { user_id: "ben" }]);
    const csv = "user_id,cohorts\nada,b\ncem,\n";
    await read(await send(csv, { remove_missing: true }), 200, plan);
    await projectAll(["ada", "ben", "cem"]);
    expect((await people()).results).toMatchObject([{ user_id: "ada", cohorts: ["b"] }, { user_id: "cem" }]);
    const again = await read(await send(csv, { remove_missing: true }), 200, plan);
    expect(again).toMatchObject({ comes: 0, changes: 0, goes: 0, unchanged: 2, failed: 0 });
  });

  it("withdraws more than a fifth of a class only with the number that a person has typed", async () => {
    const users = Array.from({ length: 12 }, (_, index) => `s${index}`);
    await batch(users.map((user_id) => ({ user_id })));
    const csv = `user_id\n${users.slice(0, 5).join("\n")}\n`;
    const whole = { remove_missing: true };
    expect(await read(await send(csv, whole, "?dry_run=true"), 200, plan)).toMatchObject({ needs_confirmation: true });
    expect(await problem(await send(csv, whole), 409)).toMatchObject({ code: "removal_unconfirmed" });
    expect((await send(csv, { ...whole, confirm_removed: 6 })).status).toBe(409);
    expect((await people("?limit=50")).results).toHaveLength(12);
    await read(await send(csv, { ...whole, confirm_removed: 7 }), 200, plan);
    await projectAll(users);
    expect((await people("?limit=50")).results).toHaveLength(5);
  });

  it("[I9] with a fault in it changes nothing and says where it is", async () => {
    const refused = await problem(await send("email\nada@example.org\nnonsense\n"), 400);
    expect(refused).toMatchObject({ code: "invalid_input", errors: [{ path: "csv line 3", rule: "invalid_email" }] });
  });
});

describe("an invitation by a link", () => {
  const made = z.looseObject({ id: z.string(), token: z.string(), uses: z.number() });
  const invite = async (body: object = {}) =>
    read(await call("POST", `/courses/${slug}/invitations`, { token: await author(), body }), 201, made);
  const accept = async (token: string, user: string) =>
    call("POST", "/invitations/accept", { token: await tokenOf(user), body: { token } });

  it("tells whoever has it what it is for, without an account", async () => {
    const { token } = await invite();
    const schema = z.looseObject({ course: z.string(), title: z.string() });
    const seen = await call("POST", "/invitations/look-up?lang=zh", { body: { token } });
    expect(await read(seen, 200, schema)).toMatchObject({ course: slug, title: "梯子" });
  });

  it("enrolls into a course that is closed to others, with its cohorts", async () => {
    await publish(ladder(slug, { open_enrollment: false }));
    expect((await call("POST", `/courses/${slug}/enrollments`, { token: await tokenOf("ada"), body: {} })).status).toBe(
      403,
    );
    const { token } = await invite({ cohorts: ["spring"] });
    expect((await accept(token, "ada")).status).toBe(200);
    await project(slug, "ada");
    expect((await people()).results).toMatchObject([{ user_id: "ada", cohorts: ["spring"] }]);
  });

  it("leaves the cohorts that somebody has, and adds its own", async () => {
    await batch([{ user_id: "ada", cohorts: ["old"] }]);
    const { token } = await invite({ cohorts: ["new"] });
    await accept(token, "ada");
    await project(slug, "ada");
    expect((await people()).results).toMatchObject([{ cohorts: ["old", "new"] }]);
  });

  it("[I5] serves as many as it may; a second time of the same person is none", async () => {
    const { token } = await invite({ max_uses: 1 });
    expect((await accept(token, "ada")).status).toBe(200);
    expect((await accept(token, "ada")).status).toBe(200);
    expect(await problem(await accept(token, "ben"), 403)).toMatchObject({ code: "invitation_invalid" });
    const list = await call("GET", `/courses/${slug}/invitations`, { token: await author() });
    const { results } = await read(list, 200, z.looseObject({ results: z.array(made) }));
    expect(results).toMatchObject([{ uses: 1 }]);
  });

  it("ends with its day, and at once when it is revoked", async () => {
    const [short, revoked] = [await invite({ days: 1 }), await invite({ days: 30 })];
    const path = `/courses/${slug}/invitations/${revoked.id}`;
    await call("DELETE", path, { token: await author() });
    expect((await accept(revoked.token, "ada")).status).toBe(403);
    advanceClock(86_400_000 + 1_000);
    expect((await call("POST", "/invitations/look-up", { body: { token: short.token } })).status).toBe(403);
  });

  it("[I8] cannot be made up: one that was altered opens nothing", async () => {
    const { token, id } = await invite();
    const other = await invite();
    for (const forged of [`${id}.${other.token.split(".")[1]}`, `${token}x`, id, "x"]) {
      expect((await accept(forged, "eve")).status).toBe(403);
    }
  });
});

describe("the counts of a class", () => {
  it("say for each item how many are in which state; the pages add up", async () => {
    await enroll(slug, "ada");
    await enroll(slug, "ben");
    await call("POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed`, { token: await tokenOf("ada") });
    await project(slug, "ada");
    await project(slug, "ben");
    const schema = z.looseObject({
      learners: z.number(),
      next_cursor: z.string().nullable(),
      results: z.array(z.looseObject({ item_id: z.string(), completed: z.number(), locked: z.number() })),
    });
    const token = await author();
    const counts = await read(await call("GET", `/courses/${slug}/class/counts`, { token }), 200, schema);
    expect(counts).toMatchObject({ learners: 2, next_cursor: null });
    const of = (name: string) => counts.results.find(({ item_id }) => item_id === `${slug}.${name}`);
    expect(of("one")).toMatchObject({ completed: 1, locked: 0 });
    expect(of("two")).toMatchObject({ completed: 0, locked: 1 });
    const first = await read(await call("GET", `/courses/${slug}/class/counts?limit=1`, { token }), 200, schema);
    const path = `/courses/${slug}/class/counts?limit=1&cursor=${first.next_cursor}`;
    const second = await read(await call("GET", path, { token }), 200, schema);
    expect([first.learners, second.learners]).toEqual([1, 1]);
  });
});

describe("[I8] the history of a learner", () => {
  it("says what they did and what it opened, to staff and to themselves, and to nobody else", async () => {
    await enroll(slug, "ada");
    await call("POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed`, { token: await tokenOf("ada") });
    await project(slug, "ada");
    const schema = z.looseObject({
      results: z.array(z.looseObject({ kind: z.string(), items: z.array(z.looseObject({ id: z.string() })) })),
    });
    const path = `/enrollments/${slug}:ada/history`;
    const { results } = await read(await call("GET", path, { token: await author() }), 200, schema);
    const happened = results.flatMap(({ kind, items }) => items.map(({ id }) => `${kind} ${id}`));
    expect(happened).toContain(`completed ${slug}.one`);
    expect(happened).toContain(`opened ${slug}.two`);
    const own = await read(await call("GET", path, { token: await tokenOf("ada") }), 200, schema);
    expect(own.results).toHaveLength(results.length);
    expect((await call("GET", path, { token: await tokenOf("ben") })).status).toBe(403);
  });
});
