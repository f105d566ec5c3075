import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { admin } from "../../support/worker/learners.ts";
import { linkTo, withMail } from "../identity/ways-support.ts";
import { account, ask, batch, organization, outcomeOf, type School, school } from "./organizations-support.ts";

let north: School;
let south: School;
beforeAll(async () => {
  [north, south] = [await school(), await school()];
});

const coursesSchema = z.object({ results: z.array(z.looseObject({ slug: z.string() })) });
const listSchema = z.object({
  results: z.array(z.looseObject({ id: z.string() })),
  next_cursor: z.string().nullable(),
});
const ids = async (answer: Response) => (await read(answer, 200, listSchema)).results.map(({ id }) => id);

describe("[I8] a manager of an organisation", () => {
  it("lists its people and courses and creates users in it, and of another learns nothing", async () => {
    const own = `/organizations/${north.id}`;
    expect(await ids(await ask(north.manager, "GET", "/organizations"))).toEqual([north.id]);
    expect((await ids(await ask(north.manager, "GET", `${own}/people`))).toSorted()).toEqual(
      [north.author, north.learner, north.manager].toSorted(),
    );
    expect(await ids(await ask(north.manager, "GET", `${own}/people?search=${north.learner.slice(0, 12)}`))).toEqual([
      north.learner,
    ]);
    const courses = await read(await ask(north.manager, "GET", `${own}/courses`), 200, coursesSchema);
    expect(courses.results.map(({ slug }) => slug)).toContain(north.course);
    const email = `${crypto.randomUUID()}@example.org`;
    const made = await ask(north.manager, "POST", `${own}/people`, { email, name: "New", role: "author" });
    const { id } = await read(made, 201, z.looseObject({ id: z.string() }));
    expect(await ids(await ask(north.manager, "GET", `${own}/people`))).toContain(id);
    expect(await outcomeOf(await ask(north.manager, "POST", `${own}/people`, { email, name: "New" }))).toBe(
      "409 user_exists",
    );
    const asAdmin = await ask(north.manager, "POST", `${own}/people`, { email: `x${email}`, name: "X", role: "admin" });
    expect((await problem(asAdmin, 400)).errors?.[0]?.path).toBe("role");
    for (const user of [south.manager, north.author, north.learner]) {
      for (const path of [own, `${own}/people`, `${own}/courses`]) {
        const nowhere = path.replace(north.id, "no-such-school");
        expect(await outcomeOf(await ask(user, "GET", path)), `${user} ${path}`).toBe("404 not_found");
        expect(await outcomeOf(await ask(user, "GET", nowhere))).toBe("404 not_found");
      }
      const body = { email: `y${email}`, name: "Y" };
      expect(await outcomeOf(await ask(user, "POST", `${own}/people`, body))).toBe("404 not_found");
    }
    expect(await ids(await ask(north.learner, "GET", "/organizations"))).toEqual([]);
    for (const [method, path, body] of [
      ["PUT", own, { name: "Mine" }],
      ["PUT", `${own}/managers/${north.learner}`, undefined],
      ["DELETE", `${own}/managers/${north.manager}`, undefined],
      ["GET", "/users", undefined],
    ] as const) {
      expect(await outcomeOf(await ask(north.manager, method, path, body)), path).toBe("403 forbidden");
    }
  });

  it("invites somebody by a link for a password of their own, which brings them into the organisation", async () => {
    const email = `${crypto.randomUUID()}@example.org`;
    const path = `/organizations/${north.id}/people?lang=zh`;
    const body = { email, name: "Ada", invite: true };
    const made = await withMail("POST", path, { token: await tokenOf(north.manager), body });
    const { id } = await read(made, 201, z.looseObject({ id: z.string() }));
    const token = await linkTo(email, "recover");
    const chosen = await call("POST", "/auth/recovery/complete", {
      body: { token, new_password: "correct horse battery" },
    });
    expect(await outcomeOf(chosen)).toBe("200");
    const signedIn = await read(
      await call("POST", "/auth/sign-in", { body: { email, password: "correct horse battery" } }),
      200,
      z.looseObject({ access_token: z.string(), user: z.looseObject({ id: z.string() }) }),
    );
    expect(signedIn.user.id).toBe(id);
    const course = await call("GET", `/courses/${north.course}`, { token: signedIn.access_token });
    expect(await outcomeOf(course)).toBe("200");
  });

  it("suspends and returns its learners and authors, and nobody else", async () => {
    const token = await tokenOf(north.manager);
    const [pupil, banned] = [await account("pupil"), await account("banned")];
    await batch([pupil, banned].map((user_id) => ({ user_id, act: "move", organization_id: north.id })));
    await batch([{ user_id: banned, act: "suspend", reason: "by an admin" }]);
    const suspend = (user_id: string) => ({ user_id, act: "suspend", reason: "left" });
    expect(
      await batch(
        [
          suspend(pupil),
          suspend(south.learner),
          suspend("nobody-here"),
          suspend(north.manager),
          { user_id: banned, act: "return" },
          { user_id: north.author, act: "role", role: "admin" },
          { user_id: north.learner, act: "move", organization_id: south.id },
          { user_id: south.author, act: "return", reason: "x" },
        ],
        token,
      ),
    ).toEqual(["done", "user_not_found", "user_not_found", "refused", "refused", "refused", "refused", "invalid"]);
    expect(await outcomeOf(await ask(pupil, "GET", "/courses"))).toBe("401 unauthenticated");
    expect(await outcomeOf(await ask(south.learner, "GET", "/courses"))).toBe("200");
    // A retry changes nothing.
    expect(await batch([suspend(pupil)], token)).toEqual(["unchanged"]);
    expect(await batch([{ user_id: pupil, act: "return" }], token)).toEqual(["done"]);
    expect(await batch([{ user_id: pupil, act: "return" }], token)).toEqual(["unchanged"]);
    expect(await batch([{ user_id: pupil, act: "role", role: "author" }], token)).toEqual(["done"]);
    const roles = z.object({ results: z.array(z.looseObject({ id: z.string(), role: z.string() })) });
    const people = await ask(north.manager, "GET", `/organizations/${north.id}/people?search=${pupil}`);
    expect((await read(people, 200, roles)).results).toEqual([expect.objectContaining({ id: pupil, role: "author" })]);
  });

  it("is one no more when an admin ends it, or puts them into another organisation", async () => {
    const [first, second] = [await account("first"), await account("second")];
    await batch([first, second].map((user_id) => ({ user_id, act: "move", organization_id: north.id })));
    const named = async (method: string, user: string) =>
      call(method, `/organizations/${north.id}/managers/${user}`, { token: await admin() });
    const changed = z.object({ changed: z.boolean() });
    for (const user of [first, second])
      expect(await read(await named("PUT", user), 200, changed)).toEqual({ changed: true });
    expect(await read(await named("PUT", first), 200, changed)).toEqual({ changed: false });
    expect(await ids(await ask(first, "GET", "/organizations"))).toEqual([north.id]);
    expect(await read(await named("DELETE", first), 200, changed)).toEqual({ changed: true });
    await batch([{ user_id: second, act: "move", organization_id: south.id }]);
    for (const user of [first, second]) {
      expect(await ids(await ask(user, "GET", "/organizations"))).toEqual([]);
      expect(await outcomeOf(await ask(user, "GET", `/organizations/${north.id}/people`))).toBe("404 not_found");
    }
    expect(await outcomeOf(await named("PUT", second))).toBe("404 user_not_found");
    expect(await outcomeOf(await ask(first, "POST", "/users/batch", { users: [] }))).toMatch(/^40[03]/);
  });
});

