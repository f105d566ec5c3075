// Over 350 lines: each route and job is driven once, over one school, so that every statement is recorded.

import {
  createExecutionContext,
  createMessageBatch,
  createScheduledController,
  runDurableObjectAlarm,
  runInDurableObject,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { base32 } from "@better-auth/utils/base32";
import { createOTP } from "@better-auth/utils/otp";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { createApi } from "../../../src/api.ts";
import { removeEntries } from "../../../src/audit/chain/projection.ts";
import { chainStub, MAIN_CHAIN } from "../../../src/audit/stubs.ts";
import worker from "../../../src/back.ts";
import { beginEpoch, forgetChanges, forgetEpochs, rememberEpochs } from "../../../src/backup/changes.ts";
import { newBackupId } from "../../../src/backup/format.ts";
import type { Stage } from "../../../src/backup/stage.ts";
import { changedStages, STAGES } from "../../../src/backup/stages.ts";
import { mintNoticeToken } from "../../../src/connect/ofrep/notice-token.ts";
import { WITHDRAWN_RETENTION_MS } from "../../../src/enrollment/withdrawn.ts";
import { openApiDocument } from "../../../src/ops/api-document.ts";
import { everyShard } from "../../../src/platform/database/shards.ts";
import { sha256Hex } from "../../../src/platform/hash.ts";
import type { Role } from "../../../src/platform/roles.ts";
import { resumeErasures, SETTLE_MS } from "../../../src/privacy/erasure.ts";
import { signErasures } from "../../../src/privacy/erasure-list.ts";
import { callJournal, JOURNALS, journalStub } from "../../../src/records/stubs.ts";
import { zipOf } from "../../support/courses/archives.ts";
import { objectOf } from "../../support/worker/courses.ts";
import { type Call, request, tokenOf } from "../../support/worker/http.ts";
import { Authenticator } from "../../support/worker/passkey.ts";
import { spread } from "../../support/worker/shards.ts";
import { smallBackup } from "../backup/support.ts";
import { patch, person } from "../connect/scim-support.ts";
import { CLIENT, withProvider } from "../connect/sso-support.ts";
import { oneRoster } from "../people/roster-support.ts";
import { driveLti } from "./lti.ts";
import { ENROLLMENTS, fillSchool, planOf, Recorder } from "./support.ts";

const recorder = new Recorder();
const queued: unknown[] = [];
const queue: Queue = {
  metrics: () => env.REFRESH_QUEUE.metrics(),
  send: async (body) => {
    queued.push(body);
    return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  },
  sendBatch: async (messages) => {
    for (const { body } of messages) queued.push(body);
    return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  },
};
const steps: unknown[] = [];
const stepQueue: Queue = {
  ...queue,
  send: async (body) => {
    steps.push(body);
    return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  },
};
/** The school is in one database, so that each statement meets all of it; a shard has the same tables and indexes. */
const oneDatabase = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("DB_SHARD_")));
const bindings: Env = {
  // SAFETY: the bindings of further shards are what an installation of one has not.
  ...(oneDatabase as unknown as Env),
  DB: recorder.db,
  REFRESH_QUEUE: queue,
  PROJECTION_QUEUE: queue,
  BACKUP_QUEUE: queue,
  IMPORT_QUEUE: queue,
  INSIGHT_QUEUE: stepQueue,
};
Reflect.set(bindings, "SHADOW_SAMPLE_RATE", "1");

// SAFETY: the type is what wrangler.toml says; an installation may say otherwise.
const searching = { RECORD_SEARCH: "on" } as unknown as Partial<Env>;

const driven = new Set<string>();

/** What one call needs of the answer to another. */
const fieldsSchema = z.looseObject({
  id: z.string().default(""),
  next_cursor: z.string().nullable().default(null),
  submission_id: z.string().default(""),
  access_token: z.string().default(""),
  sse_token: z.string().default(""),
  session_token: z.string().default(""),
  challenge: z.string().default(""),
  url: z.string().default(""),
  flow: z.string().default(""),
  secret: z.string().default(""),
  options: z.looseObject({ challenge: z.string().default("") }).default({ challenge: "" }),
  backup_codes: z.array(z.string()).default([]),
  devices: z.array(z.looseObject({ id: z.string() })).default([]),
  user: z.looseObject({ id: z.string().default("") }).default({ id: "" }),
  file: z.looseObject({ id: z.string() }).default({ id: "" }),
  upload: z.looseObject({ url: z.string() }).default({ url: "" }),
  results: z.array(z.looseObject({ id: z.string().default("") })).default([]),
});

/** A field that is null in an answer is one that nobody here needs of it. */
const answerSchema = z
  .record(z.string(), z.unknown())
  .transform((fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)))
  .pipe(fieldsSchema);

/** Calls a route with every D1 statement recorded, background work included. */
async function drive(
  method: string,
  template: string,
  path: string,
  options: Call & { as?: [string, Role] } = {},
  replaced: Partial<Env> = {},
) {
  recorder.during = `${method} ${template}`;
  driven.add(recorder.during);
  const { as = ["root", "admin"], ...rest } = options;
  const token = options.token ?? (await tokenOf(...as));
  const context = createExecutionContext();
  const answer = await worker.fetch(request(method, path, { ...rest, token }), { ...bindings, ...replaced }, context);
  const text = await answer.text();
  await waitOnExecutionContext(context);
  // An attack or a mistake would leave before its statements: only what succeeds has shown them all.
  if (answer.status >= 300) throw new Error(`${recorder.during}: ${answer.status} ${text}`);
  const isOne = /^application\/(?:scim\+)?json/.test(answer.headers.get("content-type") ?? "") && text.startsWith("{");
  return answerSchema.parse(isOne ? JSON.parse(text) : {});
}

async function consume(name: string, bodies: readonly unknown[]) {
  recorder.during = `queue ${name} ${JSON.stringify(bodies[0])}`;
  const batch = createMessageBatch(
    name,
    bodies.map((body) => ({ id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body })),
  );
  await worker.queue(batch, bindings);
}

async function cron(expression: string) {
  recorder.during = `cron ${expression}`;
  await worker.scheduled(createScheduledController({ cron: expression, scheduledTime: new Date() }), bindings);
}

/** Objects read D1 too: theirs is recorded as well. */
async function rebind(user: string) {
  await runInDurableObject(objectOf("big", user), (instance) => {
    Reflect.set(instance, "env", bindings);
  });
}

const document = (note: string) => ({
  slug: "big",
  title: `Big ${note}`,
  options: { certificate: { for: "item", item: "big.one" } },
  chapters: [
    { id: "big.one", title: "One", content: "# One" },
    { id: "big.two", title: "Two", rule: { completed: "big.one" } },
  ],
  problems: [
    { id: "big.p1", title: "P1", content: "1 + 1?", completion: { any: [{ mark: true }, { submit: true }] } },
    { id: "big.p2", title: "P2", answer: { kind: "numeric", value: 2 } },
    { id: "big.paper", title: "Paper", content: "Submit a file.", question: { kind: "file" } },
  ],
});

async function driveCourses() {
  const versions = "/courses/{course}/versions";
  const key = { "idempotency-key": "plans" };
  await drive("POST", "/courses", "/courses", { body: { slug: "big", title: "Big" }, headers: key });
  await drive("POST", "/courses", "/courses", { body: { slug: "big", title: "Big" }, headers: key });
  await fillSchool(Date.now());
  await drive("POST", versions, "/courses/big/versions", { body: { document: document("1") } });
  await drive("POST", versions, "/courses/big/versions?dry_run=true", { body: { document: document("2") } });
  await drive("POST", versions, "/courses/big/versions", { body: { document: document("2"), policy: "relock" } });
  await drive("POST", versions, "/courses/big/versions", { body: { document: document("2") } });
  const copy = "/courses/{course}/working-copy";
  await drive("PUT", copy, "/courses/big/working-copy", { body: { text: "{}", revision: 0 } });
  await drive("GET", copy, "/courses/big/working-copy");
  await drive("POST", `${copy}/writers`, "/courses/big/working-copy/writers");
  await drive("POST", "/courses/{course}/preview", "/courses/big/preview", { body: { document: document("3") } });
  for (const role of ["learner", "author", "admin"] as const) {
    const page = await drive("GET", "/courses", "/courses?limit=1", { as: ["someone", role] });
    if (page.next_cursor !== null)
      await drive("GET", "/courses", `/courses?limit=1&cursor=${page.next_cursor}`, { as: ["someone", role] });
  }
  await drive("GET", "/courses/{course}", "/courses/big");
  const page = await drive("GET", versions, "/courses/big/versions?limit=1");
  await drive("GET", versions, `/courses/big/versions?limit=1&cursor=${page.next_cursor}`);
  await drive("GET", `${versions}/{version}`, "/courses/big/versions/1");
  await drive("POST", `${versions}/{version}/activate`, "/courses/big/versions/1/activate", {
    body: { policy: "relock" },
  });
}

