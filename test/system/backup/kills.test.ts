import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { writeCourse } from "../../../bench/lib/dataset.ts";
import { School } from "../../../bench/lib/school.ts";
import { type Bundles, buildBundles, type Server, startServer } from "../../../bench/lib/server.ts";
import { api } from "../../../scripts/lib/api-client.ts";
import { BackupFolder } from "../../../scripts/lib/backup/folder.ts";
import { ensureLocalSecret } from "../../../scripts/lib/local-secrets.ts";
import { freePort } from "../../../scripts/lib/ports.ts";
import { BACKUP_ID, type Chain } from "../../../src/backup/format.ts";
import { enrollmentRows, expectAnswer, readStates } from "../../support/node/answers.ts";
import { queryD1 } from "../../support/node/database.ts";
import { runScript, type Script, until } from "../../support/node/processes.ts";
import { Random, testSeed } from "../../support/node/random.ts";
import { freshState, removeState } from "../../support/node/state.ts";

const COURSE = "kills";
const LEARNERS = Array.from({ length: 6 }, (_, at) => `learner-${at}`);
/** Backups: a full one, and links. */
const BACKUPS = 4;
const KILLS_EACH = 3;
const KILLS_OF_RESTORE = 8;
/** The runtime is killed within so many ms of being there again. */
const LONGEST_LIFE_MS = 6_000;
const TIMEOUT_MS = 1_200_000;
const PATIENCE_MS = 180_000;

const viewSchema = z.object({
  results: z.array(
    z.looseObject({ id: z.string(), state: z.string(), parent: z.string().nullable(), unreadable: z.int() }),
  ),
});
const printedSchema = z.looseObject({ id: z.string(), links: z.int() });

/** A deployment on one port, which is killed and comes again. */
class Mortal {
  readonly state: string;
  readonly #bundles: Bundles;
  readonly #port: number;
  readonly #secret: string;
  server: Server;
  kills = 0;

