import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Bundles, buildBundles, type Server, startServer } from "../../../bench/lib/server.ts";
import { api } from "../../../scripts/lib/api-client.ts";
import { localConfigFile } from "../../../scripts/lib/config/file.ts";
import { ROOT } from "../../../scripts/lib/paths.ts";
import { mintAccessToken } from "../../../src/identity/tokens.ts";
import type { Role } from "../../../src/platform/roles.ts";
import { expectAnswer } from "../../support/node/answers.ts";
import { type BuiltRelease, buildRelease, previousCommit, treeOf } from "../../support/node/previous-release.ts";
import { freshState, removeState } from "../../support/node/state.ts";

// During a gradual release, and after a rollback, the code of two releases works on the same data. Here the previous
// release, built from its own commit, and this one take turns on one state whose D1 has the newest migrations.

const commit = previousCommit();
const SECRET = randomBytes(32).toString("base64url");
const COURSE = "turns";
const CHAPTERS = ["one", "two", "three", "four", "five", "six"].map((name) => `${COURSE}.${name}`);

const document = {
  slug: COURSE,
  title: "Turns",
  chapters: CHAPTERS.map((id, at) => ({
    id,
    title: id,
    content: `Text of ${id}`,
    ...(at === 0 ? {} : { rule: { completed: CHAPTERS[at - 1] } }),
  })),
  problems: [{ id: `${COURSE}.sum`, title: "Sum", answer: { kind: "numeric", value: 4 } }],
};
const unlocksSchema = z.looseObject({
  states: z.record(z.string(), z.string()),
  snapshot: z.looseObject({ progress_seq: z.int() }),
});
const deltaSchema = z.looseObject({ unlocked: z.array(z.string()), progress_seq: z.int() });
const sessionsSchema = z.looseObject({ results: z.array(z.looseObject({ session_id: z.string() })) });

describe.skipIf(commit === null)("the previous release and this one", () => {
  let stateDir: string;
  let bundles: Bundles;
  let previous: BuiltRelease;
  let present: BuiltRelease;
  let server: Server | undefined;
  /** What has been acknowledged, by whichever release. */
  let completed = 0;
  let sequence = 0;
  const recorded: string[] = [];

  beforeAll(async () => {
    stateDir = await freshState();
    bundles = await buildBundles();
    const tree = treeOf(commit ?? "");
    previous = await buildRelease(tree, join(stateDir, "previous.js")).finally(() =>
      rmSync(tree, { recursive: true, force: true }),
    );
    present = await buildRelease(ROOT, join(stateDir, "present.js"));
  });
  afterAll(async () => {
    await server?.kill();
    removeState(stateDir);
  });

  const as = async (user: string, role: Role) => {
    const token = await mintAccessToken(SECRET, { sub: user, role, session: null, lifetimeSeconds: 3_600 });
    return api(server?.url ?? "", token);
  };

  async function start(release: "previous" | "this"): Promise<void> {
    await server?.stop();
    // Each is one Worker here: what the two releases share is what they store.
    const product = release === "this" ? present.bundle : previous.bundle;
    server = await startServer({ ...bundles, product, back: null, config: localConfigFile("whole") }, stateDir, {
      bindings: { AUTH_SECRET: SECRET },
      classes: release === "this" ? null : previous.classes,
    });
  }

  /** Everything written before is there; then more is written. */
  async function turn(release: "previous" | "this"): Promise<void> {
    await start(release);
    const ada = await as("ada", "learner");
    const states = async () => expectAnswer(await ada.get(`/api/v1/courses/${COURSE}/unlocks`), 200, unlocksSchema);
    const before = await states();
    expect(before.snapshot.progress_seq).toBe(sequence);
    expect(CHAPTERS.map((id) => before.states[id])).toEqual(
      CHAPTERS.map((_id, at) => (at < completed ? "completed" : at === completed ? "unlocked" : "locked")),
    );
    const listed = expectAnswer(await ada.get("/api/v1/translation/sessions"), 200, sessionsSchema);
    expect(listed.results.map(({ session_id }) => session_id).sort()).toEqual([...recorded].sort());

    const chapter = CHAPTERS[completed] ?? "";
    const done = await ada.post(`/api/v1/courses/${COURSE}/chapters/${chapter}/mark_as_completed/`, {});
    const delta = expectAnswer(done, 200, deltaSchema);
    expect(delta.unlocked).toContain(CHAPTERS[completed + 1]);
    completed += 1;
    const answered = await ada.post(`/api/v1/problems/${COURSE}.sum/submissions/`, { answer: "5" });
    sequence = expectAnswer(answered, 201, deltaSchema).progress_seq;
    const session_id = `ada:${release}-${completed}`;
    const session = { session_id, version: 1, status: "processing", source_language: "en", target_language: "zh" };
    const batch = await ada.post("/api/v1/translation/sessions/batch", { sessions: [session] });
    expectAnswer(batch, 200, z.looseObject({ results: z.array(z.looseObject({ status: z.literal("created") })) }));
    expectAnswer(await ada.post("/api/v1/translation/flush", {}), 200, z.looseObject({}));
    recorded.push(session_id);
    const now = await states();
    expect(now.states[chapter]).toBe("completed");
    expect(now.snapshot.progress_seq).toBe(sequence);
  }

  it("[I1][I2] work together: the previous one works on a database with the newest migrations", async () => {
    await start("previous");
    const author = await as("alice", "author");
    expectAnswer(await author.post("/api/v1/courses", { slug: COURSE, title: "Turns" }), 201, z.looseObject({}));
    expectAnswer(await author.post(`/api/v1/courses/${COURSE}/versions`, { document }), 201, z.looseObject({}));
    const ada = await as("ada", "learner");
    const enrolled = await ada.post(`/api/v1/courses/${COURSE}/enrollments`, {});
    expect([200, 201]).toContain(enrolled.status);
    sequence = expectAnswer(await ada.get(`/api/v1/courses/${COURSE}/unlocks`), 200, unlocksSchema).snapshot
      .progress_seq;
    await turn("previous");
  });

  it("[I1][I2] work together: this one works on what the previous one wrote", () => turn("this"));

  it("[I1][I2] work together: the previous one works on what this one wrote, as after a rollback", () =>
    turn("previous"));

  it("[I1][I2] work together: this one works on that again, as after a second release", () => turn("this"));
});
