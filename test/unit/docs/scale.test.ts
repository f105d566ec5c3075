import { randomBytes, randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { MEASURED, SCALE_PAGES, type ScalePage, scaleParts, withScale } from "../../../scripts/lib/scale.ts";

const LEARNERS = 10_000;

/** Bytes that a learner with three courses takes in the directory. */
function bytesOfLearner(hasAccount: boolean): number {
  const db = new DatabaseSync(":memory:");
  const files = readdirSync("migrations").filter((file) => file.endsWith(".sql"));
  for (const file of files.sort()) db.exec(readFileSync(`migrations/${file}`, "utf8"));
  // What backups note of a change is removed with the next backup.
  for (const { name } of db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all()) {
    db.exec(`DROP TRIGGER "${name}"`);
  }
  const pages = db.prepare("SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()");
  const before = Number(pages.get()?.bytes);
  const user = db.prepare("INSERT INTO users (id, name, email, created_at, updated_at) VALUES (?, ?, ?, ?, ?)");
  const account = db.prepare(
    `INSERT INTO accounts (id, account_id, provider_id, user_id, password, created_at, updated_at)
     VALUES (?, ?, 'credential', ?, ?, ?, ?)`,
  );
  const session = db.prepare(
    "INSERT INTO sessions (id, token, user_id, expires_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const course = db.prepare("INSERT INTO user_courses (user_id, course_slug, asked_at) VALUES (?, ?, ?)");
  const now = Date.now();
  db.exec("BEGIN");
  for (let at = 0; at < LEARNERS; at += 1) {
    const id = randomUUID();
    if (hasAccount) {
      user.run(id, `Ada Lovelace ${at}`, `ada.lovelace.${at}@school.example`, now, now);
      account.run(randomUUID(), id, id, randomBytes(70).toString("base64"), now, now);
      session.run(randomUUID(), randomBytes(32).toString("hex"), id, now, now, now);
    }
    for (let n = 0; n < 3; n += 1) course.run(id, `course-${at % 5_000}-${n}`, now);
  }
  db.exec("COMMIT");
  const bytes = (Number(pages.get()?.bytes) - before) / LEARNERS;
  db.close();
  return bytes;
}

describe("the pages about cost and scale", () => {
  it("have the figures that follow from the measurements; `npm run docs:scale` computes them", () => {
    for (const name of Object.keys(SCALE_PAGES) as ScalePage[]) {
      const page = readFileSync(name, "utf8");
      expect(withScale(name, page)).toBe(page);
    }
    expect(scaleParts().sizes.split("\n")).toHaveLength(11);
  });

  it("count as many rows as the tests measure", () => {
    const test = readFileSync("test/worker/enrollment/rows.test.ts", "utf8");
    const held = (name: string) => Number(new RegExp(`expect\\(${name}\\)\\.toBe\\((\\d+)\\)`).exec(test)?.[1]);
    expect({
      completion: [held("write") + held("confirm"), held("d1")],
      event: held("heard"),
      enrollment: [held("object"), held("enrolling")],
      submission: [held("submitted"), held("submitting")],
    }).toEqual({
      completion: [MEASURED.objectRows, MEASURED.d1Rows],
      event: MEASURED.eventRows,
      enrollment: [MEASURED.enrollmentObjectRows, MEASURED.enrollmentD1Rows],
      submission: [MEASURED.submissionObjectRows, MEASURED.submissionD1Rows],
    });
  });

  it.each([
    ["who signs in elsewhere", false, MEASURED.outsiderBytes],
    ["with an account here", true, MEASURED.accountBytes],
  ])(
    "know the bytes of a learner %s to a tenth",
    (_who, hasAccount, noted) => {
      const found = bytesOfLearner(hasAccount);
      expect(Math.abs(found - noted) / noted, `${found} bytes`).toBeLessThan(0.1);
    },
    60_000,
  );
});
