import { describe, expect, it } from "vitest";
import { AUTHOR, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith } from "../../support/worker/faults.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { completed, ladder } from "../../support/worker/learners.ts";
import { bytesOf, uploaded } from "../files/support.ts";

async function learner() {
  const slug = freshSlug("tags");
  await publish(ladder(slug));
  await enroll(slug, "ada");
  return { slug, token: await tokenOf("ada") };
}

/** Every answer with a validator: its address and a token that may read it. */
const TAGGED: [string, () => Promise<{ path: string; token: string }>][] = [
  [
    "a list of chapters",
    async () => {
      const { slug, token } = await learner();
      return { path: `/courses/${slug}/chapters`, token };
    },
  ],
  [
    "a second page of problems",
    async () => {
      const { slug, token } = await learner();
      const first = await call("GET", `/courses/${slug}/problems?limit=1`, { token });
      const { next_cursor } = await first.json<{ next_cursor: string }>();
      return { path: `/courses/${slug}/problems?limit=1&cursor=${next_cursor}`, token };
    },
  ],
  [
    "the states of items",
    async () => {
      const { slug, token } = await learner();
      return { path: `/courses/${slug}/unlocks`, token };
    },
  ],
  [
    "the states at another instant",
    async () => {
      const { slug, token } = await learner();
      return { path: `/courses/${slug}/unlocks?at=2099-01-01T00:00:00Z`, token };
    },
  ],
  [
    "the document of a version",
    async () => ({ path: `/courses/${(await learner()).slug}/versions/1`, token: await tokenOf(AUTHOR, "author") }),
  ],
  [
    "the history of events",
    async () => ({ path: "/events/history", token: await tokenOf(`reader-${crypto.randomUUID().slice(0, 8)}`) }),
  ],
  [
    "the bytes of a file",
    async () => {
      const user = `owner-${crypto.randomUUID().slice(0, 8)}`;
      const { id } = await uploaded(bytesOf("some bytes"), { user });
      return { path: `/storage/files/${id}/download`, token: await tokenOf(user) };
    },
  ],
];

describe.each(TAGGED)("[fault 41] the ETag of %s", (_what, make) => {
  it("is compared weakly, tag by tag, and `*` matches whatever exists", async () => {
    const { path, token } = await make();
    const ask = async (header?: string) =>
      call("GET", path, { token, headers: header === undefined ? {} : { "if-none-match": header } });
    await (await ask()).text(); // the first read may bring a snapshot up to date
    const whole = await ask();
    const tag = whole.headers.get("etag") ?? "";
    expect([whole.status, (await whole.text()).length > 0]).toEqual([200, true]);
    expect(tag).toMatch(/^"[^"]+"$/);
    for (const header of [tag, `W/${tag}`, `"other", ${tag}`, `W/"a,b" ,W/${tag},"c"`, "*"]) {
      const answer = await ask(header);
      expect([header, answer.status, await answer.text(), answer.headers.get("etag")]).toEqual([header, 304, "", tag]);
    }
    for (const header of ['"other"', 'W/"other"', `"${tag.slice(1, -1)},x"`, tag.slice(1, -1), '"*"']) {
      const answer = await ask(header);
      expect([header, answer.status]).toEqual([header, 200]);
      await answer.text();
    }
  });
});

describe("[fault 41] answers without an ETag", () => {
  it("from D1 and of staff lists are 304 for `*`, and complete for everything else", async () => {
    const { slug } = await learner();
    await project(slug, "ada");
    const bindings = { ENROLLMENTS: brokenObjects().namespace };
    for (const [user, role] of [
      ["ada", "learner"],
      [AUTHOR, "author"],
    ] as const) {
      const token = await tokenOf(user, role);
      const ask = (header: string) =>
        callWith(bindings, "GET", `/courses/${slug}/chapters`, { token, headers: { "if-none-match": header } });
      expect((await ask("*")).status).toBe(304);
      for (const header of ['"a"', '""', "W/"]) expect((await ask(header)).status).toBe(200);
    }
  });

  it("belong to one instant: an ETag of another instant, or from before a change, does not match", async () => {
    const { slug, token } = await learner();
    const ask = async (query: string, header = "") =>
      call("GET", `/courses/${slug}/unlocks${query}`, {
        token,
        headers: header === "" ? {} : { "if-none-match": header },
      });
    const at = "?at=2099-01-01T00:00:00Z";
    const tag = (await ask(at)).headers.get("etag") ?? "";
    expect((await ask("", tag)).status).toBe(200);
    expect((await ask("?at=2098-01-01T00:00:00Z", tag)).status).toBe(200);
    expect((await ask(at, tag)).status).toBe(304);
    await completed(slug, "ada", "one");
    expect((await ask(at, tag)).status).toBe(200);
  });
});