async function driveEnrollments() {
  const list = "/courses/{course}/enrollments";
  const as: [string, Role] = ["ada", "learner"];
  await rebind("ada");
  await drive("POST", list, "/courses/big/enrollments", { as, body: {} });
  const page = await drive("GET", list, "/courses/big/enrollments?limit=2");
  await drive("GET", list, `/courses/big/enrollments?limit=2&cursor=${page.next_cursor}`);
  for (const [template, path] of [
    ["/courses/{course}/chapters", "/courses/big/chapters"],
    ["/courses/{course}/problems", "/courses/big/problems"],
    ["/chapters/{chapter}/problems", "/chapters/big.one/problems"],
    ["/courses/{course}/chapters/{chapter}", "/courses/big/chapters/big.one"],
    ["/problems/{problem}", "/problems/big.p1"],
    ["/problems/{problem}/submissions", "/problems/big.p1/submissions"],
    ["/courses/{course}/unlocks", "/courses/big/unlocks"],
    ["/courses/{course}/items/{item}/why", "/courses/big/items/big.two/why"],
    ["/courses/{course}/items/{item}/content", "/courses/big/items/big.one/content"],
  ] as const) {
    await drive("GET", template, path, { as });
    await drive("GET", template, path, { as: ["root", "admin"] });
  }
  await drive("GET", "/courses/{course}/pass", "/courses/big/pass", { as });
  await drive("GET", "/courses/{course}/pass/revoked", "/courses/big/pass/revoked");
  await drive("GET", "/courses/{course}/versions/{version}/items", "/courses/big/versions/1/items");
  // With the object gone, and with an empty object that starts from D1.
  const gone = new Proxy(env.ENROLLMENTS, {
    get(_target, property) {
      if (property === "idFromName") return () => ({});
      throw new Error("no object answers");
    },
  });
  await drive(
    "GET",
    "/courses/{course}/unlocks",
    "/courses/big/unlocks",
    { as: ["u2", "learner"] },
    { ENROLLMENTS: gone },
  );
  await rebind("u3");
  await drive("GET", "/courses/{course}/unlocks", "/courses/big/unlocks", { as: ["u3", "learner"] });
  const table = "/courses/{course}/class";
  for (const sort of ["name", "last_active"]) {
    const page = await drive("GET", table, `/courses/big/class?limit=2&sort=${sort}`);
    await drive("GET", table, `/courses/big/class?limit=2&sort=${sort}&cursor=${page.next_cursor}`);
    await drive("GET", table, `/courses/big/class?limit=2&sort=${sort}&cohort=spring`);
  }
  await drive("GET", `${table}/export`, "/courses/big/class/export?cohort=nobody&sort=last_active");
  const counts = await drive("GET", `${table}/counts`, "/courses/big/class/counts?limit=2");
  await drive("GET", `${table}/counts`, `/courses/big/class/counts?limit=2&cursor=${counts.next_cursor}`);
  await drive("GET", `${table}/counts`, "/courses/big/class/counts?cohort=spring");
  await people();
  await learning();
  const audience = "/courses/{course}/items/{item}/audience";
  const found = await drive("GET", audience, "/courses/big/items/big.two/audience?limit=2");
  await drive("GET", audience, `/courses/big/items/big.two/audience?limit=2&cursor=${found.next_cursor}`);
  await drive(
    "POST",
    "/courses/{course}/chapters/{chapter}/mark_as_completed",
    "/courses/big/chapters/big.one/mark_as_completed",
    { as },
  );
  await drive("POST", "/problems/{problem}/mark_as_completed", "/problems/big.p1/mark_as_completed", { as });
  const submitted = await drive("POST", "/problems/{problem}/submissions", "/problems/big.p1/submissions", {
    as,
    body: { answer: "two" },
  });
  await drive("GET", "/submissions/{submission}", `/submissions/${submitted.submission_id}`);
  await drive("POST", "/submissions/{submission}/verdict", `/submissions/${submitted.submission_id}/verdict`, {
    body: { passed: true, score: 90 },
  });
  await driveSubmittedFile(as);
  const pending = await drive("GET", "/submissions/pending", "/submissions/pending?limit=2");
  await drive("GET", "/submissions/pending", `/submissions/pending?limit=2&cursor=${pending.next_cursor}`);
  const owner: [string, Role] = ["owner", "author"];
  await drive("GET", "/submissions/pending", "/submissions/pending?limit=2", { as: owner });
  await drive("GET", "/submissions/pending", "/submissions/pending?limit=2&course=big&cohort=c");
  await drive("GET", "/submissions/pending", "/submissions/pending?limit=2&item=big.p1");
  await drive("POST", "/courses/{course}/items/{item}/regrade", "/courses/big/items/big.p2/regrade", { body: {} });
  await drive("GET", "/submissions/pending/counts", "/submissions/pending/counts?course=big");
  const fact = { user_id: "ada", item: "big.p2", completed: true, at: new Date().toISOString() };
  await drive("POST", "/progress/import", "/progress/import", { body: { facts: [fact] } });
  await drive("GET", "/enrollments/{enrollment}", "/enrollments/big:ada");
  await drive("PATCH", "/enrollments/{enrollment}", "/enrollments/big:ada", { body: { cohorts: ["c"] } });
  const override = "/enrollments/{enrollment}/overrides/{item}";
  await drive("PUT", override, "/enrollments/big:ada/overrides/big.two", { body: { kind: "lock", reason: "plans" } });
  await drive("DELETE", override, "/enrollments/big:ada/overrides/big.two");
  await drive("POST", "/enrollments/{enrollment}/revocations", "/enrollments/big:ada/revocations", {
    body: { item: "big.one", reason: "plans" },
  });
  await drive("POST", "/enrollments/{enrollment}/relock", "/enrollments/big:ada/relock");
  const pause = "/enrollments/{enrollment}/pause";
  await drive("PUT", pause, "/enrollments/big:ada/pause", { body: { reason: "plans" } });
  await drive("DELETE", pause, "/enrollments/big:ada/pause");
  await drive("POST", "/courses/{course}/enrollments/batch", "/courses/big/enrollments/batch", {
    body: { enrollments: [{ user_id: "jane@school.edu" }] },
  });
  await drive("POST", "/enrollments/{enrollment}/rebuild", "/enrollments/big:ada/rebuild");
  await drive("POST", "/enrollments/{enrollment}/stale", "/enrollments/big:ada/stale");
  const question = { subject: { type: "user", id: "ada" }, action: { name: "open" } };
  await drive("POST", "/decisions", "/decisions", { body: { ...question, resource: { type: "item", id: "big.c0" } } });
  const flags = "/ofrep/v1/evaluate/flags";
  const context = { targetingKey: "ada", course: "big" };
  await drive("POST", flags, flags, { body: { context } });
  await drive("POST", `${flags}/{key}`, `${flags}/big.one`, { body: { context } });
  await drive("POST", "/courses/{course}/releases", "/courses/big/releases", { body: {} });
  await drive("POST", "/courses/{course}/stale", "/courses/big/stale");
  await drive("POST", "/courses/{course}/presence", "/courses/big/presence");
  await drive("GET", "/courses/{course}/presence", "/courses/big/presence");
  await drive("DELETE", list, "/courses/big/enrollments", { as });
}

/** The people of a course. */
async function people() {
  const course = "/courses/{course}";
  await drive("GET", "/enrollments/{enrollment}/history", "/enrollments/big:ada/history");
  const roll = await drive("GET", `${course}/people`, "/courses/big/people?limit=2");
  await drive("GET", `${course}/people`, `/courses/big/people?limit=2&cursor=${roll.next_cursor}`);
  await drive("GET", `${course}/people`, "/courses/big/people?search=a&cohort=spring");
  await drive("GET", `${course}/cohorts`, "/courses/big/cohorts");
  await drive("POST", `${course}/people/batch`, "/courses/big/people/batch", {
    body: { people: [{ user_id: "jane@school.edu", cohorts: ["spring"] }, { email: "nobody@example.org" }] },
  });
  await drive("PUT", `${course}/roster`, "/courses/big/roster?dry_run=true", {
    body: { csv: "email\nnobody@example.org\n", remove_missing: true },
  });
  await drive("PUT", `${course}/roster`, "/courses/big/roster", { body: { csv: "user_id,cohorts\nada,spring\n" } });
  await drive("POST", `${course}/overrides/batch`, "/courses/big/overrides/batch", {
    body: { item: "big.two", kind: "unlock", reason: "plans", cohort: "nobody" },
  });
  await drive("POST", `${course}/overrides/batch`, "/courses/big/overrides/batch", {
    body: { item: "big.two", kind: "unlock", reason: "plans", user_ids: ["ada"] },
  });
  await drive("POST", `${course}/relock/batch`, "/courses/big/relock/batch", {
    body: { reason: "plans", cohort: "nobody" },
  });
  await drive("POST", `${course}/pause/batch`, "/courses/big/pause/batch", {
    body: { reason: "plans", cohort: "nobody" },
  });
  await drive("POST", `${course}/resume/batch`, "/courses/big/resume/batch", { body: { user_ids: ["ada"] } });
  const member = `${course}/members/{user}`;
  await drive("PUT", member, "/courses/big/members/helper", { body: { role: "co_author" } });
  await drive("GET", `${course}/members`, "/courses/big/members");
  await drive("POST", `${course}/members/batch`, "/courses/big/members/batch", {
    body: { members: [{ email: "nobody@example.org", role: "grader" }] },
  });
  const owner = z.looseObject({ owner_id: z.string() });
  const before = owner.parse(await drive("GET", course, "/courses/big"));
  await drive("PUT", `${course}/owner`, "/courses/big/owner", { body: { user_id: "helper" } });
  await drive("PUT", `${course}/owner`, "/courses/big/owner", { body: { user_id: before.owner_id } });
  await drive("DELETE", member, "/courses/big/members/helper");
  const observer = `${course}/observers/{user}/learners/{learner}`;
  await drive("PUT", observer, "/courses/big/observers/parent/learners/ada");
  await drive("GET", `${course}/observers`, "/courses/big/observers?limit=1");
  await drive("GET", `${course}/unlocks`, "/courses/big/unlocks?learner=ada", { as: ["parent", "learner"] });
  await drive("DELETE", observer, "/courses/big/observers/parent/learners/ada");
  await driveRosters(`${course}/roster`);
  await driveWebhooks();
  await driveXapi();
  const links = `${course}/invitations`;
  const link = z.looseObject({ id: z.string(), token: z.string() });
  const { id, token } = link.parse(await drive("POST", links, "/courses/big/invitations", { body: {} }));
  await drive("GET", links, "/courses/big/invitations?limit=1");
  await drive("POST", "/invitations/look-up", "/invitations/look-up", { body: { token } });
  await drive("POST", "/invitations/accept", "/invitations/accept", { body: { token }, as: ["comer", "learner"] });
  await drive("DELETE", `${links}/{id}`, `/courses/big/invitations/${id}`);
}

