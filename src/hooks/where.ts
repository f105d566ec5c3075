/** Whether other systems are told anything; see WEBHOOKS in wrangler.toml. A local installation always may. */
export function hooksAreOn(env: Env): boolean {
  // The generated types know only what the file says today.
  const setting: unknown = Reflect.get(env, "WEBHOOKS");
  return setting === "on" || env.ENVIRONMENT === "local";
}
