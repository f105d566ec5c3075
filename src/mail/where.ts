/** The local installation: it has no domain and sends nothing. A page shows the mails that it would send. */
export function isLocal(env: Pick<Env, "ENVIRONMENT">): boolean {
  return env.ENVIRONMENT === "local";
}

/** Variables that an operator may leave empty; the generated types know only the values in the present file. */
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
 * The address of the pages: scheme, host and port. It is never taken from a request, except on a local installation:
 * somebody who names another host could have a user's link sent there.
 * @param url of the request.
 * @returns null if it is not configured.
 */
export function publicOrigin(env: Env, url: string): string | null {
  const address = setting(env, "PUBLIC_URL");
  if (URL.canParse(address)) return new URL(address).origin;
  return isLocal(env) ? new URL(url).origin : null;
}

/** Whether mails that this deployment stores are sent or shown anywhere. */
export function sendsMail(env: Env): boolean {
  return isLocal(env) || (senderOf(env) !== null && URL.canParse(setting(env, "PUBLIC_URL")));
}