/** What a learner works with beside the course. */
async function learning() {
  const course = "/courses/{course}";
  const ada: [string, Role] = ["ada", "learner"];
  const mark = `${course}/chapters/{chapter}/mark_as_completed`;
  await drive("POST", mark, "/courses/big/chapters/big.one/mark_as_completed", { as: ada });
  await drive("GET", `${course}/next`, "/courses/big/next", { as: ada });
  await drive("GET", `${course}/search`, "/courses/big/search?q=a", { as: ada });
  await drive("GET", `${course}/notices`, "/courses/big/notices", { as: ada });
  const until = { body: { until: "2026-01-01T00:00:00Z" }, as: ada };
  await drive("PUT", `${course}/notices/read`, "/courses/big/notices/read", until);
  const message = { body: { user_ids: ["ada", "nobody"], text: "Hello." } };
  await drive("POST", `${course}/messages`, "/courses/big/messages", message);
  await drive("GET", `${course}/places`, "/courses/big/places", { as: ada });
  await drive("PUT", `${course}/places/{item}`, "/courses/big/places/big.one", { body: { place: 5 }, as: ada });
  const made = await drive("PUT", `${course}/calendar`, "/courses/big/calendar", { as: ada });
  await drive("GET", `${course}/calendar`, "/courses/big/calendar", { as: ada });
  const { address } = z.looseObject({ address: z.string() }).parse(made);
  await drive("GET", "/calendars/{file}", address.slice(address.indexOf("/calendars/")));
  await drive("DELETE", `${course}/calendar`, "/courses/big/calendar", { as: ada });
  const own = await drive("GET", `${course}/certificate`, "/courses/big/certificate", { as: ada });
  const { certificate } = z.looseObject({ certificate: z.object({ id: z.string() }) }).parse(own);
  await drive("GET", "/certificates/{id}", `/certificates/${certificate.id}`);
  await drive("GET", "/certificates/{id}/credential", `/certificates/${certificate.id}/credential`);
  await drive("GET", "/certificates/status/{list}", "/certificates/status/0");
  await drive("GET", `${course}/certificates`, "/courses/big/certificates?limit=1");
  await drive("GET", `${course}/certificates`, "/courses/big/certificates?user_id=ada");
  const revoke = `/courses/big/certificates/${certificate.id}/revoke`;
  await drive("POST", `${course}/certificates/{id}/revoke`, revoke, { body: { reason: "plans" } });
  await drive("GET", "/observed", "/observed");
}

const BOOTSTRAP_SECRET = "zQ8-first-light-0123456789-abcdefghij";

async function driveIdentity() {
  const account = { email: "plans@example.org", password: "correct horse battery" };
  const fresh: Partial<Env> = {};
  Reflect.set(fresh, "BOOTSTRAP_SECRET", BOOTSTRAP_SECRET);
  const first = { email: "first@example.org", name: "First", password: account.password };
  await drive("POST", "/auth/bootstrap", "/auth/bootstrap", { body: { secret: BOOTSTRAP_SECRET } }, fresh);
  const body = { secret: BOOTSTRAP_SECRET, account: first };
  await drive("POST", "/auth/bootstrap", "/auth/bootstrap", { body }, fresh);
  await drive("POST", "/auth/sign-up", "/auth/sign-up", { body: { ...account, name: "Plans" } });
  const signedIn = await drive("POST", "/auth/sign-in", "/auth/sign-in", { body: account });
  const token = signedIn.access_token;
  await drive("POST", "/auth/token", "/auth/token", { body: { session_token: signedIn.session_token } });
  await drive("POST", "/auth/sign-in", "/auth/sign-in", { body: account });
  const sessions = await drive("GET", "/auth/sessions", "/auth/sessions?limit=1", { token });
  await drive("GET", "/auth/sessions", `/auth/sessions?limit=1&cursor=${sessions.next_cursor}`, { token });
  await drive("DELETE", "/auth/sessions/{id}", `/auth/sessions/${sessions.results[0]?.id}`, { token });
  await drive("POST", "/auth/sign-out", "/auth/sign-out", { body: { session_token: signedIn.session_token } });
  const key = await drive("POST", "/keys", "/keys", { body: { name: "plans", scopes: ["read"], courses: "all" } });
  await drive("GET", "/keys", "/keys?limit=1");
  await drive("GET", "/keys/{id}", `/keys/${key.id}`);
  await drive("POST", "/keys/{id}/rotate", `/keys/${key.id}/rotate`, { body: {} });
  await drive("DELETE", "/keys/{id}", `/keys/${key.id}`);
  const user = await drive("POST", "/users", "/users", {
    body: { email: "b@example.org", name: "B", role: "author", password: "correct horse battery" },
  });
  await drive("GET", "/users/{id}", `/users/${user.id}`);
  await driveOrganizations(user.id);
  await drive("PATCH", "/users/{id}", `/users/${user.id}`, {
    body: { name: "C", role: "learner", ban: { reason: "plans" } },
  });
}

/** The user and a small course go into an organisation, and out of it again. */
async function driveOrganizations(user: string) {
  const one = "/organizations/{organization}";
  const own = "/organizations/plans";
  await drive("PUT", one, own, { body: { name: "Plans" } });
  await drive("PUT", one, own, { body: { name: "Renamed" } });
  await drive("GET", "/organizations", "/organizations");
  await drive("GET", "/organizations", "/organizations", { as: [user, "author"] });
  await drive("GET", one, own);
  const move = (organization_id: string | null) => ({ users: [{ user_id: user, act: "move", organization_id }] });
  await drive("POST", "/users/batch", "/users/batch", { body: move("plans") });
  const manager = `${one}/managers/{user}`;
  await drive("PUT", manager, `${own}/managers/${user}`);
  await drive("POST", `${one}/people`, `${own}/people`, {
    as: [user, "author"],
    body: { email: "pupil@example.org", name: "Pupil" },
  });
  for (const search of ["", "&search=pup"]) {
    const people = await drive("GET", `${one}/people`, `${own}/people?limit=1${search}`);
    if (people.next_cursor !== null) {
      await drive("GET", `${one}/people`, `${own}/people?limit=1${search}&cursor=${people.next_cursor}`);
    }
  }
  const place = "/courses/{course}/organization";
  await drive("PUT", place, "/courses/other3/organization", { body: { organization_id: "plans" } });
  await drive("GET", `${one}/courses`, `${own}/courses`);
  await drive("PUT", place, "/courses/other3/organization", { body: { organization_id: null } });
  const acts = [
    { user_id: user, act: "suspend", reason: "plans" },
    { user_id: user, act: "return" },
  ];
  await drive("POST", "/users/batch", "/users/batch", { body: { users: acts } });
  await drive("DELETE", manager, `${own}/managers/${user}`);
  await drive("POST", "/users/batch", "/users/batch", { body: move(null) });
}

/** A small course goes to another database, if there is one; statements of the database that it leaves are recorded. */
async function driveMoves() {
  await spread.prepare("UPDATE courses SET active_version = coalesce(active_version, 1) WHERE slug = 'other2'").run();
  const courses = await drive("GET", "/system/shards/courses", "/system/shards/courses?limit=1");
  await drive("GET", "/system/shards/courses", `/system/shards/courses?limit=1&cursor=${courses.next_cursor}`);
  await drive("GET", "/system/shards", "/system/shards");
  const [moves, work] = ["/system/shards/moves", "/system/shards/moves/{course}/work"];
  const further = everyShard(env).slice(1, 2);
  if (further.length === 0) {
    for (const operation of [moves, work]) driven.add(`POST ${operation}`);
    return;
  }
  const two = Object.fromEntries(further.map(({ name, db }) => [name, db]));
  const body = { course: "other2", to: "DB_SHARD_2" };
  await drive("POST", moves, moves, { body }, two);
  await drive("POST", work, "/system/shards/moves/other2/work", {}, two);
  await spread.prepare("UPDATE course_moves SET moved_at = 1").run();
  await drive("POST", work, "/system/shards/moves/other2/work", {}, two);
}

