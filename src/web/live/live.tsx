import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { createClient, EventStream } from "../../client/index.ts";
import { LatchkeyProvider } from "../../client/react/index.ts";
import { courseKey } from "../api/queries.ts";
import { useMessages } from "../i18n/index.ts";
import { useStore } from "../lib/use-store.ts";
import { SessionOverError, session, type User } from "../session/store.ts";
import { applyDelta, lastDelta } from "./delta.ts";
import { followTabs } from "./tabs.ts";

/** Keeps the pages of a signed-in user up to date while they are open. */
export function Live({ user, children }: { user: User | null; children: ReactNode }) {
  return (
    <>
      {user === null ? children : <Stream user={user.id}>{children}</Stream>}
      <Announcer />
    </>
  );
}

function Stream({ user, children }: { user: string; children: ReactNode }) {
  const cache = useQueryClient();
  const [{ client, stream }] = useState(() => {
    const options = { baseUrl: location.origin, getToken: tokenOrNull };
    return { client: createClient(options), stream: new EventStream({ ...options, user }) };
  });
  useEffect(() => {
    const stops = [followEvents(stream, cache), followTabs(cache, user)];
    return () => {
      for (const stop of stops) stop();
    };
  }, [stream, cache, user]);
  return (
    <LatchkeyProvider client={client} stream={stream} queryClient={cache}>
      {children}
    </LatchkeyProvider>
  );
}

/** No token once the session is over: the stream then waits, and the sign-in page is shown instead. */
async function tokenOrNull(options?: { refresh: boolean }): Promise<string | null> {
  try {
    return await (options?.refresh === true ? session.renew() : session.token());
  } catch (fault) {
    if (fault instanceof SessionOverError) return null;
    throw fault;
  }
}

/** An event may come long after it happened (for example on a laptop that slept): only recent changes are announced. */
const NEWS_MS = 120_000;

function followEvents(stream: EventStream, cache: QueryClient): () => void {
  const stops = [
    stream.on("unlock.changed", ({ at, data }) => {
      const isNews = Date.now() - Date.parse(at) < NEWS_MS;
      if (isNews) applyDelta(cache, { course: data.course_id, unlocked: data.unlocked, locked: data.locked });
      else reload(cache, courseKey(data.course_id));
    }),
    // Progress, scores and verdicts on the screen may change even if nothing opens.
    stream.on("progress.changed", ({ data }) => reload(cache, courseKey(data.course_id))),
    stream.on("submission.judged", ({ data }) => reload(cache, courseKey(data.course_id))),
    stream.on("enrollment.changed", ({ data }) => {
      reload(cache, courseKey(data.course_id));
      reload(cache, ["course-info", data.course_id]);
      reload(cache, ["courses"]);
    }),
    stream.on("content.chapter-updated", ({ data }) => {
      reload(cache, courseKey(data.course_id));
      reload(cache, ["course-info", data.course_id]);
      reload(cache, ["versions", data.course_id]);
    }),
    // Something may have been missed: everything on the screen is loaded again, and nothing is announced as new.
    stream.onReset(async ({ reason }) => {
      // The user's role may have changed: the whole page must know it before it loads data with the new rights.
      if (reason === "role") await session.renew().catch(() => undefined);
      await cache.invalidateQueries();
    }),
    stream.onStatus(({ reason }) => {
      // Only renewing it shows whether the session is really over; then the sign-in page is shown.
      if (reason === "session_ended") session.renew().catch(() => undefined);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Loads again. An answer that is still on its way may be older than the event: it is dropped, not waited for. */
function reload(cache: QueryClient, queryKey: readonly unknown[]): void {
  void cache.cancelQueries({ queryKey }).then(() => cache.invalidateQueries({ queryKey }));
}

/** Tells screen readers what has opened or closed. */
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