describe("acts on many users", () => {
  it("put a thousand into an organisation at once, and a retry changes nothing", async () => {
    const place = await organization();
    const users = await Promise.all(Array.from({ length: 12 }, () => account("many")));
    const rows = [
      ...users.map((user_id) => ({ user_id, act: "move", organization_id: place })),
      ...Array.from({ length: 988 }, (_, at) => ({ user_id: `nobody-${at}`, act: "move", organization_id: place })),
    ];
    const first = await batch(rows);
    expect(first.slice(0, 12)).toEqual(users.map(() => "done"));
    expect(new Set(first.slice(12))).toEqual(new Set(["user_not_found"]));
    expect((await batch(rows)).slice(0, 12)).toEqual(users.map(() => "unchanged"));
    expect(
      (await ids(await call("GET", `/organizations/${place}/people`, { token: await admin() }))).toSorted(),
    ).toEqual(users.toSorted());
    expect(await batch([{ user_id: users[0], act: "move", organization_id: "no-such-school" }])).toEqual(["invalid"]);
  });

  it("name the row and the rule that is broken, and refuse whoever is neither admin nor manager", async () => {
    const answer = await call("POST", "/users/batch", {
      token: await admin(),
      body: {
        users: [
          { user_id: "a", act: "suspend" },
          { user_id: "b", act: "role" },
          { user_id: "c", act: "move" },
        ],
      },
    });
    expect((await problem(answer, 400)).errors?.map(({ path }) => path)).toEqual([
      "users[0].reason",
      "users[1].role",
      "users[2].organization_id",
    ]);
    const body = { users: [{ user_id: north.learner, act: "return" }] };
    expect(await outcomeOf(await ask(north.learner, "POST", "/users/batch", body))).toBe("403 forbidden");
    const token = await tokenOf("root-of-batch", "admin");
    const own = await call("POST", "/users/batch", { token, body: { users: [{ user_id: "x", act: "return" }] } });
    expect(await outcomeOf(own)).toBe("200");
  });
});
