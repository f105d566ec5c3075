import { expect, it } from "vitest";
import { z } from "zod";
import { MAX_ASKED } from "../../../src/mirror/impact-now.ts";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith } from "../../support/worker/faults.ts";
import { read } from "../../support/worker/http.ts";
import { author, completed, ladder } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";

const impactSchema = z.looseObject({
  impact: z.looseObject({
    enrollments: z.int(),
    as_of: z.iso.datetime(),
    up_to_date: z.int(),
    maybe_behind: z.int(),
    items: z.array(z.object({ item: z.string(), gain: z.int(), lose: z.int() })),
  }),
});

async function dryRun(slug: string, bindings: Partial<Env> = {}) {
  const document = ladder(slug);
  const [one, two, ...others] = document.chapters ?? [];
  if (one === undefined || two === undefined) throw new Error("the ladder has chapters");
  const next = { ...document, chapters: [one, { ...two, rule: { cohort: "nobody" } }, ...others] };
  const path = `/courses/${slug}/versions?dry_run=true`;
  const body = { document: next, policy: "relock" };
  const answer = await callWith(bindings, "POST", path, { token: await author(), body });
  return (await read(answer, 200, impactSchema)).impact;
}

it("[fault 33] a dry run right after a write counts it, and says how up to date it is", async () => {
  const slug = freshSlug("dry");
  await publish(ladder(slug));
  for (const user of ["ada", "bob"]) await enroll(slug, user);
  await completed(slug, "ada", "one"); // opens two; nothing has been projected yet
  const impact = await dryRun(slug);
  expect(impact).toMatchObject({ enrollments: 2, up_to_date: 2, maybe_behind: 0 });
  expect(impact.items).toContainEqual({ item: `${slug}.two`, gain: 0, lose: 1 });
});

it("[fault 33] a dry run names the learners of whom it may have missed a write", async () => {
  const slug = freshSlug("unsure");
  await publish(ladder(slug));
  await enroll(slug, "ada");
  await completed(slug, "ada", "one");
  const unreachable = await dryRun(slug, { ENROLLMENTS: brokenObjects().namespace });
  expect(unreachable).toMatchObject({ enrollments: 1, up_to_date: 0, maybe_behind: 1 });
  // Of a large course only the last active are asked.
  const others = Array.from({ length: MAX_ASKED + 4 }, (_, index) => {
    const user = `u${index}`;
    return spread
      .prepare("INSERT INTO enrollments (id, course_slug, user_id, enrolled_at, last_active_at) VALUES (?, ?, ?, 1, 1)")
      .bind(`${slug}:${user}`, slug, user);
  });
  await spread.batch(others);
  const large = await dryRun(slug);
  expect(large).toMatchObject({ enrollments: MAX_ASKED + 5, up_to_date: MAX_ASKED, maybe_behind: 5 });
});
