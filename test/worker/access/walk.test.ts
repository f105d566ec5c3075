// Over 350 lines: one table says of each route whether it shows content; a walk over all of them follows.

import { exports } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { readSwitch } from "../../../src/mirror/read-switch.ts";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenDatabase, brokenObjects, callWith, rowsOf } from "../../support/worker/faults.ts";
import { type Call, call, tokenOf } from "../../support/worker/http.ts";
import { advanceClock, author, completed } from "../../support/worker/learners.ts";
import { everywhere } from "../../support/worker/shards.ts";
import { closed, courseWith, HOUR_MS, instant, learnerOf, REASONS, TEXT, TITLE } from "./closed.ts";

/**
 * What each operation a learner may call has to do with the items of a course. A new one must be added here, or this
 * test fails: whoever adds it says which kind it is, and if it shows or accepts something, the walk tries it.
 *
 * content: shows what an item holds. work: takes what a learner did with an item. states: says how items stand. other:
 * knows nothing of items.
 */
const KINDS: Record<string, "content" | "work" | "states" | "other"> = {
  "GET /api/v1/courses/{course}/chapters/{chapter}": "content",
  "GET /api/v1/problems/{problem}": "content",
  "GET /api/v1/courses/{course}/items/{item}/content": "content",
  "GET /api/v1/courses/{course}/items/{item}/files/{file}": "content",
  "POST /api/v1/courses/{course}/chapters/{chapter}/mark_as_completed": "work",
  "POST /api/v1/problems/{problem}/mark_as_completed": "work",
  "POST /api/v1/problems/{problem}/submissions": "work",
  "GET /api/v1/courses/{course}/chapters": "states",
  "GET /api/v1/courses/{course}/problems": "states",
  "GET /api/v1/chapters/{chapter}/problems": "states",
  "GET /api/v1/courses/{course}/unlocks": "states",
  "POST /api/v1/decisions": "states",
  "POST /api/v1/ofrep/v1/evaluate/flags": "states",
  "POST /api/v1/ofrep/v1/evaluate/flags/{key}": "states",
  "GET /api/v1/courses/{course}/items/{item}/why": "states",
  "GET /api/v1/courses/{course}/next": "states",
  "GET /api/v1/courses/{course}/search": "states",
  "GET /api/v1/courses/{course}/notices": "states",
  // One's own work, which stays readable while its problem is locked, and says nothing of what is hidden.
  "GET /api/v1/problems/{problem}/submissions": "states",
  "GET /api/v1/enrollments/{enrollment}/history": "other",
  "GET /api/v1/courses/{course}/calendar": "other",
  "PUT /api/v1/courses/{course}/calendar": "other",
  "DELETE /api/v1/courses/{course}/calendar": "other",
  "GET /api/v1/calendars/{file}": "other",
  "GET /api/v1/courses/{course}/certificate": "other",
  "GET /api/v1/courses/{course}/certificates": "other",
  "POST /api/v1/courses/{course}/certificates/{id}/revoke": "other",
  "GET /api/v1/certificates/{id}": "other",
  "GET /api/v1/certificates/{id}/credential": "other",
  "GET /api/v1/certificates/status/{list}": "other",
  "PUT /api/v1/courses/{course}/notices/read": "other",
  "POST /api/v1/courses/{course}/messages": "other",
  "GET /api/v1/courses/{course}/places": "other",
  // It takes nothing that was done with an item, and refuses one that is closed.
  "PUT /api/v1/courses/{course}/places/{item}": "other",
  "GET /api/v1/observed": "other",
  // For whoever is something in the course: a learner who is nothing in it sees none of it.
  "DELETE /api/v1/courses/{course}/invitations/{id}": "other",
  "DELETE /api/v1/courses/{course}/members/{user}": "other",
  "DELETE /api/v1/courses/{course}/observers/{user}/learners/{learner}": "other",
  "DELETE /api/v1/enrollments/{enrollment}/overrides/{item}": "other",
  "GET /api/v1/courses/{course}/class": "other",
  "GET /api/v1/courses/{course}/class/counts": "other",
  "GET /api/v1/courses/{course}/class/export": "other",
  "GET /api/v1/courses/{course}/cohorts": "other",
  "GET /api/v1/courses/{course}/enrollments": "other",
  "GET /api/v1/courses/{course}/insight/at-risk": "other",
  "GET /api/v1/courses/{course}/invitations": "other",
  "PUT /api/v1/courses/{course}/insight/schedule": "other",
  "POST /api/v1/courses/{course}/insight/learners": "other",
  "PUT /api/v1/enrollments/{enrollment}/insight/exclusion": "other",
  "GET /api/v1/courses/{course}/items/{item}/audience": "other",
  "GET /api/v1/courses/{course}/members": "other",
  "GET /api/v1/courses/{course}/observers": "other",
  "GET /api/v1/courses/{course}/pass/revoked": "other",
  "GET /api/v1/courses/{course}/people": "other",
  "GET /api/v1/courses/{course}/working-copy": "other",
  "PUT /api/v1/courses/{course}/working-copy": "other",
  "POST /api/v1/courses/{course}/working-copy/writers": "other",
  "POST /api/v1/courses/{course}/preview": "other",
  "GET /api/v1/courses/{course}/versions": "other",
  "GET /api/v1/courses/{course}/versions/{version}": "other",
  "GET /api/v1/courses/{course}/versions/{version}/items": "other",
  "GET /api/v1/enrollments/{enrollment}": "other",
  "GET /api/v1/enrollments/{enrollment}/insight/lineage": "other",
  "PATCH /api/v1/enrollments/{enrollment}": "other",
  "POST /api/v1/courses/{course}/enrollments/batch": "other",
  "POST /api/v1/courses/{course}/invitations": "other",
  "POST /api/v1/courses/{course}/members/batch": "other",
  "POST /api/v1/courses/{course}/overrides/batch": "other",
  "POST /api/v1/courses/{course}/relock/batch": "other",
  "POST /api/v1/courses/{course}/pause/batch": "other",
  "POST /api/v1/courses/{course}/resume/batch": "other",
  "POST /api/v1/courses/{course}/people/batch": "other",
  "POST /api/v1/courses/{course}/versions": "other",
  "POST /api/v1/courses/{course}/versions/{version}/activate": "other",
  "POST /api/v1/enrollments/{enrollment}/relock": "other",
  "PUT /api/v1/enrollments/{enrollment}/pause": "other",
  "DELETE /api/v1/enrollments/{enrollment}/pause": "other",
  "POST /api/v1/enrollments/{enrollment}/revocations": "other",
  "POST /api/v1/invitations/accept": "other",
  "POST /api/v1/invitations/look-up": "other",
  "PUT /api/v1/courses/{course}/members/{user}": "other",
  "PUT /api/v1/courses/{course}/observers/{user}/learners/{learner}": "other",
  "PUT /api/v1/courses/{course}/owner": "other",
  "PUT /api/v1/courses/{course}/roster": "other",
  "DELETE /api/v1/courses/{course}/roster/sources/{source}": "other",
  "GET /api/v1/courses/{course}/roster/runs": "other",
  "GET /api/v1/courses/{course}/roster/runs/{id}": "other",
  "GET /api/v1/courses/{course}/roster/sources": "other",
  "POST /api/v1/courses/{course}/roster/runs/{id}/confirm": "other",
  "POST /api/v1/courses/{course}/roster/sources/{source}/files": "other",
  "POST /api/v1/courses/{course}/roster/sources/{source}/runs": "other",
  "PUT /api/v1/courses/{course}/roster/sources/{source}": "other",
  "GET /api/v1/courses/{course}/webhooks": "other",
  "POST /api/v1/courses/{course}/webhooks": "other",
  "GET /api/v1/webhooks/{webhook}": "other",
  "PATCH /api/v1/webhooks/{webhook}": "other",
  "DELETE /api/v1/webhooks/{webhook}": "other",
  "POST /api/v1/webhooks/{webhook}/secret": "other",
  "POST /api/v1/webhooks/{webhook}/ping": "other",
  "GET /api/v1/webhooks/{webhook}/deliveries": "other",
  "POST /api/v1/webhooks/{webhook}/deliveries/{delivery}/replay": "other",
  "POST /api/v1/webhooks/{webhook}/replay": "other",
  "PUT /api/v1/enrollments/{enrollment}/overrides/{item}": "other",
  // For managers of an organisation: for others there is none.
  "GET /api/v1/organizations": "other",
  "GET /api/v1/organizations/{organization}": "other",
  "GET /api/v1/organizations/{organization}/people": "other",
  "POST /api/v1/organizations/{organization}/people": "other",
  "GET /api/v1/organizations/{organization}/courses": "other",
  "POST /api/v1/users/batch": "other",
  "GET /api/v1/auth/sign-on": "other",
  "POST /api/v1/auth/sign-on/{provider}/begin": "other",
  "POST /api/v1/auth/sign-on/{provider}/complete": "other",
  "POST /api/v1/auth/bootstrap": "other",
  "GET /api/v1/auth/account": "other",
  "DELETE /api/v1/auth/devices/{id}": "other",
  "POST /api/v1/auth/email": "other",
  "POST /api/v1/auth/email/complete": "other",
  "POST /api/v1/auth/launch": "other",
  "POST /api/v1/auth/passkeys": "other",
  "POST /api/v1/auth/passkeys/options": "other",
  "DELETE /api/v1/auth/passkeys/{id}": "other",
  "POST /api/v1/auth/recovery": "other",
  "POST /api/v1/auth/recovery/complete": "other",
  "DELETE /api/v1/auth/second-factor": "other",
  "POST /api/v1/auth/second-factor": "other",
  "POST /api/v1/auth/second-factor/backup-codes": "other",
  "POST /api/v1/auth/second-factor/confirm": "other",
  "POST /api/v1/auth/sign-in/link": "other",
  "POST /api/v1/auth/sign-in/link/complete": "other",
  "POST /api/v1/auth/sign-in/passkey": "other",
  "POST /api/v1/auth/sign-in/passkey/options": "other",
  "POST /api/v1/auth/sign-in/second-factor": "other",
  "GET /api/v1/auth/ways": "other",
  "GET /api/v1/system/mails": "other",
  "DELETE /api/v1/users/{id}/sign-in-ways": "other",
  "POST /api/v1/auth/password": "other",
  "DELETE /api/v1/auth/sessions": "other",
  "GET /api/v1/auth/sessions": "other",
  "DELETE /api/v1/auth/sessions/{id}": "other",
  "POST /api/v1/auth/sign-in": "other",
  "POST /api/v1/auth/sign-out": "other",
  "POST /api/v1/auth/sign-up": "other",
  "POST /api/v1/auth/sse-token": "other",
  "POST /api/v1/auth/token": "other",
  "GET /api/v1/courses": "other",
  "GET /api/v1/courses/{course}": "other",
  "DELETE /api/v1/courses/{course}/enrollments": "other",
  "POST /api/v1/courses/{course}/enrollments": "other",
  "GET /api/v1/courses/{course}/pass": "other",
  "GET /api/v1/courses/{course}/presence": "other",
  "POST /api/v1/courses/{course}/presence": "other",
  "GET /api/v1/courses/{course}/xapi": "other",
  "PUT /api/v1/courses/{course}/xapi": "other",
  "GET /api/v1/xapi/{course}/about": "other",
  "GET /api/v1/enrollments/{enrollment}/insight": "other",
  "GET /api/v1/events/history": "other",
  "GET /api/v1/events/preferences": "other",
  "PUT /api/v1/events/preferences": "other",
  "GET /api/v1/events/socket": "other",
  "GET /api/v1/events/stream": "other",
  "GET /api/v1/ofrep/v1/notices": "other",
  "GET /api/v1/storage/files": "other",
  "POST /api/v1/storage/files/upload": "other",
  "POST /api/v1/storage/files/upload-url": "other",
  "DELETE /api/v1/storage/files/{id}": "other",
  "GET /api/v1/storage/files/{id}": "other",
  "POST /api/v1/storage/files/{id}/complete": "other",
  "GET /api/v1/storage/files/{id}/download": "other",
  "PUT /api/v1/storage/uploads/{token}": "other",
  "POST /api/v1/translation/flush": "other",
  // For graders of the course alone, who see everything in it.
  "POST /api/v1/courses/{course}/items/{item}/regrade": "other",
  "POST /api/v1/courses/{course}/releases": "other",
  "POST /api/v1/courses/{course}/files": "other",
  "POST /api/v1/courses/{course}/files/copies": "other",
  "GET /api/v1/courses/{course}/files/{file}": "other",
  // One's own, or for graders of the course alone.
  "GET /api/v1/submissions/{submission}/files/{file}": "other",
  "GET /api/v1/submissions/pending": "other",
  "GET /api/v1/submissions/pending/counts": "other",
  "GET /api/v1/submissions/{submission}": "other",
  "POST /api/v1/submissions/{submission}/verdict": "other",
  "GET /api/v1/translation/recovery/incomplete-sessions": "other",
  "POST /api/v1/translation/recovery/restore/{id}": "other",
  "GET /api/v1/translation/search": "other",
  "GET /api/v1/translation/sessions": "other",
  "POST /api/v1/translation/sessions/batch": "other",
  "DELETE /api/v1/translation/sessions/{id}": "other",
  "GET /api/v1/translation/sessions/{id}": "other",
  "GET /api/v1/translation/sessions/{id}/tasks": "other",
  "GET /api/v1/translation/tasks": "other",
  "POST /api/v1/translation/tasks/batch": "other",
  "GET /api/v1/translation/tasks/{id}": "other",
  "DELETE /api/v1/users/{id}": "other",
  "GET /api/v1/users/{id}": "other",
  "PATCH /api/v1/users/{id}": "other",
  "POST /api/v1/users/{id}/export": "other",
  "DELETE /api/v1/users/{id}/sessions": "other",
};

