/** The local installation: it has no domain and sends nothing; what it would send is shown on a page. */
export function isLocal(env: Pick<Env, "ENVIRONMENT">): boolean {
  return env.ENVIRONMENT === "local";
}

/** Variables an operator may leave empty; the generated types know only what the file says today. */
function setting(env: Env, name: "PUBLIC_URL" | "MAIL_FROM"): string {
  const value: unknown = Reflect.get(env, name);
  return typeof value === "string" ? value : "";
}

/** The sender of all mail; null: none is sent. */
export function senderOf(env: Env): string | null {
  const sender = setting(env, "MAIL_FROM");
  return sender === "" ? null : sender;
}

/**
 * Where people open the pages: scheme, host and port. Never what a request says of itself, except on a local
 * installation: whoever names another host could have somebody's link sent there.
 * @param url of the request.
 * @returns null where nobody has said it.
 */
export function publicOrigin(env: Env, url: string): string | null {
  const address = setting(env, "PUBLIC_URL");
  if (URL.canParse(address)) return new URL(address).origin;
  return isLocal(env) ? new URL(url).origin : null;
}

/** Whether mail that is written here arrives anywhere. */
export function sendsMail(env: Env): boolean {
  return isLocal(env) || (senderOf(env) !== null && URL.canParse(setting(env, "PUBLIC_URL")));
}
