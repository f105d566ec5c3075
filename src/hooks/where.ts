/** Whether webhooks are on; see WEBHOOKS in wrangler.toml. They are always on in a local installation. */
export function hooksAreOn(env: Env): boolean {
  // The generated types know only the value in the present file.
  const setting: unknown = Reflect.get(env, "WEBHOOKS");
  return setting === "on" || env.ENVIRONMENT === "local";
}