const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        "x-policy": z.object({ roles: z.union([z.literal("public"), z.array(z.string())]) }).optional(),
      }),
    ),
  ),
});

interface Operation {
  method: string;
  path: string;
  /** Undefined: the route is in no list of this test. */
  kind: (typeof KINDS)[string] | undefined;
}

/** Operations a learner may call. Who is none of those the policy names is refused before anything else happens. */
let operations: Operation[] = [];

beforeAll(async () => {
  const answer = await exports.default.fetch(new Request("http://latchkey.test/openapi.json"));
  const { paths } = documentSchema.parse(await answer.json());
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { "x-policy": policy }]): Operation[] => {
      const roles = policy?.roles ?? "public";
      if (roles !== "public" && !roles.includes("learner")) return [];
      const name = `${method.toUpperCase()} ${path}`;
      return [{ method: method.toUpperCase(), path, kind: KINDS[name] }];
    }),
  );
});

afterEach(() => {
  readSwitch.set({ realtime_percent: 0, reason: "", set_at: null }, Date.now());
  vi.useRealTimers();
});

const of = (kind: Operation["kind"]) => operations.filter((operation) => operation.kind === kind);

/** The operation's addresses for the closed chapter and the closed problem, whichever it takes. */
function addresses(slug: string, { path }: Operation): string[] {
  const filled = ["x", "px"].map((item) =>
    path
      .replace("/api/v1", "")
      .replace("{course}", slug)
      .replace("{enrollment}", `${slug}:${learnerOf(slug)}`)
      .replace("{file}", "0".repeat(32))
      .replace(/\{(item|chapter|problem|key)\}/, `${slug}.${item}`)
      .replace(/\{\w+\}/g, "ada"),
  );
  return [...new Set(filled)];
}