/** The ways to sign in beside the password. */
async function driveWays() {
  const asked: unknown[] = [];
  const queue: Partial<Env> = {};
  Reflect.set(queue, "MAIL_QUEUE", { send: async (body: unknown) => asked.push(body) });
  const account = { email: "ways@example.org", password: "correct horse battery" };
  const newest = async () => {
    const { results } = mailsSchema.parse(
      await (await worker.fetch(request("GET", "/system/mails"), bindings, createExecutionContext())).json(),
    );
    return (
      /#(\S+)/.exec(results.find(({ to, text }) => to === account.email && text.includes("#"))?.text ?? "")?.[1] ?? ""
    );
  };
  const ask = async (path: string, options: Call) => {
    await drive("POST", path, path, options, queue);
    await consume("latchkey-mail", asked.splice(0));
    return newest();
  };
  await drive("GET", "/auth/ways", "/auth/ways");
  await drive("POST", "/auth/sign-up", "/auth/sign-up", { body: { ...account, name: "Ways" } });
  await ask("/auth/recovery", { body: { email: account.email } }).then((token) =>
    drive("POST", "/auth/recovery/complete", "/auth/recovery/complete", {
      body: { token, new_password: account.password },
    }),
  );
  const link = await ask("/auth/sign-in/link", { body: { email: account.email } });
  await drive("POST", "/auth/sign-in/link/complete", "/auth/sign-in/link/complete", { body: { token: link } });
  const { access_token: token, user } = await drive("POST", "/auth/sign-in", "/auth/sign-in", { body: account });
  const body = { email: "ways-new@example.org", password: account.password };
  await drive("POST", "/auth/email", "/auth/email", { token, body }, queue);
  await consume("latchkey-mail", asked.splice(0));
  account.email = body.email;
  await drive("POST", "/auth/email/complete", "/auth/email/complete", { token, body: { token: await newest() } });
  const proof = { token, body: { password: account.password } };
  const key = await Authenticator.of("http://latchkey.test");
  const begun = await drive("POST", "/auth/passkeys/options", "/auth/passkeys/options", proof);
  const credential = await key.make(begun.options.challenge);
  const passkey = await drive("POST", "/auth/passkeys", "/auth/passkeys", {
    token,
    body: { challenge: begun.challenge, name: "Plans", credential },
  });
  const signing = await drive("POST", "/auth/sign-in/passkey/options", "/auth/sign-in/passkey/options");
  await drive("POST", "/auth/sign-in/passkey", "/auth/sign-in/passkey", {
    body: { challenge: signing.challenge, credential: await key.show(signing.options.challenge) },
  });
  const { secret } = await drive("POST", "/auth/second-factor", "/auth/second-factor", proof);
  const otp = createOTP(base32.decode(secret));
  const code = (from: number) => otp.hotp(Math.floor(Date.now() / 30_000) + from);
  const confirmed = await drive("POST", "/auth/second-factor/confirm", "/auth/second-factor/confirm", {
    token,
    body: { code: await code(-1) },
  });
  const halfway = await worker.fetch(
    request("POST", "/auth/sign-in", { body: account }),
    bindings,
    createExecutionContext(),
  );
  const { challenge } = z.looseObject({ challenge: z.string() }).parse(await halfway.json());
  await drive("POST", "/auth/sign-in/second-factor", "/auth/sign-in/second-factor", {
    body: { challenge, code: await code(0), trust_device: true },
  });
  const { devices } = await drive("GET", "/auth/account", "/auth/account", { token });
  await drive("DELETE", "/auth/devices/{id}", `/auth/devices/${devices[0]?.id}`, { token });
  const renew = "/auth/second-factor/backup-codes";
  const renewed = await drive("POST", renew, renew, { token, body: { code: confirmed.backup_codes[0] } });
  await drive("DELETE", "/auth/second-factor", "/auth/second-factor", {
    token,
    body: { code: renewed.backup_codes[0] },
  });
  await drive("DELETE", "/auth/passkeys/{id}", `/auth/passkeys/${passkey.id}`, { token });
  await drive("GET", "/system/mails", "/system/mails?limit=1");
  await drive("DELETE", "/users/{id}/sign-in-ways", `/users/${user.id}/sign-in-ways`);
}

const mailsSchema = z.object({ results: z.array(z.object({ to: z.string(), text: z.string() })) });

/** Providers that people sign in with, people and groups of a directory, and what groups mean. */
async function driveOthers() {
  const slug = "grouped";
  await drive("POST", "/courses", "/courses", { body: { slug, title: "Grouped" } });
  const published = { document: { slug, title: "Grouped", chapters: [{ id: `${slug}.one`, title: "One" }] } };
  await drive("POST", "/courses/{course}/versions", `/courses/${slug}/versions`, { body: published });
  await withProvider(async (fake) => {
    const [one, way] = ["/identity-providers/{provider}", "/auth/sign-on/{provider}"];
    const settings = {
      claims: { groups: "groups", role: "roles" },
      link: true,
      roles: [{ value: "t", role: "author" }],
    };
    const body = { label: "S", issuer: fake.issuer, client_id: CLIENT, client_secret: "x", audience: "a", settings };
    await drive("PUT", one, "/identity-providers/plans", { body: { ...body, top_role: "author" } });
    await drive("GET", "/identity-providers", "/identity-providers");
    await drive("GET", "/auth/sign-on", "/auth/sign-on");
    const rules = [{ group: "g", course: slug, cohort: "c" }];
    await drive("PUT", "/group-rules/{source}", "/group-rules/plans", { body: { rules } });
    const come = async (claims: object) => {
      fake.claims = { ...fake.claims, ...claims };
      const begun = await drive("POST", `${way}/begin`, "/auth/sign-on/plans/begin");
      const asked = new URL(String(begun.url)).searchParams;
      const [state, nonce] = [asked.get("state") ?? "", asked.get("nonce") ?? ""];
      const answer = new URLSearchParams({ code: nonce, state, iss: fake.issuer }).toString();
      await drive("POST", `${way}/complete`, "/auth/sign-on/plans/complete", { body: { flow: begun.flow, answer } });
    };
    await come({ groups: ["g"] });
    await come({ groups: [], roles: ["t"] });
    await env.DB.prepare("UPDATE users SET email_verified = 1 WHERE id = 'u7'").run();
    const email = await env.DB.prepare("SELECT email FROM users WHERE id = 'u7'").first("email");
    await come({ sub: "seven", email, name: "Seven" });
    const token = await fake.sign({ sub: "seven", aud: "a" });
    await drive("GET", "/auth/sessions", "/auth/sessions?limit=1", { token });
    await drive("DELETE", one, "/identity-providers/plans");
  });
  await driveDirectory(slug);
}

async function driveDirectory(slug: string) {
  const as: [string, Role] = ["svc", "service"];
  const [users, groups] = ["/scim/v2/Users", "/scim/v2/Groups"];
  for (const path of ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"]) {
    await drive("GET", `/scim/v2${path}`, `/scim/v2${path}`, { as });
  }
  await drive("GET", "/scim/v2/ResourceTypes/{id}", "/scim/v2/ResourceTypes/User", { as });
  await drive("GET", "/scim/v2/Schemas/{id}", "/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", { as });
  const sent = person();
  const { id } = await drive("POST", users, users, { as, body: sent });
  await drive("PUT", `${users}/{id}`, `${users}/${id}`, { as, body: { ...sent, displayName: "Another" } });
  const email = "moved@example.org";
  const change = patch({ op: "replace", path: "emails", value: [{ value: email }] });
  await drive("PATCH", `${users}/{id}`, `${users}/${id}`, { as, body: change });
  const group = await drive("POST", groups, groups, { as, body: { displayName: "g", members: [{ value: id }] } });
  const rules = [
    { group: "g", course: slug, cohort: "c" },
    { group: "h", course: slug, role: "grader" },
  ];
  await drive("PUT", "/group-rules/{source}", "/group-rules/scim", { body: { rules } });
  await cron("* * * * *");
  await drive("GET", `${users}/{id}`, `${users}/${id}`, { as });
  await drive("PUT", `${groups}/{id}`, `${groups}/${group.id}`, {
    as,
    body: { displayName: "h", members: [{ value: id }] },
  });
  await cron("* * * * *");
  const off = patch({ op: "remove", path: `members[value eq "${id}"]` });
  await drive("PATCH", `${groups}/{id}`, `${groups}/${group.id}`, { as, body: off });
  for (const filter of [`id eq "${id}"`, `userName eq "x"`, `externalId eq "x"`, `emails.value eq "${email}"`]) {
    await drive("GET", users, `${users}?filter=${encodeURIComponent(filter)}`, { as });
  }
  for (const filter of [`id eq "${group.id}" and members eq "${id}"`, `displayName eq "x"`, `externalId eq "x"`]) {
    await drive("GET", groups, `${groups}?filter=${encodeURIComponent(filter)}`, { as });
  }
  await drive("GET", users, `${users}?count=1&startIndex=2`, { as });
  await drive("GET", groups, `${groups}?count=1`, { as });
  await drive("GET", `${groups}/{id}`, `${groups}/${group.id}`, { as });
  await drive("GET", "/group-rules/{source}", "/group-rules/scim");
  await drive("DELETE", `${groups}/{id}`, `${groups}/${group.id}`, { as });
  await drive("DELETE", `${users}/{id}`, `${users}/${id}`, { as });
  await cron("* * * * *");
  // Who was taken back comes again, with what is not kept.
  await drive("POST", users, users, { as, body: { ...sent, displayName: "Again", nickName: "x" } });
}

/** After everything else: u3 is a learner of the school with something of everything by then. */
async function drivePrivacy() {
  const account = { email: "leaving@example.org", password: "correct horse battery" };
  await drive("POST", "/auth/sign-up", "/auth/sign-up", { body: { ...account, name: "Leaving" } });
  const user = await drive("POST", "/auth/sign-in", "/auth/sign-in", { body: account });
  await drive("POST", "/auth/password", "/auth/password", {
    token: user.access_token,
    body: { password: account.password, new_password: "another horse battery" },
  });
  await drive("DELETE", "/auth/sessions", "/auth/sessions?keep_current=true", { token: user.access_token });
  await drive("DELETE", "/users/{id}/sessions", "/users/u4/sessions");
  await driveWays();
  for (const filter of [
    "",
    "&search=pl",
    "&role=author",
    "&banned=true",
    "&banned=false",
    "&role=learner&banned=true",
  ]) {
    const page = await drive("GET", "/users", `/users?limit=1${filter}`);
    if (page.next_cursor !== null) await drive("GET", "/users", `/users?limit=1${filter}&cursor=${page.next_cursor}`);
  }
  await drive("POST", "/users/{id}/export", "/users/u3/export");
  await drive("DELETE", "/users/{id}", "/users/u3");
  await drive("GET", "/erasures/{user}", "/erasures/u3");
  recorder.during = "erasure, second pass";
  await resumeErasures(bindings, Date.now() + SETTLE_MS + 1_000);
}

