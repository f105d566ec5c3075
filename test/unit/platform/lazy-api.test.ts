import { describe, expect, it } from "vitest";
import { newRouter } from "../../../src/platform/http/define-route.ts";
import { LazyApi, lazily } from "../../../src/platform/http/lazy-api.ts";

/** An API of three features that notes which were read. */
function api() {
  const read: string[] = [];
  const feature = (name: string, beginnings: string[], path: string) =>
    lazily(beginnings, async () => {
      read.push(name);
      return (app) => app.get(path, (c) => c.text(name));
    });
  const lazy = new LazyApi(
    [
      feature("list", ["/courses$"], "/courses"),
      feature("item", ["/courses/*/items"], "/courses/:course/items/:item"),
      feature("any", ["/courses/*"], "/courses/:course/*"),
    ],
    (mounts) => {
      const app = newRouter();
      for (const mount of mounts) mount(app);
      return app;
    },
  );
  // SAFETY: nothing that is asked for here looks at its bindings or its context.
  const [env, context] = [{} as Env, {} as ExecutionContext];
  const answer = async (path: string) => {
    const response = await lazy.fetch(new Request(`https://latchkey.test${path}`), env, context);
    return response.status === 404 ? 404 : await response.text();
  };
  return { read, answer, whole: () => lazy.whole() };
}

describe("features that are loaded when they are needed", () => {
  it("are loaded once, with the first request below their paths, and answer it", async () => {
    const { read, answer } = api();
    expect(await answer("/health")).toBe(404);
    expect(read).toEqual([]);
    expect(await answer("/courses/?limit=2")).toBe("list");
    expect(await answer("/courses")).toBe("list");
    expect(read).toEqual(["list"]);
  });

  it("answer in the order of the list, whichever was loaded first", async () => {
    const { read, answer } = api();
    expect(await answer("/courses/a/other")).toBe("any");
    expect(read).toEqual(["any"]);
    expect(await answer("/courses/a/items/b")).toBe("item");
    expect(await answer("/courses/a/other")).toBe("any");
    expect(read).toEqual(["any", "item"]);
  });

  it("are found in whatever form their path is spelt", async () => {
    for (const path of ["/%63ourses", "/courses/", "/courses#part"])
      expect(await api().answer(path), path).toBe("list");
    for (const path of ["/courseses", "/courses/a/itemses", "/x/courses"]) {
      const { answer, read } = api();
      await answer(path);
      expect(
        read.filter((name) => name !== "any"),
        path,
      ).toEqual([]);
    }
  });

  it("are added once when two requests load them at the same time", async () => {
    const { answer, whole } = api();
    expect(await Promise.all([answer("/courses"), answer("/courses")])).toEqual(["list", "list"]);
    expect((await whole()).routes.map(({ path }) => path)).toEqual([
      "/courses",
      "/courses/:course/items/:item",
      "/courses/:course/*",
    ]);
  });
});
