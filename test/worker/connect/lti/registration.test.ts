import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { LEARNER, TestPlatform } from "../../../support/lti/platform.ts";
import { freshSlug, publish } from "../../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../../support/worker/http.ts";
import { admin, ladder } from "../../../support/worker/learners.ts";
import { arrive, Browser, faultOf, serve, TOOL } from "./support.ts";

let slug = "";
let id = "";
let platform: TestPlatform;

beforeEach(async () => {
  slug = freshSlug("lti");
  await publish(ladder(slug));
  id = `d-${slug.slice(-8)}`;
  platform = new TestPlatform();
  await platform.rotate();
  serve(platform);
});
afterEach(() => vi.restoreAllMocks());

const opened = z.looseObject({ address: z.string() });
async function link(rest: object = {}): Promise<string> {
  const body = { platform: id, name: "A school", courses: [slug], ...rest };
  const answer = await call("POST", "/lti/registrations", { token: await admin(), body });
  return new URL((await read(answer, 201, opened)).address).pathname;
}
const open = (path: string, at = `https://${platform.host}/openid`, token?: string) => {
  const query = new URLSearchParams({
    openid_configuration: at,
    ...(token === undefined ? {} : { registration_token: token }),
  });
  return new Browser().send("GET", `${path}?${query}`, null, { "sec-fetch-dest": "iframe" });
};

describe("dynamic registration", () => {
  it("by the link of an operator registers the platform with what the operator said, once", async () => {
    platform.registrationToken = "tok-1";
    const path = await link({ teachers: "co_author", kind: "moodle" });
    const answer = await open(path, undefined, "tok-1");
    expect([answer.status, faultOf(answer)]).toEqual([200, null]);
    expect(answer.headers.get("content-security-policy")).toContain(`frame-ancestors 'self' https://${platform.host};`);
    const row = await call("GET", `/lti/platforms/${id}`, { token: await admin() });
    const { deployments, client_id } = platform.registered;
    expect(await row.json()).toMatchObject({
      kind: "moodle",
      client_id,
      deployments,
      courses: [slug],
      teachers: "co_author",
    });
    expect(platform.told).toMatchObject([
      {
        initiate_login_uri: `${TOOL}/lti/login`,
        redirect_uris: [`${TOOL}/lti/launch`],
        jwks_uri: `${TOOL}/lti/jwks.json`,
      },
    ]);
    const placed = { target: `${TOOL}/lti/to/${slug}` };
    await arrive(await new Browser().launch(platform, { sub: "ada", roles: [LEARNER] }, placed));
    expect(faultOf(await open(path, undefined, "tok-1"))).toBe("over");
    const body = { platform: id, name: "Again" };
    const again = await call("POST", "/lti/registrations", { token: await admin(), body });
    expect((await problem(again, 409)).code).toBe("no_effect");
  });

  it("[I5] of two links for one platform, the one that comes later takes nothing from the first", async () => {
    const other = new TestPlatform();
    await other.rotate();
    serve(platform, other);
    const [mine, theirs] = [await link(), await link()];
    // The second one comes through while the platform of the first one is answering.
    const answer = platform.answer.bind(platform);
    vi.spyOn(platform, "answer").mockImplementation(async (request) => {
      const given = await answer(request);
      if (request.url.endsWith(`${platform.host}/register`)) {
        expect(faultOf(await open(theirs, `https://${other.host}/openid`))).toBeNull();
      }
      return given;
    });
    const late = await open(mine);
    expect(faultOf(late)).toBe("registration_failed");
    expect(await late.text()).toContain("platform taken");
    const row = await call("GET", `/lti/platforms/${id}`, { token: await admin() });
    expect(await row.json()).toMatchObject({ client_id: other.registered.client_id });
  });

  it("[I7] ends with the role of the admin who made the link, with a ban, and while the platform is answering", async () => {
    const who = `boss-${slug}`;
    await env.DB.prepare(
      "INSERT INTO users (id, name, email, role, created_at, updated_at) VALUES (?1, 'Boss', ?1 || '@boss.example', 'admin', 1, 1)",
    )
      .bind(who)
      .run();
    const make = async (rest: object) => {
      const body = { platform: id, name: "A school", courses: [slug], ...rest };
      const answer = await call("POST", "/lti/registrations", { token: await tokenOf(who, "admin"), body });
      return new URL((await read(answer, 201, opened)).address).pathname;
    };
    const change = async (body: object) => {
      const answer = await call("PATCH", `/users/${who}`, { token: await admin(), body });
      expect(answer.status, await answer.text()).toBe(200);
    };
    const [early, during, banned] = [await make({}), await make({}), await make({ platform: `${id}b` })];
    // While the platform answers, the admin becomes an author.
    const answer = platform.answer.bind(platform);
    const answering = vi.spyOn(platform, "answer").mockImplementation(async (request) => {
      const given = await answer(request);
      if (request.url.endsWith(`${platform.host}/register`)) await change({ role: "author" });
      return given;
    });
    expect(faultOf(await open(during))).toBe("over");
    answering.mockRestore();
    const told = platform.told.length;
    expect(faultOf(await open(early))).toBe("over");
    // The platform was not even asked.
    expect(platform.told).toHaveLength(told);
    await change({ role: "admin" });
    await change({ ban: { reason: "gone" } });
    expect(faultOf(await open(banned))).toBe("over");
    for (const name of [id, `${id}b`]) {
      expect((await call("GET", `/lti/platforms/${name}`, { token: await admin() })).status).toBe(404);
    }
    // What a ban has ended stays so: a new link is made in a moment.
    await change({ ban: null });
    expect(faultOf(await open(banned))).toBe("over");
  });

  it("[I9] is refused for who speaks for another, or says too little, and nothing is registered", async () => {
    for (const [oddly, about] of [
      [{ issuer: "https://canvas.instructure.com" }, "configuration issuer"],
      [{ jwks_uri: "https://10.0.0.1/jwks" }, "configuration jwks_uri"],
      [{ authorization_endpoint: "http://x.example.org" }, "configuration authorization_endpoint"],
      [{ token_endpoint: undefined }, "configuration token_endpoint"],
      [{ registration_endpoint: "https://localhost/register" }, "registration private_address"],
    ] as const) {
      platform.oddly = oddly;
      const answer = await open(await link());
      expect(faultOf(answer)).toBe("registration_failed");
      expect(await answer.text()).toContain(`<code>registration_failed ${about}</code>`);
    }
    platform.oddly = {};
    platform.registrationToken = "tok-2";
    expect(await (await open(await link(), undefined, "wrong")).text()).toContain("registration status 401");
    expect(faultOf(await open(await link(), "http://169.254.169.254/latest"))).toBe("form_invalid");
    const path = await link();
    expect(faultOf(await open(`${path.slice(0, -4)}AAAA`))).toBe("over");
    vi.setSystemTime(Date.now() + 86_401_000);
    expect(faultOf(await open(path))).toBe("over");
    vi.useRealTimers();
    expect((await call("GET", `/lti/platforms/${id}`, { token: await admin() })).status).toBe(404);
  });
});
