// Over 350 lines: each thing that can be wrong with a launch is tried on a launch that is right otherwise.

import { env } from "cloudflare:workers";
import { decodeProtectedHeader, SignJWT, UnsecuredJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { outlived, signingOf } from "../../../../src/connect/lti/key-age.ts";
import { signAsTool } from "../../../../src/connect/lti/keys.ts";
import { outside } from "../../../../src/connect/lti/outside.ts";
import { claim, LEARNER, MEMBERSHIP, TestPlatform } from "../../../support/lti/platform.ts";
import { freshSlug, publish } from "../../../support/worker/courses.ts";
import { callWith } from "../../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../../support/worker/http.ts";
import { admin, author, ladder } from "../../../support/worker/learners.ts";
import { appOf } from "../../identity/ways-support.ts";
import { ALONE, arrive, Browser, FRAMED, faultOf, register, seen, serve, TOOL } from "./support.ts";

let slug = "";
let platform: TestPlatform;
let id = "";
const ada = { sub: "ada-77", name: "Ada Lovelace", roles: [LEARNER] };
const to = (item?: string) => ({ target: `${TOOL}/lti/to/${slug}${item === undefined ? "" : `/${item}`}` });

beforeEach(async () => {
  slug = freshSlug("lti");
  await publish(ladder(slug));
  platform = new TestPlatform();
  await platform.rotate();
  serve(platform);
  id = await register(platform, { courses: [slug] });
});
afterEach(() => vi.restoreAllMocks());

const learners = async () => {
  const answer = await call("GET", `/courses/${slug}/enrollments`, { token: await author() });
  return (await answer.json<{ results: { user_id: string }[] }>()).results.map(({ user_id }) => user_id);
};

describe("a launch", () => {
  it("lands on the item with a session of an account of its own, enrolled, and says when it was", async () => {
    const arrived = await arrive(await new Browser().launch(platform, ada, to("two")));
    expect(arrived.to).toBe(`/courses/${slug}/chapters/two`);
    expect(arrived.user).toMatchObject({ name: "Ada Lovelace", role: "learner" });
    expect(arrived.user.email).toBe(`${arrived.user.id}@lti.invalid`);
    const chapters = await call("GET", `/courses/${slug}/chapters`, { token: arrived.access_token });
    expect(chapters.status).toBe(200);
    expect(await chapters.text()).toContain(`${slug}.two`);
    expect((await seen(id)).last_launch).not.toBeNull();
    // The same person again is the same user.
    expect((await arrive(await new Browser().launch(platform, ada, to()))).user.id).toBe(arrived.user.id);
  });

  it("may be begun by a form, and name its course by parameters of the link", async () => {
    const browser = new Browser();
    const placed = { target: "https://elsewhere.example.net/x", custom: { course: slug, item: "one" } };
    const begun = await browser.send("POST", "/lti/login", Object.fromEntries(platform.loginParams(placed)), ALONE);
    expect(begun.status).toBe(302);
    const request = platform.accept(begun.headers.get("location") ?? "");
    const answer = await browser.finish(request, await platform.sign(platform.claims(request, ada, placed)));
    expect((await arrive(answer)).to).toBe(`/courses/${slug}/chapters/one`);
  });

  it("gives one account to each subject of each platform, whatever addresses and names they share", async () => {
    const other = new TestPlatform();
    await other.rotate();
    serve(platform, other);
    await register(other, { courses: [slug] });
    await env.DB.prepare(
      "INSERT INTO users (id, name, email, email_verified, created_at, updated_at) VALUES (?, 'Ada', ?, 1, 1, 1)",
    )
      .bind(`known-${slug}`, `ada-${slug}@example.org`)
      .run();
    const mail = { email: `ada-${slug}@example.org`, email_verified: true };
    const users = new Set<string>();
    for (const [at, person] of [
      [platform, ada],
      [platform, { ...ada, sub: "ada-78" }],
      [other, ada],
    ] as const) {
      users.add((await arrive(await new Browser().launch(at, person, to(), mail))).user.id);
    }
    expect(users.size).toBe(3);
    expect([...users].filter((user) => !user.startsWith("lti-"))).toEqual([]);
    expect((await learners()).toSorted()).toEqual([...users].toSorted());
  });

  it("of two at once makes one account", async () => {
    const arrived = await Promise.all(
      [1, 2, 3].map(async () => arrive(await new Browser().launch(platform, ada, to()))),
    );
    expect(new Set(arrived.map(({ user }) => user.id)).size).toBe(1);
  });

  it("makes teachers what the operator said, learners learners, and a teacher who learns now a learner again", async () => {
    const members = async () => {
      const answer = await call("GET", `/courses/${slug}/members`, { token: await author() });
      return (await answer.json<{ results: { user_id: string; role: string }[] }>()).results
        .filter(({ user_id }) => user_id.startsWith("lti-"))
        .map(({ role }) => role);
    };
    const assistant = `${MEMBERSHIP}/Instructor#TeachingAssistant`;
    const teacher = { sub: "tom", roles: [LEARNER, assistant] };
    const arrived = await arrive(await new Browser().launch(platform, teacher, to()));
    expect(await members()).toEqual(["grader"]);
    expect(await learners()).toEqual([]);
    const roll = await call("GET", `/courses/${slug}/people`, { token: arrived.access_token });
    expect(roll.status).toBe(200);
    await roll.body?.cancel();
    await arrive(await new Browser().launch(platform, teacher, to()));
    expect(await members()).toEqual(["grader"]);
    await arrive(await new Browser().launch(platform, { ...teacher, roles: ["Student"] }, to()));
    expect(await members()).toEqual([]);
    expect(await learners()).toEqual([arrived.user.id]);
  });

  it("takes an audience that is a list, with the party it was made for", async () => {
    const { client_id } = platform.registered;
    for (const change of [{ aud: [client_id] }, { aud: [client_id, "other"], azp: client_id }, { azp: client_id }]) {
      await arrive(await new Browser().launch(platform, ada, to(), change));
    }
  });

  it("takes claims that a platform sends as null or adds of its own, as Canvas does", async () => {
    const change = {
      name: null,
      given_name: "Grace",
      family_name: "Hopper",
      errors: { errors: {} },
      [claim("custom")]: null,
      [claim("launch_presentation")]: { document_target: "iframe", return_url: null },
      "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": { scope: [], validation_context: null, errors: {} },
      "https://www.instructure.com/placement": null,
    };
    const { user } = await arrive(await new Browser().launch(platform, { sub: "g", roles: [LEARNER] }, to(), change));
    expect(user.name).toBe("Grace Hopper");
    const odd = { sub: "odd", roles: [LEARNER], name: "\u202e\u0007" };
    expect((await arrive(await new Browser().launch(platform, odd, to()))).user.name).toBe("Learner");
  });
});

describe("whoever must show a second factor", () => {
  // SAFETY: an operator may write what the file of today does not say.
  const required = { SECOND_FACTOR_REQUIRED: "admin" } as unknown as Partial<Env>;
  const exchange = async (bindings: Partial<Env> = {}) => {
    const launched = await new Browser().launch(platform, ada, to("one"));
    const token = launched.headers.get("location")?.split("#")[1] ?? "";
    return callWith(bindings, "POST", "/auth/launch", { body: { token } });
  };
  const halfway = z.looseObject({
    code: z.literal("second_factor_required"),
    challenge: z.string(),
    setup: z.object({ secret: z.string(), uri: z.string() }).nullable(),
    to: z.string(),
  });

  it("by their role, as an operator has set it, sets one up when they come by a launch, and is asked for it the next time", async () => {
    const { user } = await arrive(await new Browser().launch(platform, ada, to()));
    // Learners need none, and nothing has changed for them.
    expect((await exchange(required)).status).toBe(200);
    const role = { token: await admin(), body: { role: "admin" } };
    expect((await call("PATCH", `/users/${user.id}`, role)).status).toBe(200);
    // Where no role must have one, an admin comes in without.
    expect((await exchange()).status).toBe(200);
    const first = await read(await exchange(required), 401, halfway);
    expect(first.to).toBe(`/courses/${slug}/chapters/one`);
    const app = appOf(first.setup?.secret ?? "");
    const answerStep = (challenge: string, code: string) =>
      callWith(required, "POST", "/auth/sign-in/second-factor", { body: { challenge, code } });
    expect((await answerStep(first.challenge, "000000")).status).toBe(401);
    const steppedIn = await answerStep(first.challenge, await app());
    expect(steppedIn.status, await steppedIn.clone().text()).toBe(200);
    expect((await steppedIn.json<{ user: { id: string } }>()).user.id).toBe(user.id);
    const second = await read(await exchange(required), 401, halfway);
    expect(second.setup).toBeNull();
    // Whoever has one is asked for it, whether they must have it or not.
    const third = await read(await exchange(), 401, halfway);
    expect((await answerStep(third.challenge, await app(1))).status).toBe(200);
  });
});

/** Launches with something wrong, and the word for it. Everything else of each is right. */
const now = () => Math.floor(Date.now() / 1_000);
const WRONG: [string, Record<string, unknown> | (() => Record<string, unknown>), string][] = [
  ["another issuer", { iss: "https://evil.example.org" }, "issuer_wrong"],
  ["another audience", { aud: "somebody-else" }, "audience_wrong"],
  ["several audiences and no party", () => ({ aud: [platform.registered.client_id, "other"] }), "audience_wrong"],
  ["another party", { azp: "other" }, "audience_wrong"],
  ["a time that is over", () => ({ exp: now() - 31 }), "token_expired"],
  ["an old token", () => ({ iat: now() - 400 }), "token_too_old"],
  ["a token of tomorrow", () => ({ iat: now() + 86_400, exp: now() + 90_000 }), "token_too_old"],
  ["another nonce", { nonce: "something-else" }, "nonce_wrong"],
  ["another deployment", { [claim("deployment_id")]: "dep-2" }, "deployment_unknown"],
  ["another version", { [claim("version")]: "1.1.0" }, "claim_missing"],
  ["another message", { [claim("message_type")]: "LtiSubmissionReviewRequest" }, "claim_missing"],
  ["a resource link without an id", { [claim("resource_link")]: { title: "x" } }, "claim_missing"],
  ["roles that are no list", { [claim("roles")]: LEARNER }, "claim_missing"],
  ["no role", { [claim("roles")]: [] }, "no_role"],
  [
    "the role of an administrator of the platform alone",
    {
      [claim("roles")]: ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator", "urn:x#Instructor"],
    },
    "no_role",
  ],
  ["the role of a mentor", { [claim("roles")]: [`${MEMBERSHIP}#Mentor`] }, "mentor"],
  ["no course in its address", { [claim("target_link_uri")]: `${TOOL}/` }, "no_target"],
  [
    "a course of another origin",
    () => ({ [claim("target_link_uri")]: `https://x.example/lti/to/${slug}` }),
    "no_target",
  ],
  [
    "a course that is not the platform's",
    { [claim("target_link_uri")]: `${TOOL}/lti/to/algorithms` },
    "course_refused",
  ],
  ["an item that is not there", () => ({ [claim("target_link_uri")]: `${TOOL}/lti/to/${slug}/nope` }), "item_unknown"],
];
const MISSING = ["sub", "nonce", "exp", "iat", "iss", "aud"].concat(
  ["deployment_id", "message_type", "version", "target_link_uri", "resource_link", "roles"].map(claim),
);

describe("[I9] a launch is refused, changes nothing, and its operator reads why", () => {
  const stays = async (answer: Response, fault: string) => {
    expect(faultOf(answer), await answer.text()).toBe(fault);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.headers.get("location")).toBeNull();
    expect(await learners()).toEqual([]);
    const people = await env.DB.prepare("SELECT count(*) AS n FROM lti_people WHERE platform = ?").bind(id).first("n");
    expect(people).toBe(0);
  };
  const noted = async (fault: string) => expect((await seen(id)).last_failure?.why).toMatch(new RegExp(`^${fault}`));

  it.each(WRONG)("with %s", async (_, change, fault) => {
    const claims = typeof change === "function" ? change() : change;
    await stays(await new Browser().launch(platform, ada, to(), claims), fault);
    await noted(fault);
  });

  it.each(MISSING)("without %s", async (name) => {
    await stays(await new Browser().launch(platform, ada, to(), { [name]: undefined }), "claim_missing");
    await noted(`claim_missing: ${name}`);
  });

  it("names the deployment that is not known, so that an operator can add it", async () => {
    await new Browser().launch(platform, ada, to(), { [claim("deployment_id")]: "dep-9" });
    expect((await seen(id)).last_failure?.why).toBe("deployment_unknown: dep-9");
  });

  it("with a signature that is not the platform's, or an algorithm that makes its public key a secret", async () => {
    const stranger = new TestPlatform();
    await stranger.rotate();
    const { exportJWK, exportSPKI, generateKeyPair } = await import("jose");
    const pem = new TextEncoder().encode(await exportSPKI(platform.publicKey));
    const jwk = new TextEncoder().encode(JSON.stringify(await exportJWK(platform.publicKey)));
    const curve = (await generateKeyPair("ES256")).privateKey;
    const forge: [string, (claims: Record<string, unknown>) => Promise<string> | string][] = [
      ["signature_invalid", (claims) => stranger.sign(claims)],
      ["signature_invalid", (claims) => stranger.sign(claims, { kid: "nobodys" })],
      ["signature_invalid", async (claims) => `${(await platform.sign(claims)).slice(0, -6)}AAAAAA`],
      ["algorithm_refused", (claims) => platform.sign(claims, { alg: "HS256" }, pem)],
      ["algorithm_refused", (claims) => platform.sign(claims, { alg: "HS256" }, jwk)],
      ["algorithm_refused", (claims) => new UnsecuredJWT(claims).encode().concat("x")],
      ["signature_invalid", (claims) => platform.sign(claims, { alg: "ES256" }, curve)],
      ["token_malformed", () => "not.a.token"],
      ["token_malformed", () => "x"],
    ];
    for (const [fault, make] of forge) {
      const browser = new Browser();
      const request = await browser.begin(platform, to());
      await stays(await browser.finish(request, await make(platform.claims(request, ada, to()))), fault);
      await noted(fault);
    }
    // A key that the token brings along is not looked at.
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    const browser = new Browser();
    const request = await browser.begin(platform, to());
    const header = { alg: "RS256", kid: "own", jwk: await exportJWK(publicKey), jku: "https://evil.example.org/jwks" };
    const token = new SignJWT(platform.claims(request, ada, to())).setProtectedHeader(header).sign(privateKey);
    await stays(await browser.finish(request, await token), "signature_invalid");
  });

  it("that was used before, is another's, or takes too long", async () => {
    const browser = new Browser();
    const request = await browser.begin(platform, to());
    const token = await platform.sign(platform.claims(request, ada, to()));
    const cookies = new Map(browser.cookies);
    await arrive(await browser.finish(request, token));
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    expect(faultOf(await browser.finish(request, token))).toBe("used_before");
    await noted("used_before");
    // The token of one launch in another, and one state in two browsers.
    const [mine, theirs] = [new Browser(), new Browser()];
    const [first, second] = [await mine.begin(platform, to()), await theirs.begin(platform, to())];
    const ofSecond = await platform.sign(platform.claims(second, ada, to()));
    expect(faultOf(await mine.finish(first, ofSecond))).toBe("nonce_wrong");
    expect(faultOf(await mine.finish(second, ofSecond))).toBe("browser_unknown");
    expect(faultOf(await new Browser().finish(second, ofSecond))).toBe("browser_unknown");
    const forged = { ...second, state: `${second.state.slice(0, -4)}AAAA` };
    expect(faultOf(await theirs.finish(forged, ofSecond))).toBe("state_invalid");
    vi.setSystemTime(Date.now() + 601_000);
    expect(faultOf(await theirs.finish(second, ofSecond))).toBe("state_invalid");
    vi.useRealTimers();
    await arrive(await theirs.finish(second, ofSecond));
  });

  it("of another platform under this one's state", async () => {
    const other = new TestPlatform();
    await other.rotate();
    serve(platform, other);
    await register(other, { courses: [slug] });
    const browser = new Browser();
    const request = await browser.begin(platform, to());
    await stays(await browser.finish(request, await other.sign(other.claims(request, ada, to()))), "signature_invalid");
    const posing = { ...other.claims(request, ada, to()), iss: platform.registered.issuer };
    await stays(await browser.finish(request, await other.sign(posing)), "signature_invalid");
  });

  it("that the platform did not let through, or that is no form", async () => {
    const browser = new Browser();
    const { state } = await browser.begin(platform, to());
    const refused = await browser.send("POST", "/lti/launch", { state, error: "login_required" });
    await stays(refused, "platform_refused");
    await noted("platform_refused: login_required");
    await stays(await browser.send("POST", "/lti/launch", { state }), "form_invalid");
    await stays(await browser.send("POST", "/lti/launch", {}), "form_invalid");
    await stays(await browser.send("POST", "/lti/launch", { state, id_token: "x".repeat(200_000) }), "form_invalid");
    await stays(await browser.send("POST", "/lti/launch", null), "form_invalid");
  });

  it("and never begins for a platform that is not there, or lacks what a beginning needs", async () => {
    const begin = (params: URLSearchParams) => new Browser().send("GET", `/lti/login?${params}`, null, ALONE);
    expect(faultOf(await begin(platform.loginParams(to(), { iss: "https://nobody.example.org" })))).toBe(
      "platform_unknown",
    );
    expect(faultOf(await begin(platform.loginParams(to(), { client_id: "other" })))).toBe("platform_unknown");
    for (const name of ["iss", "login_hint", "target_link_uri"]) {
      const params = platform.loginParams(to());
      params.delete(name);
      const answer = await begin(params);
      expect(faultOf(answer)).toBe("form_invalid");
      expect(await answer.text()).toContain(`<code>form_invalid ${name}</code>`);
    }
    const odd = await begin(platform.loginParams(to(), { lti_storage_target: "a b<script>" }));
    expect(faultOf(odd)).toBe("form_invalid");
    const cross = platform.loginParams(to(), { client_id: '"><script>alert(1)</script>' });
    expect(await (await begin(cross)).text()).not.toContain("<script>alert");
  });

  it("is not there at all while nobody has said where the pages are", async () => {
    const { createExecutionContext } = await import("cloudflare:test");
    const { createApi } = await import("../../../../src/api.ts");
    const request = new Request(`https://evil.example.net/lti/login?${platform.loginParams(to())}`);
    // SAFETY: the type is what wrangler.toml says; an installation may say otherwise.
    const production = { ...env, ENVIRONMENT: "production" } as unknown as Env;
    const answer = await createApi().fetch(request, production, createExecutionContext());
    expect([answer.status, faultOf(answer)]).toEqual([501, "off"]);
  });
});

