import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/** Every source file of the server, with its text. */
function sources(folder = join(import.meta.dirname, "../../../src")): [path: string, text: string][] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry): [string, string][] => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "web" || entry.name === "client" ? [] : sources(path);
    return entry.name.endsWith(".ts") ? [[path.slice(path.indexOf("/src/") + 5), readFileSync(path, "utf8")]] : [];
  });
}

describe("the sources", () => {
  /** What only the room of batches does, and how a source that does it by itself would look. */
  const RESERVED: readonly [what: string, form: RegExp][] = [
    // What is pending in an object is a column of its own row, of 25 entries at most, and so are a learner's policy, ten
    // backup codes, the scopes of a key, and the events of a page for other systems: nothing is bound. The settings of a
    // platform are one value that its schema bounds.
    [
      "a set in SQL",
      /json_each\s*\((?!pending\)|scopes\)|\?2, '\$\.(?:deployments|courses)'\)|backup_codes\)|events\)|CASE policy |enrollments\.policy, |\$\{POLICY\}, )/,
    ],
    [
      "a set bound to a statement of D1",
      /(?:\.bind\(|\b\w+\((?:\w*\.)?(?:db|directory\([^)]*\)),)[^;]*JSON\.stringify\(/,
    ],
    ["a set in a statement of drizzle", /\bsql`[^`]*\$\{JSON\.stringify\((?!full)/],
    ["messages sent together", /\.sendBatch\(/],
  ];
  /** JSON that is one value of one row and is bounded where it comes in, by file. */
  const ONE_VALUE: Readonly<Record<string, string>> = {
    "audit/outbox.ts": "one entry: its schema bounds every field",
    "audit/sign-ins.ts": "one entry, likewise",
    "insight/routes-data.ts": "a course's schedule: 200 assessments at most",
    "insight/runs.ts": "the place at which a run begins",
    "insight/pipeline.ts": "the place at which a run stands",
    "insight/registry.ts": "a model's figures",
    "connect/lti/results.ts": "how far the reading of one gradebook is: 50 columns, 200 that are listed, 20 ids",
    "connect/lti/scores.ts": "percentages that were sent for one learner and column: 50 at most",
    "connect/scim/notes.ts": "names of attributes that are not kept: as many as the schemas have",
    "connect/scim/users.ts": "what a directory says of one person: its request is bounded",
    "courses/publish.ts": "a course's title, or what one version is",
    "identity/ways/recovery.ts": "one entry of the audit log",
    "learner/routes-calendar.ts": "what one calendar has told: 500 dates at most",
    "mirror/shadow.ts": "one snapshot, and in how many items it differs",
  };

  it("bind sets and send messages only through batches", () => {
    const found = sources().flatMap(([path, text]) =>
      path === "platform/database/batches.ts" || path === "platform/database/set-statement.ts"
        ? []
        : RESERVED.filter(([, form]) => form.test(text)).flatMap(([what]) =>
            what === "a set bound to a statement of D1" && path in ONE_VALUE ? [] : [`${path}: ${what}`],
          ),
    );
    expect(found).toEqual([]);
  });

  it("the scan finds each forbidden form", () => {
    const bad = [
      'db.prepare("SELECT value FROM json_each(?)")',
      "db.prepare(INSERT).bind(JSON.stringify(rows))",
      `sql\`DELETE FROM t WHERE id IN (SELECT value FROM x(${"$"}{JSON.stringify(ids)}))\``,
      "queue.sendBatch(all.map((body) => ({ body })))",
    ];
    bad.forEach((text, index) => {
      expect(RESERVED[index]?.[1].test(text), text).toBe(true);
    });
  });

  it("say with each 403 what the caller may not do", () => {
    const silent = sources().filter(([, text]) => /refuse\("forbidden"\)/.test(text));
    expect(silent.map(([path]) => path)).toEqual([]);
  });

  it("give a name to each own rule of a schema", () => {
    /** A rule of our own, and how far behind it its name stands at most. */
    const own = /\.refine\(|code: "custom"/g;
    const named = /\bbroken\(|params: \{ rule/;
    const nameless = sources().flatMap(([path, text]) =>
      [...text.matchAll(own)].flatMap(({ index }) =>
        named.test(text.slice(index, index + 500)) ? [] : [`${path}: ${text.slice(index, index + 60)}`],
      ),
    );
    // What the server wrote itself is not refused to anybody.
    expect(nameless.filter((place) => !place.startsWith("insight/runs.ts"))).toEqual([]);
  });
});
