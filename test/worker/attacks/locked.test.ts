import { beforeAll, describe, expect, it } from "vitest";
import { type Call, call, tokenOf } from "../../support/worker/http.ts";
import { changesNothing, makeWorld, refused, type World } from "./support.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

describe("a locked item", () => {
  it("[I9] is completed by no route a learner has", async () => {
    const { slug, eve, pending } = world;
    const post = (path: string, body?: unknown): [string, Call] => [path, body === undefined ? {} : { body }];
    const attempts: Record<string, [string, Call, string]> = {
      "a locked chapter": [...post(`/courses/${slug}/chapters/${slug}.two/mark_as_completed`), "locked"],
      "an open problem as a chapter": [
        ...post(`/courses/${slug}/chapters/${slug}.sum/mark_as_completed`),
        "item_not_found",
      ],
      "a draft chapter": [...post(`/courses/${slug}/chapters/${slug}.draft/mark_as_completed`), "item_not_found"],
      "a deprecated chapter never started": [
        ...post(`/courses/${slug}/chapters/${slug}.old/mark_as_completed`),
        "item_not_found",
      ],
      "an unknown chapter": [...post(`/courses/${slug}/chapters/${slug}.none/mark_as_completed`), "item_not_found"],
      "a locked problem": [...post(`/problems/${slug}.gate/submissions`, { answer: "4" }), "locked"],
      "a problem in a locked chapter": [...post(`/problems/${slug}.inner/submissions`, { answer: "4" }), "locked"],
      "a problem in a draft chapter": [
        ...post(`/problems/${slug}.hidden/submissions`, { answer: "4" }),
        "item_not_found",
      ],
      "a chapter as a problem": [...post(`/problems/${slug}.one/submissions`, { answer: "4" }), "item_not_found"],
      "a locked chapter as a problem": [...post(`/problems/${slug}.two/submissions`, { answer: "4" }), "locked"],
      "an unknown problem": [...post(`/problems/${slug}.none/submissions`, { answer: "4" }), "item_not_found"],
      "one's own verdict": [...post(`/submissions/${pending}/verdict`, { passed: true, score: 100 }), "forbidden"],
    };
    await changesNothing(world, async () => {
      for (const [name, [path, options, code]] of Object.entries(attempts)) {
        const document = await refused(await call("POST", path, { ...options, token: eve }), name);
        expect(document.code, name).toBe(code);
        if (code === "locked") expect(document).toMatchObject({ item: expect.any(String), reasons: expect.any(Array) });
      }
    });
  });

  it("[I9] gives the same answer for a problem and a chapter when they are marked as completed", async () => {
    const { slug, eve } = world;
    await changesNothing(world, async () => {
      for (const item of ["gate", "inner"]) {
        await refused(
          await call("POST", `/courses/${slug}/chapters/${slug}.${item}/mark_as_completed`, { token: eve }),
          item,
        );
      }
    });
  });

  it("that is hidden gets exactly the answer of an item that does not exist", async () => {
    const { slug, eve } = world;
    const ask = async (method: string, path: (item: string) => string, item: string, body?: unknown) => {
      const answer = await call(method, path(item), { token: eve, ...(body === undefined ? {} : { body }) });
      const { request_id: _id, ...document } = await refused(answer, `${method} ${path(item)}`);
      return document;
    };
    const routes: [string, (item: string) => string, unknown?][] = [
      ["POST", (item) => `/courses/${slug}/chapters/${slug}.${item}/mark_as_completed`],
      ["POST", (item) => `/problems/${slug}.${item}/submissions`, { answer: "4" }],
      ["GET", (item) => `/problems/${slug}.${item}`],
      ["GET", (item) => `/courses/${slug}/chapters/${slug}.${item}`],
      ["GET", (item) => `/courses/${slug}/items/${slug}.${item}/why`],
      ["GET", (item) => `/chapters/${slug}.${item}/problems`],
    ];
    for (const [method, path, body] of routes) {
      const unknown = await ask(method, path, "none", body);
      for (const hidden of ["hidden", "draft", "old"]) {
        expect(await ask(method, path, hidden, body), `${method} ${path(hidden)}`).toEqual(unknown);
      }
    }
  });

  it("gives no content away", async () => {
    const { slug, eve } = world;
    for (const path of [`/courses/${slug}/chapters/${slug}.two`, `/problems/${slug}.inner`]) {
      for (const query of ["", "?at=2099-01-01T00:00:00Z", "?as=learner", "?lang=zh", "?learner=eve"]) {
        const answer = await call("GET", `${path}${query}`, { token: eve });
        const text = await answer.clone().text();
        expect(text).not.toContain("secret text");
        expect((await refused(answer, path + query)).code).toBe("locked");
      }
    }
  });

  it("[I9] is not judged by a verdict on something that was never submitted", async () => {
    const { slug } = world;
    const token = await tokenOf("grader", "service");
    const unknown = "0".repeat(32);
    await changesNothing(world, async () => {
      for (const id of [`${slug}:ada:${unknown}`, `${slug}:nobody:${unknown}`, `nowhere:ada:${unknown}`]) {
        const answer = await call("POST", `/submissions/${id}/verdict`, { token, body: { passed: true, score: 1 } });
        expect((await refused(answer, id)).code).toBe("submission_not_found");
      }
    });
  });

  it("[I9] is not imported if it does not exist: each fact gets an error, and nothing is recorded", async () => {
    const { slug } = world;
    const at = new Date().toISOString();
    const future = new Date(Date.now() + 86_400_000).toISOString();
    const facts = [
      { user_id: "nobody", item: `${slug}.one`, completed: true, at },
      { user_id: "eve", item: `${slug}.none`, completed: true, at },
      { user_id: "eve", item: `${slug}.one`, completed: true, at: future },
      { user_id: "eve", item: "nowhere.one", completed: true, at },
    ];
    await changesNothing(world, async () => {
      for (const role of ["learner", "author"] as const) {
        const token = await tokenOf(role === "author" ? "alice" : "eve", role);
        const refusal = await refused(await call("POST", "/progress/import", { token, body: { facts } }), role);
        expect(refusal.code).toBe("forbidden");
      }
      const token = await tokenOf("importer", "service");
      const answer = await call("POST", "/progress/import", { token, body: { facts } });
      expect(await answer.json()).toMatchObject({
        recorded: 0,
        results: ["not_enrolled", "item_not_found", "in_future", "not_enrolled"].map((outcome) => ({ outcome })),
      });
    });
  });
});