describe("the keys of a platform", () => {
  it("are fetched once, again for a key that is not known, and not more often than a forger would like", async () => {
    await arrive(await new Browser().launch(platform, ada, to()));
    await arrive(await new Browser().launch(platform, ada, to()));
    expect(platform.keyFetches).toBe(1);
    vi.setSystemTime(Date.now() + 60_000);
    await platform.rotate(false);
    await arrive(await new Browser().launch(platform, ada, to()));
    expect(platform.keyFetches).toBe(2);
    for (let time = 0; time < 3; time += 1) {
      const browser = new Browser();
      const request = await browser.begin(platform, to());
      const token = await platform.sign(platform.claims(request, ada, to()), { kid: "nobodys" });
      expect(faultOf(await browser.finish(request, token))).toBe("signature_invalid");
    }
    expect(platform.keyFetches).toBe(2);
    vi.useRealTimers();
  });

  it("that cannot be had now are said so with 503, and nothing of the launch is used up", async () => {
    const browser = new Browser();
    const request = await browser.begin(platform, to());
    const token = await platform.sign(platform.claims(request, ada, to()));
    for (const down of [
      () => new Response("down", { status: 500 }),
      () => new Response("<html>"),
      () => Response.json({ keys: "none" }),
      () => new Response(null, { status: 302, headers: { location: "https://169.254.169.254/latest" } }),
    ]) {
      platform.down = down;
      const answer = await browser.finish(request, token);
      expect([answer.status, faultOf(answer)]).toEqual([503, "keys_unreachable"]);
    }
    expect((await seen(id)).last_failure?.why).toBe("keys_unreachable: private_address");
    platform.down = null;
    await arrive(await browser.finish(request, token));
  });
});

