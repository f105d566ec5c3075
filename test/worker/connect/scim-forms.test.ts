import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { freshEmail } from "../identity/support.ts";
import { created, directoryKey, fault, GROUP, list, patch, person, resource, scim } from "./scim-support.ts";

// What directories write, and what they may not do by it.

let key: string;
beforeAll(async () => {
  key = await directoryKey();
});

const userRow = (id: string) =>
  env.DB.prepare("SELECT name, email, banned, ban_reason, ban_expires FROM users WHERE id = ?").bind(id).first();
const seen = async (id: string) => read(await scim(key, "GET", `/Users/${id}`), 200, resource);
const found = async (kind: "Users" | "Groups", filter: string) =>
  (await read(await scim(key, "GET", `/${kind}?filter=${encodeURIComponent(filter)}`), 200, list)).Resources.map(
    ({ id }) => id,
  );

async function sentPerson(more: object = {}) {
  const sent = person(more);
  const { id } = await read(await scim(key, "POST", "/Users", sent), 201, resource);
  return { id, sent, email: sent.emails[0]?.value ?? "" };
}

describe("what a directory is refused", () => {
  it("[I9] opens and closes nobody: another person of the same address", async () => {
    const { id, email } = await sentPerson();
    const other = { ...person(), emails: [{ value: email, primary: true }] };
    expect(await fault(await scim(key, "POST", "/Users", { ...other, active: false }), 409)).toBe("uniqueness");
    expect(await userRow(id)).toMatchObject({ banned: 0 });
    await scim(key, "PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: false }));
    expect(await fault(await scim(key, "POST", "/Users", other), 409)).toBe("uniqueness");
    expect(await userRow(id)).toMatchObject({ banned: 1 });
  });

  it("[I9] renames and closes nobody: an address or a name that somebody else has", async () => {
    const [one, two] = [await sentPerson(), await sentPerson()];
    const before = await userRow(one.id);
    const taken = [
      { displayName: "Another", active: false, emails: [{ value: two.email }] },
      { displayName: "Another", active: false, userName: two.sent.userName.toUpperCase() },
    ];
    for (const change of taken) {
      const answer = await scim(key, "PUT", `/Users/${one.id}`, { ...one.sent, ...change });
      expect(await fault(answer, 409)).toBe("uniqueness");
      expect(await userRow(one.id)).toEqual(before);
    }
    expect((await seen(one.id)).meta.version).toBe('W/"1"');
  });

  it("[I9] adds and removes no members: a version that is not that of the group any more", async () => {
    const [one, two] = [await sentPerson(), await sentPerson()];
    const displayName = `class ${crypto.randomUUID()}`;
    const { id } = await read(await scim(key, "POST", "/Groups", { schemas: [GROUP], displayName }), 201, resource);
    const put = (member: string) =>
      scim(key, "PUT", `/Groups/${id}`, { displayName, members: [{ value: member }] }, { "if-match": 'W/"1"' });
    const answers = await Promise.all([put(one.id), put(two.id)]);
    const states = answers.map(({ status }) => status);
    for (const answer of answers) await answer.body?.cancel();
    expect(states.toSorted()).toEqual([200, 412]);
    const { members } = await read(await scim(key, "GET", `/Groups/${id}`), 200, resource);
    expect(members).toEqual([{ value: states[0] === 200 ? one.id : two.id, type: "User" }]);
  });
});

describe("changes at the same time", () => {
  it("are all done when no version was demanded", async () => {
    const people = await Promise.all(Array.from({ length: 4 }, () => sentPerson()));
    const displayName = `class ${crypto.randomUUID()}`;
    const { id } = await read(await scim(key, "POST", "/Groups", { schemas: [GROUP], displayName }), 201, resource);
    const answers = await Promise.all(
      people.map((one) =>
        scim(key, "PATCH", `/Groups/${id}`, patch({ op: "add", path: "members", value: [{ value: one.id }] })),
      ),
    );
    for (const answer of answers) await answer.body?.cancel();
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const { members } = await read(await scim(key, "GET", `/Groups/${id}`), 200, resource);
    expect(members).toHaveLength(4);
    const first = people[0]?.id ?? "";
    const changes = await Promise.all(
      ["title", "userType", "locale"].map((path) =>
        scim(key, "PATCH", `/Users/${first}`, patch({ op: "add", path, value: path })),
      ),
    );
    for (const answer of changes) await answer.body?.cancel();
    expect(changes.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await seen(first)).toMatchObject({ title: "title", userType: "userType", locale: "locale" });
  });
});

describe("leavers", () => {
  it("stay out when a directory says nothing of `active`", async () => {
    const { id, sent } = await sentPerson();
    await scim(key, "PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: false }));
    const { active: _, ...silent } = sent;
    expect(await read(await scim(key, "PUT", `/Users/${id}`, silent), 200, resource)).toMatchObject({ active: false });
    const removed = await scim(key, "PATCH", `/Users/${id}`, patch({ op: "remove", path: "active" }));
    expect(await fault(removed, 400)).toBe("invalidValue");
    expect(await userRow(id)).toMatchObject({ banned: 1 });
  });

  it("who were banned for a time are banned to its end when the directory opens the account again", async () => {
    const { id } = await sentPerson();
    const token = await tokenOf("root", "admin");
    const until = new Date(Date.now() + 86_400_000).toISOString();
    await call("PATCH", `/users/${id}`, { body: { ban: { reason: "rude", until } }, token });
    for (const active of [false, true]) {
      await scim(key, "PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: active }));
    }
    expect(await userRow(id)).toMatchObject({ banned: 1, ban_reason: "rude", ban_expires: Date.parse(until) });
  });

  it("give their account to nobody who gets their address, until an admin says that it is the same person", async () => {
    const { id, sent } = await sentPerson();
    expect((await scim(key, "DELETE", `/Users/${id}`)).status).toBe(204);
    const successor = { ...sent, externalId: crypto.randomUUID(), displayName: "Another person" };
    expect(await fault(await scim(key, "POST", "/Users", successor), 409)).toBe("uniqueness");
    expect(await userRow(id)).toMatchObject({ banned: 1, name: "Grace Hopper" });
    await call("PATCH", `/users/${id}`, { body: { ban: null }, token: await tokenOf("root", "admin") });
    expect((await read(await scim(key, "POST", "/Users", successor), 201, resource)).id).toBe(id);
  });

  it("have the same account when they come back under another address", async () => {
    const { id, sent } = await sentPerson();
    expect((await scim(key, "DELETE", `/Users/${id}`)).status).toBe(204);
    const email = freshEmail();
    const again = { ...sent, userName: email, emails: [{ value: email, primary: true }] };
    expect((await read(await scim(key, "POST", "/Users", again), 201, resource)).id).toBe(id);
    expect(await userRow(id)).toMatchObject({ banned: 0, email });
  });
});

describe("filters find whom they name", () => {
  it("by every address, by types in any case, and by booleans as texts", async () => {
    const [work, home] = [freshEmail(), freshEmail()];
    const { id } = await created(key, {
      emails: [
        { value: work, type: "work", primary: true },
        { value: home, type: "home" },
      ],
    });
    expect(await found("Users", `emails.value eq "${home}"`)).toEqual([id]);
    expect(await found("Users", `emails[type eq "HOME"].value eq "${home.toUpperCase()}"`)).toEqual([id]);
    expect(await found("Users", `emails[type eq "work"].value eq "${home}"`)).toEqual([]);
    expect(await found("Users", `emails.value eq "${work}" and active eq "True"`)).toEqual([id]);
    await scim(key, "PATCH", `/Users/${id}`, patch({ op: "remove", path: 'emails[type eq "home"]' }));
    expect(await found("Users", `emails.value eq "${home}"`)).toEqual([]);
    expect((await scim(key, "DELETE", `/Users/${id}`)).status).toBe(204);
    expect(await found("Users", `emails.value eq "${work}"`)).toEqual([]);
  });

  it("by names with the URN of their schema", async () => {
    const { id, sent } = await sentPerson();
    const urn = "urn:ietf:params:scim:schemas:core:2.0:User";
    expect(await found("Users", `${urn}:userName eq "${sent.userName}"`)).toEqual([id]);
  });
});

describe("versions", () => {
  it("may be one of several, and a resource that has not changed is not sent again", async () => {
    const { id } = await sentPerson();
    const title = (value: string, version: string) =>
      scim(key, "PATCH", `/Users/${id}`, patch({ op: "add", path: "title", value }), { "if-match": version });
    expect((await title("one", 'W/"7", W/"1"')).status).toBe(200);
    await fault(await title("two", 'W/"1", W/"7"'), 412);
    const same = await scim(key, "GET", `/Users/${id}`, undefined, { "if-none-match": 'W/"2"' });
    expect([same.status, await same.text()]).toEqual([304, ""]);
    expect((await scim(key, "GET", `/Users/${id}`, undefined, { "if-none-match": 'W/"1"' })).status).toBe(200);
  });
});

describe("patches as Entra and Okta write them", () => {
  it.each<[string, object[], object]>([
    ["an attribute removed that is not there", [{ op: "Remove", path: "title" }], {}],
    ["a part removed that is not there", [{ op: "Remove", path: "name.middleName" }], {}],
    [
      "a part of an extension that is not there",
      [{ op: "Remove", path: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department" }],
      {},
    ],
    [
      "one address that is no list",
      [{ op: "add", path: "emails", value: { value: "two@school.example", type: "home" } }],
      {},
    ],
    ["an address that is removed and is not there", [{ op: "remove", path: 'emails[type eq "other"]' }], {}],
    ["null for an attribute", [{ op: "replace", path: "title", value: null }], {}],
    [
      "null for a complex attribute",
      [{ op: "replace", path: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", value: null }],
      {},
    ],
    [
      "an extension by its parts",
      [{ op: "replace", value: { "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "Navy" } }],
      { "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { department: "Navy" } },
    ],
    [
      "an extension as a whole",
      [{ op: "add", value: { "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { department: "Navy" } } }],
      { "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { department: "Navy" } },
    ],
    [
      "a primary address by a filter",
      [{ op: "Replace", path: "emails[primary eq true].value", value: "three@school.example" }],
      {},
    ],
    [
      "a resource as Okta sends it",
      [
        {
          op: "replace",
          value: { id: "x", schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], active: true, title: "Dr" },
        },
      ],
      { title: "Dr" },
    ],
  ])("%s", async (_, operations, expected) => {
    const { id } = await created(key);
    const answer = await scim(key, "PATCH", `/Users/${id}`, patch(...operations));
    expect(await read(answer, 200, resource)).toMatchObject(expected);
  });

  it("groups: members replaced by null, and a name that is kept", async () => {
    const one = await created(key);
    const displayName = `class ${crypto.randomUUID()}`;
    const body = { schemas: [GROUP], displayName, members: [{ value: one.id, display: "Grace", $ref: "x" }] };
    const { id } = await read(await scim(key, "POST", "/Groups", body), 201, resource);
    const change = async (...operations: object[]) =>
      (await read(await scim(key, "PATCH", `/Groups/${id}`, patch(...operations)), 200, resource)).id;
    await change({ op: "replace", value: { id, displayName } });
    expect(await found("Groups", `displayName eq "${displayName}" and members eq "${one.id}"`)).toEqual([id]);
    await change({ op: "replace", path: "members", value: null });
    expect(await found("Groups", `id eq "${id}" and members.value eq "${one.id}"`)).toEqual([]);
  });
});

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const notKept = async () => {
  const token = await tokenOf("root", "admin");
  const shape = z.looseObject({ not_kept: z.array(z.object({ attribute: z.string(), last_sent_at: z.string() })) });
  const { not_kept } = await read(await call("GET", "/group-rules/scim", { token }), 200, shape);
  return not_kept.map(({ attribute }) => attribute);
};

describe("attributes that this service does not keep", () => {
  it("are taken where the standard has them, and listed for the operator", async () => {
    const sent = person({
      nickName: "G",
      password: "not for us",
      name: { givenName: "Grace", familyName: "Hopper", honorificPrefix: "Dr" },
      addresses: [{ type: "work", streetAddress: "1 Main Street" }],
      [ENTERPRISE]: { department: "Navy", manager: { value: "26118915" } },
    });
    const { id } = await read(await scim(key, "POST", "/Users", sent), 201, resource);
    const patched = await scim(
      key,
      "PATCH",
      `/Users/${id}`,
      patch(
        { op: "Replace", path: 'roles[primary eq "True"].value', value: "teacher" },
        { op: "Add", path: 'phoneNumbers[type eq "mobile" and primary eq true].value', value: "1" },
        { op: "Add", path: `${ENTERPRISE}:manager`, value: "26118916" },
        { op: "Replace", value: { title: "Rear admiral", "name.honorificSuffix": "PhD", ims: [] } },
        { op: "Remove", path: 'photos[type eq "photo"]' },
      ),
    );
    const seenNow = await read(patched, 200, resource);
    expect(seenNow).toMatchObject({ title: "Rear admiral", [ENTERPRISE]: { department: "Navy" } });
    expect(JSON.stringify(seenNow)).not.toMatch(/teacher|26118916|not for us|Main Street|PhD|"G"/);
    const names = ["addresses", "ims", "name.honorificPrefix", "name.honorificSuffix", "nickName", "password"];
    names.push("phoneNumbers", "photos", "roles", `${ENTERPRISE}:manager`);
    await expect.poll(notKept).toEqual(expect.arrayContaining(names));
  });

  it.each<[string, object]>([
    ["a name", { op: "add", path: "favouriteColour", value: "red" }],
    ["a name without a path", { op: "replace", value: { title: "x", favouriteColour: "red" } }],
    ["a part", { op: "add", path: "name.nick", value: "x" }],
    ["a part of a value", { op: "add", path: "name", value: { nick: "x" } }],
    ["a part of a list", { op: "add", path: "emails", value: [{ value: "a@b.example", colour: "red" }] }],
    ["a name of the enterprise extension", { op: "add", path: `${ENTERPRISE}:badge`, value: "x" }],
    ["a name in the enterprise extension", { op: "add", path: ENTERPRISE, value: { badge: "x" } }],
    ["an extension of somebody's own", { op: "add", path: "urn:example:school:2.0:User:badge", value: "x" }],
  ])("[I9] are refused where no schema has them: %s", async (_, operation) => {
    const { id } = await created(key);
    const answer = await scim(key, "PATCH", `/Users/${id}`, patch({ op: "add", path: "title", value: "x" }, operation));
    expect(await fault(answer, 400)).toBe("invalidPath");
    expect((await seen(id)).meta.version).toBe('W/"1"');
  });

  it("[I9] are refused in a resource as a whole, with their name", async () => {
    for (const more of [{ badge: "x" }, { "urn:example:school:2.0:User": { badge: "x" } }, { name: { nick: "x" } }]) {
      const answer = await scim(key, "POST", "/Users", person(more));
      const shape = z.looseObject({ scimType: z.string(), errors: z.array(z.looseObject({ path: z.string() })) });
      const { scimType, errors } = await read(answer, 400, shape);
      expect([scimType, errors[0]?.path]).toEqual(["invalidSyntax", Object.keys(more)[0]]);
    }
    const group = { schemas: [GROUP], displayName: crypto.randomUUID() };
    expect(await fault(await scim(key, "POST", "/Groups", { ...group, colour: "red" }), 400)).toBe("invalidSyntax");
  });

  it("name every attribute of a resource that this service shows", async () => {
    const { id } = await created(key, { [ENTERPRISE]: { department: "Navy" } });
    const shown = await seen(id);
    expect((await scim(key, "PUT", `/Users/${id}`, shown)).headers.get("etag")).toBe('W/"1"');
  });
});