  private constructor(bundles: Bundles, state: string, port: number, secret: string, server: Server) {
    [this.#bundles, this.state, this.#port, this.#secret, this.server] = [bundles, state, port, secret, server];
  }

  static async born(bundles: Bundles): Promise<Mortal> {
    const [state, port, secret] = [await freshState(), await freePort(), ensureLocalSecret()];
    return new Mortal(bundles, state, port, secret, await startServer(bundles, state, { port, secret }));
  }

  async killed(): Promise<void> {
    this.kills += 1;
    await this.server.kill();
    this.server = await startServer(this.#bundles, this.state, { port: this.#port, secret: this.#secret });
  }

  async client(user: string, role: "learner" | "admin" | "service" = "admin") {
    return api(this.server.url, await this.server.token(user, role));
  }
}

/** Kills a deployment again and again while a command works on it. @returns what the command printed. */
async function killDuring(mortal: Mortal, random: Random, kills: number, begin: () => Script): Promise<Script> {
  let script = begin();
  const hasEnded = { now: false };
  const ending = (of: Script) => of.ended.then(() => (hasEnded.now = true));
  let end = ending(script);
  for (let kill = 0; kill < kills && !hasEnded.now; kill += 1) {
    await Promise.race([sleep(random.below(LONGEST_LIFE_MS)), end]);
    if (!hasEnded.now) await mortal.killed();
  }
  await end;
  // A command that gave up is given again.
  for (let attempt = 0; attempt < 5 && (await script.ended) !== 0; attempt += 1) {
    console.info(script.output());
    hasEnded.now = false;
    script = begin();
    end = ending(script);
    await end;
  }
  expect(await script.ended, script.output()).toBe(0);
  return script;
}

describe("a service that is killed while it is backed up and restored", () => {
  let bundles: Bundles;
  let source: Mortal;
  let target: Mortal;
  let folder: string;
  let random: Random;
  let last = "";
  const course = writeCourse(COURSE);
  /** Chapters that were acknowledged as completed, by learner. */
  const done = new Map(LEARNERS.map((user) => [user, new Set<string>()]));

  beforeAll(async () => {
    random = new Random(testSeed());
    folder = mkdtempSync(join(tmpdir(), "latchkey-kills-"));
    bundles = await buildBundles();
    source = await Mortal.born(bundles);
    target = await Mortal.born(bundles);
    const school = await School.open(source.server);
    await school.publish(course);
    await school.enroll(COURSE, LEARNERS);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await source?.server.kill();
    await target?.server.kill();
    for (const path of [source?.state, target?.state, folder]) if (path !== undefined) removeState(path);
  });

  /** Some learners complete a chapter each; what is not acknowledged is asked for again. */
  async function learn(): Promise<void> {
    for (const user of random.sample(LEARNERS, LEARNERS.length / 2)) {
      const client = await source.client(user, "learner");
      const own = done.get(user);
      const chapter = random.pick(course.chapters.filter((id) => own?.has(id) !== true));
      const answer = await client.post(`/api/v1/courses/${COURSE}/chapters/${chapter}/mark_as_completed/`, {});
      expectAnswer(answer, 200, z.unknown());
      own?.add(chapter);
    }
    // A link finds whoever has written to D1; that may take some seconds, and its mark allows for it.
    await until("D1 knows what was done", PATIENCE_MS, async () => {
      const rows = await enrollmentRows(await source.client("operator"), COURSE);
      return rows.every(({ user_id, completed_count }) => completed_count === done.get(user_id)?.size);
    });
  }

  async function seenAt(mortal: Mortal): Promise<Map<string, unknown>> {
    const seen = new Map<string, unknown>();
    for (const user of LEARNERS) {
      const { states, snapshot } = await readStates(await mortal.client(user, "learner"), COURSE);
      seen.set(user, { states, seq: snapshot.progress_seq });
    }
    return seen;
  }

  it("makes a chain of complete backups, each based on a complete one", { timeout: TIMEOUT_MS }, async () => {
    for (let number = 0; number < BACKUPS; number += 1) {
      await learn();
      const args = ["--url", source.server.url, "--out", folder];
      const script = await killDuring(source, random, KILLS_EACH, () => runScript("scripts/backup.ts", args));
      const printed = script.output();
      const { id, links } = printedSchema.parse(JSON.parse(printed.slice(printed.indexOf("{"))));
      expect(links).toBeGreaterThan(number === 0 ? 0 : 1);
      last = id;
    }
    const listed = expectAnswer(await (await source.client("operator")).get("/api/v1/system/backups"), 200, viewSchema);
    const whole = new Set(
      listed.results.filter(({ state, unreadable }) => state === "finished" && unreadable === 0).map(({ id }) => id),
    );
    for (const { id, parent } of listed.results) if (parent !== null) expect(whole.has(parent), id).toBe(true);
    // Every link is in the folder as it was written, one on the other, the first of them full.
    const chain: Chain = await new BackupFolder(folder, last).chain();
    expect(chain.length).toBeGreaterThan(1);
    expect(readdirSync(folder).filter((name) => BACKUP_ID.test(name)).length).toBeGreaterThanOrEqual(chain.length);
    const checked = runScript("scripts/backup-verify.ts", ["--dir", folder]);
    expect(await checked.ended, checked.output()).toBe(0);
    console.info(`${source.kills} kills, ${chain.length} links`);
  });

  it("restores the chain, and no acknowledged write is lost or doubled", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const args = ["--to", target.server.url, "--from", folder, "--erasures", join(folder, "erasures.json")];
    let job: string | undefined;
    const script = await killDuring(target, random, KILLS_OF_RESTORE, () => {
      const begun = runScript("scripts/restore.ts", job === undefined ? args : [...args, "--resume", job]);
      void begun.ended.then(() => {
        job ??= /^job (restore-\S+)$/m.exec(begun.output())?.[1];
      });
      return begun;
    });
    expect(script.output()).toContain('"restored": true');
    const seen = await seenAt(target);
    expect(seen).toEqual(await seenAt(source));
    for (const [user, chapters] of done) {
      const state = z.object({ states: z.record(z.string(), z.string()), seq: z.int() }).parse(seen.get(user));
      for (const id of chapters) expect(state.states[id], `${user} ${id}`).toBe("completed");
      expect(state.seq).toBe(chapters.size);
    }
    const rows = await enrollmentRows(await target.client("operator"), COURSE);
    for (const { user_id, completed_count } of rows) expect(completed_count).toBe(done.get(user_id)?.size);
    expect(rows).toHaveLength(LEARNERS.length);
    console.info(`${target.kills} kills`);
    // Nothing is left of the restore, and D1 has each row once.
    await target.server.stop();
    const count = (sql: string) =>
      queryD1(target.state, sql, z.object({ n: z.int() })).reduce((sum, { n }) => sum + n, 0);
    expect(count("SELECT count(*) AS n FROM restore_superseded")).toBe(0);
    const facts = [...done.values()].reduce((sum, chapters) => sum + chapters.size, 0);
    expect(count("SELECT count(*) AS n FROM progress")).toBe(facts);
  });
});
