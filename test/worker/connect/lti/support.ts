import { exports } from "cloudflare:workers";
import { vi } from "vitest";
import { z } from "zod";
import type { AuthRequest, Person, Placed, TestPlatform } from "../../../support/lti/platform.ts";
import { call, read } from "../../../support/worker/http.ts";
import { admin } from "../../../support/worker/learners.ts";
import { organization } from "../../people/organizations-support.ts";

export const TOOL = "http://latchkey.test";

/** The one network there is: the platforms, and the platform's resolver of names. */
export function serve(...platforms: readonly TestPlatform[]): string[] {
  const asked: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    if (url.hostname === "cloudflare-dns.com") {
      const isAsked = url.searchParams.get("type") === "A";
      return Response.json({ Answer: isAsked ? [{ type: 1, data: "93.184.215.14" }] : [] });
    }
    asked.push(url.href);
    for (const platform of platforms) {
      const answer = await platform.answer(request);
      if (answer !== null) return answer;
    }
    throw new Error(`nobody is at ${url.href}`);
  });
  return asked;
}

/** Registers a platform as an operator does. */
export async function register(platform: TestPlatform, rest: object = {}): Promise<string> {
  const id = `p-${crypto.randomUUID().slice(0, 8)}`;
  const answer = await call("PUT", `/lti/platforms/${id}`, {
    token: await admin(),
    body: { name: "A school", ...platform.registered, ...rest },
  });
  if (answer.status !== 200) throw new Error(await answer.text());
  return id;
}

const seenSchema = z.looseObject({
  last_launch: z.string().nullable(),
  last_failure: z.object({ at: z.string(), why: z.string() }).nullable(),
});
export async function seen(id: string) {
  return read(await call("GET", `/lti/platforms/${id}`, { token: await admin() }), 200, seenSchema);
}

/** A browser that keeps cookies, or refuses them. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #keeps: boolean;

  constructor({ keeps = true }: { keeps?: boolean } = {}) {
    this.#keeps = keeps;
  }

  send(method: string, path: string, fields: Record<string, string> | null, headers: Record<string, string> = {}) {
    return this.#ask(method, path, fields === null ? null : new URLSearchParams(fields), headers);
  }

  /** Sends a form in which a name may stand several times. */
  sendForm(path: string, fields: URLSearchParams) {
    return this.#ask("POST", path, fields, {});
  }

  async #ask(method: string, path: string, fields: URLSearchParams | null, headers: Record<string, string>) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await exports.default.fetch(
      new Request(TOOL + path, {
        method,
        redirect: "manual",
        headers: {
          "cf-connecting-ip": crypto.randomUUID(),
          ...(cookie === "" ? {} : { cookie }),
          ...(fields === null ? {} : { "content-type": "application/x-www-form-urlencoded" }),
          ...headers,
        },
        ...(fields === null ? {} : { body: fields.toString() }),
      }),
    );
    for (const line of answer.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split("; ");
      const at = pair.indexOf("=");
      if (!this.#keeps) continue;
      if (attributes.includes("Max-Age=0")) this.cookies.delete(pair.slice(0, at));
      else this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return answer;
  }

  /** Begins a launch in a window of its own. */
  async begin(platform: TestPlatform, placed: Placed): Promise<AuthRequest> {
    const answer = await this.send("GET", `/lti/login?${platform.loginParams(placed)}`, null, ALONE);
    if (answer.status !== 302) throw new Error(`${answer.status} ${await answer.text()}`);
    return platform.accept(answer.headers.get("location") ?? "");
  }

  finish(request: AuthRequest, id_token: string, headers: Record<string, string> = ALONE) {
    return this.send("POST", new URL(request.redirect_uri).pathname, { state: request.state, id_token }, headers);
  }

  /** A whole launch, with claims changed on the way. */
  async launch(platform: TestPlatform, person: Person, placed: Placed, change: Record<string, unknown> = {}) {
    const request = await this.begin(platform, placed);
    const claims = { ...platform.claims(request, person, placed), ...change };
    return this.finish(request, await platform.sign(claims));
  }
}
export const ALONE = { "sec-fetch-dest": "document" };
export const FRAMED = { "sec-fetch-dest": "iframe" };

const launched = z.looseObject({
  access_token: z.string(),
  session_token: z.string(),
  to: z.string(),
  user: z.looseObject({ id: z.string(), name: z.string(), email: z.string(), role: z.string() }),
});
/** What the pages do with where a launch has led: the session, and the page. */
export async function arrive(answer: Response) {
  const [page, token = ""] = (answer.headers.get("location") ?? "").split("#");
  if (answer.status !== 303 || page !== "/sign-in/launch") throw new Error(`${answer.status} ${await answer.text()}`);
  return read(await call("POST", "/auth/launch", { body: { token } }), 200, launched);
}

/** Why a launch was refused. */
export const faultOf = (answer: Response) => answer.headers.get("x-latchkey-lti");

/** From now on a platform names no courses: it may open those that belong to no organisation. */
export async function namesNoCourses(id: string, platform: TestPlatform): Promise<void> {
  const body = { name: "A school", ...platform.registered, courses: null };
  const answer = await call("PUT", `/lti/platforms/${id}`, { token: await admin(), body });
  if (answer.status !== 200) throw new Error(await answer.text());
}

/** An admin puts a course into an organisation. */
export async function putIntoOrganization(course: string): Promise<void> {
  const body = { organization_id: await organization() };
  const answer = await call("PUT", `/courses/${course}/organization`, { token: await admin(), body });
  if (answer.status !== 200) throw new Error(await answer.text());
}