async function driveEvents() {
  const as: [string, Role] = ["u3", "learner"];
  for (const [template, status] of [
    ["/events/stream", 200],
    ["/events/socket", 101],
  ] as const) {
    const minted = await drive("POST", "/auth/sse-token", "/auth/sse-token", { as });
    recorder.during = `GET ${template}`;
    driven.add(recorder.during);
    const opening = request("GET", `${template}?sse_token=${minted.sse_token}`, { headers: { upgrade: "websocket" } });
    const stream = await worker.fetch(opening, bindings, createExecutionContext());
    expect(stream.status).toBe(status);
    await stream.body?.cancel();
    stream.webSocket?.accept();
    stream.webSocket?.close();
  }
  const listener = { user: "u3", role: "learner", session: "session", course: "big" } as const;
  const address = await mintNoticeToken(env.AUTH_SECRET, listener, Date.now());
  recorder.during = "GET /ofrep/v1/notices";
  driven.add(recorder.during);
  const asked = request("GET", `/ofrep/v1/notices?token=${address}`);
  const notices = await worker.fetch(asked, bindings, createExecutionContext());
  expect(notices.status).toBe(200);
  await notices.body?.cancel();
  await drive("GET", "/events/history", "/events/history?limit=1", { as });
  await drive("GET", "/events/preferences", "/events/preferences", { as });
  await drive("PUT", "/events/preferences", "/events/preferences", { as, body: {} });
  const event = { key: "plans", to: { user: "u3" }, type: "system.notification", data: { title: "plans" } };
  await drive("POST", "/events/publish", "/events/publish", { body: { events: [event] } });
  await drive("GET", "/events/health", "/events/health");
  const { type } = event;
  const archived = { id: "plans-1", at: Date.now(), type, level: "info", priority: "normal", roles: null, data: "{}" };
  await consume("latchkey-events", [{ user_id: "u3", events: [archived, { ...archived, id: "plans-2" }] }]);
  for (const query of ["", "&user_id=u3", `&type=${type}`, `&user_id=u3&type=${type}`]) {
    const page = await drive("GET", "/events/archive", `/events/archive?limit=1${query}`);
    await drive("GET", "/events/archive", `/events/archive?limit=1${query}&cursor=${page.next_cursor}`);
  }
  await drive("POST", "/events/archive/{id}/replay", "/events/archive/plans-1/replay");
}

/** A whole backup of this school would take minutes: its reads are driven one by one, two pages of each. */
async function driveBackups() {
  const { id, parts } = await smallBackup(newBackupId(Date.now() - 60_000));
  await drive("POST", "/system/backups", "/system/backups");
  await drive("GET", "/system/erasures", "/system/erasures");
  const erasures: unknown = JSON.parse(await signErasures(env.AUTH_SECRET, { format: 1, at: 1, subjects: [] }));
  await drive("PUT", "/system/erasures", "/system/erasures", { body: erasures });
  const page = await drive("GET", "/system/backups", "/system/backups?limit=1");
  await drive("GET", "/system/backups", `/system/backups?limit=1&cursor=${page.next_cursor}`);
  await drive("GET", "/system/backups/{backup}", `/system/backups/${id}`);
  await drive("POST", "/system/backups/{backup}/work", `/system/backups/${id}/work`, { body: { task: "check" } });
  const file = "/system/backups/{backup}/files/{file}";
  const type = { "content-type": "application/octet-stream" };
  await driveBytes("GET", file, `/system/backups/${id}/files/${parts[0]?.name}`, {}, ["root", "admin"]);
  await driveBytes("PUT", file, `/system/backups/${id}/files/00009-d1.users.ndjson.gz`, type, ["root", "admin"]);
  await driveStages("backup", STAGES, id);
  const begun = { mark: 1, parent: { id, sha256: "" }, since: 1, epochs: await beginEpoch(bindings, id), audit_seq: 0 };
  expect(await rememberEpochs(bindings, id, begun.epochs)).toBe(true);
  const { results } = await spread.prepare("SELECT id FROM enrollments ORDER BY id LIMIT 3").all<{ id: string }>();
  const keys: Record<string, string[]> = {
    enrollments: results.map((row) => row.id),
    insight_learners: results.map((row) => row.id),
    insight_predictions: results.map((row) => row.id),
  };
  const after = async (kind: string, key: string) => (keys[kind] ?? ["k1", "k2"]).filter((other) => other > key);
  await driveStages("changes", changedStages(begun, after), id);
  await forgetChanges(bindings, begun.epochs);
  await forgetEpochs(bindings);
}

async function driveStages(what: string, stages: readonly Stage[], backup: string) {
  for (const stage of stages) {
    recorder.during = `${what} ${stage.name}`;
    const first = await stage.read(bindings, null, backup);
    if (first.next !== null) await stage.read(bindings, first.next, backup);
  }
}

/** A file of the learner's, submitted and read by its grader; and one that is refused. */
async function driveSubmittedFile(as: [string, Role]) {
  const type = { "content-type": "text/plain" };
  const file = await driveBytes("POST", "/storage/files/upload", "/storage/files/upload?name=a.txt", type, as);
  const submit = "/problems/{problem}/submissions";
  const refused = request("POST", "/problems/big.p1/submissions", {
    token: await tokenOf(...as),
    body: { files: [file.id] },
  });
  expect((await worker.fetch(refused, bindings, createExecutionContext())).status).toBe(400);
  const { submission_id } = await drive("POST", submit, "/problems/big.paper/submissions", {
    as,
    body: { files: [file.id] },
  });
  const path = `/submissions/${submission_id}/files/${file.id}`;
  await driveBytes("GET", "/submissions/{submission}/files/{file}", path, {}, ["root", "admin"]);
  const added = await driveBytes("POST", "/courses/{course}/files", "/courses/big/files?name=a.png", type, [
    "root",
    "admin",
  ]);
  const copies = "/courses/rostered/files/copies";
  await drive("POST", "/courses/{course}/files/copies", copies, { body: { from: "big", files: [added.id] } });
  await driveBytes("GET", "/courses/{course}/files/{file}", `/courses/big/files/${added.id}`, {}, ["root", "admin"]);
}

async function driveFiles() {
  const as: [string, Role] = ["u3", "learner"];
  await spread
    .prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
     INSERT INTO files (id, owner, key, name, type, size, state, created_at)
     SELECT 'f' || i, 'u' || (i % 50), 'u/u' || (i % 50) || '/f' || i, 'n', 'text/plain', 1, 'pending', ?1 FROM n`,
    )
    .bind(Date.now())
    .run();
  const upload = "/storage/files/upload";
  const sent = { "content-type": "text/plain", "idempotency-key": "plans" };
  const file = await driveBytes("POST", upload, `${upload}?name=a`, sent, as);
  await driveBytes("POST", upload, `${upload}?name=a`, sent, as);
  const sha256 = await sha256Hex(BYTES);
  const announced = { name: "a", content_type: "text/plain", size: BYTES.length, sha256 };
  for (const method of ["PUT", "complete"]) {
    const address = await drive("POST", "/storage/files/upload-url", "/storage/files/upload-url", {
      as,
      body: announced,
    });
    if (method === "PUT") {
      const path = new URL(address.upload.url).pathname.replace("/api/v1", "");
      await driveBytes("PUT", "/storage/uploads/{token}", path, { "content-type": "text/plain" }, as);
    } else {
      await env.FILES.put(`u/u3/${address.file.id}`, BYTES);
      await drive("POST", "/storage/files/{id}/complete", `/storage/files/${address.file.id}/complete`, { as });
    }
  }
  const page = await drive("GET", "/storage/files", "/storage/files?limit=1", { as });
  await drive("GET", "/storage/files", `/storage/files?limit=1&cursor=${page.next_cursor}`, { as });
  await drive("GET", "/storage/files/{id}", `/storage/files/${file.id}`, { as });
  await driveBytes("GET", "/storage/files/{id}/download", `/storage/files/${file.id}/download`, {}, as);
  await drive("DELETE", "/storage/files/{id}", `/storage/files/${file.id}`, { as });
  // Something for the nightly sweep to remove: an upload given up, and a file whose bytes are gone.
  await spread.prepare("UPDATE files SET created_at = 1 WHERE id = 'f1'").run();
  await spread.prepare("UPDATE files SET state = 'ready' WHERE id = 'f2'").run();
}

/** The bytes of every file driven here. */
const BYTES = "plans";

/** Drives a route whose request or answer is bytes. */
async function driveBytes(
  method: string,
  template: string,
  path: string,
  headers: Record<string, string>,
  as: [string, Role],
  body: string | Uint8Array<ArrayBuffer> = BYTES,
) {
  recorder.during = `${method} ${template}`;
  driven.add(recorder.during);
  const plain = request(method, path, {
    token: await tokenOf(...as),
    headers: method === "GET" ? headers : { ...headers, "content-length": String(body.length) },
  });
  const context = createExecutionContext();
  const answer = await worker.fetch(new Request(plain, method === "GET" ? {} : { body }), bindings, context);
  const text = await answer.text();
  await waitOnExecutionContext(context);
  if (answer.status >= 300) throw new Error(`${recorder.during}: ${answer.status} ${text}`);
  return answerSchema.parse(text.startsWith("{") ? JSON.parse(text) : {});
}

/** A page with a picture. */
const CARTRIDGE = zipOf({
  "imsmanifest.xml": `<manifest><organizations><organization><item><item identifier="a" identifierref="r"><title>A</title></item>
    </item></organization></organizations><resources><resource identifier="r" type="webcontent" href="a.html">
    <file href="a.html"/></resource></resources></manifest>`,
  "a.html": '<p><img src="a.png" alt="a"></p>',
  "a.png": "picture",
});

/** An import from the upload to its draft, again, and one that fails; what the night and the minute do follows with the jobs. */
async function driveImports() {
  await spread
    .prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
     INSERT INTO course_imports (id, owner, role, request_id, format, course_slug, name, size, state, created_at, announced)
     SELECT 'i' || i, 'u' || (i % 50), 'author', 'r', 'exercism', 'c', 'n', 1,
       CASE i % 500 WHEN 0 THEN 'receiving' WHEN 1 THEN 'reading' ELSE 'done' END, i * 100000000, i % 500 <> 1 FROM n`,
    )
    .run();
  const [path, as] = ["/courses/imports", ["someone", "author"] as [string, Role]];
  const sent = { "content-type": "application/octet-stream", "idempotency-key": "plans" };
  const config = (name: string) =>
    JSON.stringify({ slug: "t", language: name, exercises: { concept: [{ slug: "one", name }] } });
  const begin = (
    format: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string>,
    course = "foreign",
  ) => driveBytes("POST", path, `${path}?format=${format}&course=${course}&name=config.json`, headers, as, body);
  const { id } = await begin("exercism", config("One"), sent);
  await begin("exercism", config("One"), sent);
  const { id: other } = await begin("exercism", config("Two"), { "content-type": "application/zip" });
  const { id: bad } = await begin("moodle", "x", { "content-type": "application/zip" });
  for (const one of [id, other, bad, bad]) await consume("latchkey-imports", [{ type: "import", id: one }]);
  const versions = "/courses/{course}/versions/{version}/activate";
  await drive("POST", versions, "/courses/foreign/versions/1/activate", { as, body: {} });
  for (const who of [as, ["root", "admin"] as [string, Role]]) {
    const page = await drive("GET", path, `${path}?limit=1`, { as: who });
    await drive("GET", path, `${path}?limit=1&cursor=${page.next_cursor}`, { as: who });
  }
  const { id: pictured } = await begin("cartridge", CARTRIDGE, { "content-type": "application/zip" }, "pictured");
  await consume("latchkey-imports", [{ type: "import", id: pictured }]);
  await drive("POST", versions, "/courses/pictured/versions/1/activate", { as, body: {} });
  const file = await spread
    .prepare("SELECT id FROM files WHERE upload_key LIKE 'course pictured %'")
    .first<{ id: string }>();
  const itemFile = "/courses/{course}/items/{item}/files/{file}";
  await drive("GET", itemFile, `/courses/pictured/items/pictured.a/files/${file?.id}`, { as });
  await drive("GET", `${path}/{id}`, `${path}/${other}`, { as });
  await drive("GET", `${path}/{id}/report`, `${path}/${id}/report`, { as });
  await driveParts(path, as);
  await drivePeople(path, id, as);
  await drive("DELETE", `/courses/{course}/drafts/{version}`, "/courses/foreign/drafts/2", { as });
  await drive("DELETE", `${path}/{id}`, `${path}/${id}`, { as });
}