describe("a platform on the operator's own machine", () => {
  it("is reached by a local installation that says so, and by no other", () => {
    const address = "http://localhost:8000/mod/lti/certs.php";
    // SAFETY: the types are what wrangler.toml says; an installation may say otherwise.
    const of = (ENVIRONMENT: string, LTI_PRIVATE_PLATFORMS?: string) =>
      outside({ ...env, ENVIRONMENT, LTI_PRIVATE_PLATFORMS } as unknown as Env).check(address);
    expect(of("local", "on")).toBeNull();
    for (const fault of [of("local"), of("local", "off"), of("production", "on"), of("staging", "on")]) {
      expect(fault?.rule).toBe("not_https");
    }
  });
});

describe("platforms that share an issuer", () => {
  it("are told apart by client, or by deployment, and by nothing else", async () => {
    const shared = { issuer: platform.registered.issuer, deployments: ["tenant-2"] };
    const other = new TestPlatform(shared);
    await other.rotate();
    serve(platform, other);
    await register(other, { courses: [slug] });
    await arrive(await new Browser().launch(other, ada, to()));
    await arrive(await new Browser().launch(platform, ada, to()));
    const params = other.loginParams(to(), { lti_deployment_id: "tenant-2" });
    params.delete("client_id");
    const found = await new Browser().send("GET", `/lti/login?${params}`, null, ALONE);
    expect(found.headers.get("location")).toContain(other.registered.client_id);
    params.delete("lti_deployment_id");
    expect(faultOf(await new Browser().send("GET", `/lti/login?${params}`, null, ALONE))).toBe("platform_unknown");
    // A deployment of one tenant does not come in by another.
    const crossed = { [claim("deployment_id")]: "tenant-2" };
    expect(faultOf(await new Browser().launch(platform, ada, to(), crossed))).toBe("deployment_unknown");
  });
});

