// Over 350 lines: one table names what each route leaves in the audit log; in parts nobody would see that it is complete.

import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createApi } from "../../../src/api.ts";
import { drainAudit } from "../../../src/audit/outbox.ts";
import { openLaunch } from "../../../src/identity/index.ts";
import { openApiDocument } from "../../../src/ops/api-document.ts";
import { everyShard, shardOf } from "../../../src/platform/database/shards.ts";
import { ROLES, type Role } from "../../../src/platform/roles.ts";
import { signErasures } from "../../../src/privacy/erasure-list.ts";
import { courseFile } from "../../support/worker/course-files.ts";
import { deliver, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { callWith } from "../../support/worker/faults.ts";
import { API, type Call, call, tokenOf } from "../../support/worker/http.ts";
import { completed, ladder } from "../../support/worker/learners.ts";
import { Authenticator } from "../../support/worker/passkey.ts";
import { patch, person } from "../connect/scim-support.ts";
import {
  CLIENT,
  type FakeProvider,
  removeProviders,
  setProvider,
  signOn,
  withProvider,
} from "../connect/sso-support.ts";
import { sendBytes, upload } from "../files/support.ts";
import { PASSWORD, signIn, signUp } from "../identity/support.ts";
import { appOf, linkTo, secondFactorOf, stepIn, withMail } from "../identity/ways-support.ts";
import { heldQueue } from "../insight/support.ts";
import { entries, state } from "./support.ts";

// Every operation of the API stands in PLAN: with what it leaves in the audit log when it is done by privilege, and that it
// leaves nothing when a learner does it for themselves. An operation that does not stand there fails the first test.

/** A course with one learner in it, and people who have no other role in any other test. */
interface World {
  slug: string;
  learner: string;
  author: string;
  service: string;
  admin: string;
  /** The same person as the learner, with the role of an admin. */
  session: string;
  /** Where the chain stood before the act. */
  before: number;
}

async function makeWorld(): Promise<World> {
  const slug = freshSlug("audited");
  const id = crypto.randomUUID().slice(0, 8);
  const world = {
    slug,
    learner: `learner-${id}`,
    author: `author-${id}`,
    service: `service-${id}`,
    admin: `admin-${id}`,
    session: `learner-${id}:novel`,
    before: 0,
  };
  await publish(ladder(slug), { author: world.author });
  await enroll(slug, world.learner);
  await project(slug, world.learner);
  await ready(world);
  return world;
}

/** What comes before the act is done: only what follows counts. */
async function ready(world: World): Promise<void> {
  world.before = await settled(world);
}

/** Whoever is asked to act: a privileged role, or the learner for themselves. */
type As = Role;
type Ask = (world: World, as: As) => Promise<Response> | Response;
/** Action, type and id of the target. */
type Left = [action: string, type: string, id: string];

interface Act {
  as: As;
  ask: Ask;
  /** What it leaves; nothing for what everybody does for themselves, and for what shows or changes nobody's data. */
  leaves: (world: World, answer: string) => Left | null;
  /** Somebody who has just registered does it to their own account. */
  isOwn?: boolean;
}

const nothing = () => null;
const userOf = (world: World, as: As) => (as === "learner" ? world.learner : world[as]);

async function send(world: World, as: As, method: string, path: string, options: Call = {}): Promise<Response> {
  return call(method, path, { token: await tokenOf(userOf(world, as), as), ...options });
}

/** The same act by several roles. */
function each(roles: readonly As[], ask: Ask, leaves: Act["leaves"]): Act[] {
  return roles.map((as) => ({ as, ask, leaves }));
}

const STAFF = ["author", "service", "admin"] as const;
const MACHINES = ["service", "admin"] as const;
const ADMIN = ["admin"] as const;

const get =
  (path: (world: World) => string): Ask =>
  (world, as) =>
    send(world, as, "GET", path(world));

const ofEnrollment =
  (action: string) =>
  (world: World): Left => [action, "enrollment", `${world.slug}:${world.learner}`];
const ofCourse =
  (action: string) =>
  (world: World): Left => [action, "course", world.slug];
const ofItem =
  (action: string, item: string) =>
  (world: World): Left => [action, "item", `${world.slug}.${item}`];
const ofUser =
  (action: string) =>
  (world: World): Left => [action, "user", world.learner];

/** The learner's course is paused. */
async function pausedLearner(world: World): Promise<void> {
  await send(world, "author", "PUT", `/enrollments/${world.slug}:${world.learner}/pause`, { body: { reason } });
  await ready(world);
}

/** The second chapter is open to the learner for what was taken back: a relock locks it. */
async function keptOpen(world: World): Promise<void> {
  await publish(ladder(world.slug, { sticky: true }), { author: world.author });
  await send(world, "learner", "GET", `/courses/${world.slug}/unlocks`);
  await send(world, "learner", "POST", `/courses/${world.slug}/chapters/${world.slug}.one/mark_as_completed`);
  const body = { item: `${world.slug}.one`, reason };
  await send(world, "author", "POST", `/enrollments/${world.slug}:${world.learner}/revocations`, { body });
  await ready(world);
}

function decided(world: World, as: As) {
  const resource = { type: "item", id: `${world.slug}.one` };
  const body = { subject: { type: "user", id: world.learner }, action: { name: "open" }, resource };
  return send(world, as, "POST", "/decisions", { body });
}

const flags =
  (key: (world: World) => string): Ask =>
  (world, as) => {
    const context = { targetingKey: world.learner, course: world.slug };
    return send(world, as, "POST", `/ofrep/v1/evaluate/flags${key(world)}`, { body: { context } });
  };
const [allFlags, oneFlag] = [flags(() => ""), flags(({ slug }) => `/${slug}.one`)];

function switchOnXapi(world: World, as: As): Promise<Response> {
  return send(world, as, "PUT", `/courses/${world.slug}/xapi`, { body: { on: true } });
}

const agent = { account: { homePage: "https://a.org", name: "a" } };
/** What requests of a record store name. */
const XAPI = {
  statement: {
    id: "0190d2f0-c0de-4a00-b1e5-00000000cafe",
    actor: agent,
    verb: { id: "https://a.org/v" },
    object: { id: "https://a.org/x" },
  },
  state: String(new URLSearchParams({ activityId: "https://a.org/x", agent: JSON.stringify(agent) })),
  activity: String(new URLSearchParams({ activityId: "https://a.org/x" })),
  agent: String(new URLSearchParams({ agent: JSON.stringify(agent) })),
};

/** A request of a record store; a form where the query names a method. */
function xapi(method: string, resource: string, query = "", body?: object | string): Act[] {
  const type = typeof body === "string" ? "application/x-www-form-urlencoded" : "application/json";
  const ask: Ask = async (world, as) => {
    await switchOnXapi(world, "author");
    await ready(world);
    return exports.default.fetch(
      new Request(`${API}/xapi/${world.slug}/${resource}?${query}`, {
        method,
        headers: {
          authorization: `Bearer ${await tokenOf(userOf(world, as), as)}`,
          "x-experience-api-version": "1.0.3",
          "if-none-match": "*",
          ...(body === undefined ? {} : { "content-type": type }),
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
    );
  };
  const isRead = method === "GET" || query === "method=GET";
  return each(MACHINES, ask, ofCourse(isRead ? "xapi.read" : "xapi.written"));
}

/** A read that shows a learner's state to staff, and a learner their own. */
function withLearner(path: (world: World) => string): Act[] {
  return [
    ...each(
      STAFF,
      get((world) => `${path(world)}?learner=${world.learner}`),
      ofEnrollment("enrollment.read"),
    ),
    { as: "learner", ask: get(path), leaves: nothing },
    { as: "author", ask: get(path), leaves: nothing },
  ];
}

/** A certificate that the learner has earned. */
async function certificateIn(world: World): Promise<string> {
  const { slug, learner, author } = world;
  await publish(ladder(slug, { certificate: { for: "item", item: `${slug}.one` } }), { author });
  await completed(slug, learner, "one");
  const answer = await call("GET", `/courses/${slug}/certificate`, { token: await tokenOf(learner) });
  const own = z.object({ certificate: z.object({ id: z.string() }) });
  return own.parse(JSON.parse(await answer.text())).certificate.id;
}

const onCertificate =
  (rest: string): Ask =>
  async (world, as) => {
    const id = await certificateIn(world);
    await ready(world);
    return send(world, as, "GET", `/certificates/${id}${rest}`);
  };

/** An answer that was wrong by the key, and is right by the key that is published since. */
async function judgedByKey(world: World): Promise<void> {
  const { slug, learner, author } = world;
  const token = await tokenOf(learner);
  const answer = await call("POST", `/problems/${slug}.p1/submissions`, { token, body: { answer: "5" } });
  await answer.body?.cancel();
  await project(slug, learner);
  const document = ladder(slug);
  for (const { problems = [] } of document.chapters ?? []) {
    for (const problem of problems) if (problem.id === `${slug}.p1`) problem.answer = { kind: "numeric", value: 5 };
  }
  await publish(document, { author });
  await ready(world);
}

const json = (name: string) => (text: string) => z.looseObject({ [name]: z.string() }).parse(JSON.parse(text))[name];

const importOf: Ask = async (world, as) =>
  sendBytes(
    "POST",
    `${API}/courses/imports?format=exercism&course=${world.slug}&name=config.json`,
    new TextEncoder().encode('{"slug":"t","language":"T","exercises":{}}'),
    {
      authorization: `Bearer ${await tokenOf(userOf(world, as), as)}`,
      "content-type": "application/octet-stream",
      "content-length": "42",
    },
  );
/** An import of this user's that has ended. */
async function endedImport(world: World, as: As): Promise<{ id: string; version: number }> {
  const begun = await importOf(world, as);
  const id = json("id")(await begun.text());
  await deliver("latchkey-imports", [{ type: "import", id: String(id) }]);
  await ready(world);
  const seen = await send(world, as, "GET", `/courses/imports/${id}`);
  return z.looseObject({ id: z.string(), version: z.int() }).parse(await seen.json());
}
/** On an import of the author's that has ended. */
const onImport =
  (rest: string, method = "GET"): Ask =>
  async (world, as) => {
    const { id } = await endedImport(world, "author");
    return send(world, as, method, `/courses/imports/${id}${rest}`);
  };
/** On the people of an import that were looked at. */
const onPeople =
  (rest: string, method: string): Ask =>
  async (world, as) => {
    const { id } = await endedImport(world, "author");
    const looked = await send(world, "author", "POST", `/courses/imports/${id}/people/roster`);
    await deliver("latchkey-imports", [{ type: "import", id: String(json("id")(await looked.text())) }]);
    await ready(world);
    return send(world, as, method, `/courses/imports/${id}/people${rest}`);
  };
const dropDraft: Ask = async (world, as) => {
  const { version } = await endedImport(world, "author");
  return send(world, as, "DELETE", `/courses/${world.slug}/drafts/${version}`);
};

const PART = new TextEncoder().encode('{"slug":"t","language":"T","exercises":{}}');
const announceUpload: Ask = (world, as) =>
  send(world, as, "POST", "/courses/imports/uploads", {
    body: { format: "exercism", course: world.slug, name: "config.json", size: PART.length },
  });
const sendPart = async (world: World, as: As, id: string) =>
  sendBytes("PUT", `${API}/courses/imports/uploads/${id}/parts/1`, PART, {
    authorization: `Bearer ${await tokenOf(userOf(world, as), as)}`,
    "content-type": "application/octet-stream",
    "content-length": String(PART.length),
  });
/** On an upload whose only part has arrived. */
const onUpload =
  (method: string, rest = ""): Ask =>
  async (world, as) => {
    const id = String(json("id")(await (await announceUpload(world, as)).text()));
    const part = await sendPart(world, as, id);
    return method === "PUT" ? part : send(world, as, method, `/courses/imports/uploads/${id}${rest}`);
  };

const setRoster = (world: World, as: As, kind = "upload") =>
  send(world, as, "PUT", `/courses/${world.slug}/roster/sources/school`, {
    body: { kind, format: "csv", address: kind === "upload" ? null : "a.csv" },
  });
/** A roster file that was sent to a source. */
const sendRoster: Ask = async (world, as) => {
  await setRoster(world, "author");
  await ready(world);
  const csv = new TextEncoder().encode(`user_id\n${world.learner}-x\n`);
  return sendBytes("POST", `${API}/courses/${world.slug}/roster/sources/school/files`, csv, {
    authorization: `Bearer ${await tokenOf(userOf(world, as), as)}`,
    "content-type": "text/csv",
    "content-length": String(csv.length),
  });
};
/** On a roster that was read, and waits to be confirmed. */
const onRoster =
  (rest: string, method = "GET"): Ask =>
  async (world, as) => {
    const id = String(json("id")(await (await sendRoster(world, "author")).text()));
    await deliver("latchkey-imports", [{ type: "roster", id }]);
    await ready(world);
    const body = method === "GET" ? {} : { body: {} };
    return send(world, as, method, `/courses/${world.slug}/roster/runs/${id}${rest}`, body);
  };

/** A file that the text of an open item names. */
const itemFile: Ask = async (world, as) => {
  const { slug, author } = world;
  const id = await courseFile(slug, author);
  const document = ladder(slug);
  const [first] = document.chapters ?? [];
  if (first !== undefined) first.content = { en: `[notes](/files/${id})` };
  await publish(document, { author });
  await ready(world);
  return send(world, as, "GET", `/courses/${slug}/items/${slug}.one/files/${id}`);
};

/** A problem that is complete when its learner says so. */
const markedProblem: Ask = async (world, as) => {
  const document = ladder(world.slug);
  const [problem] = document.chapters?.[0]?.problems ?? [];
  if (problem !== undefined) problem.completion = { mark: true };
  await publish(document, { author: world.author });
  await send(world, as, "GET", `/courses/${world.slug}/unlocks`);
  await ready(world);
  return send(world, as, "POST", `/problems/${world.slug}.p1/mark_as_completed`);
};

async function fileOf(world: World): Promise<string> {
  const answer = await upload(new TextEncoder().encode("hello"), { user: world.learner });
  return String(json("id")(await answer.text()));
}
/** A submission with a file, of a problem that asks for one. */
const submittedFile: Ask = async (world, as) => {
  const document = ladder(world.slug);
  const [problem] = document.chapters?.[0]?.problems ?? [];
  if (problem !== undefined) {
    problem.question = { kind: "file" };
    problem.answer = null;
  }
  await publish(document, { author: world.author });
  await send(world, "learner", "GET", `/courses/${world.slug}/unlocks`);
  const file = await fileOf(world);
  const token = await tokenOf(world.learner);
  const answer = await call("POST", `/problems/${world.slug}.p1/submissions`, { token, body: { files: [file] } });
  const submission = String(json("submission_id")(await answer.text()));
  await ready(world);
  return send(world, as, "GET", `/submissions/${submission}/files/${file}`);
};
async function announced(world: World, user = world.learner): Promise<{ id: string; url: string }> {
  const body = {
    name: "later.txt",
    content_type: "text/plain",
    size: 5,
    sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
  };
  const token = await tokenOf(user);
  const answer = await call("POST", "/storage/files/upload-url", { token, body });
  const view = z.object({ file: z.object({ id: z.string() }), upload: z.object({ url: z.string() }) });
  const { file, upload: address } = view.parse(await answer.json());
  return { id: file.id, url: address.url };
}
const onFile =
  (method: string, rest = ""): Ask =>
  async (world, as) =>
    send(world, as, method, `/storage/files/${await fileOf(world)}${rest}`);
const makeKey: Ask = (world, as) =>
  send(world, as, "POST", "/keys", { body: { name: "grader", scopes: ["verdicts"], courses: [world.slug] } });
const onKey =
  (method: string, rest = ""): Ask =>
  async (world, as) => {
    const made = await makeKey(world, "admin");
    const { id } = z.looseObject({ id: z.string() }).parse(await made.json());
    await ready(world);
    return send(world, as, method, `/keys/${id}${rest}`, method === "POST" ? { body: {} } : {});
  };
/** The key of the act: its id is fresh, so only its kind is compared. */
const keyLeft = (action: string) => (): Left => [action, "key", ANY];
/** The subscription of the act: the same. */
const hookLeft = (action: string) => (): Left => [action, "webhook", ANY];
const HOOK = { url: "https://receiver.example.org/x", types: ["course.published"] };
const makeHook: Ask = (world, as) => send(world, as, "POST", `/courses/${world.slug}/webhooks`, { body: HOOK });
/** On a subscription of the course, to which something was delivered: nobody is there, so it waits. */
const onHook =
  (method: string, rest = "", body?: object): Ask =>
  async (world, as) => {
    const made = await makeHook(world, "author");
    const id = String(json("id")(await made.text()));
    await ready(world);
    return send(world, as, method, `/webhooks/${id}${rest}`, body === undefined ? {} : { body });
  };
const replayOne: Ask = async (world, as) => {
  const id = String(json("id")(await (await makeHook(world, "author")).text()));
  const event = `evt_${"0".repeat(32)}`;
  const page = JSON.stringify([
    { id: event, type: "course.published", course: world.slug, about: world.slug, at: 1, data: {}, since: 1 },
  ]);
  await env.DB.prepare(
    "INSERT INTO webhook_pages (subscription, seq, events, due_at, created_at) VALUES (?, 1, ?, 1, 1)",
  )
    .bind(id, page)
    .run();
  await ready(world);
  return send(world, as, "POST", `/webhooks/${id}/deliveries/0.1.${event}/replay`);
};
/** The file of the act: its id is fresh, so only its kind is compared. */
const fileLeft = (action: string) => (): Left => [action, "file", ANY];
const ANY = "(any)";

const session = (world: World, version = 1) => ({
  session_id: world.session,
  version,
  status: "processing",
  title: "A novel",
  source_language: "en",
  target_language: "zh",
});
const task = (world: World) => ({
  task_id: `${world.session}:1`,
  session_id: world.session,
  version: 1,
  status: "pending",
  source_text: "text",
});
async function writeSession(world: World): Promise<void> {
  const token = await tokenOf(world.learner);
  await call("POST", "/translation/sessions/batch", { token, body: { sessions: [session(world)] } });
  await call("POST", "/translation/tasks/batch", { token, body: { tasks: [task(world)] } });
}
const onRecord =
  (method: string, path: (world: World) => string): Ask =>
  async (world, as) => {
    await writeSession(world);
    return send(world, as, method, path(world));
  };
const recordLeft =
  (action: string) =>
  (world: World): Left => [action, "translation_session", world.session];

async function eventInLog(world: World): Promise<string> {
  const id = crypto.randomUUID();
  await env.DB.prepare(
    `INSERT INTO event_log (id, user_id, at, type, level, priority, roles, data)
     VALUES (?, ?, 1, 'system.notification', 'info', 'normal', NULL, '{"title":"again"}')`,
  )
    .bind(id, world.learner)
    .run();
  return id;
}

async function pending(world: World): Promise<string> {
  const token = await tokenOf(world.learner);
  const answer = await call("POST", `/problems/${world.slug}.p2/submissions`, { token, body: { answer: "x" } });
  return String(json("submission_id")(await answer.text()));
}

/** Registers somebody with an account. */
async function account(): Promise<{ id: string; email: string; token: string; session_token: string }> {
  const { user, access_token: token, session_token } = await signUp();
  return { id: user.id, email: user.email, token, session_token };
}
const onAccount =
  (method: string, path: (id: string) => string, body?: object): Ask =>
  async (world, as) => {
    const person = await account();
    return send(world, as, method, path(person.id), body === undefined ? {} : { body });
  };
/** What somebody does to a way into their own account: that is audited too. The last entry counts; preparing may leave others. */
const own = (ask: Ask, action: string): Act[] => [{ as: "learner", isOwn: true, ask, leaves: accountLeft(action) }];

const optionsIn = async (answer: Response) =>
  z.object({ challenge: z.string(), options: z.looseObject({ challenge: z.string() }) }).parse(await answer.json());

/** A passkey that somebody has just added. */
async function addedPasskey() {
  const { token } = await account();
  const key = await Authenticator.of("http://latchkey.test");
  const begun = await call("POST", "/auth/passkeys/options", { token, body: { password: PASSWORD } });
  const { challenge, options } = await optionsIn(begun);
  const body = { challenge, name: "Phone", credential: await key.make(options.challenge) };
  return { token, key, added: await call("POST", "/auth/passkeys", { token, body }) };
}

/** A second factor that somebody has just confirmed. */
async function confirmedFactor() {
  const { email, token } = await account();
  const begun = await call("POST", "/auth/second-factor", { token, body: { password: PASSWORD } });
  const app = appOf(json("secret")(await begun.text()) ?? "");
  const body = { code: await app(-1) };
  return { email, token, app, confirmed: await call("POST", "/auth/second-factor/confirm", { token, body }) };
}

const accountLeft = (action: string) => (): Left => [action, "user", ANY];

async function setMember(world: World, role: "co_author" | "grader"): Promise<void> {
  await send(world, "author", "PUT", `/courses/${world.slug}/members/helper-${world.slug}`, { body: { role } });
  await ready(world);
}

async function invitation(world: World): Promise<{ id: string; token: string }> {
  const made = await send(world, "author", "POST", `/courses/${world.slug}/invitations`, { body: {} });
  return z.looseObject({ id: z.string(), token: z.string() }).parse(await made.json());
}

const reason = "for the test of the audit log";
const override = { kind: "unlock", reason };
const event = (world: World, to: object) => ({
  events: [{ key: crypto.randomUUID(), to, type: "system.notification", data: { title: world.slug } }],
});
const fact = (world: World) => ({
  facts: [{ user_id: world.learner, item: `${world.slug}.three`, completed: true, at: new Date().toISOString() }],
});

/** Shows or changes numbers of the system, content of courses, or nothing of anybody. */
let retiredKey = "";
const setPlatform: Ask = (world, as) => {
  const at = `https://${world.slug}.example.org`;
  const urls = { auth_url: `${at}/auth`, token_url: `${at}/token`, jwks_url: `${at}/jwks` };
  return send(world, as, "PUT", `/lti/platforms/${world.slug.slice(-8)}`, {
    body: { name: "School", issuer: at, client_id: "c", ...urls },
  });
};
const onPlatform =
  (method: string, rest: string, body?: object): Ask =>
  async (world, as) => {
    await (await setPlatform(world, "admin")).body?.cancel();
    await ready(world);
    return send(world, as, method, `/lti/platforms/${world.slug.slice(-8)}${rest}`, body === undefined ? {} : { body });
  };
/** On the gradebook of a course there, as a launch would have made it known. */
const onGradebook: Ask = async (world, as) => {
  await (await setPlatform(world, "admin")).body?.cancel();
  const at = `https://${world.slug}.example.org`;
  await env.DB.prepare(
    `INSERT INTO lti_contexts (platform, deployment, context, course_slug, members_url, due_at, columns_url)
      VALUES (?, 'd', 'c', ?, '', 9007199254740991, ?) ON CONFLICT DO NOTHING`,
  )
    .bind(world.slug.slice(-8), world.slug, `${at}/columns`)
    .run();
  await ready(world);
  const body = { deployment: "d", context: "c", course: world.slug, columns: [] };
  return send(world, as, "PUT", `/lti/platforms/${world.slug.slice(-8)}/results`, { body });
};
const ltiLeft =
  (action: string) =>
  (world: World): Left => [action, "lti", world.slug.slice(-8)];

const open = (...acts: [As, Ask][]): Act[] => acts.map(([as, ask]) => ({ as, ask, leaves: nothing }));

/** On a provider that an admin has set, and that answers for as long. */
const onProvider =
  (act: (name: string, fake: FakeProvider, world: World, as: As) => Promise<Response>): Ask =>
  (world, as) =>
    withProvider(async (fake) => {
      const name = await setProvider(fake);
      await ready(world);
      const answer = await act(name, fake, world, as);
      await removeProviders();
      return answer;
    });
const providerBody = ({ issuer }: FakeProvider) => ({ label: "School", issuer, client_id: CLIENT });
/** Somebody whom the directory has sent. */
const onPerson =
  (method: string, change?: object): Ask =>
  async (world, as) => {
    const sent = person();
    const made = await send(world, "service", "POST", "/scim/v2/Users", { body: sent });
    const { id } = z.looseObject({ id: z.string() }).parse(await made.json());
    await ready(world);
    const body = method === "PATCH" ? change : { ...sent, ...change };
    return send(world, as, method, `/scim/v2/Users/${id}`, change === undefined ? {} : { body });
  };
const onGroup =
  (method: string, body?: object): Ask =>
  async (world, as) => {
    const displayName = crypto.randomUUID();
    const made = await send(world, "service", "POST", "/scim/v2/Groups", { body: { displayName } });
    const { id } = z.looseObject({ id: z.string() }).parse(await made.json());
    await ready(world);
    return send(world, as, method, `/scim/v2/Groups/${id}`, body === undefined ? {} : { body });
  };
const SERVICE = ["service"] as const;

const placeOf = (slug: string) => `place-${slug}`;
/** An organisation with one person in it. @returns who it is. */
async function placeWith(world: World, isManager = false): Promise<string> {
  const place = placeOf(world.slug);
  const email = `${crypto.randomUUID()}@example.org`;
  await send(world, "admin", "PUT", `/organizations/${place}`, { body: { name: "Place" } });
  const made = await send(world, "admin", "POST", `/organizations/${place}/people`, { body: { email, name: "One" } });
  const { id } = z.looseObject({ id: z.string() }).parse(await made.json());
  if (isManager) await send(world, "admin", "PUT", `/organizations/${place}/managers/${id}`);
  await ready(world);
  return id;
}

function onPlace(
  method: string,
  path: string | ((user: string) => string) = "",
  body?: object,
  isManager = false,
): Ask {
  return async (world, as) => {
    const id = await placeWith(world, isManager);
    const rest = typeof path === "string" ? path : path(id);
    return send(world, as, method, `/organizations/${placeOf(world.slug)}${rest}`, body === undefined ? {} : { body });
  };
}

/** One act of a batch on somebody of an organisation; who is to be returned was suspended before. */
function actOn(act: { act: string; [field: string]: unknown }): Ask {
  return async (world, as) => {
    const user_id = await placeWith(world);
    if (act.act === "return") {
      const users = [{ user_id, act: "suspend", reason }];
      await send(world, "admin", "POST", "/users/batch", { body: { users } });
      await ready(world);
    }
    return send(world, as, "POST", "/users/batch", { body: { users: [{ user_id, ...act }] } });
  };
}

const PLAN: Record<string, Act[]> = {
  "GET /auth/sign-on": open(["learner", () => call("GET", "/auth/sign-on")]),
  "POST /auth/sign-on/{provider}/begin": open([
    "learner",
    onProvider((name) => call("POST", `/auth/sign-on/${name}/begin`)),
  ]),
  "POST /auth/sign-on/{provider}/complete": own(
    onProvider((name, fake) => signOn(name, fake)),
    "user.created",
  ),
  "GET /identity-providers": open(["admin", get(() => "/identity-providers")]),
  "PUT /identity-providers/{provider}": each(
    ADMIN,
    onProvider((name, fake, world, as) =>
      send(world, as, "PUT", `/identity-providers/${name}`, { body: providerBody(fake) }),
    ),
    () => ["identity_provider.set", "identity_provider", ANY],
  ),
  "DELETE /identity-providers/{provider}": each(
    ADMIN,
    onProvider((name, _fake, world, as) => send(world, as, "DELETE", `/identity-providers/${name}`)),
    () => ["identity_provider.removed", "identity_provider", ANY],
  ),
  "GET /group-rules/{source}": open(["admin", get(() => "/group-rules/scim")]),
  "PUT /group-rules/{source}": each(
    ADMIN,
    (world, as) => send(world, as, "PUT", "/group-rules/scim", { body: { rules: [] } }),
    () => ["group_rules.set", "group_rules", "scim"],
  ),
  // What this service says of itself; and what a directory reads is what it has sent.
  "GET /scim/v2/ServiceProviderConfig": open(["service", get(() => "/scim/v2/ServiceProviderConfig")]),
  "GET /scim/v2/ResourceTypes": open(["service", get(() => "/scim/v2/ResourceTypes")]),
  "GET /scim/v2/ResourceTypes/{id}": open(["service", get(() => "/scim/v2/ResourceTypes/User")]),
  "GET /scim/v2/Schemas": open(["service", get(() => "/scim/v2/Schemas")]),
  "GET /scim/v2/Schemas/{id}": open([
    "service",
    get(() => "/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"),
  ]),
  "GET /scim/v2/Users": open(["service", get(() => "/scim/v2/Users?count=1")]),
  "GET /scim/v2/Users/{id}": open(["service", onPerson("GET")]),
  "POST /scim/v2/Users": each(
    SERVICE,
    (world, as) => send(world, as, "POST", "/scim/v2/Users", { body: person() }),
    accountLeft("user.created"),
  ),
  "PUT /scim/v2/Users/{id}": each(
    SERVICE,
    onPerson("PUT", { displayName: "Amazing Grace" }),
    accountLeft("user.renamed"),
  ),
  "PATCH /scim/v2/Users/{id}": each(
    SERVICE,
    onPerson("PATCH", patch({ op: "replace", path: "active", value: false })),
    accountLeft("user.banned"),
  ),
  "DELETE /scim/v2/Users/{id}": each(SERVICE, onPerson("DELETE"), accountLeft("user.banned")),
  // Whom a group brings into a course, or takes out of it, stands in the log when it happens.
  "GET /scim/v2/Groups": open(["service", get(() => "/scim/v2/Groups?count=1")]),
  "GET /scim/v2/Groups/{id}": open(["service", onGroup("GET")]),
  "POST /scim/v2/Groups": open([
    "service",
    (world, as) => send(world, as, "POST", "/scim/v2/Groups", { body: { displayName: crypto.randomUUID() } }),
  ]),
  "PUT /scim/v2/Groups/{id}": open(["service", onGroup("PUT", { displayName: crypto.randomUUID() })]),
  "PATCH /scim/v2/Groups/{id}": open([
    "service",
    onGroup("PATCH", patch({ op: "replace", path: "externalId", value: "x" })),
  ]),
  "DELETE /scim/v2/Groups/{id}": open(["service", onGroup("DELETE")]),
  "GET /audit/logs": each(
    ADMIN,
    get(() => "/audit/logs"),
    () => ["audit.read", "audit_chain", "main"],
  ),
  // What is reported is itself the entry.
  "POST /audit/logs/batch": each(
    MACHINES,
    (world, as) =>
      send(world, as, "POST", "/audit/logs/batch", {
        body: {
          entries: [
            {
              key: world.slug,
              action: "job.finished",
              occurred_at: new Date().toISOString(),
              actor: { id: userOf(world, as), role: as },
              target: { type: "job", id: world.slug },
            },
          ],
        },
      }),
    (world) => ["job.finished", "job", world.slug],
  ),
  "GET /audit/logs/export": each(
    ADMIN,
    get(() => "/audit/logs/export?format=csv"),
    () => ["audit.exported", "audit_chain", "main"],
  ),
  // Nothing is a year old: nothing is removed. What a purge leaves is tested in tamper.test.ts.
  "POST /audit/purge": open([
    "admin",
    (world, as) => send(world, as, "POST", "/audit/purge", { body: { before: "2020-01-01T00:00:00Z" } }),
  ]),
  "GET /audit/stats": open(["admin", get(() => "/audit/stats")]),
  "GET /audit/verify": open(["admin", get(() => "/audit/verify")]),

  // Who makes the first administrator has no role yet; what that leaves is tested in bootstrap.test.ts.
  "POST /auth/bootstrap": open(["learner", () => call("POST", "/auth/bootstrap", { body: { secret: "none" } })]),
  "GET /auth/account": open(["learner", async () => call("GET", "/auth/account", { token: (await account()).token })]),
  "DELETE /auth/devices/{id}": own(async () => {
    const { email, token } = await account();
    const { app } = await secondFactorOf(token);
    const { challenge } = await stepIn(await signIn(email));
    await call("POST", "/auth/sign-in/second-factor", {
      body: { challenge, code: await app(), trust_device: true },
    });
    const { devices } = z
      .looseObject({ devices: z.array(z.object({ id: z.string() })) })
      .parse(await (await call("GET", "/auth/account", { token })).json());
    return call("DELETE", `/auth/devices/${devices[0]?.id}`, { token });
  }, "user.second_factor_set"),
  "POST /auth/email": open([
    "learner",
    async () => {
      const { email, token } = await account();
      return call("POST", "/auth/email", { token, body: { email } });
    },
  ]),
  "POST /auth/email/complete": own(async () => {
    const { email, token } = await account();
    await withMail("POST", "/auth/email", { token, body: { email } });
    return call("POST", "/auth/email/complete", { token, body: { token: await linkTo(email, "verify") } });
  }, "user.email_verified"),
  "POST /auth/launch": open([
    "learner",
    async () => {
      const launch = await openLaunch(env, (await account()).id, "/courses", "launch", Date.now());
      return call("POST", "/auth/launch", { body: { token: launch.ok ? launch.value : "" } });
    },
  ]),
  // What platforms may do is the operator's; what they do with it is in the log as enrollments and members.
  "GET /lti/tool": open(["admin", get(() => "/lti/tool")]),
  "GET /lti/platforms": open(["admin", get(() => "/lti/platforms")]),
  "GET /lti/platforms/{platform}": open(["admin", onPlatform("GET", "")]),
  "POST /lti/keys": each(
    ADMIN,
    (world, as) => send(world, as, "POST", "/lti/keys"),
    () => ["lti.key_rotated", "lti", "keys"],
  ),
  "DELETE /lti/keys/{kid}": each(
    ADMIN,
    async (world, as) => {
      await (await exports.default.fetch("http://latchkey.test/lti/jwks.json")).body?.cancel();
      const tool = await send(world, "admin", "GET", "/lti/tool");
      const { keys } = z.looseObject({ keys: z.array(z.object({ kid: z.string() })) }).parse(await tool.json());
      retiredKey = keys.at(-1)?.kid ?? "";
      return send(world, as, "DELETE", `/lti/keys/${retiredKey}`);
    },
    () => ["lti.key_retired", "lti", retiredKey],
  ),
  "PUT /lti/platforms/{platform}": each(ADMIN, setPlatform, ltiLeft("lti.platform_set")),
  "DELETE /lti/platforms/{platform}": each(ADMIN, onPlatform("DELETE", ""), ltiLeft("lti.platform_removed")),
  "POST /lti/registrations": each(
    ADMIN,
    (world, as) =>
      send(world, as, "POST", "/lti/registrations", { body: { platform: world.slug.slice(-8), name: "School" } }),
    ltiLeft("lti.registration_opened"),
  ),
  "POST /lti/platforms/{platform}/sync": each(ADMIN, onPlatform("POST", "/sync", {}), ltiLeft("lti.members_asked")),
  "POST /lti/platforms/{platform}/results": each(ADMIN, onPlatform("POST", "/results"), ltiLeft("lti.results_asked")),
  "PUT /lti/platforms/{platform}/results": each(ADMIN, onGradebook, ltiLeft("lti.results_set")),
  "POST /lti/platforms/{platform}/resend": each(ADMIN, onPlatform("POST", "/resend"), ltiLeft("lti.scores_resent")),
  "POST /auth/passkeys": own(async () => (await addedPasskey()).added, "user.passkey_added"),
  "POST /auth/passkeys/options": open([
    "learner",
    async () =>
      call("POST", "/auth/passkeys/options", { token: (await account()).token, body: { password: PASSWORD } }),
  ]),
  "DELETE /auth/passkeys/{id}": own(async () => {
    const { token, added } = await addedPasskey();
    return call("DELETE", `/auth/passkeys/${json("id")(await added.text())}`, { token });
  }, "user.passkey_removed"),
  "POST /auth/recovery": open([
    "learner",
    () => call("POST", "/auth/recovery", { body: { email: "nobody@example.org" } }),
  ]),
  "POST /auth/recovery/complete": own(async () => {
    const { email } = await account();
    await withMail("POST", "/auth/recovery", { body: { email } });
    const body = { token: await linkTo(email, "recover"), new_password: "another horse battery" };
    return call("POST", "/auth/recovery/complete", { body });
  }, "user.password_reset"),
  "POST /auth/second-factor": open([
    "learner",
    async () => call("POST", "/auth/second-factor", { token: (await account()).token, body: { password: PASSWORD } }),
  ]),
  "POST /auth/second-factor/confirm": own(async () => (await confirmedFactor()).confirmed, "user.second_factor_set"),
  "POST /auth/second-factor/backup-codes": own(async () => {
    const { token, app } = await confirmedFactor();
    return call("POST", "/auth/second-factor/backup-codes", { token, body: { code: await app() } });
  }, "user.second_factor_set"),
  "DELETE /auth/second-factor": own(async () => {
    const { token, app } = await confirmedFactor();
    return call("DELETE", "/auth/second-factor", { token, body: { code: await app() } });
  }, "user.second_factor_removed"),
  "POST /auth/sign-in/link": open([
    "learner",
    () => call("POST", "/auth/sign-in/link", { body: { email: "nobody@example.org" } }),
  ]),
  "POST /auth/sign-in/link/complete": open([
    "learner",
    async () => {
      const { email } = await account();
      await withMail("POST", "/auth/sign-in/link", { body: { email } });
      return call("POST", "/auth/sign-in/link/complete", { body: { token: await linkTo(email, "link") } });
    },
  ]),
  "POST /auth/sign-in/passkey": own(async () => {
    const { key } = await addedPasskey();
    const { challenge, options } = await optionsIn(await call("POST", "/auth/sign-in/passkey/options"));
    return call("POST", "/auth/sign-in/passkey", {
      body: { challenge, credential: await key.show(options.challenge) },
    });
  }, "user.passkey_added"),
  "POST /auth/sign-in/passkey/options": open(["learner", () => call("POST", "/auth/sign-in/passkey/options")]),
  "POST /auth/sign-in/second-factor": own(async () => {
    const { email, app } = await confirmedFactor();
    const { challenge } = await stepIn(await signIn(email));
    return call("POST", "/auth/sign-in/second-factor", { body: { challenge, code: await app() } });
  }, "user.second_factor_set"),
  "GET /auth/ways": open(["learner", () => call("GET", "/auth/ways")]),
  "GET /system/mails": open(["learner", () => call("GET", "/system/mails")]),
  "DELETE /users/{id}/sign-in-ways": each(
    ADMIN,
    onAccount("DELETE", (id) => `/users/${id}/sign-in-ways`),
    accountLeft("user.sign_in_reset"),
  ),
  "POST /auth/password": [
    {
      as: "learner",
      ask: async () => {
        const { token } = await account();
        const body = { password: PASSWORD, new_password: "another horse battery" };
        return call("POST", "/auth/password", { token, body });
      },
      leaves: nothing,
    },
  ],
  "DELETE /auth/sessions": open(["learner", (world, as) => send(world, as, "DELETE", "/auth/sessions")]),
  "GET /auth/sessions": open(["learner", get(() => "/auth/sessions")]),
  "DELETE /auth/sessions/{id}": open([
    "learner",
    async () => {
      const { token } = await account();
      const list = await call("GET", "/auth/sessions", { token });
      const { results } = z.object({ results: z.array(z.object({ id: z.string() })) }).parse(await list.json());
      return call("DELETE", `/auth/sessions/${results[0]?.id}`, { token });
    },
  ]),
  "POST /auth/sign-in": open([
    "learner",
    async () => {
      const { email } = await account();
      return call("POST", "/auth/sign-in", { body: { email, password: PASSWORD } });
    },
  ]),
  "POST /auth/sign-out": open([
    "learner",
    async () => {
      const { session_token } = await account();
      return call("POST", "/auth/sign-out", { body: { session_token } });
    },
  ]),
  "POST /auth/sign-up": open([
    "learner",
    () => {
      const body = { email: `${crypto.randomUUID()}@example.org`, name: "New", password: PASSWORD };
      return call("POST", "/auth/sign-up", { body });
    },
  ]),
  "POST /auth/sse-token": open(["learner", (world, as) => send(world, as, "POST", "/auth/sse-token")]),
  "POST /auth/token": open([
    "learner",
    async () => {
      const { session_token } = await account();
      return call("POST", "/auth/token", { body: { session_token } });
    },
  ]),

  "GET /chapters/{chapter}/problems": withLearner(({ slug }) => `/chapters/${slug}.one/problems`),
  "GET /courses": open(["learner", get(() => "/courses")], ["admin", get(() => "/courses")]),
  "POST /courses": each(
    ["author", "admin"],
    (world, as) => send(world, as, "POST", "/courses", { body: { slug: `${world.slug}-new`, title: "New" } }),
    (world) => ["course.created", "course", `${world.slug}-new`],
  ),
  "GET /courses/{course}": open(["learner", get(({ slug }) => `/courses/${slug}`)]),
  "GET /courses/{course}/chapters": withLearner(({ slug }) => `/courses/${slug}/chapters`),
  "GET /courses/{course}/chapters/{chapter}": withLearner(({ slug }) => `/courses/${slug}/chapters/${slug}.one`),
  "POST /courses/{course}/chapters/{chapter}/mark_as_completed": open([
    "learner",
    (world, as) => send(world, as, "POST", `/courses/${world.slug}/chapters/${world.slug}.one/mark_as_completed`),
  ]),
  "POST /problems/{problem}/mark_as_completed": open(["learner", markedProblem]),
  "DELETE /courses/{course}/enrollments": [
    ...each(
      STAFF,
      (world, as) => send(world, as, "DELETE", `/courses/${world.slug}/enrollments?user_id=${world.learner}`),
      ofEnrollment("enrollment.withdrawn"),
    ),
    ...open(["learner", (world, as) => send(world, as, "DELETE", `/courses/${world.slug}/enrollments`)]),
  ],
  "GET /courses/{course}/enrollments": each(
    STAFF,
    get(({ slug }) => `/courses/${slug}/enrollments`),
    ofCourse("roster.read"),
  ),
  "POST /courses/{course}/enrollments": [
    ...each(
      STAFF,
      (world, as) =>
        send(world, as, "POST", `/courses/${world.slug}/enrollments`, { body: { user_id: `${world.learner}-x` } }),
      (world) => ["enrollment.created", "enrollment", `${world.slug}:${world.learner}-x`],
    ),
    ...open([
      "learner",
      async ({ slug }) =>
        call("POST", `/courses/${slug}/enrollments`, { token: await tokenOf("somebody-new"), body: {} }),
    ]),
  ],
  "POST /courses/{course}/enrollments/batch": each(
    STAFF,
    (world, as) =>
      send(world, as, "POST", `/courses/${world.slug}/enrollments/batch`, {
        body: { enrollments: [{ user_id: `${world.learner}-x` }] },
      }),
    (world) => ["enrollment.created", "enrollment", `${world.slug}:${world.learner}-x`],
  ),
  "GET /courses/{course}/insight/at-risk": each(
    STAFF,
    get(({ slug }) => `/courses/${slug}/insight/at-risk`),
    ofCourse("insight.read"),
  ),
  "POST /courses/{course}/insight/learners": each(
    STAFF,
    (world, as) =>
      send(world, as, "POST", `/courses/${world.slug}/insight/learners`, {
        body: { learners: [{ user_id: world.learner, passed: true }] },
      }),
    ofCourse("insight.learners_told"),
  ),
  "PUT /courses/{course}/insight/schedule": each(
    STAFF,
    (world, as) =>
      send(world, as, "PUT", `/courses/${world.slug}/insight/schedule`, {
        body: { module: "M", period: "2026", starts_at: "2026-01-01T00:00:00Z", length_days: 100, assessments: [] },
      }),
    ofCourse("insight.scheduled"),
  ),
  "GET /courses/{course}/next": withLearner(({ slug }) => `/courses/${slug}/next`),
  "GET /courses/{course}/search": open(["learner", get(({ slug }) => `/courses/${slug}/search?q=one`)]),
  "GET /courses/{course}/notices": open(["learner", get(({ slug }) => `/courses/${slug}/notices`)]),
  "PUT /courses/{course}/notices/read": open([
    "learner",
    (world, as) =>
      send(world, as, "PUT", `/courses/${world.slug}/notices/read`, { body: { until: "2026-01-01T00:00:00Z" } }),
  ]),
  "POST /courses/{course}/messages": each(
    ["author", "admin"],
    (world, as) =>
      send(world, as, "POST", `/courses/${world.slug}/messages`, {
        body: { user_ids: [world.learner], text: "Hello." },
      }),
    ofUser("learner.messaged"),
  ),
  "GET /courses/{course}/places": open(["learner", get(({ slug }) => `/courses/${slug}/places`)]),
  "PUT /courses/{course}/places/{item}": open([
    "learner",
    (world, as) => send(world, as, "PUT", `/courses/${world.slug}/places/${world.slug}.one`, { body: { place: 5 } }),
  ]),
  "GET /courses/{course}/calendar": open(["learner", get(({ slug }) => `/courses/${slug}/calendar`)]),
  "PUT /courses/{course}/calendar": open([
    "learner",
    (world, as) => send(world, as, "PUT", `/courses/${world.slug}/calendar`),
  ]),
  "DELETE /courses/{course}/calendar": open([
    "learner",
    (world, as) => send(world, as, "DELETE", `/courses/${world.slug}/calendar`),
  ]),
  // Whoever has the address of a calendar or a certificate reads it.
  "GET /calendars/{file}": open([
    "learner",
    async (world, as) => {
      const made = await send(world, as, "PUT", `/courses/${world.slug}/calendar`);
      const { address } = z.object({ address: z.string() }).parse(JSON.parse(await made.text()));
      return send(world, as, "GET", address.slice(address.indexOf("/calendars/")));
    },
  ]),
  "GET /courses/{course}/certificate": open(["learner", get(({ slug }) => `/courses/${slug}/certificate`)]),
  "GET /courses/{course}/certificates": each(
    ["author", "admin"],
    get(({ slug }) => `/courses/${slug}/certificates`),
    ofCourse("roster.read"),
  ),
  "POST /courses/{course}/certificates/{id}/revoke": each(
    ["author", "admin"],
    async (world, as) => {
      const id = await certificateIn(world);
      await ready(world);
      return send(world, as, "POST", `/courses/${world.slug}/certificates/${id}/revoke`, {
        body: { reason: "copied" },
      });
    },
    ofUser("certificate.revoked"),
  ),
  "GET /certificates/{id}": open(["learner", onCertificate("")]),
  "GET /certificates/{id}/credential": open(["learner", onCertificate("/credential")]),
  "GET /certificates/status/{list}": open(["learner", get(() => "/certificates/status/0")]),
  "GET /observed": open(["learner", get(() => "/observed")]),
  "GET /courses/{course}/class": each(
    STAFF,
    get(({ slug }) => `/courses/${slug}/class`),
    ofCourse("roster.read"),
  ),
  "GET /courses/{course}/class/export": each(
    STAFF,
    get(({ slug }) => `/courses/${slug}/class/export`),
    ofCourse("roster.read"),
  ),
  "GET /courses/{course}/class/counts": each(
    STAFF,
    get(({ slug }) => `/courses/${slug}/class/counts`),
    ofCourse("roster.read"),
  ),
  "GET /courses/{course}/people": each(
    ["author", "admin"],
    get(({ slug }) => `/courses/${slug}/people`),
    ofCourse("roster.read"),
  ),
  "GET /courses/{course}/cohorts": each(
    ["author", "admin"],
    get(({ slug }) => `/courses/${slug}/cohorts`),
    ofCourse("roster.read"),
  ),
  "GET /courses/{course}/members": each(
    ["author", "admin"],
    get(({ slug }) => `/courses/${slug}/members`),
    ofCourse("roster.read"),
  ),
  "GET /courses/{course}/observers": each(
    ["author", "admin"],
    get(({ slug }) => `/courses/${slug}/observers`),
    ofCourse("roster.read"),
  ),
  "PUT /courses/{course}/members/{user}": each(
    ["author", "admin"],
    (world, as) =>
      send(world, as, "PUT", `/courses/${world.slug}/members/helper-${world.slug}`, { body: { role: "grader" } }),
    ({ slug }) => ["course.member_set", "user", `helper-${slug}`],
  ),
  "DELETE /courses/{course}/members/{user}": each(
    ["author", "admin"],
    async (world, as) => {
      await setMember(world, "grader");
      return send(world, as, "DELETE", `/courses/${world.slug}/members/helper-${world.slug}`);
    },
    ({ slug }) => ["course.member_removed", "user", `helper-${slug}`],
  ),
  "POST /courses/{course}/members/batch": each(
    ["author", "admin"],
    (world, as) =>
      send(world, as, "POST", `/courses/${world.slug}/members/batch`, {
        body: { members: [{ user_id: `helper-${world.slug}`, role: "co_author" }] },
      }),
    ({ slug }) => ["course.member_set", "user", `helper-${slug}`],
  ),
  "PUT /courses/{course}/owner": each(
    ["author", "admin"],
    async (world, as) => {
      await setMember(world, "co_author");
      return send(world, as, "PUT", `/courses/${world.slug}/owner`, { body: { user_id: `helper-${world.slug}` } });
    },
    ({ slug }) => ["course.owner_changed", "user", `helper-${slug}`],
  ),
  "PUT /courses/{course}/observers/{user}/learners/{learner}": each(
    ["author", "admin"],
    (world, as) => send(world, as, "PUT", `/courses/${world.slug}/observers/parent/learners/${world.learner}`),
    () => ["course.observer_set", "user", "parent"],
  ),
  "DELETE /courses/{course}/observers/{user}/learners/{learner}": each(
    ["author", "admin"],
    async (world, as) => {
      const path = `/courses/${world.slug}/observers/parent/learners/${world.learner}`;
      await send(world, "author", "PUT", path);
      await ready(world);
      return send(world, as, "DELETE", path);
    },
    () => ["course.observer_removed", "user", "parent"],
  ),
  "POST /courses/{course}/people/batch": each(
    ["author", "admin"],
    (world, as) =>
      send(world, as, "POST", `/courses/${world.slug}/people/batch`, {
        body: { people: [{ user_id: `${world.learner}-x` }] },
      }),
    ({ slug, learner }) => ["enrollment.created", "enrollment", `${slug}:${learner}-x`],
  ),
  "PUT /courses/{course}/roster": each(
    ["author", "admin"],
    (world, as) =>
      send(world, as, "PUT", `/courses/${world.slug}/roster`, { body: { csv: `user_id\n${world.learner}-x\n` } }),
    ({ slug, learner }) => ["enrollment.created", "enrollment", `${slug}:${learner}-x`],
  ),
  // What a course keeps of other systems: who reads and writes it leaves one entry a day.
  "GET /courses/{course}/xapi": open(["author", get(({ slug }) => `/courses/${slug}/xapi`)]),
  "PUT /courses/{course}/xapi": each(["author", "admin"], switchOnXapi, ofCourse("xapi.changed")),
  "GET /system/xapi": open(["admin", get(() => "/system/xapi")]),
  "GET /xapi/{course}/about": open(["learner", get(({ slug }) => `/xapi/${slug}/about`)]),
  "GET /xapi/{course}/statements": xapi("GET", "statements"),
  "PUT /xapi/{course}/statements": xapi("PUT", "statements", `statementId=${XAPI.statement.id}`, XAPI.statement),
  "POST /xapi/{course}/statements": xapi("POST", "statements", "", XAPI.statement),
  "GET /xapi/{course}/activities/state": xapi("GET", "activities/state", XAPI.state),
  "PUT /xapi/{course}/activities/state": xapi("PUT", "activities/state", `${XAPI.state}&stateId=s`, {}),
  "POST /xapi/{course}/activities/state": xapi("POST", "activities/state", `${XAPI.state}&stateId=s`, {}),
  "DELETE /xapi/{course}/activities/state": xapi("DELETE", "activities/state", XAPI.state),
  "GET /xapi/{course}/activities/profile": xapi("GET", "activities/profile", XAPI.activity),
  "PUT /xapi/{course}/activities/profile": xapi("PUT", "activities/profile", `${XAPI.activity}&profileId=p`, {}),
  "POST /xapi/{course}/activities/profile": xapi("POST", "activities/profile", `${XAPI.activity}&profileId=p`, {}),
  "DELETE /xapi/{course}/activities/profile": xapi("DELETE", "activities/profile", `${XAPI.activity}&profileId=p`),
  "GET /xapi/{course}/agents/profile": xapi("GET", "agents/profile", XAPI.agent),
  "PUT /xapi/{course}/agents/profile": xapi("PUT", "agents/profile", `${XAPI.agent}&profileId=p`, {}),
  "POST /xapi/{course}/agents/profile": xapi("POST", "agents/profile", `${XAPI.agent}&profileId=p`, {}),
  "DELETE /xapi/{course}/agents/profile": xapi("DELETE", "agents/profile", `${XAPI.agent}&profileId=p`),
  "GET /xapi/{course}/activities": xapi("GET", "activities", XAPI.activity),
  "POST /xapi/{course}/activities": xapi("POST", "activities", "method=GET", XAPI.activity),
  "GET /xapi/{course}/agents": xapi("GET", "agents", XAPI.agent),
  "POST /xapi/{course}/agents": xapi("POST", "agents", "method=GET", XAPI.agent),
  // Where rosters come from is the course's own; a preview shows people.
  "GET /courses/{course}/roster/sources": open(["author", get(({ slug }) => `/courses/${slug}/roster/sources`)]),
  "PUT /courses/{course}/roster/sources/{source}": each(
    ["author", "admin"],
    (world, as) => setRoster(world, as),
    ofCourse("roster.source_set"),
  ),
  "DELETE /courses/{course}/roster/sources/{source}": each(
    ["author", "admin"],
    async (world, as) => {
      await setRoster(world, "author");
      await ready(world);
      return send(world, as, "DELETE", `/courses/${world.slug}/roster/sources/school`);
    },
    ofCourse("roster.source_removed"),
  ),
  // Sent and fetched files are read; what they do is in the log when somebody confirms it.
  "POST /courses/{course}/roster/sources/{source}/files": open(["author", sendRoster]),
  "POST /courses/{course}/roster/sources/{source}/runs": open([
    "author",
    async (world, as) => {
      await setRoster(world, "author", "bucket");
      await ready(world);
      return send(world, as, "POST", `/courses/${world.slug}/roster/sources/school/runs`);
    },
  ]),
  "GET /courses/{course}/roster/runs": open(["author", get(({ slug }) => `/courses/${slug}/roster/runs`)]),
  "GET /courses/{course}/roster/runs/{id}": each(["author", "admin"], onRoster(""), ofCourse("roster.read")),
  "POST /courses/{course}/roster/runs/{id}/confirm": each(
    ["author", "admin"],
    onRoster("/confirm", "POST"),
    ofCourse("roster.applied"),
  ),
  "POST /courses/{course}/overrides/batch": each(
    ["author", "admin"],
    (world, as) =>
      send(world, as, "POST", `/courses/${world.slug}/overrides/batch`, {
        body: { item: `${world.slug}.four`, user_ids: [world.learner], ...override },
      }),
    ofItem("override.set", "four"),
  ),
  "POST /courses/{course}/relock/batch": each(
    ["author", "admin"],
    async (world, as) => {
      await keptOpen(world);
      const body = { user_ids: [world.learner], reason: "a mistake" };
      return send(world, as, "POST", `/courses/${world.slug}/relock/batch`, { body });
    },
    ofEnrollment("enrollment.relocked"),
  ),
  "POST /courses/{course}/pause/batch": each(
    ["author", "admin"],
    (world, as) =>
      send(world, as, "POST", `/courses/${world.slug}/pause/batch`, { body: { user_ids: [world.learner], reason } }),
    ofEnrollment("enrollment.paused"),
  ),
  "POST /courses/{course}/resume/batch": each(
    ["author", "admin"],
    async (world, as) => {
      await pausedLearner(world);
      return send(world, as, "POST", `/courses/${world.slug}/resume/batch`, { body: { user_ids: [world.learner] } });
    },
    ofEnrollment("enrollment.resumed"),
  ),
  // Who may make links sees them; who comes by one is in the roll.
  "GET /courses/{course}/invitations": open(["author", get(({ slug }) => `/courses/${slug}/invitations`)]),
  "POST /courses/{course}/invitations": each(
    ["author", "admin"],
    (world, as) => send(world, as, "POST", `/courses/${world.slug}/invitations`, { body: {} }),
    ofCourse("invitation.created"),
  ),
  "DELETE /courses/{course}/invitations/{id}": each(
    ["author", "admin"],
    async (world, as) => {
      const { id } = await invitation(world);
      await ready(world);
      return send(world, as, "DELETE", `/courses/${world.slug}/invitations/${id}`);
    },
    ofCourse("invitation.revoked"),
  ),
  "POST /invitations/look-up": open([
    "learner",
    async (world, as) => {
      const { token } = await invitation(world);
      await ready(world);
      return send(world, as, "POST", "/invitations/look-up", { body: { token } });
    },
  ]),
  // Done for oneself: the link is in the log, and who made it.
  "POST /invitations/accept": open([
    "learner",
    async (world, as) => {
      const { token } = await invitation(world);
      await ready(world);
      return send(world, as, "POST", "/invitations/accept", { body: { token } });
    },
  ]),
  "GET /enrollments/{enrollment}/history": [
    ...each(
      STAFF,
      get(({ slug, learner }) => `/enrollments/${slug}:${learner}/history`),
      ofEnrollment("enrollment.read"),
    ),
    ...open(["learner", get(({ slug, learner }) => `/enrollments/${slug}:${learner}/history`)]),
  ],
  "GET /courses/{course}/items/{item}/audience": each(
    STAFF,
    get(({ slug }) => `/courses/${slug}/items/${slug}.one/audience`),
    ofCourse("roster.read"),
  ),
  "GET /courses/{course}/items/{item}/why": withLearner(({ slug }) => `/courses/${slug}/items/${slug}.one/why`),
  "GET /courses/{course}/presence": open(["learner", get(({ slug }) => `/courses/${slug}/presence`)]),
  "POST /courses/{course}/presence": open([
    "learner",
    (world, as) => send(world, as, "POST", `/courses/${world.slug}/presence`),
  ]),
  "GET /courses/{course}/problems": withLearner(({ slug }) => `/courses/${slug}/problems`),
  "POST /courses/{course}/releases": each(
    STAFF,
    async (world, as) => {
      await send(world, "service", "POST", "/progress/import", {
        body: {
          facts: [
            {
              user_id: world.learner,
              item: `${world.slug}.three`,
              score: 50,
              at: new Date().toISOString(),
              held: true,
            },
          ],
        },
      });
      await ready(world);
      return send(world, as, "POST", `/courses/${world.slug}/releases`, { body: { user_ids: [world.learner] } });
    },
    ofItem("progress.released", "three"),
  ),
  "POST /courses/{course}/stale": each(
    ADMIN,
    (world, as) => send(world, as, "POST", `/courses/${world.slug}/stale`),
    ofCourse("course.doubted"),
  ),
  "GET /courses/{course}/items/{item}/content": open([
    "learner",
    get(({ slug }) => `/courses/${slug}/items/${slug}.one/content`),
  ]),
  "GET /courses/{course}/items/{item}/files/{file}": open(["learner", itemFile]),
  "GET /courses/{course}/files/{file}": open([
    "author",
    async (world, as) =>
      send(world, as, "GET", `/courses/${world.slug}/files/${await courseFile(world.slug, world.author)}`),
  ]),
  "POST /courses/{course}/files": open([
    "author",
    async (world) =>
      sendBytes("POST", `${API}/courses/${world.slug}/files?name=a.png`, new TextEncoder().encode("png"), {
        authorization: `Bearer ${await tokenOf(world.author, "author")}`,
        "content-type": "image/png",
        "content-length": "3",
      }),
  ]),
  "POST /courses/{course}/files/copies": open([
    "author",
    async (world, as) => {
      const body = { from: world.slug, files: [await courseFile(world.slug, world.author)] };
      return send(world, as, "POST", `/courses/${world.slug}/files/copies`, { body });
    },
  ]),
  "GET /courses/{course}/pass": open(["learner", get(({ slug }) => `/courses/${slug}/pass`)]),
  "GET /courses/{course}/pass/revoked": open(["author", get(({ slug }) => `/courses/${slug}/pass/revoked`)]),
  "POST /decisions": [
    ...each(STAFF, decided, ofCourse("roster.read")),
    { as: "learner", ask: decided, leaves: nothing },
  ],
  "POST /ofrep/v1/evaluate/flags": [
    ...each(STAFF, allFlags, ofCourse("roster.read")),
    { as: "learner", ask: allFlags, leaves: nothing },
  ],
  "POST /ofrep/v1/evaluate/flags/{key}": [
    ...each(STAFF, oneFlag, ofCourse("roster.read")),
    { as: "learner", ask: oneFlag, leaves: nothing },
  ],
  "GET /courses/{course}/unlocks": withLearner(({ slug }) => `/courses/${slug}/unlocks`),
  "POST /courses/imports": each(["author", "admin"], importOf, ofCourse("course.import_begun")),
  // What an import holds is of a course, not of a person here.
  "GET /courses/imports": open(["author", get(() => "/courses/imports")], ["admin", get(() => "/courses/imports")]),
  "GET /courses/imports/{id}": open(["author", onImport("")], ["admin", onImport("")]),
  "DELETE /courses/imports/{id}": each(["author", "admin"], onImport("", "DELETE"), ofCourse("course.import_dropped")),
  "DELETE /courses/{course}/drafts/{version}": each(["author", "admin"], dropDraft, ofCourse("course.draft_dropped")),
  "POST /courses/imports/uploads": open(["author", announceUpload], ["admin", announceUpload]),
  "GET /courses/imports/uploads/{id}": open(["author", onUpload("GET")], ["admin", onUpload("GET")]),
  "PUT /courses/imports/uploads/{id}/parts/{part}": open(["author", onUpload("PUT")], ["admin", onUpload("PUT")]),
  "POST /courses/imports/uploads/{id}/complete": each(
    ["author", "admin"],
    onUpload("POST", "/complete"),
    ofCourse("course.import_begun"),
  ),
  "DELETE /courses/imports/uploads/{id}": open(["author", onUpload("DELETE")], ["admin", onUpload("DELETE")]),
  // Who is in an archive is somebody of another platform.
  "GET /courses/imports/{id}/people": open(["author", onPeople("", "GET")], ["admin", onPeople("", "GET")]),
  "GET /courses/imports/{id}/people/roster": open(
    ["author", onPeople("/roster", "GET")],
    ["admin", onPeople("/roster", "GET")],
  ),
  "POST /courses/imports/{id}/people/roster": each(
    ["author", "admin"],
    onImport("/people/roster", "POST"),
    ofCourse("course.people_imported"),
  ),
  "POST /courses/imports/{id}/people": each(
    ["author", "admin"],
    onPeople("", "POST"),
    ofCourse("course.people_imported"),
  ),
  "GET /courses/imports/{id}/report": open(["author", onImport("/report")], ["admin", onImport("/report")]),
  // What is not published is no act yet: publishing it is one.
  "GET /courses/{course}/working-copy": open(["author", get(({ slug }) => `/courses/${slug}/working-copy`)]),
  "PUT /courses/{course}/working-copy": open([
    "author",
    (world, as) => send(world, as, "PUT", `/courses/${world.slug}/working-copy`, { body: { text: "{}", revision: 0 } }),
  ]),
  "POST /courses/{course}/working-copy/writers": open([
    "author",
    (world, as) => send(world, as, "POST", `/courses/${world.slug}/working-copy/writers`),
  ]),
  "POST /courses/{course}/preview": open([
    "author",
    (world, as) =>
      send(world, as, "POST", `/courses/${world.slug}/preview`, { body: { document: ladder(world.slug) } }),
  ]),
  "GET /courses/{course}/versions": open(["author", get(({ slug }) => `/courses/${slug}/versions`)]),
  "POST /courses/{course}/versions": [
    ...each(
      ["author", "admin"],
      (world, as) =>
        send(world, as, "POST", `/courses/${world.slug}/versions`, {
          body: { document: ladder(world.slug, { sticky: true }), policy: "grandfather" },
        }),
      ofCourse("course.published"),
    ),
    ...open([
      "author",
      (world, as) =>
        send(world, as, "POST", `/courses/${world.slug}/versions?dry_run=true`, {
          body: { document: ladder(world.slug, { sticky: true }), policy: "grandfather" },
        }),
    ]),
  ],
  "GET /courses/{course}/versions/{version}": open(["author", get(({ slug }) => `/courses/${slug}/versions/1`)]),
  "GET /courses/{course}/versions/{version}/items": open([
    "author",
    get(({ slug }) => `/courses/${slug}/versions/1/items`),
  ]),
  "POST /courses/{course}/versions/{version}/activate": each(
    ["author", "admin"],
    async (world, as) => {
      await publish(ladder(world.slug, { sticky: true }), { author: world.author });
      await ready(world);
      return send(world, as, "POST", `/courses/${world.slug}/versions/1/activate`);
    },
    ofCourse("course.activated"),
  ),

  "GET /enrollments/{enrollment}": each(
    STAFF,
    get(({ slug, learner }) => `/enrollments/${slug}:${learner}`),
    ofEnrollment("enrollment.read"),
  ),
  "PATCH /enrollments/{enrollment}": each(
    STAFF,
    (world, as) =>
      send(world, as, "PATCH", `/enrollments/${world.slug}:${world.learner}`, { body: { cohorts: ["vip"] } }),
    ofEnrollment("policy.changed"),
  ),
  "GET /enrollments/{enrollment}/insight": [
    ...each(
      STAFF,
      get(({ slug, learner }) => `/enrollments/${slug}:${learner}/insight`),
      ofEnrollment("insight.read"),
    ),
    ...open(["learner", get(({ slug, learner }) => `/enrollments/${slug}:${learner}/insight`)]),
  ],
  "PUT /enrollments/{enrollment}/insight/exclusion": each(
    STAFF,
    (world, as) =>
      send(world, as, "PUT", `/enrollments/${world.slug}:${world.learner}/insight/exclusion`, {
        body: { excluded: true },
      }),
    ofEnrollment("insight.exclusion_changed"),
  ),
  // Without a prediction there is nothing to show, and nothing was shown.
  "GET /enrollments/{enrollment}/insight/lineage": open([
    "author",
    get(({ slug, learner }) => `/enrollments/${slug}:${learner}/insight/lineage`),
  ]),
  "DELETE /enrollments/{enrollment}/overrides/{item}": each(
    STAFF,
    async (world, as) => {
      const path = `/enrollments/${world.slug}:${world.learner}/overrides/${world.slug}.four`;
      await send(world, "author", "PUT", path, { body: override });
      await ready(world);
      return send(world, as, "DELETE", path);
    },
    ofItem("override.removed", "four"),
  ),
  "PUT /enrollments/{enrollment}/overrides/{item}": each(
    STAFF,
    (world, as) =>
      send(world, as, "PUT", `/enrollments/${world.slug}:${world.learner}/overrides/${world.slug}.four`, {
        body: override,
      }),
    ofItem("override.set", "four"),
  ),
  "POST /enrollments/{enrollment}/rebuild": each(
    ADMIN,
    (world, as) => send(world, as, "POST", `/enrollments/${world.slug}:${world.learner}/rebuild`),
    ofEnrollment("enrollment.rebuilt"),
  ),
  "POST /enrollments/{enrollment}/revocations": each(
    ["author", "admin"],
    async (world, as) => {
      await send(world, "learner", "POST", `/courses/${world.slug}/chapters/${world.slug}.one/mark_as_completed`);
      return send(world, as, "POST", `/enrollments/${world.slug}:${world.learner}/revocations`, {
        body: { item: `${world.slug}.one`, reason },
      });
    },
    ofItem("progress.revoked", "one"),
  ),
  "POST /enrollments/{enrollment}/relock": each(
    STAFF,
    async (world, as) => {
      await keptOpen(world);
      return send(world, as, "POST", `/enrollments/${world.slug}:${world.learner}/relock`, { body: { reason } });
    },
    ofEnrollment("enrollment.relocked"),
  ),
  "PUT /enrollments/{enrollment}/pause": each(
    STAFF,
    (world, as) => send(world, as, "PUT", `/enrollments/${world.slug}:${world.learner}/pause`, { body: { reason } }),
    ofEnrollment("enrollment.paused"),
  ),
  "DELETE /enrollments/{enrollment}/pause": each(
    STAFF,
    async (world, as) => {
      await pausedLearner(world);
      return send(world, as, "DELETE", `/enrollments/${world.slug}:${world.learner}/pause`);
    },
    ofEnrollment("enrollment.resumed"),
  ),
  "POST /enrollments/{enrollment}/stale": each(
    ADMIN,
    (world, as) => send(world, as, "POST", `/enrollments/${world.slug}:${world.learner}/stale`),
    ofEnrollment("enrollment.doubted"),
  ),
  "GET /erasures/{user}": open([
    "admin",
    async (world, as) => {
      const person = await account();
      await call("DELETE", `/users/${person.id}`, { token: await tokenOf("other-admin", "admin") });
      await ready(world);
      return send(world, as, "GET", `/erasures/${person.id}`);
    },
  ]),

  "GET /events/archive": [
    ...each(
      MACHINES,
      get(() => "/events/archive"),
      () => ["event.read", "events", "all"],
    ),
    ...each(
      MACHINES,
      get(({ learner }) => `/events/archive?user_id=${learner}`),
      ofUser("event.read"),
    ),
  ],
  "POST /events/archive/{id}/replay": each(
    MACHINES,
    async (world, as) => send(world, as, "POST", `/events/archive/${await eventInLog(world)}/replay`),
    () => ["event.replayed", "event", ANY],
  ),
  "GET /events/health": open(["service", get(() => "/events/health")]),
  "GET /events/history": open(["learner", get(() => "/events/history")]),
  "GET /events/preferences": open(["learner", get(() => "/events/preferences")]),
  "PUT /events/preferences": open([
    "learner",
    (world, as) =>
      send(world, as, "PUT", "/events/preferences", {
        body: { min_level: "info", min_priority: "low", muted_types: [] },
      }),
  ]),
  "POST /events/publish": [
    ...each(
      MACHINES,
      (world, as) => send(world, as, "POST", "/events/publish", { body: event(world, { everyone: true }) }),
      () => ["event.broadcast", "users", "everybody"],
    ),
    ...each(
      MACHINES,
      (world, as) => send(world, as, "POST", "/events/publish", { body: event(world, { user: world.learner }) }),
      () => ["event.published", "users", "channels"],
    ),
    ...open([
      "service",
      (world, as) => send(world, as, "POST", "/events/publish", { body: event(world, { user: world.service }) }),
    ]),
  ],
  // One's own stream; the token was asked for before.
  "GET /events/stream": open(["learner", get(() => "/events/stream")]),
  "GET /events/socket": open(["learner", get(() => "/events/socket")]),
  "GET /ofrep/v1/notices": open(["learner", get(() => "/ofrep/v1/notices?token=x")]),

  "GET /insight/models": open(["author", get(() => "/insight/models")]),
  "POST /insight/runs": each(
    ADMIN,
    async (world, as) => {
      const token = await tokenOf(userOf(world, as), as);
      return callWith({ INSIGHT_QUEUE: heldQueue().queue }, "POST", "/insight/runs", { token, body: {} });
    },
    () => ["insight.run_started", "insight_run", ANY],
  ),
  "GET /insight/status": open(["admin", get(() => "/insight/status")]),
  // A list of deliveries names nobody.
  "GET /webhooks": open(["admin", get(() => "/webhooks")]),
  "POST /webhooks": each(
    ADMIN,
    (world, as) => send(world, as, "POST", "/webhooks", { body: HOOK }),
    hookLeft("webhook.made"),
  ),
  "GET /courses/{course}/webhooks": open(["author", get(({ slug }) => `/courses/${slug}/webhooks`)]),
  "POST /courses/{course}/webhooks": each(["author", "admin"], makeHook, hookLeft("webhook.made")),
  "GET /webhooks/{webhook}": open(["author", onHook("GET")]),
  "PATCH /webhooks/{webhook}": each(["author", "admin"], onHook("PATCH", "", { note: "n" }), hookLeft("webhook.set")),
  "DELETE /webhooks/{webhook}": each(["author", "admin"], onHook("DELETE"), hookLeft("webhook.removed")),
  "POST /webhooks/{webhook}/secret": each(
    ["author", "admin"],
    onHook("POST", "/secret"),
    hookLeft("webhook.secret_replaced"),
  ),
  "POST /webhooks/{webhook}/ping": open(["author", onHook("POST", "/ping")]),
  "GET /webhooks/{webhook}/deliveries": open(["author", onHook("GET", "/deliveries")]),
  "POST /webhooks/{webhook}/deliveries/{delivery}/replay": each(
    ["author", "admin"],
    replayOne,
    hookLeft("webhook.replayed"),
  ),
  "POST /webhooks/{webhook}/replay": each(
    ["author", "admin"],
    onHook("POST", "/replay", { since: "2026-01-01T00:00:00Z" }),
    hookLeft("webhook.replayed"),
  ),
  "GET /keys": open(["admin", get(() => "/keys")]),
  "POST /keys": each(ADMIN, makeKey, keyLeft("key.created")),
  "GET /keys/{id}": open(["admin", onKey("GET")]),
  "DELETE /keys/{id}": each(ADMIN, onKey("DELETE"), keyLeft("key.revoked")),
  "POST /keys/{id}/rotate": each(ADMIN, onKey("POST", "/rotate"), keyLeft("key.rotated")),
  "GET /problems/{problem}": withLearner(({ slug }) => `/problems/${slug}.p1`),
  "GET /problems/{problem}/submissions": withLearner(({ slug }) => `/problems/${slug}.p1/submissions`),
  "POST /problems/{problem}/submissions": open([
    "learner",
    (world, as) => send(world, as, "POST", `/problems/${world.slug}.p1/submissions`, { body: { answer: "4" } }),
  ]),
  "POST /progress/import": each(
    MACHINES,
    (world, as) => send(world, as, "POST", "/progress/import", { body: fact(world) }),
    ofItem("progress.imported", "three"),
  ),

  "GET /storage/files": [
    ...each(
      MACHINES,
      get(({ learner }) => `/storage/files?user_id=${learner}`),
      ofUser("file.listed"),
    ),
    ...open(["learner", get(() => "/storage/files")], ["admin", get(() => "/storage/files")]),
  ],
  "POST /storage/files/upload": open([
    "learner",
    (world) => upload(new TextEncoder().encode("hello"), { user: world.learner }),
  ]),
  "POST /storage/files/upload-url": open([
    "learner",
    async (world) => {
      await announced(world);
      return new Response();
    },
  ]),
  "DELETE /storage/files/{id}": [
    ...each(MACHINES, onFile("DELETE"), fileLeft("file.deleted")),
    ...open(["learner", onFile("DELETE")]),
  ],
  "GET /storage/files/{id}": [
    ...each(MACHINES, onFile("GET"), fileLeft("file.read")),
    ...open(["learner", onFile("GET")]),
  ],
  "POST /storage/files/{id}/complete": [
    ...each(
      MACHINES,
      async (world, as) => {
        const { id } = await announced(world);
        await env.FILES.put(`u/${world.learner}/${id}`, "hello", { httpMetadata: { contentType: "text/plain" } });
        return send(world, as, "POST", `/storage/files/${id}/complete`);
      },
      fileLeft("file.completed"),
    ),
    ...open([
      "learner",
      async (world, as) => {
        const { id } = await announced(world);
        await env.FILES.put(`u/${world.learner}/${id}`, "hello", { httpMetadata: { contentType: "text/plain" } });
        return send(world, as, "POST", `/storage/files/${id}/complete`);
      },
    ]),
  ],
  "GET /storage/files/{id}/download": [
    ...each(MACHINES, onFile("GET", "/download"), fileLeft("file.read")),
    ...open(["learner", onFile("GET", "/download")]),
  ],
  "PUT /storage/uploads/{token}": open([
    "learner",
    async (world) => {
      const { url } = await announced(world);
      return sendBytes("PUT", url, new TextEncoder().encode("hello"), {
        "content-type": "text/plain",
        "content-length": "5",
      });
    },
  ]),
  "GET /submissions/pending": each(
    STAFF,
    get(() => "/submissions/pending"),
    () => ["submission.read", "submissions", "pending"],
  ),
  "POST /courses/{course}/items/{item}/regrade": each(
    STAFF,
    async (world, as) => {
      await judgedByKey(world);
      const path = `/courses/${world.slug}/items/${world.slug}.p1/regrade`;
      await (await send(world, as, "POST", path, { body: { relock: true } })).body?.cancel();
      return send(world, as, "POST", path, { body: { dry_run: false } });
    },
    ofItem("submission.judged", "p1"),
  ),
  // Numbers, and nobody's answer.
  "GET /submissions/pending/counts": each(
    STAFF,
    get(({ slug }) => `/submissions/pending/counts?course=${slug}`),
    nothing,
  ),
  "GET /submissions/{submission}": each(
    STAFF,
    async (world, as) => send(world, as, "GET", `/submissions/${await pending(world)}`),
    ofEnrollment("submission.read"),
  ),
  "GET /submissions/{submission}/files/{file}": [
    ...each(STAFF, submittedFile, ofEnrollment("submission.read")),
    ...open(["learner", submittedFile]),
  ],
  "POST /submissions/{submission}/verdict": each(
    STAFF,
    async (world, as) =>
      send(world, as, "POST", `/submissions/${await pending(world)}/verdict`, { body: { passed: true, score: 90 } }),
    ofItem("submission.judged", "p2"),
  ),

  "GET /system/backups": open(["admin", get(() => "/system/backups")]),
  "POST /system/backups": each(
    ADMIN,
    async (world, as) => {
      const token = await tokenOf(userOf(world, as), as);
      return callWith({ BACKUP_QUEUE: heldQueue().queue }, "POST", "/system/backups", { token });
    },
    () => ["backup.begun", "backup", ANY],
  ),
  "GET /system/backups/{backup}": open(["admin", get(() => `/system/backups/${BACKUP}`)]),
  "GET /system/backups/{backup}/files/{file}": each(
    ADMIN,
    async (world, as) => {
      await env.BACKUPS.put(`backups/${BACKUP}/00001-d1.users.ndjson.gz`, "part");
      return send(world, as, "GET", `/system/backups/${BACKUP}/files/00001-d1.users.ndjson.gz`);
    },
    () => ["backup.read", "backup", BACKUP],
  ),
  "PUT /system/backups/{backup}/files/{file}": each(
    ADMIN,
    async (world, as) =>
      sendBytes(
        "PUT",
        `http://latchkey.test/api/v1/system/backups/${BACKUP}/files/00002-d1.users.ndjson.gz`,
        new TextEncoder().encode("part"),
        { authorization: `Bearer ${await tokenOf(userOf(world, as), as)}`, "content-type": "application/octet-stream" },
      ),
    () => ["backup.brought", "backup", BACKUP],
  ),
  // Goes on with what was begun, or verifies it in a scratch store; what a restore leaves is tested in restore.test.ts.
  "POST /system/backups/{backup}/work": open([
    "admin",
    (world, as) => send(world, as, "POST", `/system/backups/${BACKUP}/work`, { body: { task: "check" } }),
  ]),
  "GET /system/dead-letters": each(
    ADMIN,
    get(() => "/system/dead-letters"),
    () => ["dead_letter.read", "dead_letters", "all"],
  ),
  "POST /system/dead-letters/{id}/replay": each(
    ADMIN,
    async (world, as) => {
      const id = crypto.randomUUID();
      await env.DB.prepare(
        "INSERT INTO dead_letters (id, queue, body, attempts, failed_at) VALUES (?, 'latchkey-refresh', ?, 4, 1)",
      )
        .bind(id, JSON.stringify({ type: "sweep", scope: "problems" }))
        .run();
      return send(world, as, "POST", `/system/dead-letters/${id}/replay`);
    },
    () => ["dead_letter.replayed", "dead_letter", ANY],
  ),
  "GET /system/shards": open(["admin", get(() => "/system/shards")]),
  "GET /system/shards/courses": open(["admin", get(() => "/system/shards/courses")]),
  // Where there is one database, nothing can be moved.
  "POST /system/shards/moves": each(
    ADMIN,
    async (world, as) => {
      const { name } = await shardOf(env, world.slug);
      const to = everyShard(env).find((shard) => shard.name !== name)?.name ?? "DB";
      return send(world, as, "POST", "/system/shards/moves", { body: { course: world.slug, to } });
    },
    ({ slug }) => (everyShard(env).length > 1 ? ["course.moved", "course", slug] : null),
  ),
  "POST /system/shards/moves/{course}/work": open([
    "admin",
    (world, as) => send(world, as, "POST", `/system/shards/moves/${world.slug}/work`),
  ]),
  "GET /system/erasures": each(
    ADMIN,
    get(() => "/system/erasures"),
    () => ["erasures.read", "erasures", "all"],
  ),
  "PUT /system/erasures": each(
    ADMIN,
    async (world, as) => {
      const list = { format: 1 as const, at: 1, subjects: [] };
      const body: unknown = JSON.parse(await signErasures(env.AUTH_SECRET, list));
      return send(world, as, "PUT", "/system/erasures", { body });
    },
    () => ["erasures.brought", "erasures", "all"],
  ),
  "GET /system/freshness": open(["admin", get(() => "/system/freshness")]),
  "GET /system/metrics": open(["admin", get(() => "/system/metrics")]),
  "GET /system/switches/realtime-reads": open(["admin", get(() => "/system/switches/realtime-reads")]),
  "PUT /system/switches/realtime-reads": each(
    ADMIN,
    (world, as) => send(world, as, "PUT", "/system/switches/realtime-reads", { body: { realtime_percent: 0, reason } }),
    () => ["switch.changed", "switch", "realtime-reads"],
  ),

  // Stores what waits, sooner than by itself.
  "POST /translation/flush": open(
    ["learner", (world, as) => send(world, as, "POST", "/translation/flush")],
    ["service", (world, as) => send(world, as, "POST", "/translation/flush")],
  ),
  "GET /translation/parked": each(
    MACHINES,
    get(() => "/translation/parked"),
    () => ["record.read", "parked_records", "all"],
  ),
  "POST /translation/parked/replay": each(
    MACHINES,
    (world, as) => send(world, as, "POST", "/translation/parked/replay", { body: {} }),
    () => ["record.unparked", "parked_records", "all"],
  ),
  "GET /translation/recovery/incomplete-sessions": [
    ...each(
      MACHINES,
      get(() => "/translation/recovery/incomplete-sessions"),
      () => ["record.read", "records", "all"],
    ),
    ...open(["learner", get(() => "/translation/recovery/incomplete-sessions")]),
  ],
  "POST /translation/recovery/restore/{id}": [
    ...each(
      MACHINES,
      onRecord("POST", (world) => `/translation/recovery/restore/${world.session}`),
      recordLeft("record.read"),
    ),
    ...open(["learner", onRecord("POST", (world) => `/translation/recovery/restore/${world.session}`)]),
  ],
  // Not switched on in tests; it is in the same table as the other lists of records.
  "GET /translation/search": open(["service", get(() => "/translation/search?q=word")]),
  "GET /translation/sessions": [
    ...each(
      MACHINES,
      get(({ learner }) => `/translation/sessions?owner=${learner}`),
      ofUser("record.read"),
    ),
    ...each(
      MACHINES,
      get(() => "/translation/sessions"),
      () => ["record.read", "records", "all"],
    ),
    ...open(["learner", get(() => "/translation/sessions")]),
  ],
  "POST /translation/sessions/batch": [
    ...each(
      MACHINES,
      (world, as) => send(world, as, "POST", "/translation/sessions/batch", { body: { sessions: [session(world)] } }),
      recordLeft("record.written"),
    ),
    ...open([
      "learner",
      (world, as) => send(world, as, "POST", "/translation/sessions/batch", { body: { sessions: [session(world)] } }),
    ]),
  ],
  "POST /translation/sessions/cleanup": each(
    MACHINES,
    async (world, as) => {
      const token = await tokenOf(world.learner);
      const ended = { ...session(world), expires_at: "2020-01-01T00:00:00Z" };
      await call("POST", "/translation/sessions/batch", { token, body: { sessions: [ended] } });
      await call("POST", "/translation/flush", { token });
      return send(world, as, "POST", "/translation/sessions/cleanup", { body: {} });
    },
    (world) => ["translation.cleaned_up", "translation_sessions", world.session],
  ),
  "DELETE /translation/sessions/{id}": [
    ...each(
      MACHINES,
      onRecord("DELETE", (world) => `/translation/sessions/${world.session}`),
      recordLeft("translation.deleted"),
    ),
    ...open(["learner", onRecord("DELETE", (world) => `/translation/sessions/${world.session}`)]),
  ],
  "GET /translation/sessions/{id}": [
    ...each(
      MACHINES,
      onRecord("GET", (world) => `/translation/sessions/${world.session}`),
      recordLeft("record.read"),
    ),
    ...open(["learner", onRecord("GET", (world) => `/translation/sessions/${world.session}`)]),
  ],
  "GET /translation/sessions/{id}/tasks": [
    ...each(
      MACHINES,
      onRecord("GET", (world) => `/translation/sessions/${world.session}/tasks`),
      recordLeft("record.read"),
    ),
    ...open(["learner", onRecord("GET", (world) => `/translation/sessions/${world.session}/tasks`)]),
  ],
  "GET /translation/stats": open(["service", get(() => "/translation/stats")]),
  "GET /translation/tasks": [
    ...each(
      MACHINES,
      get(({ learner }) => `/translation/tasks?owner=${learner}`),
      ofUser("record.read"),
    ),
    ...open(["learner", get(() => "/translation/tasks")]),
  ],
  "POST /translation/tasks/batch": [
    ...each(
      MACHINES,
      async (world, as) => {
        await writeSession(world);
        const tasks = [{ ...task(world), version: 2, source_text: "written over" }];
        return send(world, as, "POST", "/translation/tasks/batch", { body: { tasks } });
      },
      recordLeft("record.written"),
    ),
    ...open([
      "learner",
      async (world, as) => {
        await writeSession(world);
        return send(world, as, "POST", "/translation/tasks/batch", { body: { tasks: [task(world)] } });
      },
    ]),
  ],
  "GET /translation/tasks/{id}": [
    ...each(
      MACHINES,
      onRecord("GET", (world) => `/translation/tasks/${world.session}:1`),
      (world) => ["record.read", "translation_session", `${world.session}:1`],
    ),
    ...open(["learner", onRecord("GET", (world) => `/translation/tasks/${world.session}:1`)]),
  ],

  "GET /organizations": open(["admin", get(() => "/organizations")]),
  "GET /organizations/{organization}": open(["admin", onPlace("GET")]),
  "PUT /organizations/{organization}": [
    ...each(
      ADMIN,
      (world, as) => send(world, as, "PUT", `/organizations/new-${world.slug}`, { body: { name: "New" } }),
      ({ slug }) => ["organization.made", "organization", `new-${slug}`],
    ),
    ...each(ADMIN, onPlace("PUT", "", { name: "Renamed" }), ({ slug }) => [
      "organization.renamed",
      "organization",
      placeOf(slug),
    ]),
  ],
  "PUT /organizations/{organization}/managers/{user}": each(
    ADMIN,
    onPlace("PUT", (id) => `/managers/${id}`),
    accountLeft("organization.manager_named"),
  ),
  "DELETE /organizations/{organization}/managers/{user}": each(
    ADMIN,
    onPlace("DELETE", (id) => `/managers/${id}`, undefined, true),
    accountLeft("organization.manager_ended"),
  ),
  "GET /organizations/{organization}/people": each(ADMIN, onPlace("GET", "/people"), ({ slug }) => [
    "user.listed",
    "organization",
    placeOf(slug),
  ]),
  "POST /organizations/{organization}/people": each(
    ADMIN,
    (world, as) => onPlace("POST", "/people", { email: `${crypto.randomUUID()}@example.org`, name: "New" })(world, as),
    accountLeft("user.created"),
  ),
  // Courses are nobody's personal data.
  "GET /organizations/{organization}/courses": open(["admin", onPlace("GET", "/courses")]),
  "PUT /courses/{course}/organization": each(
    ADMIN,
    async (world, as) => {
      await placeWith(world);
      const body = { organization_id: placeOf(world.slug) };
      return send(world, as, "PUT", `/courses/${world.slug}/organization`, { body });
    },
    ofCourse("organization.course_moved"),
  ),
  "POST /users/batch": [
    ...each(ADMIN, actOn({ act: "role", role: "author" }), accountLeft("user.role_changed")),
    ...each(ADMIN, actOn({ act: "suspend", reason }), accountLeft("user.banned")),
    ...each(ADMIN, actOn({ act: "return" }), accountLeft("user.unbanned")),
    ...each(ADMIN, actOn({ act: "move", organization_id: null }), accountLeft("organization.user_moved")),
  ],
  "GET /users": each(
    ADMIN,
    get(() => "/users"),
    () => ["user.listed", "users", "all"],
  ),
  "POST /users": each(
    ADMIN,
    (world, as) =>
      send(world, as, "POST", "/users", {
        body: { email: `${crypto.randomUUID()}@example.org`, name: "New", role: "learner" },
      }),
    accountLeft("user.created"),
  ),
  "DELETE /users/{id}": [
    ...each(
      ADMIN,
      onAccount("DELETE", (id) => `/users/${id}`),
      accountLeft("user.erased"),
    ),
    {
      // Everything of theirs goes: that it was they themselves who asked must be known.
      as: "learner",
      ask: async () => {
        const { id, token } = await account();
        return call("DELETE", `/users/${id}`, { token, body: { password: PASSWORD } });
      },
      leaves: accountLeft("user.erased"),
    },
  ],
  "GET /users/{id}": [
    ...each(
      ADMIN,
      onAccount("GET", (id) => `/users/${id}`),
      accountLeft("user.read"),
    ),
    ...open([
      "learner",
      async () => {
        const { id, token } = await account();
        return call("GET", `/users/${id}`, { token });
      },
    ]),
  ],
  "PATCH /users/{id}": [
    ...each(
      ADMIN,
      onAccount("PATCH", (id) => `/users/${id}`, { name: "Renamed" }),
      accountLeft("user.renamed"),
    ),
    ...each(
      ADMIN,
      onAccount("PATCH", (id) => `/users/${id}`, { role: "author" }),
      accountLeft("user.role_changed"),
    ),
    ...each(
      ADMIN,
      onAccount("PATCH", (id) => `/users/${id}`, { ban: { reason } }),
      accountLeft("user.banned"),
    ),
    ...each(
      ADMIN,
      onAccount("PATCH", (id) => `/users/${id}`, { ban: null }),
      accountLeft("user.unbanned"),
    ),
    ...open([
      "learner",
      async () => {
        const { id, token } = await account();
        return call("PATCH", `/users/${id}`, { token, body: { name: "Self" } });
      },
    ]),
  ],
  "POST /users/{id}/export": [
    ...each(
      ADMIN,
      onAccount("POST", (id) => `/users/${id}/export`),
      accountLeft("user.exported"),
    ),
    ...open([
      "learner",
      async () => {
        const { id, token } = await account();
        return call("POST", `/users/${id}/export`, { token });
      },
    ]),
  ],
  "DELETE /users/{id}/sessions": [
    ...each(
      ADMIN,
      onAccount("DELETE", (id) => `/users/${id}/sessions`),
      accountLeft("user.sessions_ended"),
    ),
    ...open([
      "learner",
      async () => {
        const { id, token } = await account();
        return call("DELETE", `/users/${id}/sessions`, { token });
      },
    ]),
  ],
};

const BACKUP = "20260101T000000000Z-0a1b2c3d";
/** Answers that refuse on purpose: there is nothing to show, or it is not switched on. */
const REFUSED = [
  "GET /enrollments/{enrollment}/insight/lineage",
  "GET /events/stream",
  "GET /events/socket",
  "GET /ofrep/v1/notices",
  "GET /translation/search",
  "POST /auth/bootstrap",
  "GET /system/backups/{backup}",
  "POST /system/backups/{backup}/work",
  "POST /system/shards/moves/{course}/work",
  ...(everyShard(env).length > 1 ? [] : ["POST /system/shards/moves"]),
];

/** Everything that was pending is in the chain. */
async function settled({ slug, learner }: World): Promise<number> {
  await project(slug, learner);
  await project(slug, `${learner}-x`);
  await drainAudit(env);
  return (await state()).seq;
}

const documented = Object.entries((await openApiDocument(createApi(), "http://latchkey.test")).paths ?? {}).flatMap(
  ([path, methods]) =>
    Object.keys(methods ?? {}).map((method) => `${method.toUpperCase()} ${path.replace("/api/v1", "")}`),
);

describe("[fault 8] every operation of the API", () => {
  it("has a place in the table of this file: what it leaves in the audit log, and for whom", () => {
    expect(Object.keys(PLAN).sort()).toEqual(documented.toSorted());
    // Of what only privileged roles may call, each role that may is tried, or nothing is left by any.
    for (const acts of Object.values(PLAN)) expect(acts.every(({ as }) => ROLES.includes(as))).toBe(true);
  });

  const acts = Object.entries(PLAN).flatMap(([operation, list]) =>
    list.map((act, index) => ({ operation, number: index + 1, ...act })),
  );
  it.each(acts)("$operation by $as ($number)", async ({ operation, as, ask, leaves, isOwn = false }) => {
    const world = await makeWorld();
    const answer = await ask(world, as);
    const text = await answer.text();
    const isExpected = REFUSED.includes(operation) ? answer.status >= 400 : answer.status < 300;
    expect(isExpected, `${answer.status} ${text.slice(0, 500)}`).toBe(true);
    await settled(world);
    const fresh = await entries(world.before);
    const expected = leaves(world, text);
    const left = (isOwn ? fresh.slice(-1) : fresh).map((row) => [
      row.action,
      row.actor_id,
      row.actor_role,
      row.target_type,
      expected?.[2] === ANY ? ANY : row.target_id,
    ]);
    // Who registers for the test erases themselves under an id of their own.
    const isTheirs = isOwn || (operation === "DELETE /users/{id}" && as === "learner");
    const actor = isTheirs ? (fresh.at(-1)?.actor_id ?? "") : userOf(world, as);
    expect(left).toEqual(expected === null ? [] : [[expected[0], actor, as, expected[1], expected[2]]]);
  });
});

describe("[fault 8] an entry", () => {
  it("is made once for a repeat with the same key, and for the same batch sent again", async () => {
    const world = await makeWorld();
    const { before } = world;
    const headers = { "idempotency-key": crypto.randomUUID() };
    for (let time = 0; time < 2; time += 1) {
      await send(world, "service", "POST", "/progress/import", { body: fact(world), headers });
      await send(world, "service", "POST", "/translation/sessions/batch", { body: { sessions: [session(world)] } });
    }
    await settled(world);
    const fresh = await entries(before);
    expect(fresh.map(({ action }) => action).sort()).toEqual(["progress.imported", "record.written"]);
    await deliver("latchkey-projection", [{ type: "project", enrollment_id: `${world.slug}:${world.learner}` }]);
    expect(await entries(before)).toHaveLength(2);
  });
});
