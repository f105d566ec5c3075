import { directory } from "../../platform/database/shards.ts";
import { DAY_MS } from "../../platform/instants.ts";
import { gauge, gaugeBy } from "../../platform/metrics/family.ts";
import type { Section } from "../../platform/metrics/section.ts";
import { MAX_PROVIDERS } from "../sso/shapes.ts";
import { providerFailures } from "../sso/statements.ts";
import { lastHeard, noteOf, waitingOf } from "./statements.ts";

/** Whether people come in by their providers, and whether the directory is heard. */
export const accountsSection: Section = {
  name: "directory",
  async read(env, now) {
    const db = directory(env);
    const { results } = await providerFailures(db, MAX_PROVIDERS).all<{ name: string; failures: number }>();
    const note = await noteOf(db, "scim").first<{ failures: number }>();
    const waiting = await waitingOf(db, "scim").first<{ waiting: number }>();
    const heard = await lastHeard(db).first<{ day: number | null }>();
    const day = heard?.day ?? null;
    return [
      gaugeBy(
        "identity_provider_failures",
        "Sign-ins that failed by an identity provider since the last one that succeeded.",
        "provider",
        results.map(({ name, failures }) => [name, failures]),
      ),
      gauge(
        "directory_changes_refused",
        "Changes of the directory that were refused since the last one that was done, about.",
        note?.failures ?? 0,
      ),
      gauge(
        "directory_silent_days",
        "Days since a key of the directory was last used; missing while there is no directory.",
        day === null ? null : Math.max(0, Math.floor((now - day) / DAY_MS)),
      ),
      gauge("directory_places_waiting", "People whose places by groups have to be looked at.", waiting?.waiting ?? 0),
    ];
  },
};