/** What a question to the closed items is asked with, where it is asked in a body. */
function questionTo(slug: string, path: string): object | undefined {
  const learner = learnerOf(slug);
  if (path.includes("/ofrep/")) return { context: { targetingKey: learner, course: slug } };
  if (!path.endsWith("/decisions")) return undefined;
  const evaluations = ["x", "px"].map((item) => ({ resource: { type: "item", id: `${slug}.${item}` } }));
  return { subject: { type: "user", id: learner }, action: { name: "open" }, evaluations, options: { reasons: true } };
}

/** Ways to ask for another view than one's own present one; a learner's token may use none of them to get in. */
function queries(slug: string, asked: readonly number[]): string[] {
  const own = `learner=${learnerOf(slug)}`;
  const [first = 0] = asked;
  const mixed = [`?as=learner&at=${instant(first)}`, `?${own}&at=${instant(first)}`];
  return ["", "?as=learner", `?${own}`, ...mixed, ...asked.map((at) => `?at=${instant(at)}`)];
}

/**
 * How a request reaches the rules: the object, D1 because the object does not answer, D1 because operators chose it.
 */
const PATHS: Record<string, (method: string, path: string, options: Call) => Promise<Response>> = {
  "through the object": call,
  "through D1, while the object does not answer": (method, path, options) =>
    callWith({ ENROLLMENTS: brokenObjects().namespace }, method, path, options),
  "through D1, by the switch": (method, path, options) => {
    readSwitch.set({ realtime_percent: 100, reason: "a test", set_at: null }, Date.now());
    return callWith({}, method, path, options);
  },
};

