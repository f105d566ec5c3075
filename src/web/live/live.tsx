import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { useMessages } from "../i18n/index.ts";
import { useStore } from "../lib/store.ts";
import type { User } from "../session/store.ts";
import { lastDelta } from "./delta.ts";
import { followTabs } from "./tabs.ts";

/** Keeps the pages of a signed-in user up to date while they are open. */
export function Live({ user, children }: { user: User | null; children: ReactNode }) {
  const client = useQueryClient();
  const id = user?.id;
  useEffect(() => (id === undefined ? undefined : followTabs(client, id)), [client, id]);
  return (
    <>
      {children}
      <Announcer />
    </>
  );
}

/** Says aloud what has opened or closed, to those who do not see the map change. */
function Announcer() {
  const messages = useMessages();
  const delta = useStore(lastDelta);
  const join = (titles: readonly string[]) => titles.join(", ");
  return (
    <p className="visually-hidden" role="status">
      {delta === null || delta.unlocked.length === 0 ? null : `${messages.justOpenedAnnounced(join(delta.unlocked))}. `}
      {delta === null || delta.locked.length === 0 ? null : `${messages.lockedAgain(join(delta.locked))}.`}
    </p>
  );
}
