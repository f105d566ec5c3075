import { env } from "cloudflare:workers";
import SCIMMY from "scimmy";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { call, d1Queries, problem, read, tokenOf } from "../../support/worker/http.ts";
import { freshEmail, PASSWORD, register, signedInSchema, signIn } from "../identity/support.ts";
import { created, directoryKey, fault, list, patch, person, resource, scim } from "./scim-support.ts";

let key: string;
beforeAll(async () => {
  key = await directoryKey();
});

const isBanned = async (id: string) =>
  (await env.DB.prepare("SELECT banned FROM users WHERE id = ?").bind(id).first("banned")) === 1;
const admin = () => tokenOf("root", "admin");

async function verify(email: string) {
  await env.DB.prepare("UPDATE users SET email_verified = 1 WHERE email = ?").bind(email).run();
}

/** Whom the directory has sent, with a password, as somebody who signs in here. */
async function signedIn() {
  const email = freshEmail();
  await register(email);
  await verify(email);
  const made = await created(key, { userName: email, emails: [{ value: email, type: "work" }] });
  return { made, session: await read(await signIn(email, PASSWORD), 200, signedInSchema), email };
}

describe("people of a directory", () => {
  it("come, are found, change and go, as RFC 7644 says", async () => {
    const sent = person();
    const answer = await scim(key, "POST", "/Users", sent);
    expect(answer.headers.get("content-type")).toBe("application/scim+json");
    const { id, meta } = await read(answer, 201, resource);
    expect(answer.headers.get("location")).toBe(meta.location);
    expect(answer.headers.get("etag")).toBe('W/"1"');
    const seen = await read(await scim(key, "GET", `/Users/${id}`), 200, resource);
    expect(seen).toMatchObject({ userName: sent.userName, externalId: sent.externalId, active: true, groups: [] });
    // An independent library takes it for a person of the standard.
    const { name, emails } = new SCIMMY.Schemas.User(seen, "out");
    expect(name?.givenName).toBe("Grace");
    expect(emails?.[0]?.value).toBe(sent.emails[0]?.value);
    const user = await read(await call("GET", `/users/${id}`, { token: await admin() }), 200, z.looseObject({}));
    expect(user).toMatchObject({ name: "Grace Hopper", email: sent.emails[0]?.value, role: "learner" });
    for (const filter of [
      `userName eq "${sent.userName.toUpperCase()}"`,
      `externalId eq "${sent.externalId}"`,
      `USERNAME EQ "${sent.userName}" and active eq true`,
      `emails[type eq "work"].value eq "${sent.userName}"`,
      `id eq "${id}"`,
    ]) {
      const found = await read(await scim(key, "GET", `/Users?filter=${encodeURIComponent(filter)}`), 200, list);
      expect(found.Resources.map((one) => one.id)).toEqual([id]);
      expect(() => Reflect.construct(SCIMMY.Messages.ListResponse, [found])).not.toThrow();
    }
    const none = await read(
      await scim(key, "GET", `/Users?filter=${encodeURIComponent('userName eq "no"')}`),
      200,
      list,
    );
    expect(none).toMatchObject({ totalResults: 0, Resources: [] });
    expect((await scim(key, "DELETE", `/Users/${id}`)).status).toBe(204);
    expect(await fault(await scim(key, "GET", `/Users/${id}`), 404)).toBeUndefined();
    // Nobody is erased by a directory.
    expect(await isBanned(id)).toBe(true);
    expect((await read(await scim(key, "POST", "/Users", sent), 201, resource)).id).toBe(id);
    expect(await isBanned(id)).toBe(false);
  });

  it("come and go as Entra writes it", async () => {
    const { id } = await created(key);
    const change = async (...operations: object[]) =>
      read(await scim(key, "PATCH", `/Users/${id}`, patch(...operations)), 200, resource);
    expect(await change({ op: "Replace", path: "active", value: "False" })).toMatchObject({ active: false });
    expect(await isBanned(id)).toBe(true);
    expect(await change({ op: "Replace", path: "active", value: "True" })).toMatchObject({ active: true });
    expect(await isBanned(id)).toBe(false);
    const address = freshEmail();
    const changed = await change(
      { op: "Add", path: 'emails[type eq "work"].value', value: address },
      { op: "Replace", path: "name.familyName", value: "Murray" },
      { op: "Add", path: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", value: "Navy" },
      { op: "Replace", value: { displayName: "Grace B. Murray", "name.givenName": "G." } },
      { op: "Add", path: 'phoneNumbers[type eq "mobile"].value', value: "1" },
    );
    expect(changed).toMatchObject({
      displayName: "Grace B. Murray",
      name: { givenName: "G.", familyName: "Murray" },
      emails: [{ value: address, type: "work", primary: true }],
      "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { department: "Navy" },
    });
    expect(changed).not.toHaveProperty("phoneNumbers");
    const row = await env.DB.prepare("SELECT name, email, email_verified FROM users WHERE id = ?").bind(id).first();
    expect(row).toEqual({ name: "Grace B. Murray", email: address, email_verified: 1 });
  });

  it("keep the parts that a patch leaves out, each address once, and one primary address", async () => {
    const { id, emails } = await created(key);
    const change = async (...operations: object[]) =>
      read(await scim(key, "PATCH", `/Users/${id}`, patch(...operations)), 200, resource);
    const name = { givenName: "Grace", familyName: "Murray" };
    expect(await change({ op: "replace", value: { name: { familyName: "Murray" } } })).toMatchObject({ name });
    expect(await change({ op: "replace", path: "name", value: { familyName: "Murray" } })).toMatchObject({ name });
    expect(await change({ op: "add", path: "emails", value: emails })).toMatchObject({ emails });
    const added = { value: freshEmail(), type: "home", primary: true };
    const changed = await change({ op: "add", path: "emails", value: [added] });
    const [own] = z.array(z.looseObject({ value: z.string() })).parse(emails);
    expect(changed.emails).toEqual([{ ...own, primary: false }, added]);
    const asked = async (type: string) => {
      const filter = `emails[type eq "${type}" and value eq "${added.value}"]`;
      return (await read(await scim(key, "GET", `/Users?filter=${encodeURIComponent(filter)}`), 200, list))
        .totalResults;
    };
    // What stands in brackets is about one address.
    expect([await asked("home"), await asked("work")]).toEqual([1, 0]);
  });

  it("keep nothing when the same is sent again", async () => {
    const sent = person();
    const { id } = await read(await scim(key, "POST", "/Users", sent), 201, resource);
    const again = await scim(key, "PUT", `/Users/${id}`, sent);
    expect(again.headers.get("etag")).toBe('W/"1"');
    expect(d1Queries(again)).toBeLessThanOrEqual(3);
    expect((await read(again, 200, resource)).meta.version).toBe('W/"1"');
    expect(await fault(await scim(key, "POST", "/Users", sent), 409)).toBe("uniqueness");
  });

  it("are out at once when they leave: writes, reads, sessions and sign-in", async () => {
    const { made, session, email } = await signedIn();
    const token = session.access_token;
    expect((await call("GET", "/auth/sessions", { token })).status).toBe(200);
    expect(
      (
        await scim(key, "PUT", `/Users/${made.id}`, {
          ...person(),
          userName: email,
          emails: [{ value: email }],
          active: false,
        })
      ).status,
    ).toBe(200);
    expect((await problem(await call("GET", "/auth/sessions", { token }), 401)).code).toBe("unauthenticated");
    const renewed = await call("POST", "/auth/token", { body: { session_token: session.session_token } });
    expect(renewed.status).toBe(401);
    expect((await problem(await signIn(email, PASSWORD), 403)).code).toBe("forbidden");
  });

  it("are opened again by the directory only if it was the directory that closed them", async () => {
    const { made } = await signedIn();
    await call("PATCH", `/users/${made.id}`, { body: { ban: { reason: "rude" } }, token: await admin() });
    await scim(key, "PATCH", `/Users/${made.id}`, patch({ op: "replace", value: { active: false } }));
    await scim(key, "PATCH", `/Users/${made.id}`, patch({ op: "replace", value: { active: true } }));
    expect(await isBanned(made.id)).toBe(true);
  });

  it("are not given accounts of others, nor those of administrators", async () => {
    const email = freshEmail();
    await register(email);
    const sent = person({ emails: [{ value: email }] });
    expect(await fault(await scim(key, "POST", "/Users", sent), 409)).toBe("uniqueness");
    await verify(email);
    await env.DB.prepare("UPDATE users SET role = 'admin' WHERE email = ?").bind(email).run();
    expect(await fault(await scim(key, "POST", "/Users", sent), 409)).toBe("uniqueness");
    await env.DB.prepare("UPDATE users SET role = 'author' WHERE email = ?").bind(email).run();
    const { id } = await read(await scim(key, "POST", "/Users", sent), 201, resource);
    await env.DB.prepare("UPDATE users SET role = 'admin' WHERE email = ?").bind(email).run();
    expect(await fault(await scim(key, "DELETE", `/Users/${id}`), 403)).toBeUndefined();
    expect(await fault(await scim(key, "PUT", `/Users/${id}`, { ...sent, active: false }), 403)).toBeUndefined();
    expect(await isBanned(id)).toBe(false);
    const [one, two] = [await created(key), person()];
    await scim(key, "POST", "/Users", two);
    const taken = patch({ op: "replace", path: "userName", value: two.userName });
    expect(await fault(await scim(key, "PATCH", `/Users/${one.id}`, taken), 409)).toBe("uniqueness");
  });

  it("are changed by whoever knows the version they have", async () => {
    const { id, meta } = await created(key);
    const rename = (name: string, version: string) =>
      scim(key, "PATCH", `/Users/${id}`, patch({ op: "replace", path: "title", value: name }), { "if-match": version });
    expect((await rename("one", meta.version)).status).toBe(200);
    await fault(await rename("two", meta.version), 412);
  });

  it.each<[string, string, string, object | undefined, number, string | undefined]>([
    [
      "a filter that no index serves",
      "GET",
      `/Users?filter=${encodeURIComponent('title co "x"')}`,
      undefined,
      400,
      "invalidFilter",
    ],
    ["a filter that is none", "GET", "/Users?filter=nonsense", undefined, 400, "invalidFilter"],
    ["a person without an address", "POST", "/Users", { userName: "nobody" }, 400, "invalidValue"],
    ["a person without a name", "POST", "/Users", { emails: [{ value: "a@x.org" }] }, 400, "invalidValue"],
    ["an address that is none", "POST", "/Users", { userName: "x", emails: [{ value: "here" }] }, 400, "invalidValue"],
    ["somebody it never sent", "PATCH", "/Users/nobody", patch({ op: "remove", path: "title" }), 404, undefined],
    [
      "a group of a member it never sent",
      "POST",
      "/Groups",
      { displayName: "x", members: [{ value: "nobody" }] },
      400,
      "invalidValue",
    ],
    ["a parameter that there is not", "GET", "/Users?sortBy=userName", undefined, 400, "invalidValue"],
  ])("answers errors in the form of SCIM: %s", async (_, method, path, body, status, type) => {
    expect(await fault(await scim(key, method, path, body), status)).toBe(type);
  });

  it("[I8] are not patched where no attribute can be", async () => {
    const { id } = await created(key);
    const answer = await scim(key, "PATCH", `/Users/${id}`, patch({ op: "add", path: "constructor", value: 1 }));
    expect(await fault(answer, 400)).toBe("invalidPath");
  });

  it("[I8] are for keys of the directory and admins only", async () => {
    await fault(await scim("lk_nothing", "GET", "/Users"), 401);
    await fault(await scim(await tokenOf("ada"), "GET", "/Users"), 403);
    const body = { name: "other", scopes: ["read"], courses: "all", expires_in_days: 1 };
    const other = await call("POST", "/keys", { body, token: await admin() });
    await fault(await scim((await read(other, 201, z.looseObject({ key: z.string() }))).key, "GET", "/Users"), 403);
  });

  it("are listed a page at a time", async () => {
    for (let at = 0; at < 3; at += 1) await created(key);
    const first = await read(
      await scim(key, "GET", "/Users?startIndex=1&count=2&attributes=userName"),
      200,
      z.looseObject({
        totalResults: z.int(),
        itemsPerPage: z.int(),
        Resources: z.array(z.looseObject({ id: z.string() })),
      }),
    );
    expect(first.itemsPerPage).toBe(2);
    expect(Object.keys(first.Resources[0] ?? {}).sort()).toEqual(["id", "schemas", "userName"]);
    const second = await read(await scim(key, "GET", "/Users?startIndex=3&count=1000"), 200, list);
    expect(second.itemsPerPage).toBe(Math.min(first.totalResults - 2, 200));
    expect(second.Resources.map(({ id }) => id)).not.toContain(first.Resources[0]?.id);
    const none = await read(await scim(key, "GET", "/Users?count=0"), 200, list);
    expect(none).toMatchObject({ itemsPerPage: 0, totalResults: first.totalResults });
  });

  it("are described by what the service says of itself", async () => {
    const config = await read(await scim(key, "GET", "/ServiceProviderConfig"), 200, z.looseObject({}));
    expect(config).toMatchObject({ patch: { supported: true }, bulk: { supported: false }, etag: { supported: true } });
    for (const path of ["/ResourceTypes", "/Schemas"]) {
      const { Resources } = await read(
        await scim(key, "GET", path),
        200,
        z.looseObject({ Resources: z.array(z.looseObject({ id: z.string() })) }),
      );
      for (const { id } of Resources) expect((await scim(key, "GET", `${path}/${id}`)).status).toBe(200);
      await fault(await scim(key, "GET", `${path}/nothing`), 404);
    }
  });
});
