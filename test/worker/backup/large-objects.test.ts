import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { enroll, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { answerOften } from "../../support/worker/full-size.ts";
import { ladder } from "../../support/worker/learners.ts";
import { inObject } from "../../support/worker/objects.ts";
import { linesOf, takeBackup, workThrough } from "./support.ts";

const ANSWERS = 1_000;

describe("a learner with very many answers", () => {
  it("[fault 13] is in a backup that is whole and can be verified, and so is a neighbour like that", {
    timeout: 240_000,
  }, async () => {
    const slug = freshSlug("spoiler");
    await publish(ladder(slug));
    const users = ["a", "b"];
    for (const user of users) {
      await enroll(slug, user);
      await answerOften(slug, user, "p2", ANSWERS);
      await project(slug, user);
    }
    const backup = await takeBackup();
    expect(backup.unreadable).toEqual([]);
    expect(await env.BACKUPS.list({ prefix: "succeeded/" })).toMatchObject({ objects: [{}] });
    const lines = await linesOf(backup, "enrollment_objects");
    expect(Math.max(...lines.map((line) => new TextEncoder().encode(line).byteLength))).toBeLessThan(2_000_000);
    // Each of them in pieces, all of one copy; and no object keeps its copy.
    const pieces = lines.map((line): unknown => JSON.parse(line).dump.part).filter((part) => part !== undefined);
    expect(pieces.length).toBeGreaterThan(2 * 50);
    for (const user of users) {
      const tables = await inObject(objectOf(slug, user), ({ sql }) =>
        sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name = 'backup_copy'").toArray(),
      );
      expect(tables).toEqual([]);
    }
    expect((await workThrough(backup.id, "verify")).done).toBe(true);
  });
});