/** An archive in one part, and one that is given up. */
async function driveParts(path: string, as: [string, Role]) {
  const body = { format: "exercism", course: "foreign", name: "config.json", size: BYTES.length };
  const uploads = `${path}/uploads`;
  const headers = { "content-type": "application/octet-stream" };
  const begin = () => drive("POST", uploads, uploads, { as, body, headers: { "idempotency-key": "parts-of-plans" } });
  const { id } = await begin();
  const one = `${uploads}/${id}`;
  for (let tries = 0; tries < 2; tries += 1) {
    await driveBytes("PUT", `${uploads}/{id}/parts/{part}`, `${one}/parts/1`, headers, as);
  }
  await begin();
  await drive("GET", `${uploads}/{id}`, one, { as });
  await drive("POST", `${uploads}/{id}/complete`, `${one}/complete`, { as });
  const { id: given } = await drive("POST", uploads, uploads, { as, body });
  await drive("DELETE", `${uploads}/{id}`, `${uploads}/${given}`, { as });
}

/** A look at the people of an archive, and their import. */
async function drivePeople(path: string, id: unknown, as: [string, Role]) {
  const people = `${path}/{id}/people`;
  const one = `${path}/${id}/people`;
  const { id: roster } = await drive("POST", `${people}/roster`, `${one}/roster`, { as });
  await consume("latchkey-imports", [{ type: "import", id: roster }]);
  await drive("GET", `${people}/roster`, `${one}/roster`, { as });
  const { id: job } = await drive("POST", people, one, { as });
  await consume("latchkey-imports", [{ type: "import", id: job }]);
  await drive("GET", people, one, { as });
}

/** Subscriptions of other systems, what is written down for them, and what becomes of it. */
async function driveWebhooks() {
  const slug = "hooked";
  await drive("POST", "/courses", "/courses", { body: { slug, title: "Hooked" } });
  const body = { url: "https://receiver.example.org/x", types: ["course.published", "enrollment.created"] };
  const ofCourse = "/courses/{course}/webhooks";
  const { id } = await drive("POST", ofCourse, `/courses/${slug}/webhooks`, { body });
  const all = await drive("POST", "/webhooks", "/webhooks", { body });
  await drive("GET", ofCourse, `/courses/${slug}/webhooks`);
  const page = await drive("GET", "/webhooks", "/webhooks?limit=1");
  await drive("GET", "/webhooks", `/webhooks?limit=1&cursor=${page.next_cursor}`);
  const published = { document: { slug, title: "Hooked", chapters: [{ id: `${slug}.one`, title: "One" }] } };
  await drive("POST", "/courses/{course}/versions", `/courses/${slug}/versions`, { body: published });
  await consume("latchkey-webhooks", [{ type: "webhooks", subscription: id }]);
  const one = "/webhooks/{webhook}";
  const list = z.looseObject({ results: z.array(z.looseObject({ id: z.string() })) });
  const { results } = list.parse(await drive("GET", `${one}/deliveries`, `/webhooks/${id}/deliveries?limit=1`));
  await drive("POST", `${one}/deliveries/{delivery}/replay`, `/webhooks/${id}/deliveries/${results[0]?.id}/replay`);
  await drive("POST", `${one}/replay`, `/webhooks/${id}/replay`, {
    body: { since: "2026-01-01T00:00:00Z", only: "all" },
  });
  await drive("GET", one, `/webhooks/${id}`);
  await drive("PATCH", one, `/webhooks/${id}`, { body: { note: "changed" } });
  await drive("POST", `${one}/secret`, `/webhooks/${id}/secret`);
  await drive("POST", `${one}/ping`, `/webhooks/${id}/ping`);
  await cron("* * * * *");
  for (const hook of [id, all.id]) await drive("DELETE", one, `/webhooks/${hook}`);
}

/** A record store: every resource, in both syntaxes, and a fact that the cron records. */
async function driveXapi() {
  const template = "/xapi/{course}";
  await drive("PUT", "/courses/{course}/xapi", "/courses/big/xapi", {
    body: { on: true, items: { "https://a.org/x": { item: "big.one", move_on: "CompletedAndPassed" } } },
  });
  const agent = { account: { homePage: "http://latchkey.test", name: "ada" } };
  const verb = { id: "http://adlnet.gov/expapi/verbs/completed" };
  const definition = { name: { en: "X" } };
  const statement = { actor: agent, verb, object: { id: "https://a.org/x", definition } };
  const headers = { "x-experience-api-version": "1.0.3", "if-none-match": "*" };
  const xapi = (method: string, resource: string, parameters: Record<string, string> = {}, body?: unknown) =>
    drive(method, `${template}/${resource}`, `/xapi/big/${resource}?${new URLSearchParams(parameters)}`, {
      headers,
      ...(body === undefined ? {} : { body }),
    });
  const id = crypto.randomUUID();
  await xapi("PUT", "statements", { statementId: id }, statement);
  const voiding = { ...statement, verb: { id: "http://adlnet.gov/expapi/verbs/voided" } };
  await xapi("POST", "statements", {}, { ...voiding, object: { objectType: "StatementRef", id } });
  await xapi("GET", "statements", { voidedStatementId: id });
  for (const ascending of ["true", "false"]) {
    await xapi("GET", "statements", { ascending, format: "canonical", attachments: "true" });
    await xapi("GET", "statements", { ascending, verb: verb.id, agent: JSON.stringify(agent) });
  }
  for (const [resource, name, place] of [
    ["activities/state", "stateId", { activityId: "https://a.org/x", agent: JSON.stringify(agent) }],
    ["activities/profile", "profileId", { activityId: "https://a.org/x" }],
    ["agents/profile", "profileId", { agent: JSON.stringify(agent) }],
  ] as const) {
    const one = { ...place, [name]: "one" };
    await xapi("PUT", resource, one, { a: 1 });
    headers["if-none-match"] = "";
    await xapi("POST", resource, one, { b: 1 });
    await xapi("GET", resource, one);
    await xapi("GET", resource, place);
    await xapi("DELETE", resource, one);
    headers["if-none-match"] = "*";
  }
  await xapi("DELETE", "activities/state", { activityId: "https://a.org/x", agent: JSON.stringify(agent) });
  await xapi("GET", "activities", { activityId: "https://a.org/x" });
  await xapi("GET", "agents", { agent: JSON.stringify(agent) });
  for (const [resource, parameters] of [
    ["activities", { activityId: "https://a.org/x" }],
    ["agents", { agent: JSON.stringify(agent) }],
  ] as const) {
    recorder.during = `POST ${template}/${resource}`;
    driven.add(recorder.during);
    const form = new Request(request("POST", `/xapi/big/${resource}?method=GET`), {
      body: String(new URLSearchParams(parameters)),
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        "x-experience-api-version": "1.0.3",
        authorization: `Bearer ${await tokenOf("root", "admin")}`,
      },
    });
    expect((await worker.fetch(form, bindings, createExecutionContext())).status).toBe(200);
  }
  await drive("GET", `${template}/about`, "/xapi/big/about");
  await drive("GET", "/courses/{course}/xapi", "/courses/big/xapi");
  await drive("GET", "/system/xapi", "/system/xapi");
  await env.DB.prepare("UPDATE xapi_statements SET due = 1 WHERE id = ?").bind(id).run();
  await cron("* * * * *");
}