describe("a launch in a frame", () => {
  const dataOf = (page: string) => {
    const text = /data-page="([^"]*)"/.exec(page)?.[1]?.replaceAll("&quot;", '"').replaceAll("&amp;", "&");
    return JSON.parse(text ?? "null") as {
      to: string;
      probe: string;
      storage: { target: string; origin: string; key: string; value: string } | null;
    };
  };
  const field = (page: string, name: string) => new RegExp(`name="${name}"[^>]* value="([^"]*)"`).exec(page)?.[1] ?? "";

  it("may be framed by its platform alone, says why the item is locked, and opens in a window of its own, once", async () => {
    const browser = new Browser();
    const begun = await browser.send("GET", `/lti/login?${platform.loginParams(to("two"))}`, null, FRAMED);
    expect(begun.status).toBe(200);
    expect(begun.headers.get("content-security-policy")).toContain(`frame-ancestors 'self' https://${platform.host};`);
    const first = await begun.text();
    const { to: address, probe, storage } = dataOf(first);
    expect(storage).toBeNull();
    expect(browser.cookies.get(probe)).toBe("1");
    // Where the browser keeps nothing, the same launch begins again in a window of its own.
    const again = /href="(\/lti\/login\?[^"]*)"/.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(new URL(again, "https://here.example").searchParams.get("login_hint")).toBe("user-hint");
    const request = platform.accept(address);
    const token = await platform.sign(platform.claims(request, ada, to("two")));
    const landed = await browser.finish(request, token, FRAMED);
    expect(landed.status).toBe(200);
    expect(landed.headers.get("content-security-policy")).toContain(`frame-ancestors 'self' https://${platform.host};`);
    expect(landed.headers.get("cache-control")).toBe("no-store");
    const page = await landed.text();
    expect(page).toMatch(/<p>[^<]*One[^<]*<\/p>/);
    const open = { token: field(page, "token") };
    const opened = await new Browser().send("POST", "/lti/open", open, ALONE);
    expect((await arrive(opened)).to).toBe(`/courses/${slug}/chapters/two`);
    expect(faultOf(await new Browser().send("POST", "/lti/open", open, ALONE))).toBe("over");
    // What stands in the page opens no session itself.
    expect((await problem(await call("POST", "/auth/launch", { body: open }), 403)).code).toBe("link_invalid");
  });

  it("goes by the platform's storage where cookies are blocked, and only by it", async () => {
    const browser = new Browser({ keeps: false });
    const params = platform.loginParams(to(), { lti_storage_target: "platform_frame" });
    const begun = await browser.send("GET", `/lti/login?${params}`, null, FRAMED);
    const { to: address, storage } = dataOf(await begun.text());
    expect(storage).toMatchObject({ target: "platform_frame", origin: `https://${platform.host}` });
    const request = platform.accept(address);
    const token = await platform.sign(platform.claims(request, ada, to()));
    const asked = await browser.finish(request, token, FRAMED);
    expect(asked.status).toBe(200);
    const page = await asked.text();
    expect(dataOf(page)).toMatchObject({ step: "finish", storage: { target: "platform_frame", key: storage?.key } });
    expect([field(page, "state"), field(page, "id_token")]).toEqual([request.state, token]);
    const finish = { state: request.state, id_token: token };
    const kept = storage?.value ?? "";
    expect(faultOf(await browser.send("POST", "/lti/launch", { ...finish, kept: "guessed" }))).toBe("browser_unknown");
    expect(faultOf(await browser.send("POST", "/lti/launch", { ...finish, kept: `${kept.slice(0, -2)}AA` }))).toBe(
      "browser_unknown",
    );
    await arrive(await browser.send("POST", "/lti/launch", { ...finish, kept }, ALONE));
    expect(faultOf(await browser.send("POST", "/lti/launch", { ...finish, kept }, ALONE))).toBe("used_before");
  });

  it("has cookies that go to nobody else, for ten minutes", async () => {
    const answer = await new Browser().send("GET", `/lti/login?${platform.loginParams(to())}`, null, ALONE);
    const [cookie = ""] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/^__Host-lti-[0-9a-f]{16}=/);
    expect(cookie.split("; ").slice(1).toSorted()).toEqual(
      ["HttpOnly", "Max-Age=600", "Partitioned", "Path=/", "SameSite=None", "Secure"].toSorted(),
    );
  });
});

