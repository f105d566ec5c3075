import { createServer, type Server } from "node:http";
import Provider from "oidc-provider";
import { freePort, LOCAL_ADDRESS } from "../../../scripts/lib/ports.ts";

/** Somebody whom the provider knows, by the name they type. */
type People = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface OidcServer {
  issuer: string;
  close(): Promise<void>;
}

/** An independent provider of OpenID Connect on this machine, with the pages it has for trying it out. */
export async function startOidcServer(
  client: { id: string; secret: string; redirect: string },
  people: People,
): Promise<OidcServer> {
  const port = await freePort();
  const issuer = `http://${LOCAL_ADDRESS}:${port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [client.redirect],
        response_types: ["code"],
        grant_types: ["authorization_code"],
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "roles"] },
    pkce: { required: () => true },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  });
  const server: Server = createServer((request, response) => void provider.callback()(request, response));
  await new Promise<void>((resolve) => server.listen(port, LOCAL_ADDRESS, resolve));
  return {
    issuer,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/**
 * Goes through the provider's pages as a browser does: types a name, agrees, and is sent back.
 * @returns the address the provider sends the browser back to.
 */
export async function throughPages(start: string, redirect: string, name: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let next = start;
  let form: URLSearchParams | null = null;
  for (let step = 0; step < 20; step += 1) {
    const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join("; ");
    const answer: Response = await fetch(next, {
      redirect: "manual",
      headers: { cookie },
      ...(form === null ? {} : { method: "POST", body: form }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, key = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(key, value);
    }
    form = null;
    const to = answer.headers.get("location");
    if (to !== null) {
      await answer.body?.cancel();
      next = new URL(to, next).href;
      if (next.startsWith(redirect)) return new URL(next);
      continue;
    }
    const page = await answer.text();
    const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1];
    if (action === undefined) throw new Error(`the provider shows no form: ${answer.status} ${page.slice(0, 500)}`);
    next = new URL(action, next).href;
    form = new URLSearchParams(
      page.includes('name="login"') ? { prompt: "login", login: name, password: "x" } : { prompt: "consent" },
    );
  }
  throw new Error("the provider's pages do not end");
}