it("[fault 1] the walk knows every operation that a learner may call", () => {
  const unknown = operations.filter(({ kind }) => kind === undefined).map(({ method, path }) => `${method} ${path}`);
  expect(unknown).toEqual([]);
  for (const kind of ["content", "work", "states"] as const) expect(of(kind).length, kind).toBeGreaterThan(1);
});

describe.each(REASONS)("[fault 1] an item closed by $reason", (why) => {
  it.each(Object.entries(PATHS))("shows nothing and accepts nothing, %s", async (name, ask) => {
    const slug = freshSlug("closed");
    const instants = await closed(why, slug);
    const token = await tokenOf(learnerOf(slug));
    const isDirect = name === "through the object";
    for (const operation of of("content")) {
      for (const address of addresses(slug, operation)) {
        for (const query of queries(slug, instants)) {
          const answer = await ask(operation.method, `${address}${query}`, { token });
          const text = await answer.text();
          const context = `${operation.method} ${address}${query}: ${answer.status} ${text}`;
          expect(text, context).not.toContain(TEXT);
          // Content and files alone know no other view, and says so.
          const unknown = query !== "" && /\/content$|\/files\//.test(address) ? [400] : [];
          expect([403, 404, ...unknown, ...(isDirect ? [] : [503])], context).toContain(answer.status);
          if (why.hidden) expect(text, context).not.toContain(TITLE);
          const isOfThisKind = address.includes("/problems/") === address.endsWith(".px");
          if (isDirect && query === "" && isOfThisKind)
            expect(JSON.parse(text), context).toMatchObject({ code: why.code });
        }
      }
    }
    for (const operation of of("work")) {
      for (const address of addresses(slug, operation)) {
        for (const query of queries(slug, instants)) {
          const body = address.endsWith("/submissions") ? { answer: "4" } : {};
          const answer = await ask(operation.method, `${address}${query}`, { token, body });
          const text = await answer.text();
          const context = `${operation.method} ${address}${query}: ${answer.status} ${text}`;
          // A write knows no `at`, `as` or `learner`: what it does not know it refuses by name.
          const refused = query === "" ? [403, 404] : [400];
          expect([...refused, ...(isDirect ? [] : [503])], context).toContain(answer.status);
          expect(text, context).not.toContain(TEXT);
        }
      }
    }
    const rows = `SELECT count(*) AS n FROM facts WHERE item IN ('${slug}.x', '${slug}.px') AND attempted_at IS NOT NULL`;
    expect(await rowsOf(slug, learnerOf(slug), rows)).toEqual([{ n: 0 }]);
    expect(await rowsOf(slug, learnerOf(slug), "SELECT count(*) AS n FROM submissions")).toEqual([{ n: 0 }]);
    for (const operation of of("states")) {
      for (const address of addresses(slug, operation)) {
        // Who searches for the text itself, or for its title, finds neither the text nor what is hidden.
        const searches = [TEXT, TITLE].map((words) => `?q=${encodeURIComponent(words)}`);
        const asked = address.endsWith("/search") ? searches : why.hidden ? queries(slug, instants) : [""];
        for (const query of asked) {
          const body = questionTo(slug, operation.path);
          const answer = await ask(operation.method, `${address}${query}`, {
            token,
            ...(body === undefined ? {} : { body }),
          });
          // A refusal names the flag that was asked for.
          const text = (await answer.text()).replace(/"key":"[^"]*",/, "");
          const context = `${operation.method} ${address}${query}: ${text}`;
          expect(text, context).not.toContain(TEXT);
          if (operation.path.endsWith("/decisions")) expect(text, context).not.toContain('"decision":true');
          if (operation.path.endsWith("/flags/{key}")) expect(text, context).not.toContain('"value":true');
          if (!why.hidden) continue;
          expect(text, context).not.toContain(TITLE);
          if (why.code !== "not_enrolled") expect(text, context).not.toMatch(/"[^"/]*\.p?x"/);
        }
      }
    }
  });

  it("is open to staff at all times, by their role", async () => {
    if (why.reason === "removal from the course") return; // there is nothing to show
    const slug = freshSlug("staff");
    const [at = 0] = await closed(why, slug);
    const token = await author();
    for (const path of [`/courses/${slug}/chapters/${slug}.x`, `/problems/${slug}.px`]) {
      for (const query of ["", `?at=${instant(at)}`, "?at=2099-01-01T00:00:00Z"]) {
        const answer = await call("GET", `${path}${query}`, { token });
        expect([answer.status, (await answer.text()).includes(TEXT)], path + query).toEqual([200, true]);
      }
      if (why.hidden) continue;
      // Somebody else's view changes the states in the answer, not what staff may read.
      for (const query of ["", `&at=${instant(at)}`].map((rest) => `?learner=${learnerOf(slug)}${rest}`)) {
        const answer = await call("GET", `${path}${query}`, { token });
        expect([answer.status, (await answer.text()).includes(TEXT)], path + query).toEqual([200, true]);
      }
    }
  });
});