describe("[I9] an operator", () => {
  const set = async (body: object, platformId = "p-x") =>
    call("PUT", `/lti/platforms/${platformId}`, {
      token: await admin(),
      body: { name: "S", ...platform.registered, client_id: `c-${crypto.randomUUID()}`, ...body },
    });

  it("is told the field and the rule of what cannot be right", async () => {
    for (const [body, path, rule] of [
      [{ auth_url: "http://lms.example.org/auth" }, "auth_url", "not_https"],
      [{ token_url: "https://10.0.0.1/token" }, "token_url", "private_address"],
      [{ jwks_url: "https://localhost/jwks" }, "jwks_url", "private_address"],
      [{ origins: ["http://lms.example.org"] }, "origins[0]", "invalid_format"],
      [{ origins: ["https://lms.example.org; script-src *"] }, "origins[0]", "invalid_format"],
      [{ courses: null, teachers: "co_author" }, "teachers", "only_with_courses"],
      [{ secret: "x" }, "secret", "unrecognized_keys"],
      [{ client_id: platform.registered.client_id }, "client_id", "taken"],
    ] as const) {
      expect((await problem(await set(body), 400)).errors, JSON.stringify(body)).toMatchObject([{ path, rule }]);
    }
  });

  it("alone sees and changes platforms", async () => {
    for (const role of ["author", "learner"] as const) {
      const token = await tokenOf(`x-${role}`, role);
      expect((await call("GET", "/lti/platforms", { token })).status).toBe(403);
      expect((await call("PUT", `/lti/platforms/${id}`, { token, body: {} })).status).toBe(403);
      expect((await call("POST", "/lti/keys", { token })).status).toBe(403);
    }
  });

  it("removes a platform: nobody comes in by it any more, and who came stays enrolled", async () => {
    const { user } = await arrive(await new Browser().launch(platform, ada, to()));
    const browser = new Browser();
    const request = await browser.begin(platform, to());
    const token = await platform.sign(platform.claims(request, ada, to()));
    const removed = await call("DELETE", `/lti/platforms/${id}`, { token: await admin() });
    expect(await removed.json()).toEqual({ id, changed: true });
    expect(faultOf(await browser.finish(request, token))).toBe("platform_unknown");
    expect(await learners()).toEqual([user.id]);
  });
});

