import { Agent, request } from "node:http";
import { z } from "zod";
import { mintAccessToken } from "../../src/identity/tokens.ts";
import type { Role } from "../../src/platform/roles.ts";
import { type Address, clientAddress, userName } from "./protocol.ts";

const TOKEN_SECONDS = 7_200;
const TIMEOUT_MS = 20_000;
const agent = new Agent({ keepAlive: true, maxSockets: 50 });
const bearers = new Map<string, Promise<string>>();
const answerSchema = z.object({ sse_token: z.string() });

/** A bearer token, made once for each user: a client has one already when it asks for a stream. */
export function bearer(secret: string, user: string, role: Role = "learner"): Promise<string> {
  const known = bearers.get(user);
  const made = known ?? mintAccessToken(secret, { sub: user, role, session: null, lifetimeSeconds: TOKEN_SECONDS });
  bearers.set(user, made);
  return made;
}

/** A token for one stream. @throws when there is none. */
export async function streamToken({ port, secret }: Address, user: number): Promise<string> {
  const headers = {
    authorization: `Bearer ${await bearer(secret, userName(user))}`,
    "cf-connecting-ip": clientAddress(user),
  };
  const text = await post(port, "/api/v1/auth/sse-token", headers, "");
  return answerSchema.parse(JSON.parse(text)).sse_token;
}

/** Posts over a kept connection. @returns the body. @throws for any status but 2xx, and when the connection breaks. */
export function post(port: number, path: string, headers: Record<string, string>, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        port,
        path,
        agent,
        host: "127.0.0.1",
        method: "POST",
        timeout: TIMEOUT_MS,
        headers: { ...headers, "content-length": Buffer.byteLength(body) },
      },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        answer.once("error", reject);
        answer.once("end", () => {
          const status = answer.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve(text);
          else reject(new Error(`${path}: ${status} ${text.slice(0, 200)}`));
        });
      },
    );
    asked.once("timeout", () => asked.destroy(new Error(`${path}: no answer`)));
    asked.once("error", reject);
    asked.end(body);
  });
}