it("[fault 1] no other operation shows the content of items", async () => {
  const slug = freshSlug("other");
  await publish(courseWith(slug, { both: { rule: { completed: `${slug}.one` } } }));
  await enroll(slug, learnerOf(slug));
  await project(slug, learnerOf(slug));
  const token = await tokenOf(learnerOf(slug));
  for (const operation of of("other")) {
    // A stream does not end, and needs another token.
    if (operation.method !== "GET" || operation.path.endsWith("/stream")) continue;
    for (const address of addresses(slug, operation)) {
      for (const query of ["", "?at=2099-01-01T00:00:00Z"]) {
        const text = await (await call("GET", `${address}${query}`, { token })).text();
        expect(text, address).not.toMatch(new RegExp(`${TEXT}|${TITLE}`));
      }
    }
  }
});

describe("[fault 1] an item that is open now", () => {
  it("shows its present content for any `at`, beside the state at that instant", async () => {
    const slug = freshSlug("open");
    const rule = { completed: `${slug}.one` };
    await publish(courseWith(slug, { chapter: { content: `${TEXT} of the first version` }, both: { rule } }));
    await enroll(slug, learnerOf(slug));
    const locked = Date.now();
    advanceClock(HOUR_MS);
    await completed(slug, learnerOf(slug), "one");
    await (await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf(learnerOf(slug)) })).text();
    const unlocked = Date.now();
    advanceClock(HOUR_MS);
    await publish(courseWith(slug, { chapter: { content: "the second version", title: "New name" }, both: { rule } }));
    advanceClock(HOUR_MS);
    const token = await tokenOf(learnerOf(slug));
    const ask = async (query: string) => {
      const answer = await call("GET", `/courses/${slug}/chapters/${slug}.x${query}`, { token });
      const text = await answer.text();
      expect(answer.status, text).toBe(200);
      return JSON.parse(text);
    };
    expect(await ask("")).toMatchObject({ content: "the second version", status: "unlocked", title: "New name" });
    expect(await ask(`?at=${instant(locked)}`)).toMatchObject({
      content: "the second version",
      status: "locked",
      is_locked: true,
      unlock_condition_description: expect.stringContaining("One"),
      title: "New name",
    });
    expect(await ask(`?at=${instant(unlocked)}`)).toMatchObject({ content: "the second version", status: "unlocked" });
    expect(await ask("?at=2099-01-01T00:00:00Z")).toMatchObject({ content: "the second version", status: "unlocked" });
  });

  it("with a closed state in the past has a refusal that says why it is closed now, and its state at the requested instant", async () => {
    const slug = freshSlug("refusal");
    const opens = Date.now() + 30 * 24 * HOUR_MS;
    await publish(courseWith(slug, { both: { rule: { from: instant(opens) } } }));
    await enroll(slug, learnerOf(slug));
    const token = await tokenOf(learnerOf(slug));
    const ask = async (at: number) => {
      const answer = await call("GET", `/problems/${slug}.px?at=${instant(at)}`, { token });
      expect(answer.status).toBe(403);
      return answer.json();
    };
    const reasons = [{ code: "opens_later" }, { code: "chapter_locked" }].map((reason) =>
      expect.objectContaining(reason),
    );
    expect(await ask(opens)).toMatchObject({
      code: "locked",
      item: `${slug}.px`,
      reasons: expect.arrayContaining(reasons),
      at: { instant: instant(opens), is_locked: false, reasons: [] },
    });
    expect(await ask(opens - 1)).toMatchObject({
      code: "locked",
      at: { instant: instant(opens - 1), is_locked: true, reasons: expect.arrayContaining(reasons) },
    });
  });
});