describe("the tool's keys", () => {
  it("are published without their private parts, sealed at rest, and rotate without a gap", async () => {
    const published = async () => {
      const answer = await new Browser().send("GET", "/lti/jwks.json", null);
      expect(answer.status).toBe(200);
      return (await answer.json<{ keys: Record<string, string>[] }>()).keys;
    };
    const [first] = await published();
    expect(Object.keys(first ?? {}).toSorted()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
    const stored = await env.DB.prepare("SELECT private_key FROM lti_keys").first<{ private_key: string }>();
    expect(stored?.private_key).toMatch(/^v1\.[0-9a-f]{8}\./);
    const rotated = await call("POST", "/lti/keys", { token: await admin() });
    const tool = await rotated.json<{ keys: { kid: string; signs: boolean }[] }>();
    expect(tool.keys.map(({ signs }) => signs)).toEqual([false, true]);
    expect(tool.keys[1]?.kid).toBe(first?.kid);
    expect(await published()).toHaveLength(2);
    // Another one waits for nothing: this one does already.
    expect((await problem(await call("POST", "/lti/keys", { token: await admin() }), 409)).code).toBe("no_effect");
  });

  it("are taken away at once when one has become known: it is published no more, signs no more, and one that is left signs", async () => {
    const published = async () =>
      (await (await new Browser().send("GET", "/lti/jwks.json", null)).json<{ keys: { kid: string }[] }>()).keys.map(
        ({ kid }) => kid,
      );
    const retire = async (kid: string, token: string) => call("DELETE", `/lti/keys/${kid}`, { token });
    const states = z.looseObject({ keys: z.array(z.object({ kid: z.string(), signs: z.boolean() })) });
    const tool = async () => read(await call("GET", "/lti/tool", { token: await admin() }), 200, states);
    await published();
    // A key waits, or is made to.
    await (await call("POST", "/lti/keys", { token: await admin() })).body?.cancel();
    const leaked = (await tool()).keys.find(({ signs }) => signs)?.kid ?? "";
    for (const role of ["author", "learner"] as const) {
      expect((await retire(leaked, await tokenOf(`x-${role}`, role))).status).toBe(403);
    }
    const { keys } = await read(await retire(leaked, await admin()), 200, states);
    expect(keys.map(({ kid }) => kid)).not.toContain(leaked);
    expect(keys.filter(({ signs }) => signs)).toHaveLength(1);
    expect(await published()).toEqual(keys.map(({ kid }) => kid));
    expect((await retire(leaked, await admin())).status).toBe(404);
    // The last one is replaced in the same step.
    for (const kid of await published()) expect((await retire(kid, await admin())).status).toBe(200);
    const [only, ...rest] = (await tool()).keys;
    expect(rest).toEqual([]);
    expect(only?.signs).toBe(true);
    expect(keys.map(({ kid }) => kid)).not.toContain(only?.kid);
    const choice = await signAsTool(env, { iss: "x" }, 60, Date.now());
    expect(decodeProtectedHeader(choice).kid).toBe(only?.kid);
  });

  it("stay published for a month after the next one has begun to sign, however many were made", () => {
    const day = 86_400_000;
    // The days on which they were made.
    const keys = [70, 69, 40, 38, 1].map((made) => ({ created_at: made * day }));
    const gone = (now: number) => outlived(keys, now * day).map(({ created_at }) => created_at / day);
    expect([gone(99), gone(100), gone(101)]).toEqual([
      [38, 1],
      [40, 38, 1],
      [69, 40, 38, 1],
    ]);
    expect(signingOf(keys, 100 * day)).toEqual({ created_at: 70 * day });
  });
});