/** A roster with every kind of act: sent, by night, and a source that is removed. */
async function driveRosters(template: string) {
  const source = `${template}/sources/{source}`;
  // A course of its own: each of the 39,000 learners of the large one would be withdrawn.
  const slug = "rostered";
  await drive("POST", "/courses", "/courses", { body: { slug, title: "Rostered" } });
  const chapters = [{ id: `${slug}.one`, title: "One" }];
  const published = { document: { slug, title: "Rostered", chapters } };
  await drive("POST", "/courses/{course}/versions", `/courses/${slug}/versions`, { body: published });
  const one = `/courses/${slug}/roster/sources/school`;
  const settings = { match: "sourced_id", guardians: true, missing: "leave_all" };
  const body = { kind: "bucket", format: "oneroster", address: "a.zip", hour: 3, settings };
  await drive("PUT", source, one, { body });
  await drive("GET", `${template}/sources`, `/courses/${slug}/roster/sources`);
  const places = [
    { id: "e1", person: "roster-one" },
    { id: "e2", person: "roster-tom", role: "teacher" },
  ];
  const rest = { guardians: ["roster-mum"], agents: { "roster-mum": "roster-one" } };
  // The real queue may have taken the run a moment before: then it is that consumer's, and this waits for it.
  const next = async (id: unknown) => {
    await consume("latchkey-imports", [{ type: "roster", id }]);
    const state = () => env.DB.prepare("SELECT state FROM roster_runs WHERE id = ?").bind(id).first("state");
    await vi.waitFor(async () => expect(["planned", "done", "failed"]).toContain(await state()), {
      timeout: 30_000,
      interval: 100,
    });
  };
  for (const file of [oneRoster(places, rest), oneRoster([{ id: "e3", person: "roster-two" }])]) {
    const headers = { "content-type": "application/zip" };
    const sent = await driveBytes("POST", `${source}/files`, `${one}/files`, headers, ["root", "admin"], file);
    await next(sent.id);
    const run = `/courses/${slug}/roster/runs/${sent.id}`;
    const seen = z.looseObject({ preview: z.looseObject({ goes: z.int() }) });
    const { preview } = seen.parse(await drive("GET", `${template}/runs/{id}`, run));
    await drive("POST", `${template}/runs/{id}/confirm`, `${run}/confirm`, { body: { confirm_removed: preview.goes } });
    await next(sent.id);
  }
  const page = await drive("GET", `${template}/runs`, `/courses/${slug}/roster/runs?limit=1`);
  await drive("GET", `${template}/runs`, `/courses/${slug}/roster/runs?limit=1&cursor=${page.next_cursor}`);
  const asked = await drive("POST", `${source}/runs`, `${one}/runs`);
  await next(asked.id);
  await env.DB.prepare("UPDATE roster_sources SET due_at = 1").run();
  await cron("* * * * *");
  await env.DB.prepare("UPDATE roster_runs SET asked_at = 0, due_at = 0").run();
  await cron("* * * * *");
  await drive("PUT", source, one, { body: { kind: "upload", format: "csv" } });
  const email = new TextEncoder().encode("email\nnobody@example.org\n");
  await env.DB.prepare("UPDATE roster_runs SET state = 'done'").run();
  const csv = { "content-type": "text/csv" };
  const mails = await driveBytes(
    "POST",
    `${source}/files`,
    `${one}/files`,
    csv,
    ["root", "admin"],
    Uint8Array.from(email),
  );
  await next(mails.id);
  await drive("DELETE", source, one);
}

/** Two terms that are over and one that runs, of a few learners each, from the first word to the prediction. */
async function driveInsight() {
  const day = 86_400_000;
  const begun = Date.now() - 1_000 * day;
  for (const [at, course] of ["other2", "other3", "other4"].entries()) {
    const users = Array.from({ length: 40 }, (_, user) => `i${user}`);
    await spread
      .prepare(
        `INSERT INTO enrollments (id, course_slug, user_id, enrolled_at)
       SELECT ?2 || ':' || value, ?2, value, 1 FROM json_each(?1)`,
      )
      .bind(JSON.stringify(users), course)
      .run();
    const schedule = {
      module: "m",
      period: `p${at}`,
      starts_at: new Date(at === 2 ? Date.now() - 50 * day : begun + at * 200 * day).toISOString(),
      length_days: 100,
      assessments: [{ item: `${course}.a`, due: 10, weight: 100 }],
    };
    const base = `/courses/${course}/insight`;
    await drive("PUT", "/courses/{course}/insight/schedule", `${base}/schedule`, { body: schedule });
    const learners = users.map((user_id, user) => ({ user_id, passed: user % 3 === 0, registered: -user }));
    await drive("POST", "/courses/{course}/insight/learners", `${base}/learners`, { body: { learners } });
  }
  for (const hasChampion of [false, true]) {
    if (hasChampion) {
      await spread
        .prepare("INSERT OR REPLACE INTO insight_aliases SELECT 'champion', hash, 1 FROM insight_models LIMIT 1")
        .run();
    }
    await drive("POST", "/insight/runs", "/insight/runs", { body: {} });
    for (let step = steps.shift(); step !== undefined; step = steps.shift()) await consume("latchkey-insight", [step]);
  }
  const atRisk = "/courses/{course}/insight/at-risk";
  const page = await drive("GET", atRisk, "/courses/other4/insight/at-risk?limit=1&below=1");
  await drive("GET", atRisk, `/courses/other4/insight/at-risk?limit=1&below=1&cursor=${page.next_cursor}`);
  await drive("GET", "/enrollments/{enrollment}/insight", "/enrollments/other4:i1/insight");
  await drive("GET", "/enrollments/{enrollment}/insight/lineage", "/enrollments/other4:i1/insight/lineage");
  await drive("PUT", "/enrollments/{enrollment}/insight/exclusion", "/enrollments/other4:i1/insight/exclusion", {
    body: { excluded: true },
  });
  await drive("GET", "/insight/models", "/insight/models?limit=1");
  await drive("GET", "/insight/status", "/insight/status");
}

async function driveRecords() {
  const base = "/translation";
  for (let journal = 0; journal < JOURNALS; journal += 1) {
    await callJournal(env, journal, (stub) => stub.state());
    await runInDurableObject(journalStub(env, journal), (instance) => {
      Reflect.set(instance, "env", bindings);
    });
  }
  const session = (name: string, rest: object = {}) => ({
    session_id: `u3:${name}`,
    version: 1,
    status: "processing",
    source_language: "en",
    target_language: "zh",
    ...rest,
  });
  const task = (n: number) => ({
    task_id: `u3:plans:${n}`,
    session_id: "u3:plans",
    version: 1,
    status: "pending",
    position: n,
    source_text: "text",
  });
  const old = { expires_at: "2020-01-01T00:00:00Z" };
  await drive("POST", `${base}/sessions/batch`, `${base}/sessions/batch`, {
    body: { sessions: [session("plans"), session("more"), session("old", old)] },
  });
  await drive("POST", `${base}/tasks/batch`, `${base}/tasks/batch`, { body: { tasks: [task(1), task(2), task(3)] } });
  await drive("POST", `${base}/flush`, `${base}/flush`);
  for (const [template, path] of [
    [`${base}/sessions`, `${base}/sessions?limit=1`],
    [`${base}/sessions`, `${base}/sessions?limit=1&owner=u3`],
    [`${base}/sessions`, `${base}/sessions?limit=1&sort=updated_at&order=desc`],
    [`${base}/sessions/{id}/tasks`, `${base}/sessions/u3:plans/tasks?limit=1`],
    [`${base}/sessions/{id}/tasks`, `${base}/sessions/u3:plans/tasks?limit=1&status=pending`],
    [`${base}/tasks`, `${base}/tasks?limit=1`],
    [`${base}/tasks`, `${base}/tasks?limit=1&owner=u3`],
  ] as const) {
    const page = await drive("GET", template, path);
    await drive("GET", template, `${path}&cursor=${page.next_cursor}`);
  }
  await drive("GET", `${base}/sessions/{id}`, `${base}/sessions/u3:plans`);
  await drive("GET", `${base}/tasks/{id}`, `${base}/tasks/u3:plans:1`);
  const incomplete = `${base}/recovery/incomplete-sessions`;
  for (const query of ["limit=1", "limit=1&owner=u3"]) {
    const page = await drive("GET", incomplete, `${incomplete}?${query}`);
    await drive("GET", incomplete, `${incomplete}?${query}&cursor=${page.next_cursor}`);
  }
  for (const query of ["q=text", "q=text&owner=u3", "q=text&kind=session"]) {
    await drive("GET", `${base}/search`, `${base}/search?${query}`, {}, searching);
  }
  await drive("GET", `${base}/stats`, `${base}/stats`);
  await drive("GET", `${base}/parked`, `${base}/parked`);
  await drive("POST", `${base}/parked/replay`, `${base}/parked/replay`, { body: {} });
  recorder.during = `POST ${base}/recovery/restore/{id}`;
  driven.add(recorder.during);
  const token = await tokenOf("root", "admin");
  const context = createExecutionContext();
  const restored = request("POST", `${base}/recovery/restore/u3:plans`, { token });
  expect(await (await worker.fetch(restored, bindings, context)).text()).toContain('"end":true');
  await drive("POST", `${base}/sessions/cleanup`, `${base}/sessions/cleanup`, {
    body: { ended_before: "2020-01-01T00:00:00Z" },
  });
  await drive("DELETE", `${base}/sessions/{id}`, `${base}/sessions/u3:plans`);
}