describe("[fault 1] an item that has been hidden meanwhile", () => {
  it("is named by no reason, step or sentence of a past in which it was not", async () => {
    const slug = freshSlug("named");
    const document = (status: "active" | "draft", rule: object | null) => ({
      slug,
      title: "Named",
      options: { sticky: false },
      chapters: [
        { id: `${slug}.x`, title: TITLE, status, content: TEXT },
        { id: `${slug}.y`, title: "Y", rule, problems: [{ id: `${slug}.z`, title: "Z" }] },
        {
          id: `${slug}.w`,
          title: "W",
          rule: status === "draft" ? null : { progress: { of: [`${slug}.x`, `${slug}.y`], min_percent: 100 } },
        },
      ],
    });
    const user = learnerOf(slug);
    await publish(document("active", { completed: `${slug}.x` }));
    await enroll(slug, user);
    const then = Date.now();
    advanceClock(HOUR_MS);
    await publish(document("draft", null));
    advanceClock(HOUR_MS);
    const token = await tokenOf(user);
    for (const path of [
      `/courses/${slug}/items/${slug}.y/why`,
      `/courses/${slug}/items/${slug}.z/why`,
      `/courses/${slug}/items/${slug}.w/why`,
      `/courses/${slug}/chapters`,
      `/courses/${slug}/problems`,
      `/courses/${slug}/unlocks`,
      `/courses/${slug}/chapters/${slug}.y`,
    ]) {
      const answer = await call("GET", `${path}?at=${instant(then)}`, { token });
      const text = await answer.text();
      expect([path, answer.status], text).toEqual([path, 200]);
      expect(text, path).not.toMatch(new RegExp(`${TITLE}|${TEXT}|"${slug}\\.x"`));
      // The answer says that something was missing, without its name.
      expect(text, path).toContain("locked");
    }
    const hidden = await call("GET", `/courses/${slug}/items/${slug}.x/why?at=${instant(then)}`, { token });
    expect(await hidden.json()).toMatchObject({ code: "item_not_found" });
  });
});

