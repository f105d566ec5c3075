// Over 350 lines: everything that becomes of a file is shown on one course, from the file to the class.

import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { workOnRoster } from "../../../src/people/rosters/job.ts";
import { enroll, freshSlug, project, publish, runCron } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { admin, author, ladder } from "../../support/worker/learners.ts";
import {
  account,
  applied,
  confirm,
  learnersOf,
  oneRoster,
  type Place,
  planned,
  seen,
  sent,
  setSource,
  source,
  workOn,
} from "./roster-support.ts";

let slug = "";
beforeEach(async () => {
  slug = freshSlug("roster");
  await publish(ladder(slug));
});
afterEach(() => vi.restoreAllMocks());

const who = (name: string) => `${name}-${slug}`;
const places = (...names: string[]): Place[] => names.map((name) => ({ id: `e-${name}`, person: who(name) }));
const byId = { match: "sourced_id" };
const school = async (settings: object = byId, rest: object = {}) =>
  read(await setSource(slug, "school", { kind: "upload", format: "oneroster", settings, ...rest }), 200, source);
const membersSchema = z.looseObject({ results: z.array(z.looseObject({ user_id: z.string(), role: z.string() })) });
const members = async () => {
  const { results } = await read(
    await call("GET", `/courses/${slug}/members`, { token: await author() }),
    200,
    membersSchema,
  );
  return Object.fromEntries(results.map(({ user_id, role }) => [user_id, role]));
};
const observers = async () => {
  const schema = z.looseObject({ results: z.array(z.looseObject({ user_id: z.string(), learner_id: z.string() })) });
  const { results } = await read(
    await call("GET", `/courses/${slug}/observers`, { token: await author() }),
    200,
    schema,
  );
  return results.map(({ user_id, learner_id }) => `${user_id} ${learner_id}`);
};
const projectAll = async (...names: string[]) => {
  for (const name of names) await project(slug, who(name));
};
const rowsOf = async (table: string) => {
  const row = await env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE course_slug = ?`)
    .bind(slug)
    .first<{ n: number }>();
  return row?.n;
};

describe("a OneRoster file", () => {
  it("is looked at first, changes nothing by that, and is carried out when somebody confirms it", async () => {
    await school({ ...byId, guardians: true });
    const people: Place[] = [...places("ada", "ben"), { id: "e-tom", person: who("tom"), role: "teacher" }];
    const file = oneRoster([...people, { id: "e-ada2", person: who("ada"), class: "k-2" }], {
      guardians: [who("mum")],
      agents: { [who("mum")]: who("ada") },
    });
    const run = await planned(slug, "school", file);
    expect(run).toMatchObject({
      state: "planned",
      preview: { comes: 2, goes: 0, rights: 1, observers: 1, needs_confirmation: false },
    });
    expect(run.preview?.classes).toEqual([
      { id: "k-1", title: "Class 1", learners: 2, cohort: "k-1" },
      { id: "k-2", title: "Class 2", learners: 1, cohort: "k-2" },
    ]);
    expect(run.preview?.notes).toMatchObject([{ path: "demographics.csv", rule: "not_read" }]);
    expect(await learnersOf(slug)).toEqual({});
    const done = await applied(slug, run.id);
    expect(done).toMatchObject({ state: "done", applied: 4, total: 4, errors: [] });
    await projectAll("ada", "ben");
    expect(await learnersOf(slug)).toEqual({ [who("ada")]: ["k-1", "k-2"], [who("ben")]: ["k-1"] });
    expect((await members())[who("tom")]).toBe("grader");
    expect(await observers()).toEqual([`${who("mum")} ${who("ada")}`]);
  });

  it("[I5] sent again changes nothing, and one of changes moves those whom it names", async () => {
    await school();
    const first = oneRoster([...places("ada", "ben", "cem"), { id: "e-tom", person: who("tom"), role: "teacher" }]);
    await applied(slug, (await planned(slug, "school", first)).id);
    await projectAll("ada", "ben", "cem");
    const again = await planned(slug, "school", first);
    expect(again).toMatchObject({ total: 0, preview: { comes: 0, changes: 0, goes: 0, unchanged: 3, rights: 0 } });
    await applied(slug, again.id);
    const changes = oneRoster(
      [
        { id: "e-ada", person: who("ada"), status: "tobedeleted" },
        { id: "e-ben", person: who("ben"), class: "k-2" },
        { id: "e-tom", person: who("tom"), role: "teacher", status: "tobedeleted" },
        { id: "e-dia", person: who("dia") },
      ],
      { mode: "delta" },
    );
    const delta = await planned(slug, "school", changes);
    expect(delta.preview).toMatchObject({ comes: 1, changes: 1, goes: 1, unchanged: 1, rights: 1 });
    await applied(slug, delta.id);
    await projectAll("ada", "ben", "dia");
    expect(await learnersOf(slug)).toEqual({ [who("ben")]: ["k-2"], [who("cem")]: ["k-1"], [who("dia")]: ["k-1"] });
    expect(await members()).not.toHaveProperty(who("tom"));
    expect((await planned(slug, "school", changes)).total).toBe(0);
  });

  it("finds people by verified addresses; who has none yet comes with a later run", async () => {
    await school({});
    await account(who("ada"), true);
    await account(who("ben"), false);
    const file = oneRoster(places("ada", "ben", "cem"));
    const run = await planned(slug, "school", file);
    expect(run.preview).toMatchObject({ comes: 1, waiting: 2 });
    expect(run.preview?.unmatched.map(({ why }) => why).sort()).toEqual(["no_account", "unverified"]);
    expect(run.preview?.coming).toEqual([{ user_id: who("ada"), name: `Name of ${who("ada")}`, cohorts: ["k-1"] }]);
    await applied(slug, run.id);
    await projectAll("ada");
    await env.DB.prepare("UPDATE users SET email_verified = 1 WHERE id = ?").bind(who("ben")).run();
    expect((await planned(slug, "school", file)).preview).toMatchObject({ comes: 1, unchanged: 1, waiting: 1 });
  });

  it("withdraws many only when somebody says how many, and keeps what is a person's own", async () => {
    await school();
    const names = Array.from({ length: 12 }, (_, index) => `p${index}`);
    await applied(slug, (await planned(slug, "school", oneRoster(places(...names)))).id);
    await enroll(slug, who("by-hand"));
    await projectAll(...names, "by-hand");
    const run = await planned(slug, "school", oneRoster(places("p0", "p1", "p2")));
    expect(run.preview).toMatchObject({ goes: 9, enrolled: 12, needs_confirmation: true });
    expect((await problem(await confirm(slug, run.id), 409)).code).toBe("removal_unconfirmed");
    expect((await problem(await confirm(slug, run.id, { confirm_removed: 8 }), 409)).code).toBe("removal_unconfirmed");
    expect(await applied(slug, run.id, { confirm_removed: 9 })).toMatchObject({
      state: "done",
      counts: { withdrawn: 9 },
    });
    await projectAll(...names);
    expect(Object.keys(await learnersOf(slug)).sort()).toEqual(
      [who("by-hand"), who("p0"), who("p1"), who("p2")].sort(),
    );
  });

  it("[I9] that is broken fails with file, line, field and rule, and writes nothing", async () => {
    await school();
    const cut = await planned(slug, "school", oneRoster(places("ada")).slice(0, 200));
    expect(cut).toMatchObject({ state: "failed", errors: [{ rule: "truncated_archive" }], preview: null });
    const odd = await planned(slug, "school", oneRoster([{ id: "e-1", person: who("ada"), status: "gone" }]));
    expect(odd).toMatchObject({
      state: "failed",
      errors: [{ path: "enrollments.csv line 2 status", rule: "unknown_status" }],
    });
    expect([await rowsOf("roster_people"), await rowsOf("roster_grants"), await learnersOf(slug)]).toEqual([0, 0, {}]);
    expect((await problem(await confirm(slug, odd.id), 409)).code).toBe("concurrent_change");
  });

  it("[I1] whose worker is killed after acts that it could not note goes on, nothing doubled and nothing lost", async () => {
    await school();
    const names = Array.from({ length: 520 }, (_, index) => `k${index}`);
    const { id } = await planned(slug, "school", oneRoster(places(...names)));
    await confirm(slug, id);
    // From the second note on, nothing is written any more: as when the worker is gone.
    let notes = 0;
    const dying = new Proxy(env.DB, {
      get(target, property) {
        if (property !== "prepare") {
          const value = Reflect.get(target, property);
          return typeof value === "function" ? value.bind(target) : value;
        }
        return (query: string) => {
          if (query.startsWith('update "roster_runs"')) notes += 1;
          if (query.startsWith('update "roster_runs"') && notes > 2) throw new Error("killed");
          return target.prepare(query);
        };
      },
    });
    await workOnRoster({ ...env, DB: dying }, id).catch(() => undefined);
    const half = await seen(slug, id);
    expect(half).toMatchObject({ state: "applying", applied: 500, total: 520 });
    // Its lease is over.
    await env.DB.prepare("UPDATE roster_runs SET due_at = 0 WHERE id = ?").bind(id).run();
    await workOn(id);
    const done = await seen(slug, id);
    expect(done).toMatchObject({ state: "done", applied: 520, errors: [] });
    expect((done.counts.enrolled ?? 0) + (done.counts.unchanged ?? 0)).toBe(520);
    expect(Object.keys(await learnersOf(slug))).toHaveLength(520);
    expect(await rowsOf("roster_people")).toBe(520);
    await workOn(id);
    expect(await seen(slug, id)).toEqual(done);
  });
});

describe("a CSV file sent to a source", () => {
  it("goes the same way, and leaves in the class whom it does not name", async () => {
    await read(await setSource(slug, "file", { kind: "upload", format: "csv" }), 200, source);
    const csv = (text: string) => planned(slug, "file", new TextEncoder().encode(text), "text/csv");
    await account(who("ada"), false);
    const run = await csv(
      `email,user_id,cohorts\n${who("ada")}@example.org,,a;b\n,${who("ben")},\nnobody@example.org,,\n`,
    );
    expect(run.preview).toMatchObject({
      comes: 2,
      waiting: 1,
      unmatched: [{ id: "mailto:nobody@example.org", why: "no_account" }],
    });
    await applied(slug, run.id);
    await projectAll("ada", "ben");
    expect(await learnersOf(slug)).toEqual({ [who("ada")]: ["a", "b"], [who("ben")]: [] });
    expect((await csv(`user_id,cohorts\n${who("ada")},c\n`)).preview).toMatchObject({ changes: 1, goes: 0 });
    const broken = await csv("name\nada\n");
    expect(broken).toMatchObject({ state: "failed", errors: [{ path: "csv line 1", rule: "missing_column" }] });
  });
});

describe("a source", () => {
  it("[I8] is set, run and confirmed by whoever manages the course, and by nobody else", async () => {
    await school();
    const { id } = await planned(slug, "school", oneRoster(places("ada")));
    const put = async (user: string) =>
      call("PUT", `/courses/${slug}/members/${user}`, { token: await author(), body: { role: "grader" } });
    await put(who("grader"));
    for (const [method, path, body] of [
      ["GET", "/roster/sources", undefined],
      ["PUT", "/roster/sources/school", { kind: "upload", format: "csv" }],
      ["DELETE", "/roster/sources/school", undefined],
      ["POST", "/roster/sources/school/runs", undefined],
      ["GET", "/roster/runs", undefined],
      ["GET", `/roster/runs/${id}`, undefined],
      ["POST", `/roster/runs/${id}/confirm`, {}],
    ] as const) {
      for (const user of [who("grader"), who("stranger")]) {
        const token = await tokenOf(user, "author");
        expect((await call(method, `/courses/${slug}${path}`, { token, body })).status, `${method} ${path}`).toBe(403);
      }
    }
    expect((await sent(slug, "school", oneRoster([]), "application/zip", who("stranger"))).status).toBe(403);
    const other = freshSlug("other");
    await publish(ladder(other));
    expect((await problem(await confirm(other, id), 404)).code).toBe("not_found");
  });

  it("does not run on for somebody who has lost the right since", async () => {
    const helper = who("helper");
    await call("PUT", `/courses/${slug}/members/${helper}`, { token: await author(), body: { role: "co_author" } });
    await read(
      await setSource(
        slug,
        "inbox",
        { kind: "bucket", format: "oneroster", address: "a.zip", hour: 3, settings: byId },
        helper,
        "learner",
      ),
      200,
      source,
    );
    await env.DOCUMENTS.put(`rosters/inbox/${slug}/a.zip`, oneRoster(places("ada")));
    await call("DELETE", `/courses/${slug}/members/${helper}`, { token: await author() });
    const [last] = await nights(1);
    expect(last).toMatchObject({ state: "failed", errors: [{ rule: "forbidden" }] });
  });

  const sourcesSchema = z.looseObject({ results: z.array(source) });
  const only = async () => {
    const { results } = await read(
      await call("GET", `/courses/${slug}/roster/sources`, { token: await author() }),
      200,
      sourcesSchema,
    );
    return results[0];
  };
  /** Lets nights pass: the cron begins what is due, and the queue's messages are worked on. @returns the last run of each. */
  async function nights(count: number) {
    const runs = [];
    for (let night = 0; night < count; night += 1) {
      await env.DB.prepare("UPDATE roster_sources SET due_at = 1 WHERE course_slug = ?").bind(slug).run();
      await runCron("* * * * *");
      const id = (await only())?.last_run?.id ?? "";
      for (let step = 0; step < 3; step += 1) await workOn(id);
      runs.push(await seen(slug, id));
    }
    return runs;
  }

  it("of the bucket runs by night without being asked, but not where many would go", async () => {
    await school(byId, { kind: "bucket", address: "class/a.zip", hour: 3 });
    const put = (file: Uint8Array) => env.DOCUMENTS.put(`rosters/inbox/${slug}/class/a.zip`, file);
    const names = Array.from({ length: 9 }, (_, index) => `n${index}`);
    await put(oneRoster(places(...names)));
    expect(await nights(1)).toMatchObject([{ begun: "nightly", state: "done", counts: { enrolled: 9 } }]);
    await projectAll(...names);
    await put(oneRoster(places("n0")));
    const [held] = await nights(1);
    expect(held).toMatchObject({ state: "planned", preview: { goes: 8, needs_confirmation: true } });
    expect(await only()).toMatchObject({ failures: 1, last_run: { state: "planned" } });
    expect(Object.keys(await learnersOf(slug))).toHaveLength(9);
    expect(await applied(slug, held?.id ?? "", { confirm_removed: 8 })).toMatchObject({ state: "done" });
    expect(await only()).toMatchObject({ failures: 0 });
  });

  it("of an https address sends its token there and nowhere else, refuses what is private, and counts the nights it fails", async () => {
    await school(byId, { kind: "https", address: "https://roster.example.org/a.zip", hour: 3, token: "tok-123456" });
    const stored = await env.DB.prepare("SELECT secret FROM roster_sources WHERE course_slug = ?")
      .bind(slug)
      .first<{ secret: string }>();
    expect(stored?.secret).toMatch(/^v1\.[0-9a-f]{8}\./);
    expect(stored?.secret).not.toContain("tok-123456");
    expect(JSON.stringify(await only())).not.toContain("tok-123456");
    const asked: { url: string; authorization: string | null }[] = [];
    let addresses: Record<string, string> = {};
    let answers: Record<string, () => Response> = {};
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const url = new URL(String(input));
      if (url.hostname === "cloudflare-dns.com") {
        const data = addresses[url.searchParams.get("name") ?? ""];
        const isAsked = url.searchParams.get("type") === "A" && data !== undefined;
        return Response.json({ Answer: isAsked ? [{ type: 1, data }] : [] });
      }
      asked.push({ url: url.href, authorization: new Headers(init?.headers).get("authorization") });
      return answers[url.href]?.() ?? new Response(null, { status: 404 });
    });
    const to = (location: string) => () => new Response(null, { status: 302, headers: { location } });
    const first = "https://roster.example.org/a.zip";
    const fails = async () => (await nights(1))[0]?.errors[0]?.rule;

    addresses = { "roster.example.org": "10.0.0.7" };
    expect(await fails()).toBe("private_address");
    expect(asked).toEqual([]);
    addresses = { "roster.example.org": "93.184.215.14", "files.example.net": "93.184.215.15" };
    answers = { [first]: to("http://files.example.net/b.zip") };
    expect(await fails()).toBe("not_https");
    answers = { [first]: to("https://169.254.169.254/latest") };
    expect(await fails()).toBe("private_address");
    answers = {
      [first]: to("https://files.example.net/b.zip"),
      "https://files.example.net/b.zip": () => new Response("x".repeat(10_000_001)),
    };
    expect(await fails()).toBe("too_large");
    expect(await only()).toMatchObject({ failures: 4, has_token: true });
    const metrics = await call("GET", "/system/metrics", { token: await admin() });
    expect(await metrics.text()).toMatch(/roster_sources_failing"?[^\n]*1/);

    asked.length = 0;
    const file = oneRoster(places("ada"));
    answers = {
      [first]: to("https://files.example.net/b.zip"),
      "https://files.example.net/b.zip": () => new Response(file),
    };
    expect(await nights(1)).toMatchObject([{ state: "done", counts: { enrolled: 1 } }]);
    expect(asked).toEqual([
      { url: first, authorization: "Bearer tok-123456" },
      { url: "https://files.example.net/b.zip", authorization: null },
    ]);
    expect(await only()).toMatchObject({ failures: 0 });
    // A token is never sent to another server than the one it was set for.
    await school(byId, { kind: "https", address: "https://files.example.net/b.zip", hour: 3 });
    expect(await only()).toMatchObject({ has_token: false });
  });

  it("[I9] is refused with field and rule where its address cannot be right", async () => {
    for (const [address, rule] of [
      ["http://roster.example.org/a.zip", "not_https"],
      ["https://127.0.0.1/a.zip", "private_address"],
      ["https://2130706433/a.zip", "private_address"],
      ["https://[::ffff:10.0.0.1]/a.zip", "private_address"],
      ["https://metadata.internal/a.zip", "private_address"],
      ["https://localhost/a.zip", "private_address"],
      ["https://a:b@roster.example.org/a.zip", "has_password"],
      ["https://roster.example.org:8443/a.zip", "port"],
    ]) {
      const answer = await setSource(slug, "web", { kind: "https", format: "csv", address });
      expect((await problem(answer, 400)).errors, address).toMatchObject([{ path: "address", rule }]);
    }
    const up = await setSource(slug, "box", { kind: "bucket", format: "csv", address: "../other/a.zip" });
    expect((await problem(up, 400)).errors).toMatchObject([{ path: "address", rule: "invalid_key" }]);
  });

  it("is removed with what it knows of people, who stay as they are", async () => {
    await school();
    await applied(slug, (await planned(slug, "school", oneRoster(places("ada")))).id);
    await projectAll("ada");
    const remove = async () => call("DELETE", `/courses/${slug}/roster/sources/school`, { token: await author() });
    expect(await (await remove()).json()).toEqual({ name: "school", changed: true });
    expect(await (await remove()).json()).toEqual({ name: "school", changed: false });
    expect([await rowsOf("roster_people"), Object.keys(await learnersOf(slug))]).toEqual([0, [who("ada")]]);
  });
});
