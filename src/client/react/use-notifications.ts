import { useSyncExternalStore } from "react";
import type { EventType } from "../event-types.ts";
import { useLatchkey } from "./context.ts";
import type { Notice, NoticeStore } from "./notice-store.ts";

export interface Notifications<T extends EventType> {
  /** Newest first. */
  items: readonly Notice<T>[];
  unread: number;
  markRead: (id: string) => void;
  markAllRead: () => void;
}

function useNotices<T extends EventType>(store: NoticeStore<T>): Notifications<T> {
  const { items, unread } = useSyncExternalStore(store.subscribe, store.read, store.read);
  return { items, unread, markRead: store.markRead, markAllRead: store.markAllRead };
}

/** News about content: created and changed items. */
export function useContentNotifications(): Notifications<"content.novel-created" | "content.chapter-updated"> {
  return useNotices(useLatchkey().content);
}

/** Messages of the system, and (for admins) its errors. */
export function useSystemNotifications(): Notifications<"system.notification" | "system.error"> {
  return useNotices(useLatchkey().system);
}
