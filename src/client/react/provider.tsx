import { QueryClient, QueryClientContext, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import type { LatchkeyClient } from "../create-client.ts";
import type { EventStream } from "../event-stream.ts";
import { defaultStorage, type KeyValueStorage } from "../stream/cursor-store.ts";
import { Context, type LatchkeyContext } from "./context.ts";
import { invalidateOnEvents } from "./invalidation.ts";
import { NoticeStore } from "./notice-store.ts";
import { TaskStore } from "./task-store.ts";

export interface LatchkeyProviderProps {
  client: LatchkeyClient;
  /** Started while the provider is mounted. */
  stream: EventStream;
  /** Default: the one of the `QueryClientProvider` above, else our own. */
  queryClient?: QueryClient;
  /** Storage for notifications across reloads; default `localStorage`. */
  storage?: KeyValueStorage;
  /** Notifications kept of each kind; default 100. */
  keep?: number;
  children?: ReactNode;
}

/** Gives the hooks below it their client, their stream and their cache, and keeps these three consistent. */
export function LatchkeyProvider(props: LatchkeyProviderProps) {
  const { client, stream, storage, keep = 100 } = props;
  const inherited = useContext(QueryClientContext);
  const [own] = useState(() => new QueryClient());
  const queryClient = props.queryClient ?? inherited ?? own;
  const context = useMemo<LatchkeyContext>(() => {
    const shared = { stream, storage: storage ?? defaultStorage(), limit: keep };
    return {
      client,
      stream,
      content: new NoticeStore({
        ...shared,
        name: "content",
        types: ["content.novel-created", "content.chapter-updated"],
      }),
      system: new NoticeStore({ ...shared, name: "system", types: ["system.notification", "system.error"] }),
      tasks: new TaskStore(stream),
    };
  }, [client, stream, storage, keep]);

  useEffect(() => {
    // Listen before starting: otherwise the first events after a resume would have no handler.
    const stops = [
      context.content.connect(),
      context.system.connect(),
      context.tasks.connect(),
      invalidateOnEvents(stream, queryClient),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [context, stream, queryClient]);

  useEffect(() => {
    stream.start();
    return () => stream.stop();
  }, [stream]);

  return (
    <QueryClientProvider client={queryClient}>
      <Context.Provider value={context}>{props.children}</Context.Provider>
    </QueryClientProvider>
  );
}
