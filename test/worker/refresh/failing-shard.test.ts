import { env } from "cloudflare:workers";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ReadinessWatch } from "../../../src/ops/health/readiness.ts";
import { forgetPlacement } from "../../../src/platform/database/placement.ts";
import { directory, everyShard } from "../../../src/platform/database/shards.ts";
import { unlockSection } from "../../../src/staleness/gauges.ts";
import { freshnessOf } from "../../../src/staleness/index.ts";
import { sweepEveryMinute } from "../../../src/staleness/refresh.ts";
import { AUTHOR, enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { brokenDatabase, callWith, silentDatabase } from "../../support/worker/faults.ts";
import { tokenOf } from "../../support/worker/http.ts";
import { bindingsWith, collectingQueue, consume, outboxOf, pair, rowOf, run } from "./support.ts";

const further = everyShard(env).at(-1);

/** A published course in a shard of this name. */
async function courseIn(shard: string): Promise<string> {
  const slug = freshSlug("dark");
  await publish(pair(slug));
  // Nobody is enrolled yet, so its place is nothing but what the directory says.
  await directory(env).prepare("UPDATE courses SET shard = ? WHERE slug = ?").bind(shard, slug).run();
  forgetPlacement(slug);
  return slug;
}

const complete = async (bindings: Partial<Env>, slug: string, user: string) =>
  callWith(bindings, "POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed/`, {
    token: await tokenOf(user),
  });
const enrollWith = async (bindings: Partial<Env>, slug: string, user: string) =>
  callWith(bindings, "POST", `/courses/${slug}/enrollments`, { token: await tokenOf(user), body: {} });

describe.runIf(everyShard(env).length > 1)("while a shard does not answer", () => {
  const name = further?.name ?? "";

  it.each([
    ["refuses", brokenDatabase],
    ["is silent", silentDatabase],
  ])(
    "[I10] and %s, the courses of other shards enroll, complete, publish, sweep and are projected",
    async (_how, broken) => {
      const logged = vi.spyOn(console, "error").mockImplementation(() => {});
      onTestFinished(() => logged.mockRestore());
      const [bright, down] = [await courseIn("DB"), await courseIn(name)];
      await enroll(down, "eve");
      const { queue } = collectingQueue();
      const bindings = { [name]: broken(), REFRESH_QUEUE: queue };

      expect((await enrollWith(bindings, bright, "ada")).status).toBe(201);
      expect((await complete(bindings, bright, "ada")).status).toBe(200);
      const document = { document: pair(bright, "second"), policy: "grandfather" };
      const author = await tokenOf(AUTHOR, "author");
      const published = await callWith(bindings, "POST", `/courses/${bright}/versions`, {
        token: author,
        body: document,
      });
      expect(published.status).toBe(201);

      // A learner of the failing shard works on: the object takes it, and keeps its pending rows.
      expect((await complete(bindings, down, "eve")).status).toBe(200);
      const messages = [bright, down].map((slug) => ({
        type: "project",
        enrollment_id: `${slug}:${slug === bright ? "ada" : "eve"}`,
      }));
      if (broken === brokenDatabase) {
        const delivered = await consume("latchkey-projection", messages, bindingsWith(bindings));
        expect(delivered).toMatchObject({ acked: ["m0"], retried: ["m1"] });
        expect(await outboxOf(down, "eve")).toBeGreaterThan(0);
      } else {
        await consume("latchkey-projection", messages.slice(0, 1), bindingsWith(bindings));
      }
      expect(await rowOf(bright, "ada")).toMatchObject({ progress_seq: 1 });

      await run(
        "UPDATE freshness SET is_stale = 1, stale_scope = 'course', stale_since = 1, stale_mark = 1 WHERE course_slug = ?",
        bright,
      );
      await sweepEveryMinute(bindingsWith(bindings), Date.now());
      // The sweep has looked at it, and nothing of the snapshot would change.
      expect(await rowOf(bright, "ada")).toMatchObject({ is_stale: 0 });
      expect(logged.mock.calls.flat().join("\n")).toContain(`"event":"shard_dark"`);
      expect(logged.mock.calls.flat().join("\n")).toContain(`"shard":"${name}"`);

      // It is back: what waited arrives.
      const back = await consume("latchkey-projection", messages);
      expect(back.acked).toEqual(["m0", "m1"]);
      expect(await rowOf(down, "eve")).toMatchObject({ progress_seq: 1 });
    },
  );

  it("[I10] metrics name this shard, and readiness calls it degraded, not down", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => logged.mockRestore());
    for (const broken of [brokenDatabase, silentDatabase]) {
      const bindings = bindingsWith({ [name]: broken() });
      expect((await freshnessOf(bindings, Date.now())).dark_shards).toEqual([name]);
      const families = await unlockSection.read(bindings, Date.now());
      const up = families.find((family) => family.name === "database_shard_up")?.samples ?? [];
      expect(up.map((sample) => [sample.labels?.shard, "value" in sample ? sample.value : null])).toEqual(
        everyShard(env).map((shard) => [shard.name, shard.name === name ? 0 : 1]),
      );
      const ready = await new ReadinessWatch().look(bindings, Date.now());
      expect(ready.status).toBe("degraded");
      expect(ready.reasons.join()).toContain(`shards: ${name} did not answer`);
    }
  });
});
