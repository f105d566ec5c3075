import { createContext, useContext } from "react";
import type { LatchkeyClient } from "../create-client.ts";
import type { EventStream } from "../event-stream.ts";
import type { NoticeStore } from "./notice-store.ts";
import type { TaskStore } from "./task-store.ts";

export interface LatchkeyContext {
  client: LatchkeyClient;
  stream: EventStream;
  content: NoticeStore<"content.novel-created" | "content.chapter-updated">;
  system: NoticeStore<"system.notification" | "system.error">;
  tasks: TaskStore;
}

export const Context = createContext<LatchkeyContext | null>(null);

/**
 * The values of the provider.
 * @throws outside of a `LatchkeyProvider`.
 */
export function useLatchkey(): LatchkeyContext {
  const context = useContext(Context);
  if (context === null) throw new Error("a Latchkey hook needs a LatchkeyProvider above it");
  return context;
}