async function driveAudit() {
  await rebindChain();
  const entry = (key: string) => ({
    key,
    action: "job.finished",
    occurred_at: new Date().toISOString(),
    actor: { id: "robot", role: "service" },
    target: { type: "job", id: key },
    details: { note: "plans of 翻译服务" },
  });
  const body = { entries: ["a", "b", "c"].map(entry) };
  await drive("POST", "/audit/logs/batch", "/audit/logs/batch", { body });
  recorder.during = "alarm of the audit chain";
  const chain = chainStub(env, MAIN_CHAIN);
  await runInDurableObject(chain, async (_instance, { storage }) => {
    storage.sql.exec("UPDATE due_times SET at = 1");
    await storage.setAlarm(Date.now() + 60_000);
  });
  await runDurableObjectAlarm(chain);
  const now = new Date().toISOString();
  const past = "2020-01-01T00:00:00Z";
  for (const filter of [
    "",
    "&actor=robot",
    "&action=job.finished",
    "&target=a&target_type=job",
    "&enrollment=c:u3",
    "&target_type=job",
    "&actor=robot&action=job.finished",
    `&from=${past}&to=${now}`,
    "&q=服务",
    `&q=plans&actor=robot&action=job.finished&from=${past}`,
  ]) {
    const page = await drive("GET", "/audit/logs", `/audit/logs?limit=1${filter}`);
    if (page.next_cursor !== null)
      await drive("GET", "/audit/logs", `/audit/logs?limit=1${filter}&cursor=${page.next_cursor}`);
    driven.add("GET /audit/logs/export");
    recorder.during = "GET /audit/logs/export";
    const context = createExecutionContext();
    const token = await tokenOf("root", "admin");
    const file = await worker.fetch(
      request("GET", `/audit/logs/export?format=csv${filter}`, { token }),
      bindings,
      context,
    );
    expect(file.status).toBe(200);
    await file.text();
    await waitOnExecutionContext(context);
  }
  await drive("GET", "/audit/stats", "/audit/stats");
  await drive("GET", "/audit/verify", "/audit/verify");
  await drive("POST", "/audit/purge", "/audit/purge", { body: { before: past } });
  recorder.during = "removal of purged entries";
  await removeEntries(recorder.db, "main", 1);
}

/** The audit chain writes D1 too: what it does is recorded as well. */
async function rebindChain() {
  await runInDurableObject(chainStub(env, MAIN_CHAIN), (instance) => {
    Reflect.set(instance, "env", bindings);
  });
}

async function driveJobs() {
  const now = Date.now();
  await spread
    .prepare("UPDATE enrollments SET withdrawn_at = ? WHERE id = 'big:u1'")
    .bind(now - WITHDRAWN_RETENTION_MS - 1)
    .run();
  await consume("latchkey-projection", [{ type: "project", enrollment_id: "big:ada" }]);
  await consume("latchkey-refresh", [{ type: "refresh", enrollment_id: "big:u3", stale_mark: 1, force: true }]);
  await consume("latchkey-refresh", [{ type: "mark", course: "big" }]);
  await consume("latchkey-refresh", [{ type: "warm", course: "big", activation: 99, cursor: null }]);
  await consume("latchkey-refresh", [
    { type: "warm", course: "big", activation: 99, cursor: { last_active_at: now - 400_000, id: "big:u20" } },
  ]);
  await consume("latchkey-refresh", [{ type: "sweep", scope: "problems" }]);
  await consume("latchkey-refresh", [{ type: "cleanup" }]);
  const dead = { type: "refresh", enrollment_id: "big:u3", stale_mark: 1 };
  await consume("latchkey-refresh-dead", [dead]);
  await consume("latchkey-projection-dead", ["garbage"]);
  const letters = await drive("GET", "/system/dead-letters", "/system/dead-letters?limit=1");
  await drive("GET", "/system/dead-letters", `/system/dead-letters?limit=1&cursor=${letters.next_cursor}`);
  await drive("POST", "/system/dead-letters/{id}/replay", "/system/dead-letters/letter1/replay");
  await drive("GET", "/system/freshness", "/system/freshness");
  const switched = "/system/switches/realtime-reads";
  await drive("PUT", switched, switched, { body: { realtime_percent: 0, reason: "the plans" } });
  await drive("GET", switched, switched);
  await drive("GET", "/system/metrics", "/system/metrics");
  await driveMoves();
  await cron("* * * * *");
  await cron("0 2 * * *");
  // A divergence is written by the shadow check alone.
  await spread
    .prepare(
      "INSERT OR REPLACE INTO progress (enrollment_id, item_id, completed_at, seq) VALUES ('big:u3', 'big.one', 1, 1)",
    )
    .run();
  await drive("GET", "/courses/{course}/unlocks", "/courses/big/unlocks", { as: ["u3", "learner"] });
}

/**
 * Tables that grow with learners or with time. `courses` has a row per course, `audit_outbox` holds what is pending of
 * the last minute, and `json_each` is a parameter.
 */
const LARGE = [
  "enrollments",
  "progress",
  "unlock_events",
  "submissions",
  "dead_letters",
  "idempotency_keys",
  "divergences",
  "course_versions",
  "course_activations",
  "course_outlines",
  "course_contents",
  "users",
  "sessions",
  "accounts",
  "verifications",
  "event_log",
  "tombstones",
  "erasures",
  "files",
  "course_imports",
  "course_import_parts",
  "roster_runs",
  "roster_people",
  "lti_members",
  "lti_people",
  "lti_results",
  "lti_scores",
  "lti_used",
  "audit_log",
  "translation_sessions",
  "translation_tasks",
  "insight_learners",
  "insight_predictions",
  "insight_runs",
];

describe(`every D1 statement, in a school of ${ENROLLMENTS} enrollments`, () => {
  beforeAll(async () => {
    await driveCourses();
    await driveEnrollments();
    await driveIdentity();
    await driveLti({
      drive,
      consume,
      cron: () => cron("* * * * *"),
      fetch: (request, context) => {
        recorder.during = `a launch: ${new URL(request.url).pathname}`;
        return worker.fetch(request, bindings, context);
      },
    });
    vi.restoreAllMocks();
    await driveEvents();
    await driveFiles();
    await driveImports();
    await driveRecords();
    await driveAudit();
    await driveInsight();
    await driveJobs();
    await driveBackups();
    await driveOthers();
    await drivePrivacy();
  }, 120_000);

  it("was recorded: every route of the API and every job was called", async () => {
    const { paths = {} } = await openApiDocument(createApi(), "http://latchkey.test");
    const declared = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods ?? {}).map((method) => `${method.toUpperCase()} ${path.replace(/^\/api\/v1/, "")}`),
    );
    expect(declared.length).toBeGreaterThan(40);
    expect([...driven].sort()).toEqual(declared.sort());
    const texts = [...recorder.statements.keys()].join("\n");
    for (const table of [...LARGE, "courses"]) expect(texts).toContain(table);
    for (const job of [
      "INSERT INTO unlock_events",
      "INSERT INTO dead_letters",
      'insert into "divergences"',
      "SET leased_until",
      "DELETE FROM progress",
    ]) {
      expect(texts).toContain(job);
    }
  });

  it("finds its rows by an index: it scans no large table and sorts nothing", async () => {
    const bad: string[] = [];
    for (const [whole, { values, ...recorded }] of recorder.statements) {
      // A page that is cut by its bytes sorts at most as many rows as it may hold; what is read for it is the inner statement.
      const inner = /^SELECT \* FROM \(SELECT found\.\*.* AS bytes_before FROM \((.* LIMIT \?)\) AS found\)/.exec(
        whole,
      )?.[1];
      const text = inner ?? whole;
      const asked =
        inner === undefined ? { ...recorded, values } : { ...recorded, sql: inner, values: values.slice(0, -1) };
      for (const step of await planOf(asked)) {
        // The first page of everything, read off an index in its order: as many rows as asked for.
        const isFirstPage = / USING INDEX /.test(step) && / LIMIT \?$/.test(text) && !text.includes(" WHERE ");
        const scanned = /^SCAN (\w+)/.exec(step)?.[1];
        const isBad =
          (scanned !== undefined && LARGE.includes(scanned) && !isFirstPage) ||
          // What words were found in has no order of its own, nor have the names of those who are in one course, nor the
          // cohorts, which are lists in the rows of one course.
          (/TEMP B-TREE/.test(step) &&
            !text.includes(" MATCH ") &&
            !text.includes("FROM user_courses LEFT JOIN users") &&
            !text.includes("GROUP BY cohort.value") &&
            // Of one learner in one course: 101 at most, since this is the statement that bounds them.
            !text.startsWith("DELETE FROM reading_places") &&
            // Of each course of a grader as many as a page may hold are sorted; counted are 10,000 at most.
            !text.includes("CROSS JOIN submissions AS")) ||
          /AUTOMATIC/.test(step);
        if (isBad) bad.push(`${step} | ${recorded.during} | ${text.slice(0, 600)}`);
      }
    }
    expect(bad).toEqual([]);
  });

  it("is checked by a test that does find a scan", async () => {
    const steps = await planOf({
      sql: "SELECT count(*) FROM enrollments WHERE open_count > ?",
      values: [1],
      during: "",
    });
    expect(steps.join()).toMatch(/SCAN enrollments/);
  });
});
