import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { exportStream } from "../../../src/privacy/export.ts";
import { NOBODY } from "../../../src/privacy/source.ts";
import { SOURCES } from "../../../src/privacy/sources.ts";
import { call, problem, tokenOf } from "../../support/worker/http.ts";
import { spread } from "../../support/worker/shards.ts";
import { admin, makeCourse, makePerson } from "./support.ts";

let slug: string;
beforeAll(async () => {
  slug = await makeCourse();
});

const line = z.looseObject({ kind: z.string(), source: z.string().optional(), records: z.number().optional() });
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((entry) => line.parse(JSON.parse(entry)));

describe("an export", () => {
  it("has everything held about the user, no secret, and nothing of another", async () => {
    const eve = await makePerson(slug);
    // After eve, who may share her journal: what she flushes would be nothing that waits any more.
    const ada = await makePerson(slug);
    const answer = await call("POST", `/users/${ada.id}/export`, { token: ada.token });
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
    const text = await answer.text();
    const lines = linesOf(text);
    const kinds = new Set(lines.map(({ source, kind }) => `${source ?? ""} ${kind}`.trim()));
    expect([...kinds].sort()).toEqual([
      "account account",
      "account user",
      "audit audit_entry",
      "end",
      "enrollments enrollment",
      "enrollments fact",
      "enrollments fact_log",
      "enrollments override",
      "enrollments policy_log",
      "enrollments registration",
      "enrollments stored_divergences",
      "enrollments stored_progress",
      "enrollments stored_submissions",
      "enrollments stored_unlock_events",
      "enrollments submission",
      "events archived_event",
      "events event",
      "events preferences",
      "export",
      "files file",
      "sessions session",
      "translation pending",
      "translation translation.session",
      "translation translation.task",
    ]);
    expect(lines.at(-1)).toEqual({ kind: "end", records: lines.length - 2 });
    expect(text).toContain(ada.email);
    const { results } = await spread
      .prepare(
        "SELECT token AS secret FROM sessions UNION ALL SELECT password FROM accounts WHERE password IS NOT NULL",
      )
      .all<{ secret: string }>();
    expect(results.length).toBeGreaterThan(3);
    for (const { secret } of results) expect(text).not.toContain(secret);
    for (const word of [eve.id, eve.email, eve.marker]) expect(text).not.toContain(word);
  });

  it("[I8] is for the user and for admins", async () => {
    const ada = await makePerson(slug);
    for (const role of ["learner", "author", "service"] as const) {
      const other = await call("POST", `/users/${ada.id}/export`, { token: await tokenOf("eve", role) });
      expect((await problem(other, 403)).code).toBe("forbidden");
    }
    const answer = await call("POST", `/users/${ada.id}/export`, { token: await admin() });
    expect(linesOf(await answer.text()).at(-1)?.kind).toBe("end");
    const nobody = await call("POST", "/users/nobody-at-all/export", { token: await admin() });
    expect((await problem(nobody, 404)).code).toBe("user_not_found");
  });

  it("is visibly cut off, not silently shorter, when a source cannot be read", async () => {
    const broken = {
      name: "broken",
      holds: async () => false,
      people: async () => NOBODY,
      export: () =>
        (async function* () {
          yield { kind: "first", row: {} };
          throw new Error("cannot be read");
        })(),
      erase: async () => "done" as const,
    };
    const stream = exportStream(env, "nobody", [...SOURCES, broken], Date.now());
    await expect(new Response(stream).text()).rejects.toThrow("the export was cut");
  });
});