describe("[fault 1] the content of an item", () => {
  it("is 503, and not an error of the service, while D1 does not answer", async () => {
    const slug = freshSlug("dark");
    await publish(courseWith(slug, {}));
    await enroll(slug, learnerOf(slug));
    const token = await tokenOf(learnerOf(slug));
    const path = `/courses/${slug}/chapters/${slug}.x`;
    expect((await call("GET", path, { token })).status).toBe(200);
    const down = await callWith({ ...everywhere(brokenDatabase) }, "GET", path, { token });
    expect([down.status, down.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await down.json()).toMatchObject({ code: "unavailable" });
  });
});

it("[fault 1] the notice of a new version does not name an item that was hidden and still is", async () => {
  const slug = freshSlug("notice");
  const user = learnerOf(slug);
  const version = (word: string) => ({
    ...courseWith(slug, { both: { status: "draft" }, chapter: { title: `Draft ${word}` } }),
    problems: [
      { id: `${slug}.old`, title: `Old ${word}`, status: "deprecated" as const },
      { id: `${slug}.sum`, title: `Sum ${word}` },
    ],
  });
  await publish(version("one"));
  await enroll(slug, user);
  await publish(version("two"));
  advanceClock(6_000);
  const token = await tokenOf(user);
  await (await call("GET", `/courses/${slug}/unlocks`, { token })).text();
  // What is pending for the learner's live events; they gather such notices for a while.
  const pending = JSON.stringify(await rowsOf(slug, user, "SELECT payload FROM outbox WHERE kind = 'content'"));
  expect(pending).toContain(`${slug}.sum`);
  expect(pending).not.toMatch(new RegExp(`${slug}\\.(x|px|old)\\b`));
});
